"""Which of the meters behind a reader a block belongs to."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from custom_components.py_hab.sml.meter_index import MAX_METERS, MISSED_MESSAGES, MeterIndex
from custom_components.py_hab.sml.payload import Block

WHOLE: Final = {"E_in": 1.0, "Power": 2.0}


def number_of(block: Block) -> str | None:
    number = block.fields.get("Meter_id")
    return number if isinstance(number, str) else None


def message(*prefixes: str, **numbers: str) -> list[Block]:
    """Return a whole message: some blocks without, some with the number of their meter."""
    return [
        *(Block(prefix=prefix, fields=WHOLE) for prefix in prefixes),
        *(
            Block(prefix=prefix, fields={**WHOLE, "Meter_id": number})
            for prefix, number in numbers.items()
        ),
    ]


def immediate(prefix: str, **fields: Any) -> list[Block]:
    return [Block(prefix=prefix, fields=fields or {"Power": 2.0})]


def meter_indices(meters: MeterIndex, blocks: list[Block]) -> dict[str, str]:
    """Return the place of each prefix that has got one."""
    return {block.prefix: meter_index for meter_index, block in meters.assign(blocks, number_of)}


def several(count: int) -> MeterIndex:
    """Return meters called "M1", "M2" and so on."""
    meters = MeterIndex(None)
    meters.assign(message(*(f"M{number}" for number in range(1, count + 1))), number_of)
    return meters


@pytest.mark.parametrize("prefix", ["MT681", ""])
def test_the_meter_that_was_chosen_is_the_first(prefix: str) -> None:
    meters = MeterIndex(prefix)
    assert dict(meters.prefixes) == {"": prefix}
    assert meter_indices(meters, message(prefix)) == {prefix: ""}
    assert meter_indices(meters, immediate(prefix)) == {prefix: ""}


@pytest.mark.parametrize("blocks", [message("SML"), immediate("SML")])
def test_without_a_choice_the_first_meter_received_is_the_first(blocks: list[Block]) -> None:
    meters = MeterIndex(None)
    assert meter_indices(meters, blocks) == {"SML": ""}
    assert dict(meters.prefixes) == {"": "SML"}


def test_an_empty_message_changes_nothing() -> None:
    meters = MeterIndex("MT681")
    assert meters.assign([], number_of) == []
    assert dict(meters.prefixes) == {"": "MT681"}


def test_a_second_meter_appears() -> None:
    meters = MeterIndex("House")
    assert meter_indices(meters, message("House", "Heat pump")) == {"House": "", "Heat pump": "2"}
    assert meter_indices(meters, message("Heat pump")) == {"Heat pump": "2"}
    assert meter_indices(meters, message("House", "Heat pump", "Wallbox")) == {
        "House": "",
        "Heat pump": "2",
        "Wallbox": "3",
    }


def test_blocks_come_back_with_their_fields() -> None:
    ((meter_index, block),) = MeterIndex("House").assign(immediate("House", Power=7), number_of)
    assert meter_index == ""
    assert block.fields == {"Power": 7}


def test_an_immediate_message_never_makes_a_new_meter() -> None:
    meters = MeterIndex("House")
    for _ in range(10 * MISSED_MESSAGES):
        assert meter_indices(meters, immediate("Heat pump")) == {}
    assert dict(meters.prefixes) == {"": "House"}


def test_an_immediate_message_shows_no_meter_missing() -> None:
    meters = MeterIndex("House")
    for _ in range(MISSED_MESSAGES - 1):
        assert meter_indices(meters, message("Haus")) == {}
    for _ in range(10 * MISSED_MESSAGES):
        assert meter_indices(meters, immediate("Haus")) == {}
    assert meter_indices(meters, message("Haus")) == {"Haus": ""}


def test_a_renamed_meter_keeps_its_place() -> None:
    meters = MeterIndex("House")
    for _ in range(MISSED_MESSAGES - 1):
        assert meter_indices(meters, message("MT681")) == {}
    assert meter_indices(meters, message("MT681")) == {"MT681": ""}
    assert meter_indices(meters, immediate("MT681")) == {"MT681": ""}
    assert dict(meters.prefixes) == {"": "MT681"}


def test_a_meter_that_publishes_again_was_not_renamed() -> None:
    meters = MeterIndex("House")
    for _ in range(5):
        for _ in range(MISSED_MESSAGES - 1):
            assert meter_indices(meters, message("Ghost")) == {}
        assert meter_indices(meters, immediate("House")) == {"House": ""}
    assert dict(meters.prefixes) == {"": "House"}


@pytest.mark.parametrize(
    ("names", "result"),
    [
        (("M1", "Neu"), {"M1": "", "Neu": "2"}),
        (("Neu", "M2"), {"Neu": "", "M2": "2"}),
        (("Neu", "Anders"), {"Neu": "", "Anders": "2"}),
    ],
    ids=["the second", "the first", "both, in their order"],
)
def test_of_two_meters_those_that_were_renamed_keep_their_places(
    names: tuple[str, str], result: dict[str, str]
) -> None:
    meters = several(2)
    for _ in range(MISSED_MESSAGES - 1):
        received = meter_indices(meters, message(*names))
        assert received == {
            name: meter_index for name, meter_index in result.items() if name.startswith("M")
        }
    assert meter_indices(meters, message(*names)) == result


def test_five_meters_that_were_all_renamed_keep_their_order() -> None:
    meters = several(MAX_METERS)
    for _ in range(MISSED_MESSAGES):
        assigned = meter_indices(meters, message("A", "B", "C", "D", "E"))
    assert assigned == {"A": "", "B": "2", "C": "3", "D": "4", "E": "5"}


@pytest.mark.parametrize("number", ["1ISK0090783944", "1EMH0010258111"])
def test_a_meter_with_the_same_number_moves_at_once(number: str) -> None:
    meters = several(2)
    meters.set_number("", "1ISK0090783944")
    meters.set_number("2", "1EMH0010258111")
    meter_index = "" if number.startswith("1ISK") else "2"
    assert meter_indices(meters, message(Neu=number)) == {"Neu": meter_index}
    assert meters.prefixes[meter_index] == "Neu"


def test_two_meters_swap_their_names_with_their_numbers() -> None:
    meters = several(2)
    meters.set_number("", "1ISK0090783944")
    meters.set_number("2", "1EMH0010258111")
    assert meter_indices(meters, message(A="1EMH0010258111", B="1ISK0090783944")) == {
        "A": "2",
        "B": "",
    }


def test_a_number_moves_nobody_who_is_still_there() -> None:
    meters = MeterIndex("House")
    meters.set_number("", "1ISK0090783944")
    assert meter_indices(meters, message("House", Copy="1ISK0090783944")) == {
        "House": "",
        "Copy": "2",
    }


def test_a_meter_with_another_number_waits_for_the_old_one() -> None:
    meters = MeterIndex("House")
    meters.set_number("", "1ISK0090783944")
    blocks = message(Neu="1EMH0010258111")
    for _ in range(MISSED_MESSAGES - 1):
        assert meter_indices(meters, blocks) == {}
    assert meter_indices(meters, blocks) == {"Neu": ""}


def test_while_a_meter_is_missing_no_other_one_appears() -> None:
    meters = several(2)
    assert meter_indices(meters, message("M1", "Neu")) == {"M1": ""}
    assert meter_indices(meters, message("M1", "M2", "Neu")) == {"M1": "", "M2": "2", "Neu": "3"}


def test_there_are_no_more_meters_than_the_driver_reads() -> None:
    meters = several(MAX_METERS)
    assert list(meters.prefixes) == ["", "2", "3", "4", "5"]
    everything = message(*meters.prefixes.values(), "One more")
    for _ in range(10):
        assert "One more" not in meter_indices(meters, everything)
    assert len(meters.prefixes) == MAX_METERS


def test_notes_bring_places_and_numbers_over_a_restart() -> None:
    meters = several(3)
    meters.set_number("2", "1EMH0010258111")
    later = MeterIndex("M1")
    later.restore(meters.as_stored())
    assert later.as_stored() == meters.as_stored()
    assert meter_indices(later, message("M2", "M3", "M1")) == {"M1": "", "M2": "2", "M3": "3"}
    assert meter_indices(later, message(Neu="1EMH0010258111")) == {"Neu": "2"}


def test_a_renamed_meter_is_found_under_its_new_name_after_a_restart() -> None:
    later = MeterIndex("House")
    later.restore({"": {"prefix": "Haus", "number": ""}})
    assert meter_indices(later, message("Haus")) == {"Haus": ""}


def test_an_unknown_number_is_no_number() -> None:
    """Neither an empty one from the notes, nor none in a message."""
    later = MeterIndex("House")
    later.restore({"": {"prefix": "House", "number": ""}})
    assert meter_indices(later, message("Neu")) == {}


@pytest.mark.parametrize(
    "notes",
    [
        None,
        [],
        "House",
        1,
        {"": None},
        {"": []},
        {"": {}},
        {"": {"prefix": "Haus"}},
        {"": {"prefix": 1, "number": "1"}},
        {"": {"prefix": "Haus", "number": None}},
    ],
    ids=repr,
)
def test_senseless_notes_are_ignored(notes: object) -> None:
    meters = MeterIndex("House")
    meters.restore(notes)
    assert dict(meters.prefixes) == {"": "House"}


def test_of_notes_the_senseless_part_alone_is_ignored() -> None:
    meters = MeterIndex("House")
    notes: Mapping[str, object] = {"": 1, "2": {"prefix": "Pump", "number": "2"}}
    meters.restore(notes)
    assert dict(meters.prefixes) == {"": "House", "2": "Pump"}
