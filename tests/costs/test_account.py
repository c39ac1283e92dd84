"""Prices in the options of an entry."""

from dataclasses import replace
from datetime import date
from typing import Any

from custom_components.py_hab.costs.account import (
    CONF_PRICES,
    CounterPrices,
    Covered,
    contract_of,
    stored_prices,
    to_options,
    without,
)
from custom_components.py_hab.costs.contract import Contract, Instalment
from custom_components.py_hab.costs.prices import Price, Window


def test_prices_are_stored_and_read_again() -> None:
    prices = {
        "meter": CounterPrices(
            id="first",
            prices=[
                Price(
                    since=date(2025, 1, 1),
                    price=0.3,
                    windows=[Window(weekdays=[0], start=0, end=60, price=-0.1)],
                )
            ],
            contract=Contract(
                start=date(2024, 4, 15),
                instalment=90.0,
                bonus=50.0,
                others=["low"],
                changes=[Instalment(since=date(2025, 1, 1), amount=95.0)],
            ),
        )
    }
    assert stored_prices({CONF_PRICES: to_options(prices)}) == prices


def test_what_cannot_be_used_is_left_out() -> None:
    good = {"since": "2025-01-01", "price": 0.3}
    stored: dict[str, Any] = {
        "good": {"id": "1", "prices": [good]},
        "no prices": {"id": "1", "prices": []},
        "no day": {"id": "1", "prices": [{"price": 0.3}]},
        "negative base": {"id": "1", "prices": [good | {"base": -1.0}]},
        "no object": 3,
    }
    assert list(stored_prices({CONF_PRICES: stored})) == ["good"]
    assert stored_prices({}) == stored_prices({CONF_PRICES: "damaged"}) == {}


def test_a_contract_that_was_stored_for_one_counter_covers_that() -> None:
    stored = {
        "id": "1",
        "prices": [{"since": "2025-01-01", "price": 0.3}],
        "contract": {"start": "2024-04-15", "instalment": 90.0, "bonus": 50.0},
    }
    found = stored_prices({CONF_PRICES: {"meter": stored}})
    contract = Contract(start=date(2024, 4, 15), instalment=90.0, bonus=50.0)
    assert contract_of(found, "meter") == Covered("meter", contract, ("meter",))
    assert contract_of(found, "other") is None


def test_a_contract_covers_the_counters_that_have_prices() -> None:
    one = CounterPrices(id="1", prices=[Price(since=date(2025, 1, 1), price=0.3)])
    contract = Contract(start=date(2025, 1, 1), others=["low", "high", "gone", "low"])
    prices = {"low": one, "high": replace(one, contract=contract)}
    for each in prices:
        assert contract_of(prices, each) == Covered("high", contract, ("high", "low"))
    alone = replace(contract, others=["high", "gone"])
    assert without(prices, "low") == {"high": replace(one, contract=alone)}
    # The contract goes with the counter that it is stored with.
    assert without(prices, "high") == {"low": one}
