"""Steps of the options flow that read a file to be imported: a legacy file, or a table of readings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.selector import FileSelector, FileSelectorConfig, TextSelector

from ..history.files.importer import async_allowed
from .csv_import import CsvSource, csv_schema, csv_table, with_answers
from .legacy_import import LegacySource
from .progress import ProgressFlow, error_key
from .series_form import ImportSource
from .uploads import Uploads

CONF_FILE: Final = "file"
CONF_PATH: Final = "path"

_ACCEPTED: Final = ".db,.sqlite,.sqlite3,application/vnd.sqlite3,.csv,.txt,.tsv,text/csv"
_NO_DATABASE: Final = "file_not_a_database"
_FILE_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(CONF_FILE): FileSelector(FileSelectorConfig(accept=_ACCEPTED)),
        vol.Optional(CONF_PATH): TextSelector(),
    }
)


class FileSourceFlow(ProgressFlow):
    """Asks for a file, recognizes what it contains, and lets the user correct it."""

    _file: Path
    """The file, once the user has chosen one."""
    _source: ImportSource
    """What the file contains, once it was read."""

    def __init__(self) -> None:
        """Create a flow without a file."""
        super().__init__()
        self._typed: Mapping[str, Any] = {}
        """The path that the user has typed, to be suggested again after an error."""
        self._uploads = Uploads()

    async def async_step_import_database(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the file, as an upload or a path."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        errors = dict(self._errors)
        if user_input is not None:
            errors, self._errors = {}, {}
            file, path = user_input.get(CONF_FILE), user_input.get(CONF_PATH, "").strip()
            try:
                if bool(file) == bool(path):
                    errors["base"] = "one_file"
                else:
                    self._file = await (
                        self._uploads.async_keep(self.hass, file)
                        if file
                        else async_allowed(self.hass, path)
                    )
                    self._typed = {CONF_PATH: path}
                    return await self.async_step_import_reading()
            except HomeAssistantError as err:
                errors["base"] = error_key(err)
        return self.async_show_form(
            step_id="import_database",
            data_schema=self.add_suggested_values_to_schema(
                _FILE_SCHEMA, user_input or self._typed
            ),
            errors=errors,
            description_placeholders={"example": "/media/datenbank.db"},
        )

    async def async_step_import_reading(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Find out what the file contains, and show the progress."""
        return await self._async_follow("import_reading", self._async_open, self._async_opened)

    async def _async_open(self) -> ImportSource:
        """Return the file as a database, or as a table. Raises HomeAssistantError."""
        legacy = LegacySource(self.hass, self.config_entry, self._file)
        try:
            await legacy.async_read()
        except ServiceValidationError as err:
            if err.translation_key != _NO_DATABASE:
                raise
        else:
            return legacy
        table = CsvSource(self.hass, self.config_entry, self._file)
        await table.async_recognize()
        return table

    @callback
    def _async_opened(self) -> str:
        """Keep the file; return the next step."""
        if self._errors:
            return "import_database"
        self._source = self._work_result
        if not isinstance(self._source, CsvSource):
            return "import_series"
        return "import_counting" if self._source.is_exported else "import_format"

    async def async_step_import_format(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show how the table seems to be written, and let the user change it."""
        source = self._source
        assert isinstance(source, CsvSource)
        texts = await self._async_history_texts()
        errors = dict(self._errors)
        if user_input is not None:
            try:
                is_other = await source.async_recognize_again(user_input)
                errors = {} if is_other else with_answers(source, user_input)
            except HomeAssistantError as err:
                errors, is_other = {"base": error_key(err)}, False
            if not errors and not is_other:
                return await self.async_step_import_counting()
            user_input = None if is_other else user_input
        return self.async_show_form(
            step_id="import_format",
            data_schema=self.add_suggested_values_to_schema(csv_schema(source, texts), user_input),
            errors=errors,
            description_placeholders=csv_table(source, texts),
        )

    async def async_step_import_counting(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """List the series of the table, and show the progress."""
        source = self._source
        assert isinstance(source, CsvSource)
        return await self._async_follow(
            "import_counting",
            lambda: source.async_survey(self._async_progressed),
            lambda: (
                "import_series"
                if not self._errors
                else "import_database"
                if source.is_exported
                else "import_format"
            ),
        )

    @callback
    @override
    def async_remove(self) -> None:
        """Delete uploaded files when the flow ends."""
        super().async_remove()
        self._uploads.async_remove(self.hass)
