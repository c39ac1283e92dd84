"""A table of readings, for the dialog of an import: how it is written, and its series."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import voluptuous as vol

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.util import slugify

from ..coordinator import PyHabConfigEntry
from ..entry import ProgressListener
from ..history.files.box_view import device_in
from ..history.files.csv_format import (
    UNITS,
    UNITS_OF,
    Content,
    CsvFormat,
    CsvKey,
    CsvSeries,
    FileZone,
    Label,
    TimeColumns,
)
from ..history.files.csv_import import (
    CsvImport,
    Recognized,
    async_recognize,
    async_survey,
    csv_externals,
    csv_statistic,
    csv_targets,
)
from ..history.files.exported import EXPORTED
from ..history.files.moments import DayOrder
from ..history.files.numbers import DecimalMark
from ..history.files.series import SeriesReport
from ..history.files.table import DELIMITERS, ENCODINGS
from ..history.statistics.editor import get_editor
from ..history.statistics.gateway import Statistic
from ..util.texts import as_markdown, clean_text
from .history_texts import HistoryTexts

NONE: Final = "none"
"""The choice of no column."""
_DELIMITER_NAMES: Final = dict(zip(DELIMITERS, ("semicolon", "comma", "tab", "bar"), strict=True))
_NAMED_DELIMITERS: Final = {name: delimiter for delimiter, name in _DELIMITER_NAMES.items()}
_MAX_SHOWN: Final = 12
"""Columns of the first rows that are shown."""


class CsvSource:
    """A table of readings."""

    _recognized: Recognized

    def __init__(self, hass: HomeAssistant, entry: PyHabConfigEntry, path: Path) -> None:
        """Use a file; nothing is read yet."""
        self._hass = hass
        self._entry = entry
        self._path = path
        self.found: Sequence[CsvSeries] = ()

    @property
    def format(self) -> CsvFormat:
        """How the table is written."""
        return self._recognized.format

    @property
    def rows(self) -> Sequence[Sequence[str]]:
        """The first rows."""
        return self._recognized.rows

    @property
    def is_exported(self) -> bool:
        """Whether the table is an export of hours by py_hab, which leaves nothing to choose."""
        return self.format.content in EXPORTED

    async def async_recognize(
        self, *, encoding: str | None = None, delimiter: str | None = None
    ) -> None:
        """Find out how the table is written. Raises ServiceValidationError."""
        self._recognized = await async_recognize(
            self._hass, self._path, encoding=encoding, delimiter=delimiter
        )

    async def async_recognize_again(self, answers: Mapping[str, Any]) -> bool:
        """Find it out again if the user has changed the columns; return whether that was so.

        Raises ServiceValidationError.
        """
        dialect, delimiter = self.format.dialect, _NAMED_DELIMITERS[answers["delimiter"]]
        if (answers["encoding"], delimiter) == (dialect.encoding, dialect.delimiter):
            return False
        await self.async_recognize(encoding=answers["encoding"], delimiter=delimiter)
        return True

    def choose(self, choices: Mapping[str, Any]) -> None:
        """Use the choices of the user."""
        self._recognized = self._recognized._replace(format=self.format.with_choices(choices))

    async def async_survey(self, progress: ProgressListener) -> None:
        """Find the series of the table. Raises ServiceValidationError if there are none."""
        self.found = await async_survey(self._hass, self._path, self.format, progress)

    def proposed(self) -> dict[CsvKey, Statistic]:
        """Return the proposed statistic of each series: where it goes on, or one of its own."""
        proposed = self.externals()
        for series in self.found:
            candidates = filter(get_editor(self._hass).is_recorded, self.candidates(series))
            fitting = [each for each in candidates if self._goes_on(series, each)]
            if len(fitting) == 1:
                proposed[series.key] = self.statistic_of(series, fitting[0])
        return proposed

    def _goes_on(self, series: CsvSeries, statistic_id: str) -> bool:
        """Whether a series was exported from a statistic, or is of the device of its entity.

        The FRITZ!Box names the file of a table after the device.
        """
        if self.is_exported:
            return statistic_id == series.key.series
        name = device_in(self._path.stem) if self.format.view is not None else None
        entity = er.async_get(self._hass).async_get(statistic_id)
        if name is None or entity is None or entity.device_id is None:
            return False
        device = dr.async_get(self._hass).async_get(entity.device_id)
        names = (device.name, device.name_by_user) if device else ()
        return slugify(name) in {slugify(each) for each in names if each}

    def externals(self) -> dict[CsvKey, Statistic]:
        """Return a statistic of its own for each series."""
        return csv_externals(self._entry, self._path, self.found)

    def candidates(self, series: CsvSeries) -> list[str]:
        """Return the statistics into which a series can be imported."""
        return csv_targets(self._hass, self._entry, series)

    def statistic_of(self, series: CsvSeries, statistic_id: str) -> Statistic:
        """Return the statistic that the user has chosen for a series."""
        return csv_statistic(self._entry, series, statistic_id)

    async def async_run(
        self, wanted: Mapping[CsvKey, Statistic], progress: ProgressListener, *, dry_run: bool
    ) -> list[SeriesReport]:
        """Import the wanted series, or find out what would be imported."""
        run = CsvImport(self._hass, self._path, self.format, wanted, progress)
        return await run.async_run(self.found, dry_run=dry_run)


def csv_schema(source: CsvSource, texts: HistoryTexts) -> vol.Schema:
    """Return a form with everything that was recognized."""
    form = source.format
    columns = [
        SelectOptionDict(value=str(index), label=clean_text(f"{index + 1}: {name}"))
        for index, name in enumerate(form.columns)
    ]
    optional = [*columns, SelectOptionDict(value=NONE, label=texts.word("no_column"))]
    begin, end = form.begin, form.end
    return vol.Schema(
        {
            _field("content", form.content): _choice([*UNITS_OF], "csv_content"),
            _field("unit", form.unit): _choice(UNITS),
            _field("values", [str(index) for index in form.values]): _select(
                columns, multiple=True
            ),
            _field("series", _named(form.series)): _select(optional),
            _field("begin_day", str(begin.day)): _select(columns),
            _field("begin_clock", _named(begin.clock)): _select(optional),
            _field("end_day", _named(end.day if end else None)): _select(optional),
            _field("end_clock", _named(end.clock if end else None)): _select(optional),
            _field("label", form.label): _choice(Label, "csv_label"),
            _field("order", form.order): _choice(DayOrder, "csv_order"),
            _field("zone", form.zone): _choice(FileZone, "csv_zone"),
            _field("decimal", form.decimal): _choice(DecimalMark, "csv_decimal"),
            _field("delimiter", _DELIMITER_NAMES[form.dialect.delimiter]): _choice(
                _NAMED_DELIMITERS, "csv_delimiter"
            ),
            _field("encoding", form.dialect.encoding): _choice(ENCODINGS),
        }
    )


def _field(name: str, default: Any) -> vol.Required:
    return vol.Required(name, default=default)


def _named(column: int | None) -> str:
    return NONE if column is None else str(column)


def _choice(options: Iterable[str], translation_key: str | None = None) -> SelectSelector:
    config = SelectSelectorConfig(
        options=[str(option) for option in options], mode=SelectSelectorMode.DROPDOWN
    )
    if translation_key is not None:
        config["translation_key"] = translation_key
    return SelectSelector(config)


def _select(options: Sequence[SelectOptionDict], *, multiple: bool = False) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=list(options), multiple=multiple, mode=SelectSelectorMode.DROPDOWN
        )
    )


def with_answers(source: CsvSource, answers: Mapping[str, Any]) -> dict[str, str]:
    """Use the answers of the form, and return what is wrong with them, by field."""
    begin = TimeColumns(day=int(answers["begin_day"]), clock=_column(answers["begin_clock"]))
    end_day, end_clock = _column(answers["end_day"]), _column(answers["end_clock"])
    end = None if end_day is None else TimeColumns(day=end_day, clock=end_clock)
    values = tuple(map(int, answers["values"]))
    used = {begin.day, begin.clock, end_day, end_clock}
    content = Content(answers["content"])
    if not values or used.intersection(values):
        return {"values": "value_column"}
    if end_day is None and end_clock is not None:
        return {"end_day": "end_column"}
    if answers["unit"] not in UNITS_OF[content]:
        return {"unit": "unit_of_content"}
    series = _column(answers["series"])
    source.choose(
        {
            "content": content,
            "unit": answers["unit"],
            "values": values,
            "series": series,
            # They belong to the column that was recognized.
            "subseries": source.format.subseries if series == source.format.series else (),
            "begin": begin,
            "end": end,
            "label": Label(answers["label"]),
            "order": DayOrder(answers["order"]),
            "zone": FileZone(answers["zone"]),
            "decimal": DecimalMark(answers["decimal"]),
        }
    )
    return {}


def _column(answer: str) -> int | None:
    return None if answer == NONE else int(answer)


def csv_table(source: CsvSource, texts: HistoryTexts) -> dict[str, str]:
    """Return the first rows, and what the file leaves open, as Markdown."""
    form = source.format
    shown = range(min(len(form.columns), _MAX_SHOWN))
    lines = [
        [as_markdown(form.name_of(index)) for index in shown],
        ["---" for _ in shown],
        *(
            [as_markdown(row[index]) if index < len(row) else "" for index in shown]
            for row in source.rows
        ),
    ]
    doubts = ", ".join(texts.word(f"doubt_{doubt}") for doubt in sorted(form.open_doubts))
    return {
        "rows": "\n".join(f"| {' | '.join(line)} |" for line in lines),
        "doubts": texts.word("doubts", names=doubts) if doubts else texts.word("no_doubts"),
    }
