"""Words, numbers and tables about the history, in the language of the home."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..entry import History, MaintenanceResult, Progress, StatisticReport
from ..history.cost_statistic import counter_of_costs
from ..history.files.series import SeriesReport
from ..history.planning.same_counter import Comparison
from ..history.undo import Run, UndoReport, Written
from ..util.texts import MAX_LINE, as_markdown, local_date, local_number, local_time

_DISCARD_REASON: Final = "discard_reason"
_REJECTION_REASON: Final = "rejection_reason"
_CHANGE_REASON: Final = "change_reason"
_WORDS: Final = "history_text"
_COSTS: Final = "cost_text"
"""Translation keys of selectors that are not shown: their options are texts for reports."""
_NUMBERS: Final[Mapping[str, tuple[int, ...]]] = {
    "totals_header": (1,),
    "reports_header": (1, 2),
    "imported_header": (2, 3),
    "undone_header": (1, 2, 3),
}
"""The columns of each table that contain numbers, which are aligned on the right."""


async def async_report_texts(hass: HomeAssistant) -> ReportTexts:
    """Return the texts for reports in the language of the home."""
    language = hass.config.language
    texts = await async_get_translations(hass, language, "selector", {DOMAIN})
    return ReportTexts(hass, texts, language)


class ReportTexts:
    """Writes reports as Markdown."""

    def __init__(self, hass: HomeAssistant, texts: Mapping[str, str], language: str) -> None:
        """Use the translations of selectors, by their full key."""
        self._hass = hass
        self._texts = texts
        self._language = language

    # Words and numbers

    def word(self, key: str, **values: str) -> str:
        """Return a text, with values filled in."""
        return self._text(_WORDS, key).format(**values)

    def number(self, value: float, digits: int = 0) -> str:
        """Return a number with separators."""
        return local_number(value, f",.{digits}f", language=self._language)

    def difference(self, difference: Comparison) -> str:
        """Return why another sensor does not seem to have recorded the same counter."""
        return self.word(
            difference.doubt,
            source=self.number(difference.source, 3),
            counter=self.number(difference.counter, 3),
            hours=self.number(difference.hours),
        )

    def date(self, day: datetime) -> str:
        """Return a day."""
        return local_date(dt_util.as_local(day), language=self._language)

    def time(self, moment: datetime) -> str:
        """Return a day and the time, in the time zone of the home."""
        return local_time(dt_util.as_local(moment), language=self._language)

    def name(self, statistic_id: str) -> str:
        """Return the name of an entity or of a counter's costs, or the id of another statistic."""
        if state := self._hass.states.get(statistic_id):
            return state.name
        counter = counter_of_costs(self._hass, statistic_id)
        if counter is None:
            return statistic_id
        return self._text(_COSTS, "costs_of").format(name=self.name(counter))

    def progress(self, progress: Progress) -> dict[str, str]:
        """Return the placeholders of a progress step."""
        return {
            "name": as_markdown(self.name(progress.name)) if progress.name else "…",
            "hours": self.number(progress.hours),
        }

    # Reports

    def status(self, written: Sequence[Written], history: History) -> str:
        """Return sentences about what was written so far, and what the last run has found.

        While a run works, they say how far it is.
        """
        last = history.last_run
        hours = sum(item.hours for item in written)
        since = min((item.since for item in written if item.since), default=None)
        sentences = [
            self.word("written", hours=self.number(hours), since=self.date(since))
            if since
            else self.word("nothing_written"),
        ]
        if history.progress is not None:
            sentences.append(self.word("running", **self.progress(history.progress)))
        elif last is None:
            sentences.append(self.word("not_checked"))
        else:
            found = any(report.rows or report.mended for report in last.result)
            key = "checked_found" if found else "checked_complete"
            sentences.append(self.word(key, when=self.time(last.at)))
        return " ".join(sentences)

    def totals(self, written: Iterable[Written], last: MaintenanceResult | None) -> str:
        """Return a table of what was written into each statistic, and what could not be."""
        found = {item.entity_id: item for item in written}
        reports = {report.entity_id: report for report in (last.result if last else ())}
        rows = []
        for entity_id in sorted({*found, *reports}, key=self.name):
            item, report = found.get(entity_id), reports.get(entity_id)
            rows.append(
                (
                    as_markdown(self.name(entity_id)),
                    self.number(item.hours) if item and item.hours else "-",
                    self.date(item.since) if item and item.since else "-",
                    self._remarks(report.left_out if report else ()),
                )
            )
        return self._table("totals_header", rows)

    def reports(self, reports: Sequence[StatisticReport]) -> str:
        """Return a table of what a maintenance run has written or would write, with a total."""
        rows = [
            (
                as_markdown(self.name(report.entity_id)),
                self.number(report.rows) if report.rows else self.word("complete"),
                self._energy(report.energy),
                self.date(report.since) if report.since else "-",
                self._remarks(report.left_out),
            )
            for report in sorted(reports, key=lambda report: self.name(report.entity_id))
        ]
        hours = sum(report.rows for report in reports)
        if len(reports) > 1 and hours:
            energy = sum(report.energy or 0.0 for report in reports)
            rows.append(
                (f"**{self.word('total')}**", self.number(hours), self._energy(energy), "", "")
            )
        return self._table("reports_header", rows)

    def imported(self, imported: Sequence[SeriesReport]) -> str:
        """Return a table of what an import has written or would write, with a total."""
        rows = []
        for item in imported:
            target = item.statistic_id
            rejected = (
                f"{self.number(count)} {self._text(_REJECTION_REASON, reason)}"
                for reason, count in item.rejected.items()
            )
            rows.append(
                (
                    as_markdown(item.series.name, length=MAX_LINE),
                    as_markdown(self.name(target), length=MAX_LINE)
                    if target
                    else self.word("skipped"),
                    self.number(item.rows),
                    self._energy(item.energy),
                    ", ".join(rejected),
                )
            )
        hours = sum(item.rows for item in imported)
        if len(imported) > 1 and hours:
            energy = sum(item.energy or 0.0 for item in imported)
            rows.append(
                (f"**{self.word('total')}**", "", self.number(hours), self._energy(energy), "")
            )
        return self._table("imported_header", rows)

    def run(self, run: Run) -> str:
        """Return how a list names a run: when, why, how many statistics and hours."""
        return " · ".join(
            (
                self.time(run.at),
                self._text(_CHANGE_REASON, run.reason),
                self.word("statistics", count=self.number(len(run.statistics))),
                self.word("hours", count=self.number(run.hours)),
            )
        )

    def undone(self, reports: Iterable[UndoReport]) -> str:
        """Return a table of what was taken back or would be."""
        rows = [
            (
                as_markdown(self.name(report.entity_id)),
                self.number(report.rows_removed),
                self.number(report.rows_restored),
                self.number(len(report.shifts)),
            )
            for report in reports
        ]
        return self._table("undone_header", rows)

    def _energy(self, kwh: float | None) -> str:
        return f"{self.number(kwh, 2)} kWh" if kwh else "-"

    def _remarks(self, reasons: Iterable[str]) -> str:
        return ", ".join(self._text(_DISCARD_REASON, reason) for reason in reasons)

    def _table(self, header: str, rows: Sequence[Sequence[str]]) -> str:
        """Return a Markdown table. The text of the header names the columns."""
        if not rows:
            return ""
        columns = self.word(header).split("|")
        ruler = ["---:" if column in _NUMBERS[header] else "---" for column in range(len(columns))]
        lines = [columns, ruler, *rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def _text(self, selector: str, key: str) -> str:
        """Return the text of an option of a selector, or its key if it has none."""
        return self._texts.get(f"component.{DOMAIN}.selector.{selector}.options.{key}", key)
