"""Times without readings: which are noted, what was counted in them, and what a note tells."""

from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.py_hab.counters.gap import Gap, gap_between, gaps_from_notes
from custom_components.py_hab.counters.guard import ACCEPTING, Verdict

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


def between(
    before: tuple[float | None, float | None],
    after: tuple[float, float],
    verdict: Verdict = Verdict.ACCEPTED,
    usual: float = 0.0,
) -> Gap | None:
    return gap_between("a", before, after, verdict=verdict, usual=usual)


@pytest.mark.parametrize(
    ("begin", "end", "usual", "is_gap"),
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
    begin: float, end: float, usual: float, is_gap: bool
) -> None:
    found = between((100.0, T0 + begin), (100.5, T0 + end), usual=usual)
    assert (found is not None) is is_gap


@pytest.mark.parametrize(
    "before", [(None, T0), (100.0, None), (None, None), (100.0, T0 + 9 * HOUR)]
)
def test_without_a_reading_and_its_time_before_there_is_no_gap(
    before: tuple[float | None, float | None],
) -> None:
    after = (105.0, T0 + 5 * HOUR)
    assert between(before, after) is None
    assert between(before, after, Verdict.REPLACED) is None


def test_a_silence_without_consumption_matters_only_if_the_sum_may_begin_anew() -> None:
    assert between((100.0, T0), (100.0, T0 + 5 * HOUR)) is None
    assert between((100.0, T0), (100.0, T0 + DAY)) is None
    found = between((100.0, T0), (100.0, T0 + 60 * DAY))
    assert found is not None
    assert found.energy == 0.0


@pytest.mark.parametrize("verdict", [Verdict.REPLACED, Verdict.ROLLED_OVER])
def test_a_counter_that_went_on_from_elsewhere_leaves_a_gap_however_short(
    verdict: Verdict,
) -> None:
    found = between((9999.5, T0), (0.5, T0 + 5.0), verdict)
    assert found is not None
    assert not found.goes_on


def test_what_was_counted_depends_on_why_the_reading_is_believed() -> None:
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
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
def test_a_note_tells_the_whole_gap(
    times: list[float], before: float, after: float, verdict: Verdict, counted: float | None
) -> None:
    gap = Gap(
        key="1.8.0",
        start=times[0],
        before=before,
        end=times[1],
        after=after,
        verdict=verdict,
        counted=counted,
    )
    assert Gap.from_note(gap.note()) == gap


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
def test_a_note_that_makes_no_sense_is_none(change: dict[str, Any]) -> None:
    assert Gap.from_note(GAP.note()) == GAP
    assert Gap.from_note(GAP.note() | change) is None


@pytest.mark.parametrize("name", ["key", "start", "before", "end", "after", "verdict", "counted"])
def test_a_note_that_lacks_something_is_none(name: str) -> None:
    note = GAP.note()
    del note[name]
    assert Gap.from_note(note) is None


@pytest.mark.parametrize("notes", [None, {}, "gaps", 3])
def test_what_is_no_list_of_notes_holds_no_gaps(notes: object) -> None:
    assert gaps_from_notes(notes) == []


def test_only_notes_that_make_sense_are_recalled() -> None:
    assert gaps_from_notes([GAP.note(), None, 5, {}, GAP.note()]) == [GAP, GAP]
