"""What the set-up of a meter asks about the keys of a reader, and what is stored of the answers."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from custom_components.py_hab.flows.reader_keys import ReaderKeys
from custom_components.py_hab.meter.probe import ProbeResult
from custom_components.py_hab.sml.registers import KeyMapping, Quantity

METER: Final = {"E_in": 15119.035, "E_out": 812.3, "Power": 230}
WATER: Final = {"Total_in": 310.209}


def keys_of(
    blocks: Mapping[str, Mapping[str, object]],
    *,
    assigned: Mapping[str, KeyMapping] | None = None,
    by_values: dict[str, str] | None = None,
) -> ReaderKeys:
    return ReaderKeys.of(ProbeResult(blocks=blocks), assigned or {}, by_values or {})


def test_a_recognized_meter_is_suggested_as_its_names_say() -> None:
    keys = keys_of({"MT681": METER})
    assert keys.is_certain
    assert keys.suggested == {
        "E_in": "energy_import",
        "E_out": "energy_export",
        "Power": "power",
    }
    assert keys.meter_block(keys.suggested) == "MT681"
    assert keys.assignments(keys.suggested) == {}


def test_the_electricity_meter_comes_before_a_water_meter() -> None:
    keys = keys_of({"WZ": WATER, "MT681": METER})
    assert keys.meter_block(keys.suggested) == "MT681"
    assert keys.received[0].prefix == "MT681"


@pytest.mark.parametrize(
    "doubt",
    [
        {"blocks": {"MT681": METER | {"foo": 17}}},
        {"blocks": {"MT681": METER | {"E_in": 15_119_035}}},
        {"blocks": {"MT681": METER}, "by_values": {"Power": "energy_import"}},
        {"blocks": {"": {"foo": 17}}},
    ],
    ids=["unknown key", "too many kWh", "the values say something else", "no meter"],
)
def test_the_user_is_to_look_where_something_is_open(doubt: dict[str, Any]) -> None:
    assert not keys_of(**doubt).is_certain


def test_what_the_user_has_assigned_before_stays() -> None:
    keys = keys_of(
        {"MT681": METER | {"foo": 17}}, assigned={"foo": KeyMapping(Quantity.NO_MEASUREMENT)}
    )
    assert keys.is_certain
    assert keys.assignments(keys.suggested) == {"foo": "no_measurement"}


def test_without_a_counter_no_block_is_a_meter() -> None:
    keys = keys_of({"MT681": {"foo": 17}})
    assert keys.meter_block(keys.suggested) is None
    assert keys.meter_block({"foo": "energy_import"}) == "MT681"
