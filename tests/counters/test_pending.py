"""What confirms readings that a single one does not prove."""

import pytest

from custom_components.py_hab.counters.gap import Reading
from custom_components.py_hab.counters.pending import MAX_KNOWN, Pending, confirmation_of
from custom_components.py_hab.counters.verdict import Verdict

START = 100.0


def pending(verdict: Verdict, *seconds: float) -> Pending:
    """Return equal readings that were received so many seconds after the first one."""
    found = Pending(verdict, Reading(5.0, START), Reading(5.0, START))
    for second in seconds:
        found.add(Reading(5.0, START + second))
    return found


@pytest.mark.parametrize(
    ("verdict", "enough", "too_few", "too_soon", "final"),
    [
        (Verdict.ZERO, (30, 60), (60,), (20, 40, 59), Verdict.ACCEPTED),
        (Verdict.QUARANTINED, (4.5,), (), (1, 2, 4), Verdict.ACCEPTED),
        (Verdict.ROLLOVER_CANDIDATE, (4.5,), (), (1, 2, 4), Verdict.ROLLED_OVER),
        (Verdict.DECREASED, (1, 2, 3, 600), (1, 2, 600), (1, 2, 3, 599), Verdict.REPLACED),
        (Verdict.IMPLAUSIBLE_RISE, (1, 2, 3, 600), (1, 2, 600), (1, 2, 3, 599), Verdict.REPLACED),
    ],
)
def test_as_many_readings_over_as_much_time_confirm(
    verdict: Verdict,
    enough: tuple[float, ...],
    too_few: tuple[float, ...],
    too_soon: tuple[float, ...],
    final: Verdict,
) -> None:
    confirmation = confirmation_of(verdict, expected=None, is_first=True)
    assert confirmation is not None
    assert confirmation.verdict is final
    assert confirmation.is_met_by(pending(verdict, *enough))
    assert not confirmation.is_met_by(pending(verdict, *too_few))
    assert not confirmation.is_met_by(pending(verdict, *too_soon))


@pytest.mark.parametrize("verdict", [Verdict.ACCEPTED, Verdict.JITTER, Verdict.NEGATIVE])
def test_some_verdicts_need_no_confirmation_or_have_none(verdict: Verdict) -> None:
    assert confirmation_of(verdict, expected=None, is_first=True) is None


def test_zero_after_another_reading_is_never_confirmed() -> None:
    assert confirmation_of(Verdict.ZERO, expected=None, is_first=False) is None


@pytest.mark.parametrize("verdict", [Verdict.ZERO, Verdict.JITTER, Verdict.DECREASED])
def test_expected_counter_needs_a_minute(verdict: Verdict) -> None:
    confirmation = confirmation_of(verdict, expected=Verdict.KEY_CORRECTED, is_first=False)
    assert confirmation is not None
    assert confirmation.verdict is Verdict.KEY_CORRECTED
    assert confirmation.is_met_by(pending(verdict, 30, 60))
    assert not confirmation.is_met_by(pending(verdict, 30, 59))


def test_plausible_reading_is_not_that_of_the_expected_counter() -> None:
    expected = confirmation_of(Verdict.QUARANTINED, expected=Verdict.REPLACED, is_first=False)
    assert expected == confirmation_of(Verdict.QUARANTINED, expected=None, is_first=False)


def test_first_reading_and_those_at_full_hours_are_kept() -> None:
    found = Pending(Verdict.DECREASED, Reading(1.0, 3000.0), Reading(1.0, 3000.0))
    found.add(Reading(1.2, 3550.0))
    found.add(Reading(1.3, 3650.0))
    found.add(Reading(1.9, 7300.0))
    assert found.known == {3000: 1.0, 3600: 1.2}, "of 7200, nothing is known"
    for number in range(8 * MAX_KNOWN):
        found.add(Reading(2.0, 7300.0 + 600 * number))
    assert len(found.known) == MAX_KNOWN
    assert found.count == 4 + 8 * MAX_KNOWN
