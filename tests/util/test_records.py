"""What is stored of dataclasses, and what is made of a file that was changed by hand."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
import json
import math
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.util.records import (
    STORED_AS,
    decode,
    decode_items,
    decode_values,
    encode,
)

# Hypothesis says so of its own generator, on this version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Part:
    name: str
    weight: float | None = None


type Size = tuple[int, float]


@dataclass(kw_only=True)
class Whole:
    number: int
    colour: Colour = field(metadata={STORED_AS: "tint"})
    at: datetime
    size: Size
    day: date = date(2026, 3, 20)
    is_new: bool = True
    parts: list[Part] = field(default_factory=list)
    by_name: dict[str, Part] = field(default_factory=dict)
    by_number: dict[int, Colour] = field(default_factory=dict)
    anything: Any = None

    def __post_init__(self) -> None:
        """Refuse nonsense."""
        if self.number < 0:
            raise ValueError("negative")


FLOATS = st.floats(allow_nan=False, allow_infinity=False)
PARTS = st.builds(Part, st.text(), st.none() | FLOATS)
WHOLES = st.builds(
    Whole,
    number=st.integers(min_value=0),
    colour=st.sampled_from(Colour),
    at=st.datetimes(timezones=st.just(UTC)),
    size=st.tuples(st.integers(), FLOATS),
    is_new=st.booleans(),
    parts=st.lists(PARTS),
    by_name=st.dictionaries(st.text(), PARTS),
    by_number=st.dictionaries(st.integers(), st.sampled_from(Colour)),
    anything=st.none() | st.text() | st.lists(st.integers()),
)
GOOD: dict[str, Any] = {
    "number": 7,
    "tint": "red",
    "at": "2026-03-20T18:00:00+01:00",
    "size": [1, 2.5],
}


@given(WHOLES)
def test_what_was_stored_is_found_again(whole: Whole) -> None:
    assert decode(Whole, json.loads(json.dumps(encode(whole)))) == whole


def test_missing_fields_get_their_defaults_and_unknown_ones_are_ignored() -> None:
    found = decode(Whole, GOOD | {"of a later version": 1})
    assert (found.is_new, found.parts, found.anything) == (True, [], None)
    assert found.at == datetime(2026, 3, 20, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": "7"},
        {"number": 7.0},
        {"number": True},
        {"number": None},
        {"number": -1},
        {"tint": "green"},
        {"tint": ["red"]},
        {"at": "2026-03-20T18:00:00"},
        {"at": "yesterday"},
        {"at": 1.5},
        {"size": [1]},
        {"size": [1, "2"]},
        {"size": {"0": 1}},
        {"size": [1, math.nan]},
        {"size": [1, math.inf]},
        {"size": [1, 10**400]},
        {"is_new": 1},
        {"parts": {}},
        {"parts": [{"weight": 1.0}]},
        {"parts": [{"name": "x", "weight": "much"}]},
        {"by_name": []},
        {"by_name": {"x": None}},
        {"by_number": {"x": "red"}},
    ],
    ids=repr,
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(Whole, GOOD | wrong)


@pytest.mark.parametrize("name", GOOD)
def test_a_field_without_a_default_must_be_there(name: str) -> None:
    with pytest.raises(ValueError, match="missing"):
        decode(Whole, {key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize("stored", [None, 5, "x", [], True])
def test_what_is_no_object_is_no_dataclass(stored: object) -> None:
    with pytest.raises(ValueError, match="not"):
        decode(Part, stored)


def test_of_several_those_that_make_sense_are_kept() -> None:
    parts = [{"name": "a"}, None, {"weight": 1}, {"name": "b", "weight": 2}]
    assert decode_items(Part, parts) == [Part("a"), Part("b", 2.0)]
    assert decode_values(Part, dict(enumerate(map(str, "ab"), 1)) | {"c": parts[0]}) == {
        "c": Part("a")
    }


@pytest.mark.parametrize("stored", [None, 5, "x", True])
def test_without_a_list_or_an_object_there_is_nothing(stored: object) -> None:
    assert decode_items(Part, stored) == []
    assert decode_values(Part, stored) == {}
