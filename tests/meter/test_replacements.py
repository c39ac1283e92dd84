"""Counters that went on from another reading: what is kept, and what the user says about them."""

from dataclasses import replace
import json
from typing import Any

import pytest

from custom_components.py_hab.counters.gap import Gap
from custom_components.py_hab.counters.verdict import Verdict
from custom_components.py_hab.meter.counter_stage import Replacement
from custom_components.py_hab.meter.replacements import MAX_REPLACEMENTS, Answer, Replacements
from custom_components.py_hab.sml.registers import Quantity
from custom_components.py_hab.util.records import encode
from tests.conftest import START

IMPORT = Quantity.ENERGY_IMPORT


def replacement(
    now: float, verdict: Verdict = Verdict.REPLACED, gap: Gap | None = None
) -> Replacement:
    return Replacement(quantity=IMPORT, verdict=verdict, before=100.0, now=now, gap=gap)


def restored(notes: object) -> Replacements:
    found = Replacements()
    found.restore(notes)
    return found


def several(*items: Replacement) -> Replacements:
    """Return the replacements of the first meter."""
    found = Replacements()
    for item in items:
        found.add("", item, START)
    return found


def gap(end: float) -> Gap:
    return Gap(
        key="energy_import",
        start=end - 3600,
        before=100.0,
        end=end,
        after=1.0,
        verdict=Verdict.REPLACED,
        counted=0.1,
    )


def stored(replacements: Replacements) -> Any:
    """Return what a file holds."""
    return json.loads(json.dumps(encode(replacements.records)))


def test_only_so_many_replacements_are_kept() -> None:
    found = several(*map(replacement, range(MAX_REPLACEMENTS + 5)))
    assert [record.now for record in found.records] == [*range(5, MAX_REPLACEMENTS + 5)]


def test_answer_is_for_all_open_questions_of_a_meter() -> None:
    found = several(replacement(1), replacement(2, Verdict.ROLLED_OVER))
    found.add("2", replacement(3), START)
    found.answer("", Answer.NEW_METER, {})
    found.add("", replacement(4), START)
    assert [record.answer for record in found.records] == ["new_meter", None, None, None]
    assert [record.now for record in found.unanswered("")] == [4]
    assert [record.now for record in found.unanswered("2")] == [3]


@pytest.mark.parametrize("notes", [None, {}, 5, ["x"], [{"place": ""}], [[]]])
def test_spoilt_records_are_left_out(notes: object) -> None:
    assert restored(notes).records == []


def test_records_are_found_again() -> None:
    found = several(replacement(1), replacement(2, gap=gap(10_000.0)))
    found.answer("", Answer.SAME_METER, {})
    assert restored([*stored(found), {"place": ""}]).records == found.records


def test_what_both_meters_have_counted_goes_into_the_gap_of_the_question() -> None:
    first, second = gap(10_000.0), gap(20_000.0)
    found = restored(stored(several(replacement(1, gap=first), replacement(2, gap=second))))
    assert found.answer("", Answer.NEW_METER, {IMPORT: 7.5}) == [replace(first, counted=7.5)]
    assert found.unanswered("") == []


@pytest.mark.parametrize("counted", [{}, {Quantity.ENERGY_EXPORT: 7.5}])
def test_without_readings_no_gap_is_repaired(counted: dict[Quantity, float]) -> None:
    found = several(replacement(1, gap=gap(10_000.0)))
    assert found.answer("", Answer.NEW_METER, counted) == []


def test_readings_about_an_unknown_gap_repair_nothing() -> None:
    assert several(replacement(1)).answer("", Answer.NEW_METER, {IMPORT: 7.5}) == []
