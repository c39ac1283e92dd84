"""Compares the journal of a statistic with its rows: which of our changes are in this database?

The database may be that of yesterday, restored from a backup, or another one. Home Assistant may have
stopped while a change was being written. The stamps of the rows show it.
"""

from homeassistant.components.recorder.models import StatisticMetaData

from ..planning.difference import Difference, has_stamp, in_unit
from ..planning.stored import StoredRows, Units
from .gateway import Statistic, conversion
from .journal import StatisticChanges
from .previous import resumed


def reconciled(
    changes: StatisticChanges,
    rows: StoredRows,
    units: Units | None,
    statistic: Statistic,
    metadata: StatisticMetaData,
) -> Difference | None:
    """Return the difference that is in the database, in its unit; None if none of them is.

    `units` is None if the unit of the database cannot be converted; values stay as they are then.
    """
    done, previous = _written(changes, rows), changes.previous
    if done is None or units is None or (done.is_empty and previous is None):
        return done
    if done.unit != units.stored:
        convert = conversion(done.unit or statistic.unit, metadata)
        done = in_unit(done, units.stored, convert)
    if previous is not None and not done.stamp:
        return resumed(previous, done, rows, units)
    return done


def _written(changes: StatisticChanges, rows: StoredRows) -> Difference | None:
    """Return the difference whose stamp the rows carry; None if they carry neither of the two.

    The difference before the first change has no stamp, and that of earlier versions neither: it is
    taken to be true. An undo has none either: it was made if the stamp of the change before is gone.
    """
    done, planned = changes.done, changes.planned
    is_done = not done.stamp or has_stamp(rows.hourly, done.stamp)
    if planned is not None and (
        has_stamp(rows.hourly, planned.stamp) if planned.stamp else not is_done
    ):
        return planned
    return done if is_done else None
