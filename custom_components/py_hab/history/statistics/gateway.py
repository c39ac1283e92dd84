"""The recorder's statistics: what is read, and the few things that can be done to them.

Only `statistics.py` writes; it notes first what it will do.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
import logging
from math import nan
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
from ..planning.rows import HOUR, SHORT_TERM, Row, full_hour
from .journal import Values

_LOGGER = logging.getLogger(__name__)

COMPILED_AFTER: Final = 120.0
"""Seconds after an hour's end when it is certainly compiled, or its compilation is in the
recorder's queue before us: Home Assistant starts it ten seconds after the hour."""
PATIENCE: Final = 600.0
"""Seconds that the recorder may take for what it was told, and for all that waits before it."""
BATCH: Final = 250
"""Rows handed over at once: Home Assistant walks over them in the event loop."""
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
"""The tables are documented for their users (Home Assistant's data science portal). To delete
single rows there is no function, and clearing a whole statistic would take live rows along."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Statistic:
    """What rows belong to, and in which unit we reckon."""

    id: str
    """An entity id, or `py_hab:...` for what has no entity."""
    unit: str
    """kWh, °C, % ...; Home Assistant may store another one."""
    has_sum: bool
    name: str | None = None
    """For what has no entity."""
    entry_id: str | None = None
    """The config entry to which it belongs."""

    @property
    def is_external(self) -> bool:
        """Whether nobody but us writes it."""
        return self.id.startswith(f"{DOMAIN}:")


class RecorderGateway:
    """The recorder's statistics of one Home Assistant. Every method waits for the recorder."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Know where they are."""
        self._hass = hass

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
        """Whether there is a statistic with sums of energy."""
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
        """Return the hourly rows of a counter from a moment on."""
        return await self._async_sums(statistic, "hour", start, end)

    async def async_short_term_rows(
        self, statistic: Statistic, start: float = 0.0, end: float | None = None
    ) -> list[Row]:
        """Return the five-minute rows of a sum, as far back as Home Assistant keeps them."""
        return await self._async_sums(statistic, "5minute", start, end)

    async def async_sums(self, statistic: Statistic) -> list[tuple[int, float | None, float]]:
        """Return start, state and sum of all hourly rows, whoever has written them."""
        return await self._async_rows(
            statistic,
            "hour",
            0.0,
            None,
            {"state", "sum"},
            lambda rows: [
                (int(row["start"]), row.get("state"), total)
                for row in rows
                if (total := row.get("sum")) is not None
            ],
        )

    async def async_has_hours(
        self, statistic: Statistic, start: float, end: float | None = None
    ) -> set[int]:
        """Return the hours from a moment on that have a row."""
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
        """Return what is made of rows; they are many, and stay out of the event loop."""
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
        """Return the rows between two moments as they stand there."""
        return await self._async_rows(statistic, "hour", start, end, set(_COLUMNS), _as_they_stand)

    async def _async_first_after(self, statistic: Statistic, moment: int) -> Row | None:
        """Return the first row from a moment on, five-minute rows before hourly ones."""
        rows = [
            *await self.async_short_term_rows(statistic, moment),
            *await self.async_hourly_rows(statistic, moment),
        ]
        return min(rows, key=lambda row: (row.start, row.length), default=None)

    async def _async_first_sum(
        self, statistic: Statistic, start: int
    ) -> tuple[int, int, float] | None:
        """Return start, length and sum of the first row that a shift from a moment on will change.

        That is an hourly row, if there is one: those of five minutes will be purged.
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
        """Return start, length and sum of the first row between two moments that has a sum."""
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
        """Hand rows over, in the unit in which Home Assistant stores them."""
        convert = _conversion(unit, metadata)
        # Statistics of others have the name of their integration.
        ours = metadata["source"] == RECORDER
        add = async_import_statistics if ours else async_add_external_statistics
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
            await async_ask(self._hass, delete)

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


async def async_ask[T](hass: HomeAssistant, read: Callable[[], T]) -> T:
    """Call what needs the database in the recorder's executor.

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
    """Return the metadata of a statistic that Home Assistant does not know yet."""
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
    """Return how values get into the unit in which Home Assistant stores them.

    Raises HomeAssistantError if there is no way from one to the other.
    """
    stored, converter = metadata["unit_of_measurement"], _CONVERTERS.get(unit)
    if stored == unit:
        return _as_is
    if converter is None or metadata["unit_class"] != converter.UNIT_CLASS:
        raise not_written(metadata["statistic_id"])
    return converter.converter_factory(unit, stored)


def _as_is(value: float) -> float:
    return value


def _as_they_stand(rows: Iterable[StatisticsRow]) -> dict[int, Values]:
    """Return what rows hold, by when they start."""
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
    """Return rows as Home Assistant takes them."""
    return [_data(start, values, convert) for start, values in rows]


def _data(start: int, values: Values, convert: Callable[[float], float]) -> StatisticData:
    """Return a row as Home Assistant takes it."""
    data: dict[str, Any] = {"start": dt_util.utc_from_timestamp(start)}
    for name, value in values.items():
        if value is not None:
            is_time = name == "last_reset"
            data[name] = dt_util.utc_from_timestamp(value) if is_time else convert(value)
    return cast("StatisticData", data)


def not_written(statistic_id: str) -> HomeAssistantError:
    """Return the error for what cannot be found, or not be written, in a statistic."""
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="not_written",
        translation_placeholders={"statistic_id": statistic_id},
    )


def statistic_id(value: Any) -> str:
    """Accept an entity, or a statistic of an integration (`tibber:energy`)."""
    text = cv.string(value)
    return text if ":" in text else cv.entity_id(text)
