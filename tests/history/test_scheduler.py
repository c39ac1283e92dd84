"""When the history of an entry is looked after, and what becomes of it: a box, a real recorder."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import CONF_HISTORY, CONF_SHAPE, DOMAIN, OutageShape
from custom_components.py_hab.coordinator import FritzBoxCoordinator
from custom_components.py_hab.counters.gap import Gap
from custom_components.py_hab.counters.verdict import Verdict
from custom_components.py_hab.entry import MaintenanceResult
from custom_components.py_hab.fritzbox.device_stats import DeviceStats
from custom_components.py_hab.fritzbox_api import FritzBoxConnectionError, LoginBlockedError
from custom_components.py_hab.history import gap_repair, maintenance
from custom_components.py_hab.history.box.reconstruct import EnergyHistory
from custom_components.py_hab.history.gap_repair import GIVE_UP_AFTER
from custom_components.py_hab.history.maintenance import NOT_REPORTED
from custom_components.py_hab.history.planning.change import ChangeReason
from custom_components.py_hab.history.planning.rows import HOUR, SumRow
from custom_components.py_hab.history.scheduler import CHECK_INTERVAL, RETRY
from custom_components.py_hab.history.sources import sources
from custom_components.py_hab.history.statistics.editor import StatisticsEditor, get_editor
from custom_components.py_hab.history.statistics.gateway import Statistic, new_metadata
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_SCAN_INTERVAL
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from simulator.fritzbox import Fault, SimulatedFritzBox
from simulator.fritzbox_devices import IMPORT, REFRIGERATOR
from simulator.home import Home, ManualClock
from tests.conftest import START
from tests.support.box_house import SHORT_TERM, House, small_box
from tests.support.changing import write
from tests.support.living import recorded, rows
from tests.support.mocked_reader import MockedReader
from tests.support.passing_time import Time
from tests.support.watching import warnings

METER: Final = "sensor.stromzahler_energy_import"
METER_OF_HEAD: Final = "sensor.mt681_energy_import"
FRIDGE: Final = "sensor.kuhlschrank_energy"
NOTHING: Final = EnergyHistory(readings={}, discarded=())
WEEK_BEFORE: Final = tuple(enumerate((0.0, 1.0, 2.0, 3.0, 6.0, 7.0, 12.0, 13.0, 14.0)))
"""The kWh that have been counted at the end of each of some hours."""
DROP: Final = Fault(drop=True)


@pytest.fixture
def home() -> Home:
    """A home with little to remember: each hour takes time."""
    return Home(installed=START - timedelta(days=2))


@pytest.fixture
async def box(
    home: Home, clock: ManualClock, socket_enabled: None
) -> AsyncIterator[SimulatedFritzBox]:
    """A box with a meter and a plug, too old for the REST API."""
    async with small_box(home, clock, IMPORT.removesuffix("-1"), IMPORT, REFRIGERATOR) as box:
        yield box


@pytest.fixture
async def house(
    time: Time,
    recorder_mock: Recorder,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> House:
    """A house whose entry is not set up yet."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    house = House(time, hass, box, fritzbox_entry, [], [])
    ask = FritzBoxCoordinator.async_device_stats

    async def asked(coordinator: FritzBoxCoordinator, ain: str) -> DeviceStats:
        house.asked.append(ain)
        if house.tells:
            await house.tells.pop(0)()
        return await ask(coordinator, ain)

    monkeypatch.setattr(FritzBoxCoordinator, "async_device_stats", asked)
    return house


# When


async def test_the_history_is_completed_some_minutes_after_set_up_and_then_once_a_day(
    house: House,
) -> None:
    await house.start()
    assert house.last_run() is None
    assert house.scheduler.next_check is None
    await house.lives(timedelta(minutes=1), timedelta(minutes=1))
    assert not house.asked
    await house.lives(timedelta(minutes=5))
    first = house.last_run()
    assert first is not None
    assert len(await rows(house.hass, METER)) > 24
    asked = len(house.asked)
    assert asked == 2
    assert house.scheduler.last_check is not None
    assert house.scheduler.next_check == house.scheduler.last_check + CHECK_INTERVAL
    await house.lives(timedelta(hours=23), timedelta(hours=1))
    await house.lives(timedelta(minutes=45), timedelta(minutes=15))
    assert house.last_run() == first
    await house.lives(timedelta(minutes=20))
    assert house.last_run() != first
    assert len(house.asked) > asked


async def test_nothing_is_done_where_it_is_switched_off(house: House) -> None:
    await house.start(**{CONF_HISTORY: False})
    await house.lives(timedelta(minutes=15))
    assert (house.asked, house.last_run()) == ([], None)
    assert (house.scheduler.next_run, house.scheduler.next_check) == (None, None)
    assert (await house.act("backfill"))[METER]["rows"] > 24


async def test_nothing_is_done_before_home_assistant_has_started(house: House) -> None:
    house.hass.set_state(CoreState.starting)
    await house.start()
    await house.lives(timedelta(minutes=10))
    assert not house.asked
    house.hass.set_state(CoreState.running)
    house.hass.bus.async_fire("homeassistant_started")
    await house.lives(timedelta(minutes=1), timedelta(minutes=1))
    assert not house.asked
    await house.lives(timedelta(minutes=10))
    assert house.asked


async def test_a_box_that_is_away_is_not_asked(house: House) -> None:
    await house.start()
    house.box.fault(DROP)
    await house.lives(timedelta(minutes=15), timedelta(minutes=1))
    assert (house.asked, house.last_run()) == ([], None)
    house.box.clear_faults()
    await house.lives(timedelta(minutes=15))
    assert house.last_run() is not None


async def test_a_recorder_that_is_not_ready_is_waited_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.start()
    with monkeypatch.context() as patch:
        patch.setattr(get_editor(house.hass), "is_ready", lambda: False)
        await house.lives(timedelta(minutes=10))
        assert not house.asked
        with pytest.raises(HomeAssistantError) as caught:
            await house.act("backfill")
        assert caught.value.translation_key == "no_recorder"
    await house.lives(timedelta(minutes=5))
    assert house.last_run() is not None


async def test_what_is_counted_while_another_change_is_made_is_not_booked_before(
    house: House, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.start(**{CONF_HISTORY: False})
    await house.lives(timedelta(minutes=15))
    change = StatisticsEditor.async_change

    async def busy(editor: StatisticsEditor, *args: Any, **kwargs: Any) -> Any:
        # The recorder takes two hours, once the box has told.
        if len(house.asked) == 1:
            house.asked.append("")
            await house.lives(timedelta(hours=2))
        return await change(editor, *args, **kwargs)

    monkeypatch.setattr(StatisticsEditor, "async_change", busy)
    await house.scheduler.async_run()
    for row in (await rows(house.hass, FRIDGE))[1:]:
        truth = home.energy("refrigerator", dt_util.utc_from_timestamp(row["end"])) / 1000
        assert row["state"] == pytest.approx(truth, abs=0.03)


async def test_a_run_does_not_begin_while_another_one_works(house: House) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def hesitate() -> None:
        begun.set()
        await go.wait()

    await house.start()
    house.tells.append(hesitate)
    running = house.hass.async_create_task(house.scheduler.async_run())
    await begun.wait()
    # Whoever waits for all tasks waits for this one.
    house.scheduler._async_check(dt_util.utcnow() + timedelta(hours=1))
    go.set()
    await running
    assert house.asked == [REFRIGERATOR, IMPORT]


@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_hundred_runs_at_once_are_one(house: House, dry_run: bool) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def hesitate() -> None:
        begun.set()
        await go.wait()

    await house.start()
    house.tells.append(hesitate)
    progress: list[float] = []
    runs = [
        house.hass.async_create_task(
            house.scheduler.async_run(dry_run=dry_run, progress=progress.append)
        )
        for _ in range(100)
    ]
    await begun.wait()
    runs.append(house.hass.async_create_task(house.scheduler.async_run(dry_run=dry_run)))
    # Who does not wait any more takes nothing from the others.
    runs.pop(0).cancel()
    await asyncio.sleep(0)
    go.set()
    found = [await run for run in runs]
    assert sum(item.rows for item in found[0]) > 49
    assert all(each is found[0] for each in found)
    assert house.asked == [REFRIGERATOR, IMPORT]
    assert len(progress) > 100
    again = await house.scheduler.async_run(dry_run=dry_run)
    assert (sum(item.rows for item in again) > 0) is dry_run
    assert house.asked == [REFRIGERATOR, IMPORT] * 2


async def test_a_run_that_nobody_waits_for_any_more_ends(house: House) -> None:
    begun = asyncio.Event()

    async def hesitate() -> None:
        begun.set()
        await asyncio.Event().wait()

    await house.start()
    house.tells.append(hesitate)
    run = house.hass.async_create_task(house.scheduler.async_run())
    await begun.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert sum(item.rows for item in await house.scheduler.async_run()) > 49


async def test_counters_are_read_again_once_when_the_box_tells_of_the_past(house: House) -> None:
    def polls() -> int:
        return sum(ask.switchcmd == "getdevicelistinfos" for ask in house.box.requests)

    await house.start(**{CONF_SCAN_INTERVAL: 300})
    await house.lives(timedelta(minutes=2), timedelta(minutes=1))
    before = polls()
    await house.act("backfill")
    assert house.asked == [REFRIGERATOR, IMPORT]
    assert polls() == before + 1
    await house.act("backfill")
    assert polls() == before + 1, "a reading of some seconds ago will do"


async def test_a_clock_that_was_ahead_holds_nothing_back(house: House) -> None:
    await house.start()
    now = dt_util.utcnow()
    ahead = now + timedelta(days=400)
    house.scheduler._started = house.scheduler._not_before = ahead
    runs = get_editor(house.hass).journal.runs
    runs[house.entry.entry_id] = MaintenanceResult(at=ahead, result=[])
    assert house.scheduler.next_run is not None
    assert house.scheduler.next_run <= dt_util.utcnow()
    await house.lives(timedelta(minutes=10))
    assert house.asked == [REFRIGERATOR, IMPORT]
    last = house.last_run()
    assert last is not None
    assert last.at < ahead


async def test_live_sums_continue_what_was_written_before_them(house: House) -> None:
    await house.start()
    await house.act("backfill")
    written = (await rows(house.hass, METER))[-1]["sum"]
    assert len(house.asked) == 2
    await house.lives(timedelta(minutes=10))
    assert len(house.asked) == 2
    live = await rows(house.hass, METER, "5minute")
    assert live[0]["sum"] >= written > 1
    assert all(row["change"] < 1 for row in live[1:])


@pytest.mark.parametrize("recorder_config", [{"exclude": {"entities": [METER]}}])
async def test_a_counter_that_is_not_recorded_does_not_keep_the_box_busy(house: House) -> None:
    await house.start()
    await house.lives(timedelta(minutes=30))
    assert house.asked == [REFRIGERATOR, IMPORT]


def refuses(*errors: Exception) -> list[Callable[[], Awaitable[None]]]:
    """What a box does that answers nothing but errors."""

    def refusing(error: Exception) -> Callable[[], Awaitable[None]]:
        async def refuse() -> None:
            raise error

        return refuse

    return [refusing(error) for error in errors]


async def answers() -> None:
    """What a box does that answers."""


@pytest.mark.parametrize(
    ("happens", "asked"),
    [
        pytest.param(
            refuses(LoginBlockedError(timedelta(minutes=1))), [REFRIGERATOR], id="blocked"
        ),
        pytest.param(
            [answers, *refuses(LoginBlockedError(timedelta(minutes=1)))],
            [REFRIGERATOR, IMPORT],
            id="later",
        ),
        pytest.param(
            refuses(FritzBoxConnectionError("gone"), FritzBoxConnectionError("gone")),
            [REFRIGERATOR, IMPORT],
            id="gone",
        ),
    ],
)
async def test_a_box_that_refuses_is_asked_again_half_an_hour_later(
    house: House, happens: list[Callable[[], Awaitable[None]]], asked: list[str]
) -> None:
    await house.start()
    house.tells += happens
    await house.lives(timedelta(minutes=10))
    assert house.asked == asked
    assert house.last_run() is None
    assert await rows(house.hass, METER) == []
    done = await rows(house.hass, FRIDGE)
    assert len(done) in ({0} if happens[0] is not answers else {49})
    journal = get_editor(house.hass).journal
    assert not any(changes.planned for changes in journal.by_statistic.values())
    await house.lives(timedelta(minutes=15))
    assert house.asked == asked
    due = house.scheduler.next_run
    assert due is not None
    assert due > dt_util.utcnow()
    await house.lives(timedelta(minutes=15))
    assert house.asked == [*asked, REFRIGERATOR, IMPORT]
    assert house.last_run() is not None
    assert (await rows(house.hass, FRIDGE))[: len(done)] == done
    assert len(await rows(house.hass, METER)) >= 49


async def test_one_device_that_does_not_tell_holds_up_no_other(house: House) -> None:
    await house.start()
    house.tells += refuses(FritzBoxConnectionError("gone"))
    reported = await house.act("backfill")
    assert reported[FRIDGE]["left_out"] == [NOT_REPORTED]
    assert (reported[FRIDGE]["rows"], reported[FRIDGE]["since"]) == (0, None)
    assert reported[METER]["rows"] == 49


# What


async def outage(house: House, hours: int) -> Gap:
    """Let the box be away for some hours from half past on; return the gap that the meter has."""
    await house.to_the_hour(30)
    house.box.fault(DROP)
    await house.lives(timedelta(hours=hours))
    house.box.clear_faults()
    # The first reading is confirmed by the next one.
    await house.lives(timedelta(minutes=2), timedelta(minutes=1))
    (gap,) = (gap for gap in house.gaps if gap.key == IMPORT)
    return gap


async def hourly(house: House, entity_id: str = METER) -> dict[int, float]:
    """Return the kWh of each hour of a statistic."""
    return {int(row["start"]): row["change"] or 0.0 for row in await rows(house.hass, entity_id)}


async def test_a_gap_waits_until_its_hours_are_compiled_and_is_mended_and_settled(
    house: House, home: Home
) -> None:
    await house.start()
    gap = await outage(house, 3)
    assert (await house.act("backfill", dry_run=True))[METER]["mended"] == []
    await house.lives(timedelta(minutes=1), timedelta(minutes=1))
    assert gap in house.gaps
    await house.lives(timedelta(minutes=10))
    assert house.gaps == []
    await house.to_the_hour(10)
    found = await hourly(house)
    first, last = (int(moment) // HOUR * HOUR for moment in (gap.start, gap.end))
    for start in range(first + HOUR, last, HOUR):
        begin, end = (dt_util.utc_from_timestamp(moment) for moment in (start, start + HOUR))
        truth = home.energy("import", end) - home.energy("import", begin)
        assert found[start] == pytest.approx(truth / 1000, abs=0.01), start
    booked = await rows(house.hass, METER)
    assert booked[-1]["sum"] - booked[0]["sum"] == pytest.approx(
        booked[-1]["state"] - booked[0]["state"]
    )
    assert min(found.values()) >= 0


@pytest.mark.parametrize("recorder_config", [{"exclude": {"entities": [METER]}}])
async def test_a_gap_of_which_no_statistics_tell_is_given_up_after_two_days(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "energy_history", lambda *_, **__: NOTHING)
    await house.start()
    await house.lives(timedelta(minutes=10))
    now = dt_util.utcnow().timestamp()
    end = now - GIVE_UP_AFTER.total_seconds() + 600
    known, unknown = (
        Gap(
            key=key,
            start=end - 3 * HOUR,
            before=10.0,
            end=end,
            after=11.0,
            verdict=Verdict.ACCEPTED,
        )
        for key in (IMPORT, "gone")
    )
    counters = house.entry.runtime_data.counters
    counters.add_gap(known)
    counters.add_gap(unknown)
    await house.lives(timedelta(minutes=5))
    assert house.gaps == [known, unknown]
    await house.lives(timedelta(minutes=10))
    assert house.gaps == []
    assert await rows(house.hass, METER) == []


async def test_a_gap_that_was_given_up_is_kept_by_looking_only(house: House) -> None:
    await house.start()
    await house.lives(timedelta(minutes=10))
    end = dt_util.utcnow().timestamp() - GIVE_UP_AFTER.total_seconds() - 60
    gap = Gap(key="gone", start=end - HOUR, before=1, end=end, after=2, verdict=Verdict.ACCEPTED)
    house.entry.runtime_data.counters.add_gap(gap)
    reported: list[float] = []
    await house.scheduler.async_run(dry_run=True, progress=reported.append)
    assert house.gaps == [gap]
    assert reported == pytest.approx([0, 1 / 3, 2 / 3])


async def test_a_box_that_keeps_silent_of_a_device_delays_the_mending_by_a_day(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent_of_the_meter() -> None:
        if house.asked[-1] == IMPORT:
            raise FritzBoxConnectionError("gone")

    await house.start()
    gap = await outage(house, 2)
    house.tells += [silent_of_the_meter] * 20
    await house.lives(timedelta(minutes=15))
    assert house.gaps == [gap]
    assert (await house.act("backfill"))[METER]["left_out"] == [NOT_REPORTED]
    monkeypatch.setattr(gap_repair, "GIVE_UP_AFTER", timedelta(minutes=20))
    asked = len(house.asked)
    await house.lives(timedelta(minutes=10))
    assert len(house.asked) == asked, "a box that keeps silent is not asked every five minutes"
    await house.lives(RETRY)
    assert house.gaps == []


async def test_a_statistic_that_takes_nothing_keeps_its_gaps_for_two_days(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = StatisticsEditor.async_change

    async def refuse(*args: Any, dry_run: bool) -> Any:
        if dry_run:
            return await change(*args, dry_run=dry_run)
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


async def test_a_counter_without_a_believed_reading_has_no_history_yet(house: House) -> None:
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
    house.tells += [answers, hang]
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


async def test_what_nobody_knows_takes_the_shape_of_the_week_before(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.start(**{CONF_SHAPE: OutageShape.WEEK_BEFORE})
    # The box remembers nothing.
    monkeypatch.setattr(maintenance, "energy_history", lambda *_, **__: NOTHING)
    now = int(dt_util.utcnow().timestamp()) // HOUR * HOUR
    week = [SumRow(now - 168 * HOUR + HOUR * hour, 100.0, total) for hour, total in WEEK_BEFORE]
    source = next(
        item
        for item in sources(house.hass, house.entry.runtime_data.coordinator)
        if item.counter == IMPORT
    )
    await write(get_editor(house.hass), source.statistic, week, ChangeReason.IMPORT)
    gap = await outage(house, 5)
    await house.lives(timedelta(minutes=10))
    assert house.gaps == []
    found = await hourly(house)
    first = int(gap.start) // HOUR * HOUR
    inside = [found[first + HOUR * hour] for hour in range(1, 5)]
    assert inside[0] > 0
    assert [item / inside[0] for item in inside] == pytest.approx([1, 1, 3, 1])


async def replaced(house: House, ain: str, wh: int) -> Gap:
    """Let the counter of a device go on from elsewhere; return what lies between."""
    await house.to_the_hour(20)
    house.box.override(ain, energy=wh)
    for _ in range(12):
        wh += 10
        await house.lives(timedelta(minutes=1), timedelta(minutes=1))
        house.box.override(ain, energy=wh)
        if gaps := [gap for gap in house.gaps if gap.key == ain]:
            return gaps[0]
    pytest.fail("the new counter is not believed")


async def total(house: House, entity_id: str) -> float:
    """Return the sum of all that is booked."""
    found: float = (await rows(house.hass, entity_id, "5minute"))[-1]["sum"]
    return found


async def test_both_readings_of_a_swapped_meter_change_the_sum_by_exactly_the_difference(
    house: House,
) -> None:
    await house.start()
    await house.lives(timedelta(minutes=10))
    gap = await replaced(house, IMPORT, 4_321_000)
    assert gap.verdict is Verdict.REPLACED
    await house.lives(timedelta(minutes=15))
    assert house.gaps == []
    before = await rows(house.hass, METER, "5minute")
    # No phantom.
    changes = [row["change"] for row in before[1:]]
    assert max(changes) < 1
    assert min(changes) >= 0
    house.entry.runtime_data.counters.add_gap(replace(gap, counted=gap.energy + 3.25))
    await house.lives(SHORT_TERM)
    assert house.gaps == []
    after = await rows(house.hass, METER, "5minute")
    known = {row["start"]: row["sum"] for row in after}
    adjusted = [known[row["start"]] - row["sum"] for row in before]
    assert adjusted[-1] == pytest.approx(3.25)
    assert {round(each, 6) for each in adjusted} == {0.0, 3.25}
    await house.act("undo_history", config_entry_id=house.entry.entry_id)


async def test_a_plug_that_was_reset_counts_from_nothing(house: House) -> None:
    await house.start()
    await house.lives(timedelta(minutes=10))
    gap = await replaced(house, REFRIGERATOR, 20)
    before = await rows(house.hass, FRIDGE, "5minute")
    await house.lives(timedelta(minutes=15))
    assert house.gaps == []
    after = await rows(house.hass, FRIDGE, "5minute")
    row = next(row for row in after if row["start"] >= gap.end)
    last = [row for row in before if row["end"] <= gap.start][-1]
    assert row["sum"] - last["sum"] == pytest.approx(
        gap.before - last["state"] + row["state"], abs=1e-6
    )


async def test_what_was_taken_back_is_left_alone_until_somebody_asks(house: House) -> None:
    await house.start()
    await house.lives(timedelta(minutes=15))
    assert len(await rows(house.hass, METER)) >= 49
    await house.act("undo_history", config_entry_id=house.entry.entry_id)
    assert await rows(house.hass, METER) == []
    await house.lives(timedelta(hours=24), timedelta(hours=1))
    assert len(await rows(house.hass, METER)) < 49
    done = await house.act("backfill")
    assert done[METER]["rows"] >= 49


async def test_the_box_is_not_asked_about_gaps_that_were_taken_back(house: House) -> None:
    await house.start()
    await house.lives(timedelta(minutes=15))
    await house.act("undo_history", config_entry_id=house.entry.entry_id)
    await outage(house, 2)
    asked = len(house.asked)
    await house.lives(timedelta(minutes=30))
    assert {gap.key for gap in house.gaps} == {REFRIGERATOR, IMPORT}
    assert len(house.asked) == asked
    await house.act("backfill")
    assert house.gaps == []


async def test_a_gap_is_announced_with_as_many_hours_as_are_written(house: House) -> None:
    await house.start()
    await house.lives(timedelta(minutes=15))
    house.hass.config_entries.async_update_entry(house.entry, options={CONF_HISTORY: False})
    await outage(house, 5)
    await house.to_the_hour(10)
    announced = (await house.act("backfill", dry_run=True))[METER]
    assert len(announced["mended"]) == 1
    assert announced["rows"] >= 5
    assert (await house.act("backfill"))[METER] == announced


async def test_history_follows_an_entity_that_is_renamed(house: House) -> None:
    await house.start()
    await house.lives(timedelta(minutes=15))
    before = await rows(house.hass, METER)
    registry = er.async_get(house.hass)
    registry.async_update_entity(METER, new_entity_id="sensor.strom")
    await recorded(house.hass)
    assert await rows(house.hass, "sensor.strom") == before
    assert (await house.act("backfill"))["sensor.strom"]["rows"] == 0
    await house.to_the_hour(10)
    assert len(await rows(house.hass, "sensor.strom")) > len(before)
    assert await rows(house.hass, METER) == []
    await house.act("undo_history", config_entry_id=house.entry.entry_id)
    assert len(await rows(house.hass, "sensor.strom")) <= 2


async def test_an_entity_that_is_switched_off_has_no_history(house: House) -> None:
    await house.start()
    er.async_get(house.hass).async_update_entity(METER, disabled_by=er.RegistryEntryDisabler.USER)
    reported = await house.act("backfill")
    assert set(reported) == {FRIDGE, "sensor.kuhlschrank_temperature"}
    assert await rows(house.hass, METER) == []


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


async def test_hours_of_the_user_s_own_that_tell_no_readings_stay(house: House) -> None:
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


# A meter


async def test_a_meter_that_was_away_is_mended_without_asking_anybody(
    time: Time,
    recorder_mock: Recorder,
    hass: HomeAssistant,
    mock_hass_config: None,
    mqtt_client_mock: Any,
) -> None:
    head = MockedReader(time, hass, mqtt_client_mock)
    await head.connect()
    entry = head.entry(prefix="MT681")
    await head.set_up(entry)
    await head.lives(timedelta(minutes=55), step=timedelta(minutes=5), E_in=0.1)
    before = head.blocks["MT681"]["E_in"]
    head.answers = False
    await head.says("LWT", "Offline")
    for _ in range(36):
        await time.passes(hass, SHORT_TERM, step=SHORT_TERM)
        await recorded(hass)
    head.answers = True
    await head.says("LWT", "Online")
    await head.reads(E_in=before + 3.6)
    for _ in range(16):
        await head.lives(SHORT_TERM, E_in=0.0)
        await recorded(hass)
    assert entry.runtime_data.counters.gaps == []
    found = await rows(hass, METER_OF_HEAD)
    assert found[-1]["state"] == pytest.approx(before + 3.6)
    assert found[-1]["sum"] - found[0]["sum"] == pytest.approx(before + 3.6 - found[0]["state"])
    # One tower of 3.6 kWh without us.
    assert max(row["change"] for row in found) < 1.5
    works = {event["work"] for event in get_editor(hass).journal.changes_of(METER_OF_HEAD).events}
    assert works == {ChangeReason.OUTAGE.value}
    await head.disconnect()
