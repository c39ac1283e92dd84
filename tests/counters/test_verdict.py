"""The verdicts: which of them accept a reading, and what earlier versions have stored."""

from typing import Any

import pytest

from custom_components.py_hab.counters.verdict import ACCEPTING, Verdict


@pytest.mark.parametrize("verdict", Verdict)
def test_some_verdicts_accept_a_reading(verdict: Verdict) -> None:
    accepting = {
        Verdict.ACCEPTED,
        Verdict.ROLLED_OVER,
        Verdict.REPLACED,
        Verdict.UNIT_CORRECTED,
        Verdict.KEY_CORRECTED,
    }
    assert verdict.is_accepting is (verdict in accepting)
    assert accepting == ACCEPTING


@pytest.mark.parametrize("verdict", Verdict)
def test_a_stored_verdict_is_read_again(verdict: Verdict) -> None:
    assert Verdict(verdict.value) is verdict


@pytest.mark.parametrize(
    ("stored", "verdict"),
    [
        ("believed", Verdict.ACCEPTED),
        ("slightly_lower", Verdict.JITTER),
        ("lower", Verdict.DECREASED),
        ("full", Verdict.ROLLOVER_CANDIDATE),
        ("jump", Verdict.IMPLAUSIBLE_RISE),
    ],
)
def test_a_verdict_of_the_first_version_is_read(stored: str, verdict: Verdict) -> None:
    assert Verdict(stored) is verdict


@pytest.mark.parametrize("stored", ["", "ACCEPTED", "accepted ", "unheard of", None, 1, []])
def test_any_other_value_is_no_verdict(stored: Any) -> None:
    with pytest.raises(ValueError, match="is not a valid Verdict"):
        Verdict(stored)
