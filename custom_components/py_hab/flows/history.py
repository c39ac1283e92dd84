"""Steps of the options flow for the history: report, preview, run, settings."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import (
    BooleanSelector,
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
from ..history.undo import written
from .reports import maintenance_table, status, totals_table
from .take_over import TakeOverFlow
from .undo import UndoFlow

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


class HistoryFlow(TakeOverFlow, UndoFlow):
    """Shows what was written into the statistics, and completes them."""

    async def async_step_history(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what was written so far, and what can be done."""
        history = self._history_of_entry
        if history is None:
            return await self.async_step_history_settings()
        texts = await self._async_history_texts()
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
                "status": status(texts, found, history),
                "report": totals_table(texts, found, history.last_run),
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
            return await self.async_step_history_run()
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
        texts = await self._async_history_texts()
        reports = self._work_result or ()
        return self._show_result(
            step_id,
            status=texts.word("nothing_to_add") if self._is_complete else "",
            report=maintenance_table(texts, reports),
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
