"""The seed: a short-term row of ours, with which Home Assistant continues the sums of a statistic.

Home Assistant continues a sum from the last short-term row, and starts it at 0 if there is none.
Where hours are written into a statistic without short-term rows, such a row is inserted. It is called
the seed until Home Assistant has written the next one.
"""

from math import isnan

from .backfill import sum_offset
from .difference import Values
from .draft import Draft
from .layers import RunLayers
from .rows import HOUR, SHORT_TERM, Row, full_hour
from .stored import COLUMNS, InsertShortTerm, Table


def insert_seed(draft: Draft, start: int, shown: float | None) -> None:
    """Insert a seed that starts at `start`, if there is no short-term row and an hour before it.

    `shown` is what the counter shows now, in kWh, if it is known.
    """
    hourly = draft.rows.sums(Table.HOURLY, draft.units)
    if draft.rows.short_term or not hourly or hourly[-1].start > start:
        return
    state, total = _continued(hourly[-1], start, shown)
    if isnan(state):
        return
    write = draft.units.to_stored
    values: Values = dict.fromkeys(COLUMNS)
    values |= {"created_ts": float(draft.stamp), "state": write(state), "sum": write(total)}
    # The hour of the row is not compiled any more if it was written just now.
    is_written = full_hour(start) in draft.rows.hourly
    draft.sums.note(full_hour(start) + HOUR if is_written else start, total)
    draft.seed = start
    draft.do(InsertShortTerm(start, values))


def _continued(last: Row, start: int, shown: float | None) -> tuple[float, float]:
    """Return state and sum of a short-term row that continues an hour."""
    if shown is None:
        return last.state, last.sum
    return shown, sum_offset(last, Row(start, SHORT_TERM, shown, 0.0))


def settle_seed(draft: Draft, layers: RunLayers) -> None:
    """Note what Home Assistant alone would have had, once it has continued the seed.

    It starts a sum at 0 with the first value that it sees, which is the row after the seed. So the seed
    has raised the sums of that row and of all later ones by what that row has now.
    """
    rows = draft.rows.short_term
    if (seed := draft.seed) is None:
        return
    if seed not in rows:
        draft.seed = None
        return
    first = min((start for start in rows if start > seed), default=None)
    if first is None or (total := rows[first]["sum"]) is None:
        return
    adjusted = draft.sums.cumulative(Table.SHORT_TERM)
    kwh = draft.units.from_stored(total) - adjusted.at(first)
    draft.sums.note(first, kwh)
    draft.sums.exact[Table.SHORT_TERM][first] = 0.0
    layers.settle(seed, first, kwh)
    draft.seed = None
