"""Entries, counters and journals that version 0.1.0 has written lose nothing in an upgrade.

The fixtures were written by that version's code, with a simulated box and a simulated reader.
"""

from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.counters.verdict import Verdict
from custom_components.py_hab.history.statistics.editor import get_editor
from custom_components.py_hab.meter.coordinator import MeterCoordinator
from custom_components.py_hab.sml.registers import Quantity
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from simulator.fritzbox import SimulatedFritzBox
from tests.support.mocked_reader import PRINTED, MockedReader
from tests.support.passing_time import Time

FIXTURES: Final = Path(__file__).parents[1] / "fixtures" / "upgrade"
LATER: Final = timedelta(days=1)


def left_behind(name: str) -> Any:
    """Return the entry, the files and the entities of version 0.1.0."""
    return json.loads((FIXTURES / f"{name}.json").read_text())


def entry_of(hass: HomeAssistant, kept: Any, **data: Any) -> MockConfigEntry:
    """Return the entry, and register its entities, as Home Assistant has them at its start."""
    entry = MockConfigEntry(domain=DOMAIN, **kept["entry"] | {"data": kept["entry"]["data"] | data})
    entry.add_to_hass(hass)
    for entity_id, unique_id in kept["entities"]:
        platform, _, object_id = entity_id.partition(".")
        er.async_get(hass).async_get_or_create(
            platform, DOMAIN, unique_id, config_entry=entry, suggested_object_id=object_id
        )
    return entry


def entities(hass: HomeAssistant, entry: MockConfigEntry) -> set[tuple[str, str]]:
    registered = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return {(item.entity_id, item.unique_id) for item in registered}


@pytest.fixture
def kept(request: pytest.FixtureRequest, hass_storage: dict[str, Any]) -> Any:
    """What version 0.1.0 has left, its files in place."""
    kept = left_behind(request.param)
    hass_storage.update(kept["storage"])
    return kept


def with_new_fields(gap: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a gap as this version stores it."""
    return gap and {**gap, "counted_since": None, "readings": {}}


@pytest.mark.parametrize("kept", ["meter"], indirect=True)
async def test_a_meter_goes_on(
    time: Time,
    hass: HomeAssistant,
    kept: Any,
    hass_storage: dict[str, Any],
    mocked_reader: MockedReader,
) -> None:
    await time.passes(hass, LATER)
    entry = entry_of(hass, kept)
    mocked_reader.blocks["MT681"] |= {"E_in": 1.65, "X1": 230.0, "Total": 900_000.0}
    mocked_reader.blocks["PV"] = {"E_out": 900.75, "Power": 300}
    await mocked_reader.set_up(entry)
    coordinator: MeterCoordinator = entry.runtime_data.coordinator

    assert entities(hass, entry) >= {tuple(item) for item in kept["entities"]}
    assert coordinator.data[""].values[Quantity.ENERGY_IMPORT] == 1.65
    assert coordinator.data[""].values[Quantity.VOLTAGE_L1] == 230.0, "the user's assignment"
    assert coordinator.data[""].values[Quantity.ENERGY_IMPORT_T1] == 900.0, "learned: in Wh"
    assert coordinator.data["2"].values[Quantity.ENERGY_EXPORT] == 900.75
    assert coordinator.data["2"].learned.absolute_power

    first, second = coordinator.meters.replacements.records
    assert (first.answer, second.answer) == ("new_meter", None)
    assert (second.before, second.now, second.verdict) == (15119.315, 1.61, Verdict.REPLACED)
    assert second.gap in entry.runtime_data.counters.gaps
    assert [record.now for record in coordinator.meters.replacements.unanswered("")] == [1.61]

    await mocked_reader.reload(entry)
    written = hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]
    before = kept["storage"][f"{DOMAIN}.{entry.entry_id}"]["data"]
    assert written["notes"]["meters"] == {
        "": {"prefix": "MT681", "number": PRINTED},
        "2": {"prefix": "PV", "number": "1ISK0083886081"},
    }
    assert written["notes"]["replacements"] == [
        {**record, "gap": with_new_fields(record["gap"])}
        for record in before["notes"]["replacements"]
    ]
    # Beside them the day without readings.
    assert written["gaps"][: len(before["gaps"])] == list(map(with_new_fields, before["gaps"]))
    assert written["counters"].keys() >= before["counters"].keys()


@pytest.mark.parametrize("kept", ["box"], indirect=True)
async def test_a_box_goes_on(
    time: Time,
    recorder_mock: Any,
    hass: HomeAssistant,
    kept: Any,
    hass_storage: dict[str, Any],
    box: SimulatedFritzBox,
) -> None:
    # The files were written later than the time at which tests begin.
    time.set_clock(timedelta(hours=6))
    before = {name: json.loads(json.dumps(file)) for name, file in kept["storage"].items()}
    entry = entry_of(hass, kept, **{CONF_HOST: box.url})
    counters = before[f"{DOMAIN}.{entry.entry_id}"]["data"]["counters"]
    gaps = before[f"{DOMAIN}.{entry.entry_id}"]["data"]["gaps"]
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()

    assert entities(hass, entry) >= {tuple(item) for item in kept["entities"]}
    found = entry.runtime_data.counters
    assert all(found.last(key) is not None for key in counters)
    assert [(gap.key, gap.verdict) for gap in found.gaps][: len(gaps)] == [
        (gaps[0]["key"], Verdict.ACCEPTED),
        (gaps[1]["key"], Verdict.REPLACED),
    ]

    journal = get_editor(hass).journal
    stored = before[f"{DOMAIN}.history"]["data"]
    assert {name: item.as_json() for name, item in journal.by_statistic.items()}.keys() >= (
        stored["accounts"].keys()
    )
    for statistic_id, account in stored["accounts"].items():
        again = json.loads(json.dumps(journal.by_statistic[statistic_id].as_json()))
        assert again == account
    last = entry.runtime_data.history.last_run
    assert last.at == datetime(2026, 3, 20, 19, 7, 33, 203331, tzinfo=UTC)
    assert [report.entity_id for report in last.result] == [
        "sensor.kuhlschrank_energy",
        "sensor.kuhlschrank_temperature",
        "sensor.stromzahler_energy_import",
    ]
    assert last.result[0].mended[0].energy == 1.5

    await journal.async_save()
    assert hass_storage[f"{DOMAIN}.history"]["data"] == stored
