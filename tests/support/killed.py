"""Home Assistants with a recorder that change statistics until they are killed.

The process imports everything once and waits for lines on its standard input: each is a list of
changes as JSON, for which it forks a process that makes them, one after the other.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
import gc
import json
import logging
import os
from pathlib import Path
import sys
from typing import Any, Final

from pytest_homeassistant_custom_component.common import async_test_home_assistant

from custom_components.py_hab.history.planning.change import (
    AdjustSum,
    Change,
    ChangeReason,
    StatisticRows,
    WriteRows,
)
from custom_components.py_hab.history.planning.rows import SumRow
from custom_components.py_hab.history.statistics.editor import StatisticsEditor
from custom_components.py_hab.history.statistics.gateway import Statistic
from custom_components.py_hab.history.statistics.journal import ChangeJournal
from homeassistant.components.recorder import get_instance
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import async_initialize_recorder
from homeassistant.setup import async_setup_component

STATISTIC: Final = Statistic(id="sensor.meter", unit="kWh", has_sum=True)
DATABASE: Final = "recorder.db"


def planned(change: Any) -> Change | None:
    """Return a change as it is planned; None to undo all of them."""
    match change:
        case ["write", list(rows)]:
            return [WriteRows([SumRow(*row) for row in rows], ChangeReason.IMPORT)]
        case ["adjust", int(start), float(amount)]:
            return [AdjustSum(start, amount, ChangeReason.SPIKE)]
    return None


def _same(change: Change, _rows: StatisticRows) -> Change:
    return change


def say(what: object) -> None:
    """Write a line to whoever kills."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


async def work(folder: Path, changes: Sequence[Any]) -> None:
    """Make changes, and report the end of each."""
    async with async_test_home_assistant(config_dir=str(folder)) as hass:
        await _start_recorder(hass, folder)
        journal = ChangeJournal(hass)
        await journal.async_load()
        editor = StatisticsEditor(hass, journal)
        say("ready")
        for change in changes:
            plan = planned(change)
            if plan is None:
                await editor.async_undo(STATISTIC)
            else:
                await editor.async_change(STATISTIC, partial(_same, plan))
            say("done")
        say("end")
        await asyncio.Event().wait()


async def _start_recorder(hass: HomeAssistant, folder: Path) -> None:
    async_initialize_recorder(hass)
    config = {"recorder": {"db_url": f"sqlite:///{folder / DATABASE}"}}
    assert await async_setup_component(hass, "recorder", config)
    await get_instance(hass).async_recorder_ready.wait()


def main(folder: Path) -> None:
    """Fork a process for each line, and report how it is called and when it has ended."""
    logging.disable(logging.CRITICAL)
    # What was imported stays in memory that is shared.
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if not child:
            asyncio.run(work(folder, json.loads(line)))
            os._exit(0)
        say(child)
        os.waitpid(child, 0)
        say("gone")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
