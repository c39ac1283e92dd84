"""The one door to the recorder's statistics: read, write hours, shift sums, take back.

Whatever is written is noted in the ledger first, and read back afterwards. Hours are written only
once Home Assistant has compiled them: a row in the hour still running would cost the rows of all
sensors (recorder/util.py, "Blocked attempt to insert duplicated statistic rows").
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
import logging
from typing import Any, Final, Literal, cast

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from homeassistant.components.recorder import DOMAIN as RECORDER, Recorder, get_instance
from homeassistant.components.recorder.models import (
    StatisticData,
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import (
    StatisticsRow,
    async_add_external_statistics,
    async_import_statistics,
    get_metadata,
    statistics_during_period,
)
from homeassistant.const import (
    PERCENTAGE,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfPower,
    UnitOfTemperature,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import async_migration_in_progress, session_scope
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.unit_conversion import (
    BaseUnitConverter,
    ElectricPotentialConverter,
    EnergyConverter,
    PowerConverter,
    TemperatureConverter,
    UnitlessRatioConverter,
)

from ..const import DOMAIN
from .ledger import Account, Ledger, Values, Work
from .rows import HOUR, PERIOD, MeanRow, Row, SumRow, full_hour

_LOGGER = logging.getLogger(__name__)

COMPILED_AFTER: Final = 120.0
"""Seconds after an hour's end when it is certainly compiled, or its compilation is in the
recorder's queue before us: Home Assistant starts it ten seconds after the hour."""
PATIENCE: Final = 600.0
"""Seconds that the recorder may take for what it was told, and for all that waits before it."""
BATCH: Final = 500
"""Rows handed over at once: Home Assistant walks over them in the event loop."""
SAME: Final = 1e-6
"""kWh, °C or %; sums are floats."""
_CONVERTERS: Final[Mapping[str, type[BaseUnitConverter]]] = {
    UnitOfEnergy.KILO_WATT_HOUR: EnergyConverter,
    UnitOfTemperature.CELSIUS: TemperatureConverter,
    UnitOfPower.WATT: PowerConverter,
    UnitOfElectricPotential.VOLT: ElectricPotentialConverter,
    PERCENTAGE: UnitlessRatioConverter,
}
_DELETE: Final = text(
    "DELETE FROM statistics WHERE start_ts >= :first AND start_ts <= :last AND metadata_id ="
    " (SELECT id FROM statistics_meta WHERE statistic_id = :statistic_id)"
)
"""The tables are documented for their users (Home Assistant's data science portal). To delete
single rows there is no function, and clearing a whole statistic would take live rows along."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Statistic:
    """What rows belong to, and in which unit we reckon."""

    id: str
    """An entity id, or `py_hab:...` for what has no entity."""
    unit: str
    """kWh, °C, % ...; Home Assistant may store another one."""
    is_sum: bool
    name: str | None = None
    """For what has no entity."""
    entry_id: str | None = None
    """The config entry to which it belongs."""

    @property
    def is_external(self) -> bool:
        """Whether nobody but us writes it."""
        return self.id.startswith(f"{DOMAIN}:")


class Statistics:
    """The door. One change at a time; every method waits for the recorder."""

    def __init__(self, hass: HomeAssistant, ledger: Ledger) -> None:
        """Open the door for one Home Assistant."""
        self._hass = hass
        self.ledger = ledger
        self.lock = asyncio.Lock()
        """Held by whoever plans a change from what stands there."""

    # Read

    def is_ready(self) -> bool:
        """Whether Home Assistant records, and has caught up after its start."""
        return (
            RECORDER in self._hass.config.components
            and not async_migration_in_progress(self._hass)
            and self._recorder.async_recorder_ready.is_set()
        )

    def compiled_until(self) -> int:
        """Return the unix time up to which hours may be written."""
        return full_hour(dt_util.utcnow().timestamp() - COMPILED_AFTER)

    async def async_statistic(self, statistic_id: str) -> Statistic:
        """Return a statistic of the house that somebody has named, in the unit we reckon in."""
        found = await self._async_metadata(statistic_id)
        unit = (found["unit_of_measurement"] if found else None) or ""
        entity = er.async_get(self._hass).async_get(statistic_id)
        ours = entity is not None and entity.platform == DOMAIN
        return Statistic(
            id=statistic_id,
            unit=next(
                (ours for ours, item in _CONVERTERS.items() if unit in item.VALID_UNITS), unit
            ),
            is_sum=found is not None and found["has_sum"],
            name=found["name"] if found else None,
            entry_id=entity.config_entry_id if entity and ours else None,
        )

    async def async_is_energy(self, statistic_id: str) -> bool:
        """Whether there is a statistic with sums of energy."""
        found = await self._async_metadata(statistic_id)
        return (
            found is not None
            and found["has_sum"]
            and found["unit_of_measurement"] in EnergyConverter.VALID_UNITS
        )

    async def async_hours(
        self, statistic: Statistic, start: float = 0.0, end: float | None = None
    ) -> list[Row]:
        """Return the hourly rows of a counter from a moment on."""
        return await self._async_sums(statistic, "hour", start, end)

    async def async_periods(
        self, statistic: Statistic, start: float = 0.0, end: float | None = None
    ) -> list[Row]:
        """Return the five-minute rows of a sum, as far back as Home Assistant keeps them."""
        return await self._async_sums(statistic, "5minute", start, end)

    async def async_sums(self, statistic: Statistic) -> list[tuple[int, float | None, float]]:
        """Return start, state and sum of all hourly rows, whoever has written them."""
        rows = await self._async_rows(statistic, "hour", 0.0, None, {"state", "sum"})
        return [
            (int(row["start"]), row.get("state"), total)
            for row in rows
            if (total := row.get("sum")) is not None
        ]

    async def async_has_hours(self, statistic: Statistic, start: float) -> set[int]:
        """Return the hours from a moment on that have a row."""
        rows = await self._async_rows(statistic, "hour", start, None, {"mean", "sum"})
        return {int(row["start"]) for row in rows}

    async def _async_sums(
        self,
        statistic: Statistic,
        period: Literal["5minute", "hour"],
        start: float,
        end: float | None,
    ) -> list[Row]:
        rows = await self._async_rows(statistic, period, start, end, {"state", "sum"})
        length = HOUR if period == "hour" else PERIOD
        return [
            Row(int(row["start"]), length, state, total)
            for row in rows
            if (total := row.get("sum")) is not None and (state := row.get("state")) is not None
        ]

    async def _async_rows(
        self,
        statistic: Statistic,
        period: Literal["5minute", "hour"],
        start: float,
        end: float | None,
        types: set[Literal["change", "last_reset", "max", "mean", "min", "state", "sum"]],
    ) -> list[StatisticsRow]:
        converter = _CONVERTERS.get(statistic.unit)
        units = {str(converter.UNIT_CLASS): statistic.unit} if converter else None
        found = await self._recorder.async_add_executor_job(
            statistics_during_period,
            self._hass,
            dt_util.utc_from_timestamp(start),
            None if end is None else dt_util.utc_from_timestamp(end),
            {statistic.id},
            period,
            units,
            types,
        )
        return found.get(statistic.id, [])

    # Write

    async def async_write(
        self, statistic: Statistic, rows: Sequence[SumRow] | Sequence[MeanRow], work: Work
    ) -> None:
        """Write rows of compiled hours; those that are there are replaced.

        Raises HomeAssistantError if they cannot be found afterwards.
        """
        if not rows:
            return
        if rows[-1].start + HOUR > self.compiled_until() and not statistic.is_external:
            raise ValueError("the hour is not compiled yet")
        account = self._account(statistic)
        before = await self._async_values(statistic, rows[0].start, rows[-1].start + HOUR)
        ours = account.inserted.all()
        new = {row.start for row in rows} - before.keys() - ours
        account.writing.add(new)
        for row in rows:
            if row.start in before and row.start not in ours:
                account.replaced.setdefault(
                    row.start, _without(account.shift_at(row.start), before[row.start])
                )
        await self.ledger.async_save()
        metadata = await self._async_metadata(statistic.id) or _new_metadata(statistic)
        values = {row.start: _values(row) for row in rows}
        await self._async_import(metadata, statistic.unit, values)
        await self._async_verify(statistic, values)
        account.inserted.add(new)
        account.writing.discard(new)
        account.tell(
            work,
            rows=len(rows),
            first=dt_util.utc_from_timestamp(rows[0].start).isoformat(),
            last=dt_util.utc_from_timestamp(rows[-1].start).isoformat(),
        )
        await self.ledger.async_save()

    async def async_shift(
        self, statistic: Statistic, start: int, amount: float, work: Work
    ) -> None:
        """Add kWh to all sums from a five-minute period on, and to the hour that it lies in.

        Raises HomeAssistantError if the sums are not what they should be afterwards.
        """
        if abs(amount) < SAME:
            return
        account = self._account(statistic)
        row = await self._async_first_sum(statistic, start)
        if row is None:
            return
        account.begun = [start, amount, row.start, row.length, row.sum]
        await self.ledger.async_save()
        await self._async_adjust(statistic, start, amount)
        await self._async_end_shift(statistic, account)
        account.tell(
            work, energy=round(amount, 6), since=dt_util.utc_from_timestamp(start).isoformat()
        )
        await self.ledger.async_save()

    async def async_resume(self, statistic: Statistic) -> None:
        """Bring to an end what was interrupted: rows half written go, a shift is found out."""
        account = self._account(statistic)
        if account.writing.runs:
            await self._async_delete(statistic.id, account.writing.runs)
            account.writing.runs = []
            await self.ledger.async_save()
        if account.begun is not None:
            try:
                await self._async_end_shift(statistic, account)
            except HomeAssistantError:
                _LOGGER.debug("A shift of %s had not been made", statistic.id)
            await self.ledger.async_save()

    async def async_undo(self, statistic: Statistic) -> None:
        """Take back everything that was written, exactly.

        Raises HomeAssistantError if something is not as it was afterwards.
        """
        await self.async_resume(statistic)
        account = self._account(statistic)
        if statistic.is_external:
            self._recorder.async_clear_statistics([statistic.id])
            await self._async_recorded()
        else:
            for start, amount in reversed(list(account.shifts)):
                row = await self._async_first_sum(statistic, start)
                if row is not None:
                    account.begun = [start, -amount, row.start, row.length, row.sum]
                    await self.ledger.async_save()
                    await self._async_adjust(statistic, start, -amount)
                    await self._async_end_shift(statistic, account)
            await self._async_restore(statistic, account)
            await self._async_delete(statistic.id, account.inserted.runs)
        account.shifts, account.replaced, account.inserted.runs = [], {}, []
        await self.ledger.async_save()

    # How it is done

    @property
    def _recorder(self) -> Recorder:
        return get_instance(self._hass)

    def _account(self, statistic: Statistic) -> Account:
        account = self.ledger.account(statistic.id)
        account.entry_id = account.entry_id or statistic.entry_id
        return account

    async def _async_metadata(self, statistic_id: str) -> StatisticMetaData | None:
        def read() -> StatisticMetaData | None:
            found = get_metadata(self._hass, statistic_ids={statistic_id}).get(statistic_id)
            return found[1] if found else None

        return await self._recorder.async_add_executor_job(read)

    async def _async_values(
        self, statistic: Statistic, start: float, end: float
    ) -> dict[int, Values]:
        """Return the rows between two moments as they stand there."""
        rows = await self._async_rows(
            statistic, "hour", start, end, {"state", "sum", "mean", "min", "max"}
        )
        names = ("state", "sum") if statistic.is_sum else ("mean", "min", "max")
        found: dict[int, Values] = {}
        for row in rows:
            values: Mapping[str, Any] = row
            found[int(row["start"])] = {name: values.get(name) for name in names}
        return found

    async def _async_first_sum(self, statistic: Statistic, start: int) -> Row | None:
        """Return the first row that a shift from a moment on will change."""
        rows = await self.async_periods(statistic, start, start + 7 * 24 * HOUR)
        rows = rows or await self.async_hours(statistic, full_hour(start))
        return rows[0] if rows else None

    async def _async_import(
        self, metadata: StatisticMetaData, unit: str, rows: Mapping[int, Values]
    ) -> None:
        """Hand rows over, in the unit in which Home Assistant stores them."""
        converter = _CONVERTERS.get(unit)
        stored = metadata["unit_of_measurement"]
        convert = (
            converter.converter_factory(unit, stored) if converter and stored != unit else _as_is
        )
        external = metadata["source"] == DOMAIN
        add = async_add_external_statistics if external else async_import_statistics
        for batch in batched(rows.items(), BATCH, strict=False):
            data: list[dict[str, Any]] = [
                {"start": dt_util.utc_from_timestamp(start)}
                | {
                    name: None if value is None else convert(value)
                    for name, value in values.items()
                }
                for start, values in batch
            ]
            add(self._hass, metadata, cast("list[StatisticData]", data))
            await self._async_recorded()

    async def _async_verify(self, statistic: Statistic, rows: Mapping[int, Values]) -> None:
        """Read rows back."""
        found = await self._async_values(statistic, min(rows), max(rows) + HOUR)
        for start, values in rows.items():
            there = found.get(start, {})
            if any(not _same(there.get(name), value) for name, value in values.items()):
                raise _not_written(statistic)

    async def _async_adjust(self, statistic: Statistic, start: int, amount: float) -> None:
        self._recorder.async_adjust_statistics(
            statistic_id=statistic.id,
            start_time=dt_util.utc_from_timestamp(start),
            sum_adjustment=amount,
            adjustment_unit=statistic.unit,
        )
        await self._async_recorded()

    async def _async_end_shift(self, statistic: Statistic, account: Account) -> None:
        """Note a shift that was begun, if it was made; raise HomeAssistantError if it was not."""
        if account.begun is None:
            return
        start, amount, row_start, length, before = account.begun
        read = self.async_hours if length == HOUR else self.async_periods
        rows = await read(statistic, row_start, row_start + length)
        account.begun = None
        if not rows or not _same(rows[0].sum, before + amount):
            raise _not_written(statistic)
        for done in account.shifts:
            if done[0] == start and _same(done[1], -amount):
                account.shifts.remove(done)
                return
        account.shifts.append((start, amount))

    async def _async_restore(self, statistic: Statistic, account: Account) -> None:
        """Write rows back that were replaced; they are kept without our shifts."""
        if not account.replaced:
            return
        metadata = await self._async_metadata(statistic.id)
        if metadata is None:
            return
        await self._async_import(metadata, statistic.unit, account.replaced)
        await self._async_verify(statistic, account.replaced)

    async def _async_delete(self, statistic_id: str, runs: Sequence[Sequence[int]]) -> None:
        """Delete hours, in the recorder's executor."""

        def delete() -> None:
            with session_scope(hass=self._hass) as session:
                for first, last in runs:
                    session.execute(
                        _DELETE, {"statistic_id": statistic_id, "first": first, "last": last}
                    )

        if runs:
            await self._async_recorded()
            try:
                await self._recorder.async_add_executor_job(delete)
            except SQLAlchemyError as err:
                raise HomeAssistantError(
                    translation_domain=DOMAIN, translation_key="database_refused"
                ) from err

    async def _async_recorded(self) -> None:
        """Wait until the recorder has done what it was told.

        It tells when an update of metadata is done, and an update may change nothing.
        """
        done = asyncio.Event()

        def tell() -> None:
            self._hass.loop.call_soon_threadsafe(done.set)

        self._recorder.async_update_statistics_metadata("", on_done=tell)
        try:
            async with asyncio.timeout(PATIENCE):
                await done.wait()
        except TimeoutError as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="database_refused"
            ) from err


_DOOR: HassKey[Statistics] = HassKey("py_hab_statistics")


async def async_open(hass: HomeAssistant) -> None:
    """Open the door, once for each Home Assistant."""
    ledger = Ledger(hass)
    await ledger.async_load()
    hass.data[_DOOR] = Statistics(hass, ledger)


def door(hass: HomeAssistant) -> Statistics:
    """Return the door that was opened."""
    return hass.data[_DOOR]


def _new_metadata(statistic: Statistic) -> StatisticMetaData:
    converter = _CONVERTERS.get(statistic.unit)
    return StatisticMetaData(
        mean_type=StatisticMeanType.NONE if statistic.is_sum else StatisticMeanType.ARITHMETIC,
        has_sum=statistic.is_sum,
        name=statistic.name,
        source=DOMAIN if statistic.is_external else RECORDER,
        statistic_id=statistic.id,
        unit_class=converter.UNIT_CLASS if converter else None,
        unit_of_measurement=statistic.unit,
    )


def _values(row: SumRow | MeanRow) -> Values:
    match row:
        case SumRow(state=state, sum=total):
            return {"state": state, "sum": total}
        case MeanRow(mean=mean, min=low, max=high):
            return {"mean": mean, "min": low, "max": high}


def _without(shift: float, values: Values) -> Values:
    """Return a row as it would be without our shifts."""
    total = values.get("sum")
    return values | {"sum": total - shift} if total is not None else values


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= SAME * max(1.0, abs(one) * 1e-6)


def _as_is(value: float) -> float:
    return value


def _not_written(statistic: Statistic) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="not_written",
        translation_placeholders={"statistic_id": statistic.id},
    )
