"""The step of the options flow for the contract with the supplier, and the counters that it covers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import SelectOptionDict

from ..coordinator import PyHabConfigEntry
from ..costs.account import (
    CONF_PRICES,
    CounterPrices,
    Covered,
    contract_of,
    stored_prices,
    to_options,
)
from ..costs.contract import Contract
from ..costs.prices import Price, have_base_at_once
from ..history.costs import Counter, counters
from ..sensors.costs import counted_twice, is_export, total_of
from ..util.texts import as_markdown
from .price_form import CONF_REMOVE, contract_schema, contract_values, entered_contract
from .price_texts import async_price_texts
from .progress import ProgressFlow


class Conflict(NamedTuple):
    """Why counters cannot have what was entered."""

    error: str
    counters: tuple[str, ...]
    """By the unique id of their entity."""


class ContractFlow(ProgressFlow):
    """Changes the contract that covers a counter."""

    _counter: Counter

    @property
    def _stored(self) -> dict[str, CounterPrices]:
        """The prices of all counters as they are stored."""
        return stored_prices(self.config_entry.options)

    @property
    def _known(self) -> CounterPrices:
        """The prices of the counter as they are stored."""
        return self._stored.get(self._counter.unique_id) or CounterPrices(id="")

    @property
    def _covered(self) -> Covered | None:
        """The contract that covers the counter."""
        return contract_of(self._stored, self._counter.unique_id)

    @property
    def _counters(self) -> dict[str, Counter]:
        """The counters of the entry by the unique id of their entity, none while it is not loaded."""
        entry: PyHabConfigEntry = self.config_entry
        if entry.state is not ConfigEntryState.LOADED:
            return {}
        found = counters(self.hass, entry.runtime_data.coordinator)
        return {item.unique_id: item for item in found}

    def _name(self, counter: Counter) -> str:
        state = self.hass.states.get(counter.energy.id)
        return state.name if state else counter.energy.id

    def _names(self, unique_ids: Sequence[str]) -> str:
        """Return the names of counters, as Markdown."""
        known = self._counters
        return ", ".join(
            as_markdown(self._name(known[each]) if each in known else each) for each in unique_ids
        )

    def _end_with(self, prices: Mapping[str, CounterPrices]) -> ConfigFlowResult:
        """End the flow with these prices."""
        return self.async_create_entry(
            data={**self.config_entry.options, CONF_PRICES: to_options(prices)}
        )

    async def async_step_contract(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the contract with the supplier."""
        texts = await async_price_texts(self.hass)
        stored, covered = self._stored, self._covered
        owner = covered.owner if covered else self._counter.unique_id
        conflict = None
        if user_input is not None:
            contract = None if user_input.get(CONF_REMOVE) else entered_contract(user_input)
            conflict = contract and conflict_of_contract(stored, owner, contract)
            if conflict is None:
                return self._end_with(stored | {owner: replace(stored[owner], contract=contract)})
        suggested = user_input or contract_values(
            covered.contract
            if covered
            else Contract(start=stored[owner].prices[-1].since, others=self._other_tariffs(owner))
        )
        return self.async_show_form(
            step_id="contract",
            data_schema=self.add_suggested_values_to_schema(
                contract_schema(
                    self.hass.config.currency,
                    texts.word,
                    self._others(owner),
                    is_known=covered is not None,
                ),
                suggested,
            ),
            errors={"base": conflict.error} if conflict else {},
            description_placeholders={
                "name": self._names([owner]),
                "where": self._names(conflict.counters) if conflict else "-",
            },
            last_step=True,
        )

    def _others(self, owner: str) -> list[SelectOptionDict]:
        """Return the other counters of the device of a counter."""
        known, registry = self._counters, er.async_get(self.hass)

        def device(unique_id: str) -> str | None:
            entity = registry.async_get(known[unique_id].energy.id)
            return entity.device_id if entity else None

        if owner not in known:
            return []
        return [
            SelectOptionDict(value=unique_id, label=self._name(counter))
            for unique_id, counter in known.items()
            if unique_id != owner and device(unique_id) == device(owner)
        ]

    def _other_tariffs(self, owner: str) -> list[str]:
        """Return the tariffs with prices of the meter of which a counter is a tariff."""
        total = total_of(owner)
        return [
            each for each in self._stored if each != owner and total and total_of(each) == total
        ]


def conflict_of_contract(
    stored: Mapping[str, CounterPrices], owner: str, contract: Contract
) -> Conflict | None:
    """Return why a contract cannot cover its counters."""
    every = (owner, *contract.others)
    if twice := counted_twice(every):
        return Conflict("contract_counted_twice", twice[0])
    if missing := [each for each in contract.others if each not in stored]:
        return Conflict("contract_no_price", tuple(missing))
    others = {unique_id: found for unique_id, found in stored.items() if unique_id != owner}
    if taken := [each for each in every if contract_of(others, each)]:
        return Conflict("contract_of_its_own", tuple(taken))
    for number, each in enumerate(every):
        before = _with_base_at_once(stored, each, stored[each].prices, every[:number])
        if before is not None:
            return Conflict("contract_base_twice", (before, each))
    return None


def conflict_of_base(
    stored: Mapping[str, CounterPrices], unique_id: str, prices: Sequence[Price]
) -> Conflict | None:
    """Return which counter of the same contract or meter has a base price beside that of prices."""
    covered, total = contract_of(stored, unique_id), total_of(unique_id)
    same = covered.counters if covered else ()
    others = [
        each
        for each in stored
        if each != unique_id and (each in same or (total and total_of(each) == total))
    ]
    found = _with_base_at_once(stored, unique_id, prices, others)
    return None if found is None else Conflict("base_price_twice", (found,))


def _with_base_at_once(
    stored: Mapping[str, CounterPrices],
    unique_id: str,
    prices: Sequence[Price],
    others: Sequence[str],
) -> str | None:
    """Return the first of other counters that has a base price at a time when prices have one.

    A fee for feeding in is another one than the base price of what is drawn.
    """
    return next(
        (
            each
            for each in others
            if is_export(each) == is_export(unique_id)
            and have_base_at_once(stored[each].prices, prices)
        ),
        None,
    )
