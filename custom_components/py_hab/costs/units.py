"""The units in which prices are shown: by users, and by entities of other integrations."""

from typing import Final, NamedTuple


class PriceUnit(NamedTuple):
    """The unit in which users know prices per kWh."""

    text: str
    per_currency: float
    """How many of it are one unit of the currency."""


_CENTS: Final = {"EUR": "ct", "USD": "¢", "CHF": "Rp.", "GBP": "p"}
_ENERGIES: Final = {"kwh": 1.0, "mwh": 1000.0, "wh": 0.001}
"""kWh."""
_SIGNS: Final = {
    "€": {"EUR"},
    "$": {"USD", "AUD", "CAD", "NZD"},
    "£": {"GBP"},
    "kr": {"SEK", "NOK", "DKK", "ISK"},
    "kr.": {"SEK", "NOK", "DKK", "ISK"},
    "fr.": {"CHF"},
    "zł": {"PLN"},
    "kč": {"CZK"},
}
"""Currencies by how people write them, in lower case."""
_CENT_NAMES: Final = frozenset(
    {"ct", "ct.", "cent", "cents", "c", "¢", "€ct", "ct€", "c€", "eurocent", "rp", "rp.", "p"}
    | {"öre", "øre", "ore", "gr"}
)


def price_unit(currency: str) -> PriceUnit:
    """Return the unit of prices in a currency."""
    cent = _CENTS.get(currency)
    return PriceUnit(f"{cent}/kWh", 100.0) if cent else PriceUnit(f"{currency}/kWh", 1.0)


def price_factor(unit: str | None, currency: str) -> float | None:
    """Return by what a price in a unit is multiplied to be one per kWh; None for another unit."""
    money, slash, energy = (unit or "").replace(" ", "").partition("/")
    per = _ENERGIES.get(energy.lower()) if slash else None
    if per is None:
        return None
    if money.lower() in _CENT_NAMES:
        return 0.01 / per
    return (
        1.0 / per
        if money.upper() == currency or currency in _SIGNS.get(money.lower(), ())
        else None
    )
