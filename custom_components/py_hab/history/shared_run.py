"""Runs that several callers wait for."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from homeassistant.exceptions import HomeAssistantError

from ..const import DOMAIN
from ..entry import Progress, ProgressListener, StatisticReport

type RunTask = asyncio.Task[Sequence[StatisticReport]]


class SharedRun:
    """One run whose result all callers get that ask while it lasts."""

    def __init__(self) -> None:
        """Create the run; its task is still to be set."""
        self.task: RunTask | None = None
        self._progress: list[ProgressListener] = []
        self._waiting = 0

    @property
    def is_over(self) -> bool:
        """Whether the run has ended, or is being cancelled."""
        return self.task is None or self.task.done() or self.task.cancelling() > 0

    def listen(self, progress: ProgressListener | None) -> None:
        """Let a caller know of the progress."""
        if progress is not None:
            self._progress.append(progress)

    def report(self, progress: Progress) -> None:
        """Report the progress to all callers."""
        for listener in self._progress:
            listener(progress)

    async def async_result(self) -> Sequence[StatisticReport]:
        """Wait for the result; the run is cancelled when nobody waits for it any more.

        Raises what the run raises, and HomeAssistantError if its entry was unloaded.
        """
        task = self.task
        assert task is not None
        self._waiting += 1
        try:
            await asyncio.wait([task])
        finally:
            self._waiting -= 1
            if not self._waiting:
                task.cancel()
        if task.cancelled():
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="unloaded")
        return task.result()


@dataclass(frozen=True, kw_only=True, slots=True)
class RunKind:
    """What a run does beyond maintaining the history."""

    dry_run: bool = False
    """Whether nothing is written."""
    reshape: bool = False
    """Whether energy is spread again that was spread before."""


class SharedRuns:
    """The runs that callers wait for, one for each kind."""

    def __init__(self, start: Callable[[RunKind, ProgressListener], RunTask]) -> None:
        """Begin without a run; `start` starts one."""
        self._start = start
        self._runs: dict[RunKind, SharedRun] = {}

    async def async_join(
        self, kind: RunKind, progress: ProgressListener | None
    ) -> Sequence[StatisticReport]:
        """Wait for a run, which is started if there is none; see SharedRun.async_result."""
        shared = self._runs.get(kind)
        if shared is None or shared.is_over:
            shared = self._runs[kind] = SharedRun()
        shared.listen(progress)
        if shared.task is None:
            shared.task = self._start(kind, shared.report)
        return await shared.async_result()

    def report(self, progress: Progress) -> None:
        """Report to all who wait how far the run is for which theirs waits."""
        for shared in self._runs.values():
            if not shared.is_over:
                shared.report(progress)
