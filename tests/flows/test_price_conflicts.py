"""Prices and contracts of several counters that cannot go together."""

from dataclasses import replace
from datetime import date

import pytest

from custom_components.py_hab.costs.account import CounterPrices
from custom_components.py_hab.costs.contract import Contract
from custom_components.py_hab.costs.prices import Price
from custom_components.py_hab.flows.price_conflicts import (
    Conflict,
    conflict_of_base,
    conflict_of_contract,
)

BEGIN = date(2025, 1, 1)
PRICE = Price(since=BEGIN, price=0.3)
WITH_BASE = Price(since=BEGIN, price=0.3, base=10.0)
TOTAL, HIGH, LOW = "m_energy_import", "m_energy_import_t1", "m_energy_import_t2"
FED_IN, PLUG = "m_energy_export", "p_energy"


def stored(**bases: bool) -> dict[str, CounterPrices]:
    """Return prices of counters, given by name, with a base price or without."""
    names = {"total": TOTAL, "high": HIGH, "low": LOW, "fed_in": FED_IN, "plug": PLUG}
    return {
        names[name]: CounterPrices(id=name, prices=[WITH_BASE if has_base else PRICE])
        for name, has_base in bases.items()
    }


@pytest.mark.parametrize(
    ("known", "others", "conflict"),
    [
        (stored(high=True, low=False), [LOW], None),
        (stored(high=True, low=True), [LOW], Conflict("contract_base_twice", (HIGH, LOW))),
        # A fee for feeding in is another one.
        (stored(high=True, fed_in=True), [FED_IN], None),
        (stored(high=True), [LOW], Conflict("contract_no_price", (LOW,))),
        (
            stored(high=True, total=False),
            [TOTAL],
            Conflict("contract_counted_twice", (HIGH, TOTAL)),
        ),
    ],
)
def test_a_contract_covers_counters_with_prices_and_one_base_price(
    known: dict[str, CounterPrices], others: list[str], conflict: Conflict | None
) -> None:
    assert conflict_of_contract(known, HIGH, Contract(start=BEGIN, others=others)) == conflict


def test_a_counter_has_one_contract() -> None:
    known = stored(high=False, low=False, plug=False)
    known[PLUG] = replace(known[PLUG], contract=Contract(start=BEGIN, others=[LOW]))
    contract = Contract(start=BEGIN, others=[LOW])
    assert conflict_of_contract(known, HIGH, contract) == Conflict("contract_of_its_own", (LOW,))


def test_tariffs_of_a_meter_have_one_base_price_and_so_have_counters_of_a_contract() -> None:
    known = stored(high=True, plug=True)
    twice = Conflict("base_price_twice", (HIGH,))
    assert conflict_of_base(known, LOW, [WITH_BASE]) == twice
    assert conflict_of_base(known, LOW, [PRICE]) is None
    assert conflict_of_base(known, "q_energy", [WITH_BASE]) is None
    known[HIGH] = replace(known[HIGH], contract=Contract(start=BEGIN, others=["q_energy"]))
    assert conflict_of_base(known, "q_energy", [WITH_BASE]) == twice
