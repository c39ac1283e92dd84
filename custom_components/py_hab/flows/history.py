"""Steps of the options flow for the history: maintenance and import of a legacy file."""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
import logging
from pathlib import Path
import shutil
import tempfile
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.components.recorder.statistics import STATISTIC_UNIT_TO_UNIT_CONVERTER
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlowWithReload
from homeassistant.const import Platform
from homeassistant.core import HassJob, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    BooleanSelector,
    FileSelector,
    FileSelectorConfig,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from ..const import CONF_HISTORY, CONF_SHAPE, DOMAIN, OutageShape
from ..coordinator import PyHabConfigEntry
from ..entry import History, StatisticReport
from ..history.legacy.file import LegacySeries, SeriesKey, SeriesKind
from ..history.legacy.importer import (
    Imported,
    LegacyImport,
    async_allowed,
    async_inspect,
    external,
    statistic_of,
    targets,
)
from ..history.statistics.editor import get_editor
from ..history.statistics.gateway import Statistic
from ..util.texts import MAX_LINE, as_markdown, clean_text, local_number

_LOGGER = logging.getLogger(__name__)

CONF_RUN_NOW: Final = "run_now"
CONF_FILE: Final = "file"
CONF_PATH: Final = "path"
SHOWN_FOR: Final = timedelta(seconds=2)
"""The shortest time of a progress step: the frontend notices its end only after showing it."""
_EXTERNAL: Final = "external"
_SKIP: Final = "skip"
_DISCARD_REASON: Final = "discard_reason"
"""Translation key of a selector that is not shown: its options are texts for reports."""
_REJECTION_REASON: Final = "rejection_reason"
"""Translation key of a selector that is not shown, too."""

_FILE_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(CONF_FILE): FileSelector(
            FileSelectorConfig(accept=".db,.sqlite,.sqlite3,application/vnd.sqlite3")
        ),
        vol.Optional(CONF_PATH): TextSelector(),
    }
)
_HISTORY_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_HISTORY, default=True): BooleanSelector(),
        vol.Required(CONF_SHAPE, default=OutageShape.EVEN.value): SelectSelector(
            SelectSelectorConfig(
                options=[shape.value for shape in OutageShape],
                mode=SelectSelectorMode.LIST,
                translation_key=CONF_SHAPE,
            )
        ),
    }
)
_RUN_SCHEMA: Final = _HISTORY_SCHEMA.extend(
    {vol.Required(CONF_RUN_NOW, default=False): BooleanSelector()}
)
"""The history form of a loaded entry."""


class HistoryFlow(OptionsFlowWithReload):
    """Shows and changes the maintenance of the history, and imports legacy files."""

    _task: asyncio.Task[Any] | None = None
    _options: Mapping[str, Any] | None = None
    """The options that the user has entered; None before."""
    _file: Path
    """The legacy file, once the user has chosen one."""

    def __init__(self) -> None:
        """Create an empty flow."""
        self._errors: Mapping[str, str] = {}
        self._reports: Sequence[StatisticReport] = ()
        self._typed: Mapping[str, Any] = {}
        """The path that the user has typed, to be suggested again after an error."""
        self._found: Sequence[LegacySeries] = ()
        self._wanted: dict[SeriesKey, Statistic] = {}
        self._imported: Sequence[Imported] = ()
        self._uploads: list[Path] = []

    async def async_step_history(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the report of the last run, and ask how the history is to be maintained."""
        history = self._history_of_entry
        if user_input is not None:
            run_now = user_input.pop(CONF_RUN_NOW, False)
            self._options = self._options_with(user_input, _HISTORY_SCHEMA)
            if run_now:
                return await self.async_step_history_progress()
            return self.async_create_entry(data=self._options)
        last = history.last_run if history else None
        return self.async_show_form(
            step_id="history",
            data_schema=self.add_suggested_values_to_schema(
                _RUN_SCHEMA if history else _HISTORY_SCHEMA, self.config_entry.options
            ),
            description_placeholders={
                "when": _local(last.at) if last else "-",
                "report": await self._table(last.result if last else ()),
            },
        )

    async def async_step_history_progress(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Maintain the history now, and show the progress."""
        if self._task is None:
            history = self._history_of_entry
            if history is None:
                return self.async_abort(reason="not_loaded")
            self._task = self._begin(history.async_run(progress=self.async_update_progress))
        if not self._task.done():
            return self.async_show_progress(
                step_id="history_progress", progress_action="history", progress_task=self._task
            )
        self._reports = self._outcome(self._task) or ()
        return self.async_show_progress_done(next_step_id="history_done")

    async def async_step_history_done(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the report of the run."""
        if user_input is not None:
            return self.async_create_entry(data=dict(self._options or self.config_entry.options))
        return self.async_show_form(
            step_id="history_done",
            data_schema=vol.Schema({}),
            errors=dict(self._errors),
            description_placeholders={"report": await self._table(self._reports)},
            last_step=True,
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

    @property
    def _history_of_entry(self) -> History | None:
        """The history scheduler of the entry, None if the entry is not loaded."""
        entry: PyHabConfigEntry = self.config_entry
        if entry.state is not ConfigEntryState.LOADED:
            return None
        return entry.runtime_data.history

    # Import of a legacy file

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
                errors["base"] = _error(err)
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
        if self._task is None:
            self._task = self._begin(async_inspect(self.hass, self._file))
        if not self._task.done():
            return self.async_show_progress(
                step_id="import_reading", progress_action="import_reading", progress_task=self._task
            )
        self._found = self._outcome(self._task) or ()
        return self.async_show_progress_done(
            next_step_id="import_database" if self._errors else "import_series"
        )

    async def async_step_import_series(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the series of the file, and ask into which statistic each is to be imported."""
        entry = self.config_entry
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        proposed = targets(self.hass, entry, self._found)
        labels = _labels(series for series in self._found if series.key in proposed)
        errors = {
            label: "not_recorded"
            for label, choice in (user_input or {}).items()
            if choice not in {_EXTERNAL, _SKIP} and not get_editor(self.hass).is_recorded(choice)
        }
        if user_input is not None and not errors:
            for label, series in labels.items():
                choice = user_input[label]
                if choice == _EXTERNAL:
                    self._wanted[series.key] = external(entry, series)
                elif choice != _SKIP:
                    self._wanted[series.key] = statistic_of(entry, series, choice)
            return await self.async_step_import_writing()
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
                "count": str(len(self._found)),
                "rows": self._number(sum(series.rows for series in self._found)),
                "first": f"{min(times):%Y-%m-%d}" if times else "-",
                "last": f"{max(times):%Y-%m-%d}" if times else "-",
                "left_out": ", ".join(
                    as_markdown(_label(series), length=MAX_LINE)
                    for series in self._found
                    if series.key not in proposed
                )
                or "-",
            },
        )

    async def async_step_import_writing(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Import the series, and show the progress."""
        if self._task is None:
            run = LegacyImport(self.hass, self._file, self._wanted, self.async_update_progress)
            self._task = self._begin(run.async_run(self._found, dry_run=False))
        if not self._task.done():
            return self.async_show_progress(
                step_id="import_writing", progress_action="import_writing", progress_task=self._task
            )
        self._imported = self._outcome(self._task) or ()
        return self.async_show_progress_done(next_step_id="import_done")

    async def async_step_import_done(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what was imported and what was not."""
        if user_input is not None:
            return self.async_create_entry(data=dict(self.config_entry.options))
        texts = await self._texts()
        report = "\n".join(self._about(item, texts) for item in self._imported)
        return self.async_show_form(
            step_id="import_done",
            data_schema=vol.Schema({}),
            errors=dict(self._errors),
            description_placeholders={"report": report or "-"},
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
        for folder in self._uploads:
            self.hass.async_add_executor_job(partial(shutil.rmtree, folder, ignore_errors=True))

    def _begin[T](self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a task that takes at least SHOWN_FOR, after the current step has been shown.

        If it were done at once, Home Assistant would use the answer to this step for the next one.
        When Home Assistant stops, the task is cancelled; the work can be repeated later.
        """
        begin = partial(self.hass.async_create_task, name="py_hab history", eager_start=False)
        working = begin(work)
        shortest = begin(asyncio.sleep(SHOWN_FOR.total_seconds()))

        async def shown() -> T:
            await asyncio.wait((working, shortest))
            return working.result()

        task = begin(shown())

        @callback
        def stop() -> None:
            task.cancel()

        @callback
        def ended(_task: asyncio.Task[T]) -> None:
            remove_shutdown_job()
            # The user may have closed the dialog.
            working.cancel()
            shortest.cancel()

        remove_shutdown_job = self.hass.async_add_shutdown_job(HassJob(stop))
        task.add_done_callback(ended)
        return task

    def _outcome[T](self, task: asyncio.Task[T]) -> T | None:
        """Return the result of a task, or None after storing the error if it has failed."""
        self._task = None
        err = asyncio.CancelledError() if task.cancelled() else task.exception()
        if err is None:
            return task.result()
        self._errors = {"base": _error(err)}
        return None

    def _entities(self, series: LegacySeries) -> dict[str, str]:
        """Return the entities of the entry that can continue a series, with their names."""
        unit = "kWh" if series.kind is SeriesKind.COUNTER else series.unit
        return {
            item.entity_id: self._name(item.entity_id)
            for item in er.async_entries_for_config_entry(
                er.async_get(self.hass), self.config_entry.entry_id
            )
            if item.domain == Platform.SENSOR
            and not item.disabled
            and _is_convertible(unit, item.unit_of_measurement)
            and (item.capabilities or {}).get("state_class")
        }

    async def _table(self, reports: Iterable[StatisticReport]) -> str:
        """Return reports as a Markdown list."""
        texts = await self._texts()
        lines: list[str] = []
        for report in reports:
            reasons = [_text(texts, _DISCARD_REASON, reason) for reason in report.left_out]
            parts = (
                f"+{self._number(report.rows)} h" if report.rows else "",
                f"{self._number(report.energy, 2)} kWh" if report.energy else "",
                f"← {_local(report.since)}" if report.since else "",
                f"⚠ {', '.join(reasons)}" if reasons else "",
            )
            lines.append(
                " · ".join([f"- {as_markdown(self._name(report.entity_id))}", *filter(None, parts)])
            )
        return "\n".join(lines) or "-"

    def _about(self, item: Imported, texts: Mapping[str, str]) -> str:
        """Return a Markdown line about an imported series."""
        name = " ".join(filter(None, (item.series.entity, item.series.sub_entity)))
        rejected = ", ".join(
            f"{self._number(count)} {_text(texts, _REJECTION_REASON, reason)}"
            for reason, count in item.rejected.items()
        )
        parts = (
            f"→ {as_markdown(item.statistic_id, length=MAX_LINE)}" if item.statistic_id else "",
            f"{self._number(item.rows)} h" if item.rows else "-",
            f"{self._number(item.energy, 2)} kWh" if item.energy else "",
            f"⚠ {rejected}" if rejected else "",
        )
        return " · ".join([f"- {as_markdown(name, length=MAX_LINE)}", *filter(None, parts)])

    def _number(self, value: float, digits: int = 0) -> str:
        return local_number(value, f",.{digits}f", language=self.hass.config.language)

    async def _texts(self) -> Mapping[str, str]:
        """Return the translations of the selectors, which contain the texts for reports."""
        return await async_get_translations(
            self.hass, self.hass.config.language, "selector", {DOMAIN}
        )

    def _name(self, entity_id: str) -> str:
        state = self.hass.states.get(entity_id)
        return state.name if state else entity_id


def _label(series: LegacySeries) -> str:
    """Return the label of a series in the form: its device, its quantity and its rows."""
    name = series.device_name or series.entity or clean_text(series.device)
    when = (
        f"{series.first:%Y-%m-%d} - {series.last:%Y-%m-%d}" if series.first and series.last else ""
    )
    device = f" ({clean_text(series.device)})" if series.device else ""
    return f"{name}{device} {clean_text(series.sub_entity)}: {series.rows} {when}".strip()


def _labels(found: Iterable[LegacySeries]) -> dict[str, LegacySeries]:
    """Return series by a label that each has for itself."""
    labels: dict[str, LegacySeries] = {}
    for series in found:
        label = unique = _label(series)
        number = 1
        while unique in labels:
            number += 1
            unique = f"{label} ({number})"
        labels[unique] = series
    return labels


def _error(err: BaseException) -> str:
    """Return the translation key of an error; unexpected errors are logged."""
    if isinstance(err, HomeAssistantError) and err.translation_domain == DOMAIN:
        return str(err.translation_key)
    _LOGGER.error("The history cannot be changed", exc_info=err)
    return "unknown"


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


def _text(texts: Mapping[str, str], selector: str, key: str) -> str:
    """Return the text of an option of a selector, or its key if it has none."""
    return texts.get(f"component.{DOMAIN}.selector.{selector}.options.{key}", key)


def _local(time: datetime) -> str:
    """Return a time as text, in the time zone of the home."""
    return dt_util.as_local(time).strftime("%Y-%m-%d %H:%M")
