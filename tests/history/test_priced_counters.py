"""The counters of an entry that can have prices, and those that have some."""

from collections.abc import Collection

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.costs.account import stored_prices
from custom_components.py_hab.costs.prices import Price
from custom_components.py_hab.history.priced_counters import energy_counters, priced_counters
from homeassistant.core import HomeAssistant
from simulator.fritzbox_devices import EXPORT, IMPORT, REFRIGERATOR
from tests.support.priced import EXPORT_KEY, FRIDGE_KEY, LONG_AGO, METER_KEY, priced


@pytest.fixture
def ains() -> Collection[str]:
    """A meter that counts both directions, and a plug."""
    return {IMPORT, EXPORT, REFRIGERATOR}


@pytest.mark.parametrize(("key", "is_export"), [(METER_KEY, False), (EXPORT_KEY, True)])
async def test_a_counter_with_a_price_knows_its_direction_and_what_its_device_counts(
    hass: HomeAssistant, fritzbox_entry: MockConfigEntry, key: str, is_export: bool
) -> None:
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    coordinator = fritzbox_entry.runtime_data.coordinator
    found = {counter.unique_id for counter in energy_counters(hass, coordinator)}
    assert found == {METER_KEY, EXPORT_KEY, FRIDGE_KEY}
    prices = stored_prices(priced(Price(since=LONG_AGO, price=0.3, base=10.0), key=key))
    (counter,) = priced_counters(hass, coordinator, prices)
    assert (counter.unique_id, counter.is_export) == (key, is_export)
    # A base price for what is fed in reduces what is earned.
    assert counter.due_prices[0].base == (-10.0 if is_export else 10.0)
