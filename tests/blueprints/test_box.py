"""The blueprints for devices of a FRITZ!Box, with a simulated one."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import CONF_HISTORY, DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from simulator.fritzbox import SimulatedFritzBox
from simulator.fritzbox_devices import BATH, LIVING_ROOM, REFRIGERATOR, SWITCH, WINDOW
from tests.support.blueprints import LANGUAGES, Blueprints
from tests.support.passing_time import Time
from tests.support.watching import set_up

from .conftest import Passes

MINUTE: Final = timedelta(minutes=1)


@pytest.fixture
def ains() -> Collection[str]:
    """A plug, a thermostat, a window and a switch."""
    return {REFRIGERATOR, BATH, LIVING_ROOM, WINDOW, WINDOW.removesuffix("-1"), SWITCH}


@pytest.fixture
async def entry(
    time: Time, hass: HomeAssistant, fritzbox_entry: MockConfigEntry
) -> MockConfigEntry:
    """A FRITZ!Box that is set up."""
    hass.config_entries.async_update_entry(fritzbox_entry, options={CONF_HISTORY: False})
    await set_up(hass, fritzbox_entry)
    return fritzbox_entry


def entity(hass: HomeAssistant, unique_id: str, platform: str = "sensor") -> str:
    """Return the entity id of one of our entities."""
    found = er.async_get(hass).async_get_entity_id(platform, DOMAIN, unique_id)
    assert found is not None
    return found


class Plug:
    """The refrigerator's plug, with an appliance that the test controls."""

    def __init__(self, hass: HomeAssistant, box: SimulatedFritzBox, passes: Passes) -> None:
        """Begin with an appliance in standby, at 50 kWh."""
        self._box, self._passes = box, passes
        self._watt_hours = 50_000.0
        self.power = entity(hass, f"{REFRIGERATOR}_power")
        self.energy = entity(hass, f"{REFRIGERATOR}_energy")

    async def draws(self, watts: float, minutes: int) -> None:
        """Let the appliance draw a power for some minutes."""
        for _ in range(minutes):
            self._watt_hours += watts / 60
            self._box.override(REFRIGERATOR, power=int(watts * 1000), energy=int(self._watt_hours))
            await self._passes(MINUTE)


@pytest.fixture
async def plug(
    time: Time,
    hass: HomeAssistant,
    passes: Passes,
    box: SimulatedFritzBox,
    entry: MockConfigEntry,
) -> Plug:
    """A plug with an appliance in standby."""
    plug = Plug(hass, box, passes)
    # The counter of another appliance was there before: it takes ten minutes to be accepted.
    await plug.draws(1.2, 13)
    return plug


# The first minute is over when the box reports that the appliance runs.
FINISHED: Final = {
    "en": ("Kühlschrank has finished", "It ran for 1:05 h. It used 0.97 kWh."),
    "de": ("Kühlschrank: fertig", "Laufzeit 1:05 h. Verbrauch 0,97 kWh."),
}


async def wash(plug: Plug) -> None:
    """Run a program of 65 minutes, with a pause, that uses a kilowatt-hour."""
    await plug.draws(2000, 20)
    await plug.draws(2, 4)
    await plug.draws(200, 1)
    await plug.draws(495, 40)


async def test_an_appliance_that_has_finished_is_reported_with_its_energy(
    hass: HomeAssistant,
    passes: Passes,
    plug: Plug,
    blueprints: Blueprints,
) -> None:
    await blueprints.use(
        "appliance_finished", *LANGUAGES, power=plug.power, energy=plug.energy, finish_power=3
    )
    await wash(plug)
    await plug.draws(1.2, 4)
    assert blueprints.notifications == []
    await plug.draws(1.2, 3)
    assert blueprints.notifications == sorted(FINISHED.values())
    await plug.draws(1.2, 15)
    assert len(blueprints.notifications) == len(LANGUAGES)


async def test_a_short_run_is_not_reported_and_neither_is_a_box_that_is_away(
    passes: Passes, box: SimulatedFritzBox, plug: Plug, blueprints: Blueprints
) -> None:
    await blueprints.use("appliance_finished", "en", power=plug.power)
    await plug.draws(25, 2)
    await plug.draws(1.2, 10)
    assert blueprints.notifications == []
    await plug.draws(500, 30)
    box.disconnect(REFRIGERATOR)
    await passes(20 * MINUTE)
    assert blueprints.notifications == []
    box.restore(REFRIGERATOR)
    await plug.draws(500, 10)
    await plug.draws(1.2, 8)
    [reported] = blueprints.notifications
    assert "kWh" not in reported.message


HEATING: Final = {
    "en": (
        "Wohnzimmer: a window is open while heating",
        "Open: Schlafzimmerfenster. The room has 20.0 °C.",
    ),
    "de": (
        "Wohnzimmer: Fenster offen bei laufender Heizung",
        "Offen: Schlafzimmerfenster. Im Raum sind es 20,0 °C.",
    ),
}


@pytest.fixture
async def thermostat(
    time: Time,
    hass: HomeAssistant,
    passes: Passes,
    box: SimulatedFritzBox,
    entry: MockConfigEntry,
) -> dict[str, Any]:
    """A warm room with a closed window."""
    box.override(WINDOW, state=0)
    box.override(LIVING_ROOM, celsius=220, tist=44, tsoll=42)
    await passes(2 * MINUTE)
    return {
        "windows": [entity(hass, f"{WINDOW}_alert", "binary_sensor")],
        "temperature": entity(hass, f"{LIVING_ROOM}_temperature"),
        "target_temperature": entity(hass, f"{LIVING_ROOM}_target_temperature"),
        "regulation": entity(hass, f"{LIVING_ROOM}_radiator_mode"),
    }


async def test_a_window_that_is_open_while_the_room_is_heated_is_reported(
    hass: HomeAssistant,
    passes: Passes,
    box: SimulatedFritzBox,
    thermostat: dict[str, Any],
    blueprints: Blueprints,
) -> None:
    await blueprints.use("window_open_while_heating", *LANGUAGES, **thermostat)
    box.override(WINDOW, state=1)
    await passes(30 * MINUTE)
    assert blueprints.notifications == []
    box.override(LIVING_ROOM, celsius=200, tist=40, tsoll=42)
    await passes(10 * MINUTE)
    assert blueprints.notifications == []
    await passes(3 * MINUTE)
    assert blueprints.notifications == sorted(HEATING.values())


async def test_a_thermostat_that_is_off_does_not_heat_and_one_that_is_fully_open_does(
    hass: HomeAssistant,
    passes: Passes,
    box: SimulatedFritzBox,
    thermostat: dict[str, Any],
    blueprints: Blueprints,
) -> None:
    await blueprints.use("window_open_while_heating", "en", **thermostat, minutes=2)
    box.override(WINDOW, state=1)
    box.override(LIVING_ROOM, celsius=150, tist=30, tsoll=253)
    await passes(10 * MINUTE)
    assert blueprints.notifications == []
    box.override(LIVING_ROOM, celsius=250, tist=50, tsoll=254)
    await passes(5 * MINUTE)
    assert len(blueprints.notifications) == 1


OUTDOOR: Final = "sensor.outdoor"
TOO_LONG: Final = {
    "en": ("Schlafzimmerfenster is open", "It has been open for {} minutes. It is {} °C outside."),
    "de": ("Schlafzimmerfenster ist offen", "Seit {} Minuten. Draußen sind es {} °C."),
}


@pytest.mark.parametrize(("outdoor", "minutes"), [(-3.5, 10), (12.0, 30)])
async def test_a_window_may_be_open_for_longer_in_mild_weather(
    hass: HomeAssistant,
    passes: Passes,
    box: SimulatedFritzBox,
    thermostat: dict[str, Any],
    blueprints: Blueprints,
    outdoor: float,
    minutes: int,
) -> None:
    hass.states.async_set(OUTDOOR, str(outdoor))
    windows = thermostat["windows"]
    await blueprints.use("window_open_too_long", *LANGUAGES, windows=windows, outdoor=OUTDOOR)
    box.override(WINDOW, state=1)
    await passes(minutes * MINUTE)
    assert blueprints.notifications == []
    await passes(3 * MINUTE)
    shown = {"en": str(outdoor), "de": str(outdoor).replace(".", ",")}
    assert blueprints.notifications in [
        sorted(
            (title, message.format(late, shown[language]))
            for language, (title, message) in TOO_LONG.items()
        )
        for late in (minutes, minutes + 1)
    ]
    await passes(60 * MINUTE, step=5 * MINUTE)
    assert len(blueprints.notifications) == len(LANGUAGES)


async def test_on_a_warm_day_a_window_is_reported_only_once_it_gets_colder(
    hass: HomeAssistant,
    passes: Passes,
    box: SimulatedFritzBox,
    thermostat: dict[str, Any],
    blueprints: Blueprints,
) -> None:
    hass.states.async_set(OUTDOOR, "24")
    windows = thermostat["windows"]
    await blueprints.use("window_open_too_long", "en", windows=windows, outdoor=OUTDOOR)
    box.override(WINDOW, state=1)
    await passes(120 * MINUTE, step=5 * MINUTE)
    assert blueprints.notifications == []
    hass.states.async_set(OUTDOOR, "15")
    await passes(MINUTE)
    assert len(blueprints.notifications) == 1


async def test_a_window_that_was_closed_in_time_is_not_reported(
    hass: HomeAssistant,
    passes: Passes,
    box: SimulatedFritzBox,
    thermostat: dict[str, Any],
    blueprints: Blueprints,
) -> None:
    windows = thermostat["windows"]
    await blueprints.use("window_open_too_long", "en", windows=windows, outdoor=OUTDOOR)
    for _ in range(3):
        box.override(WINDOW, state=1)
        await passes(20 * MINUTE, step=2 * MINUTE)
        box.override(WINDOW, state=0)
        await passes(20 * MINUTE, step=2 * MINUTE)
    assert blueprints.notifications == []


WEAK: Final = {"en": "Weak batteries", "de": "Schwache Batterien"}


async def test_weak_batteries_are_reported_once_a_week_in_one_message(
    hass: HomeAssistant,
    passes: Passes,
    box: SimulatedFritzBox,
    entry: MockConfigEntry,
    blueprints: Blueprints,
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    box.override(LIVING_ROOM, battery=15, batterylow=1)
    box.override(WINDOW.removesuffix("-1"), battery=5, batterylow=1)
    await passes(2 * MINUTE)
    hass.states.async_set("sensor.other", "3", {"device_class": "battery"})
    await blueprints.use("weak_batteries", *LANGUAGES)
    # It is Friday evening.
    assert dt_util.now().strftime("%a %H") == "Fri 19"
    await passes(timedelta(hours=14), step=timedelta(hours=2))
    assert blueprints.notifications == []
    await passes(timedelta(hours=2), step=timedelta(hours=1))
    weak = "Schlafzimmerfenster (5 %), Wohnzimmer (15 %)"
    assert blueprints.notifications == sorted((title, weak) for title in WEAK.values())
    await passes(timedelta(days=6), step=timedelta(hours=6))
    assert len(blueprints.notifications) == len(LANGUAGES)


async def test_nothing_is_reported_while_all_batteries_are_fine(
    hass: HomeAssistant, passes: Passes, entry: MockConfigEntry, blueprints: Blueprints
) -> None:
    await blueprints.use(
        "weak_batteries", "en", weekdays=["fri"], time="18:15:00", level=5, all_integrations=True
    )
    await hass.config.async_set_time_zone("UTC")
    await passes(10 * MINUTE)
    assert blueprints.notifications == []
    hass.states.async_set("sensor.other", "3", {"device_class": "battery"})
    hass.states.async_set("binary_sensor.another", "on", {"device_class": "battery"})
    await passes(timedelta(days=7), step=timedelta(hours=6))
    assert [each.message for each in blueprints.notifications] == [
        "binary_sensor.another, sensor.other (3 %)"
    ]
