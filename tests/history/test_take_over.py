"""The hours of a sensor that a home had before become those of our counter, on a real recorder."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.history.statistics.gateway import Statistic, new_metadata
from custom_components.py_hab.history.take_over import counters_of
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from tests.support.living import changes, recorded, rows
from tests.support.measured_home import HOUR, this_hour
from tests.support.mocked_reader import MockedReader
from tests.support.old_meter import (
    COUNTER,
    HOURS,
    OLD,
    READING,
    recorded_by_another_sensor,
)
from tests.support.passing_time import Time
from tests.support.watching import warnings

pytestmark = pytest.mark.parametrize("enable_statistics", [True])


@pytest.fixture
async def entry(
    time: Time, recorder_mock: Recorder, hass: HomeAssistant, mocked_reader: MockedReader
) -> MockConfigEntry:
    """A meter that is new in py_hab, and was recorded by another sensor for two days."""
    return await recorded_by_another_sensor(hass, mocked_reader)


async def take_over(hass: HomeAssistant, **data: Any) -> dict[str, Any]:
    answer: Any = await hass.services.async_call(
        DOMAIN,
        "take_over",
        {"entity_id": COUNTER, "source": OLD, **data},
        blocking=True,
        return_response=True,
    )
    await recorded(hass)
    return dict(answer)


async def test_the_hours_of_the_old_sensor_become_ours_without_its_phantom(
    hass: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    assert COUNTER in counters_of(hass, entry.entry_id)
    before = await rows(hass, OLD)
    preview = await take_over(hass, dry_run=True)
    assert await changes(hass, COUNTER) == {}
    done = await take_over(hass)
    assert done == preview | {"dry_run": False}
    assert (done["source"], done["corrected"]) == (OLD, 1)
    report = done["report"]
    assert (report["entity_id"], report["rows"]) == (COUNTER, HOURS)
    assert report["energy"] == pytest.approx((HOURS - 1) / 4)
    found = await changes(hass, COUNTER)
    assert len(found) == HOURS
    assert set(list(found.values())[1:]) == {0.25}
    assert await rows(hass, OLD) == before
    # Once more changes nothing.
    await take_over(hass)
    assert await changes(hass, COUNTER) == found
    assert warnings(caplog) == []


async def test_it_is_taken_back_exactly(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await take_over(hass)
    answer: Any = await hass.services.async_call(
        DOMAIN, "get_runs", {}, blocking=True, return_response=True
    )
    [run] = answer["runs"]
    await hass.services.async_call(
        DOMAIN, "undo_history", {"run": run["run"]}, blocking=True, return_response=True
    )
    await recorded(hass)
    assert await changes(hass, COUNTER) == {}


async def test_what_does_not_fit_is_refused(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    for data, key in (
        ({"entity_id": OLD}, "no_counter"),
        ({"entity_id": "sensor.mt681_power"}, "no_counter"),
        ({"source": COUNTER}, "no_counter"),
        ({"source": "sensor.nothing"}, "no_energy_statistic"),
    ):
        with pytest.raises(ServiceValidationError) as err:
            await take_over(hass, **data)
        assert err.value.translation_key == key, data


async def test_the_live_hours_of_our_counter_stay(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader, entry: MockConfigEntry
) -> None:
    live = [
        StatisticData(start=this_hour() - number * HOUR, state=READING, sum=100.0 + 0.5 / number)
        for number in (3, 2, 1)
    ]
    async_import_statistics(
        hass, new_metadata(Statistic(id=COUNTER, unit="kWh", has_sum=True)), live
    )
    await recorded(hass)
    before = (await rows(hass, COUNTER))[-2:]
    done = await take_over(hass)
    assert done["report"]["rows"] == HOURS - 3
    after = (await rows(hass, COUNTER))[-2:]
    assert [row["change"] for row in after] == pytest.approx([row["change"] for row in before])
    assert len(await rows(hass, COUNTER)) == HOURS


FEED_IN = "sensor.mt681_energy_export"


async def test_hours_of_another_counter_are_written_only_if_the_user_says_so(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    preview = await take_over(hass, entity_id=FEED_IN, dry_run=True)
    difference = preview["difference"]
    assert difference["doubt"] == "other_readings"
    assert difference["source"] == pytest.approx(READING)
    assert difference["counter"] < 5000
    with pytest.raises(ServiceValidationError) as err:
        await take_over(hass, entity_id=FEED_IN)
    assert err.value.translation_key == "another_counter_other_readings"
    assert "15,119.035" in str(err.value)
    assert await changes(hass, FEED_IN) == {}
    done = await take_over(hass, entity_id=FEED_IN, accept_difference=True)
    assert done["report"]["rows"] == HOURS
    assert len(await changes(hass, FEED_IN)) == HOURS


async def test_what_both_show_now_is_compared_in_any_unit(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    async def doubt() -> str | None:
        difference = (await take_over(hass, dry_run=True))["difference"]
        return difference and str(difference["doubt"])

    for shown, unit, expected in (
        ("15119.2", "kWh", None),
        ("15119200", "Wh", None),
        ("15000.0", "kWh", "other_readings"),
        ("unavailable", "kWh", None),
    ):
        hass.states.async_set(OLD, shown, {"unit_of_measurement": unit})
        assert await doubt() == expected, (OLD, shown, unit)
    hass.states.async_remove(OLD)
    for shown, unit, expected in (
        ("15119035", "Wh", None),
        ("15.119035", "MWh", None),
        ("unknown", "", "nothing_to_compare"),
    ):
        hass.states.async_set(COUNTER, shown, {"unit_of_measurement": unit})
        assert await doubt() == expected, (COUNTER, shown, unit)
    hass.states.async_remove(COUNTER)
    assert await doubt() == "nothing_to_compare"


@pytest.mark.parametrize(("unit", "factor"), [("Wh", 1000), ("MWh", 0.001)])
async def test_a_sensor_may_count_in_another_unit(
    hass: HomeAssistant, entry: MockConfigEntry, unit: str, factor: float
) -> None:
    old = "sensor.other_unit"
    async_import_statistics(
        hass,
        {
            **new_metadata(Statistic(id=old, unit="kWh", has_sum=True)),
            "unit_of_measurement": unit,
        },
        [
            StatisticData(
                start=this_hour() - (HOURS - number) * HOUR,
                state=factor * (READING - (HOURS - 1 - number) / 4),
                sum=factor * number / 4,
            )
            for number in range(HOURS)
        ],
    )
    await recorded(hass)
    done = await take_over(hass, source=old)
    assert done["difference"] is None
    assert list((await changes(hass, COUNTER)).values())[1:] == pytest.approx([0.25] * (HOURS - 1))


async def test_a_reading_of_its_own_is_not_booked_where_the_live_hours_begin(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A utility meter that started 20 kWh after the meter itself counts the same."""
    used = 0.75
    live = [
        StatisticData(
            start=this_hour() - number * HOUR,
            state=READING - number * used,
            sum=(9 - number) * used,
        )
        for number in range(9, 0, -1)
    ]
    async_import_statistics(
        hass, new_metadata(Statistic(id=COUNTER, unit="kWh", has_sum=True)), live
    )
    own = "sensor.utility_meter"
    async_import_statistics(
        hass,
        new_metadata(Statistic(id=own, unit="kWh", has_sum=True)),
        [
            StatisticData(
                start=this_hour() - number * HOUR,
                state=READING - number * used - 20,
                sum=(HOURS - number) * used,
            )
            for number in range(HOURS, 0, -1)
        ],
    )
    await recorded(hass)
    done = await take_over(hass, source=own)
    assert done["difference"] is None
    found = await changes(hass, COUNTER)
    assert list(found.values())[1:] == pytest.approx([used] * (HOURS - 1))
    assert [row["state"] for row in await rows(hass, COUNTER)] == pytest.approx(
        [READING - number * used for number in range(HOURS, 0, -1)]
    )


async def test_the_counter_takes_over_entity_id_and_hours_as_the_moving_guide_says(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    registry = er.async_get(hass)
    registry.async_get_or_create("sensor", "mqtt", "old", object_id_base="old_meter")
    registry.async_update_entity(OLD, new_entity_id=f"{OLD}_old")
    registry.async_update_entity(COUNTER, new_entity_id=OLD)
    await recorded(hass)
    done = await take_over(hass, entity_id=OLD, source=f"{OLD}_old")
    assert (done["difference"], done["report"]["rows"]) == (None, HOURS)
    assert list((await changes(hass, OLD)).values())[1:] == [0.25] * (HOURS - 1)
    assert await changes(hass, COUNTER) == {}
