"""Steps of the options flow for the history: report, preview, run, taking back, settings."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ..const import (
    CONF_HISTORY,
    CONF_KIND,
    CONF_POWER_HISTORY,
    CONF_SHAPE,
    DOMAIN,
    OutageShape,
)
from ..entry import StatisticReport
from ..history.undo import UndoReport, async_take_back, async_undo, runs, written
from .take_over import TakeOverFlow

CONF_RUN: Final = "run"
CONF_STATISTICS: Final = "statistics"
_EVERYTHING: Final = "everything"

_SETTINGS_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_HISTORY, default=True): BooleanSelector(),
        vol.Required(CONF_SHAPE, default=OutageShape.EVEN.value): SelectSelector(
            SelectSelectorConfig(
                options=[shape.value for shape in OutageShape],
                mode=SelectSelectorMode.LIST,
                translation_key=CONF_SHAPE,
            )
        ),
        vol.Required(CONF_POWER_HISTORY, default=False): BooleanSelector(),
    }
)


class HistoryFlow(TakeOverFlow):
    """Shows what was written into the statistics, completes them, and takes it back."""

    _run: str = _EVERYTHING
    """The run to be taken back."""
    _statistics: tuple[str, ...] = ()
    """The statistics of which it is to be taken back."""

    async def async_step_history(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what was written so far, and what can be done."""
        history = self._history_of_entry
        if history is None:
            return await self.async_step_history_settings()
        texts = await self._async_report_texts()
        found = written(self.hass, self.config_entry.entry_id)
        return self.async_show_menu(
            step_id="history",
            menu_options=[
                "history_preview",
                "history_run",
                "history_take_over",
                *(["history_undo"] if found else []),
                "history_settings",
            ],
            description_placeholders={
                "about": texts.word(f"about_{self.config_entry.data[CONF_KIND]}"),
                "status": texts.status(found, history),
                "report": texts.totals(found, history.last_run),
            },
        )

    # Preview and run

    async def async_step_history_preview(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Find out what a run would write, and show the progress."""
        return await self._async_run("history_preview", "history_preview_done", dry_run=True)

    async def async_step_history_preview_done(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what a run would write, and write it if the user agrees."""
        if user_input is not None:
            return self._end() if self._errors else await self.async_step_history_run()
        if self._is_complete:
            return await self.async_step_history_done()
        return await self._async_show_reports("history_preview_done")

    async def async_step_history_run(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Complete the history now, and show the progress."""
        return await self._async_run("history_run", "history_done", dry_run=False)

    async def async_step_history_done(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what was written."""
        if user_input is not None:
            return self._end()
        return await self._async_show_reports("history_done")

    @property
    def _is_complete(self) -> bool:
        """Whether a run has found nothing to write."""
        reports = self._work_result or ()
        return not self._errors and not any(item.rows or item.mended for item in reports)

    async def _async_run(
        self, step_id: str, next_step_id: str, *, dry_run: bool
    ) -> ConfigFlowResult:
        if self._history_of_entry is None and self._work is None:
            return self.async_abort(reason="not_loaded")
        return await self._async_follow(
            step_id, lambda: self._async_complete(dry_run=dry_run), next_step_id
        )

    async def _async_complete(self, *, dry_run: bool) -> Sequence[StatisticReport]:
        """Run the maintenance of the entry. Raises HomeAssistantError if it is not loaded."""
        history = self._history_of_entry
        if history is None:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="unloaded")
        return await history.async_run(dry_run=dry_run, progress=self._async_progressed)

    async def _async_show_reports(self, step_id: str) -> ConfigFlowResult:
        texts = await self._async_report_texts()
        reports = self._work_result or ()
        return self.async_show_form(
            step_id=step_id,
            data_schema=vol.Schema({}),
            errors=dict(self._errors),
            description_placeholders={
                "status": texts.word("nothing_to_add") if self._is_complete else "",
                "report": texts.reports(reports),
            },
            last_step=True,
        )

    # Taking back

    async def async_step_history_undo(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which run is to be taken back."""
        texts = await self._async_report_texts()
        found = runs(self.hass, self.config_entry.entry_id)
        if user_input is not None:
            self._run = user_input[CONF_RUN]
            return await self.async_step_history_undo_what()
        options = [SelectOptionDict(value=run.run, label=texts.run(run)) for run in found]
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
        texts = await self._async_report_texts()
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
            return self._end() if self._errors else await self.async_step_history_undo_work()
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
        texts = await self._async_report_texts()
        return self.async_show_form(
            step_id=step_id,
            data_schema=vol.Schema({}),
            errors=dict(self._errors),
            description_placeholders={"report": texts.undone(self._work_result or ())},
            last_step=True,
        )

    # Settings

    async def async_step_history_settings(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how the history is to be maintained."""
        if user_input is not None:
            return self.async_create_entry(data=self._options_with(user_input, _SETTINGS_SCHEMA))
        return self.async_show_form(
            step_id="history_settings",
            data_schema=self.add_suggested_values_to_schema(
                _SETTINGS_SCHEMA, self.config_entry.options
            ),
        )

    def _options_with(self, user_input: Mapping[str, Any], schema: vol.Schema) -> dict[str, Any]:
        """Return the options after a form. The entry is reloaded only if one of them has changed.

        A default that is stored for the first time changes nothing.
        """
        options = self.config_entry.options
        defaults = {
            str(key): key.default()
            for key in schema.schema
            if not isinstance(key.default, vol.Undefined)
        }
        before = {**defaults, **options}
        self.automatic_reload = any(before.get(key) != value for key, value in user_input.items())
        return {**options, **user_input}
