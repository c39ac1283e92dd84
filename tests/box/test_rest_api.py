"""What the REST API adds to a box's devices, as a user sees it."""

from collections.abc import AsyncIterator, Collection
from datetime import timedelta

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from homeassistant.const import CONF_HOST, STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from simulator.fritzbox import CUT, DEFAULT_USER, Fault, Identity, SimulatedFritzBox
from simulator.fritzbox_devices import BATH, DEVICES, IMPORT, REFRIGERATOR, WORKSHOP
from simulator.home import Home, ManualClock
from tests.support.passing_time import Time
from tests.support.watching import all_unavailable, logged, set_up, state_of, states, warnings

POLL = timedelta(minutes=1)
SLOWER_CLOCK = timedelta(minutes=16)
"""Up to a quarter of an hour, and the poll after it."""
OVERVIEW = "/api/v0/smarthome/overview"
KEYS = ("current", "smart_meter", "relay_fault", "firmware_update", "battery_powered")


def asked(box: SimulatedFritzBox) -> int:
    """Return how often the overview was asked for."""
    return sum(request.path == OVERVIEW for request in box.requests)


def rest_details(hass: HomeAssistant, entry: MockConfigEntry) -> set[str]:
    """Return the unique ids of all entities that only the REST API has values for."""
    return {
        entity.unique_id
        for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if entity.unique_id.endswith(KEYS)
    }


async def enable(time: Time, hass: HomeAssistant, platform: str, key: str) -> None:
    """Enable an entity that is there for who wants it; its entry is reloaded soon after."""
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id(platform, DOMAIN, key)
    assert entity_id is not None
    registry.async_update_entity(entity_id, disabled_by=None)
    await time.passes(hass, POLL)


async def test_overview_is_asked_for_on_a_slower_clock(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    assert asked(box) == 1
    await time.passes(hass, timedelta(hours=1))
    assert asked(box) == 5
    assert len(box.logins) == 1


async def test_current_is_what_power_and_voltage_make_of_it(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    await enable(time, hass, "sensor", f"{REFRIGERATOR}_current")
    power, voltage, current = (
        float(state_of(hass, f"{REFRIGERATOR}_{key}") or "")
        for key in ("power", "voltage", "current")
    )
    assert current == pytest.approx(power / voltage, abs=0.001)
    box.override_rest(REFRIGERATOR, current=2345)
    await time.passes(hass, SLOWER_CLOCK)
    assert state_of(hass, f"{REFRIGERATOR}_current") == "2.345"
    box.override_rest(REFRIGERATOR, current=None)
    await time.passes(hass, SLOWER_CLOCK)
    assert state_of(hass, f"{REFRIGERATOR}_current") == STATE_UNKNOWN


async def test_relay_that_does_not_switch_is_a_problem(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    relay = f"{REFRIGERATOR}_relay_fault"
    assert state_of(hass, relay, "binary_sensor") == STATE_OFF
    for fault in ("relayStuck", "overcurrent"):
        box.override_rest(REFRIGERATOR, outletState=fault)
        await time.passes(hass, SLOWER_CLOCK)
        assert state_of(hass, relay, "binary_sensor") == STATE_ON, fault
        assert state_of(hass, f"{WORKSHOP}_relay_fault", "binary_sensor") == STATE_OFF
        box.restore(REFRIGERATOR)
        await time.passes(hass, SLOWER_CLOCK)
        assert state_of(hass, relay, "binary_sensor") == STATE_OFF, fault


async def test_meter_reader_reports_its_worst_problem(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    for problems, state in (
        (["temporaryNoData"], "temporary_no_data"),
        (["reducedResolution"], "reduced_resolution"),
        (["scatteredLight", "noData"], "no_data"),
        (["somethingNew"], STATE_UNKNOWN),
        ([], "ok"),
    ):
        box.override_rest(IMPORT, smartmeterState=problems)
        await time.passes(hass, SLOWER_CLOCK)
        assert state_of(hass, f"{IMPORT}_smart_meter") == state, problems


async def test_new_firmware_is_reported(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    assert state_of(hass, f"{WORKSHOP}_firmware_update", "binary_sensor") == STATE_ON
    assert state_of(hass, f"{BATH}_firmware_update", "binary_sensor") == STATE_OFF
    box.override_rest(BATH, isUpdateAvailable=True)
    await time.passes(hass, SLOWER_CLOCK)
    assert state_of(hass, f"{BATH}_firmware_update", "binary_sensor") == STATE_ON


async def test_supply_is_reported(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    supply = f"{BATH}_battery_powered"
    await enable(time, hass, "binary_sensor", supply)
    assert state_of(hass, supply, "binary_sensor") == STATE_ON
    box.override_rest(BATH, isExternallyPowered=True)
    await time.passes(hass, SLOWER_CLOCK)
    assert state_of(hass, supply, "binary_sensor") == STATE_OFF


async def test_device_that_the_overview_does_not_know_any_more_is_unknown(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    await enable(time, hass, "sensor", f"{REFRIGERATOR}_current")
    box.fault(Fault(edit=lambda _: '{"devices": [], "units": []}'), path=OVERVIEW)
    await time.passes(hass, SLOWER_CLOCK)
    assert {
        state_of(hass, f"{REFRIGERATOR}_current"),
        state_of(hass, f"{IMPORT}_smart_meter"),
        state_of(hass, f"{REFRIGERATOR}_relay_fault", "binary_sensor"),
        state_of(hass, f"{REFRIGERATOR}_firmware_update", "binary_sensor"),
    } == {STATE_UNKNOWN}


async def test_last_extras_stay_when_the_overview_fails(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, fritzbox_entry)
    last = "ok"
    for fault in (Fault(status=500), Fault(drop=True), CUT):
        box.fault(fault, path=OVERVIEW)
        await time.passes(hass, 2 * SLOWER_CLOCK)
        assert state_of(hass, f"{IMPORT}_smart_meter") == last, fault
        assert state_of(hass, f"{REFRIGERATOR}_energy") == str(box.counter(REFRIGERATOR) / 1000)
        assert warnings(caplog) == [], fault
        assert logged(caplog) == [], fault
        assert len(box.logins) == 1, fault
        box.clear_faults()
        problems, last = ([], "ok") if last == "no_data" else (["noData"], "no_data")
        box.override_rest(IMPORT, smartmeterState=problems)
        await time.passes(hass, SLOWER_CLOCK)
        assert state_of(hass, f"{IMPORT}_smart_meter") == last, fault


async def test_overview_that_comes_later_gets_its_entities_then(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    """A box that has just started serves the list before the overview."""
    box.fault(Fault(status=500), path=OVERVIEW, times=1)
    await set_up(hass, fritzbox_entry)
    assert rest_details(hass, fritzbox_entry) == set()
    await time.passes(hass, SLOWER_CLOCK)
    assert state_of(hass, f"{WORKSHOP}_firmware_update", "binary_sensor") == STATE_ON


async def test_overview_is_not_asked_for_while_the_poll_fails(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    """It would try a password that was refused, or not wait where the poll waits."""
    await set_up(hass, fritzbox_entry)
    box.set_password(DEFAULT_USER, "another")
    box.end_sessions()
    await time.passes(hass, timedelta(hours=2))
    assert all_unavailable(hass)
    assert asked(box) == 1
    assert [login.success for login in box.logins] == [True, False, False, False]


# Boxes without it


@pytest.fixture(params=[(7, 57), (6, 93)])
async def old_box(
    request: pytest.FixtureRequest,
    home: Home,
    clock: ManualClock,
    ains: Collection[str],
    socket_enabled: None,
) -> AsyncIterator[SimulatedFritzBox]:
    """A running FRITZ!Box that has no REST API."""
    box = SimulatedFritzBox(
        home,
        clock,
        identity=Identity(fritzos=request.param),
        iterations=(1000, 1000),
        devices=[device for device in DEVICES if device.ain in ains],
    )
    await box.start()
    yield box
    await box.stop()


async def test_old_box_lacks_nothing_and_is_not_asked_again(
    time: Time,
    hass: HomeAssistant,
    old_box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    data = {**fritzbox_entry.data, CONF_HOST: old_box.url}
    hass.config_entries.async_update_entry(fritzbox_entry, data=data)
    await set_up(hass, fritzbox_entry)
    before = set(states(hass))
    await time.passes(hass, timedelta(hours=1))
    assert asked(old_box) == 1
    assert rest_details(hass, fritzbox_entry) == set()
    assert set(states(hass)) == before
    assert state_of(hass, f"{REFRIGERATOR}_energy") == str(old_box.counter(REFRIGERATOR) / 1000)
    assert state_of(hass, f"{BATH}_temperature") not in {None, STATE_UNAVAILABLE, STATE_UNKNOWN}
    assert logged(caplog) == []
    assert warnings(caplog) == []
    assert len(old_box.logins) == 1
