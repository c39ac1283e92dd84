"""One maintenance run: what it writes, leaves out and reports, while others change the history."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
import threading
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import CONF_HISTORY, DOMAIN
from custom_components.py_hab.coordinator import FritzBoxCoordinator
from custom_components.py_hab.counters.gap import Gap
from custom_components.py_hab.counters.verdict import Verdict
from custom_components.py_hab.fritzbox.device_stats import DeviceStats
from custom_components.py_hab.fritzbox.errors import FritzBoxConnectionError
from custom_components.py_hab.history import gap_repair, maintenance
from custom_components.py_hab.history.gap_repair import GIVE_UP_AFTER
from custom_components.py_hab.history.maintenance import NOT_REPORTED
from custom_components.py_hab.history.planning.rows import HOUR
from custom_components.py_hab.history.scheduler import RETRY
from custom_components.py_hab.history.sources import sources
from custom_components.py_hab.history.statistics import (
    editor as statistics,
    gateway,
    journal,
    work as statistic_work,
)
from custom_components.py_hab.history.statistics.editor import StatisticsEditor
from custom_components.py_hab.history.statistics.gateway import Statistic, new_metadata
from custom_components.py_hab.history.undo import async_undo
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from simulator.fritzbox_devices import IMPORT
from simulator.home import Home
from tests.conftest import START
from tests.support.box_house import (
    FRIDGE,
    METER,
    House,
    answers,
    outage,
)
from tests.support.living import recorded, rows
from tests.support.watching import warnings


async def test_what_is_counted_while_another_change_is_made_is_not_booked_before(
    house: House, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.start(**{CONF_HISTORY: False})
    await house.lives(timedelta(minutes=15))
    change = StatisticsEditor.async_change

    async def busy(editor: StatisticsEditor, *args: Any, **kwargs: Any) -> Any:
        # The recorder takes two hours, once the box has answered.
        if len(house.asked) == 1:
            house.asked.append("")
            await house.lives(timedelta(hours=2))
        return await change(editor, *args, **kwargs)

    monkeypatch.setattr(StatisticsEditor, "async_change", busy)
    await house.scheduler.async_run()
    for row in (await rows(house.hass, FRIDGE))[1:]:
        truth = home.energy("refrigerator", dt_util.utc_from_timestamp(row["end"])) / 1000
        assert row["state"] == pytest.approx(truth, abs=0.03)


async def test_a_box_that_keeps_silent_of_a_device_delays_the_repair_by_a_day(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent_of_the_meter() -> None:
        if house.asked[-1] == IMPORT:
            raise FritzBoxConnectionError("gone")

    await house.start()
    gap = await outage(house, 2)
    house.on_request += [silent_of_the_meter] * 20
    await house.lives(timedelta(minutes=15))
    assert house.gaps == [gap]
    assert (await house.act("backfill"))[METER]["left_out"] == [NOT_REPORTED]
    monkeypatch.setattr(gap_repair, "GIVE_UP_AFTER", timedelta(minutes=20))
    asked = len(house.asked)
    await house.lives(timedelta(minutes=10))
    assert len(house.asked) == asked, "a box that keeps silent is not asked every five minutes"
    await house.lives(4 * RETRY)
    assert house.gaps == []


async def test_a_statistic_that_takes_nothing_keeps_its_gaps_for_two_days(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = StatisticsEditor.async_change

    async def refuse(*args: Any, dry_run: bool, run: str | None = None) -> Any:
        if dry_run:
            return await change(*args, dry_run=dry_run, run=run)
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key=error)

    await house.start()
    monkeypatch.setattr(StatisticsEditor, "async_change", refuse)
    now = dt_util.utcnow().timestamp()
    ends = (now - GIVE_UP_AFTER.total_seconds() - 60, now - HOUR)
    for end in ends:
        house.entry.runtime_data.counters.add_gap(
            Gap(
                key=IMPORT,
                start=end - HOUR,
                before=1.0,
                end=end,
                after=2.0,
                verdict=Verdict.ACCEPTED,
            )
        )
    error = "not_written"
    reported = await house.act("backfill", dry_run=True)
    assert reported[METER]["left_out"] != ["not_written"]
    assert len(house.gaps) == 2
    reported = await house.act("backfill")
    assert reported[METER]["left_out"] == ["not_written"]
    assert [gap.end for gap in house.gaps] == [ends[1]]
    error = "database_refused"
    with pytest.raises(HomeAssistantError) as caught:
        await house.act("backfill")
    assert caught.value.translation_key == "database_refused"


async def test_a_counter_without_an_accepted_reading_has_no_history_yet(house: House) -> None:
    await house.start()
    house.entry.runtime_data.counters.forget(IMPORT)
    found = (await house.act("backfill"))[METER]
    assert (found["rows"], found["since"]) == (0, None)


async def test_an_entry_that_is_unloaded_in_the_middle_of_a_run_is_completed_by_the_next(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        begun.set()
        await never.wait()

    await house.start()
    house.on_request += [answers, hang]
    house.scheduler._started = dt_util.utcnow() - timedelta(hours=1)
    house.scheduler._async_check(dt_util.utcnow())
    await begun.wait()
    assert await house.hass.config_entries.async_unload(house.entry.entry_id)
    await house.hass.async_block_till_done()
    assert house.entry.state is ConfigEntryState.NOT_LOADED
    done = await rows(house.hass, FRIDGE)
    assert len(done) == 49
    assert await rows(house.hass, METER) == []
    assert await house.hass.config_entries.async_setup(house.entry.entry_id)
    await house.lives(timedelta(minutes=10))
    assert (await rows(house.hass, FRIDGE))[:49] == done
    assert len(await rows(house.hass, METER)) >= 49
    assert "Traceback" not in caplog.text
    assert warnings(caplog) == []


async def test_a_user_s_own_unit_is_kept(house: House) -> None:
    registry = er.async_get(house.hass)
    await house.start()
    registry.async_update_entity_options(METER, "sensor", {"unit_of_measurement": "Wh"})
    await house.hass.async_block_till_done()
    await house.lives(timedelta(minutes=15))
    live = (await rows(house.hass, METER, "5minute"))[-1]
    state = house.hass.states.get(METER)
    assert state is not None
    assert state.attributes["unit_of_measurement"] == "Wh"
    found = await rows(house.hass, METER)
    assert all(0 <= row["change"] < 10_000 for row in found)
    assert live["sum"] - found[0]["sum"] == pytest.approx(live["state"] - found[0]["state"])
    assert live["state"] == pytest.approx(house.counted() * 1000, abs=500)


async def test_hours_of_the_user_s_own_that_report_no_readings_stay(house: House) -> None:
    await house.start(**{CONF_HISTORY: False})
    await house.lives(timedelta(minutes=15))
    now = int(START.timestamp()) // HOUR * HOUR
    own = {now - HOUR * back: 50.0 - back for back in range(40, 4, -1)}
    async_import_statistics(
        house.hass,
        new_metadata(Statistic(id=METER, unit="kWh", has_sum=True)),
        [{"start": dt_util.utc_from_timestamp(hour), "sum": kwh} for hour, kwh in own.items()],
    )
    await house.to_the_hour(63)
    await house.act("backfill")
    await house.lives(timedelta(minutes=15))
    found = {int(row["start"]): row for row in await rows(house.hass, METER)}
    assert [found[hour]["state"] for hour in own] == [None] * len(own)
    changes = [found[hour]["change"] for hour in own]
    assert changes[1:] == pytest.approx([1.0] * (len(own) - 1))


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


async def test_what_is_undone_during_a_run_is_not_written_by_it(
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
