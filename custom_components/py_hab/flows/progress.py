"""The base of option flows that do long work: it shows how far the work is, and keeps its result."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
import logging
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlowWithReload
from homeassistant.core import HassJob, callback
from homeassistant.exceptions import HomeAssistantError

from ..const import DOMAIN
from ..coordinator import PyHabConfigEntry
from ..entry import History, Progress
from .history_texts import HistoryTexts, async_history_texts

_LOGGER = logging.getLogger(__name__)

SHOWN_FOR: Final = timedelta(seconds=2)
"""The shortest time of a progress step, and the time after which its text is renewed. The frontend
notices the end of a step only after showing it."""


class ProgressFlow(OptionsFlowWithReload):
    """Does one work at a time in the background."""

    _work: asyncio.Task[Any] | None = None
    _work_result: Any = None
    _watching: asyncio.Task[None]
    """Ends when the progress is to be shown anew, or the work has ended."""
    _progress: Progress = Progress(part=0.0)

    def __init__(self) -> None:
        """Create a flow without work."""
        self._errors: Mapping[str, str] = {}

    @property
    def _history_of_entry(self) -> History | None:
        """The history scheduler of the entry, None if the entry is not loaded."""
        entry: PyHabConfigEntry = self.config_entry
        return entry.runtime_data.history if entry.state is ConfigEntryState.LOADED else None

    async def _async_history_texts(self) -> HistoryTexts:
        return await async_history_texts(self.hass)

    async def _async_follow(
        self,
        step_id: str,
        work: Callable[[], Coroutine[Any, Any, Any]],
        next_step_id: str | Callable[[], str],
    ) -> ConfigFlowResult:
        """Start the work of a step unless it was started, and show its progress until it ends.

        The result is kept in `_work_result`, which is None if the work has failed; `_errors` says
        why.
        """
        if self._work is None:
            self._progress, self._errors, self._work_result = Progress(part=0.0), {}, None
            self._work = self._begin(work())
            self._watching = self._watch(self._work, at_least=True)
        elif self._watching.done() and not self._work.done():
            self._watching = self._watch(self._work, at_least=False)
        if not self._watching.done():
            texts = await self._async_history_texts()
            return self.async_show_progress(
                step_id=step_id,
                progress_action=step_id,
                progress_task=self._watching,
                description_placeholders=texts.progress(self._progress),
            )
        self._work_result = self._outcome(self._work)
        return self.async_show_progress_done(
            next_step_id=next_step_id if isinstance(next_step_id, str) else next_step_id()
        )

    @callback
    def _async_progressed(self, progress: Progress) -> None:
        """Note the progress of the work."""
        self._progress = progress
        self.async_update_progress(progress.part)

    def _begin[T](self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a task. When Home Assistant stops, it is cancelled; it can be repeated later."""
        task = self._start(work)

        @callback
        def stop() -> None:
            task.cancel()

        remove_shutdown_job = self.hass.async_add_shutdown_job(HassJob(stop))
        task.add_done_callback(lambda _: remove_shutdown_job())
        return task

    def _watch(self, work: asyncio.Task[Any], *, at_least: bool) -> asyncio.Task[None]:
        """Return a task that ends with the work, or when the progress is to be shown anew.

        If the work of a new step were done at once, Home Assistant would use the answer to this
        step for the next one.
        """

        async def watch() -> None:
            if at_least:
                await asyncio.sleep(SHOWN_FOR.total_seconds())
            else:
                await asyncio.wait([work], timeout=SHOWN_FOR.total_seconds())

        return self._start(watch())

    def _start[T](self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a task of this flow; a task of the entry would end when the entry is reloaded."""
        return self.hass.async_create_task(work, "py_hab history", eager_start=False)

    def _outcome[T](self, task: asyncio.Task[T]) -> T | None:
        """Return the result of a task, or None after storing the error if it has failed."""
        self._work = None
        err = asyncio.CancelledError() if task.cancelled() else task.exception()
        if err is None:
            return task.result()
        self._errors = {"base": error_key(err)}
        return None

    def _show_result(self, step_id: str, **placeholders: str) -> ConfigFlowResult:
        """Show what the work has done or would do; if it has failed, only why."""
        return self.async_show_form(
            # The text and the button of a preview would promise what cannot be done.
            step_id="failed" if self._errors else step_id,
            data_schema=vol.Schema({}),
            errors=dict(self._errors),
            description_placeholders=placeholders,
            last_step=True,
        )

    async def async_step_failed(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show why the work has failed, and end."""
        return self._show_result("failed") if user_input is None else self._end()

    def _end(self) -> ConfigFlowResult:
        """End the flow, and leave the options as they are."""
        return self.async_create_entry(data=dict(self.config_entry.options))

    @callback
    @override
    def async_remove(self) -> None:
        """Cancel the work: the user has closed the dialog."""
        if self._work is not None:
            self._work.cancel()


def error_key(err: BaseException) -> str:
    """Return the translation key of an error; unexpected errors are logged."""
    if isinstance(err, HomeAssistantError) and err.translation_domain == DOMAIN:
        return str(err.translation_key)
    _LOGGER.error("The history cannot be changed", exc_info=err)
    return "unknown"
