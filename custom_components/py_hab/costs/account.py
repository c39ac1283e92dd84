"""What is stored of the prices of a counter, in the options of its entry."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

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
    kept_until: int | None = None
    """Up to when (unix time) the prices are those of the set before, whose costs may be kept."""
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


class Covered(NamedTuple):
    """A contract, and the counters that it covers."""

    owner: str
    """The counter with which it is stored."""
    contract: Contract
    counters: tuple[str, ...]
    """By the unique id of their entity, the owner first; each has prices."""


def contract_of(prices: Mapping[str, CounterPrices], unique_id: str) -> Covered | None:
    """Return the contract that covers a counter."""
    for owner, found in prices.items():
        contract = found.contract
        if contract is not None and unique_id in (owner, *contract.others):
            others = (each for each in contract.others if each in prices and each != owner)
            return Covered(owner, contract, (owner, *dict.fromkeys(others)))
    return None


def with_entity_renamed(
    prices: Mapping[str, CounterPrices], old: str, new: str
) -> dict[str, CounterPrices]:
    """Return the same prices after the entity that shows some of them has another name."""
    return {
        unique_id: replace(
            found,
            prices=[
                replace(price, entity=new) if price.entity == old else price
                for price in found.prices
            ],
        )
        for unique_id, found in prices.items()
    }


def without(prices: Mapping[str, CounterPrices], unique_id: str) -> dict[str, CounterPrices]:
    """Return the prices without those of a counter, which no contract covers any more."""
    return {
        owner: found
        if found.contract is None or unique_id not in found.contract.others
        else replace(
            found,
            contract=replace(
                found.contract,
                others=[each for each in found.contract.others if each != unique_id],
            ),
        )
        for owner, found in prices.items()
        if owner != unique_id
    }
