"""The actions that answer."""

import asyncio
from datetime import timedelta
import math
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.py_hab.api import actions as data_services
from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.history.planning.change import ChangeReason
from custom_components.py_hab.history.planning.rows import SumRow
from custom_components.py_hab.history.statistics import gateway
from custom_components.py_hab.history.statistics.editor import get_editor
from custom_components.py_hab.history.statistics.gateway import Statistic
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    UnknownUser,
)
from homeassistant.util import dt as dt_util
from simulator.fritzbox import Fault, SimulatedFritzBox
from simulator.fritzbox_devices import EXPORT, IMPORT, REFRIGERATOR, WINDOW
from tests.support.api import act, fails
from tests.support.changing import write
from tests.support.measured_home import (
    ENERGY,
    HOUR,
    POWER,
    TEMPERATURE,
    refusing,
    this_hour,
    write_hours,
)
from tests.support.mocked_reader import MockedReader
from tests.support.passing_time import Time

OTHER = "sensor.of_another_integration"
_COUNTER = Statistic(id=ENERGY, unit="kWh", has_sum=True)


# Series


async def test_series_are_reported_with_their_entities(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    found = (await act(hass, "get_devices"))["devices"]
    assert await act(hass, "get_devices", config_entry_id=entry.entry_id) == {"devices": found}
    [fridge] = [
        item for item in found if (item["device"], item["sub_entity"]) == (REFRIGERATOR, "Energy")
    ]
    assert list(fridge) == [
        "device",
        "sub_entity",
        "device_name",
        "product_name",
        "manufacturer",
        "firmware_version",
        "unit",
        "cumulative",
        "entity_id",
    ]
    assert (fridge["entity_id"], fridge["unit"], fridge["cumulative"]) == (ENERGY, "kWh", True)
    known = {(item["device"], item["sub_entity"], item["cumulative"]) for item in found}
    assert known >= {
        (IMPORT, "Energy", True),
        (EXPORT, "Energy", True),
        (IMPORT, "Power", False),
        (WINDOW, "State", False),
    }


async def test_an_entry_must_be_there_and_loaded(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    for action in ("get_devices", "refresh"):
        with pytest.raises(ServiceValidationError):
            await act(hass, action, config_entry_id="nobody")
    await hass.config_entries.async_unload(entry.entry_id)
    for action in ("get_devices", "refresh"):
        with pytest.raises(ServiceValidationError):
            await act(hass, action, config_entry_id=entry.entry_id)
    assert await act(hass, "get_devices") == {"devices": []}
    assert await act(hass, "get_jobs") == {"jobs": []}
    assert await act(hass, "refresh") == {"refreshed": []}


# Readings


async def test_readings_report_their_time_with_its_offset(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await write_hours(hass)
    found = (await act(hass, "get_measurements", entity_id=ENERGY))["measurements"]
    assert len(found) == 1 + 48
    assert list(found[0]) == ["entity_id", "time", "amount", "hourly"]
    assert found[0]["time"].startswith("2026-03-20T19:07:33")
    assert found[0]["time"].endswith("+01:00")
    assert [item["hourly"] for item in found[:3]] == [False, True, True]
    assert found[1] == {
        "entity_id": ENERGY,
        "time": "2026-03-20T19:00:00+01:00",
        "amount": 4.7,
        "hourly": True,
    }
    by_device = await act(
        hass, "get_measurements", device=REFRIGERATOR, sub_entity="Energy", limit=2, offset=1
    )
    assert by_device == {"measurements": found[1:3]}
    # Times without an offset are the home's.
    for start in ("2026-03-20T18:30:00", "2026-03-20 17:30:00+00:00"):
        late = await act(hass, "get_measurements", entity_id=ENERGY, start=start)
        assert late == {"measurements": found[:2]}
    early = await act(
        hass, "get_measurements", entity_id=ENERGY, start="0001-01-01", end="2026-03-20T19:00:00"
    )
    assert early == {"measurements": found[2:]}


async def test_readings_of_a_device_are_those_of_all_its_series(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    found = (await act(hass, "get_measurements", device=REFRIGERATOR))["measurements"]
    # Many are reported outside the event loop.
    with patch.object(data_services, "FEW", 0):
        assert await act(hass, "get_measurements", device=REFRIGERATOR) == {"measurements": found}
    assert {item["entity_id"] for item in found} >= {ENERGY, POWER}
    assert await act(hass, "get_measurements", device=REFRIGERATOR, offset=1) == {
        "measurements": found[1:]
    }


# Profiles


async def test_a_profile_of_a_counter_reports_power_and_energy(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await write_hours(hass)
    for name, keys in (
        ("hour", [f"{hour:02}" for hour in range(24)]),
        ("weekday", ["Wed", "Thu", "Fri"]),
        ("month", ["03"]),
        ("year", ["2026"]),
    ):
        found = await act(hass, "get_profile", entity_id=ENERGY, name=name)
        groups = found.pop("statistics")
        assert found == {
            "entity_id": ENERGY,
            "name": name,
            "unit": "W",
            "hours": 48,
            "hours_left_out": 0,
        }
        assert [group["key"] for group in groups] == keys
        assert sum(group["count"] for group in groups) == 48
        assert sum(group["energy"] for group in groups) == pytest.approx(4.7)
    # Of all hours but the first, which has nothing to be compared with.
    assert groups[0] == {
        "key": "2026",
        "count": 48,
        "sum": 4700.0,
        "avg": pytest.approx(4700 / 48, abs=1e-6),
        "lower_quartile": 100.0,
        "median": 100.0,
        "upper_quartile": 100.0,
        "stddev": pytest.approx(math.sqrt(47) / 48 * 100, abs=1e-6),
        "min": 0.0,
        "max": 100.0,
        "energy": 4.7,
    }


async def test_a_profile_may_be_of_a_device_and_of_a_time(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await write_hours(hass, TEMPERATURE, "°C")
    start = this_hour() - 3 * HOUR
    series = {item["entity_id"]: item for item in (await act(hass, "get_devices"))["devices"]}[
        TEMPERATURE
    ]
    found = await act(
        hass,
        "get_profile",
        device=series["device"],
        sub_entity=series["sub_entity"],
        name="hour",
        start=start,
        end=start + HOUR,
    )
    assert (found["entity_id"], found["unit"]) == (TEMPERATURE, "°C")
    assert found["statistics"] == [
        {
            "key": f"{dt_util.as_local(start):%H}",
            "count": 1,
            "sum": 20.0,
            "avg": 20.0,
            "lower_quartile": 20.0,
            "median": 20.0,
            "upper_quartile": 20.0,
            "stddev": 0.0,
            "min": 20.0,
            "max": 20.0,
        }
    ]


async def test_whatever_the_recorder_knows_has_a_profile(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Also an entity that has gone, and what an integration has written itself."""
    for statistic_id in (OTHER, "tibber:energy"):
        await fails(
            hass,
            ServiceValidationError,
            "no_statistics",
            "get_profile",
            entity_id=statistic_id,
            name="year",
        )
    await write_hours(hass, OTHER)
    found = await act(hass, "get_profile", entity_id=OTHER, name="year")
    assert found["statistics"][0]["count"] == 48


# Who may ask


async def test_a_user_who_does_not_exist_sees_nothing(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    nobody = Context(user_id="nobody")
    for action, data in (
        ("get_devices", {}),
        ("get_measurements", {"entity_id": ENERGY}),
        ("get_profile", {"entity_id": ENERGY, "name": "hour"}),
    ):
        with pytest.raises(UnknownUser):
            await act(hass, action, nobody, **data)


# Bad input


async def test_fields_that_cannot_be_are_refused(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    series: dict[str, Any] = {"entity_id": ENERGY}
    wrong: list[dict[str, Any]] = [
        {},
        {"sub_entity": "Energy"},
        {**series, "device": REFRIGERATOR},
        *({**series, "limit": limit} for limit in (0, -1, 1_000_000, "ten", math.inf, math.nan)),
        *({**series, "offset": offset} for offset in (-1, 10**8, "1; DROP TABLE states")),
        *(
            {**series, name: moment}
            for name in ("start", "end")
            for moment in ("2026-02-30T12:00:00", "yesterday", "2026-03-20T25:00:00", "", 5)
        ),
        *(
            {"entity_id": name}
            for name in ("", "x", "../etc/passwd", "sensor.x; DROP TABLE states", "a:b", None)
        ),
        {**series, "colour": "red"},
    ]
    for data in wrong:
        with pytest.raises(vol.Invalid):
            await act(hass, "get_measurements", **data)
    for data in (
        series,
        {**series, "name": "Hour"},
        {**series, "name": "decade"},
        {"name": "hour"},
    ):
        with pytest.raises(vol.Invalid):
            await act(hass, "get_profile", **data)


async def test_a_profile_is_of_one_series(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await fails(
        hass,
        ServiceValidationError,
        "several_series",
        "get_profile",
        device=REFRIGERATOR,
        name="hour",
    )


# A recorder that is busy, or not there


ASKING: list[dict[str, Any]] = [
    {"action": "get_measurements", "entity_id": ENERGY},
    {"action": "get_profile", "entity_id": ENERGY, "name": "hour"},
]


async def test_a_busy_recorder_is_an_error(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    for data in ASKING:
        with patch.object(get_instance(hass), "get_session", refusing):
            await fails(hass, HomeAssistantError, "database_refused", **data)
        with patch.object(gateway, "async_migration_in_progress", return_value=True):
            await fails(hass, HomeAssistantError, "no_recorder", **data)


async def test_without_a_recorder_there_is_an_error(
    time: Time,
    hass: HomeAssistant,
    fritzbox_entry: MockConfigEntry,
) -> None:
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    assert (await act(hass, "get_devices"))["devices"]
    for data in ASKING:
        await fails(hass, HomeAssistantError, "no_recorder", **data)


async def test_a_hundred_questions_at_once_are_answered(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await write_hours(hass)
    questions = [
        act(hass, "get_measurements", entity_id=ENERGY, limit=number + 1)
        if number % 2
        else act(hass, "get_profile", entity_id=ENERGY, name="hour")
        for number in range(100)
    ]
    answers = await asyncio.gather(*questions)
    assert {len(answer["statistics"]) for answer in answers[::2]} == {24}
    assert [len(answer["measurements"]) for answer in answers[1::2]] == [
        min(number + 1, 49) for number in range(1, 100, 2)
    ]


# Asking now


async def test_a_box_is_asked_now(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    before = len(box.requests)
    answer = await act(hass, "refresh", config_entry_id=fritzbox_entry.entry_id)
    assert answer == {"refreshed": [fritzbox_entry.entry_id]}
    assert len(box.requests) == before + 1
    # Without an answer, and many times at once.
    await hass.services.async_call(DOMAIN, "refresh", {}, blocking=True)
    assert len(box.requests) == before + 2
    await asyncio.gather(*(act(hass, "refresh") for _ in range(100)))
    assert len(box.requests) == before + 3


async def test_a_box_that_does_not_answer_is_reported(
    time: Time, hass: HomeAssistant, box: SimulatedFritzBox, fritzbox_entry: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    await box.stop()
    error = await fails(hass, HomeAssistantError, "box_did_not_answer", "refresh")
    assert str(error).startswith("FRITZ!Box did not answer: No connection to ")
    await box.start()


async def test_a_reader_is_asked_now(
    hass: HomeAssistant, mocked_reader: MockedReader, meter: MockConfigEntry
) -> None:
    before = mocked_reader.was_asked(10)
    mocked_reader.blocks["MT681"]["Power"] = 321
    assert await act(hass, "refresh") == {"refreshed": [meter.entry_id]}
    assert meter.runtime_data.coordinator.data[""].values["power"] is not None
    assert mocked_reader.was_asked(10) == before + 1
    await asyncio.gather(*(act(hass, "refresh") for _ in range(100)))
    assert mocked_reader.was_asked(10) == before + 2


async def test_a_reader_that_does_not_answer_is_reported(
    hass: HomeAssistant,
    mocked_reader: MockedReader,
    meter: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("custom_components.py_hab.api.actions.ANSWER_WITHIN", timedelta())
    mocked_reader.answers = False
    error = await fails(hass, HomeAssistantError, "reader_did_not_answer", "refresh")
    assert str(error) == "The reader of MT681 did not answer"


async def test_only_values_of_a_meter_are_an_answer(
    hass: HomeAssistant, mocked_reader: MockedReader, meter: MockConfigEntry
) -> None:
    mocked_reader.answers = False
    asking = hass.async_create_background_task(act(hass, "refresh"), "asking")
    await asyncio.sleep(0)
    await mocked_reader.says(
        "SENSOR", {"Time": "2026-03-20T19:07:33", "DS18B20": {"Temperature": 20.5}}
    )
    await mocked_reader.says("SENSOR", "{")
    assert not asking.done()
    await mocked_reader.reads(Power=123)
    assert await asking == {"refreshed": [meter.entry_id]}


async def test_one_that_does_not_answer_holds_up_no_other(
    hass: HomeAssistant,
    mocked_reader: MockedReader,
    meter: MockConfigEntry,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> None:
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    asked = mocked_reader.was_asked(10)
    box.fault(Fault(status=500))
    await fails(hass, HomeAssistantError, "box_did_not_answer", "refresh")
    assert mocked_reader.was_asked(10) == asked + 1
    await hass.config_entries.async_unload(fritzbox_entry.entry_id)


async def test_jobs_are_reported(
    time: Time, hass: HomeAssistant, recorder_mock: Recorder, entry: MockConfigEntry
) -> None:
    await time.passes(hass, timedelta(minutes=1))
    found = (await act(hass, "get_jobs"))["jobs"]
    assert [item["name"] for item in found] == ["poll", "extras", "backfill", "statistics_check"]
    poll = found[0]
    assert list(poll) == [
        "id",
        "config_entry_id",
        "title",
        "name",
        "every",
        "last_run",
        "result",
        "next_run",
    ]
    assert (poll["title"], poll["every"], poll["result"]) == ("FRITZ!Box", 60.0, "ok")
    assert poll["last_run"].startswith("2026-03-20T19:08:3")
    assert poll["next_run"].startswith("2026-03-20T19:09:3")
    assert found[2]["last_run"].startswith("2026-03-19T19:07:3")


async def test_a_profile_leaves_out_what_was_spread_unless_it_is_asked_for(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await write_hours(hass)
    first = int(this_hour().timestamp()) - 10 * 3600
    rows = [SumRow(first + number * 3600, 9.0, 9.0) for number in range(4)]
    await write(get_editor(hass), _COUNTER, rows, ChangeReason.OUTAGE)
    found = await act(hass, "get_profile", entity_id=ENERGY, name="year")
    assert (found["hours"], found["hours_left_out"]) == (44, 4)
    found = await act(hass, "get_profile", entity_id=ENERGY, name="year", include_spread=True)
    assert (found["hours"], found["hours_left_out"]) == (48, 0)


async def test_readings_say_where_they_come_from_if_asked(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await write_hours(hass)
    first = int(this_hour().timestamp()) - 10 * 3600
    await write(get_editor(hass), _COUNTER, [SumRow(first, 9.0, 9.0)], ChangeReason.IMPORT)
    await write(get_editor(hass), _COUNTER, [SumRow(first + 3600, 9.0, 9.0)], ChangeReason.OUTAGE)
    plain = await act(hass, "get_measurements", entity_id=ENERGY, limit=100)
    assert all("origin" not in item for item in plain["measurements"])
    found = await act(hass, "get_measurements", entity_id=ENERGY, limit=100, origin=True)
    origins = {
        dt_util.parse_datetime(item["time"], raise_on_error=True).timestamp(): item["origin"]
        for item in found["measurements"]
    }
    assert origins.pop(first + 3600) == "imported"
    assert origins.pop(first + 7200) == "spread"
    assert set(origins.values()) == {"measured"}
