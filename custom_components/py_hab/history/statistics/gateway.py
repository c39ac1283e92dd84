"""Reads the recorder's statistics; only the editor changes them."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any, Final, Literal

from sqlalchemy.exc import SQLAlchemyError

from homeassistant.components.recorder import (
    DOMAIN as RECORDER,
    Recorder,
    get_instance,
    is_entity_recorded,
)
from homeassistant.components.recorder.models import (
    StatisticMeanType,
    StatisticMetaData,
)
from homeassistant.components.recorder.statistics import (
    StatisticsRow,
    get_metadata,
    statistics_during_period,
)
from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    PERCENTAGE,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfPower,
    UnitOfTemperature,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.recorder import async_migration_in_progress
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
from ..planning.rows import HOUR, SHORT_TERM, HourlySum, Row

_CONVERTERS: Final[Mapping[str, type[BaseUnitConverter]]] = {
    UnitOfEnergy.KILO_WATT_HOUR: EnergyConverter,
    UnitOfTemperature.CELSIUS: TemperatureConverter,
    UnitOfPower.WATT: PowerConverter,
    UnitOfElectricPotential.VOLT: ElectricPotentialConverter,
    PERCENTAGE: UnitlessRatioConverter,
}


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
    """Gateway to the recorder's statistics. Every method asks the recorder's executor."""

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


async def async_ask[T](hass: HomeAssistant, read: Callable[[], T]) -> T:
    """Call a function that reads the database in the recorder's executor, and return its result.

    A cancelled task ends when the function has ended: otherwise Home Assistant could close the database
    while a thread still reads it. Raises HomeAssistantError if there is no recorder, it is still
    starting, or the database refuses.
    """
    raise_if_no_recorder(hass)
    reading = get_instance(hass).async_add_executor_job(read)
    try:
        await asyncio.wait([reading])
    except asyncio.CancelledError:
        await asyncio.wait([reading])
        reading.exception()
        raise
    try:
        return reading.result()
    except SQLAlchemyError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key="database_refused"
        ) from err


def raise_if_no_recorder(hass: HomeAssistant) -> None:
    """Raise HomeAssistantError if there is no recorder, or if it is still starting."""
    if RECORDER not in hass.config.components or async_migration_in_progress(hass):
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="no_recorder")


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


def conversion(
    unit: str, metadata: StatisticMetaData, *, is_read: bool = False
) -> Callable[[float], float]:
    """Return the conversion from a unit to the one in which Home Assistant stores the statistic.

    If `is_read`, the opposite one. Raises HomeAssistantError if there is none.
    """
    stored, converter = metadata["unit_of_measurement"], _CONVERTERS.get(unit)
    if stored == unit:
        return float
    if converter is None or metadata["unit_class"] != converter.UNIT_CLASS:
        raise not_written(metadata["statistic_id"])
    return converter.converter_factory(*((stored, unit) if is_read else (unit, stored)))


def shown_value(hass: HomeAssistant, statistic: Statistic) -> float | None:
    """Return what the entity of a statistic of ours shows, in the unit in which we calculate.

    None if the entity shows no number, or if the statistic belongs to another integration.
    """
    state, converter = hass.states.get(statistic.id), _CONVERTERS.get(statistic.unit)
    if state is None or statistic.entry_id is None:
        return None
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    try:
        shown = float(state.state)
        if converter is not None:
            shown = converter.convert(shown, unit, statistic.unit)
    except ValueError, HomeAssistantError:
        return None
    return shown if isfinite(shown) else None


def not_written(statistic_id: str) -> HomeAssistantError:
    """Return the error for a statistic that could not be written."""
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="not_written",
        translation_placeholders={"statistic_id": statistic_id},
    )


def not_recorded(statistic_id: str) -> HomeAssistantError:
    """Return the error for an entity that the recorder's settings exclude."""
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="not_recorded",
        translation_placeholders={"statistic_id": statistic_id},
    )


def statistic_id(value: Any) -> str:
    """Validate an entity id, or the id of an external statistic such as `tibber:energy`."""
    text = cv.string(value)
    return text if ":" in text else cv.entity_id(text)
