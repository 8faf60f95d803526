"""Codes of every categorical column, as plain integers that kernels can read, with their names in `LABELS`."""

from __future__ import annotations

# --- sex
FEMALE, MALE = 0, 1
# --- state of a person
RESIDENT, DEAD, GONE = 1, 2, 3
# --- marital state
SINGLE, MARRIED, DIVORCED, WIDOWED = 0, 1, 2, 3
# --- schooling completed
NO_SCHOOL, PRIMARY, JUNIOR, SENIOR, TERTIARY = 0, 1, 2, 3, 4
# --- what a person does
CHILD, PUPIL, STUDENT, EMPLOYED, UNEMPLOYED, PENSIONER, INACTIVE = 0, 1, 2, 3, 4, 5, 6
# --- sector of work
NO_SECTOR, MINE, FARM, PUBLIC, INDUSTRY, CONSTRUCTION, SERVICES, OWN_ACCOUNT = 0, 1, 2, 3, 4, 5, 6, 7
N_SECTORS = 8
# --- collective living (0 = lives in a family household)
NOT_COLLECTIVE, SCHOOL, CAMP, CARE, OTHER_COLLECTIVE = 0, 1, 2, 3, 4
# --- where people come from or have gone (place archetypes of `processes/outside_places.py`)
HERE, NEAR_TOWN, PROVINCE_CAPITAL, COAST, JIANGSU, ELSEWHERE = 0, 1, 2, 3, 4, 5
N_PLACES = 6
# --- state of a household: in the city, ended, or gone but still owning something here
ACTIVE, DISSOLVED, ABSENT = 1, 2, 3
# --- tenure of a household
NO_TENURE, OWNER, TENANT, FREE = 0, 1, 2, 3
# --- state of a dwelling
STANDING, DEMOLISHED, BUILDING_SITE = 1, 2, 3
# --- use of a standing dwelling
OWNER_OCCUPIED, RENTED, HOSTEL, SECOND_HOME, VACANT = 1, 2, 3, 4, 5
# --- what a dwelling is on offer for
NOT_LISTED, FOR_SALE, FOR_RENT, FOR_BOTH = 0, 1, 2, 3
# --- who owns a dwelling
BY_HOUSEHOLD, BY_HEIR, BY_DEVELOPER, BY_CITY, BY_INVESTOR, BY_EMPLOYER = 1, 2, 3, 4, 5, 6
# --- title of a dwelling: full deed, resettlement flat without a deed, village homestead
FULL_TITLE, NO_TITLE, HOMESTEAD = 1, 2, 3
# --- how a dwelling is heated: district heating, own stove
DISTRICT_HEAT, STOVE = 1, 2
# --- kind of settlement
VILLAGE, STATE_FARM, MINE_ROW, OLD_CORE, NEW_CORE, ESTATE, COUNTY_TOWN = 1, 2, 3, 4, 5, 6, 7
# --- who paid for a publicly built dwelling
NO_FUNDER, CENTRAL_GRANT, PROVINCE_LOAN, PLATFORM, MINE_FUND, HOUSEHOLD_TOP_UP = 0, 1, 2, 3, 4, 5
# --- state of a building
SITE, COMPLETE, CLEARED = 1, 2, 3
# --- kind of shop
COFFEE, BAKERY, RESTAURANT, HOSTEL_SHOP, BROKER, GROCERY, OTHER_SHOP = 1, 2, 3, 4, 5, 6, 7
N_SHOP_KINDS = 8
# --- state of a shop
OPEN, CLOSED = 1, 2
# --- why a household looks for a home
WANT_NEW, WANT_MOVE, WANT_ARRIVAL, WANT_RESETTLED, WANT_EVICTED, WANT_SECOND, WANT_INVEST, WANT_HOSTEL = (
    1, 2, 3, 4, 5, 6, 7, 8,
)  # fmt: skip

LABELS: dict[str, dict[int, str]] = {
    "sex": {FEMALE: "female", MALE: "male"},
    "person_state": {RESIDENT: "resident", DEAD: "dead", GONE: "gone"},
    "marital": {SINGLE: "single", MARRIED: "married", DIVORCED: "divorced", WIDOWED: "widowed"},
    "schooling": {NO_SCHOOL: "none", PRIMARY: "primary", JUNIOR: "junior", SENIOR: "senior", TERTIARY: "tertiary"},
    "activity": {
        CHILD: "child", PUPIL: "pupil", STUDENT: "student", EMPLOYED: "employed", UNEMPLOYED: "unemployed",
        PENSIONER: "pensioner", INACTIVE: "inactive",
    },
    "sector": {
        NO_SECTOR: "none", MINE: "mine", FARM: "farm", PUBLIC: "public", INDUSTRY: "industry",
        CONSTRUCTION: "construction", SERVICES: "services", OWN_ACCOUNT: "own_account",
    },
    "collective": {NOT_COLLECTIVE: "no", SCHOOL: "school", CAMP: "camp", CARE: "care", OTHER_COLLECTIVE: "other"},
    "place": {
        HERE: "here", NEAR_TOWN: "near town", PROVINCE_CAPITAL: "provincial capital", COAST: "coast",
        JIANGSU: "jiangsu", ELSEWHERE: "elsewhere",
    },
    "household_state": {ACTIVE: "active", DISSOLVED: "dissolved", ABSENT: "absent"},
    "tenure": {NO_TENURE: "none", OWNER: "owner", TENANT: "tenant", FREE: "rent_free"},
    "dwelling_state": {STANDING: "standing", DEMOLISHED: "demolished", BUILDING_SITE: "building_site"},
    "use": {
        OWNER_OCCUPIED: "owner_occupied", RENTED: "rented", HOSTEL: "hostel", SECOND_HOME: "second_home",
        VACANT: "vacant",
    },
    "listed": {NOT_LISTED: "no", FOR_SALE: "sale", FOR_RENT: "rent", FOR_BOTH: "both"},
    "owner_kind": {
        BY_HOUSEHOLD: "household", BY_HEIR: "heir_elsewhere", BY_DEVELOPER: "developer", BY_CITY: "city",
        BY_INVESTOR: "investor", BY_EMPLOYER: "employer",
    },
    "title": {FULL_TITLE: "full", NO_TITLE: "none", HOMESTEAD: "homestead"},
    "heating": {DISTRICT_HEAT: "district", STOVE: "stove"},
    "settlement_kind": {
        VILLAGE: "village", STATE_FARM: "state_farm", MINE_ROW: "mine_row", OLD_CORE: "old_core",
        NEW_CORE: "new_core", ESTATE: "resettlement_estate", COUNTY_TOWN: "county_town",
    },
    "funder": {
        NO_FUNDER: "none", CENTRAL_GRANT: "central_grant", PROVINCE_LOAN: "province_loan", PLATFORM: "platform",
        MINE_FUND: "mine", HOUSEHOLD_TOP_UP: "household_top_up",
    },
    "building_state": {SITE: "site", COMPLETE: "complete", CLEARED: "cleared"},
    "shop_kind": {
        COFFEE: "coffee_shop", BAKERY: "bakery", RESTAURANT: "restaurant", HOSTEL_SHOP: "hostel", BROKER: "broker",
        GROCERY: "grocery", OTHER_SHOP: "other",
    },
    "shop_state": {OPEN: "open", CLOSED: "closed"},
    "motive": {
        WANT_NEW: "new_household", WANT_MOVE: "move", WANT_ARRIVAL: "arrival", WANT_RESETTLED: "resettled",
        WANT_EVICTED: "evicted", WANT_SECOND: "second_home", WANT_INVEST: "invest", WANT_HOSTEL: "hostel",
    },
}  # fmt: skip

# --- events (state changes of one life, home or shop) and the reasons they carry
EVENTS: tuple[str, ...] = (
    "none", "birth", "death", "marriage", "divorce", "widowed", "left_home", "household_formed",
    "household_ended", "student_exit", "out_migration", "return", "arrival", "into_collective",
    "out_of_collective", "moved_home", "job_start", "job_loss", "retired", "school_end", "listed", "price_cut",
    "withdrawn", "sold", "let", "vacated", "abandoned", "fitted_out", "hostel_conversion", "inherited",
    "construction_start", "completed", "demolished", "resettlement_offer", "resettled", "held_out",
    "shop_opened", "shop_closed", "second_home_bought", "wage_cut", "wage_late", "heat_stopped", "registered_late",
    "restructuring_start", "restructuring_end", "lockdown", "bus_stopped", "school_merged", "wage_share", "grant",
)  # fmt: skip
EVENT: dict[str, int] = {name: code for code, name in enumerate(EVENTS)}

REASONS: tuple[str, ...] = (
    "none", "age", "study", "work", "family", "lonely_parent", "marriage", "divorce", "death", "birth",
    "late_registration", "leaving_town", "inheritance", "second_flat", "need_of_money", "investor_exit",
    "developer_stock", "new_household", "better_home", "cheap_home", "news", "attachment", "parents_at_home",
    "job_loss", "slow_pace", "savings", "cannot_afford", "will_not_leave", "subsidence", "shantytown", "village",
    "conversion", "decay", "low_demand", "lockdown", "founder_returned", "founder_stayed", "founder_newcomer",
    "mine", "farm", "public", "industry", "construction", "services", "own_account", "pension_age",
    "early_pension", "no_cash", "frost", "cold", "cash", "in_kind", "outsider", "city_cash", "hidden", "retired",
    "school", "care", "camp", "winter", "evicted", "compulsory", "freeze", "closure",
    "elsewhere", "arrival", "resettled",
)  # fmt: skip
REASON: dict[str, int] = {name: code for code, name in enumerate(REASONS)}
