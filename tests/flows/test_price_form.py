"""What a form makes of a price, and a price of a form."""

from datetime import date
from typing import Any

import pytest

from custom_components.py_hab.costs.prices import Price, Window
from custom_components.py_hab.flows.price_form import entered_price, form_values

PRICE = Price(
    since=date(2026, 1, 1),
    price=-0.0125,
    base=9.9,
    entity="sensor.market",
    windows=[Window(weekdays=[5, 6], start=0, end=0, price=0.1)],
)


@pytest.mark.parametrize(
    ("currency", "price", "window"), [("EUR", -1.25, 10.0), ("SEK", -0.0125, 0.1)]
)
def test_prices_are_entered_in_the_unit_that_users_know(
    currency: str, price: float, window: float
) -> None:
    values = form_values(PRICE, currency)
    assert values["price"] == price
    assert values["windows"] == [
        {"weekdays": ["sat", "sun"], "start": "00:00:00", "end": "00:00:00", "price": window}
    ]
    assert entered_price(values, currency) == PRICE


def test_what_is_left_empty_has_its_meaning() -> None:
    one: Any = {"start": "06:00:00", "end": "22:00:00", "price": 30.0}
    found = entered_price({"since": "2026-01-01", "windows": one}, "EUR")
    assert found == Price(since=date(2026, 1, 1), windows=[Window(start=360, end=1320, price=0.3)])
    # Energy that costs nothing is not energy without a price.
    found = entered_price({"since": "2026-01-01", "price": 0, "base": 9.9}, "EUR")
    assert found == Price(since=date(2026, 1, 1), price=0.0, base=9.9)
