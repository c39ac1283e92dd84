"""Presses of keys, as automations hear of them."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
import re

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from homeassistant.components.event import ATTR_EVENT_TYPE, ATTR_EVENT_TYPES, ButtonEventType
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Event, EventStateChangedData, HomeAssistant
from homeassistant.helpers import entity_registry as er
from simulator.fritzbox import EMPTY_LIST, Fault, SimulatedFritzBox
from simulator.fritzbox_devices import SWITCH
from simulator.home import Home

from .support.passing_time import Time
from .support.watching import set_up, state_of, warnings

POLL = timedelta(minutes=1)
KEY = f"{SWITCH}-1"
OTHER_KEYS = [f"{SWITCH}-{number}" for number in (3, 5, 7)]
EARLIER = datetime(2026, 3, 20, 9, 30, tzinfo=UTC)
PRESS = datetime(2026, 3, 20, 18, 8, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def nobody_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody but the test presses a key."""
    monkeypatch.setattr(Home, "last_press", lambda *_: EARLIER)


@pytest.fixture
def ains() -> Collection[str]:
    """The wall switch alone."""
    return {SWITCH, KEY, *OTHER_KEYS}


type Presses = list[tuple[str, str]]


@pytest.fixture
def presses(hass: HomeAssistant) -> Presses:
    """The presses that Home Assistant has received: key and kind."""
    found: Presses = []
    # An event whose time is no news is the same press, as after unavailability.
    times: dict[str, str] = {}

    def listen(event: Event[EventStateChangedData]) -> None:
        entry = er.async_get(hass).async_get(event.data["entity_id"])
        state = event.data["new_state"]
        if entry is None or entry.domain != "event" or state is None:
            return
        if state.state in {STATE_UNKNOWN, STATE_UNAVAILABLE, times.get(entry.unique_id)}:
            return
        times[entry.unique_id] = state.state
        found.append((entry.unique_id.removesuffix("_press"), state.attributes[ATTR_EVENT_TYPE]))

    hass.bus.async_listen(EVENT_STATE_CHANGED, listen)
    return found


def pressed(when: datetime | None, key: str = KEY) -> Fault:
    """Let the box report this as the time of a key's last press."""
    time = "" if when is None else int(when.timestamp())
    return edited(
        rf'(<button identifier="{key}".*?<lastpressedtimestamp)(?:>\d*</lastpressedtimestamp>| */>)',
        rf"\1>{time}</lastpressedtimestamp>",
    )


def edited(pattern: str, replacement: str) -> Fault:
    def edit(text: str) -> str:
        changed, count = re.subn(f"(?s){pattern}", replacement, text, count=1)
        assert count == 1
        return changed

    return Fault(edit=edit)


async def test_each_key_has_an_event_entity_named_by_the_box(
    time: Time, hass: HomeAssistant, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    found = {
        (entity.unique_id, entity.entity_id)
        for entity in er.async_entries_for_config_entry(er.async_get(hass), fritzbox_entry.entry_id)
        if entity.domain == "event"
    }
    assert found == {
        (f"{SWITCH}-1_press", "event.taster_schlafzimmer_oben_rechts"),
        (f"{SWITCH}-3_press", "event.taster_schlafzimmer_unten_rechts"),
        (f"{SWITCH}-5_press", "event.taster_schlafzimmer_unten_links"),
        (f"{SWITCH}-7_press", "event.taster_schlafzimmer_oben_links"),
    }
    state = hass.states.get("event.taster_schlafzimmer_oben_rechts")
    assert state is not None
    assert state.attributes[ATTR_EVENT_TYPES] == [ButtonEventType.PRESS_END]


async def test_press_before_the_start_is_no_event(
    time: Time, hass: HomeAssistant, fritzbox_entry: MockConfigEntry, presses: Presses
) -> None:
    await set_up(hass, fritzbox_entry)
    await time.passes(hass, 3 * POLL)
    assert presses == []
    assert state_of(hass, f"{KEY}_press", "event") == STATE_UNKNOWN
    assert state_of(hass, f"{KEY}_last_press") != STATE_UNKNOWN


async def test_press_fires_once_however_often_the_box_reports_it(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    presses: Presses,
) -> None:
    await set_up(hass, fritzbox_entry)
    box.fault(pressed(PRESS), switchcmd="getdevicelistinfos")
    await time.passes(hass, POLL)
    assert presses == [(KEY, ButtonEventType.PRESS_END)]
    assert state_of(hass, f"{KEY}_last_press") == PRESS.isoformat()
    await time.passes(hass, 5 * POLL)
    assert presses == [(KEY, ButtonEventType.PRESS_END)]
    box.clear_faults()
    box.fault(pressed(PRESS + 5 * POLL), switchcmd="getdevicelistinfos")
    await time.passes(hass, POLL)
    assert presses == [(KEY, ButtonEventType.PRESS_END)] * 2


async def test_first_press_of_a_new_switch_fires(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    presses: Presses,
) -> None:
    box.override(SWITCH, lastpressedtimestamp="")
    await set_up(hass, fritzbox_entry)
    await time.passes(hass, POLL)
    assert presses == []
    assert state_of(hass, f"{KEY}_last_press") == STATE_UNKNOWN
    box.override(SWITCH, lastpressedtimestamp=int(PRESS.timestamp()))
    await time.passes(hass, POLL)
    assert sorted(presses) == [(key, ButtonEventType.PRESS_END) for key in (KEY, *OTHER_KEYS)]


async def test_long_press_of_the_single_key_is_an_event_of_its_own(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    presses: Presses,
) -> None:
    """FRITZ!DECT 400 has one key, and lists its long press as a second one."""
    long = f"{SWITCH}-9"

    def with_long_press(fault: Fault) -> Fault:
        rename = edited(f'identifier="{SWITCH}-3"', f'identifier="{long}"').edit
        assert rename is not None
        assert fault.edit is not None
        edit = fault.edit
        return Fault(edit=lambda text: edit(rename(text)))

    box.fault(with_long_press(pressed(EARLIER, long)), switchcmd="getdevicelistinfos")
    await set_up(hass, fritzbox_entry)
    box.clear_faults()
    box.fault(with_long_press(pressed(PRESS, long)), switchcmd="getdevicelistinfos")
    await time.passes(hass, POLL)
    assert presses == [(long, ButtonEventType.LONG_PRESS_END)]
    entity_id = er.async_get(hass).async_get_entity_id("event", DOMAIN, f"{long}_press")
    state = hass.states.get(entity_id or "")
    assert state is not None
    assert state.attributes[ATTR_EVENT_TYPES] == [ButtonEventType.LONG_PRESS_END]


@pytest.mark.parametrize(
    "restart",
    [
        pytest.param(lambda box: box.fault(EMPTY_LIST), id="empty list"),
        pytest.param(lambda box: box.disconnect(SWITCH), id="out of reach"),
        pytest.param(
            lambda box: box.override(SWITCH, lastpressedtimestamp=""), id="times forgotten"
        ),
        pytest.param(lambda box: box.reboot(2 * POLL, warm_up=2 * POLL), id="reboot"),
    ],
)
async def test_restart_of_the_box_is_no_press(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    presses: Presses,
    restart: Callable[[SimulatedFritzBox], None],
) -> None:
    await set_up(hass, fritzbox_entry)
    restart(box)
    await time.passes(hass, 3 * POLL)
    box.clear_faults()
    box.restore(SWITCH)
    await time.passes(hass, 3 * POLL)
    assert state_of(hass, f"{KEY}_press", "event") == STATE_UNKNOWN
    assert presses == []
    box.fault(pressed(PRESS), switchcmd="getdevicelistinfos")
    await time.passes(hass, POLL)
    assert presses == [(KEY, ButtonEventType.PRESS_END)]


async def test_press_while_the_box_was_away_fires_when_it_is_back(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    presses: Presses,
) -> None:
    await set_up(hass, fritzbox_entry)
    box.fault(Fault(status=500))
    await time.passes(hass, 2 * POLL)
    box.clear_faults()
    box.fault(pressed(PRESS), switchcmd="getdevicelistinfos")
    await time.passes(hass, POLL)
    assert presses == [(KEY, ButtonEventType.PRESS_END)]


async def test_switch_that_is_found_out_of_reach_reports_no_old_press(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    presses: Presses,
) -> None:
    box.disconnect(SWITCH)
    box.override(SWITCH, lastpressedtimestamp="")
    await set_up(hass, fritzbox_entry)
    assert state_of(hass, f"{KEY}_press", "event") == STATE_UNAVAILABLE
    box.restore(SWITCH)
    await time.passes(hass, 2 * POLL)
    assert state_of(hass, f"{KEY}_press", "event") == STATE_UNKNOWN
    assert presses == []


async def test_reload_is_no_press(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    presses: Presses,
) -> None:
    await set_up(hass, fritzbox_entry)
    box.fault(pressed(PRESS), switchcmd="getdevicelistinfos")
    await time.passes(hass, POLL)
    assert await hass.config_entries.async_reload(fritzbox_entry.entry_id)
    await time.passes(hass, 2 * POLL)
    assert presses == [(KEY, ButtonEventType.PRESS_END)]


async def test_press_during_a_restart_is_shown_but_is_no_event(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    presses: Presses,
) -> None:
    """The event keeps the press that it has seen; the sensor has what the box says."""
    await set_up(hass, fritzbox_entry)
    box.fault(pressed(PRESS), switchcmd="getdevicelistinfos")
    await time.passes(hass, POLL)
    seen = state_of(hass, f"{KEY}_press", "event")
    assert await hass.config_entries.async_unload(fritzbox_entry.entry_id)
    box.clear_faults()
    box.fault(pressed(PRESS + POLL), switchcmd="getdevicelistinfos")
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await time.passes(hass, 2 * POLL)
    assert presses == [(KEY, ButtonEventType.PRESS_END)]
    assert state_of(hass, f"{KEY}_press", "event") == seen
    assert state_of(hass, f"{KEY}_last_press") == (PRESS + POLL).isoformat()


async def test_key_that_is_gone_is_unknown(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    presses: Presses,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A switch with fewer keys under the same AIN."""
    await set_up(hass, fritzbox_entry)
    box.fault(edited(f'<button identifier="{KEY}".*?</button>', ""), switchcmd="getdevicelistinfos")
    await time.passes(hass, 2 * POLL)
    assert state_of(hass, f"{KEY}_last_press") == STATE_UNKNOWN
    assert presses == []
    assert warnings(caplog) == []
