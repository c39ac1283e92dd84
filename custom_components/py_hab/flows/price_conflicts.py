"""Why prices and contracts of several counters cannot go together."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..costs.account import CounterPrices, contract_of
from ..costs.contract import Contract
from ..costs.prices import Price, have_base_at_once
from ..sensors.costs import counted_twice, is_export, total_of


class Conflict(NamedTuple):
    """Why counters cannot have what was entered."""

    error: str
    counters: tuple[str, ...]
    """By the unique id of their entity."""


def conflict_of_contract(
    stored: Mapping[str, CounterPrices], owner: str, contract: Contract
) -> Conflict | None:
    """Return why a contract cannot cover its counters."""
    every = (owner, *contract.others)
    if twice := counted_twice(every):
        return Conflict("contract_counted_twice", twice[0])
    if missing := [each for each in contract.others if each not in stored]:
        return Conflict("contract_no_price", tuple(missing))
    others = {unique_id: found for unique_id, found in stored.items() if unique_id != owner}
    if taken := [each for each in every if contract_of(others, each)]:
        return Conflict("contract_of_its_own", tuple(taken))
    for number, each in enumerate(every):
        before = _with_base_at_once(stored, each, stored[each].prices, every[:number])
        if before is not None:
            return Conflict("contract_base_twice", (before, each))
    return None


def conflict_of_base(
    stored: Mapping[str, CounterPrices], unique_id: str, prices: Sequence[Price]
) -> Conflict | None:
    """Return which counter of the same contract or meter has a base price beside that of prices."""
    covered, total = contract_of(stored, unique_id), total_of(unique_id)
    same = covered.counters if covered else ()
    others = [
        each
        for each in stored
        if each != unique_id and (each in same or (total and total_of(each) == total))
    ]
    found = _with_base_at_once(stored, unique_id, prices, others)
    return None if found is None else Conflict("base_price_twice", (found,))


def _with_base_at_once(
    stored: Mapping[str, CounterPrices],
    unique_id: str,
    prices: Sequence[Price],
    others: Sequence[str],
) -> str | None:
    """Return the first of other counters that has a base price at a time when prices have one.

    A fee for feeding in is another one than the base price of what is drawn.
    """
    return next(
        (
            each
            for each in others
            if is_export(each) == is_export(unique_id)
            and have_base_at_once(stored[each].prices, prices)
        ),
        None,
    )
