"""The counters that the dialogs for prices offer and name."""

from collections.abc import Collection

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.costs.contract import Contract
from custom_components.py_hab.costs.prices import Price
from custom_components.py_hab.flows.price_list import PriceList
from homeassistant.core import HomeAssistant
from simulator.fritzbox_devices import EXPORT, IMPORT, REFRIGERATOR
from tests.support.priced import EXPORT_KEY, FRIDGE_KEY, LONG_AGO, METER_KEY, priced

PRICE = Price(since=LONG_AGO, price=0.3)


@pytest.fixture
def ains() -> Collection[str]:
    """A meter that counts both directions, and a plug."""
    return {IMPORT, EXPORT, REFRIGERATOR}


async def test_counters_are_named_and_known_with_their_prices_and_contract(
    hass: HomeAssistant, fritzbox_entry: MockConfigEntry
) -> None:
    contract = Contract(start=LONG_AGO, others=[EXPORT_KEY])
    hass.config_entries.async_update_entry(fritzbox_entry, options=priced(PRICE, contract=contract))
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    known = PriceList(hass, fritzbox_entry)
    assert list(known.counters) == [METER_KEY, EXPORT_KEY, FRIDGE_KEY]
    # On a FRITZ!Box, each direction is a device.
    assert known.others_of_device(METER_KEY) == known.others_of_device("gone") == []
    assert (known.name(METER_KEY), known.name("gone")) == ("Strombezug Energy import", "gone")
    assert known.prices_of(METER_KEY).prices == [PRICE]
    assert known.prices_of(FRIDGE_KEY).prices == []
    covered = known.contract_of(METER_KEY)
    assert covered is not None
    assert (covered.owner, covered.contract) == (METER_KEY, contract)
    # An entity without a state is named by its id.
    hass.states.async_remove(known.counters[FRIDGE_KEY].energy.id)
    assert known.names([FRIDGE_KEY]) == "sensor.kuhlschrank_energy"
    assert await hass.config_entries.async_unload(fritzbox_entry.entry_id)
    assert PriceList(hass, fritzbox_entry).counters == {}
