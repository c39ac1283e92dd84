"""What a form shows of the keys' meanings, and what is stored of the answers."""

from collections.abc import Mapping, Sequence
import json
from typing import Any

import pytest
import voluptuous as vol

from custom_components.py_hab.flows.key_section import (
    KeySection,
    chosen_mappings,
    suggested_choices,
)
from custom_components.py_hab.sml.key_mapping import CHOICES, assigned_mappings, choice_of
from custom_components.py_hab.sml.key_names import mapping_of_name
from custom_components.py_hab.sml.registers import KeyMapping, Quantity
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers.data_entry_flow import FlowManagerResourceView
from homeassistant.helpers.json import json_bytes
from tests.support.dialogue import TEXTS

STRANGE = ["Zähler Stand", " leading", "1.8.0", "A+", "-R", "kW_L1+L2+L3", 'quote"d', "100%", "✓"]


def page(form: vol.Schema) -> list[dict[str, Any]]:
    """Return the fields of a form as they reach the browser."""
    shown: Any = {"type": FlowResultType.FORM, "data_schema": form}
    manager: Any = None
    sent = FlowManagerResourceView(manager)._prepare_result_json(shown)
    fields: list[dict[str, Any]] = json.loads(json_bytes(sent["data_schema"]))
    return fields


def form_of(
    keys: Sequence[str], values: Mapping[str, str] | None = None, *, collapsed: bool = True
) -> vol.Schema:
    """Return a form that asks for the meanings of keys."""
    return vol.Schema(
        {vol.Required("registers"): KeySection(keys, values or {}, collapsed=collapsed)}
    )


# The form


@pytest.mark.parametrize("collapsed", [True, False])
def test_a_form_with_any_key_reaches_the_browser(collapsed: bool) -> None:
    [field] = page(form_of(STRANGE, collapsed=collapsed))
    assert field["name"] == "registers"
    assert field["type"] == "expandable"
    assert field["required"]
    assert field["expanded"] is not collapsed
    assert [item["name"] for item in field["schema"]] == STRANGE
    for item in field["schema"]:
        assert item["optional"] or not item["required"]
        select = item["selector"]["select"]
        assert select["options"] == list(CHOICES)
        assert select["translation_key"] == "register"


def test_each_key_is_asked_for_once_and_one_without_a_name_not_at_all() -> None:
    [field] = page(form_of(["", "E_in", "Power"]))
    assert [item["name"] for item in field["schema"]] == ["E_in", "Power"]
    [field] = page(form_of([""]))
    assert field["schema"] == []


def test_a_form_takes_choices_only() -> None:
    form = form_of(STRANGE)
    some: dict[str, Any] = {"registers": {STRANGE[0]: "energy_import"}}
    assert form(some) == some
    assert form({"registers": {}}) == {"registers": {}}
    wrong: list[dict[str, Any]] = [
        {},
        {"registers": {STRANGE[0]: "nonsense"}},
        {"registers": {"another": "power"}},
    ]
    for answer in wrong:
        with pytest.raises((vol.Invalid, InvalidData)):
            form(answer)


def test_each_field_is_labelled_with_the_value_of_its_key() -> None:
    keys = ["E_in", "foo", "empty", "Power"]
    values = {"E_in": "7 kWh", "foo": "<b>*x*\n_y_", "Power": "377 W", "empty": ""}
    form = form_of(keys, values)
    [field] = page(form)
    # The frontend shows labels as plain text.
    shown = ["E_in: 7 kWh", "foo: <b>*x* _y_", "empty", "Power: 377 W"]
    assert [item["name"] for item in field["schema"]] == shown
    by_label = {"registers": {"E_in: 7 kWh": "energy_import", "empty": "power"}}
    by_key = {"registers": {"E_in": "energy_import", "empty": "power"}}
    assert form(by_label) == form(by_key) == by_key
    section: KeySection = form.schema["registers"]
    assert section.suggested({"Power": "power", "gone": "power"}) == {"Power: 377 W": "power"}


def test_labels_that_are_the_same_give_way_to_the_keys() -> None:
    form = form_of(["a", "a: b"], {"a": "b: c", "a: b": "c"})
    [field] = page(form)
    assert [item["name"] for item in field["schema"]] == ["a: b: c", "a: b"]
    chosen = {"registers": {"a": "power", "a: b": "voltage_l1"}}
    assert form(chosen) == chosen


def test_every_choice_has_a_text_and_a_meaning_of_its_own() -> None:
    assert TEXTS["selector"]["register"]["options"].keys() == CHOICES.keys()
    meanings = [(register.quantity, register.factor) for register in CHOICES.values()]
    assert len(set(meanings)) == len(meanings)
    assert list(CHOICES)[-1] == Quantity.NO_MEASUREMENT


# What it is filled with


def test_keys_are_taken_for_what_their_names_say() -> None:
    keys = ["E_in", "Pi", "Meter_id", "Zähler Stand", "Foo", "Date", ""]
    assert suggested_choices(keys, {}, {}) == {
        "E_in": "energy_import",
        "Pi": "power_import_in_kw",
        "Meter_id": "meter_id",
        "Zähler Stand": "energy_import",
        "Date": "no_measurement",
    }


def test_the_word_of_the_user_goes_first() -> None:
    assigned = assigned_mappings({"E_in": "no_measurement", "Foo": "power_in_kw"})
    assert suggested_choices(["E_in", "Foo"], assigned, {}) == {
        "E_in": "no_measurement",
        "Foo": "power_in_kw",
    }


@pytest.mark.parametrize(
    ("key", "choice"),
    [
        ("Q+", "reactive_power_import_in_kvar"),
        ("3_7_0", "reactive_power_import_in_kvar"),
        ("Meter_ID", "maker"),
    ],
)
def test_every_name_has_its_choice(key: str, choice: str) -> None:
    assert suggested_choices([key], {}, {}) == {key: choice}


# What is stored


def stored(key: str, choice: str | None) -> str | None:
    """Return what is stored of the choice for a key."""
    return chosen_mappings([key], {key: choice} if choice else {}, {}).get(key)


def test_what_the_name_says_is_not_stored() -> None:
    assert stored("E_in", "energy_import") is None
    assert stored("Date", "no_measurement") is None


def test_what_the_user_corrects_is_stored() -> None:
    assert stored("E_in", "energy_export") == "energy_export"
    assert stored("E_in", "energy_import_in_wh") == "energy_import_in_wh"
    assert stored("Date", "power") == "power"


def test_what_the_user_removes_is_not_used_any_more() -> None:
    assert stored("E_in", None) == "no_measurement"
    assert stored("Zähler Stand", None) == "no_measurement"


def test_what_the_user_assigns_is_stored() -> None:
    assert stored("Foo", "power_l3") == "power_l3"
    assert stored("Foo", "no_measurement") == "no_measurement"
    assert stored("Foo", None) is None


def test_a_confirmed_doubt_is_one_no_more() -> None:
    by_name = mapping_of_name("Zähler Stand")
    assert by_name is not None
    assert by_name.doubtful
    assert stored("Zähler Stand", "energy_import") == "energy_import"
    assert not CHOICES["energy_import"].doubtful


def test_a_key_without_a_name_is_never_stored() -> None:
    assert chosen_mappings(["", "Foo"], {"": "power", "Foo": "power"}, {}) == {"Foo": "power"}


@pytest.mark.parametrize("key", ["E_in", "Zähler Stand", "Q+", "Foo", "Date", "Pi"])
def test_confirming_again_changes_nothing(key: str) -> None:
    once = chosen_mappings([key], suggested_choices([key], {}, {}), {})
    again = chosen_mappings([key], suggested_choices([key], assigned_mappings(once), {}), {})
    assert again == once


# As options hold it


@pytest.mark.parametrize("options", [None, [], "power", {"Foo": "nonsense"}])
def test_nonsense_in_the_options_assigns_nothing(options: object) -> None:
    assert assigned_mappings(options) == {}


def test_every_choice_is_found_again() -> None:
    for choice, register in CHOICES.items():
        assert choice_of(register) == choice
    assert choice_of(KeyMapping(Quantity.POWER, 0.5)) is None
