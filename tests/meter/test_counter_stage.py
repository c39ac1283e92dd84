"""The counters of one meter: which readings are accepted, shown and reported as replacements."""

from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.py_hab.counters.verdict import Verdict
from custom_components.py_hab.meter.counter_stage import Replacement
from custom_components.py_hab.meter.meter import MeterUpdate
from homeassistant.core import HomeAssistant
from tests.support.mocked_reader import (
    MockedReader,
)
from tests.support.one_meter import (
    EXPORT,
    IMPORT,
    POWER,
    Clock,
    OneMeter,
    counted,
)
from tests.support.passing_time import Time
from tests.support.watching import (
    meter_values,
)


@pytest.mark.parametrize(("meter_index", "key"), [("", "energy_import"), ("2", "2_energy_import")])
def test_each_meter_has_counters_of_its_own(fake_clock: Clock, meter_index: str, key: str) -> None:
    one = OneMeter(fake_clock, meter_index=meter_index)
    one.receive(0, E_in=1.0)
    assert one.meter.counter_key(IMPORT) == key
    assert one.counters.last(key) == 1.0


def test_a_rejected_counter_leaves_everything_as_it_was(fake_clock: Clock) -> None:
    one = counted(fake_clock)
    one.receive(1, E_in=100.1)
    for garbage in (0, -1, 5.0, 9000.0, 99.9, "?"):
        result = one.receive(1, E_in=garbage, Power=7)
        assert result.replacements == ()
        assert one.meter.values[IMPORT] == 100.1
    assert one.counters.rejected == {
        (IMPORT, verdict): 1
        for verdict in (
            Verdict.ZERO,
            Verdict.NEGATIVE,
            Verdict.DECREASED,
            Verdict.IMPLAUSIBLE_RISE,
            Verdict.JITTER,
            Verdict.NOT_FINITE,
        )
    }


def test_a_first_reading_waits_for_a_second_one(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock, quarantined=True)
    result = one.receive(0, E_in=100.0, Power=7)
    assert result.is_unconfirmed
    assert one.meter.values == {POWER: 7.0}
    result = one.receive(5, E_in=100.0)
    assert not result.is_unconfirmed
    assert one.meter.values[IMPORT] == 100.0


def test_under_quarantine_the_counter_shows_what_was_accepted_before(fake_clock: Clock) -> None:
    one = counted(fake_clock)
    one.counters.quarantine(IMPORT)
    assert one.receive(1, E_in=100.2).is_unconfirmed
    assert one.meter.values == {IMPORT: 100.0}


@pytest.mark.parametrize("new", [3.0, 5000.0], ids=["lower", "higher"])
def test_a_replacement_is_reported_at_once_and_shown_when_saved(
    fake_clock: Clock, new: float
) -> None:
    one = counted(fake_clock)
    one.receive(0, E_in=100.0)
    results = [one.receive(150, E_in=new) for _ in range(5)]
    assert [len(result.replacements) for result in results] == [0, 0, 0, 0, 1]
    (replacement,) = results[-1].replacements
    assert replace(replacement, gap=None) == Replacement(
        quantity=IMPORT, verdict=Verdict.REPLACED, before=100.0, now=new
    )
    assert replacement.gap is not None
    assert replacement.gap in one.counters.gaps
    assert not any(result.changed for result in results)
    assert replacement.is_question
    assert one.meter.values == {IMPORT: 100.0}
    one.meter.show_withheld(fake_clock.utcnow())
    assert one.meter.values == {IMPORT: new}
    assert one.receive(60, E_in=new + 0.1) == MeterUpdate(changed=True)


def test_a_display_that_starts_anew_is_no_question(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock, energy_import=999_999.9)
    one.receive(0, E_in=999_999.9)
    assert one.receive(10, E_in=0.2).replacements == ()
    result = one.receive(10, E_in=0.3)
    assert not result.changed
    one.meter.show_withheld(fake_clock.utcnow())
    (replacement,) = result.replacements
    assert replace(replacement, gap=None) == Replacement(
        quantity=IMPORT, verdict=Verdict.ROLLED_OVER, before=999_999.9, now=0.3
    )
    assert not replacement.is_question
    assert one.meter.values == {IMPORT: 0.3}


def test_a_counter_that_stands_at_zero_beside_one_that_counts_is_shown(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    for _ in range(10):
        result = one.receive(30, E_in=100.0, E_out=0.0, Power=7)
        assert result.replacements == ()
    assert one.meter.values == {IMPORT: 100.0, EXPORT: 0.0, POWER: 7.0}


def test_a_reader_that_has_not_read_its_meter_has_no_counter(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    for _ in range(100):
        one.receive(60, E_in=0, E_out=0, Power=0)
    assert one.counter(IMPORT) is None
    assert one.counter(EXPORT) is None
    assert one.counters.rejected == {(quantity, Verdict.ZERO): 100 for quantity in (IMPORT, EXPORT)}


@pytest.mark.parametrize(
    ("locked", "unlocked"),
    [
        ({"E_in": 0.1234, "E_inoP": 1234.0}, {"E_in": 1234.5678, "E_inoP": 12345678.0}),
        ({"E_in": 0.0, "E_inoP": 1234.0}, {"E_in": 1234.5678, "E_inoP": 0.0}),
    ],
    ids=["two scales", "one at zero"],
)
def test_of_two_scales_the_right_one_is_read_with_and_without_pin(
    fake_clock: Clock, locked: dict[str, float], unlocked: dict[str, float]
) -> None:
    for first, second in ((locked, unlocked), (unlocked, locked)):
        one = OneMeter(fake_clock)
        one.receive(0, **first, Power=1)
        assert one.counter(IMPORT) == pytest.approx(1234, abs=1)
        for _ in range(100):
            assert one.receive(10, **second, Power=1).replacements == ()
        assert one.counter(IMPORT) == max(1234.0, first["E_in"], second["E_in"])


def test_of_two_keys_one_may_be_no_number(fake_clock: Clock) -> None:
    one = counted(fake_clock)
    one.receive(1, E_in="?", E_inoP=100.1)
    assert one.counter(IMPORT) == 100.1
    one.receive(1, E_in="?", E_inoP=None)
    assert one.counter(IMPORT) == 100.1
    assert one.counters.rejected == {(IMPORT, Verdict.NOT_FINITE): 1}


def test_at_first_a_reading_that_no_display_shows_is_not_taken(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    one.receive(0, E_in=12.5, E_inoP=12_500_000.0)
    assert one.counter(IMPORT) == 12.5


def test_the_confirmed_counter_does_not_wait_for_the_stored_one(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock, quarantined=True, energy_import=100.0)
    assert one.receive(300, E_in=100.4).changed
    assert one.meter.values == {IMPORT: 100.0}, "as remembered"
    one.receive(5, E_in=100.4)
    assert one.meter.values == {IMPORT: 100.4}


async def test_first_reading_of_a_counter_is_shown_once_it_is_confirmed(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    mocked_reader.answers = False
    await mocked_reader.set_up(entry)
    await mocked_reader.reads()
    assert meter_values(entry) == {"power": 200}
    await time.passes(hass, timedelta(seconds=6))
    await mocked_reader.reads()
    assert meter_values(entry) == {
        "power": 200,
        "energy_import": 15119.035,
        "energy_export": 2381.47,
    }
