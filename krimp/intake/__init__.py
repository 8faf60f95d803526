"""Reading and checking city packs."""

from krimp.intake.config import CityConfig
from krimp.intake.pack import CityPack, Fault, PackError, check_city, load_city, new_city, write_data_package

__all__ = [
    "CityConfig",
    "CityPack",
    "Fault",
    "PackError",
    "check_city",
    "load_city",
    "new_city",
    "write_data_package",
]
