"""What is stored of the meters of a reader."""

from datetime import timedelta
from typing import Any

from custom_components.py_hab.const import DOMAIN
from homeassistant.core import HomeAssistant
from tests.support.mocked_reader import MINUTE, PRINTED, MockedReader
from tests.support.passing_time import Time
from tests.support.watching import meter_state


async def test_invalid_stored_data_is_no_obstacle(
    time: Time, hass: HomeAssistant, hass_storage: dict[str, Any], mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    key = f"{DOMAIN}.{entry.entry_id}"
    all_notes: list[Any] = [None, [], {"meters": 5, "learned": [], "replacements": {}}]
    for notes in all_notes:
        hass_storage[key] = {
            "version": 1,
            "minor_version": 2,
            "key": key,
            "data": {"counters": {"energy_import": [15118.9, None]}, "notes": notes},
        }
        await mocked_reader.set_up(entry)
        # After a silence of nobody knows how long the first reading is confirmed.
        await mocked_reader.lives(MINUTE)
        assert meter_state(hass, entry, "energy_import") == "15119.035", notes
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_stored_data_is_written_while_the_meter_runs(
    time: Time, hass: HomeAssistant, hass_storage: dict[str, Any], mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry(prefix="MT681")
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=20), E_in=0.01)
    stored = hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]
    assert stored["counters"]["energy_import"][0] > 15119.1
    assert stored["notes"]["meters"] == {"": {"prefix": "MT681", "number": PRINTED}}
