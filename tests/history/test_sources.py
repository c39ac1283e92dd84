"""The values of an entry that have statistics."""

from datetime import timedelta

from custom_components.py_hab.history.sources import sources
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from simulator.fritzbox_devices import IMPORT, REFRIGERATOR
from tests.support.box_house import (
    FRIDGE,
    METER,
    House,
)
from tests.support.living import recorded, rows
from tests.support.mocked_reader import MockedReader


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


async def test_a_plug_starts_at_zero_and_a_meter_does_not(house: House) -> None:
    await house.start()
    found = {
        source.statistic.id: source
        for source in sources(house.hass, house.entry.runtime_data.coordinator)
    }
    assert found.keys() == {FRIDGE, METER, "sensor.kuhlschrank_temperature"}
    assert {entity_id for entity_id, source in found.items() if source.starts_at_zero} >= {FRIDGE}
    assert not found[METER].starts_at_zero
    assert (found[FRIDGE].counter, found[FRIDGE].ain) == (REFRIGERATOR, REFRIGERATOR)
    assert (found[METER].counter, found[METER].ain) == (IMPORT, IMPORT)


async def test_only_counters_have_sums(house: House) -> None:
    await house.start()
    for source in sources(house.hass, house.entry.runtime_data.coordinator):
        assert source.statistic.has_sum is (source.counter is not None)
        assert source.statistic.unit == ("kWh" if source.statistic.has_sum else "°C")
        assert source.statistic.entry_id == house.entry.entry_id
        assert source.stats_fn is not None


async def test_of_a_meter_only_counters_have_a_history(
    hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    found = sources(hass, entry.runtime_data.coordinator)
    assert {source.statistic.id: source.counter for source in found} == {
        "sensor.mt681_energy_import": "energy_import",
        "sensor.mt681_energy_export": "energy_export",
    }
    assert {(source.ain, source.stats_fn, source.starts_at_zero) for source in found} == {
        (None, None, False)
    }


async def test_power_of_a_meter_follows_from_its_counters(
    hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    mocked_reader.blocks["Two"] = {"Total_in": 700.5, "Power_in": 300, "Power_curr": 300}
    entry = mocked_reader.entry(power_history=True)
    await mocked_reader.set_up(entry)

    def powers() -> dict[str, tuple[str, str | None]]:
        return {
            source.statistic.id: (
                source.power.counted.id,
                source.power.deducted.id if source.power.deducted else None,
            )
            for source in sources(hass, entry.runtime_data.coordinator)
            if source.power is not None
        }

    found = powers()
    assert found["sensor.mt681_power"] == (
        "sensor.mt681_energy_import",
        "sensor.mt681_energy_export",
    )
    # The second meter has no counter of feed-in.
    assert found["sensor.two_power"] == ("sensor.two_energy_import", None)
    er.async_get(hass).async_update_entity(
        "sensor.mt681_energy_export", disabled_by=er.RegistryEntryDisabler.USER
    )
    assert powers().keys() == found.keys() - {"sensor.mt681_power"}
