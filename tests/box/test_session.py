"""Sessions outlive a reload, and nothing else: the box is not to keep what nobody uses."""

from datetime import timedelta
from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.box.session import KEEP_FOR
from homeassistant.const import CONF_PASSWORD, CONF_SCAN_INTERVAL, CONF_USERNAME
from homeassistant.core import HomeAssistant
from simulator.fritzbox import (
    ALL_RIGHTS,
    DEFAULT_PASSWORD,
    DEFAULT_USER,
    OTHER_PASSWORD,
    OTHER_USER,
    Fault,
    SimulatedFritzBox,
)
from simulator.fritzbox_devices import REFRIGERATOR
from tests.support.dialogue import prefer
from tests.support.passing_time import Time
from tests.support.watching import set_up, state_of

SECOND = timedelta(seconds=1)


def users(box: SimulatedFritzBox) -> list[str]:
    """Return who has a session."""
    return [session.user for session in box.sessions]


async def test_reloads_cost_no_login(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    for _ in range(5):
        assert await hass.config_entries.async_reload(fritzbox_entry.entry_id)
        await time.passes(hass, 10 * SECOND)
    assert len(box.logins) == 1
    assert users(box) == [DEFAULT_USER]


async def test_changed_option_costs_no_login(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    dialogue = await prefer(hass, fritzbox_entry, "fritzbox")
    await dialogue.answer(**{CONF_SCAN_INTERVAL: 30})
    await hass.async_block_till_done()
    assert fritzbox_entry.runtime_data.coordinator.update_interval == timedelta(seconds=30)
    assert len(box.logins) == 1


async def test_resumed_session_outlives_the_time_that_it_was_kept_for(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    assert await hass.config_entries.async_reload(fritzbox_entry.entry_id)
    await time.passes(hass, 3 * KEEP_FOR)
    assert len(box.logins) == 1
    assert users(box) == [DEFAULT_USER]


async def test_session_of_an_unloaded_entry_ends_after_a_minute(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    assert await hass.config_entries.async_unload(fritzbox_entry.entry_id)
    await time.passes(hass, KEEP_FOR - SECOND)
    assert users(box) == [DEFAULT_USER]
    await time.passes(hass, SECOND)
    assert users(box) == []
    await set_up(hass, fritzbox_entry)
    assert len(box.logins) == 2


async def test_session_of_a_removed_entry_ends_at_once(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    await hass.config_entries.async_remove(fritzbox_entry.entry_id)
    assert users(box) == []


async def test_kept_session_ends_when_home_assistant_stops(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    assert await hass.config_entries.async_unload(fritzbox_entry.entry_id)
    assert users(box) == [DEFAULT_USER]
    await hass.async_stop(force=True)
    assert users(box) == []


async def test_other_user_gets_a_session_of_its_own(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    box.set_rights(OTHER_USER, ALL_RIGHTS)
    await set_up(hass, fritzbox_entry)
    login: dict[str, Any] = {CONF_USERNAME: OTHER_USER, CONF_PASSWORD: OTHER_PASSWORD}
    hass.config_entries.async_update_entry(fritzbox_entry, data={**fritzbox_entry.data, **login})
    assert await hass.config_entries.async_reload(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    assert users(box) == [OTHER_USER]


async def test_session_that_ended_during_the_reload_is_renewed(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    assert await hass.config_entries.async_unload(fritzbox_entry.entry_id)
    box.end_sessions()
    await set_up(hass, fritzbox_entry)
    assert users(box) == [DEFAULT_USER]
    assert len(box.logins) == 2
    assert state_of(hass, f"{REFRIGERATOR}_energy") == str(box.counter(REFRIGERATOR) / 1000)


async def test_retries_of_a_set_up_that_fails_cost_one_login(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    box.fault(Fault(status=500), switchcmd="getdevicelistinfos")
    assert not await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await time.passes(hass, KEEP_FOR - SECOND, step=SECOND)
    assert len(box.logins) == 1
    box.clear_faults()
    await time.passes(hass, 2 * KEEP_FOR, step=SECOND)
    assert state_of(hass, f"{REFRIGERATOR}_energy") == str(box.counter(REFRIGERATOR) / 1000)


async def test_entry_that_never_logged_in_leaves_nothing_to_keep(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    box.set_password(DEFAULT_USER, "another")
    assert not await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    box.set_password(DEFAULT_USER, DEFAULT_PASSWORD)
    box.requests.clear()
    await time.passes(hass, 2 * KEEP_FOR)
    assert box.requests == []
