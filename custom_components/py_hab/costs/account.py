"""What is stored of the prices of a counter, in the options of its entry."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ..util.records import decode_values, encode
from .contract import Contract
from .prices import Price, PriceError, check

CONF_PRICES: Final = "prices"
"""The option of an entry that holds the prices of its counters, by the unique id of their entity."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CounterPrices:
    """The prices of one counter."""

    id: str
    """Changes with each change of the prices, and identifies the costs that follow from them."""
    prices: list[Price] = field(default_factory=list)
    contract: Contract | None = None


def stored_prices(options: Mapping[str, object]) -> dict[str, CounterPrices]:
    """Return the prices in the options of an entry, by the unique id of the counter's entity.

    What cannot be used is left out: the options may have been edited by hand.
    """
    return {
        unique_id: found
        for unique_id, found in decode_values(CounterPrices, options.get(CONF_PRICES)).items()
        if found.prices and _is_usable(found)
    }


def _is_usable(found: CounterPrices) -> bool:
    try:
        check(found.prices)
    except PriceError:
        return False
    return True


def to_options(prices: Mapping[str, CounterPrices]) -> dict[str, object]:
    """Return prices as they are stored in the options of an entry."""
    return {unique_id: encode(found) for unique_id, found in prices.items()}
