"""The blueprints for a meter, with a simulated reader that publishes what a test asks for."""

from datetime import timedelta
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.history.statistics.gateway import Statistic, new_metadata
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from tests.support.blueprints import LANGUAGES, Blueprints
from tests.support.living import recorded
from tests.support.mocked_reader import UNIQUE_ID, MockedReader
from tests.support.passing_time import Time

from .conftest import Passes

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)


@pytest.fixture
async def entry(time: Time, hass: HomeAssistant, mocked_reader: MockedReader) -> MockConfigEntry:
    """A meter that is set up."""
    entry = mocked_reader.entry(prefix="MT681", power_interval=0)
    await mocked_reader.set_up(entry)
    return entry


def entity(hass: HomeAssistant, key: str, platform: str = "sensor", of: str = UNIQUE_ID) -> str:
    """Return the entity id of one of our entities."""
    found = er.async_get(hass).async_get_entity_id(platform, DOMAIN, f"{of}_{key}")
    assert found is not None
    return found


SURPLUS: Final = {
    "en": (
        ("Surplus", "The home feeds in 1500 W."),
        ("The surplus has ended", "The home draws 300 W."),
    ),
    "de": (
        ("Überschuss", "Das Haus speist 1500 W ein."),
        ("Ende des Überschusses", "Das Haus bezieht 300 W."),
    ),
}
NOTIFY: Final = {
    "action": "persistent_notification.create",
    "data": {"title": "{{ title }}", "message": "{{ message }}"},
}


async def test_a_surplus_is_reported_and_its_end_too(
    hass: HomeAssistant,
    passes: Passes,
    mocked_reader: MockedReader,
    entry: MockConfigEntry,
    blueprints: Blueprints,
) -> None:
    async def feeds_in(watts: float, minutes: int) -> None:
        for _ in range(minutes):
            await mocked_reader.reads(Power=-watts)
            await passes(MINUTE)

    await feeds_in(200, 2)
    power = entity(hass, "power")
    await blueprints.use("feed_in_surplus", *LANGUAGES, power=power, end_actions=[NOTIFY])
    await feeds_in(200, 10)
    await feeds_in(1500, 4)
    await feeds_in(500, 1)
    assert blueprints.notifications == []
    await feeds_in(1500, 7)
    begins, ends = (list(each) for each in zip(*SURPLUS.values(), strict=True))
    assert blueprints.notifications == sorted(begins)
    await feeds_in(200, 10)
    await feeds_in(-300, 4)
    assert blueprints.notifications == sorted(begins)
    await feeds_in(-300, 3)
    assert blueprints.notifications == sorted([*begins, *ends])
    await mocked_reader.says("LWT", "Offline")
    await passes(3 * MINUTE)
    assert blueprints.notifications == sorted([*begins, *ends])
    # Nothing stays switched on if the surplus has ended while the reader was away.
    await mocked_reader.says("LWT", "Online")
    await feeds_in(-300, 7)
    assert blueprints.notifications == sorted([*begins, *ends, *ends])


AWAY: Final = {
    "en": "MT681 reader has been away for 30 minutes",
    "de": "MT681 reader ist seit 30 Minuten nicht erreichbar",
}


async def test_a_reader_that_is_away_is_reported(
    hass: HomeAssistant,
    passes: Passes,
    mocked_reader: MockedReader,
    entry: MockConfigEntry,
    blueprints: Blueprints,
) -> None:
    await mocked_reader.says("LWT", "Online")
    online = entity(hass, "reader_online", "binary_sensor")
    await blueprints.use("meter_or_box_problem", *LANGUAGES, sources=[online])
    mocked_reader.answers = False
    await mocked_reader.says("LWT", "Offline")
    await passes(20 * MINUTE)
    await mocked_reader.says("LWT", "Online")
    await passes(20 * MINUTE)
    await mocked_reader.says("LWT", "Offline")
    await passes(29 * MINUTE)
    assert blueprints.notifications == []
    await passes(2 * MINUTE)
    assert [each.title for each in blueprints.notifications] == sorted(AWAY.values())


REPLACED: Final = {
    "en": "MT681: was the meter replaced?",
    "de": "MT681: Wurde der Zähler getauscht?",
}
GOES_ON: Final = {
    "en": "MT681: Energy import goes on from 15119.075 to 1.6 kWh",
    "de": "MT681: Netzbezug von 15119,075 auf 1,6 kWh",
}


async def swap(mocked_reader: MockedReader, passes: Passes) -> None:
    """Replace the meter by one that has counted 1.5 kWh."""
    await mocked_reader.lives(4 * MINUTE, E_in=0.01)
    await mocked_reader.reads(E_in=1.5)
    await mocked_reader.lives(13 * MINUTE, E_in=0.01)
    await passes(MINUTE)


async def test_a_notice_on_the_repairs_page_is_reported(
    hass: HomeAssistant,
    passes: Passes,
    mocked_reader: MockedReader,
    entry: MockConfigEntry,
    blueprints: Blueprints,
) -> None:
    online = entity(hass, "reader_online", "binary_sensor")
    await blueprints.use("meter_or_box_problem", *LANGUAGES, sources=[online])
    await swap(mocked_reader, passes)
    assert [each.title for each in blueprints.notifications] == sorted(REPLACED.values())


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_a_replaced_counter_is_reported_with_both_readings(
    hass: HomeAssistant,
    passes: Passes,
    mocked_reader: MockedReader,
    entry: MockConfigEntry,
    blueprints: Blueprints,
) -> None:
    counters = [entity(hass, "counter_replaced", "event")]
    await blueprints.use("counter_replaced", *LANGUAGES, counters=counters)
    await swap(mocked_reader, passes)
    assert [each.title for each in blueprints.notifications] == sorted(GOES_ON.values())
    await mocked_reader.reload(entry)
    await passes(MINUTE)
    assert len(blueprints.notifications) == len(LANGUAGES)


BASE_LOAD: Final = {
    "en": (
        "The base load was 230 W last night",
        "80 W more than usual, which is 150 W. In a year these are 701 kWh.",
    ),
    "de": (
        "Die Grundlast lag letzte Nacht bei 230 W",
        "80 W mehr als die üblichen 150 W. Im Jahr sind das 701 kWh.",
    ),
}


@pytest.mark.parametrize("enable_statistics", [True])
@pytest.mark.parametrize(("last", "reported"), [(230, True), (190, False)])
async def test_an_unusual_base_load_is_reported_in_the_morning(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    passes: Passes,
    entry: MockConfigEntry,
    blueprints: Blueprints,
    last: int,
    reported: bool,
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    energy = entity(hass, "energy_import")
    night = dt_util.start_of_local_day() + timedelta(days=1)
    # It is evening: the hours up to five in the morning are there already.
    await write_nights(hass, energy, last=last, until=night)
    await blueprints.use("base_load_at_night", *LANGUAGES, energy=energy)
    await passes(timedelta(hours=14), step=HOUR)
    assert blueprints.notifications == (sorted(BASE_LOAD.values()) if reported else [])


async def write_nights(hass: HomeAssistant, energy: str, *, last: int, until: Any) -> None:
    """Write ten days of 1,000 W with nights of 150 W, one of them with guests, and a last one."""
    first = until - timedelta(days=10)
    rows, total = [], 0.0
    for number in range(10 * 24 + 6):
        day, hour = divmod(number, 24)
        watts = {10: last, 4: 900}.get(day, 150) if hour in {2, 3, 4} else 1000
        total += watts / 1000
        rows.append(
            StatisticData(start=dt_util.as_utc(first) + number * HOUR, state=total, sum=total)
        )
    async_import_statistics(
        hass, new_metadata(Statistic(id=energy, unit="kWh", has_sum=True)), rows
    )
    await recorded(hass)
