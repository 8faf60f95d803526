"""Writes docs/sentences.md from a run: python docs/sentences.py RUN_DIR (the table of the pack's claims, with places in the code)."""

from __future__ import annotations

import sys
from pathlib import Path

from krimp.outputs.folder import open_run
from krimp.outputs.report import sentences

#: Claim: (files below krimp/, series and events that show it).
WHERE = {
    "houses_gone": ("processes/resettlement.py processes/demolition.py", "`demolitions`; events demolished"),
    "few_neighbours": ("processes/resettlement.py", "`neighbours_left`, `holdouts`"),
    "will_not_go": ("processes/resettlement.py", "events held_out with their reason"),
    "moved_to_core": (
        "processes/resettlement.py processes/construction.py",
        "`resettled_households`; events resettled",
    ),
    "flat_13500": ("processes/listing.py outputs/listings.py", "table of listings"),
    "flat_2700": ("processes/listing.py", "`ask_total_p01`"),
    "cabbage": ("processes/listing.py", "`ask_total_p01`; table of listings"),
    "mostly_occupied": (
        "processes/home_stocks.py processes/hostels.py processes/tenancy.py",
        "`owner_occupied`, `rented`, `hostel`",
    ),
    "few_lit": ("processes/lit_windows.py", "`lit_share`; columns lit and windows of buildings"),
    "city_buyers": (
        "processes/second_homes.py processes/housing_search.py",
        "`sales_to_outsiders`; events sold",
    ),
    "overcapacity": (
        "processes/developers.py processes/resettlement.py processes/fiscal_series.py",
        "`funding_shortfall`, with and without overbuilding",
    ),
    "revenue_2020": ("processes/taxes.py processes/fiscal_series.py", "`own_revenue`"),
    "euro_2020": ("processes/taxes.py processes/fiscal_series.py", "`own_revenue` at the pack's rate"),
    "spending_2020": ("processes/public_spending.py processes/fiscal_series.py", "`general_expenditure`"),
    "six_times": ("processes/public_spending.py processes/taxes.py", "`general_expenditure` / `own_revenue`"),
    "taxes_fall": ("processes/taxes.py", "`tax_revenue` at constant prices"),
    "land_over": ("processes/land_sales.py", "`land_revenue`, `land_revenue_platform`"),
    "covid_bill": ("processes/pandemic_bill.py", "`pandemic_cost`"),
    "tax_relief": ("processes/tax_relief.py", "`tax_relief`"),
    "one_child": ("processes/fertility.py processes/birth_grant.py", "`births`, `women_15_49`"),
    "ten_million": ("processes/outside_places.py", "context of the report"),
    "heating_off": ("processes/heating.py", "`heat_share`; events heat_stopped"),
    "restructuring": ("processes/distress.py", "`restructuring`; events restructuring_start"),
    "no_bailout": ("processes/upper_advances.py", "`advances_upper`, `arrears`"),
    "elsewhere": ("processes/buses.py processes/public_spending.py", "`bus_share`, `wage_arrears_months`"),
    "consumers": (
        "processes/consumption.py processes/shops.py",
        "`consumption`, `shop_openings`; events shop_opened",
    ),
    "traffic": ("processes/traffic.py", "`traffic_index`"),
    "cheap_living": (
        "processes/cost_of_living.py processes/home_appeal.py processes/newcomers.py",
        "`cost_of_living`, `in_migrants`",
    ),
    "trickle_back": ("processes/return_migration.py", "`returnees`, `out_migrants`"),
    "bakery": (
        "processes/shops.py processes/return_migration.py",
        "`shops_by_returnees`; events shop_opened, reason founder_returned",
    ),
}


INTRO = """# The report, sentence by sentence

Statements about the city of the worked case, each in our own words: where it lives in the code (files below `krimp/`),
which series or events show it, what one run of the default scenario showed at the claim's date (flows of a whole run are
marked "in all"), and what the data say. One run is one draw: verdicts over many runs and parameter draws come from
`krimp claims hegang`, with the reason where a claim fails, and the HTML report shows them in the same table.
"""


def main() -> None:
    """Read the run and write the page beside this file."""
    run = open_run(sys.argv[1])
    variables = dict(run.inputs("claims.csv").select("id", "variable").iter_rows())
    lines = [
        INTRO,
        f"The run: scale {run.manifest['scale']}, seed {run.seed}, until {run.until}.\n",
        "| id | statement | kind | in the code | series and events | the run | data |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in sentences(run, []):
        files, shown = WHERE[row["id"]]
        places = "<br>".join(f"`{name}`" for name in [*files.split(), "study/claims.py"])
        value = row["shows"].replace("this run: ", f"{variables[row['id']]}: ") or "by rule, see the verdict"
        data = f"{row['data'] or 'none'} {row['unit']}".strip()
        cells = (row["id"], row["text"], row["kind"], places, shown, value, data)
        lines.append("| " + " | ".join(str(c).replace("|", "/") for c in cells) + " |")
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
