"""Which counter readings of a box are shown."""

from datetime import datetime, timedelta
from typing import Any

from custom_components.py_hab.box.counter_readings import CounterReadings
from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.counters.store import CounterStore
from custom_components.py_hab.fritzbox.devices import DeviceList, PowerMeter, parse_device_list
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

AIN = "15282 0005432-1"
MINUTE = timedelta(minutes=1)


def answer(*, watts: int, kwh: float, volts: int = 230) -> DeviceList:
    """Return what a box reports of one plug, or without a voltage, of one smart meter."""
    meter = (
        f"<powermeter><voltage>{volts * 1000}</voltage><power>{watts * 1000}</power>"
        f"<energy>{kwh * 1000:.0f}</energy></powermeter>"
    )
    device = (
        f'<device identifier="{AIN}" functionbitmask="2944" fwversion="04.25" '
        f'manufacturer="AVM" productname="{"FRITZ!DECT 210" if volts else "FRITZ!Smart Energy 250"}">'
        f"<present>1</present><name>Device</name>{meter}</device>"
    )
    return parse_device_list(f'<devicelist version="1" fwversion="8.25">{device}</devicelist>')


async def shown(readings: CounterReadings, listed: DeviceList, now: datetime) -> PowerMeter:
    """Return what is shown of the device."""
    meter = (await readings.async_accept(listed, now)).devices[AIN].power_meter
    assert meter is not None
    return meter


async def test_accepted_reading_stands_in_for_a_rejected_one(hass: HomeAssistant) -> None:
    readings, now = CounterReadings(CounterStore(hass, "box")), dt_util.utcnow()
    assert (await shown(readings, answer(watts=100, kwh=5), now)).energy == 5
    glitch = await shown(readings, answer(watts=120, kwh=0), now + MINUTE)
    assert (glitch.power, glitch.energy) == (120, 5)


async def test_device_without_a_counter_stays_as_it_is(hass: HomeAssistant) -> None:
    listed = parse_device_list(
        '<devicelist version="1"><device identifier="1" functionbitmask="1" fwversion="1" '
        'manufacturer="AVM" productname="x"><present>1</present><name>x</name></device></devicelist>'
    )
    readings = CounterReadings(CounterStore(hass, "box"))
    assert await readings.async_accept(listed, dt_util.utcnow()) == listed


async def test_lower_reading_is_saved_before_it_is_shown(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    """After a crash, the old reading would be booked as consumption."""
    readings, now = CounterReadings(CounterStore(hass, "box")), dt_util.utcnow()
    await shown(readings, answer(watts=100, kwh=5), now)
    polls = (now + number * 3 * MINUTE for number in range(1, 20))
    while (await shown(readings, answer(watts=100, kwh=1), next(polls))).energy == 5:
        assert f"{DOMAIN}.box" not in hass_storage
    assert hass_storage[f"{DOMAIN}.box"]["data"]["counters"][AIN][0] == 1


async def test_what_a_smart_meter_has_shown_outlives_a_restart(hass: HomeAssistant) -> None:
    """0 V and 0 W of a meter that has shown a power mean that nothing is drawn."""
    now = dt_util.utcnow()
    listed = answer(watts=0, kwh=3134, volts=0)
    unknown = CounterReadings(CounterStore(hass, "box"))
    assert (await shown(unknown, listed, now)).power is None
    counters = CounterStore(hass, "box")
    before = CounterReadings(counters)
    await shown(before, answer(watts=200, kwh=3134, volts=0), now)
    await counters.async_save()
    later = CounterStore(hass, "box")
    await later.async_load()
    restored = CounterReadings(later)
    restored.restore()
    assert (await shown(restored, listed, now + MINUTE)).power == 0
