"""The runtime data of an entry, and the stored form of the reports of its history."""

from datetime import UTC, datetime
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.coordinator import FritzBoxCoordinator
from custom_components.py_hab.counters.store import CounterStore
from custom_components.py_hab.entry import (
    EntryData,
    MaintenanceResult,
    RepairReport,
    StatisticReport,
)
from custom_components.py_hab.meter.coordinator import MeterCoordinator
from custom_components.py_hab.util.records import decode, encode
from homeassistant.core import HomeAssistant

from .support.mocked_reader import MockedReader
from .support.passing_time import Time
from .support.watching import set_up

AT: Final = datetime(2026, 3, 20, 18, tzinfo=UTC)
REPORT: Final = StatisticReport(
    entity_id="sensor.meter",
    rows=24,
    energy=7.5,
    since=AT,
    left_out=["not_told"],
    mended=[RepairReport(since=AT, until=AT, energy=1.25, shift=0.0, reason="accepted")],
)
LEAST: Final = StatisticReport(entity_id="sensor.temperature", rows=0)


def stored(**changes: Any) -> dict[str, Any]:
    """Return the stored form of a result, with changes to its only report."""
    result = encode(MaintenanceResult(at=AT, result=[REPORT]))
    assert isinstance(result, dict)
    result["result"][0].update(changes)
    return result


async def test_a_loaded_box_has_coordinator_counters_and_history(
    time: Time, hass: HomeAssistant, fritzbox_entry: MockConfigEntry
) -> None:
    await set_up(hass, fritzbox_entry)
    data = fritzbox_entry.runtime_data
    assert isinstance(data, EntryData)
    assert isinstance(data.coordinator, FritzBoxCoordinator)
    assert isinstance(data.counters, CounterStore)
    assert data.history.last_run is not None
    assert data.history.last_run.result == []
    assert data.history.last_check is None


async def test_a_loaded_meter_has_coordinator_counters_and_history(
    hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    data = entry.runtime_data
    assert isinstance(data, EntryData)
    assert isinstance(data.coordinator, MeterCoordinator)
    assert data.counters.last("energy_import") == 15119.035
    assert data.history.last_run is None


@pytest.mark.parametrize("reports", [[], [REPORT], [LEAST, REPORT]])
def test_a_result_is_read_again_as_it_was_stored(reports: list[StatisticReport]) -> None:
    result = MaintenanceResult(at=AT, result=reports)
    assert decode(MaintenanceResult, encode(result)) == result


def test_what_a_stored_report_lacks_gets_its_default() -> None:
    short = {"at": AT.isoformat(), "result": [{"entity_id": "sensor.temperature", "rows": 0}]}
    assert decode(MaintenanceResult, short) == MaintenanceResult(at=AT, result=[LEAST])


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": None},
        {"rows": "24"},
        {"energy": float("nan")},
        {"since": "2026-03-20T18:00:00"},
        {"since": "yesterday"},
        {"left_out": "not_told"},
        {"mended": [{}]},
    ],
    ids=repr,
)
def test_a_report_that_was_edited_wrongly_is_refused(changes: dict[str, Any]) -> None:
    assert decode(MaintenanceResult, stored()) == MaintenanceResult(at=AT, result=[REPORT])
    with pytest.raises(ValueError, match=r"."):
        decode(MaintenanceResult, stored(**changes))
