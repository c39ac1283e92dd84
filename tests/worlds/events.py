"""The vocabulary of the worlds: what can happen in a life."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
import shutil
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

import pytest

from custom_components.py_hab.history.statistics.transaction import StatisticTables
from homeassistant.components.recorder import get_instance
from homeassistant.helpers import entity_registry as er

from .home_assistant import COMPILED
from .house import HOUR, Meter, Script
from .words import Edit, Words
from .world import Act, Event, Party, Rank

if TYPE_CHECKING:
    from .life import Life

# Who is away


def hass_off(**duration: float) -> Event:
    """Home Assistant does not run."""
    return Event(
        begins=lambda life: life.computer.stop(),
        lasts=timedelta(**duration),
        ends=lambda life: life.start(),
        rank=Rank.HOME_ASSISTANT,
    )


def hass_killed(**duration: float) -> Event:
    """Home Assistant does not run, and was not stopped in order."""
    return replace(hass_off(**duration), begins=lambda life: life.computer.stop(power_cut=True))


def crash_after_reset(series: str, **duration: float) -> Event:
    """Home Assistant dies as soon as a counter shows less than before, and is back after a while.

    That is at the latest when this event ends.
    """

    async def begins(life: Life) -> None:
        before = life.state_of(series)
        while life.state_of(series) >= before:
            await life.live_until(life.computer.clock.now + timedelta(seconds=30))
        await life.computer.stop(power_cut=True)

    return replace(hass_off(**duration), begins=begins)


def reader_off(**duration: float) -> Event:
    """The reader sends nothing."""
    return _away(Party.READER, **duration)


def broker_off(**duration: float) -> Event:
    """The broker is not there."""
    return _away(Party.BROKER, **duration)


def box_off(**duration: float) -> Event:
    """The box does not answer."""
    return _away(Party.BOX, **duration)


def _away(party: Party, **duration: float) -> Event:
    return Event(
        begins=lambda life: life.leaves(party),
        lasts=timedelta(**duration),
        ends=lambda life: life.returns(party),
    )


# What the house and its meter do


def no_power(**duration: float) -> Event:
    """Nothing flows, neither way."""

    async def begins(life: Life) -> None:
        now = life.computer.clock.now
        life.house.cut_power(now, now + timedelta(**duration))

    return Event(begins=begins, rank=Rank.WORDS)


def swap(*, imported: int = 12_000, exported: int = 500) -> Event:
    """Another meter is mounted, which shows some Wh at first; nobody informs Home Assistant."""
    successor = Meter(number="0a0149534b0005512f07", imported=imported, exported=exported)

    async def begins(life: Life) -> None:
        life.meter.swap(successor)

    return Event(begins=begins, rank=Rank.WORDS)


# What the reader says


def says(edit: Edit, **duration: float) -> Event:
    """The reader says the truth in another way, for a while or for ever."""
    return _says(Words(edit), timedelta(**(duration or FOR_EVER)))


def lies(edit: Edit, **duration: float) -> Event:
    """The reader says something wrong, for a while or in one message."""
    return _says(Words(edit, honest=False), timedelta(**(duration or ONE_MESSAGE)))


def answers(edit: Edit) -> Event:
    """The reader says something wrong in its answer to STATUS 10 at a start, and not after it."""
    return lies(edit, seconds=2.4)


def reads(script: Script) -> Event:
    """The reader has another script from now on: other names, units or blocks."""
    return says(lambda instant: [instant.says(script)])


def _says(words: Words, lasts: timedelta) -> Event:

    async def begins(life: Life) -> None:
        life.meter.words.append(words)

    async def ends(life: Life) -> None:
        life.meter.words.remove(words)

    return Event(begins=begins, lasts=lasts, ends=ends, rank=Rank.WORDS)


HALF_AN_HOUR: Final = timedelta(minutes=30)
FOR_EVER: Final = {"days": 4000.0}
ONE_MESSAGE: Final = {"seconds": 30.0}


# What Home Assistant and its user do


def does(act: Act) -> Event:
    """Something is done at once."""
    return Event(begins=act, rank=Rank.HOME_ASSISTANT)


def time_lapse(**duration: float) -> Event:
    """The reader publishes twice an hour only; it takes too long to live through each minute."""

    async def begins(life: Life) -> None:
        end = life.computer.clock.now + timedelta(**duration)
        while life.computer.clock.now < end:
            await life.computer.idle_until(life.computer.clock.now + HALF_AN_HOUR)
            await life.source.speaks(life.away)

    return does(begins)


def clock_jumps(**by: float) -> Event:
    """Home Assistant's clock shows another time; timers do not notice."""

    async def begins(life: Life) -> None:
        life.computer.clock.jump(timedelta(**by))
        await life.computer.move_to(life.computer.clock.now)

    return Event(begins=begins, rank=Rank.WORDS)


def options(**changes: Any) -> Event:
    """The user changes options of the entry, which is loaded again."""

    async def begins(life: Life) -> None:
        entry, entries = life.computer.entry, life.computer.hass.config_entries
        entries.async_update_entry(entry, options={**entry.options, **changes})
        await life.computer.settled()
        await entries.async_reload(entry.entry_id)
        await life.source.started(life.away)

    return does(begins)


def removed(**duration: float) -> Event:
    """The entry is removed, and the same is added after a while."""

    async def begins(life: Life) -> None:
        _unrecorded(life, **duration)
        await life.computer.remove_entry()

    async def ends(life: Life) -> None:
        await life.computer.add_entry()
        await life.source.started(life.away)

    return Event(
        begins=begins,
        lasts=timedelta(**duration),
        ends=ends,
        rank=Rank.HOME_ASSISTANT,
    )


def disabled(series: str, **duration: float) -> Event:
    """The user disables the entity that counts a series, and enables it after a while."""

    async def begins(life: Life) -> None:
        _unrecorded(life, **duration)
        await _disable(life, series, er.RegistryEntryDisabler.USER)

    return Event(
        begins=begins,
        lasts=timedelta(**duration),
        ends=lambda life: _disable(life, series, None),
        rank=Rank.HOME_ASSISTANT,
    )


def _unrecorded(life: Life, **duration: float) -> None:
    now = life.computer.clock.now
    life.source.unrecorded.append((now, now + timedelta(**duration)))


async def _disable(life: Life, series: str, by: er.RegistryEntryDisabler | None) -> None:
    computer = life.computer
    registry = er.async_get(computer.hass)
    entity_id = registry.async_get_entity_id("sensor", "py_hab", life.source.series[series])
    assert entity_id is not None
    registry.async_update_entity(entity_id, disabled_by=by)
    await computer.hass.config_entries.async_reload(computer.entry.entry_id)
    await life.source.started(life.away)


def takes_over_id(**duration: float) -> Event:
    """The user replaces core's sensor by ours, which gets its id. Meanwhile nothing runs."""

    async def begins(life: Life) -> None:
        await life.computer.stop()
        life.computer.configuration.clear()

    async def ends(life: Life) -> None:
        await life.computer.start()
        life.sight.look(life.computer.hass)
        registry = er.async_get(life.computer.hass)
        entity_id = registry.async_get_entity_id("sensor", "py_hab", life.source.series["import"])
        assert entity_id is not None
        registry.async_update_entity(entity_id, new_entity_id=entity_id.removesuffix("_2"))
        await life.computer.settled()
        await life.source.started(life.away)

    return replace(hass_off(**duration), begins=begins, ends=ends)


def purge(keep_days: int) -> Event:
    """The user purges the recorder."""

    async def begins(life: Life) -> None:
        await life.computer.hass.services.async_call(
            "recorder", "purge", {"keep_days": keep_days}, blocking=True
        )
        await life.computer.recorded()

    return does(begins)


def database_locked(**duration: float) -> Event:
    """The recorder's database is locked, as while it is backed up. SQLite only."""

    async def begins(life: Life) -> None:
        await life.computer.recorded()
        life.computer.is_locked = await get_instance(life.computer.hass).lock_database()
        assert life.computer.is_locked

    async def ends(life: Life) -> None:
        life.computer.is_locked = not get_instance(life.computer.hass).unlock_database()
        await life.computer.recorded()

    return Event(begins=begins, lasts=timedelta(**duration), ends=ends)


def database_restored(**age: float) -> tuple[Event, Event]:
    """Save the database, and put it back after a while. SQLite only; Home Assistant is off then."""

    def copy(life: Life, *, back: bool) -> None:
        names = ["recorder.db", "recorder.db-wal", "recorder.db-shm"]
        files = [life.computer.folder / name for name in names]
        if not files[0].exists():
            pytest.skip("this database is no file")
        for file in files:
            saved = Path(f"{file}.saved")
            source, target = (saved, file) if back else (file, saved)
            target.unlink(missing_ok=True)
            if source.exists():
                shutil.copy(source, target)

    async def saved(life: Life) -> None:
        copy(life, back=False)
        _unrecorded(life, **age)

    async def put_back(life: Life) -> None:
        copy(life, back=True)

    return does(saved), does(put_back)


# The history


async def _judge(life: Life) -> None:
    life.earlier.append(await life.look_up())


async def _backfill(life: Life) -> None:
    await life.computer.call("backfill")


async def _undo(life: Life) -> None:
    await life.computer.call("undo_history")


async def _import(life: Life) -> None:
    await life.computer.call("import_database", path=str(life.source.server_file))


async def _backfill_while_compiling(life: Life) -> None:
    work = asyncio.create_task(_backfill(life))
    hour = life.computer.clock.now.replace(minute=0, second=0, microsecond=0) + HOUR
    await life.computer.move_to(hour + COMPILED)
    await life.computer.recorded()
    await work


async def _interrupt_backfill(life: Life) -> None:
    written = asyncio.Event()
    loop = life.computer.hass.loop
    perform = StatisticTables.perform

    def write(tables: StatisticTables, *arguments: Any) -> None:
        perform(tables, *arguments)
        loop.call_soon_threadsafe(written.set)

    with patch.object(StatisticTables, "perform", write):
        work = asyncio.create_task(_backfill(life))
        await written.wait()
        await life.computer.stop(power_cut=True)
        work.cancel()
        await asyncio.wait([work])


backfill: Final = does(_backfill)
backfill_while_compiling: Final = does(_backfill_while_compiling)
judged: Final = does(_judge)
"""The books are right already now, not only at the end."""
undo: Final = does(_undo)
import_years: Final = does(_import)


def backfill_interrupted(**duration: float) -> Event:
    """The power is cut while the history is completed; Home Assistant is off for a while."""
    return replace(hass_off(**duration), begins=_interrupt_backfill)


# The box


def plug_reset() -> Event:
    """The user clears the statistics of a plug: its counter starts again at 0."""

    async def begins(life: Life) -> None:
        life.box.reset_plug()

    return Event(begins=begins)


def box_forgets(*periods: str, zeros: bool = False) -> Event:
    """The box reboots and has lost these periods of its statistics, or says 0 for them."""

    async def begins(life: Life) -> None:
        life.box.reboot(*periods, zeros=zeros)

    return Event(begins=begins)
