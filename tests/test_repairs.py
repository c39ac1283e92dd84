"""A counter that goes on from elsewhere: an event, and a question that only the user can answer."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from string import Formatter
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.py_hab import repairs
from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.counters.gap import Gap
from custom_components.py_hab.sml.registers import Quantity
from custom_components.py_hab.util.records import encode
from homeassistant.const import (
    EVENT_STATE_CHANGED,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    EntityCategory,
)
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component

from .support.dialogue import TEXTS
from .support.mocked_reader import UNIQUE_ID, MockedReader
from .support.passing_time import Time
from .support.watching import meter_state, meter_values

# The event is disabled by default.
pytestmark = pytest.mark.usefixtures("entity_registry_enabled_by_default")

MINUTE = timedelta(minutes=1)
BEFORE = 15119.075
TEXT = TEXTS["issues"]["meter_replaced"]


@pytest.fixture
async def swapped(time: Time, hass: HomeAssistant, mocked_reader: MockedReader) -> MockConfigEntry:
    """A meter that was replaced by another one, whose readings are accepted by now."""
    entry = mocked_reader.entry(prefix="MT681")
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(4 * MINUTE, E_in=0.01)
    await mocked_reader.reads(E_in=1.5)
    await mocked_reader.lives(9 * MINUTE, E_in=0.01)
    assert meter_values(entry)["energy_import"] == BEFORE
    assert issue(hass, entry) is None
    await mocked_reader.lives(3 * MINUTE, E_in=0.01)
    assert meter_values(entry)["energy_import"] < 2
    return entry


def issue(hass: HomeAssistant, entry: MockConfigEntry) -> ir.IssueEntry | None:
    """Return the question, None if nothing is asked."""
    return ir.async_get(hass).async_get_issue(DOMAIN, f"meter_replaced_{entry.entry_id}")


def event(hass: HomeAssistant, meter_index: str = "") -> State:
    """Return the state of the event entity."""
    identifier = f"{UNIQUE_ID}_{meter_index}" if meter_index else UNIQUE_ID
    entity_id = er.async_get(hass).async_get_entity_id(
        "event", DOMAIN, f"{identifier}_counter_replaced"
    )
    assert entity_id is not None
    state = hass.states.get(entity_id)
    assert state is not None
    return state


def shown(state: State) -> dict[str, Any]:
    """Return what an event reports."""
    return {key: state.attributes[key] for key in ("event_type", "register", "before", "now")}


class Repair:
    """The dialogue of an issue, as the frontend leads it."""

    def __init__(self, hass: HomeAssistant, hass_client: ClientSessionGenerator) -> None:
        """Prepare for the page of repairs."""
        self._hass = hass
        self._connect = hass_client

    async def open(self, entry: MockConfigEntry) -> dict[str, Any]:
        """Click on the issue of an entry."""
        assert await async_setup_component(self._hass, "repairs", {})
        self._client = await self._connect()
        return await self._post(
            "/api/repairs/issues/fix",
            {"handler": DOMAIN, "issue_id": f"meter_replaced_{entry.entry_id}"},
        )

    async def choose(self, flow_id: str, option: str) -> dict[str, Any]:
        """Choose an answer."""
        return await self._post(f"/api/repairs/issues/fix/{flow_id}", {"next_step_id": option})

    async def answer(self, flow_id: str, **readings: float | str) -> dict[str, Any]:
        """Fill in readings, and send them."""
        return await self._post(f"/api/repairs/issues/fix/{flow_id}", readings)

    async def _post(self, url: str, content: Mapping[str, object]) -> dict[str, Any]:
        response = await self._client.post(url, json=content)
        assert response.status == HTTPStatus.OK
        result: dict[str, Any] = await response.json()
        return result


@pytest.fixture
def repair(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> Repair:
    """The page of repairs."""
    return Repair(hass, hass_client)


async def test_replaced_meter_is_an_event(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader, swapped: MockConfigEntry
) -> None:
    state = event(hass)
    assert state.state != STATE_UNKNOWN
    assert state.attributes["event_types"] == ["replaced", "rolled_over"]
    reported = shown(state)
    now = reported.pop("now")
    assert reported == {"event_type": "replaced", "register": "energy_import", "before": BEFORE}
    assert 1.5 < now <= meter_values(swapped)["energy_import"] < 2
    assert meter_state(hass, swapped, "energy_import") == str(
        meter_values(swapped)["energy_import"]
    )


async def test_what_has_happened_stays_true_while_the_meter_is_silent(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader, swapped: MockConfigEntry
) -> None:
    before = event(hass)
    await mocked_reader.says("LWT", "Offline")
    await mocked_reader.broker_goes()
    assert meter_state(hass, swapped, "energy_import") == STATE_UNAVAILABLE
    assert event(hass).state == before.state
    entity = er.async_get(hass).async_get(before.entity_id)
    assert entity is not None
    assert entity.entity_category is EntityCategory.DIAGNOSTIC
    assert entity.original_name == "Counter replaced"


async def test_replaced_meter_is_a_question(
    time: Time, hass: HomeAssistant, swapped: MockConfigEntry
) -> None:
    question = issue(hass, swapped)
    assert question is not None
    assert question.is_fixable
    # What is stored of an issue is part of diagnostics, with its readings.
    assert not question.is_persistent
    assert question.translation_placeholders is not None
    assert question.translation_placeholders["name"] == "MT681"
    assert question.translation_placeholders["before"] == "15,119.075"
    assert question.translation_placeholders["now"].startswith("1.6")


@pytest.mark.parametrize("answer", ["new_meter", "same_meter"])
async def test_answer_is_kept_and_the_question_gone(
    time: Time,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    mocked_reader: MockedReader,
    swapped: MockConfigEntry,
    repair: Repair,
    answer: str,
) -> None:
    question = issue(hass, swapped)
    assert question is not None
    menu = await repair.open(swapped)
    assert menu["type"] == "menu"
    assert menu["menu_options"] == ["new_meter", "same_meter"]
    texts = TEXT["fix_flow"]["step"][menu["step_id"]]
    assert texts["menu_options"].keys() == set(menu["menu_options"])
    assert menu["description_placeholders"] == question.translation_placeholders
    result = await repair.choose(menu["flow_id"], answer)
    if answer == "new_meter":
        result = await repair.answer(menu["flow_id"])
    assert result["type"] == "create_entry"
    assert issue(hass, swapped) is None
    await mocked_reader.reload(swapped)
    stored = hass_storage[f"{DOMAIN}.{swapped.entry_id}"]["data"]["notes"]["replacements"]
    assert [(item["role"], item["verdict"], item["answer"]) for item in stored] == [
        ("energy_import", "replaced", answer)
    ]
    assert encode(swapped.runtime_data.coordinator.meters.replacements.records) == stored
    assert issue(hass, swapped) is None


async def test_question_outlasts_an_entry_that_is_loaded_again(
    time: Time,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    mocked_reader: MockedReader,
    swapped: MockConfigEntry,
    repair: Repair,
) -> None:
    await mocked_reader.reload(swapped)
    assert issue(hass, swapped) is not None
    # What has happened is no event again.
    assert event(hass).attributes["event_type"] == "replaced"
    menu = await repair.open(swapped)
    await repair.choose(menu["flow_id"], "new_meter")
    await repair.answer(menu["flow_id"])
    (kept,) = swapped.runtime_data.coordinator.meters.replacements.records
    assert kept.answer == "new_meter"


@pytest.mark.parametrize("answer", ["new_meter", "same_meter"])
async def test_answer_about_an_entry_that_is_not_loaded_is_not_lost_silently(
    time: Time,
    hass: HomeAssistant,
    mocked_reader: MockedReader,
    swapped: MockConfigEntry,
    repair: Repair,
    answer: str,
) -> None:
    menu = await repair.open(swapped)
    assert await hass.config_entries.async_unload(swapped.entry_id)
    result = await repair.choose(menu["flow_id"], answer)
    assert (result["type"], result["reason"]) == ("abort", "not_loaded")
    assert result["reason"] in TEXT["fix_flow"]["abort"]
    assert issue(hass, swapped) is not None


# Both readings


def first_gap(entry: MockConfigEntry) -> Gap:
    """Return the gap between the two readings that are asked about."""
    gap: Gap | None = entry.runtime_data.coordinator.meters.replacements.records[0].gap
    assert gap is not None
    return gap


def placeholders(form: dict[str, Any]) -> set[str]:
    """Return what the texts of a form leave open, after a look at them."""
    texts = TEXT["fix_flow"]["step"][form["step_id"]]
    bounds = ""
    for field in form["data_schema"]:
        assert field["name"] in texts["data"]
        bounds += texts["data_description"][field["name"]]
    for error in (form["errors"] or {}).values():
        assert error in TEXT["fix_flow"]["error"]
    shown = Formatter().parse(texts["title"] + texts["description"] + bounds)
    return {name for _, name, _, _ in shown if name}


async def test_both_readings_are_asked_for_and_repair_the_gap(
    time: Time, hass: HomeAssistant, swapped: MockConfigEntry, repair: Repair
) -> None:
    counters = swapped.runtime_data.counters
    gap = first_gap(swapped)
    counters.settle(gap)
    menu = await repair.open(swapped)
    form = await repair.choose(menu["flow_id"], "new_meter")
    assert form["type"] == "form"
    assert [field["name"] for field in form["data_schema"]] == [
        "old_energy_import",
        "new_energy_import",
    ]
    assert not any(field.get("required") for field in form["data_schema"])
    assert placeholders(form) == {
        *("name", "before", "now", "last_energy_import", "first_energy_import")
    }
    filled = form["description_placeholders"]
    assert filled["last_energy_import"] == filled["before"] == "15,119.075"
    assert filled["first_energy_import"] == filled["now"] == "1.5"
    result = await repair.answer(
        menu["flow_id"], old_energy_import=BEFORE + 1.25, new_energy_import=0.5
    )
    assert result["type"] == "create_entry"
    (mended,) = counters.gaps
    now = swapped.runtime_data.coordinator.meters.replacements.records[0].now
    assert mended.counted == pytest.approx(1.25 + now - 0.5)
    assert mended == replace(gap, counted=mended.counted, counted_since=None)
    assert issue(hass, swapped) is None


async def test_the_question_names_the_readings_of_the_import_first(
    time: Time, hass: HomeAssistant, swapped: MockConfigEntry, repair: Repair
) -> None:
    records = swapped.runtime_data.coordinator.meters.replacements.records
    records.insert(
        0, replace(records[0], quantity=Quantity.ENERGY_EXPORT, before=7.0, now=3.0, gap=None)
    )
    menu = await repair.open(swapped)
    asked = menu["description_placeholders"]
    assert asked["before"] == "15,119.075"
    assert asked["now"].startswith("1.6")


@pytest.mark.parametrize(
    ("readings", "counted"),
    [
        ({}, 0.0),
        # Written down without its decimals.
        ({"old_energy_import": 15119}, 0.0),
        ({"old_energy_import": 15120}, 0.925),
        ({"new_energy_import": 1.0}, 0.5),
        ({"new_energy_import": 1.5}, 0.0),
    ],
    ids=repr,
)
async def test_a_reading_that_is_left_empty_is_the_one_that_was_received(
    time: Time,
    hass: HomeAssistant,
    swapped: MockConfigEntry,
    repair: Repair,
    readings: dict[str, float],
    counted: float,
) -> None:
    now = swapped.runtime_data.coordinator.meters.replacements.records[0].now
    menu = await repair.open(swapped)
    await repair.choose(menu["flow_id"], "new_meter")
    assert (await repair.answer(menu["flow_id"], **readings))["type"] == "create_entry"
    # The new meter has also counted while its readings were being confirmed.
    assert swapped.runtime_data.counters.gaps[-1].counted == pytest.approx(counted + now - 1.5)


async def test_readings_that_cannot_be_are_refused(
    time: Time, hass: HomeAssistant, swapped: MockConfigEntry, repair: Repair
) -> None:
    before = list(swapped.runtime_data.counters.gaps)
    menu = await repair.open(swapped)
    await repair.choose(menu["flow_id"], "new_meter")
    refused: tuple[tuple[dict[str, Any], str], ...] = (
        ({"old_energy_import": 15117.9}, "old_too_low"),
        ({"new_energy_import": 1.9}, "new_too_high"),
        # More than the fuses allow: a digit too many.
        ({"old_energy_import": 151190.75}, "too_much"),
        ({"old_energy_import": "nan"}, "old_too_low"),
    )
    for readings, error in refused:
        form = await repair.answer(menu["flow_id"], **readings)
        assert form["errors"] == dict.fromkeys(readings, error), readings
        assert placeholders(form) <= form["description_placeholders"].keys()
        assert swapped.runtime_data.counters.gaps == before
        assert issue(hass, swapped) is not None
    result = await repair.answer(menu["flow_id"], new_energy_import=1.0)
    assert result["type"] == "create_entry"
    assert len(swapped.runtime_data.counters.gaps) == len(before) + 1


async def test_after_a_gap_that_is_not_stored_any_reading_is_accepted_and_nothing_is_repaired(
    time: Time, hass: HomeAssistant, swapped: MockConfigEntry, repair: Repair
) -> None:
    swapped.runtime_data.coordinator.meters.replacements.records[0].gap = None
    before = list(swapped.runtime_data.counters.gaps)
    menu = await repair.open(swapped)
    await repair.choose(menu["flow_id"], "new_meter")
    result = await repair.answer(menu["flow_id"], old_energy_import=20000)
    assert result["type"] == "create_entry"
    assert swapped.runtime_data.counters.gaps == before


async def test_of_two_replacements_the_first_is_asked_about(
    time: Time, hass: HomeAssistant, swapped: MockConfigEntry, repair: Repair
) -> None:
    replacements = swapped.runtime_data.coordinator.meters.replacements
    gap = first_gap(swapped)
    later = replace(gap, start=gap.end, end=gap.end + 60)
    replacements.records.append(replace(replacements.records[0], before=50.0, now=3.0, gap=later))
    menu = await repair.open(swapped)
    await repair.choose(menu["flow_id"], "new_meter")
    result = await repair.answer(menu["flow_id"], old_energy_import=BEFORE, new_energy_import=1.0)
    assert result["type"] == "create_entry"
    assert swapped.runtime_data.counters.gaps[-1].start == gap.start
    assert replacements.unanswered("") == []


async def test_of_a_tariff_nobody_writes_readings_down(
    time: Time, hass: HomeAssistant, swapped: MockConfigEntry, repair: Repair
) -> None:
    swapped.runtime_data.coordinator.meters.replacements.records[
        0
    ].quantity = Quantity.ENERGY_IMPORT_T1
    menu = await repair.open(swapped)
    result = await repair.choose(menu["flow_id"], "new_meter")
    assert result["type"] == "create_entry"
    assert swapped.runtime_data.coordinator.meters.replacements.records[0].answer == "new_meter"
    assert issue(hass, swapped) is None


async def test_an_issue_that_reports_nothing_of_its_entry_has_a_dialogue_that_ends(
    hass: HomeAssistant, fritzbox_entry: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    for data in (None, {"entry_id": fritzbox_entry.entry_id, "place": ""}):
        flow = await repairs.async_create_fix_flow(hass, "meter_replaced_x", data)
        assert isinstance(flow, repairs.MeterReplacedFlow)
        flow.hass = hass
        result = await flow.async_step_same_meter()
        assert result["reason"] == "not_loaded"
    assert await hass.config_entries.async_unload(fritzbox_entry.entry_id)


async def test_question_is_gone_with_its_entry(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader, swapped: MockConfigEntry
) -> None:
    await hass.config_entries.async_remove(swapped.entry_id)
    assert issue(hass, swapped) is None


async def test_full_display_is_an_event_and_no_question(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    mocked_reader.blocks["MT681"]["E_in"] = 99999.98
    await mocked_reader.set_up(entry)
    assert event(hass).state == STATE_UNKNOWN
    await mocked_reader.lives(MINUTE, E_in=0.01)
    await mocked_reader.reads(E_in=0.02)
    assert meter_values(entry)["energy_import"] > 99999
    await mocked_reader.lives(2 * MINUTE, E_in=0.01)
    assert shown(event(hass)) == {
        "event_type": "rolled_over",
        "register": "energy_import",
        "before": 99999.99,
        "now": 0.03,
    }
    assert issue(hass, entry) is None
    assert [item.answer for item in entry.runtime_data.coordinator.meters.replacements.records] == [
        None
    ]


async def test_event_is_that_of_its_meter(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry(prefix="MT681")
    mocked_reader.blocks["WP"] = {"Total_in": 99999.98, "Power_curr": 300}
    await mocked_reader.set_up(entry)
    events = async_capture_events(hass, EVENT_STATE_CHANGED)
    await mocked_reader.lives(MINUTE, E_in=0.01)
    await mocked_reader.reads("WP", Total_in=0.02)
    await mocked_reader.lives(2 * MINUTE, E_in=0.01)
    assert shown(event(hass, "2"))["event_type"] == "rolled_over"
    assert event(hass).state == STATE_UNKNOWN
    reported = [item for item in events if item.data["entity_id"].startswith("event.")]
    assert len(reported) == 1
