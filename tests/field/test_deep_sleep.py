"""A reader in deep sleep is offline most of the time, and yet its values are right."""

from datetime import timedelta

import pytest

from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event
from tests.support.mocked_reader import MockedReader
from tests.support.passing_time import Time
from tests.support.watching import meter_values

SENSOR = "sensor.mt681_energy_import"
HALF_AN_HOUR = timedelta(minutes=30)
AWAKE = timedelta(seconds=20)


async def wakes(
    time: Time, hass: HomeAssistant, reader: MockedReader, *, last_will: str, kwh: float = 0.1
) -> None:
    """Start, publish once, and sleep again."""
    await reader.says("LWT", "Online")
    await reader.says("STATE", {"UptimeSec": 12})
    await reader.reads(E_in=round(reader.blocks["MT681"]["E_in"] + kwh, 4))
    await time.passes(hass, AWAKE)
    await reader.says("LWT", last_will)


@pytest.mark.parametrize("last_will", ["Offline", "DeepSleep"])
async def test_a_reader_that_wakes_every_half_hour_keeps_its_values_until_it_is_late(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader, last_will: str
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    mocked_reader.answers = False
    await mocked_reader.says("LWT", last_will)
    for _ in range(2):
        await time.passes(hass, HALF_AN_HOUR - AWAKE)
        await wakes(time, hass, mocked_reader, last_will=last_will)

    for _ in range(6):
        for _ in range(5):
            await time.passes(hass, timedelta(minutes=5))
            state = hass.states.get(SENSOR)
            assert state is not None
            assert float(state.state) == mocked_reader.blocks["MT681"]["E_in"]
        await time.passes(hass, timedelta(minutes=5) - AWAKE)
        await wakes(time, hass, mocked_reader, last_will=last_will)
        # Each waking is accepted, not only each second one.
        assert meter_values(entry)["energy_import"] == mocked_reader.blocks["MT681"]["E_in"]
    rejected = entry.runtime_data.counters.rejected
    assert rejected["energy_import", "quarantined"] <= 3

    await time.passes(hass, timedelta(minutes=60))
    state = hass.states.get(SENSOR)
    assert state is not None
    assert state.state == "unavailable"


async def test_a_reader_that_is_usually_awake_is_unavailable_at_once(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(hours=2), E_in=0.01)
    await mocked_reader.says("LWT", "Offline")
    await time.passes(hass, timedelta(minutes=2))
    state = hass.states.get(SENSOR)
    assert state is not None
    assert state.state == "unavailable"
    # It has crashed, and is back.
    await mocked_reader.says("LWT", "Online")
    await mocked_reader.lives(timedelta(minutes=40), E_in=0.01)
    await mocked_reader.says("LWT", "Offline")
    await time.passes(hass, timedelta(minutes=2))
    state = hass.states.get(SENSOR)
    assert state is not None
    assert state.state == "unavailable"


@pytest.mark.parametrize("hours", [2, 6, 12])
async def test_a_reader_that_announces_its_sleep_keeps_its_values_for_as_long_as_it_sleeps(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader, hours: int
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    mocked_reader.answers = False
    asleep = timedelta(hours=hours) - AWAKE
    await mocked_reader.says("LWT", "DeepSleep")
    for _ in range(2):
        await time.passes(hass, asleep, step=timedelta(minutes=10))
        await wakes(time, hass, mocked_reader, last_will="DeepSleep")

    states: list[str] = []

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        states.append(event.data["new_state"].state if event.data["new_state"] else "removed")

    async_track_state_change_event(hass, SENSOR, changed)
    for _ in range(3):
        await time.passes(hass, asleep, step=timedelta(minutes=10))
        # Between its start and its first readings nothing is unavailable either.
        await wakes(time, hass, mocked_reader, last_will="DeepSleep")
    assert len(states) == 3
    assert "unavailable" not in states
    await time.passes(hass, asleep, step=timedelta(minutes=10))
    await time.passes(hass, asleep, step=timedelta(minutes=10))
    assert states[-1] == "unavailable"


async def test_a_quantity_that_is_missing_after_waking_is_unavailable(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    mocked_reader.answers = False
    await mocked_reader.says("LWT", "DeepSleep")
    for _ in range(3):
        await time.passes(hass, timedelta(hours=6) - AWAKE, step=timedelta(minutes=10))
        await wakes(time, hass, mocked_reader, last_will="DeepSleep")
    del mocked_reader.blocks["MT681"]["Power"]
    for _ in range(3):
        await time.passes(hass, timedelta(hours=6) - AWAKE, step=timedelta(minutes=10))
        await wakes(time, hass, mocked_reader, last_will="DeepSleep")
    power, energy = (hass.states.get(f"sensor.mt681_{key}") for key in ("power", "energy_import"))
    assert power is not None
    assert power.state == "unavailable"
    assert energy is not None
    assert energy.state != "unavailable"
