"""Diagnostics for bug reports, without data that identify the home."""

from collections import Counter
from dataclasses import asdict
from datetime import datetime, timedelta
import re
from typing import Any, Final

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import FritzBoxCoordinator, PyHabConfigEntry
from .costs.account import CONF_PRICES, CounterPrices, stored_prices
from .counters.store import CounterStore
from .fritzbox.devices import Device, MeterKind
from .history.statistics.editor import get_editor
from .history.statistics.journal import StatisticChanges
from .meter.coordinator import MeterCoordinator
from .meter.meter import Meter
from .meter.replacements import ReplacementRecord
from .sml.registers import COUNTERS

REDACT: Final = {
    "ain",
    "answer_topic",
    "command_topic",
    "host",
    "identifier",
    "meter_id",
    "name",
    "owner_ain",
    "password",
    "serial",
    "title",
    "topic",
    "unique_id",
    "unit",
    "username",
}
_HOUR: Final = timedelta(hours=1)
_NUMBER: Final = re.compile(r"-?\d{1,12}(\.\d{0,6})?")
_DIGITS: Final = 3
"""Significant digits of a reading: enough to see its unit, too few to recognize a meter."""
_AGES: Final = {
    "seconds": timedelta(minutes=1),
    "minutes": timedelta(hours=1),
    "hours": timedelta(days=1),
    "days": timedelta(days=365),
}
"""How long ago something was, by the duration that it stays below."""


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: PyHabConfigEntry
) -> dict[str, Any]:
    """Return diagnostics for an entry."""
    about: dict[str, Any] = {
        "entry": {
            "data": dict(entry.data),
            "options": {key: each for key, each in entry.options.items() if key != CONF_PRICES},
        },
        "prices": [_about_prices(found) for found in stored_prices(entry.options).values()],
        "state": entry.state.value,
        "error": entry.error_reason_translation_key,
    }
    if entry.state is not ConfigEntryState.LOADED:
        return _redacted(about)
    coordinator, counters = entry.runtime_data.coordinator, entry.runtime_data.counters
    match coordinator:
        case FritzBoxCoordinator() as fritzbox:
            of_source = _about_box(fritzbox, counters)
        case MeterCoordinator() as reader:
            of_source = _about_reader(reader, counters)
    about |= {
        "costs": [
            {"until": figures.until, "waiting": figures.waiting}
            for figures in entry.runtime_data.costs.figures.values()
        ],
        "last_update_success": coordinator.last_update_success,
        "last_exception": _kind(coordinator.last_exception),
        "history": _about_history(hass, entry),
    }
    return _redacted(about | of_source)


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: PyHabConfigEntry, device: dr.AnyDeviceEntry
) -> dict[str, Any]:
    """Return diagnostics for a device: its parts for a device at a box, otherwise the entry."""
    if entry.state is ConfigEntryState.LOADED and isinstance(
        fritzbox := entry.runtime_data.coordinator, FritzBoxCoordinator
    ):
        identifiers = {identifier for domain, identifier in device.identifiers if domain == DOMAIN}
        parts = [item for item in fritzbox.data.devices.values() if item.owner_ain in identifiers]
        if parts:
            numbers = _numbers(fritzbox)
            return _redacted({"devices": [_about(item, numbers) for item in parts]})
    return await async_get_config_entry_diagnostics(hass, entry)


def _about_box(fritzbox: FritzBoxCoordinator, counters: CounterStore) -> dict[str, Any]:
    """Return diagnostics for a box and its devices; a number replaces the identifier of each."""
    numbers = _numbers(fritzbox)
    return {
        "box": asdict(fritzbox.box),
        "fritzos": fritzbox.data.firmware_version,
        "seconds_between_polls": _seconds(fritzbox.update_interval),
        "seconds_since_last_answer": _seconds_since(fritzbox.last_answer),
        "skipped_entries": fritzbox.data.skipped_entries,
        "devices": [_about(item, numbers) for item in fritzbox.data.devices.values()],
        "counters": {
            f"device {number}": about_counter
            for ain, number in numbers.items()
            if (about_counter := _about_counter(counters, ain))
        },
        "rejected_readings": {
            f"device {numbers[ain]}: {verdict}": count
            for (ain, verdict), count in counters.rejected.items()
            if ain in numbers
        },
    }


def _about_reader(reader: MeterCoordinator, counters: CounterStore) -> dict[str, Any]:
    """Return diagnostics for a reader and its meters."""
    return {
        "available": reader.available,
        "reader": {"version": reader.link.info.version},
        "meters": {
            meter_index or "1": _about_meter(meter, counters)
            for meter_index, meter in reader.meters.items()
        },
        "replacements": [
            _about_replacement(record) for record in reader.meters.replacements.records
        ],
        "unreadable_messages": reader.meters.router.unreadable,
        "rejected_readings": {
            f"{counter}: {verdict}": count
            for (counter, verdict), count in counters.rejected.items()
        },
    }


def _numbers(fritzbox: FritzBoxCoordinator) -> dict[str, int]:
    """Return a number for each device, which replaces its identifier."""
    return {ain: number for number, ain in enumerate(fritzbox.data.devices)}


def _about(device: Device, numbers: dict[str, int]) -> dict[str, Any]:
    about = asdict(device)
    meter = device.power_meter
    if meter is not None and meter.kind is not MeterKind.CONSUMPTION and meter.energy is not None:
        # The supplier knows the readings of the house connection.
        about["power_meter"]["energy"] = _rounded(meter.energy)
    return about | {
        "number": numbers[device.ain],
        "part_of": numbers[device.owner_ain],
    }


def _about_counter(counters: CounterStore, key: str) -> dict[str, Any]:
    """Return how a counter was judged, empty without any reading. Its readings stay out."""
    last = counters.last_reading(key)
    rejected = {
        verdict.value: count
        for (other, verdict), count in counters.rejected.items()
        if other == key
    }
    if last is None and not rejected:
        return {}
    return {
        "seconds_since_accepted": _seconds_since(last.at) if last else None,
        "rejected": rejected,
        "gaps_to_repair": sum(gap.key == key for gap in counters.gaps),
    }


def _about_meter(meter: Meter, counters: CounterStore) -> dict[str, Any]:
    """Return diagnostics for a meter. Unknown values are redacted or rounded: one may be its number."""
    now = dt_util.utcnow()
    waiting = meter.waiting_counter(now)
    return {
        "registers": {
            quantity.value: {
                "key": (key := meter.keys.get(quantity)),
                "factor": meter.resolver.mappings.factor_of(key) if key else None,
                "value": _rounded(value),
                "fresh": meter.is_fresh(quantity, now),
                **(
                    _about_counter(counters, meter.counter_key(quantity))
                    if quantity in COUNTERS
                    else {}
                ),
            }
            for quantity, value in meter.values.items()
        },
        "waiting": {"key": waiting.key, "verdict": waiting.verdict.value} if waiting else None,
        "seconds_since_last_message": _seconds_since(meter.freshness.last_seen),
        "unknown": {
            key: f"{_rounded(float(text)):.12g}" if _NUMBER.fullmatch(text) else REDACTED
            for key, text in meter.resolver.unknown.items()
        },
        "problems": meter.problems,
        "has_number": meter.identity.number is not None,
        "manufacturer": meter.identity.manufacturer_name,
        **meter.learned.as_stored(),
    }


def _about_replacement(record: ReplacementRecord) -> dict[str, Any]:
    """Return what is known of a counter that went on from another reading."""
    return {
        "meter": record.meter_index or "1",
        "quantity": record.quantity.value,
        "verdict": record.verdict.value,
        "before": _rounded(record.before),
        "now": _rounded(record.now),
        "at": record.at,
        "seconds_without_reading": round(record.gap.end - record.gap.start) if record.gap else None,
        "answer": record.answer,
    }


def _about_history(hass: HomeAssistant, entry: PyHabConfigEntry) -> dict[str, Any]:
    """Return when the history ran and what it has changed; the ids of statistics are names."""
    history = entry.runtime_data.history
    last = history.last_run
    return {
        "seconds_since_last_run": _seconds_since(last.at) if last else None,
        "seconds_until_next_run": _seconds_until(history.next_run),
        "seconds_since_last_check": _seconds_since(history.last_check),
        "left_out": Counter(
            reason for report in (last.result if last else ()) for reason in report.left_out
        ),
        "statistics": [
            {"of": _quantity(hass, statistic_id), **_about_changes(changes)}
            for statistic_id, changes in get_editor(hass).journal.of_entry(entry.entry_id).items()
        ],
    }


def _quantity(hass: HomeAssistant, statistic_id: str) -> str | None:
    """Return what a statistic measures, None for one that has no entity."""
    entity = er.async_get(hass).async_get(statistic_id)
    return (entity.translation_key or entity.original_device_class) if entity else None


def _about_changes(changes: StatisticChanges) -> dict[str, Any]:
    return {
        "changes": Counter(str(event.get("work")) for event in changes.events),
        "hours_inserted": sum(
            int((last - first) // _HOUR.total_seconds()) + 1
            for first, last in changes.done.inserted
        ),
        "rows_replaced": len(changes.done.replaced),
        "sum_adjustments": len(changes.done.sum_adjustments),
        "pending": changes.planned is not None,
        "undone": changes.undone,
    }


def _kind(error: BaseException | None) -> str | None:
    """Return the class of an error; its text may contain an address."""
    return type(error).__name__ if error else None


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _seconds(duration: timedelta | None) -> int | None:
    return None if duration is None else round(duration.total_seconds())


def _seconds_since(moment: datetime | None) -> int | None:
    return None if moment is None else _seconds(dt_util.utcnow() - moment)


def _seconds_until(moment: datetime | None) -> int | None:
    return None if moment is None else _seconds(moment - dt_util.utcnow())


def _about_prices(found: CounterPrices) -> dict[str, Any]:
    """Return of what kind the prices of a counter are; amounts and entities are private."""
    return {
        "prices": len(found.prices),
        "windows": sum(len(price.windows) for price in found.prices),
        "entities": sum(price.entity is not None for price in found.prices),
        "has_contract": found.contract is not None,
    }


def _redacted(about: dict[str, Any]) -> dict[str, Any]:
    redacted: dict[str, Any] = async_redact_data(_plain(about), REDACT)
    return redacted


def _age(moment: datetime) -> str:
    """Return how long ago or how far ahead a time is, such as "hours ago".

    A wrong unit or time zone shows, and not when somebody came home.
    """
    since = dt_util.utcnow() - moment
    unit = next((unit for unit, limit in _AGES.items() if abs(since) < limit), "years")
    return f"{unit} ago" if since >= timedelta() else f"{unit} ahead"


def _plain(value: Any) -> Any:
    """Return a value with lists instead of tuples, in which nothing would be redacted.

    Times become ages.
    """
    match value:
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case frozenset():
            return sorted(value)
        case tuple() | list():
            return [_plain(item) for item in value]
        case datetime():
            return _age(value)
        case _:
            return value
