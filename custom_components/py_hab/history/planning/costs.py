"""Plans the hours of a cost statistic: only py_hab writes it, so each hour is as calculated."""

from collections.abc import Sequence
from math import inf, nan

from ...costs.hours import HourCost
from ...costs.prices import HOUR
from .change import Change, ChangeReason, StatisticRows, WriteRows
from .rows import ROUNDING_ERROR, SumRow


def plan_costs(
    costs: Sequence[HourCost], rows: StatisticRows, *, is_whole: bool, kept_until: float
) -> Change:
    """Return the change that makes the hours of a statistic those that were calculated.

    Costs are consecutive hours, ascending. If they are not the whole history, the sum before them
    continues. An hour that waits for its price has no row; one that was priced before keeps its cost
    up to a time (unix time), as prices are purged earlier than energy. Hours without energy any more
    stay, and cost nothing.
    """
    known = {hour.start: hour.cost for hour in costs}
    first = min(known, default=inf)
    total, former = 0.0, 0.0
    stored: dict[int, float] = {}
    written: dict[int, float] = {}
    for row in rows.hourly:
        if not is_whole and row.start < first:
            total = former = row.sum
        else:
            stored[row.start], written[row.start] = row.sum, row.sum - former
            former = row.sum
    changed: list[SumRow] = []
    for start in sorted(known.keys() | stored.keys()):
        cost = known.get(start)
        if cost is None:
            if start not in stored:
                continue
            is_kept = start in known and start + HOUR <= kept_until
            cost = written[start] if is_kept else 0.0
        total += cost
        if not abs(total - stored.get(start, nan)) <= ROUNDING_ERROR:
            changed.append(SumRow(start, total, total))
    return [WriteRows(changed, ChangeReason.COST)] if changed else ()
