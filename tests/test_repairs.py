"""A counter that goes on from elsewhere: an event, and a question that only the user can answer."""

from collections.abc import AsyncIterator
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.py_hab.const import DOMAIN
from homeassistant.const import (
    EVENT_STATE_CHANGED,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    EntityCategory,
)
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component

from .dialogue import TEXTS
from .mocked_head import UNIQUE_ID, MockedHead
from .passing_time import Time
from .watching import meter_state, meter_values

MINUTE = timedelta(minutes=1)
BEFORE = 15119.075
TEXT = TEXTS["issues"]["meter_replaced"]


@pytest.fixture
async def head(
    time: Time, hass: HomeAssistant, mock_hass_config: None, mqtt_client_mock: Any
) -> AsyncIterator[MockedHead]:
    """A head that says what it is told to."""
    head = MockedHead(time, hass, mqtt_client_mock)
    await head.connect()
    yield head
    await head.disconnect()


@pytest.fixture
async def swapped(time: Time, hass: HomeAssistant, head: MockedHead) -> MockConfigEntry:
    """A meter that was replaced by another one, whose readings are believed by now."""
    entry = head.entry(prefix="MT681")
    await head.set_up(entry)
    await head.lives(4 * MINUTE, E_in=0.01)
    await head.reads(E_in=1.5)
    await head.lives(9 * MINUTE, E_in=0.01)
    assert meter_values(entry)["energy_import"] == BEFORE
    assert issue(hass, entry) is None
    await head.lives(3 * MINUTE, E_in=0.01)
    assert meter_values(entry)["energy_import"] < 2
    return entry


def issue(hass: HomeAssistant, entry: MockConfigEntry) -> ir.IssueEntry | None:
    """Return the question, None if nothing is asked."""
    return ir.async_get(hass).async_get_issue(DOMAIN, f"meter_replaced_{entry.entry_id}")


def event(hass: HomeAssistant, place: str = "") -> State:
    """Return the state of the event entity."""
    identifier = f"{UNIQUE_ID}_{place}" if place else UNIQUE_ID
    entity_id = er.async_get(hass).async_get_entity_id(
        "event", DOMAIN, f"{identifier}_counter_replaced"
    )
    assert entity_id is not None
    state = hass.states.get(entity_id)
    assert state is not None
    return state


def shown(state: State) -> dict[str, Any]:
    """Return what an event tells."""
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

    async def _post(self, url: str, content: dict[str, str]) -> dict[str, Any]:
        response = await self._client.post(url, json=content)
        assert response.status == HTTPStatus.OK
        result: dict[str, Any] = await response.json()
        return result


@pytest.fixture
def repair(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> Repair:
    """The page of repairs."""
    return Repair(hass, hass_client)


async def test_replaced_meter_is_an_event(
    time: Time, hass: HomeAssistant, head: MockedHead, swapped: MockConfigEntry
) -> None:
    state = event(hass)
    assert state.state != STATE_UNKNOWN
    assert state.attributes["event_types"] == ["replaced", "rolled_over"]
    told = shown(state)
    now = told.pop("now")
    assert told == {"event_type": "replaced", "register": "energy_import", "before": BEFORE}
    assert 1.5 < now <= meter_values(swapped)["energy_import"] < 2
    assert meter_state(hass, swapped, "energy_import") == str(
        meter_values(swapped)["energy_import"]
    )


async def test_what_has_happened_stays_true_while_the_meter_is_silent(
    time: Time, hass: HomeAssistant, head: MockedHead, swapped: MockConfigEntry
) -> None:
    before = event(hass)
    await head.says("LWT", "Offline")
    await head.broker_goes()
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
    assert question.is_persistent
    assert question.translation_placeholders is not None
    assert question.translation_placeholders["name"] == "MT681"
    assert question.translation_placeholders["before"] == "15119.075"
    assert question.translation_placeholders["now"].startswith("1.6")


@pytest.mark.parametrize("answer", ["new_meter", "same_meter"])
async def test_answer_is_kept_and_the_question_gone(
    time: Time,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    head: MockedHead,
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
    assert result["type"] == "create_entry"
    assert issue(hass, swapped) is None
    await head.reload(swapped)
    stored = hass_storage[f"{DOMAIN}.{swapped.entry_id}"]["data"]["notes"]["replacements"]
    assert [(item["role"], item["verdict"], item["answer"]) for item in stored] == [
        ("energy_import", "replaced", answer)
    ]
    assert swapped.runtime_data.notices.replacements == stored
    assert issue(hass, swapped) is None


async def test_question_outlasts_an_entry_that_is_loaded_again(
    time: Time,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    head: MockedHead,
    swapped: MockConfigEntry,
    repair: Repair,
) -> None:
    await head.reload(swapped)
    assert issue(hass, swapped) is not None
    # What has happened is no event again.
    assert event(hass).attributes["event_type"] == "replaced"
    menu = await repair.open(swapped)
    await repair.choose(menu["flow_id"], "new_meter")
    (kept,) = swapped.runtime_data.notices.replacements
    assert kept["answer"] == "new_meter"


async def test_answer_about_an_entry_that_is_not_loaded_is_not_lost_silently(
    time: Time, hass: HomeAssistant, head: MockedHead, swapped: MockConfigEntry, repair: Repair
) -> None:
    menu = await repair.open(swapped)
    assert await hass.config_entries.async_unload(swapped.entry_id)
    result = await repair.choose(menu["flow_id"], "new_meter")
    assert (result["type"], result["reason"]) == ("abort", "not_loaded")
    assert result["reason"] in TEXT["fix_flow"]["abort"]
    assert issue(hass, swapped) is not None


async def test_question_is_gone_with_its_entry(
    time: Time, hass: HomeAssistant, head: MockedHead, swapped: MockConfigEntry
) -> None:
    await hass.config_entries.async_remove(swapped.entry_id)
    assert issue(hass, swapped) is None


async def test_full_display_is_an_event_and_no_question(
    time: Time, hass: HomeAssistant, head: MockedHead
) -> None:
    entry = head.entry()
    head.blocks["MT681"]["E_in"] = 99999.98
    await head.set_up(entry)
    assert event(hass).state == STATE_UNKNOWN
    await head.lives(MINUTE, E_in=0.01)
    await head.reads(E_in=0.02)
    assert meter_values(entry)["energy_import"] > 99999
    await head.lives(2 * MINUTE, E_in=0.01)
    assert shown(event(hass)) == {
        "event_type": "rolled_over",
        "register": "energy_import",
        "before": 99999.99,
        "now": 0.03,
    }
    assert issue(hass, entry) is None
    assert [item["answer"] for item in entry.runtime_data.notices.replacements] == [None]


async def test_event_is_that_of_its_meter(
    time: Time, hass: HomeAssistant, head: MockedHead
) -> None:
    entry = head.entry(prefix="MT681")
    head.blocks["WP"] = {"Total_in": 99999.98, "Power_curr": 300}
    await head.set_up(entry)
    events = async_capture_events(hass, EVENT_STATE_CHANGED)
    await head.lives(MINUTE, E_in=0.01)
    await head.reads("WP", Total_in=0.02)
    await head.lives(2 * MINUTE, E_in=0.01)
    assert shown(event(hass, "2"))["event_type"] == "rolled_over"
    assert event(hass).state == STATE_UNKNOWN
    told = [item for item in events if item.data["entity_id"].startswith("event.")]
    assert len(told) == 1
