"""How published values are shown, whatever a script publishes."""

from typing import Any

import pytest

from custom_components.py_hab.flows.received import (
    ReceivedValue,
    as_table,
    in_form_order,
    meaning_of,
    seems_locked,
    value_text,
    values_by_name,
)
from custom_components.py_hab.sml.key_mapping import CHOICES


@pytest.mark.parametrize(
    ("choice", "value", "shown"),
    [
        ("energy_import", 31152.372, "31,152.372 kWh"),
        ("energy_import_in_wh", 15119035.2, "15,119.0352 kWh"),
        ("power_in_kw", 0.377, "377 W"),
        ("power", "377", "377 W"),
        ("power_factor", 0.98, "0.98"),
        ("power", "off", "off"),
        ("power", None, "-"),
        ("meter_id", "0a0149534b00056b3c51", "1ISK0090913873"),
        ("meter_id", "", "-"),
        ("meter_id", 0, "-"),
        ("maker", "ISK", "Iskraemeco"),
        ("no_measurement", "12:00", "12:00"),
        (None, 1234.5, "1,234.5"),
        (None, True, "-"),
        (None, "x" * 100, "x" * 40),
    ],
)
def test_a_value_is_shown_in_its_unit(choice: str | None, value: Any, shown: str) -> None:
    mapping = CHOICES[choice] if choice else None
    assert value_text(value, mapping, language="en").removesuffix("…")[:40] == shown


def test_numbers_are_written_as_the_language_does() -> None:
    assert value_text(31152.372, CHOICES["energy_import"], language="de") == "31.152,372 kWh"


def test_a_meaning_has_no_unit_of_its_own() -> None:
    texts = {"component.py_hab.selector.register.options.power": "Leistung (W)"}
    assert meaning_of("power", texts) == meaning_of("power_in_kw", texts) == "Leistung"
    assert meaning_of(None, texts) == "-"
    assert meaning_of("frequency", texts) == "frequency"


def test_keys_are_shown_in_the_order_of_the_list_of_meanings() -> None:
    choices = {
        "clock": "no_measurement",
        "U": "voltage_l1",
        "P": "power_in_kw",
        "out": "energy_export",
        "in": "energy_import_in_wh",
    }
    names = ["what", "clock", "U", "P", "out", "in", "P"]
    assert in_form_order(names, choices) == ["in", "out", "P", "U", "what", "clock"]


def test_blocks_are_named_where_there_are_several() -> None:
    one = ReceivedValue("house", "E_in", "E_in", 5)
    other = ReceivedValue("water", "water / E", "E", 7)
    choices = {"E_in": "energy_import"}
    assert as_table([one], choices, {}, language="en") == "| energy_import | 5 kWh | `E_in` |"
    assert as_table([other, one], choices, {}, language="en").splitlines() == [
        "| energy_import | 5 kWh | `house` `E_in` |",
        "| - | 7 | `water` `E` |",
    ]
    assert values_by_name([other, one], choices, language="en") == {
        "E_in": "5 kWh",
        "water / E": "7",
    }


@pytest.mark.parametrize(
    ("values", "locked"),
    [
        ({"energy_import": 18661, "power": 0, "meter_id": ""}, True),
        ({"energy_import": 18661.0, "power": 0}, True),
        ({"energy_import": 18661, "meter_id": ""}, True),
        ({"energy_import_in_wh": 18661000, "power": 0}, True),
        ({"energy_import_in_wh": 18661500, "power": 0}, False),
        ({"energy_import": 18661.3, "power": 0, "meter_id": ""}, False),
        ({"energy_import": 18661, "power": 300, "meter_id": ""}, False),
        ({"energy_import": 18661}, False),
        ({"energy_import": 0, "power": 0}, False),
        ({"energy_import": "none", "power": 0}, False),
        ({"power": 0, "meter_id": ""}, False),
    ],
    ids=repr,
)
def test_a_locked_meter_is_noticed(values: dict[str, Any], locked: bool) -> None:
    received = [ReceivedValue("m", key, key, value) for key, value in values.items()]
    assert seems_locked(received, {key: key for key in values}) is locked
