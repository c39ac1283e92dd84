"""Times without readings: what is one, what was counted in it, and what is stored of it."""

from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.counters import gap
from custom_components.py_hab.counters.gap import Gap, Reading
from custom_components.py_hab.counters.verdict import ACCEPTING, Verdict
from custom_components.py_hab.util.records import decode, decode_items, encode

# Hypothesis says so of its own generator, on this version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")

HOUR = 3600.0
T0 = 1_000_000 * HOUR
MINUTE = 60.0
DAY = 24 * HOUR
GAP = Gap(
    key="a",
    start=T0,
    before=100.0,
    end=T0 + 3 * HOUR,
    after=106.0,
    verdict=Verdict.ACCEPTED,
)


@pytest.mark.parametrize(
    ("begin", "end", "interval", "found"),
    [
        (50 * MINUTE, 66 * MINUTE, 0.0, True),
        (50 * MINUTE, 65 * MINUTE, 0.0, False),
        (1 * MINUTE, 59 * MINUTE, 0.0, False),
        (1 * MINUTE, 60 * MINUTE, 0.0, True),
        (0.0, 59 * MINUTE, 0.0, False),
        (50 * MINUTE, 110 * MINUTE, HOUR, False),
        (50 * MINUTE, 141 * MINUTE, HOUR, True),
    ],
    ids=[
        "longer than a silence",
        "not longer",
        "inside one hour",
        "ends on the full hour",
        "begins on the full hour",
        "as long as readings are apart",
        "longer than readings are apart",
    ],
)
def test_a_gap_is_long_and_reaches_over_a_full_hour(
    begin: float, end: float, interval: float, found: bool
) -> None:
    before, after = Reading(100.0, T0 + begin), Reading(100.5, T0 + end)
    assert gap.is_gap(before, after, interval_s=interval) is found


def test_a_silence_without_consumption_matters_only_if_the_sum_may_restart() -> None:
    assert not gap.is_gap(Reading(100.0, T0), Reading(100.0, T0 + 5 * HOUR))
    assert not gap.is_gap(Reading(100.0, T0), Reading(100.0, T0 + DAY))
    assert gap.is_gap(Reading(100.0, T0), Reading(100.0, T0 + 60 * DAY))


def test_what_was_counted_depends_on_why_the_reading_is_accepted() -> None:
    def energy(before: float, after: float, verdict: Verdict, counted: float | None = None) -> Any:
        return Gap(
            key="a",
            start=0,
            before=before,
            end=1,
            after=after,
            verdict=verdict,
            counted=counted,
        ).energy

    assert energy(100.0, 106.0, Verdict.ACCEPTED) == 6.0
    assert energy(9999.5, 0.75, Verdict.ROLLED_OVER) == 1.25
    assert energy(99_999.5, 0.75, Verdict.ROLLED_OVER) == 1.25
    assert energy(15_119.0, 12.0, Verdict.REPLACED) == 0.0
    assert energy(15_119.0, 12.0, Verdict.REPLACED, 3.5) == 3.5
    assert energy(15_119.0, 12.0, Verdict.REPLACED, 0.0) == 0.0


MOMENTS = st.floats(0, 4e9)
READINGS = st.floats(0, 1e8)


@given(
    times=st.tuples(MOMENTS, MOMENTS).map(sorted),
    before=READINGS,
    after=READINGS,
    verdict=st.sampled_from(sorted(ACCEPTING)),
    counted=st.none() | READINGS,
)
def test_a_stored_gap_is_the_whole_gap(
    times: list[float], before: float, after: float, verdict: Verdict, counted: float | None
) -> None:
    one = Gap(
        key="1.8.0",
        start=times[0],
        before=before,
        end=times[1],
        after=after,
        verdict=verdict,
        counted=counted,
    )
    assert decode(Gap, encode(one)) == one


@pytest.mark.parametrize(
    "change",
    [
        {"start": None},
        {"start": T0 + 4 * HOUR},
        {"start": -1.0},
        {"before": "much"},
        {"after": float("nan")},
        {"end": float("inf")},
        {"after": 10**400},
        {"verdict": "told"},
        {"verdict": ["believed"]},
        {"counted": "much"},
        {"counted": float("inf")},
        {"counted": -0.5},
    ],
    ids=str,
)
def test_a_stored_gap_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    assert decode_items(Gap, [encode(GAP), encode(GAP) | change]) == [GAP]


@pytest.mark.parametrize("name", ["key", "start", "before", "end", "after", "verdict"])
def test_a_stored_gap_that_lacks_something_is_refused(name: str) -> None:
    stored = encode(GAP)
    del stored[name]
    assert decode_items(Gap, [stored]) == []


@pytest.mark.parametrize(
    ("former", "verdict"),
    [
        ("believed", Verdict.ACCEPTED),
        ("lower", Verdict.DECREASED),
        ("slightly_lower", Verdict.JITTER),
        ("full", Verdict.ROLLOVER_CANDIDATE),
        ("jump", Verdict.IMPLAUSIBLE_RISE),
        ("replaced", Verdict.REPLACED),
    ],
)
def test_verdicts_of_version_0_1_0_are_understood(former: str, verdict: Verdict) -> None:
    (found,) = decode_items(Gap, [encode(GAP) | {"verdict": former}])
    assert found.verdict is verdict
