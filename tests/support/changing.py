"""Changes of statistics that need no planning."""

from collections.abc import Sequence

from custom_components.py_hab.history.planning.change import AdjustSum, ChangeReason, WriteRows
from custom_components.py_hab.history.planning.rows import MeanRow, SumRow, full_hour
from custom_components.py_hab.history.statistics.editor import StatisticsEditor
from custom_components.py_hab.history.statistics.gateway import Statistic
from homeassistant.util import dt as dt_util


def this_hour() -> int:
    """Return when the running hour began."""
    return full_hour(dt_util.utcnow().timestamp())


async def write(
    editor: StatisticsEditor,
    statistic: Statistic,
    rows: Sequence[SumRow] | Sequence[MeanRow],
    reason: ChangeReason = ChangeReason.BACKFILL,
) -> bool:
    """Write hours; return whether that is a change."""
    return bool(await editor.async_change(statistic, lambda _: [WriteRows(rows, reason)]))


async def adjust(
    editor: StatisticsEditor,
    statistic: Statistic,
    start: int,
    amount: float,
    reason: ChangeReason = ChangeReason.SPIKE,
) -> bool:
    """Adjust sums; return whether that is a change."""
    return bool(await editor.async_change(statistic, lambda _: [AdjustSum(start, amount, reason)]))
