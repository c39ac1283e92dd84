"""Units of prices."""

import pytest

from custom_components.py_hab.costs.units import price_factor, price_unit


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("EUR/kWh", 1.0),
        ("€/kWh", 1.0),
        ("€ / kWh", 1.0),
        ("ct/kWh", 0.01),
        ("Cent/kWh", 0.01),
        ("EUR/MWh", 0.001),
        ("€/Wh", 1000.0),
        ("ct/Wh", 10.0),
        ("€ct/kWh", 0.01),
        ("SEK/kWh", None),
        ("kr/kWh", None),
        ("EUR", None),
        ("EUR/m³", None),
        ("kWh", None),
        ("", None),
        (None, None),
    ],
)
def test_a_price_is_converted_to_one_per_kwh(unit: str | None, factor: float | None) -> None:
    found = price_factor(unit, "EUR")
    assert found == (factor if factor is None else pytest.approx(factor))


@pytest.mark.parametrize(
    ("unit", "currency", "factor"),
    [
        ("öre/kWh", "SEK", 0.01),
        ("kr/MWh", "NOK", 0.001),
        ("Rp./kWh", "CHF", 0.01),
        ("zł/kWh", "PLN", 1.0),
        ("$/kWh", "USD", 1.0),
    ],
)
def test_other_currencies_are_known_as_people_write_them(
    unit: str, currency: str, factor: float
) -> None:
    assert price_factor(unit, currency) == pytest.approx(factor)


def test_users_know_prices_in_cents_where_there_are_cents() -> None:
    assert price_unit("EUR") == ("ct/kWh", 100.0)
    assert price_unit("SEK") == ("SEK/kWh", 1.0)
