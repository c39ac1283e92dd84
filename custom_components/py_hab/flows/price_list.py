"""The counters of an entry with their prices, as the dialogs for prices name them."""

from collections.abc import Iterable

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from ..coordinator import PyHabConfigEntry
from ..costs.account import CounterPrices, Covered, contract_of, stored_prices
from ..history.priced_counters import Counter, energy_counters
from ..sensors.costs import total_of
from ..sml.registers import Quantity
from ..util.texts import as_markdown


class PriceList:
    """The counters and stored prices of an entry. Counters are given by unique id of their entity."""

    def __init__(self, hass: HomeAssistant, entry: PyHabConfigEntry) -> None:
        """Read the present counters and prices."""
        self._hass = hass
        self.stored: dict[str, CounterPrices] = stored_prices(entry.options)
        self.counters: dict[str, Counter] = {}
        """Empty while the entry is not loaded."""
        if entry.state is ConfigEntryState.LOADED:
            found = energy_counters(hass, entry.runtime_data.coordinator)
            # The house connection first: the dialog preselects the first counter.
            found.sort(key=_rank)
            self.counters = {counter.unique_id: counter for counter in found}

    def prices_of(self, unique_id: str) -> CounterPrices:
        """Return the stored prices of a counter, which are empty for one without any."""
        return self.stored.get(unique_id) or CounterPrices(id="")

    def contract_of(self, unique_id: str) -> Covered | None:
        """Return the contract that covers a counter."""
        return contract_of(self.stored, unique_id)

    def name(self, unique_id: str) -> str:
        """Return the name of a counter; its unique id if it does not exist any more."""
        counter = self.counters.get(unique_id)
        if counter is None:
            return unique_id
        state = self._hass.states.get(counter.energy.id)
        return state.name if state else counter.energy.id

    def names(self, unique_ids: Iterable[str]) -> str:
        """Return the names of counters, as Markdown."""
        return ", ".join(as_markdown(self.name(each)) for each in unique_ids)

    def others_of_device(self, unique_id: str) -> list[str]:
        """Return the other counters of the device of a counter."""
        counter = self.counters.get(unique_id)
        if counter is None:
            return []
        return [
            each
            for each, other in self.counters.items()
            if each != unique_id and other.device_id == counter.device_id
        ]

    def other_tariffs(self, unique_id: str) -> list[str]:
        """Return the other tariffs with prices of the meter of which a counter is a tariff."""
        total = total_of(unique_id)
        return [
            each for each in self.stored if each != unique_id and total and total_of(each) == total
        ]


def _rank(counter: Counter) -> int:
    """Return where a counter stands in a list: import, feed-in, plugs."""
    if counter.is_export:
        return 1
    return 0 if Quantity.ENERGY_IMPORT in counter.unique_id else 2
