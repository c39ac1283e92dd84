"""Steps of the options flow that take back what was written into the statistics."""

from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ..history.undo import UndoReport, async_take_back, async_undo, runs, written
from .progress import ProgressFlow
from .reports import run_label, undo_table

CONF_RUN: Final = "run"
CONF_STATISTICS: Final = "statistics"
_EVERYTHING: Final = "everything"


class UndoFlow(ProgressFlow):
    """Asks for a run and for some of its statistics; previews, and takes them back."""

    _run: str = _EVERYTHING
    """The run to be taken back."""
    _statistics: tuple[str, ...] = ()
    """The statistics of which it is to be taken back."""

    async def async_step_history_undo(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which run is to be taken back."""
        texts = await self._async_history_texts()
        found = runs(self.hass, self.config_entry.entry_id)
        if user_input is not None:
            self._run = user_input[CONF_RUN]
            return await self.async_step_history_undo_what()
        options = [SelectOptionDict(value=run.run, label=run_label(texts, run)) for run in found]
        options.append(SelectOptionDict(value=_EVERYTHING, label=texts.word("everything")))
        selector = SelectSelector(
            SelectSelectorConfig(options=options, mode=SelectSelectorMode.LIST)
        )
        return self.async_show_form(
            step_id="history_undo",
            data_schema=vol.Schema({vol.Required(CONF_RUN, default=options[0]["value"]): selector}),
        )

    async def async_step_history_undo_what(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask of which statistics it is to be taken back."""
        changed = self._changed()
        if user_input is not None and user_input[CONF_STATISTICS]:
            self._statistics = tuple(user_input[CONF_STATISTICS])
            return await self.async_step_history_undo_preview()
        texts = await self._async_history_texts()
        options = [SelectOptionDict(value=each, label=texts.name(each)) for each in changed]
        return self.async_show_form(
            step_id="history_undo_what",
            data_schema=vol.Schema(
                {
                    vol.Required(CONF_STATISTICS, default=changed): SelectSelector(
                        SelectSelectorConfig(
                            options=options, multiple=True, mode=SelectSelectorMode.LIST
                        )
                    )
                }
            ),
            errors={} if user_input is None else {CONF_STATISTICS: "nothing_chosen"},
        )

    async def async_step_history_undo_preview(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Find out what would be taken back, and show the progress."""
        return await self._async_follow(
            "history_undo_preview",
            lambda: self._async_undo(dry_run=True),
            "history_undo_confirm",
        )

    async def async_step_history_undo_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what would be taken back, and take it back if the user agrees."""
        if user_input is not None:
            return await self.async_step_history_undo_work()
        return await self._async_show_undone("history_undo_confirm")

    async def async_step_history_undo_work(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take it back, and show the progress."""
        return await self._async_follow(
            "history_undo_work", lambda: self._async_undo(dry_run=False), "history_undo_done"
        )

    async def async_step_history_undo_done(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what was taken back."""
        if user_input is not None:
            return self._end()
        return await self._async_show_undone("history_undo_done")

    def _changed(self) -> list[str]:
        """Return the statistics that the chosen run has changed."""
        entry_id = self.config_entry.entry_id
        if self._run == _EVERYTHING:
            return [item.entity_id for item in written(self.hass, entry_id)]
        chosen = [run for run in runs(self.hass, entry_id) if run.run == self._run]
        return [part.entity_id for run in chosen for part in run.statistics]

    async def _async_undo(self, *, dry_run: bool) -> list[UndoReport]:
        if self._run != _EVERYTHING:
            return await async_take_back(self.hass, self._run, self._statistics, dry_run=dry_run)
        return [await async_undo(self.hass, each, dry_run=dry_run) for each in self._statistics]

    async def _async_show_undone(self, step_id: str) -> ConfigFlowResult:
        texts = await self._async_history_texts()
        return self._show_result(step_id, report=undo_table(texts, self._work_result or ()))
