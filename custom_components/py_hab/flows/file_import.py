"""Steps of the options flow for the import of a file: a legacy file, or a table of readings."""

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
import shutil
import tempfile
from typing import Any, Final, Protocol, override

import voluptuous as vol

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.selector import (
    FileSelector,
    FileSelectorConfig,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from ..const import DOMAIN
from ..entry import ProgressListener
from ..history.files.importer import async_allowed
from ..history.files.series import Series, SeriesReport
from ..history.statistics.editor import get_editor
from ..history.statistics.gateway import Statistic
from ..util.texts import MAX_LINE, as_markdown, clean_text
from .csv_import import CsvSource, csv_schema, csv_table, with_answers
from .legacy_import import LegacySource
from .progress import ProgressFlow, error_key
from .reports import ReportTexts

CONF_FILE: Final = "file"
CONF_PATH: Final = "path"
_EXTERNAL: Final = "external"
_SKIP: Final = "skip"

_ACCEPTED: Final = ".db,.sqlite,.sqlite3,application/vnd.sqlite3,.csv,.txt,.tsv,text/csv"
_NO_DATABASE: Final = "file_not_a_database"
_FILE_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(CONF_FILE): FileSelector(FileSelectorConfig(accept=_ACCEPTED)),
        vol.Optional(CONF_PATH): TextSelector(),
    }
)


class FoundSeries(Series, Protocol):
    """A series of a file."""

    @property
    def device(self) -> str:
        """What tells series of the same name apart; may be empty."""

    @property
    def first(self) -> datetime | None:
        """The time of the first row, None if it is not known."""

    @property
    def last(self) -> datetime | None:
        """The time of the last row, None if it is not known."""


class ImportSource(Protocol):
    """A file from which series are imported."""

    @property
    def found(self) -> Sequence[FoundSeries]:
        """The series of the file."""

    def proposed(self) -> Mapping[Any, Statistic]:
        """Return the proposed statistic of each series that can be imported, by its key."""

    def externals(self) -> Mapping[Any, Statistic]:
        """Return a statistic of its own for each of these series."""

    def candidates(self, series: Any) -> Sequence[str]:
        """Return the statistics into which a series can be imported."""

    def statistic_of(self, series: Any, statistic_id: str) -> Statistic:
        """Return the statistic that the user has chosen for a series."""

    async def async_run(
        self, wanted: Mapping[Any, Statistic], progress: ProgressListener, *, dry_run: bool
    ) -> list[SeriesReport]:
        """Import the wanted series, or find out what would be imported."""


class FileImportFlow(ProgressFlow):
    """Imports a file: that of the py_hab server that this integration replaces, or a table."""

    _file: Path
    """The file, once the user has chosen one."""
    _source: ImportSource
    """The file, once it was read."""

    def __init__(self) -> None:
        """Create a flow without a file."""
        super().__init__()
        self._typed: Mapping[str, Any] = {}
        """The path that the user has typed, to be suggested again after an error."""
        self._wanted: dict[Any, Statistic] = {}
        self._uploads: list[Path] = []

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
                        self._uploaded(file) if file else async_allowed(self.hass, path)
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
        texts = await self._async_report_texts()
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

    async def async_step_import_series(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the series of the file, and ask into which statistic each is to be imported."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        found, proposed = self._source.found, self._source.proposed()
        texts = await self._async_report_texts()
        labels = _labels((series for series in found if series.key in proposed), texts)
        errors = {
            label: "not_recorded"
            for label, choice in (user_input or {}).items()
            if choice not in {_EXTERNAL, _SKIP} and not get_editor(self.hass).is_recorded(choice)
        }
        if user_input is not None and not errors:
            others = self._source.externals()
            choices = {
                series.key: (series, user_input[label])
                for label, series in labels.items()
                if user_input[label] != _SKIP
            }
            self._wanted = {
                key: others[key]
                if choice == _EXTERNAL
                else self._source.statistic_of(series, choice)
                for key, (series, choice) in choices.items()
            }
            return await self.async_step_import_preview()
        fields: dict[vol.Marker, SelectSelector] = {}
        for label, series in labels.items():
            target = proposed[series.key].id
            entities = {each: _name(self.hass, each) for each in self._source.candidates(series)}
            default = target if target in entities else _EXTERNAL
            fields[vol.Required(label, default=default)] = _target_selector(entities)
        times = [when for series in found for when in (series.first, series.last) if when]
        return self.async_show_form(
            step_id="import_series",
            data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), user_input),
            errors=errors,
            description_placeholders={
                "count": texts.number(len(found)),
                "rows": texts.number(sum(series.rows for series in found)),
                "first": texts.date(min(times)) if times else "-",
                "last": texts.date(max(times)) if times else "-",
                "left_out": self._left_out(proposed, texts),
            },
        )

    def _left_out(self, proposed: Container[object], texts: ReportTexts) -> str:
        """Return a sentence about the series that cannot be imported, or nothing."""
        names = ", ".join(
            as_markdown(series.name, length=MAX_LINE)
            for series in self._source.found
            if series.key not in proposed
        )
        return texts.word("left_out", names=names) if names else ""

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
            return self._end() if self._errors else await self.async_step_import_writing()
        return await self._async_show_imported("import_confirm")

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
        texts = await self._async_report_texts()
        return self.async_show_form(
            step_id=step_id,
            data_schema=vol.Schema({}),
            errors=dict(self._errors),
            description_placeholders={"report": texts.imported(self._work_result or ())},
            last_step=True,
        )

    async def _uploaded(self, file_id: str) -> Path:
        """Move an uploaded file to a folder that exists until the flow ends.

        Raises ServiceValidationError if the file does not exist or cannot be moved.
        """

        def move() -> Path:
            with process_uploaded_file(self.hass, file_id) as uploaded:
                folder = Path(tempfile.mkdtemp(prefix=DOMAIN)).resolve()
                self._uploads.append(folder)
                return Path(shutil.move(uploaded, folder / uploaded.name))

        try:
            return await self.hass.async_add_executor_job(move)
        except (OSError, ValueError) as err:
            reason = "file_not_found" if isinstance(err, ValueError) else "file_unreadable"
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key=reason) from err

    @callback
    @override
    def async_remove(self) -> None:
        """Delete uploaded files when the flow ends."""
        super().async_remove()
        for folder in self._uploads:
            self.hass.async_add_executor_job(partial(shutil.rmtree, folder, ignore_errors=True))


def _label(series: FoundSeries, texts: ReportTexts) -> str:
    """Return the label of a series in the form: its device, its quantity, its rows and its time."""
    parts = [clean_text(series.name), texts.word("readings", count=texts.number(series.rows))]
    if series.first and series.last:
        since, until = texts.date(series.first), texts.date(series.last)
        parts.append(texts.word("from_to", since=since, until=until))
    return " · ".join(filter(None, parts))


def _labels(found: Iterable[FoundSeries], texts: ReportTexts) -> dict[str, FoundSeries]:
    """Return series by a label that each has for itself."""
    series_by_label: dict[str, list[FoundSeries]] = {}
    for series in found:
        series_by_label.setdefault(_label(series, texts), []).append(series)
    labels: dict[str, FoundSeries] = {}
    for label, alike in series_by_label.items():
        for number, series in enumerate(alike, 1):
            device = clean_text(series.device) or str(number)
            unique = label if len(alike) == 1 else f"{label} ({device})"
            labels[unique if unique not in labels else f"{unique} ({number})"] = series
    return labels


def _name(hass: HomeAssistant, entity_id: str) -> str:
    state = hass.states.get(entity_id)
    return state.name if state else entity_id


def _target_selector(entities: Mapping[str, str]) -> SelectSelector:
    """Return a selector of entities, an external statistic, or no import."""
    return SelectSelector(
        SelectSelectorConfig(
            options=[
                *(SelectOptionDict(value=value, label=label) for value, label in entities.items()),
                SelectOptionDict(value=_EXTERNAL, label=_EXTERNAL),
                SelectOptionDict(value=_SKIP, label=_SKIP),
            ],
            mode=SelectSelectorMode.DROPDOWN,
            translation_key="series_target",
        )
    )
