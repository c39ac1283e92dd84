"""The form that asks into which statistic each series of a file is to be imported."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

import voluptuous as vol

from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ..entry import ProgressListener
from ..history.files.series import Series, SeriesReport
from ..history.statistics.editor import get_editor
from ..history.statistics.gateway import Statistic
from ..util.texts import MAX_LINE, as_markdown, clean_text
from .history_texts import HistoryTexts

_EXTERNAL: Final = "external"
_SKIP: Final = "skip"


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


class SeriesForm:
    """A field for each series that can be imported: an entity, a statistic of its own, or nothing."""

    def __init__(self, hass: HomeAssistant, source: ImportSource, texts: HistoryTexts) -> None:
        """Create the form for a file that was read."""
        self._hass = hass
        self._source = source
        self._texts = texts
        self._proposed = source.proposed()
        self._series = _labels(
            (series for series in source.found if series.key in self._proposed), texts
        )

    def schema(self) -> vol.Schema:
        """Return the fields, with the proposed statistics as defaults."""
        fields: dict[vol.Marker, SelectSelector] = {}
        for label, series in self._series.items():
            target = self._proposed[series.key].id
            entities = {each: _name(self._hass, each) for each in self._source.candidates(series)}
            default = target if target in entities else _EXTERNAL
            fields[vol.Required(label, default=default)] = _target_selector(entities)
        return vol.Schema(fields)

    def errors(self, chosen: Mapping[str, str]) -> dict[str, str]:
        """Return the errors of choices, by label: entities that the recorder does not record."""
        editor = get_editor(self._hass)
        return {
            label: "not_recorded"
            for label, choice in chosen.items()
            if choice not in {_EXTERNAL, _SKIP} and not editor.is_recorded(choice)
        }

    def wanted(self, chosen: Mapping[str, str]) -> dict[Any, Statistic]:
        """Return the statistic of each series that the user has not skipped, by its key."""
        externals = self._source.externals()
        found: dict[Any, Statistic] = {}
        for label, series in self._series.items():
            choice = chosen[label]
            if choice == _EXTERNAL:
                found[series.key] = externals[series.key]
            elif choice != _SKIP:
                found[series.key] = self._source.statistic_of(series, choice)
        return found

    def placeholders(self) -> dict[str, str]:
        """Return what the text above the fields says of the file."""
        found, texts = self._source.found, self._texts
        times = [when for series in found for when in (series.first, series.last) if when]
        return {
            "count": texts.number(len(found)),
            "rows": texts.number(sum(series.rows for series in found)),
            "first": texts.date(min(times)) if times else "-",
            "last": texts.date(max(times)) if times else "-",
            "left_out": self._left_out(),
        }

    def _left_out(self) -> str:
        """Return a sentence about the series that cannot be imported, or nothing."""
        names = ", ".join(
            as_markdown(series.name, length=MAX_LINE)
            for series in self._source.found
            if series.key not in self._proposed
        )
        return self._texts.word("left_out", names=names) if names else ""


def _label(series: FoundSeries, texts: HistoryTexts) -> str:
    """Return the label of a series in the form: its device, its quantity, its rows and its time."""
    parts = [clean_text(series.name), texts.counted("readings", series.rows)]
    if series.first and series.last:
        since, until = texts.date(series.first), texts.date(series.last)
        parts.append(texts.word("from_to", since=since, until=until))
    return " · ".join(filter(None, parts))


def _labels(found: Iterable[FoundSeries], texts: HistoryTexts) -> dict[str, FoundSeries]:
    """Return the series by labels, which are made to differ."""
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
