"""A run that several callers wait for."""

import asyncio
from collections.abc import Sequence

from homeassistant.exceptions import HomeAssistantError

from ..const import DOMAIN
from ..entry import Progress, ProgressListener, StatisticReport


class SharedRun:
    """One run whose result all callers get that ask while it lasts."""

    def __init__(self) -> None:
        """Create the run; its task is still to be set."""
        self.task: asyncio.Task[Sequence[StatisticReport]] | None = None
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
