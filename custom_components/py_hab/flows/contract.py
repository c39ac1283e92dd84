"""The step of the options flow for the contract with the supplier, and the counters that it covers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.helpers.selector import SelectOptionDict

from ..costs.account import CONF_PRICES, CounterPrices, to_options
from ..costs.contract import Contract
from ..history.priced_counters import Counter
from .price_conflicts import conflict_of_contract
from .price_form import CONF_REMOVE, contract_schema, contract_values, entered_contract
from .price_list import PriceList
from .price_texts import async_price_texts
from .progress import ProgressFlow


class ContractFlow(ProgressFlow):
    """Changes the contract that covers a counter."""

    _counter: Counter
    """The counter that was chosen."""

    @property
    def _list(self) -> PriceList:
        """The present counters and prices of the entry."""
        return PriceList(self.hass, self.config_entry)

    def _end_with(self, prices: Mapping[str, CounterPrices]) -> ConfigFlowResult:
        """End the flow with these prices."""
        return self.async_create_entry(
            data={**self.config_entry.options, CONF_PRICES: to_options(prices)}
        )

    async def async_step_contract(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the contract with the supplier."""
        texts, known = await async_price_texts(self.hass), self._list
        stored, covered = known.stored, known.contract_of(self._counter.unique_id)
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
            else Contract(start=stored[owner].prices[-1].since, others=known.other_tariffs(owner))
        )
        others = [
            SelectOptionDict(value=each, label=known.name(each))
            for each in known.others_of_device(owner)
        ]
        schema = contract_schema(
            self.hass.config.currency, texts.word, others, is_known=covered is not None
        )
        return self.async_show_form(
            step_id="contract",
            data_schema=self.add_suggested_values_to_schema(schema, suggested),
            errors={"base": conflict.error} if conflict else {},
            description_placeholders={
                "name": known.names([owner]),
                "where": known.names(conflict.counters) if conflict else "-",
            },
            last_step=True,
        )
