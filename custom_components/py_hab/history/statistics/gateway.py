"""Access to the recorder's statistics: reads rows, and offers the few possible changes.

Only the editor changes statistics; it records each change in the journal first.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import batched
import logging
from math import nan
from typing import Any, Final, Literal, cast

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from homeassistant.components.recorder import (
    DOMAIN as RECORDER,
    Recorder,
    get_instance,
    is_entity_recorded,
)
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
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.recorder import async_migration_in_progress, session_scope
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import (
    BaseUnitConverter,
    ElectricPotentialConverter,
    EnergyConverter,
    PowerConverter,
    TemperatureConverter,
    UnitlessRatioConverter,
)

from ...const import DOMAIN
from ..planning.rows import HOUR, SHORT_TERM, HourlySum, Row, full_hour
from .journal import Values

_LOGGER = logging.getLogger(__name__)

COMPILED_AFTER: Final = timedelta(minutes=2)
"""Time after the end of an hour at which it is certainly compiled, or its compilation is ahead of us
in the recorder's queue: Home Assistant starts it ten seconds after the hour."""
RECORDER_TIMEOUT: Final = timedelta(minutes=10)
"""Time that the recorder may need for a change and everything ahead of it in the queue."""
BATCH: Final = 250
"""Rows passed on at once: Home Assistant iterates over them in the event loop."""
_CONVERTERS: Final[Mapping[str, type[BaseUnitConverter]]] = {
    UnitOfEnergy.KILO_WATT_HOUR: EnergyConverter,
    UnitOfTemperature.CELSIUS: TemperatureConverter,
    UnitOfPower.WATT: PowerConverter,
    UnitOfElectricPotential.VOLT: ElectricPotentialConverter,
    PERCENTAGE: UnitlessRatioConverter,
}
_COLUMNS: Final = ("state", "sum", "mean", "min", "max", "last_reset")
_DELETE: Final = text(
    "DELETE FROM statistics WHERE start_ts >= :first AND start_ts <= :last AND metadata_id ="
    " (SELECT id FROM statistics_meta WHERE statistic_id = :statistic_id)"
)
"""The recorder has no function to delete single rows, and clearing a whole statistic would delete
live rows too. The tables are documented for users (Home Assistant's data science portal)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Statistic:
    """A statistic, and the unit in which we calculate."""

    id: str
    """An entity id, or `py_hab:...` for an external statistic."""
    unit: str
    """kWh, °C, % ...; Home Assistant may store another unit."""
    has_sum: bool
    name: str | None = None
    """The name of an external statistic."""
    entry_id: str | None = None
    """The config entry to which the statistic belongs."""

    @property
    def is_external(self) -> bool:
        """Whether only py_hab writes this statistic."""
        return self.id.startswith(f"{DOMAIN}:")


class RecorderGateway:
    """Gateway to the recorder's statistics. Every method waits for the recorder."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Create the gateway; nothing is read yet."""
        self._hass = hass

    def is_ready(self) -> bool:
        """Whether the recorder is set up, and ready after the start of Home Assistant."""
        return (
            RECORDER in self._hass.config.components
            and not async_migration_in_progress(self._hass)
            and self._recorder.async_recorder_ready.is_set()
        )

    def is_recorded(self, statistic_id: str) -> bool:
        """Whether statistics may be written: not if the recorder's settings exclude the entity."""
        return (
            ":" in statistic_id
            or RECORDER not in self._hass.config.components
            or is_entity_recorded(self._hass, statistic_id)
        )

    def compiled_until(self) -> int:
        """Return the unix time up to which hours may be written."""
        return full_hour((dt_util.utcnow() - COMPILED_AFTER).timestamp())

    async def async_statistic(self, statistic_id: str) -> Statistic:
        """Return the statistic of an id, with the unit in which we calculate."""
        found = await self._async_metadata(statistic_id)
        unit = (found["unit_of_measurement"] if found else None) or ""
        entity = er.async_get(self._hass).async_get(statistic_id)
        ours = entity is not None and entity.platform == DOMAIN
        return Statistic(
            id=statistic_id,
            unit=next(
                (
                    base
                    for base, item in _CONVERTERS.items()
                    if found and found["unit_class"] == item.UNIT_CLASS and unit in item.VALID_UNITS
                ),
                unit,
            ),
            has_sum=found is not None and found["has_sum"],
            name=found["name"] if found else None,
            entry_id=entity.config_entry_id if entity and ours else None,
        )

    async def async_is_energy(self, statistic_id: str) -> bool:
        """Whether a statistic exists and has sums of energy."""
        found = await self._async_metadata(statistic_id)
        return (
            found is not None
            and found["has_sum"]
            and (
                found["unit_class"] == EnergyConverter.UNIT_CLASS
                or found["unit_of_measurement"] == UnitOfEnergy.KILO_WATT_HOUR
            )
        )

    async def async_hourly_rows(
        self, statistic: Statistic, start: float = 0.0, end: float | None = None
    ) -> list[Row]:
        """Return the hourly rows of a sum from `start` on."""
        return await self._async_sums(statistic, "hour", start, end)

    async def async_short_term_rows(
        self, statistic: Statistic, start: float = 0.0, end: float | None = None
    ) -> list[Row]:
        """Return the short-term rows of a sum from `start` on; Home Assistant keeps about ten days."""
        return await self._async_sums(statistic, "5minute", start, end)

    async def async_sums(self, statistic: Statistic) -> list[HourlySum]:
        """Return all hourly rows of a sum, no matter who wrote them."""
        return await self._async_rows(
            statistic,
            "hour",
            0.0,
            None,
            {"state", "sum"},
            lambda rows: [
                HourlySum(int(row["start"]), row.get("state"), total)
                for row in rows
                if (total := row.get("sum")) is not None
            ],
        )

    async def async_has_hours(
        self, statistic: Statistic, start: float, end: float | None = None
    ) -> set[int]:
        """Return the starts of the hours from `start` on that have a row."""
        return await self._async_rows(
            statistic,
            "hour",
            start,
            end,
            {"mean", "sum"},
            lambda rows: {int(row["start"]) for row in rows},
        )

    async def _async_sums(
        self,
        statistic: Statistic,
        period: Literal["5minute", "hour"],
        start: float,
        end: float | None,
    ) -> list[Row]:
        length = HOUR if period == "hour" else SHORT_TERM
        return await self._async_rows(
            statistic,
            period,
            start,
            end,
            {"state", "sum"},
            lambda rows: [
                Row(int(row["start"]), length, nan if state is None else state, total)
                for row in rows
                if (total := row.get("sum")) is not None
                for state in (row.get("state"),)
            ],
        )

    async def _async_rows[T](
        self,
        statistic: Statistic,
        period: Literal["5minute", "hour"],
        start: float,
        end: float | None,
        types: set[Literal["change", "last_reset", "max", "mean", "min", "state", "sum"]],
        made: Callable[[list[StatisticsRow]], T],
    ) -> T:
        """Read rows and convert them with `made`, outside of the event loop as they can be many."""
        converter = _CONVERTERS.get(statistic.unit)
        units = {str(converter.UNIT_CLASS): statistic.unit} if converter else None

        def read() -> T:
            found = statistics_during_period(
                self._hass,
                dt_util.utc_from_timestamp(start),
                None if end is None else dt_util.utc_from_timestamp(end),
                {statistic.id},
                period,
                units,
                types,
            )
            return made(found.get(statistic.id, []))

        return await async_ask(self._hass, read)

    @property
    def _recorder(self) -> Recorder:
        return get_instance(self._hass)

    async def _async_metadata(self, statistic_id: str) -> StatisticMetaData | None:
        def read() -> StatisticMetaData | None:
            found = get_metadata(self._hass, statistic_ids={statistic_id}).get(statistic_id)
            return found[1] if found else None

        return await async_ask(self._hass, read)

    async def _async_values(
        self, statistic: Statistic, start: float, end: float
    ) -> dict[int, Values]:
        """Return the stored values of the hourly rows between two times."""
        return await self._async_rows(
            statistic, "hour", start, end, set(_COLUMNS), _values_by_start
        )

    async def _async_first_after(self, statistic: Statistic, moment: int) -> Row | None:
        """Return the first row from a time on; a short-term row precedes an hourly one."""
        rows = [
            *await self.async_short_term_rows(statistic, moment),
            *await self.async_hourly_rows(statistic, moment),
        ]
        return min(rows, key=lambda row: (row.start, row.length), default=None)

    async def _async_first_sum(
        self, statistic: Statistic, start: int
    ) -> tuple[int, int, float] | None:
        """Return start, length and sum of the first row that an adjustment from `start` changes.

        This is an hourly row if there is one, because short-term rows are purged.
        """
        hour = full_hour(start)
        return (
            await self._async_sum(statistic, "hour", hour, hour + 7 * 24 * HOUR)
            or await self._async_sum(statistic, "hour", hour, None)
            or await self._async_sum(statistic, "5minute", start, None)
        )

    async def _async_sum(
        self,
        statistic: Statistic,
        period: Literal["5minute", "hour"],
        start: int,
        end: int | None,
    ) -> tuple[int, int, float] | None:
        """Return start, length and sum of the first row between two times that has a sum."""
        length = HOUR if period == "hour" else SHORT_TERM
        return await self._async_rows(
            statistic,
            period,
            start,
            end,
            {"sum"},
            lambda rows: next(
                (
                    (int(row["start"]), length, total)
                    for row in rows
                    if (total := row.get("sum")) is not None
                ),
                None,
            ),
        )

    async def _async_import(
        self, metadata: StatisticMetaData, unit: str, rows: Mapping[int, Values]
    ) -> None:
        """Write rows, in the unit in which Home Assistant stores the statistic."""
        convert = _conversion(unit, metadata)
        # The source of an external statistic is the name of its integration.
        is_internal = metadata["source"] == RECORDER
        add = async_import_statistics if is_internal else async_add_external_statistics
        for batch in batched(rows.items(), BATCH, strict=False):
            data = await self._hass.async_add_executor_job(_batch, batch, convert)
            add(self._hass, metadata, data)
            await self._async_recorded()

    async def _async_adjust(self, statistic: Statistic, start: int, amount: float) -> None:
        self._recorder.async_adjust_statistics(
            statistic_id=statistic.id,
            start_time=dt_util.utc_from_timestamp(start),
            sum_adjustment=amount,
            adjustment_unit=statistic.unit,
        )
        await self._async_recorded()

    async def _async_delete(self, statistic_id: str, ranges: Sequence[Sequence[int]]) -> None:
        """Delete the hours of ranges, each given by its first and its last hour."""

        def delete() -> None:
            with session_scope(hass=self._hass) as session:
                for first, last in ranges:
                    session.execute(
                        _DELETE, {"statistic_id": statistic_id, "first": first, "last": last}
                    )

        if ranges:
            await self._async_recorded()
            await async_ask(self._hass, delete)

    async def _async_recorded(self) -> None:
        """Wait until the recorder has processed its queue.

        The recorder calls back after an update of metadata, even after one that changes nothing.
        """
        done = asyncio.Event()

        def set_done() -> None:
            self._hass.loop.call_soon_threadsafe(done.set)

        self._recorder.async_update_statistics_metadata("", on_done=set_done)
        try:
            async with asyncio.timeout(RECORDER_TIMEOUT.total_seconds()):
                await done.wait()
        except TimeoutError as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="database_refused"
            ) from err


async def async_ask[T](hass: HomeAssistant, read: Callable[[], T]) -> T:
    """Call a function that reads the database in the recorder's executor, and return its result.

    Raises HomeAssistantError if there is no recorder, it is still starting, or the database refuses.
    """
    if RECORDER not in hass.config.components or async_migration_in_progress(hass):
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="no_recorder")
    try:
        return await get_instance(hass).async_add_executor_job(read)
    except SQLAlchemyError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key="database_refused"
        ) from err


def new_metadata(statistic: Statistic) -> StatisticMetaData:
    """Return the metadata of a statistic that does not exist in the recorder yet."""
    converter = _CONVERTERS.get(statistic.unit)
    return StatisticMetaData(
        mean_type=StatisticMeanType.NONE if statistic.has_sum else StatisticMeanType.ARITHMETIC,
        has_sum=statistic.has_sum,
        name=statistic.name,
        source=DOMAIN if statistic.is_external else RECORDER,
        statistic_id=statistic.id,
        unit_class=converter.UNIT_CLASS if converter else None,
        unit_of_measurement=statistic.unit,
    )


def _conversion(unit: str, metadata: StatisticMetaData) -> Callable[[float], float]:
    """Return the conversion from a unit to the one in which Home Assistant stores the statistic.

    Raises HomeAssistantError if there is none.
    """
    stored, converter = metadata["unit_of_measurement"], _CONVERTERS.get(unit)
    if stored == unit:
        return _as_is
    if converter is None or metadata["unit_class"] != converter.UNIT_CLASS:
        raise not_written(metadata["statistic_id"])
    return converter.converter_factory(unit, stored)


def _as_is(value: float) -> float:
    return value


def _values_by_start(rows: Iterable[StatisticsRow]) -> dict[int, Values]:
    """Return the values of rows by the start of the row."""
    found: dict[int, Values] = {}
    for row in rows:
        values: Mapping[str, Any] = row
        found[int(row["start"])] = {
            name: values[name] for name in _COLUMNS if values.get(name) is not None
        }
    return found


def _batch(
    rows: Iterable[tuple[int, Values]], convert: Callable[[float], float]
) -> list[StatisticData]:
    """Return rows in the form that Home Assistant imports."""
    return [_data(start, values, convert) for start, values in rows]


def _data(start: int, values: Values, convert: Callable[[float], float]) -> StatisticData:
    """Return a row in the form that Home Assistant imports."""
    data: dict[str, Any] = {"start": dt_util.utc_from_timestamp(start)}
    for name, value in values.items():
        if value is not None:
            is_time = name == "last_reset"
            data[name] = dt_util.utc_from_timestamp(value) if is_time else convert(value)
    return cast("StatisticData", data)


def not_written(statistic_id: str) -> HomeAssistantError:
    """Return the error for a statistic that could not be written."""
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="not_written",
        translation_placeholders={"statistic_id": statistic_id},
    )


def statistic_id(value: Any) -> str:
    """Validate an entity id, or the id of an external statistic such as `tibber:energy`."""
    text = cv.string(value)
    return text if ":" in text else cv.entity_id(text)
