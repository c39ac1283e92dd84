"""What a user may say that a key means."""

from typing import Any

import pytest

from custom_components.py_hab.register_choice import (
    CHOICES,
    METER_CHOICES,
    assigned_registers,
    choice_of,
)
from custom_components.py_hab.sml_registers import COUNTERS, QUANTITIES, Kind, Register, Role
from custom_components.py_hab.sml_vocabulary import register_of


@pytest.mark.parametrize(
    ("choice", "register"),
    [
        ("energy_import", Register(Role.ENERGY_IMPORT)),
        ("energy_import_in_wh", Register(Role.ENERGY_IMPORT, 0.001)),
        ("energy_export_t2_in_wh", Register(Role.ENERGY_EXPORT_T2, 0.001)),
        ("power", Register(Role.POWER)),
        ("power_in_kw", Register(Role.POWER, 1000.0)),
        ("power_absolute", Register(Role.POWER_ABSOLUTE)),
        ("voltage_l1", Register(Role.VOLTAGE_L1)),
        ("power_factor", Register(Role.POWER_FACTOR)),
        ("meter_id", Register(Role.METER_ID)),
        ("no_measurement", Register(Role.NO_MEASUREMENT)),
    ],
)
def test_choices_stand_for_registers(choice: str, register: Register) -> None:
    assert CHOICES[choice] == register
    assert choice_of(register) == choice


def test_every_role_can_be_chosen() -> None:
    assert {register.role for register in CHOICES.values()} == {*Role}
    assert list(CHOICES)[-1] == "no_measurement"


def test_every_choice_stands_for_itself_alone() -> None:
    assert [choice_of(register) for register in CHOICES.values()] == list(CHOICES)


def test_energy_and_power_alone_may_be_in_another_unit() -> None:
    scaled = {register.role for register in CHOICES.values() if register.factor != 1}
    units = {"kWh", "W", "kvarh", "var"}
    assert scaled == {role for role, item in QUANTITIES.items() if item.unit in units}


def test_a_doubtful_register_has_the_same_choice() -> None:
    assert choice_of(Register(Role.POWER, 1000.0, doubtful=True)) == "power_in_kw"


@pytest.mark.parametrize(
    "register",
    [Register(Role.POWER, 17.0), Register(Role.VOLTAGE_L1, 1000.0)],
    ids=repr,
)
def test_some_registers_have_no_choice(register: Register) -> None:
    assert choice_of(register) is None


@pytest.mark.parametrize("key", ["E_in", "Power", "import", "kw_in", "1.7.0", "Volt_p1", "Time"])
def test_what_the_vocabulary_knows_can_be_shown(key: str) -> None:
    register = register_of(key)
    assert register is not None
    assert choice_of(register) in CHOICES


@pytest.mark.parametrize(
    ("options", "registers"),
    [
        ({}, {}),
        (
            {"x": "energy_import", "y": "power_in_kw", "z": "no_measurement"},
            {
                "x": Register(Role.ENERGY_IMPORT),
                "y": Register(Role.POWER, 1000.0),
                "z": Register(Role.NO_MEASUREMENT),
            },
        ),
        ({"x": "energy", "y": "", "z": None, "power": "power"}, {"power": Register(Role.POWER)}),
        ({"x": 1, "y": True, "maker": "Maker"}, {}),
        (None, {}),
        ([], {}),
        ("energy_import", {}),
    ],
    ids=["none", "some", "unknown ones", "no texts", "no options", "a list", "a text"],
)
def test_options_say_what_keys_mean(options: Any, registers: dict[str, Register]) -> None:
    assert assigned_registers(options) == registers


@pytest.mark.parametrize("choice", [[], {}, ["power"]], ids=repr)
def test_options_changed_by_hand_say_nothing(choice: object) -> None:
    assert assigned_registers({"x": choice, "y": "power"}) == {"y": Register(Role.POWER)}


def test_a_meter_has_energy_or_power() -> None:
    for choice, register in CHOICES.items():
        tells = register.role in COUNTERS or register.role in {
            Role.POWER,
            Role.POWER_ABSOLUTE,
            Role.POWER_IMPORT,
            Role.POWER_EXPORT,
        }
        assert (choice in METER_CHOICES) is tells
    assert all(QUANTITIES[CHOICES[choice].role].kind is not Kind.TEXT for choice in METER_CHOICES)
