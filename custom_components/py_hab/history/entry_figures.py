"""What the costs of an entry's counters amount to, for its sensors."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from ..costs.account import CounterPrices, Covered, contract_of, stored_prices
from ..costs.contract import contract_year
from ..costs.figures import CostFigures, CounterYear, contract_figures
from ..entry import AnyConfigEntry
from ..sensors.costs import is_export


class EntryFigures:
    """The figures of the counters of one entry, and the year of each contract that covers several."""

    def __init__(self, entry: AnyConfigEntry) -> None:
        """Start without any."""
        self._entry = entry
        self.figures: dict[str, CostFigures] = {}
        """By the unique id of the counter's entity."""
        self._listeners: list[Callable[[], None]] = []
        self._options: Mapping[str, object] = {}
        self._prices: Mapping[str, CounterPrices] = {}
        """Decoded from `_options`."""

    @property
    def prices(self) -> Mapping[str, CounterPrices]:
        """The stored prices of the counters, by the unique id of their entity.

        They are decoded once for each change of the options, which are another object then.
        """
        if self._options is not self._entry.options:
            self._options = self._entry.options
            self._prices = stored_prices(self._options)
        return self._prices

    @callback
    def async_listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call a listener when figures have changed; return how to end that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def async_set(self, unique_id: str, figures: CostFigures | None) -> None:
        """Note what the costs of a counter amount to; None if there are none."""
        if figures is not None:
            self.figures[unique_id] = figures
        elif self.figures.pop(unique_id, None) is None:
            return
        self._add_up(contract_of(self.prices, unique_id))
        for listener in list(self._listeners):
            listener()

    def _add_up(self, covered: Covered | None) -> None:
        """Add up the contract year of all counters that a contract covers."""
        owner = self.figures.get(covered.owner) if covered else None
        if covered is None or owner is None:
            return
        year = contract_year(covered.contract, dt_util.now().date())
        parts = [self._in_contract(each) for each in covered.counters]
        contract = contract_figures(covered.contract, year, parts) if year else None
        self.figures[covered.owner] = replace(
            owner,
            contract=contract,
            contract_begins=covered.contract.start if year is None else None,
        )

    def _in_contract(self, unique_id: str) -> CounterYear | None:
        """Return what a counter adds to the year of its contract; earnings reduce the costs."""
        figures = self.figures.get(unique_id)
        found = figures.year if figures else None
        return found.as_earnings() if found and is_export(unique_id) else found
