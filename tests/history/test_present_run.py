"""The maintenance run that is working now."""

from collections.abc import Container, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from custom_components.py_hab.entry import Progress, ProgressListener, StatisticReport
from custom_components.py_hab.history.maintenance import MaintenanceRun
from custom_components.py_hab.history.pending_work import PendingWork
from custom_components.py_hab.history.present_run import PresentRun
from custom_components.py_hab.history.shared_run import RunKind
from homeassistant.exceptions import HomeAssistantError


class Run:
    """A run that reports half of its progress, and then what the test lets it do."""

    def __init__(self, present: PresentRun, error: Exception | None = None) -> None:
        self._present = present
        self._error = error
        self.is_reported = {"A 1": True}
        self.is_stopped = False

    def stop(self) -> None:
        self.is_stopped = True

    async def async_run(
        self, chosen: Container[str] | None, progress: ProgressListener
    ) -> Sequence[StatisticReport]:
        progress(Progress(part=0.5))
        assert self._present.progress == Progress(part=0.5)
        if self._error is not None:
            raise self._error
        self._present.async_stop()
        return []


async def test_a_run_shows_its_progress_until_its_end_and_is_stopped_with_the_entry() -> None:
    noted: list[Any] = []
    heard: list[Progress] = []
    runs: list[Run] = []
    errors = [HomeAssistantError("busy"), None]

    def create(kind: RunKind) -> MaintenanceRun:
        assert kind.dry_run
        runs.append(Run(present, errors[len(runs)]))
        return cast("MaintenanceRun", runs[-1])

    pending = cast("PendingWork", SimpleNamespace(note=noted.append))
    present = PresentRun(create, pending)
    kind = RunKind(dry_run=True)
    with pytest.raises(HomeAssistantError, match="busy"):
        await present.async_make(None, kind)
    assert (present.progress, noted) == (None, [{"A 1": True}])
    assert await present.async_make({"A 1"}, kind, heard.append) == []
    assert heard == [Progress(part=0.5)]
    assert [run.is_stopped for run in runs] == [False, True]
    with pytest.raises(HomeAssistantError) as refused:
        await present.async_make(None, kind)
    assert refused.value.translation_key == "unloaded"
