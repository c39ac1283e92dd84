"""Which readings of an entry's counters are accepted, and the gaps that follow from them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from custom_components.py_hab.counters.counters import MAX_GAPS, Counters, LastReading
from custom_components.py_hab.counters.guard import DEFAULT_MAX_POWER
from custom_components.py_hab.counters.verdict import Verdict
from tests.support.gaps import HOUR, LAST, outage

NOW: Final = datetime.fromtimestamp(LAST, UTC)


def nothing() -> None:
    """Store nothing."""


def counters(
    max_power: float = DEFAULT_MAX_POWER, on_change: Callable[[], None] = nothing
) -> Counters:
    """Return counters without any reading."""
    return Counters(max_power=max_power, on_change=on_change)


def at(moment: float) -> datetime:
    """Return a unix time as a time."""
    return datetime.fromtimestamp(moment, UTC)


def read_twice(found: Counters, reading: float, moment: float) -> None:
    """Let a counter be read, and confirm it: after a silence it is under quarantine."""
    found.judge("meter", reading, at(moment - 10))
    found.judge("meter", reading, at(moment))


def test_what_is_not_accepted_is_counted() -> None:
    found = counters()
    for reading in (100.0, 0.0, 0.0, -1.0, 100.1):
        found.judge("meter", reading, NOW)
    found.reject("other", Verdict.NOT_FINITE)
    assert found.rejected == {
        ("meter", Verdict.ZERO): 2,
        ("meter", Verdict.NEGATIVE): 1,
        ("other", Verdict.NOT_FINITE): 1,
    }


@pytest.mark.parametrize(
    ("max_power", "verdict"), [(43.5, Verdict.IMPLAUSIBLE_RISE), (1000.0, Verdict.ACCEPTED)]
)
def test_the_fuses_of_the_house_decide(max_power: float, verdict: Verdict) -> None:
    found = counters(max_power)
    found.judge("meter", 100.001, NOW)
    assert found.judge("meter", 105.0, NOW).verdict is verdict


def test_a_counter_under_quarantine_needs_another_telegram() -> None:
    found = counters()
    found.quarantine("one", "two")
    assert found.judge("one", 100.0, NOW).verdict is Verdict.QUARANTINED
    assert found.judge("two", 100.0, NOW).verdict is Verdict.QUARANTINED
    assert found.judge("three", 100.0, NOW).verdict is Verdict.ACCEPTED
    assert found.last("one") is None
    assert found.judge("one", 100.0, NOW + timedelta(seconds=10)).verdict is Verdict.ACCEPTED


def test_a_time_without_readings_is_a_gap() -> None:
    found = counters()
    found.judge("meter", 100.0, at(LAST - 60))
    read_twice(found, 101.5, LAST + 3 * HOUR)
    assert found.gaps == [outage()]
    assert found.gaps[0].energy == 1.5


@pytest.mark.parametrize(
    ("reading", "seconds"),
    [(100.0, 3 * HOUR), (100.1, 300), (100.1, 1800)],
    ids=["nothing counted", "soon", "within the hour"],
)
def test_what_leaves_no_tower_is_no_gap(reading: float, seconds: float) -> None:
    found = counters()
    found.judge("meter", 100.0, at(LAST + 60))
    read_twice(found, reading, LAST + 60 + seconds)
    assert found.gaps == []


def test_a_counter_that_went_on_elsewhere_is_a_gap_however_short() -> None:
    found = counters()
    found.judge("meter", 100.0, at(LAST))
    for minute in range(1, 13):
        found.judge("meter", 5.0 + minute / 100, at(LAST + 60 * minute))
    (gap,) = found.gaps
    assert (gap.verdict, gap.before, gap.start) == (Verdict.REPLACED, 100.0, LAST)
    # What the new one has counted while its readings were confirmed.
    assert gap.energy == pytest.approx(gap.after - 5.01)


def test_the_oldest_gaps_are_given_up() -> None:
    found = counters()
    gaps = [outage(key=str(number)) for number in range(MAX_GAPS + 3)]
    for gap in gaps:
        found.add_gap(gap)
    assert found.gaps == gaps[3:]


def test_a_long_silence_is_a_gap_even_if_nothing_was_counted() -> None:
    """Home Assistant begins the sum anew when it has no five-minute rows any more."""
    found = counters()
    start = NOW.timestamp()
    for after in (0, 60, 120):
        found.judge("plug", 5.0, at(start + after))
    for after in (0, 60):
        found.judge("plug", 5.0, at(start + 30 * 86400 + after))
    assert [(gap.start, gap.end, gap.energy) for gap in found.gaps] == [
        (start + 120, start + 30 * 86400, 0.0)
    ]


def test_last_reading_has_its_time() -> None:
    found = counters()
    assert found.last_reading("meter") is None
    found.judge("meter", 100.0, NOW)
    found.judge("meter", 0.0, NOW + timedelta(minutes=1))
    assert found.last_reading("meter") == LastReading(100.0, NOW)
    found.forget("meter")
    assert found.last_reading("meter") is None


def test_changes_are_reported_so_that_they_are_stored() -> None:
    changes: list[None] = []
    found = counters(on_change=lambda: changes.append(None))
    found.judge("meter", 100.0, NOW)
    assert len(changes) == 1
    for reading in (100.0, 0.0):
        found.judge("meter", reading, NOW + timedelta(minutes=1))
    assert len(changes) == 1, "the counter shows the same"
    found.add_gap(outage())
    for _ in range(2):
        found.settle(outage())
    assert len(changes) == 2


def test_a_counter_that_another_entry_takes_over_continues_there_with_its_gaps() -> None:
    """As when a plug moves to another box of a mesh."""
    owner, other = counters(), counters()
    owner.judge("plug", 100.0, NOW)
    owner.judge("light", 7.0, NOW)
    waiting = [outage(key="plug"), outage(key="light")]
    for gap in waiting:
        owner.add_gap(gap)
    other.judge("plug", 90.0, NOW - timedelta(days=9))
    other.take_over(owner, "plug", "unknown")
    assert other.last_reading("plug") == LastReading(100.0, NOW)
    assert other.gaps == waiting[:1]
    assert other.last("light") is None
    assert other.last("unknown") is None
    for minutes in (90, 91):
        other.judge("plug", 100.5, NOW + timedelta(minutes=minutes))
    gap = other.gaps[-1]
    assert (gap.start, gap.before, gap.after) == (NOW.timestamp(), 100.0, 100.5)
    # Its owner has not read it since.
    other.take_over(owner, "plug")
    assert other.last("plug") == 100.5
