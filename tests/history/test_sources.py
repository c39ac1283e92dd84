"""The values of an entry that have statistics."""

from datetime import timedelta

from homeassistant.helpers import entity_registry as er
from tests.support.box_house import (
    FRIDGE,
    METER,
    House,
)
from tests.support.living import recorded, rows


async def test_history_follows_an_entity_that_is_renamed(house: House) -> None:
    await house.start()
    await house.lives(timedelta(minutes=15))
    before = await rows(house.hass, METER)
    registry = er.async_get(house.hass)
    registry.async_update_entity(METER, new_entity_id="sensor.strom")
    await recorded(house.hass)
    assert await rows(house.hass, "sensor.strom") == before
    assert (await house.act("backfill"))["sensor.strom"]["rows"] == 0
    await house.to_the_hour(10)
    assert len(await rows(house.hass, "sensor.strom")) > len(before)
    assert await rows(house.hass, METER) == []
    await house.act("undo_history", config_entry_id=house.entry.entry_id)
    assert len(await rows(house.hass, "sensor.strom")) <= 2


async def test_an_entity_that_is_switched_off_has_no_history(house: House) -> None:
    await house.start()
    er.async_get(house.hass).async_update_entity(METER, disabled_by=er.RegistryEntryDisabler.USER)
    reported = await house.act("backfill")
    assert set(reported) == {FRIDGE, "sensor.kuhlschrank_temperature"}
    assert await rows(house.hass, METER) == []
