"""How the counters and the powers of a meter go together, in the units that are proven so far."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from custom_components.py_hab.sml.key_evidence import KeyEvidence
from custom_components.py_hab.sml.key_record import Record
from custom_components.py_hab.sml.registers import KeyMapping, Quantity
from tests.support.key_houses import NAMES

START: Final = datetime(2026, 3, 20, 18, tzinfo=UTC)
KW: Final = KeyMapping(Quantity.POWER, 1000.0)


def evidence_of(hours: int = 2, **powers: float) -> KeyEvidence:
    """Return the evidence of a home that draws 1.2 kW, with powers of a constant number besides."""
    record = Record(NAMES.get)
    for minute in range(60 * hours + 1):
        counters = {"E_in": 1000 + 1.2 * minute / 60, "Total": 500 + 1.2 * minute / 60}
        record.add(START + timedelta(minutes=minute), counters | powers)
    return KeyEvidence(record)


def test_only_a_key_somebody_vouches_for_holds_a_quantity() -> None:
    evidence = evidence_of(Power=1200.0, current=1200.0)
    assert evidence.holder(Quantity.ENERGY_IMPORT) == "E_in"
    assert evidence.holder(Quantity.POWER) == "Power"
    assert evidence.holder(Quantity.ENERGY_EXPORT) is None
    assert not evidence.is_certain("Total")
    assert not evidence.is_certain("current")


def test_a_counter_vouches_for_a_doubtful_power() -> None:
    evidence = evidence_of(current=1200.0)
    assert evidence.holder(Quantity.POWER) is None
    evidence.power_factors["current"] = 1.0
    assert evidence.holder(Quantity.POWER) == "current"


@pytest.mark.parametrize(
    ("number", "units"),
    [
        (1200.0, [(1.0, 1.0)]),
        # Small numbers may be kW, and then the counter may be in Wh.
        (1.2, [(1.0, 1.0), (1000.0, 1.0)]),
    ],
)
def test_a_certain_counter_keeps_its_unit(number: float, units: list[tuple[float, float]]) -> None:
    fits = list(evidence_of(Power=number).fits("E_in", "Power"))
    assert [(fit.units.power, fit.units.counter) for fit in fits] == units


@pytest.mark.parametrize(("number", "count"), [(1200.0, 2), (1.2, 3)])
def test_a_doubtful_counter_may_have_any_unit(number: float, count: int) -> None:
    assert len(list(evidence_of(Power=number).fits("Total", "Power"))) == count


def test_proven_units_are_the_only_ones_left() -> None:
    evidence = evidence_of(Power=1.2)
    evidence.power_factors["Power"] = 1000.0
    evidence.counter_factors["E_in"] = 1.0
    (fit,) = evidence.fits("E_in", "Power")
    assert fit.agrees
    assert fit.counted == pytest.approx(fit.integrated)
    assert evidence.factors == {"Power": 1000.0, "E_in": 1.0}


def test_energy_is_compared_only_while_the_other_counter_stands_still() -> None:
    evidence = evidence_of(Power=1200.0)
    (fit,) = evidence.fits("E_in", "Power", still="Total")
    assert fit.duration == timedelta()
