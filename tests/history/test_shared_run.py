"""A run that several callers wait for."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from custom_components.py_hab.entry import Progress, StatisticReport
from custom_components.py_hab.history.shared_run import SharedRun
from homeassistant.exceptions import HomeAssistantError

REPORTS = [StatisticReport(entity_id="sensor.meter", rows=3)]


def running(go: asyncio.Event, error: Exception | None = None) -> SharedRun:
    """Return a run that ends when it may."""

    async def run() -> Sequence[StatisticReport]:
        await go.wait()
        if error is not None:
            raise error
        return REPORTS

    shared = SharedRun()
    shared.task = asyncio.create_task(run())
    return shared


async def test_all_get_the_result_and_the_progress() -> None:
    go, progress = asyncio.Event(), list[tuple[int, float]]()

    def note(number: int, progressed: Progress) -> None:
        progress.append((number, progressed.part))

    shared = running(go)
    for number in range(2):
        shared.listen(partial(note, number))
    shared.listen(None)
    waiting: list[asyncio.Task[Any]] = [
        asyncio.create_task(shared.async_result()) for _ in range(3)
    ]
    await asyncio.sleep(0)
    waiting.pop().cancel()
    shared.report(Progress(part=0.5))
    go.set()
    assert await asyncio.gather(*waiting) == [REPORTS, REPORTS]
    assert progress == [(0, 0.5), (1, 0.5)]
    assert shared.is_over


async def test_it_is_over_when_its_task_is() -> None:
    go = asyncio.Event()
    assert SharedRun().is_over
    shared = running(go)
    states = [shared.is_over]
    go.set()
    await shared.async_result()
    assert [*states, shared.is_over] == [False, True]


async def test_all_get_the_error() -> None:
    go = asyncio.Event()
    shared = running(go, HomeAssistantError("refused"))
    waiting = [asyncio.create_task(shared.async_result()) for _ in range(3)]
    await asyncio.sleep(0)
    go.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert [str(each) for each in found] == ["refused"] * 3


async def test_it_ends_when_nobody_waits_any_more() -> None:
    shared = running(asyncio.Event())
    waiting = asyncio.create_task(shared.async_result())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert shared.is_over


async def test_whoever_waits_gets_the_error_of_an_unloaded_entry() -> None:
    shared = running(asyncio.Event())
    waiting = asyncio.create_task(shared.async_result())
    await asyncio.sleep(0)
    assert shared.task is not None
    shared.task.cancel()
    with pytest.raises(HomeAssistantError) as raised:
        await waiting
    assert raised.value.translation_key == "unloaded"
