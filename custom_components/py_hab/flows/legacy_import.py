"""Steps of the options flow for the import of a legacy file."""

from collections.abc import Container, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
import shutil
import tempfile
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.components.recorder.statistics import STATISTIC_UNIT_TO_UNIT_CONVERTER
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
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
from ..history.files.importer import async_allowed
from ..history.files.series import SeriesReport
from ..history.legacy.file import LegacySeries, SeriesKey, SeriesKind
from ..history.legacy.importer import (
    LegacyImport,
    async_inspect,
    externals,
    statistic_of,
    targets,
)
from ..history.statistics.editor import get_editor
from ..history.statistics.gateway import Statistic
from ..util.texts import MAX_LINE, as_markdown, clean_text
from .progress import ProgressFlow, error_key
from .reports import ReportTexts

CONF_FILE: Final = "file"
CONF_PATH: Final = "path"
_EXTERNAL: Final = "external"
_SKIP: Final = "skip"

_FILE_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(CONF_FILE): FileSelector(
            FileSelectorConfig(accept=".db,.sqlite,.sqlite3,application/vnd.sqlite3")
        ),
        vol.Optional(CONF_PATH): TextSelector(),
    }
)


class LegacyImportFlow(ProgressFlow):
    """Imports the file of the py_hab server that this integration replaces."""

    _file: Path
    """The legacy file, once the user has chosen one."""

    def __init__(self) -> None:
        """Create a flow without a file."""
        super().__init__()
        self._typed: Mapping[str, Any] = {}
        """The path that the user has typed, to be suggested again after an error."""
        self._found: Sequence[LegacySeries] = ()
        self._wanted: dict[SeriesKey, Statistic] = {}
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
        """List the series of the file, and show the progress."""
        return await self._async_follow(
            "import_reading", lambda: async_inspect(self.hass, self._file), self._async_read
        )

    @callback
    def _async_read(self) -> str:
        """Keep the series of the file; return the next step."""
        self._found = self._work_result or ()
        return "import_database" if self._errors else "import_series"

    async def async_step_import_series(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the series of the file, and ask into which statistic each is to be imported."""
        entry = self.config_entry
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        proposed = targets(self.hass, entry, self._found)
        texts = await self._async_report_texts()
        labels = _labels((series for series in self._found if series.key in proposed), texts)
        errors = {
            label: "not_recorded"
            for label, choice in (user_input or {}).items()
            if choice not in {_EXTERNAL, _SKIP} and not get_editor(self.hass).is_recorded(choice)
        }
        if user_input is not None and not errors:
            self._wanted = {}
            others = externals(entry, self._found)
            for label, series in labels.items():
                choice = user_input[label]
                if choice == _EXTERNAL:
                    self._wanted[series.key] = others[series.key]
                elif choice != _SKIP:
                    self._wanted[series.key] = statistic_of(entry, series, choice)
            return await self.async_step_import_preview()
        fields: dict[vol.Marker, SelectSelector] = {}
        for label, series in labels.items():
            target = proposed[series.key].id
            entities = self._entities(series)
            default = target if target in entities else _EXTERNAL
            fields[vol.Required(label, default=default)] = _target_selector(entities)
        times = [when for series in self._found for when in (series.first, series.last) if when]
        return self.async_show_form(
            step_id="import_series",
            data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), user_input),
            errors=errors,
            description_placeholders={
                "count": texts.number(len(self._found)),
                "rows": texts.number(sum(series.rows for series in self._found)),
                "first": texts.date(min(times)) if times else "-",
                "last": texts.date(max(times)) if times else "-",
                "left_out": self._left_out(proposed, texts),
            },
        )

    def _left_out(self, proposed: Container[SeriesKey], texts: ReportTexts) -> str:
        """Return a sentence about the series that cannot be imported, or nothing."""
        names = ", ".join(
            as_markdown(series.name, length=MAX_LINE)
            for series in self._found
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
        run = LegacyImport(self.hass, self._file, self._wanted, self._async_progressed)
        return await run.async_run(self._found, dry_run=dry_run)

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
                return Path(shutil.move(uploaded, folder / "uploaded.db"))

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

    def _entities(self, series: LegacySeries) -> dict[str, str]:
        """Return the entities of the entry that can continue a series, with their names."""
        unit = "kWh" if series.kind is SeriesKind.COUNTER else series.unit
        return {
            item.entity_id: _name(self.hass, item.entity_id)
            for item in er.async_entries_for_config_entry(
                er.async_get(self.hass), self.config_entry.entry_id
            )
            if item.domain == Platform.SENSOR
            and not item.disabled
            and _is_convertible(unit, item.unit_of_measurement)
            and (item.capabilities or {}).get("state_class")
        }


def _label(series: LegacySeries, texts: ReportTexts) -> str:
    """Return the label of a series in the form: its device, its quantity, its rows and its time."""
    parts = [clean_text(series.name), texts.word("readings", count=texts.number(series.rows))]
    if series.first and series.last:
        since, until = texts.date(series.first), texts.date(series.last)
        parts.append(texts.word("from_to", since=since, until=until))
    return " · ".join(filter(None, parts))


def _labels(found: Iterable[LegacySeries], texts: ReportTexts) -> dict[str, LegacySeries]:
    """Return series by a label that each has for itself."""
    series_by_label: dict[str, list[LegacySeries]] = {}
    for series in found:
        series_by_label.setdefault(_label(series, texts), []).append(series)
    labels: dict[str, LegacySeries] = {}
    for label, alike in series_by_label.items():
        for number, series in enumerate(alike, 1):
            device = clean_text(series.device) or str(number)
            unique = label if len(alike) == 1 else f"{label} ({device})"
            labels[unique if unique not in labels else f"{unique} ({number})"] = series
    return labels


def _name(hass: HomeAssistant, entity_id: str) -> str:
    state = hass.states.get(entity_id)
    return state.name if state else entity_id


def _is_convertible(unit: str, other: str | None) -> bool:
    """Whether values of a unit can be converted to another one."""
    converter = STATISTIC_UNIT_TO_UNIT_CONVERTER.get(unit)
    return unit == other or (
        converter is not None and converter is STATISTIC_UNIT_TO_UNIT_CONVERTER.get(other)
    )


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
