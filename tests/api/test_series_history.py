"""The state of the history of a series, as the action returns it."""

from datetime import timedelta

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.counters.verdict import Verdict
from custom_components.py_hab.history.planning.change import ChangeReason
from custom_components.py_hab.history.planning.rows import SumRow
from custom_components.py_hab.history.statistics.editor import get_editor
from custom_components.py_hab.history.statistics.gateway import Statistic
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized
from homeassistant.util import dt as dt_util
from simulator.fritzbox_devices import REFRIGERATOR
from tests.support.api import act
from tests.support.changing import write
from tests.support.measured_home import ENERGY, HOUR, POWER, this_hour, write_hours

OTHER = "sensor.of_another_integration"
_COUNTER = Statistic(id=ENERGY, unit="kWh", has_sum=True)


async def test_a_history_says_since_when_and_where_its_hours_come_from(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await write_hours(hass)
    # Two hours before all others were imported, two more before a hole were spread.
    first = this_hour() - 48 * HOUR
    older, oldest = (int((first - number * HOUR).timestamp()) for number in (2, 10))
    imported = [SumRow(older + number * 3600, 0.0, 0.0) for number in range(2)]
    await write(get_editor(hass), _COUNTER, imported, ChangeReason.IMPORT)
    spread = [SumRow(oldest + number * 3600, 0.0, 0.0) for number in range(2)]
    await write(get_editor(hass), _COUNTER, spread, ChangeReason.OUTAGE)
    entry.runtime_data.counters.rejected[REFRIGERATOR, Verdict.DECREASED] = 3

    found = await act(hass, "get_history", entity_id=ENERGY)

    def local(hours: int) -> str:
        return dt_util.as_local(first + timedelta(hours=hours)).isoformat()

    assert found == {
        "entity_id": ENERGY,
        "config_entry_id": entry.entry_id,
        "since": local(-10),
        "origins": {"spread": 2, "imported": 2, "measured": 48},
        "spread": [{"start": local(-10), "end": local(-8)}],
        "missing": [{"start": local(-8), "end": local(-2)}],
        "rejected": {Verdict.DECREASED.value: 3},
        "last_reading": found["last_reading"],
    }
    assert found["last_reading"].startswith("2026-03-20T19:0")


async def test_a_series_without_statistics_has_an_empty_history(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    found = await act(hass, "get_history", entity_id="sensor.nobody_knows")
    assert (found["since"], found["origins"], found["missing"]) == (None, {}, [])
    assert (found["config_entry_id"], found["last_reading"], found["rejected"]) == (None, None, {})


async def test_a_measurement_has_no_counter_and_another_integration_no_entry(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await write_hours(hass, POWER, "W")
    await write_hours(hass, OTHER)
    power, other = [await act(hass, "get_history", entity_id=each) for each in (POWER, OTHER)]
    assert (power["config_entry_id"], power["last_reading"]) == (entry.entry_id, None)
    assert (other["config_entry_id"], other["origins"]) == (None, {"measured": 48})


async def test_the_history_of_an_unloaded_entry_is_still_there(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await write_hours(hass)
    await hass.config_entries.async_unload(entry.entry_id)
    found = await act(hass, "get_history", entity_id=ENERGY)
    assert (found["config_entry_id"], found["rejected"]) == (entry.entry_id, {})
    assert found["origins"] == {"measured": 48}


async def test_who_may_not_see_an_entity_does_not_see_its_history(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await hass.auth.async_create_user("owner")
    user = await hass.auth.async_create_user("guest")
    with pytest.raises(Unauthorized):
        await act(hass, "get_history", Context(user_id=user.id), entity_id=ENERGY)
