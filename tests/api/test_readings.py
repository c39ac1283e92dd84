"""Readings and profiles, from a real recorder."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from sqlalchemy import text

from custom_components.py_hab.api import readings as measurements
from custom_components.py_hab.api.profile import Grouping
from custom_components.py_hab.api.readings import (
    Measurement,
    Profile,
    Span,
    read_measurements,
    read_profile,
)
from custom_components.py_hab.history.statistics.gateway import Statistic, new_metadata
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    async_import_statistics,
)
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import session_scope
from homeassistant.setup import async_setup_component
from tests.support.living import recorded

T0: Final = datetime(2026, 10, 1, 10, 0, tzinfo=UTC)
SENSOR: Final = "sensor.bath"
HOUR: Final = timedelta(hours=1)
MINUTE: Final = timedelta(minutes=1)

pytestmark = pytest.mark.usefixtures("small_batches")


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for few states at once, so that tests get by with few."""
    monkeypatch.setattr(measurements, "_BATCH", 7)
    monkeypatch.setattr(measurements, "_MIN_BATCH", 3)


@pytest.fixture
async def home(
    recorder_mock: Recorder, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> HomeAssistant:
    """A Home Assistant that records."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    freezer.move_to(T0)
    assert await async_setup_component(hass, "sensor", {})
    await recorded(hass)
    return hass


async def shows(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    states: Iterable[object],
    *,
    entity_id: str = SENSOR,
    start: datetime = T0,
    every: timedelta = MINUTE,
    **attributes: Any,
) -> None:
    """Show one state after the other."""
    for number, state in enumerate(states):
        freezer.move_to(start + number * every)
        hass.states.async_set(entity_id, str(state), attributes)
    await recorded(hass)


async def has_hours(
    hass: HomeAssistant,
    rows: Mapping[datetime, float],
    *,
    statistic_id: str = SENSOR,
    unit: str = "°C",
    has_sum: bool = False,
) -> None:
    """Write hours, by when they begin: means, or the sums of a counter."""
    statistic = Statistic(id=statistic_id, unit=unit, has_sum=has_sum)
    add = async_add_external_statistics if statistic.is_external else async_import_statistics
    add(
        hass,
        new_metadata(statistic),
        [
            StatisticData(start=start, state=1000 + value, sum=value)
            if has_sum
            else StatisticData(start=start, mean=value, min=value, max=value)
            for start, value in rows.items()
        ],
    )
    await recorded(hass)


async def purge(hass: HomeAssistant, before: datetime) -> None:
    """Forget states as the recorder does after ten days."""

    def delete() -> None:
        with session_scope(hass=hass) as session:
            session.execute(text("UPDATE states SET old_state_id = NULL"))
            session.execute(
                text("DELETE FROM states WHERE last_updated_ts < :at"), {"at": before.timestamp()}
            )

    await get_instance(hass).async_add_executor_job(delete)


async def readings(hass: HomeAssistant, entity_id: str = SENSOR, **asked: Any) -> list[Measurement]:
    span = Span(**{"limit": 200} | asked)
    return await get_instance(hass).async_add_executor_job(read_measurements, hass, entity_id, span)


async def amounts(hass: HomeAssistant, entity_id: str = SENSOR, **asked: Any) -> list[float]:
    return [reading.amount for reading in await readings(hass, entity_id, **asked)]


async def of_profile(
    hass: HomeAssistant, grouping: Grouping, statistic_id: str = SENSOR, **asked: Any
) -> Profile | None:
    span = Span(limit=200, **asked)
    return await get_instance(hass).async_add_executor_job(
        read_profile, hass, statistic_id, grouping, span
    )


# Readings


async def test_the_newest_reading_comes_first_with_its_time(
    home: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await shows(home, freezer, [20.5, 21, 21.5])
    assert await readings(home) == [
        Measurement((T0 + 2 * MINUTE).timestamp(), 21.5, hourly=False),
        Measurement((T0 + MINUTE).timestamp(), 21.0, hourly=False),
        Measurement(T0.timestamp(), 20.5, hourly=False),
    ]


async def test_limit_and_offset_cut_a_piece_out(
    home: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await shows(home, freezer, range(20))
    values = [float(value) for value in reversed(range(20))]
    for limit in (1, 2, 3, 7, 8, 20, 50_000):
        for offset in (0, 1, 6, 7, 8, 19, 20, 10_000_000):
            found = await amounts(home, limit=limit, offset=offset)
            assert found == values[offset : offset + limit], (limit, offset)


async def test_states_that_are_no_numbers_are_skipped_and_not_counted(
    home: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    nothing = [STATE_UNAVAILABLE, STATE_UNKNOWN, "", "nan", "inf", "-inf", "20_26", "open", "1e999"]
    await shows(home, freezer, [*range(5), *nothing, 5, *nothing, 6])
    assert await amounts(home, limit=4) == [6.0, 5.0, 4.0, 3.0]
    assert await amounts(home, limit=2, offset=1) == [5.0, 4.0]
    assert await amounts(home) == [6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0]


async def test_changed_attributes_are_no_reading(
    home: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await shows(home, freezer, [1, 2])
    await shows(home, freezer, [2], start=T0 + HOUR, unit_of_measurement="°C")
    assert [reading.at for reading in await readings(home)] == [
        (T0 + MINUTE).timestamp(),
        T0.timestamp(),
    ]


async def test_contacts_are_one_when_open_and_zero_when_closed(
    home: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    window = "binary_sensor.window"
    await shows(home, freezer, ["off", "on", STATE_UNAVAILABLE, "off", "on"], entity_id=window)
    assert await amounts(home, window) == [1.0, 0.0, 1.0, 0.0]


async def test_a_time_begins_with_its_start_and_ends_before_its_end(
    home: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await shows(home, freezer, range(5))
    assert await amounts(home, start=T0 + MINUTE, end=T0 + 3 * MINUTE) == [2.0, 1.0]
    assert await amounts(home, start=T0 + 4 * MINUTE) == [4.0]
    assert await amounts(home, end=T0 + MINUTE) == [0.0]
    assert await amounts(home, start=T0 + MINUTE, end=T0 + MINUTE) == []
    assert await amounts(home, start=T0 + 2 * HOUR) == []


async def test_the_ends_of_time_are_times(
    home: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await shows(home, freezer, range(3))
    await has_hours(home, {T0 - 2 * HOUR: 7.0})
    everything = [2.0, 1.0, 0.0, 7.0]
    for edge in (datetime.min, datetime.max, datetime(1969, 12, 31)):
        moment = edge.replace(tzinfo=UTC)
        is_past = moment < T0
        assert await amounts(home, start=moment) == (everything if is_past else []), edge
        assert await amounts(home, end=moment) == ([] if is_past else everything), edge


async def test_an_entity_that_was_never_seen_has_no_readings(home: HomeAssistant) -> None:
    assert await readings(home, "sensor.never_seen") == []
    assert await readings(home, "sensor.x'; DROP TABLE states; --") == []


# States, then hours


async def test_hours_follow_where_states_were_purged(
    home: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    # Quarters of an hour from 10:00 on, the older ones purged at 12:20: the oldest is of 12:30.
    await shows(home, freezer, range(16), every=HOUR / 4)
    await has_hours(home, {T0 + number * HOUR: 100.0 + number for number in range(-2, 4)})
    await purge(home, T0 + 2 * HOUR + 20 * MINUTE)
    found = await readings(home)
    assert [reading.amount for reading in found if not reading.hourly] == [15, 14, 13, 12, 11, 10]
    assert found[6:] == [
        Measurement((T0 + number * HOUR + HOUR).timestamp(), 100.0 + number, hourly=True)
        for number in (1, 0, -1, -2)
    ]
    assert [reading.at for reading in found] == sorted((item.at for item in found), reverse=True)


async def test_pages_over_the_seam_have_no_gap_and_no_double(
    home: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await shows(home, freezer, range(16), every=HOUR / 4)
    await has_hours(home, {T0 + number * HOUR: 100.0 + number for number in range(-2, 4)})
    await purge(home, T0 + 2 * HOUR + 20 * MINUTE)
    whole = await readings(home)
    assert len(whole) == 10
    for offset in range(11):
        page = await readings(home, limit=3, offset=offset)
        assert page == whole[offset : offset + 3], offset


async def test_a_state_at_a_full_hour_takes_the_place_of_the_hour_that_ends_there(
    home: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await shows(home, freezer, [1, 2])
    await has_hours(home, {T0 - HOUR: 100.0, T0 - 2 * HOUR: 99.0})
    assert [(item.amount, item.hourly) for item in await readings(home)] == [
        (2.0, False),
        (1.0, False),
        (99.0, True),
    ]


async def test_hours_are_reported_by_their_end_and_within_the_time_asked_for(
    home: HomeAssistant,
) -> None:
    await has_hours(home, {T0 + number * HOUR: float(number) for number in range(-6, 0)})
    assert await amounts(home) == [-1.0, -2.0, -3.0, -4.0, -5.0, -6.0]
    # From 6:00 to before 9:00; the hour that ends at 6:00 began before.
    assert await amounts(home, start=T0 - 4 * HOUR, end=T0 - HOUR) == [-3.0, -4.0, -5.0]
    assert await amounts(home, start=T0 - 4 * HOUR + MINUTE, end=T0 - HOUR + MINUTE) == [
        -2.0,
        -3.0,
        -4.0,
    ]


async def test_a_time_without_changes_is_not_filled_with_hours(
    home: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await shows(home, freezer, [1, 2], every=8 * HOUR)
    await has_hours(home, {T0 + number * HOUR: 50.0 for number in range(9)})
    assert await readings(home, start=T0 + HOUR, end=T0 + 6 * HOUR) == []
    assert await amounts(home) == [2.0, 1.0]


async def test_a_time_before_all_states_has_its_hours(
    home: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await shows(home, freezer, [1, 2])
    await has_hours(home, {T0 - number * HOUR: float(number) for number in range(2, 9)})
    assert await amounts(home, start=T0 - 5 * HOUR, end=T0 - 3 * HOUR) == [5.0, 6.0]


async def test_missing_hours_do_not_hide_the_older_ones(home: HomeAssistant) -> None:
    years = [T0 - timedelta(days=365 * year) for year in range(1, 4)]
    await has_hours(home, {start: float(start.year) for start in years})
    assert await amounts(home, limit=2) == [2025.0, 2024.0]
    assert await amounts(home, limit=2, offset=1) == [2024.0, 2023.0]


async def test_hours_of_a_counter_are_its_readings(home: HomeAssistant) -> None:
    await has_hours(home, {T0 - 2 * HOUR: 1.0, T0 - HOUR: 3.5}, unit="kWh", has_sum=True)
    assert await amounts(home) == [1003.5, 1001.0]


async def test_hours_are_reported_in_the_unit_of_the_states(
    home: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await has_hours(home, {T0 - 2 * HOUR: 1500.0}, unit="W")
    await shows(home, freezer, [1.4], unit_of_measurement="kW", device_class="power")
    assert await amounts(home) == [1.4, pytest.approx(1.5)]


async def test_statistics_without_an_entity_have_hours(home: HomeAssistant) -> None:
    await has_hours(home, {T0 - HOUR: 4.0}, statistic_id="py_hab:old_plug", unit="W")
    assert await readings(home, "py_hab:old_plug") == [
        Measurement(T0.timestamp(), 4.0, hourly=True)
    ]


async def test_hours_without_a_value_are_left_out(home: HomeAssistant) -> None:
    await has_hours(home, {T0 - 2 * HOUR: 1.0, T0 - HOUR: 2.0})

    def empty() -> None:
        with session_scope(hass=home) as session:
            session.execute(
                text("UPDATE statistics SET mean = NULL WHERE start_ts = :at"),
                {"at": (T0 - HOUR).timestamp()},
            )

    await get_instance(home).async_add_executor_job(empty)
    assert await amounts(home) == [1.0]
    found = await of_profile(home, Grouping.HOUR)
    assert found is not None
    assert [group.count for group in found.groups] == [1]


# Profiles


async def test_a_profile_is_of_the_hours_of_the_home(home: HomeAssistant) -> None:
    midnight = datetime(2026, 9, 30, 22, tzinfo=UTC)
    await has_hours(home, {midnight + number * HOUR: float(number) for number in range(-24, 12)})
    found = await of_profile(home, Grouping.HOUR)
    assert found is not None
    assert (found.unit, found.energies) == ("°C", None)
    groups = {group.key: group for group in found.groups}
    assert list(groups) == [f"{hour:02}" for hour in range(24)]
    assert (groups["00"].count, groups["00"].mean, groups["00"].deviation) == (2, -12.0, 12.0)
    assert (groups["12"].count, groups["12"].sum) == (1, -12.0)
    today = await of_profile(home, Grouping.WEEKDAY, start=midnight)
    assert today is not None
    assert [(group.key, group.count) for group in today.groups] == [("Thu", 12)]
    before = await of_profile(home, Grouping.MONTH, end=midnight)
    assert before is not None
    assert [(group.key, group.count, group.sum) for group in before.groups] == [("09", 24, -300.0)]


@pytest.mark.parametrize(("unit", "factor"), [("kWh", 1.0), ("Wh", 1000.0), ("MJ", 3.6)])
async def test_a_counter_has_a_mean_power_and_its_energy(
    home: HomeAssistant, unit: str, factor: float
) -> None:
    sums = {T0 + number * HOUR: kwh * factor for number, kwh in enumerate((0.0, 0.5, 2.0, 2.25))}
    await has_hours(home, sums, unit=unit, has_sum=True)
    found = await of_profile(home, Grouping.YEAR)
    assert found is not None
    [group] = found.groups
    assert found.unit == "W"
    assert group.count == 4
    assert group.most == pytest.approx(1500)
    assert group.mean == pytest.approx(562.5)
    assert found.energies is not None
    assert list(found.energies) == ["2026"]
    assert found.energies["2026"] == pytest.approx(2.25)


async def test_a_counter_of_something_else_reports_what_was_added(home: HomeAssistant) -> None:
    await has_hours(home, {T0: 1.0, T0 + HOUR: 3.0}, unit="m³", has_sum=True)
    found = await of_profile(home, Grouping.HOUR, start=T0 + HOUR)
    assert found is not None
    assert (found.unit, found.energies) == ("m³", None)
    assert [(group.key, group.sum) for group in found.groups] == [("13", 2.0)]


async def test_a_profile_stays_in_the_unit_that_it_names(
    home: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await has_hours(home, {T0 - HOUR: 1500.0}, unit="W")
    await shows(home, freezer, [1.4], unit_of_measurement="kW", device_class="power")
    found = await of_profile(home, Grouping.HOUR)
    assert found is not None
    assert (found.unit, found.groups[0].mean) == ("W", 1500.0)


async def test_a_statistic_without_a_unit_has_a_profile(home: HomeAssistant) -> None:
    await has_hours(home, {T0 - HOUR: 0.5}, unit="")
    found = await of_profile(home, Grouping.HOUR)
    assert found is not None
    assert (found.unit, found.groups[0].mean) == ("", 0.5)


async def test_what_was_never_recorded_has_no_profile(home: HomeAssistant) -> None:
    assert await of_profile(home, Grouping.HOUR, "sensor.never_seen") is None
