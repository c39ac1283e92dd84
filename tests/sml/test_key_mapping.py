"""What a user may say that a key means."""

from typing import Any

import pytest

from custom_components.py_hab.sml.key_mapping import (
    CHOICES,
    METER_CHOICES,
    assigned_in_block,
    assigned_mappings,
    choice_of,
    is_confirmed_meter,
    is_in_block,
    key_in_block,
)
from custom_components.py_hab.sml.key_names import mapping_of_name
from custom_components.py_hab.sml.registers import (
    COUNTERS,
    QUANTITIES,
    KeyMapping,
    Quantity,
    QuantityKind,
)


@pytest.mark.parametrize(
    ("choice", "mapping"),
    [
        ("energy_import", KeyMapping(Quantity.ENERGY_IMPORT)),
        ("energy_import_in_wh", KeyMapping(Quantity.ENERGY_IMPORT, 0.001)),
        ("energy_export_t2_in_wh", KeyMapping(Quantity.ENERGY_EXPORT_T2, 0.001)),
        ("power", KeyMapping(Quantity.POWER)),
        ("power_in_kw", KeyMapping(Quantity.POWER, 1000.0)),
        ("power_absolute", KeyMapping(Quantity.POWER_ABSOLUTE)),
        ("voltage_l1", KeyMapping(Quantity.VOLTAGE_L1)),
        ("power_factor", KeyMapping(Quantity.POWER_FACTOR)),
        ("meter_id", KeyMapping(Quantity.METER_ID)),
        ("no_measurement", KeyMapping(Quantity.NO_MEASUREMENT)),
    ],
)
def test_choices_stand_for_registers(choice: str, mapping: KeyMapping) -> None:
    assert CHOICES[choice] == mapping
    assert choice_of(mapping) == choice


def test_every_quantity_can_be_chosen() -> None:
    assert {mapping.quantity for mapping in CHOICES.values()} == {*Quantity}
    assert list(CHOICES)[-1] == "no_measurement"


def test_every_choice_stands_for_itself_alone() -> None:
    assert [choice_of(mapping) for mapping in CHOICES.values()] == list(CHOICES)


def test_energy_and_power_alone_may_be_in_another_unit() -> None:
    scaled = {mapping.quantity for mapping in CHOICES.values() if mapping.factor != 1}
    units = {"kWh", "W", "kvarh", "var"}
    assert scaled == {quantity for quantity, item in QUANTITIES.items() if item.unit in units}


def test_a_doubtful_register_has_the_same_choice() -> None:
    assert choice_of(KeyMapping(Quantity.POWER, 1000.0, doubtful=True)) == "power_in_kw"


@pytest.mark.parametrize(
    "mapping",
    [KeyMapping(Quantity.POWER, 17.0), KeyMapping(Quantity.VOLTAGE_L1, 1000.0)],
    ids=repr,
)
def test_some_registers_have_no_choice(mapping: KeyMapping) -> None:
    assert choice_of(mapping) is None


@pytest.mark.parametrize("key", ["E_in", "Power", "import", "kw_in", "1.7.0", "Volt_p1", "Time"])
def test_what_the_vocabulary_knows_can_be_shown(key: str) -> None:
    mapping = mapping_of_name(key)
    assert mapping is not None
    assert choice_of(mapping) in CHOICES


@pytest.mark.parametrize(
    ("options", "mappings"),
    [
        ({}, {}),
        (
            {"x": "energy_import", "y": "power_in_kw", "z": "no_measurement"},
            {
                "x": KeyMapping(Quantity.ENERGY_IMPORT),
                "y": KeyMapping(Quantity.POWER, 1000.0),
                "z": KeyMapping(Quantity.NO_MEASUREMENT),
            },
        ),
        (
            {"x": "energy", "y": "", "z": None, "power": "power"},
            {"power": KeyMapping(Quantity.POWER)},
        ),
        ({"x": 1, "y": True, "maker": "Maker"}, {}),
        (None, {}),
        ([], {}),
        ("energy_import", {}),
    ],
    ids=["none", "some", "unknown ones", "no texts", "no options", "a list", "a text"],
)
def test_options_say_what_keys_mean(options: Any, mappings: dict[str, KeyMapping]) -> None:
    assert assigned_mappings(options) == mappings


@pytest.mark.parametrize("choice", [[], {}, ["power"]], ids=repr)
def test_options_changed_by_hand_say_nothing(choice: object) -> None:
    assert assigned_mappings({"x": choice, "y": "power"}) == {"y": KeyMapping(Quantity.POWER)}


def test_a_meter_has_energy_or_power() -> None:
    for choice, mapping in CHOICES.items():
        is_total = mapping.quantity in COUNTERS or mapping.quantity in {
            Quantity.POWER,
            Quantity.POWER_ABSOLUTE,
            Quantity.POWER_IMPORT,
            Quantity.POWER_EXPORT,
        }
        assert (choice in METER_CHOICES) is is_total
    assert all(
        QUANTITIES[CHOICES[choice].quantity].kind is not QuantityKind.TEXT
        for choice in METER_CHOICES
    )


# Choices for one block


def test_a_choice_may_hold_in_one_block_only() -> None:
    imported, ignored = KeyMapping(Quantity.ENERGY_IMPORT), KeyMapping(Quantity.NO_MEASUREMENT)
    assigned = {"Total_in": ignored, key_in_block("WP", "Total_in"): imported}
    assert assigned_in_block(assigned, "WP")["Total_in"] is imported
    assert assigned_in_block(assigned, "MT681")["Total_in"] is ignored
    assert is_in_block(key_in_block("WP", "Total_in"))
    assert not is_in_block("Total_in")


@pytest.mark.parametrize(
    ("quantity", "confirmed"),
    [
        (Quantity.ENERGY_IMPORT, True),
        (Quantity.POWER, True),
        (Quantity.VOLTAGE_L1, False),
        (Quantity.NO_MEASUREMENT, False),
    ],
)
def test_the_user_confirms_a_meter_by_its_counter_or_power(
    quantity: Quantity, confirmed: bool
) -> None:
    assigned = {key_in_block("WP", "Total_in"): KeyMapping(quantity)}
    assert is_confirmed_meter(assigned, "WP") is confirmed
    assert not is_confirmed_meter(assigned, "W")
    assert not is_confirmed_meter({"Total_in": KeyMapping(quantity)}, "WP")
