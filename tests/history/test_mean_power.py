"""Power from before set-up, in a real recorder: an option, off by default."""

from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import CONF_POWER_HISTORY
from custom_components.py_hab.history.sources import sources
from custom_components.py_hab.history.statistics.origin import async_origins
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from tests.support.api import act
from tests.support.box_house import METER
from tests.support.living import recorded, rows

EXPORT: Final = "sensor.stromzahler_energy_export"
POWER: Final = "sensor.stromzahler_power"
FRIDGE: Final = "sensor.kuhlschrank_energy"
FRIDGE_POWER: Final = "sensor.kuhlschrank_power"


async def reported(hass: HomeAssistant, entry: MockConfigEntry, **data: Any) -> dict[str, Any]:
    """Let the history be completed; return what was reported of each statistic."""
    answer = await act(hass, "backfill", config_entry_id=entry.entry_id, **data)
    await recorded(hass)
    return {item["entity_id"]: item for item in answer["entities"]}


async def with_power(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, CONF_POWER_HISTORY: True}
    )
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()


async def changes(hass: HomeAssistant, entity_id: str) -> dict[int, float]:
    """Return the Wh of each hour."""
    return {int(row["start"]): 1000 * (row["change"] or 0.0) for row in await rows(hass, entity_id)}


async def means(hass: HomeAssistant, entity_id: str) -> dict[int, float]:
    return {int(row["start"]): row["mean"] for row in await rows(hass, entity_id)}


async def test_power_is_not_written_without_the_option(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    assert METER in await reported(hass, entry)
    assert not await means(hass, POWER)
    assert not await means(hass, FRIDGE_POWER)


async def test_mean_power_is_the_energy_of_each_hour(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await with_power(hass, entry)
    preview = await reported(hass, entry, dry_run=True)
    # The counters have no hours yet.
    assert preview[POWER]["rows"] == 0
    done = await reported(hass, entry)
    drawn, fed_in = await changes(hass, METER), await changes(hass, EXPORT)
    power = await means(hass, POWER)
    assert done[POWER]["rows"] == len(power) > 300
    assert done[POWER]["energy"] is None
    assert power == pytest.approx({hour: drawn[hour] - fed_in[hour] for hour in power})
    assert min(power.values()) < 0 < max(power.values())
    assert await means(hass, FRIDGE_POWER) == pytest.approx(await changes(hass, FRIDGE))
    assert await async_origins(hass, FRIDGE_POWER) == await async_origins(hass, FRIDGE)
    # Nothing is left to do, and it can be taken back.
    assert (await reported(hass, entry))[POWER]["rows"] == 0
    await act(hass, "undo_history", entity_id=POWER)
    await recorded(hass)
    assert not await means(hass, POWER)
    assert await changes(hass, METER) == drawn


async def test_power_follows_when_energy_is_spread_again(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await hass.config.async_update(latitude=52.5, longitude=13.4)
    await with_power(hass, entry)
    await reported(hass, entry)
    before = await means(hass, FRIDGE_POWER)
    await reported(hass, entry, reshape=True)
    after = await means(hass, FRIDGE_POWER)
    assert after != before
    assert after == pytest.approx(await changes(hass, FRIDGE))


async def test_power_is_unknown_while_a_direction_is(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await with_power(hass, entry)
    er.async_get(hass).async_update_entity(EXPORT, disabled_by=er.RegistryEntryDisabler.USER)
    found = [
        source.statistic.id
        for source in sources(hass, entry.runtime_data.coordinator)
        if source.power is not None
    ]
    assert FRIDGE_POWER in found
    assert POWER not in found
