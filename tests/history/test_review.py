"""What a review has found: histories that are looked after while others change them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
import threading
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.coordinator import FritzBoxCoordinator
from custom_components.py_hab.counters.gap import Gap
from custom_components.py_hab.counters.verdict import Verdict
from custom_components.py_hab.flows.history import HistoryFlow
from custom_components.py_hab.fritzbox.device_stats import DeviceStats
from custom_components.py_hab.history import maintenance
from custom_components.py_hab.history.planning.backfill import plan_backfill
from custom_components.py_hab.history.planning.rows import HOUR, Row, SumRow
from custom_components.py_hab.history.repair import async_undo
from custom_components.py_hab.history.sources import sources
from custom_components.py_hab.history.statistics import (
    editor as statistics,
    gateway,
    journal,
    work as statistic_work,
)
from custom_components.py_hab.history.statistics.editor import get_editor
from custom_components.py_hab.history.statistics.gateway import Statistic
from custom_components.py_hab.history.statistics.journal import ChangeJournal
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from simulator.home import Home
from tests.conftest import START
from tests.support.changing import this_hour, write
from tests.support.living import recorded, rows

METER = "sensor.stromzahler_energy_import"


@pytest.fixture
def home() -> Home:
    """A home whose counters have counted for fifteen days: each hour of them is written."""
    return Home(installed=START - timedelta(days=15))


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Awaitable[Any]]], None]:
    """Do something once while the box is asked for the first time."""

    def prepare(action: Callable[[], Awaitable[Any]]) -> None:
        ask = FritzBoxCoordinator.async_device_stats
        actions = [action]

        async def asked(coordinator: FritzBoxCoordinator, ain: str) -> DeviceStats:
            reported = await ask(coordinator, ain)
            if actions:
                await actions.pop()()
            return reported

        monkeypatch.setattr(FritzBoxCoordinator, "async_device_stats", asked)

    return prepare


async def test_what_is_taken_back_during_a_run_is_not_written_by_it(
    hass: HomeAssistant, entry: MockConfigEntry, meanwhile: Callable[..., None]
) -> None:
    meanwhile(lambda: async_undo(hass, METER, dry_run=False))
    scheduler = entry.runtime_data.history
    found = await scheduler.async_run()
    assert METER not in {item.entity_id for item in found}
    assert await rows(hass, METER) == []


async def test_an_entity_renamed_during_a_run_gets_no_statistic_of_its_old_name(
    hass: HomeAssistant, entry: MockConfigEntry, meanwhile: Callable[..., None]
) -> None:
    async def rename() -> None:
        er.async_get(hass).async_update_entity(METER, new_entity_id="sensor.strom")
        await recorded(hass)

    meanwhile(rename)
    scheduler = entry.runtime_data.history
    await scheduler.async_run()
    assert await rows(hass, METER) == []


async def test_a_run_ends_when_its_entry_is_loaded_anew(
    hass: HomeAssistant, entry: MockConfigEntry, meanwhile: Callable[..., None]
) -> None:
    meanwhile(lambda: hass.config_entries.async_reload(entry.entry_id))
    with pytest.raises(HomeAssistantError) as caught:
        await hass.services.async_call(DOMAIN, "backfill", {}, blocking=True)
    assert caught.value.translation_key == "unloaded"
    assert await rows(hass, METER) == []


async def test_a_run_ends_when_its_entry_is_unloaded(
    hass: HomeAssistant, entry: MockConfigEntry, meanwhile: Callable[..., None]
) -> None:
    meanwhile(lambda: hass.config_entries.async_unload(entry.entry_id))
    with pytest.raises(HomeAssistantError) as caught:
        await hass.services.async_call(DOMAIN, "backfill", {}, blocking=True)
    assert caught.value.translation_key == "unloaded"


def test_what_was_counted_since_the_first_hour_is_not_booked_before_it_again() -> None:
    """The day series has moved on by a day: the rest of the month is spread over more hours now."""
    there = [Row(5 * HOUR, HOUR, 11.0, 1.0), Row(6 * HOUR, HOUR, 11.0, 1.0)]
    readings = {hour * HOUR: 10.0 + min(hour, 5) / 5 for hour in range(8)}
    found = plan_backfill(readings, there, 5 * HOUR, 8 * HOUR, opening_reading=10.0)
    assert (found.rows, found.sum_boundary, found.energy) == ([], None, 0.0)


def test_hours_before_the_first_one_end_with_its_reading() -> None:
    there = [Row(5 * HOUR, HOUR, 11.0, 1.0)]
    readings = {hour * HOUR: 9.6 + hour / 5 for hour in range(7)}
    found = plan_backfill(readings, there, 5 * HOUR, 8 * HOUR, opening_reading=10.0)
    assert [row.state for row in found.rows] == pytest.approx([9.8, 10.0, 10.0, 10.0, 10.0])
    assert found.sum_boundary == 5 * HOUR
    assert found.energy == pytest.approx(0.4)


async def test_an_entry_that_was_set_up_again_can_take_back_what_the_earlier_one_wrote(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    earlier, again = (
        Statistic(id=METER, unit="kWh", has_sum=True, entry_id=entry_id)
        for entry_id in ("earlier", entry.entry_id)
    )
    first = this_hour() - 5 * HOUR
    await write(get_editor(hass), earlier, [SumRow(first, 1.0, 1.0)])
    await write(get_editor(hass), again, [SumRow(first + HOUR, 2.0, 2.0)])
    await hass.services.async_call(
        DOMAIN, "undo_history", {"config_entry_id": entry.entry_id}, blocking=True
    )
    assert await rows(hass, METER) == []


async def test_numbers_of_devices_stay_out_of_the_log(
    hass: HomeAssistant, hass_storage: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    hass_storage["py_hab.history"] = {
        "version": 1,
        "key": "py_hab.history",
        "data": {"accounts": {"py_hab:11630_0123456_energy": 1, METER: 1}},
    }
    await ChangeJournal(hass).async_load()
    reported = "".join(caplog.messages[-2:])
    assert METER in reported
    assert "0123456" not in reported


async def test_home_assistant_does_not_wait_for_a_dialogue_when_it_stops(
    hass: HomeAssistant,
) -> None:
    flow = HistoryFlow()
    flow.hass = hass
    task = flow._begin(asyncio.sleep(3600))
    async with asyncio.timeout(15):
        await hass.async_stop(force=True)
    assert task.cancelled()


async def test_years_of_hours_stay_out_of_the_event_loop(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: dict[str, set[int]] = {}

    def watched(module: Any, name: str) -> None:
        work = getattr(module, name)

        def watch(*args: Any, **kwargs: Any) -> Any:
            threads.setdefault(name, set()).add(threading.get_ident())
            return work(*args, **kwargs)

        monkeypatch.setattr(module, name, watch)

    watched(maintenance, "energy_history")
    watched(maintenance, "plan_backfill")
    watched(maintenance, "insertion")
    watched(statistic_work, "StatisticTables")
    watched(statistic_work, "Edit")
    watched(journal, "encode")
    await hass.services.async_call(DOMAIN, "backfill", {}, blocking=True)
    assert len(threads) == 6
    assert threading.get_ident() not in set().union(*threads.values())


async def test_one_statistic_that_takes_nothing_holds_up_no_other(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler = entry.runtime_data.history
    change = statistics.StatisticsEditor.async_change

    async def refused(
        editor: statistics.StatisticsEditor, about: Statistic, *args: Any, **kwargs: Any
    ) -> Any:
        if about.id == METER:
            raise gateway.not_written(METER)
        return await change(editor, about, *args, **kwargs)

    monkeypatch.setattr(statistics.StatisticsEditor, "async_change", refused)
    gap = Gap(key="strange", start=0.0, before=1.0, end=1.0, after=2.0, verdict=Verdict.ACCEPTED)
    key = next(
        item.counter
        for item in sources(hass, entry.runtime_data.coordinator)
        if item.statistic.id == METER
    )
    assert key is not None
    counters = entry.runtime_data.counters
    counters.add_gap(replace(gap, key=key))
    found = {item.entity_id: item for item in await scheduler.async_run()}
    assert found[METER].left_out == ["not_written"]
    assert found["sensor.stromzahler_energy_export"].rows > 300
    assert counters.gaps == []
    assert scheduler.last_run is not None


async def test_what_the_user_tells_of_a_replacement_may_come_late_and_twice(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The five-minute rows are purged after ten days; the hour of the last reading is ours then."""
    scheduler = entry.runtime_data.history
    source = next(
        item for item in sources(hass, entry.runtime_data.coordinator) if item.statistic.id == METER
    )
    assert source.counter is not None
    counters = entry.runtime_data.counters
    zero = float(this_hour() - 10 * HOUR)

    # The old meter goes from 100 to 101 until half past, the new one on from 50 four hours later.
    live = [SumRow(int(zero) - HOUR, 100.0, 0.0), SumRow(int(zero), 101.0, 1.0)]
    live += [SumRow(int(zero) + number * HOUR, 50.0, 1.0) for number in (4, 5)]
    async_import_statistics(
        hass,
        gateway.new_metadata(source.statistic),
        [
            {"start": dt_util.utc_from_timestamp(row.start), "state": row.state, "sum": row.sum}
            for row in live
        ],
    )
    await recorded(hass)
    gap = Gap(
        key=source.counter,
        start=zero + 1800,
        before=101.0,
        end=zero + 4 * HOUR + 1800,
        after=50.0,
        verdict=Verdict.REPLACED,
    )
    for counted in (8.0, 3.0):
        counters.add_gap(replace(gap, counted=counted))
        await scheduler.async_run()
        assert counters.gaps == []
        there = await rows(hass, METER)
        sums = {row["start"] - zero: row["sum"] for row in there}
        assert sums[5 * HOUR] - sums[-HOUR] == pytest.approx(1.0 + counted)
