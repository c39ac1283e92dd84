"""When the history of an entry is maintained, and what becomes of it: a box, a real recorder."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from custom_components.py_hab.const import CONF_HISTORY
from custom_components.py_hab.entry import MaintenanceResult, Progress
from custom_components.py_hab.fritzbox.errors import FritzBoxConnectionError, LoginBlockedError
from custom_components.py_hab.history.statistics.editor import get_editor
from custom_components.py_hab.history.timetable import CHECK_INTERVAL
from homeassistant.core import CoreState
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
from simulator.fritzbox_devices import IMPORT, REFRIGERATOR
from tests.support.box_house import (
    DROP,
    FRIDGE,
    METER,
    House,
    answers,
    refuses,
)
from tests.support.living import rows

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


async def test_home_assistant_its_recorder_and_the_box_are_waited_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.hass.set_state(CoreState.starting)
    await house.start()
    await house.lives(timedelta(minutes=10))
    assert not house.asked
    house.hass.set_state(CoreState.running)
    house.hass.bus.async_fire("homeassistant_started")
    await house.lives(timedelta(minutes=1), timedelta(minutes=1))
    assert not house.asked
    with monkeypatch.context() as patch:
        patch.setattr(get_editor(house.hass), "is_ready", lambda: False)
        await house.lives(timedelta(minutes=10))
        assert not house.asked
        with pytest.raises(HomeAssistantError) as caught:
            await house.act("backfill")
        assert caught.value.translation_key == "no_recorder"
        house.box.fault(DROP)
        await house.lives(timedelta(minutes=1), timedelta(minutes=1))
    await house.lives(timedelta(minutes=15), timedelta(minutes=1))
    assert (house.asked, house.last_run()) == ([], None)
    house.box.clear_faults()
    await house.lives(timedelta(minutes=15))
    assert house.last_run() is not None


async def test_a_run_does_not_begin_while_another_one_works(house: House) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def hesitate() -> None:
        begun.set()
        await go.wait()

    await house.start()
    house.on_request.append(hesitate)
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
    house.on_request.append(hesitate)
    progress: list[Progress] = []
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
    house.on_request.append(hesitate)
    run = house.hass.async_create_task(house.scheduler.async_run())
    await begun.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert sum(item.rows for item in await house.scheduler.async_run()) > 49


async def test_a_clock_that_was_ahead_holds_nothing_back(house: House) -> None:
    await house.start()
    now = dt_util.utcnow()
    ahead = now + timedelta(days=400)
    timetable = house.scheduler._timetable
    timetable.started = timetable.not_before = ahead
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
    assert await rows(house.hass, METER) == []
    assert house.asked == [REFRIGERATOR]


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
    house.on_request += happens
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


# What


async def test_what_was_undone_is_left_alone_until_somebody_asks(house: House) -> None:
    await house.start()
    await house.lives(timedelta(minutes=15))
    assert len(await rows(house.hass, METER)) >= 49
    await house.act("undo_history", config_entry_id=house.entry.entry_id)
    assert await rows(house.hass, METER) == []
    await house.lives(timedelta(hours=24), timedelta(hours=1))
    assert len(await rows(house.hass, METER)) < 49
    done = await house.act("backfill")
    assert done[METER]["rows"] >= 49
