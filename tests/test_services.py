"""The actions that write: who may, what they take, what they answer."""

from datetime import timedelta
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
import voluptuous as vol

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.history.box import fetch
from custom_components.py_hab.history.planning.change import ChangeReason
from custom_components.py_hab.history.planning.rows import HOUR, SumRow
from custom_components.py_hab.history.statistics.editor import get_editor
from custom_components.py_hab.history.statistics.gateway import Statistic
from homeassistant.auth.const import GROUP_ID_ADMIN, GROUP_ID_USER
from homeassistant.components.recorder import Recorder
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.setup import async_setup_component
from tests.support.changing import this_hour, write

from .support.passing_time import Time

CALLS: Final[dict[str, dict[str, Any]]] = {
    "backfill": {},
    "import_database": {"path": "/nowhere/server.db"},
    "undo_history": {"entity_id": "sensor.meter"},
    "find_spikes": {"entity_id": "sensor.meter"},
    "remove_spikes": {"entity_id": "sensor.meter"},
}


@pytest.fixture
async def house(time: Time, recorder_mock: Recorder, hass: HomeAssistant) -> HomeAssistant:
    """A house with a statistic that we have changed, and no entry that is loaded."""
    assert await async_setup_component(hass, DOMAIN, {})
    first = this_hour() - 3 * HOUR
    hours = [SumRow(first + HOUR * hour, 10.0 + hour, 1.0 + hour) for hour in range(3)]
    meter = Statistic(id="sensor.meter", unit="kWh", has_sum=True, entry_id="entry")
    await write(get_editor(hass), meter, hours, ChangeReason.BACKFILL)
    return hass


async def act(hass: HomeAssistant, action: str, context: Context | None = None, **data: Any) -> Any:
    """Call an action; return what it answers."""
    return await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True, context=context
    )


@pytest.mark.parametrize("action", CALLS)
async def test_only_administrators_may_write(house: HomeAssistant, action: str) -> None:
    for groups, may in ((GROUP_ID_USER, False), (GROUP_ID_ADMIN, True)):
        user = MockUser(groups=[await house.auth.async_get_group(groups)]).add_to_hass(house)
        try:
            await act(house, action, Context(user_id=user.id), **CALLS[action])
        except Unauthorized:
            assert not may
        except ServiceValidationError:
            # There is no such file, and no entry.
            assert may
        else:
            assert may
    with pytest.raises(UnknownUser):
        await act(house, action, Context(user_id="nobody"), **CALLS[action])


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("backfill", {"dry_run": "perhaps"}),
        ("backfill", {"entity_id": "sensor.meter"}),
        ("backfill", {"config_entry_id": ["a"]}),
        ("import_database", {}),
        ("import_database", {"path": None}),
        ("import_database", {"path": "/x", "more": 1}),
        ("undo_history", {"entity_id": "no entity"}),
        ("undo_history", {"entity_id": ["sensor.meter", None]}),
        ("undo_history", {"config_entry_id": "entry", "max_power_kw": 3}),
        ("find_spikes", {}),
        ("find_spikes", {"entity_id": []}),
        ("find_spikes", {"entity_id": "all"}),
        ("find_spikes", {"entity_id": "sensor.meter", "max_power_kw": 0}),
        ("find_spikes", {"entity_id": "sensor.meter", "max_power_kw": "nan"}),
        ("find_spikes", {"entity_id": "sensor.meter", "max_power_kw": 1e9}),
        ("find_spikes", {"entity_id": "sensor.meter", "max_power_kw": "much"}),
    ],
    ids=repr,
)
async def test_what_makes_no_sense_is_refused(
    house: HomeAssistant, action: str, data: dict[str, Any]
) -> None:
    with pytest.raises(vol.Invalid):
        await act(house, action, **data)


async def test_the_power_of_the_house_decides_what_a_spike_is(house: HomeAssistant) -> None:
    answer = await act(house, "find_spikes", entity_id="sensor.meter", max_power_kw="0.5")
    (found,) = answer["entities"]
    assert [spike["reason"] for spike in found["spikes"]] == ["too_high"] * 3
    answer = await act(house, "find_spikes", entity_id="sensor.meter", max_power_kw=5)
    assert answer == {"entities": [{"entity_id": "sensor.meter", "spikes": []}]}


async def test_what_is_undone_is_answered(house: HomeAssistant) -> None:
    about = {
        "entity_id": "sensor.meter",
        "rows_removed": 3,
        "rows_restored": 0,
        "shifts": [],
    }
    for dry_run in (True, False):
        answer = await act(house, "undo_history", entity_id="sensor.meter", dry_run=dry_run)
        assert answer == {"dry_run": dry_run, "entities": [about]}


async def test_of_an_entry_only_what_is_named_is_undone(house: HomeAssistant) -> None:
    other = Statistic(id="sensor.other", unit="kWh", has_sum=True, entry_id="other")
    hour = this_hour() - HOUR
    await write(get_editor(house), other, [SumRow(hour, 1.0, 1.0)], ChangeReason.BACKFILL)
    answer = await act(house, "undo_history", config_entry_id="entry", dry_run=True)
    assert [item["entity_id"] for item in answer["entities"]] == ["sensor.meter"]
    with pytest.raises(ServiceValidationError) as caught:
        await act(
            house, "undo_history", config_entry_id="entry", entity_id="sensor.other", dry_run=False
        )
    assert caught.value.translation_key == "nothing_to_undo"
    assert not get_editor(house).journal.changes_of("sensor.other").undone


@pytest.mark.parametrize("action", ["backfill", "import_database"])
async def test_an_entry_must_be_there_and_loaded(house: HomeAssistant, action: str) -> None:
    entry = MockConfigEntry(domain=DOMAIN)
    entry.add_to_hass(house)
    other = MockConfigEntry(domain="other")
    other.add_to_hass(house)
    for entry_id in (entry.entry_id, other.entry_id, "nobody"):
        with pytest.raises(ServiceValidationError):
            await act(house, action, **CALLS[action], config_entry_id=entry_id)


async def test_a_dry_run_of_a_backfill_answers(
    house: HomeAssistant, fritzbox_entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "PAUSE", timedelta(0))
    assert await house.config_entries.async_setup(fritzbox_entry.entry_id)
    await house.async_block_till_done()
    answer = await act(house, "backfill", dry_run=True)
    assert answer["dry_run"] is True
    assert {item["mended"] == [] for item in answer["entities"]} == {True}
