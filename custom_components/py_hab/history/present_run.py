"""The maintenance run of an entry that is working now: how far it is, and how it is stopped."""

from collections.abc import Callable, Container, Sequence

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError

from ..const import DOMAIN
from ..entry import Progress, ProgressListener, StatisticReport
from .maintenance import MaintenanceRun
from .pending_work import PendingWork
from .shared_run import RunKind


class PresentRun:
    """Makes one maintenance run after the other, until the entry is unloaded."""

    def __init__(self, create: Callable[[RunKind], MaintenanceRun], pending: PendingWork) -> None:
        """Begin without a run.

        `pending` notes which devices the box has reported, so that others are asked again.
        """
        self._create = create
        self._pending = pending
        self._run: MaintenanceRun | None = None
        self._is_stopped = False
        self.progress: Progress | None = None
        """How far the present run is; None without one."""

    @callback
    def async_stop(self) -> None:
        """Stop the run, and let none follow."""
        self._is_stopped = True
        if self._run is not None:
            self._run.stop()

    async def async_make(
        self,
        chosen: Container[str] | None,
        kind: RunKind,
        progress: ProgressListener | None = None,
    ) -> Sequence[StatisticReport]:
        """Maintain chosen counters, or the whole history if `chosen` is None.

        Only one run may be made at a time. Raises HomeAssistantError if the box or the recorder
        refuses, or after `async_stop`.
        """
        if self._is_stopped:
            # The entry was unloaded, or removed, while this run waited for another one to end.
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="unloaded")
        run = self._run = self._create(kind)

        def progressed(news: Progress) -> None:
            self.progress = news
            if progress is not None:
                progress(news)

        try:
            return await run.async_run(chosen, progressed)
        finally:
            self._run = self.progress = None
            self._pending.note(run.is_reported)
