"""Steps of the options flow that import a file: into which statistics, preview, report."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult

from ..history.files.series import SeriesReport
from ..history.statistics.gateway import Statistic
from .file_source import FileSourceFlow
from .reports import import_table
from .series_form import SeriesForm


class FileImportFlow(FileSourceFlow):
    """Imports a file: that of the py_hab server that this integration replaces, or a table."""

    def __init__(self) -> None:
        """Create a flow without a file."""
        super().__init__()
        self._wanted: Mapping[Any, Statistic] = {}
        """The statistic into which each series is to be imported, by the key of the series."""

    async def async_step_import_series(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the series of the file, and ask into which statistic each is to be imported."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        form = SeriesForm(self.hass, self._source, await self._async_history_texts())
        errors = form.errors(user_input or {})
        if user_input is not None and not errors:
            self._wanted = form.wanted(user_input)
            return await self.async_step_import_preview()
        return self.async_show_form(
            step_id="import_series",
            data_schema=self.add_suggested_values_to_schema(form.schema(), user_input),
            errors=errors,
            description_placeholders=form.placeholders(),
        )

    async def async_step_import_preview(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Find out what the import would write, and show the progress."""
        return await self._async_follow(
            "import_preview", lambda: self._async_import(dry_run=True), "import_confirm"
        )

    async def async_step_import_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what the import would write, and import if the user agrees."""
        if user_input is not None:
            return await self.async_step_import_writing()
        has_hours = any(report.rows for report in self._work_result or ())
        return await self._async_show_imported("import_confirm" if has_hours else "import_nothing")

    async def async_step_import_nothing(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show why there is nothing to import, and end."""
        if user_input is not None:
            return self._end()
        return await self._async_show_imported("import_nothing")

    async def async_step_import_writing(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Import the series, and show the progress."""
        return await self._async_follow(
            "import_writing", lambda: self._async_import(dry_run=False), "import_done"
        )

    async def async_step_import_done(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what was imported and what was not."""
        if user_input is not None:
            return self._end()
        return await self._async_show_imported("import_done")

    async def _async_import(self, *, dry_run: bool) -> list[SeriesReport]:
        return await self._source.async_run(self._wanted, self._async_progressed, dry_run=dry_run)

    async def _async_show_imported(self, step_id: str) -> ConfigFlowResult:
        texts = await self._async_history_texts()
        return self._show_result(step_id, report=import_table(texts, self._work_result or ()))
