"""The coordinator of a reader: values, rejected readings and stored data."""

from collections.abc import Awaitable, Callable

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import (
    DOMAIN,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from simulator.home import ManualClock
from simulator.reader import SimulatedReader
from tests.support.mocked_reader import (
    MINUTE,
    PRINTED,
    UNIQUE_ID,
    MockedReader,
)
from tests.support.passing_time import Time
from tests.support.watching import (
    meter_state,
    meter_values,
    quiet,
    received,
    set_up,
)

# Through a broker


async def test_values_are_there_right_after_set_up(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    meter_entry: MockConfigEntry,
    clock: ManualClock,
) -> None:
    # The reader publishes only when the test asks it to; it answers STATUS 10.
    await set_up(hass, meter_entry)
    assert meter_values(meter_entry) == {
        "energy_import": round(reader.meter.imported(clock.now()), 3),
        "energy_export": round(reader.meter.exported(clock.now()), 3),
        "power": round(reader.home.grid_power(clock.now())),
    }
    assert meter_entry.runtime_data.coordinator.data[""].identity.number.number == PRINTED


async def test_partial_messages_add_up(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    eager_entry: MockConfigEntry,
    payload: Callable[[str], Awaitable[None]],
) -> None:
    await set_up(hass, eager_entry)
    export = meter_state(hass, eager_entry, "energy_export")
    later = round(meter_values(eager_entry)["energy_import"] + 0.1, 3)
    await time.passes(hass, MINUTE)
    await payload('{"MT681":{"Power":123}}')
    await received(hass, eager_entry, power=123)
    await payload(f'{{"MT681":{{"E_in":{later}}}}}')
    await received(hass, eager_entry, energy_import=later)
    assert meter_state(hass, eager_entry, "power") == "123.0"
    assert meter_state(hass, eager_entry, "energy_export") == export
    await quiet(hass)


# Rejected readings and stored data


async def test_rejected_readings_are_counted_by_reason(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    registry = er.async_get(hass)
    unique_id = f"{UNIQUE_ID}_rejected_readings"
    entity_id = registry.async_get_entity_id("sensor", DOMAIN, unique_id)
    assert entity_id is not None
    disabled = registry.async_get(entity_id)
    assert disabled is not None
    assert disabled.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    registry.async_update_entity(entity_id, disabled_by=None)
    await mocked_reader.reload(entry)
    await mocked_reader.lives(2 * MINUTE, E_in=0.01)
    entry.runtime_data.counters.rejected.clear()
    mocked_reader.answers = False
    for wrong in (0.0, None, -5, 99999.5, 99999.5):
        await mocked_reader.reads(E_in=wrong, Power=float(bool(wrong)))
    await mocked_reader.lives(MINUTE, Power=1, E_in=0)
    state = hass.states.get(entity_id)
    assert state is not None
    assert state.state == "6"
    assert {
        key: state.attributes[key] for key in ("zero", "not_finite", "negative", "implausible_rise")
    } == {
        "zero": 1,
        "not_finite": 1,
        "negative": 1,
        "implausible_rise": 3,
    }
    assert meter_values(entry)["energy_import"] < 15120
