"""Which unit a counter is published in, by its readings alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.py_hab.meter.key_resolver import KeyReading, KeyResolver
from custom_components.py_hab.meter.unit_check import UnitChanged, UnitCheck
from custom_components.py_hab.sml.registers import KeyMapping, Quantity

IMPORT = Quantity.ENERGY_IMPORT
NOW = datetime(2026, 3, 20, 18, tzinfo=UTC)
IN_WH = KeyMapping(IMPORT, 0.001)


def about(number: float) -> Any:
    """Return what equals a number but for its rounding error."""
    return pytest.approx(number)


def check(
    units: UnitCheck, *readings: float, last: float | None, seconds: float = 40
) -> list[UnitChanged | None]:
    """Check readings, one after the other."""
    return [
        units.check(
            IMPORT, KeyReading("E_in", reading), last, NOW + number * timedelta(seconds=seconds)
        )
        for number, reading in enumerate(readings)
    ]


@pytest.mark.parametrize(
    ("reading", "factor"), [(15_119_035.2, 0.001), (2_151_190_352.0, 0.0001)], ids=["Wh", "0.1 Wh"]
)
def test_no_home_shows_a_million_kwh(reading: float, factor: float) -> None:
    resolver = KeyResolver({}, max_power=43.5)
    units = UnitCheck(resolver)
    assert units.is_too_large(KeyReading("E_in", reading), None)
    *earlier, found = check(units, reading, reading, reading, last=None)
    assert earlier == [None, None]
    assert found == UnitChanged(about(reading * factor))
    assert resolver.mappings.factor_of("E_in") == factor
    assert resolver.is_proven("E_in")


def test_the_script_changes_the_unit_of_a_counter_that_is_proven() -> None:
    resolver = KeyResolver({"E_in": IN_WH}, max_power=43.5)
    units = UnitCheck(resolver)
    units.note_accepted(IMPORT, "E_in")
    *_, found = check(units, 15.119, 15.119, 15.119, last=15_119.0)
    assert found == UnitChanged(about(15_119.0))
    assert resolver.mappings.factor_of("E_in") == 1.0
    assert units.is_too_large(KeyReading("E_in", 2e6), 1.0) is False


def test_without_evidence_the_lower_reading_is_right() -> None:
    units = UnitCheck(KeyResolver({}, max_power=43.5))
    *_, found = check(units, 279.0, 279.0, 279.0, last=279_000.0)
    assert found == UnitChanged(279.0, rescale=about(0.001))
    resolver = KeyResolver({}, max_power=43.5)
    *_, found = check(UnitCheck(resolver), 279_000.0, 279_000.0, 279_000.0, last=279.0)
    assert found == UnitChanged(about(279.0))
    assert resolver.mappings.factor_of("E_in") == 0.001


def test_the_user_has_corrected_the_unit() -> None:
    units = UnitCheck(KeyResolver({"E_in": IN_WH}, max_power=43.5))
    units.factors[IMPORT] = 1.0
    *_, found = check(units, 279.0, 279.0, 279.0, last=279_000.0)
    assert found == UnitChanged(279.0, rescale=about(0.001))


@pytest.mark.parametrize(
    ("readings", "last"),
    [
        ((15.1, 15.1), 15_119.0),
        ((15.1, 151.2, 15.1), 15_119.0),
        ((15.1, 400.0, 15.1), 15_119.0),
        ((0.0, float("nan"), float("inf")), 15_119.0),
        ((3.0, 3.0, 3.0), 15_119.0),
        ((400.0, 400.0, 400.0), None),
    ],
)
def test_what_proves_no_unit(readings: tuple[float, ...], last: float | None) -> None:
    units = UnitCheck(KeyResolver({}, max_power=43.5))
    assert set(check(units, *readings, last=last)) == {None}


def test_a_minute_must_pass() -> None:
    units = UnitCheck(KeyResolver({}, max_power=43.5))
    assert set(check(units, *[279.0] * 5, last=279_000.0, seconds=10)) == {None}


def test_a_changed_unit_ends_when_the_user_assigns_another_one() -> None:
    assigned = {"E_in": IN_WH}
    resolver = KeyResolver(assigned, max_power=43.5)
    resolver.change_unit("E_in", 1000.0)
    assert resolver.mappings.mapping_of("E_in") == KeyMapping(IMPORT)
    assigned["E_in"] = KeyMapping(IMPORT)
    assert resolver.mappings.mapping_of("E_in") == KeyMapping(IMPORT)
    resolver.change_unit("nothing", 1000.0)
    assert resolver.mappings.mapping_of("nothing") is None
    assert (
        resolver.mappings.factor_of("nothing")
        == resolver.mappings.named_factor_of("nothing")
        == 1.0
    )
