"""Which blocks of a reader's messages are those of electricity meters."""

from collections.abc import Mapping
from typing import Any

import pytest

from custom_components.py_hab.sml.key_mapping import assigned_mappings
from custom_components.py_hab.sml.meter_candidates import MAX_OTHER_BLOCKS, MeterCandidates
from custom_components.py_hab.sml.payload import Block

METER = {"E_in": 5.0, "Power": 300.0}
UNCLEAR = {"Total": 5.0}


def meters(candidates: MeterCandidates, **blocks: dict[str, Any]) -> list[str]:
    """Return the prefixes of the blocks in a whole message that are those of meters."""
    return meters_beside({}, candidates, blocks)


def meters_beside(
    known: Mapping[str, str], candidates: MeterCandidates, blocks: Mapping[str, dict[str, Any]]
) -> list[str]:
    """Return the same for a reader with known meters, by index."""
    message = [Block(prefix=prefix, fields=fields) for prefix, fields in blocks.items()]
    return [block.prefix for block in candidates.meters_among(message, known)]


def of(**assigned: str) -> MeterCandidates:
    """Return the candidates of a reader with what the user has assigned."""
    return MeterCandidates(assigned_mappings(assigned))


def test_unclear_block_is_a_meter_only_if_it_is_alone() -> None:
    alone = of()
    assert meters(alone, m=UNCLEAR) == ["m"]
    assert alone.others == {}
    beside = of()
    assert meters(beside, m=UNCLEAR, house=METER) == ["house"]
    assert beside.others.keys() == {"m"}
    two = of()
    assert meters(two, m=UNCLEAR, n=UNCLEAR) == ["m"]
    assert two.others.keys() == {"n"}


def test_block_that_becomes_clear_is_no_longer_set_aside() -> None:
    candidates = of()
    meters(candidates, m=UNCLEAR, house=METER)
    assert meters(candidates, m=METER, house=METER) == ["m", "house"]
    assert candidates.others == {}


def test_second_meter_of_another_medium_is_set_aside_the_first_one_is_not() -> None:
    message = {"Gas": UNCLEAR, "Wasser": UNCLEAR | {"Temperature": 20.0}}
    candidates = of()
    assert meters_beside({"": "Gas", "2": "Wasser"}, candidates, message) == ["Gas"]
    assert candidates.others.keys() == {"Wasser"}


def test_removed_block_is_a_meter_again_only_if_the_user_says_so() -> None:
    candidates = of()
    candidates.removed.add("m")
    assert meters(candidates, m=METER) == []
    confirmed = of(**{"m / E_in": "energy_import"})
    confirmed.removed.add("m")
    assert meters(confirmed, m=METER) == ["m"]


def test_number_of_an_electricity_meter_makes_a_meter_of_an_unclear_block() -> None:
    number = {"Total": 5.0, "Meter_id": "1ISK0090913873"}
    assert meters(of(), house=METER, Heat=number) == ["house", "Heat"]


@pytest.mark.parametrize(
    ("fields", "number"),
    [
        ({"E_in": 5.0}, None),
        ({"E_in": 5.0, "Meter_id": "1ISK0090913873"}, "1ISK0090913873"),
        ({"E_in": 5.0, "Meter_id": ""}, None),
    ],
)
def test_number_of_a_block(fields: dict[str, Any], number: str | None) -> None:
    assert of().number_in(Block(prefix="m", fields=fields)) == number


def test_assignments_hold_in_one_block_or_in_all() -> None:
    candidates = of(**{"x": "power", "m / y": "energy_import"})
    assert {"x", "y"} <= candidates.assigned_in("m").keys()
    assert "y" not in candidates.assigned_in("n")


def test_others_are_limited() -> None:
    candidates = of()
    for number in range(2 * MAX_OTHER_BLOCKS):
        meters(candidates, house=METER, **{f"block{number}": UNCLEAR})
    assert len(candidates.others) == MAX_OTHER_BLOCKS
    meters(candidates, house=METER, block0=UNCLEAR | {"Temperature": 20.0})
    assert candidates.others["block0"].fields["Temperature"] == 20.0, "the last one of each"
