"""Reads the hourly values of a statistic from the recorder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from homeassistant.components.recorder.models import StatisticMetaData
from homeassistant.components.recorder.statistics import get_metadata, statistics_during_period
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, UnitOfEnergy, UnitOfPower
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import EnergyConverter, PowerConverter

_EPOCH: Final = dt_util.utc_from_timestamp(0)
_ENERGY_AND_POWER: Final[Mapping[str, str]] = {
    EnergyConverter.UNIT_CLASS: UnitOfEnergy.KILO_WATT_HOUR,
    PowerConverter.UNIT_CLASS: UnitOfPower.WATT,
}
"""Units by their class."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hours:
    """The hours of a statistic.

    The value of an hour is its mean power for a counter of energy, its rise for any other counter, and
    its mean for a measurement.
    """

    unit: str
    """W for a counter of energy."""
    is_energy: bool
    """Whether the statistic is a counter of energy, so that the sum of its values is known."""
    values: Mapping[int, float]
    """By the unix time of their start, ascending."""


def read_hourly(
    hass: HomeAssistant,
    statistic_id: str,
    start: datetime | None,
    end: datetime | None,
    *,
    as_stored: bool,
) -> Hours | None:
    """Return the hours of a statistic that start in a time range, None if it does not exist.

    Values are in the unit in which they are stored, or, without `as_stored`, power in W and all else as
    its entity shows it. Must be called in the recorder's executor.
    """
    found = get_metadata(hass, statistic_ids={statistic_id}).get(statistic_id)
    if found is None:
        return None
    about = found[1]
    is_energy = about["has_sum"] and about["unit_of_measurement"] in EnergyConverter.VALID_UNITS
    name, factor = "change" if about["has_sum"] else "mean", 1000.0 if is_energy else 1.0
    units = _ENERGY_AND_POWER if is_energy or not as_stored else _units_as_stored(about)
    types: Any = {name}
    rows = statistics_during_period(
        hass,
        start or _EPOCH,
        end,
        {statistic_id},
        "hour",
        # What is of none of these classes is converted to the unit in which its entity is shown.
        dict(units),
        types,
    ).get(statistic_id, [])
    unit = about["unit_of_measurement"] or ""
    if is_energy:
        unit = UnitOfPower.WATT
    elif not as_stored:
        shown = _shown_unit(hass, statistic_id)
        unit = units.get(about["unit_class"] or "") or shown or unit
    hours = cast("Sequence[Mapping[str, Any]]", rows)
    return Hours(
        unit=unit,
        is_energy=is_energy,
        values={
            int(row["start"]): row[name] * factor for row in hours if row.get(name) is not None
        },
    )


def _units_as_stored(about: StatisticMetaData) -> Mapping[str, str]:
    """Return the unit of a statistic by its class; without a class, nothing is converted."""
    unit, unit_class = about["unit_of_measurement"], about["unit_class"]
    return {unit_class: unit} if unit_class and unit else {}


def _shown_unit(hass: HomeAssistant, statistic_id: str) -> str | None:
    state = hass.states.get(statistic_id)
    return state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) if state else None
