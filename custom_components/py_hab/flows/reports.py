"""Reports about the history in words: sentences and Markdown tables."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ..entry import History, MaintenanceResult, StatisticReport
from ..history.files.series import SeriesReport
from ..history.planning.same_counter import Comparison
from ..history.undo import Run, UndoReport, Written
from ..util.texts import MAX_LINE, as_markdown
from .history_texts import HistoryTexts

_DISCARD_REASON: Final = "discard_reason"
_REJECTION_REASON: Final = "rejection_reason"
_CHANGE_REASON: Final = "change_reason"
"""Translation keys of selectors that are not shown: their options are reasons."""
_NUMBERS: Final[Mapping[str, tuple[int, ...]]] = {
    "totals_header": (1,),
    "reports_header": (1, 2),
    "imported_header": (1, 2),
    "undone_header": (1, 2, 3),
}
"""The columns of each table that contain numbers, which are aligned on the right."""


def difference_text(texts: HistoryTexts, difference: Comparison) -> str:
    """Return why another sensor does not seem to have recorded the same counter."""
    return texts.word(
        difference.doubt,
        source=texts.number(difference.source, 3),
        counter=texts.number(difference.counter, 3),
        hours=texts.number(difference.hours),
    )


def status(texts: HistoryTexts, written: Sequence[Written], history: History) -> str:
    """Return sentences about what was written so far, and what the last run has found.

    While a run works, they say how far it is.
    """
    last = history.last_run
    hours = sum(item.hours for item in written)
    since = min((item.since for item in written if item.since), default=None)
    sentences = [
        texts.word("written", hours=texts.number(hours), since=texts.date(since))
        if since
        else texts.word("nothing_written"),
    ]
    if history.progress is not None:
        sentences.append(texts.word("running", **texts.progress(history.progress)))
    elif last is None:
        sentences.append(texts.word("not_checked"))
    else:
        found = any(report.rows or report.mended for report in last.result)
        key = "checked_found" if found else "checked_complete"
        sentences.append(texts.word(key, when=texts.time(last.at)))
    return " ".join(sentences)


def totals_table(
    texts: HistoryTexts, written: Iterable[Written], last: MaintenanceResult | None
) -> str:
    """Return a table of what was written into each statistic, and what could not be."""
    found = {item.entity_id: item for item in written}
    reports = {report.entity_id: report for report in (last.result if last else ())}
    rows = []
    for entity_id in sorted({*found, *reports}, key=texts.name):
        item, report = found.get(entity_id), reports.get(entity_id)
        rows.append(
            (
                as_markdown(texts.name(entity_id)),
                texts.number(item.hours) if item and item.hours else "-",
                texts.date(item.since) if item and item.since else "-",
                _remarks(texts, report.left_out if report else ()),
            )
        )
    return _table(texts, "totals_header", rows)


def maintenance_table(texts: HistoryTexts, reports: Sequence[StatisticReport]) -> str:
    """Return a table of what a maintenance run has written or would write, with a total."""
    rows = [
        (
            as_markdown(texts.name(report.entity_id)),
            texts.number(report.rows) if report.rows else texts.word("complete"),
            texts.energy(report.energy),
            texts.date(report.since) if report.since else "-",
            _remarks(texts, report.left_out),
        )
        for report in sorted(reports, key=lambda report: texts.name(report.entity_id))
    ]
    hours = sum(report.rows for report in reports)
    if len(reports) > 1 and hours:
        energy = sum(report.energy or 0.0 for report in reports)
        rows.append(
            (f"**{texts.word('total')}**", texts.number(hours), texts.energy(energy), "", "")
        )
    return _table(texts, "reports_header", rows)


def import_table(texts: HistoryTexts, imported: Sequence[SeriesReport]) -> str:
    """Return a table of what an import has written or would write, with a total."""
    rows = []
    for item in imported:
        target = item.statistic_id
        rejected = (
            f"{texts.number(count)} {texts.text(_REJECTION_REASON, reason)}"
            for reason, count in item.rejected.items()
        )
        rows.append(
            (
                as_markdown(item.series.name, length=MAX_LINE),
                texts.number(item.rows),
                texts.energy(item.energy),
                as_markdown(texts.name(target), length=MAX_LINE)
                if target
                else texts.word("skipped"),
                ", ".join(rejected),
            )
        )
    hours = sum(item.rows for item in imported)
    if len(imported) > 1 and hours:
        energy = sum(item.energy or 0.0 for item in imported)
        rows.append(
            (f"**{texts.word('total')}**", texts.number(hours), texts.energy(energy), "", "")
        )
    return _table(texts, "imported_header", rows)


def run_label(texts: HistoryTexts, run: Run) -> str:
    """Return how a list names a run: when, why, how many statistics and hours."""
    return " · ".join(
        (
            texts.time(run.at),
            texts.text(_CHANGE_REASON, run.reason),
            texts.counted("statistics", len(run.statistics)),
            texts.counted("hours", run.hours),
        )
    )


def undo_table(texts: HistoryTexts, reports: Iterable[UndoReport]) -> str:
    """Return a table of what was taken back or would be."""
    rows = [
        (
            as_markdown(texts.name(report.entity_id)),
            texts.number(report.rows_removed),
            texts.number(report.rows_restored),
            texts.number(len(report.shifts)),
        )
        for report in reports
    ]
    return _table(texts, "undone_header", rows)


def _remarks(texts: HistoryTexts, reasons: Iterable[str]) -> str:
    return ", ".join(texts.text(_DISCARD_REASON, reason) for reason in reasons)


def _table(texts: HistoryTexts, header: str, rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table. The text of the header names the columns."""
    if not rows:
        return ""
    columns = texts.word(header).split("|")
    ruler = ["---:" if column in _NUMBERS[header] else "---" for column in range(len(columns))]
    lines = [columns, ruler, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
