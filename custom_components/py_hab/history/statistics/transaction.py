"""One change of statistics as one database transaction in the recorder's own thread.

It uses the recorder's table classes and nothing else of the database, so it is the same for SQLite,
PostgreSQL and MariaDB.
"""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Future
import contextlib
from dataclasses import dataclass, field
from datetime import UTC
from itertools import batched
import logging
from typing import Any, Final, NamedTuple, override

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from homeassistant.components.recorder import Recorder, db_schema, get_instance
from homeassistant.components.recorder.models import StatisticMetaData
from homeassistant.components.recorder.statistics import (
    cache_latest_short_term_statistic_id_for_metadata_id,
    get_short_term_statistics_run_cache,
)
from homeassistant.components.recorder.tasks import RecorderTask
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.recorder import session_scope
from homeassistant.util import dt as dt_util

from ...const import DOMAIN
from ..planning.difference import Values, ranges_of
from ..planning.rows import HOUR
from ..planning.stored import (
    COLUMNS,
    Assign,
    DeleteHours,
    DeleteStatistic,
    InsertShortTerm,
    Operation,
    PutHours,
    ShiftSums,
    StoredRows,
    Table,
)

_LOGGER = logging.getLogger(__name__)

PIECE: Final = 500
"""Rows in one statement: the event loop gets its turn between two of them."""
ATTEMPTS: Final = 24
"""How often a change is tried while another process locks the database, five seconds each."""
_RETRYABLE: Final = (1205, 1206, 1213)
"""MariaDB: lock wait timeout, too many locks, deadlock; the recorder repeats its own jobs as well."""
_WITHOUT_SYNC: Final = {"synchronize_session": False}
_ROW: Final = {"id", "created", "metadata_id", "start", "start_ts", "last_reset", *COLUMNS}
_KNOWN_COLUMNS: Final = {"Statistics": _ROW, "StatisticsShortTerm": _ROW}
"""All columns of the tables that we write."""
_USED_COLUMNS: Final = {
    "StatisticsMeta": {"id", "statistic_id", "name"},
    "StatisticsRuns": {"start"},
}
"""The columns that we use of tables that the recorder writes."""


def is_schema_known() -> bool:
    """Whether the recorder's tables are as we know them."""

    def columns(name: str) -> set[str]:
        table = getattr(db_schema, name, None)
        return set() if table is None else set(table.__table__.columns.keys())

    return all(columns(name) == known for name, known in _KNOWN_COLUMNS.items()) and all(
        columns(name) >= used for name, used in _USED_COLUMNS.items()
    )


@dataclass(slots=True, eq=False)
class Transaction[T](RecorderTask):
    """Calls a function with a session, and commits what it has done, or nothing of it."""

    work: Callable[[Session], T]
    statistic_id: str
    committed: Callable[[T], None]
    """Called in the recorder's thread after the commit, also if nobody waits any more."""
    done: Future[T] = field(default_factory=Future)
    attempts: int = 0

    @override
    def run(self, instance: Recorder) -> None:
        """Handle the task."""
        if not self.attempts and not self.done.set_running_or_notify_cancel():
            return  # Whoever asked has gone before we began.
        self.attempts += 1
        manager = instance.statistics_meta_manager
        try:
            with session_scope(session=instance.get_session()) as session:
                # Ends the transaction of earlier reads, which MariaDB would go on to read from.
                session.commit()
                result = self.work(session)
        except Exception as err:
            # It may know metadata that was rolled back.
            manager.reset()
            if _is_retryable(instance, err) and self.attempts < ATTEMPTS:
                instance.queue_task(self)
                return
            self.done.set_exception(err)
            if isinstance(err, SQLAlchemyError):
                raise  # The recorder treats a damaged database.
            return
        with (
            contextlib.suppress(SQLAlchemyError),
            session_scope(session=instance.get_session(), read_only=True) as session,
        ):
            manager.get_many(session, {self.statistic_id})
        try:
            self.committed(result)
        finally:
            self.done.set_result(result)


def _is_retryable(instance: Recorder, err: Exception) -> bool:
    """Whether a change can succeed later: another connection has locked the database."""
    if not isinstance(err, OperationalError):
        return False
    if instance.dialect_name == "sqlite":
        return "locked" in str(err.orig)
    return bool(err.orig and err.orig.args and err.orig.args[0] in _RETRYABLE)


async def async_transact[T](
    hass: HomeAssistant,
    statistic_id: str,
    work: Callable[[Session], T],
    committed: Callable[[T], None],
) -> T:
    """Do work in a transaction, and return its result; see Transaction.

    If it is cancelled before the work begins, nothing is done; afterwards it runs to its end.
    Raises HomeAssistantError if the database refuses.
    """
    task = Transaction(work=work, statistic_id=statistic_id, committed=committed)
    get_instance(hass).queue_task(task)
    try:
        return await asyncio.wrap_future(task.done)
    except SQLAlchemyError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key="database_refused"
        ) from err


type Totals = tuple[float | None, ...]
"""Totals over rows, only to be compared with each other."""


class Found(NamedTuple):
    """A statistic that exists in the database."""

    id: int
    metadata: StatisticMetaData


class StatisticTables:
    """The rows of one statistic in the recorder's tables, within one session."""

    def __init__(
        self, hass: HomeAssistant, session: Session, statistic_id: str, *, is_locked: bool = False
    ) -> None:
        """Look up the statistic.

        If it is locked, no other connection writes into it before the transaction ends.
        """
        self._hass = hass
        self._session = session
        self._statistic_id = statistic_id
        if is_locked:
            self._lock()
        manager = get_instance(hass).statistics_meta_manager
        found = manager.get_many(session, {statistic_id}).get(statistic_id)
        self.found = None if found is None else Found(*found)

    def _lock(self) -> None:
        """Write nothing new: SQLite begins a transaction at the first write, not at a read."""
        meta = db_schema.StatisticsMeta
        same = update(meta).where(meta.statistic_id == self._statistic_id).values(name=meta.name)
        self._session.execute(same, execution_options=_WITHOUT_SYNC)

    def read(self) -> StoredRows:
        """Return all rows of the statistic."""
        if self.found is None:
            return StoredRows()
        return StoredRows(hourly=self._read(Table.HOURLY), short_term=self._read(Table.SHORT_TERM))

    def totals(self) -> Totals | None:
        """Return totals over the hourly rows, which differ after any change of an hour's value.

        None if there is no such statistic. The database adds up 17,520 hours in a few milliseconds.
        """
        if self.found is None:
            return None
        table = _TABLES[Table.HOURLY]()
        hour = (table.start_ts - _NEAR) / HOUR
        # Weighted by time, as values may have been exchanged.
        values = (
            func.sum(each * weight) for each in (table.state, table.mean) for weight in (1, hour)
        )
        query = select(func.count(), func.max(table.id), func.sum(table.created_ts), *values)
        found = self._session.execute(query.where(*self._where(table))).one()
        return tuple(None if each is None else float(each) for each in found)

    def last_run(self) -> int | None:
        """Return the start of the last period that the recorder has compiled.

        Later ones have been compiled while the clock was ahead.
        """
        run = db_schema.StatisticsRuns.start
        start = self._session.scalar(select(func.max(run)).where(run <= dt_util.utcnow()))
        return None if start is None else int(start.replace(tzinfo=UTC).timestamp())

    def perform(self, operations: Iterable[Operation], new: StatisticMetaData) -> None:
        """Write; `new` is the metadata of a statistic that does not exist yet."""
        manager = get_instance(self._hass).statistics_meta_manager
        if self.found is None:
            self.found = Found(manager.update_or_add(self._session, new, {})[1], new)
        for operation in operations:
            match operation:
                case DeleteStatistic():
                    manager.delete(self._session, [self._statistic_id])
                case PutHours(rows):
                    self._delete(ranges_of(rows))
                    self._insert(Table.HOURLY, rows)
                case DeleteHours(ranges):
                    self._delete(ranges)
                case ShiftSums():
                    self._shift(operation)
                case Assign():
                    self._assign(operation)
                case InsertShortTerm(start, values):
                    self._insert(Table.SHORT_TERM, {start: values})
                    cache_latest_short_term_statistic_id_for_metadata_id(
                        get_short_term_statistics_run_cache(self._hass),
                        self._session,
                        self.found.id,
                    )

    def _read(self, name: Table) -> dict[int, Values]:
        table = _TABLES[name]()
        query = select(table.start_ts, *(getattr(table, column) for column in COLUMNS))
        found = self._session.execute(query.where(*self._where(table)).order_by(table.start_ts))
        return {
            int(row[0]): dict(zip(COLUMNS, row[1:], strict=True))
            for row in found
            if row[0] is not None
        }

    def _where(self, table: Any) -> list[Any]:
        return [table.metadata_id == (self.found.id if self.found else None)]

    def _delete(self, ranges: list[tuple[int, int]]) -> None:
        table = _TABLES[Table.HOURLY]()
        for first, last in ranges:
            self._session.execute(
                delete(table).where(*self._where(table), table.start_ts.between(first, last)),
                execution_options=_WITHOUT_SYNC,
            )

    def _insert(self, name: Table, rows: Any) -> None:
        table, found = _TABLES[name](), self.found
        assert found is not None
        for piece in batched(rows.items(), PIECE, strict=False):
            self._session.execute(
                insert(table.__table__),
                [
                    {"metadata_id": found.id, "start_ts": float(start)} | values
                    for start, values in piece
                ],
            )

    def _shift(self, shift: ShiftSums) -> None:
        table = _TABLES[shift.table]()
        where = [*self._where(table), table.start_ts >= shift.start]
        if shift.end is not None:
            where.append(table.start_ts < shift.end)
        self._session.execute(
            update(table).where(*where).values(sum=table.sum + shift.amount),
            execution_options=_WITHOUT_SYNC,
        )

    def _assign(self, assign: Assign) -> None:
        table = _TABLES[assign.table]().__table__
        where = table.c.metadata_id == bindparam("of"), table.c.start_ts == bindparam("at")
        found = self.found
        assert found is not None
        self._session.connection().execute(
            update(table).where(*where).values({assign.column: bindparam("value")}),
            [
                {"of": found.id, "at": float(start), "value": value}
                for start, value in assign.values.items()
            ],
        )


_NEAR: Final = 1.7e9
"""A time near to that of rows: numbers of hours from it on leave digits for the values."""
_TABLES: Final[dict[Table, Callable[[], Any]]] = {
    Table.HOURLY: lambda: db_schema.Statistics,
    Table.SHORT_TERM: lambda: db_schema.StatisticsShortTerm,
}
"""Looked up when they are needed: an unknown schema may lack them."""
