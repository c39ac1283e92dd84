"""Steps of the options flow for prices: which counter, which price, preview, contract."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final, cast

import voluptuous as vol

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from ..const import DOMAIN
from ..coordinator import FritzBoxCoordinator, PyHabConfigEntry
from ..costs.account import CONF_PRICES, CounterPrices, stored_prices, to_options
from ..costs.contract import Contract
from ..costs.prices import HOUR, Price, PriceError, check
from ..costs.units import price_factor, price_unit
from ..history.cost_statistic import PricedCounter, async_calculate, cost_statistic_id
from ..history.costs import Counter, counters
from ..history.entity_prices import price_now
from ..history.statistics.editor import get_editor
from ..history.undo import async_undo
from ..util.texts import as_markdown
from .price_form import (
    CONF_PRICE,
    CONF_REMOVE,
    CONF_SINCE,
    contract_schema,
    entered_price,
    form_values,
    price_schema,
)
from .price_texts import PriceTexts, async_price_texts
from .progress import ProgressFlow, error_key

CONF_COUNTER: Final = "counter"
CONF_WHAT: Final = "what"
_NEW: Final = "new"
_CONTRACT: Final = "contract"
_YEAR: Final = timedelta(days=365)


class PricesFlow(ProgressFlow):
    """Changes the prices of counters."""

    _counter: Counter
    _number: int | None = None
    """Which price of the counter is changed; None for a new one."""
    _prices: Sequence[Price] = ()
    """The prices after the change."""

    @property
    def _known(self) -> CounterPrices:
        """The prices of the counter as they are stored."""
        known = stored_prices(self.config_entry.options).get(self._counter.unique_id)
        return known or CounterPrices(id="")

    async def async_step_prices(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the counter whose prices are to be changed."""
        if self._history_of_entry is None:
            return self.async_abort(reason="not_loaded")
        entry: PyHabConfigEntry = self.config_entry
        found = {
            item.unique_id: item for item in counters(self.hass, entry.runtime_data.coordinator)
        }
        if not found:
            return self.async_abort(reason="no_counters")
        if user_input is not None and (chosen := found.get(user_input[CONF_COUNTER])):
            self._counter = chosen
            return await self.async_step_prices_what()
        texts = await async_price_texts(self.hass)
        stored = stored_prices(entry.options)
        options = [
            SelectOptionDict(
                value=unique_id,
                label=texts.sentence(
                    "counter",
                    name=self._name(item),
                    price=texts.price(max(stored[unique_id].prices, key=lambda each: each.begin))
                    if unique_id in stored
                    else texts.word("no_price"),
                ),
            )
            for unique_id, item in found.items()
        ]
        return self.async_show_form(
            step_id="prices",
            data_schema=vol.Schema({vol.Required(CONF_COUNTER): _choice(options)}),
            description_placeholders={"unit": price_unit(self.hass.config.currency).text},
        )

    async def async_step_prices_what(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which price of the counter is to be changed, if there is one."""
        known = self._known
        if user_input is not None:
            what = user_input[CONF_WHAT]
            if what == _CONTRACT:
                return await self.async_step_contract()
            self._number = None if what == _NEW else int(what)
            return await self.async_step_price()
        if not known.prices:
            self._number = None
            return await self.async_step_price()
        texts = await async_price_texts(self.hass)
        options = [
            SelectOptionDict(value=_NEW, label=texts.word("new_price")),
            *(
                SelectOptionDict(value=str(number), label=texts.price(price))
                for number, price in enumerate(known.prices)
            ),
        ]
        if not self._counter.is_export:
            options.append(SelectOptionDict(value=_CONTRACT, label=texts.word("contract")))
        return self.async_show_form(
            step_id="prices_what",
            data_schema=vol.Schema({vol.Required(CONF_WHAT, default=_NEW): _choice(options)}),
            description_placeholders={"name": as_markdown(self._name(self._counter))},
        )

    # One price

    async def async_step_price(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a price, and check it."""
        currency = self.hass.config.currency
        texts = await async_price_texts(self.hass)
        known = self._known.prices
        others = [price for number, price in enumerate(known) if number != self._number]
        errors: dict[str, str] = {}
        where = ""
        if user_input is not None:
            try:
                self._prices = self._with(user_input, others, currency)
                check(self._prices)
            except PriceError as err:
                errors["base"], where = err.fault.value, texts.week_time(err.where)
            entity_id = user_input.get("entity")
            if not errors and entity_id and not user_input.get(CONF_REMOVE):
                errors |= _errors_of_entity(self.hass, entity_id)
            if not errors:
                return await self.async_step_price_preview()
        suggested = user_input
        if suggested is None and self._number is not None:
            suggested = form_values(known[self._number], currency)
        if suggested is None:
            suggested = await self._async_suggested(is_first=not known)
        return self.async_show_form(
            step_id="price",
            data_schema=self.add_suggested_values_to_schema(
                price_schema(currency, texts.word, is_known=self._number is not None), suggested
            ),
            errors=errors,
            description_placeholders={
                "name": as_markdown(self._name(self._counter)),
                "where": where or "-",
            },
        )

    def _with(
        self, user_input: dict[str, Any], others: Sequence[Price], currency: str
    ) -> list[Price]:
        """Return the prices with the one of the form, or without it if it is to be removed."""
        if user_input.get(CONF_REMOVE):
            return list(others)
        return sorted([*others, entered_price(user_input, currency)], key=lambda each: each.begin)

    async def _async_suggested(self, *, is_first: bool) -> dict[str, Any]:
        """Suggest the first day of the history for the first price, and the price of the FRITZ!Box."""
        suggested: dict[str, Any] = {CONF_SINCE: dt_util.now().date().isoformat()}
        if not is_first:
            return suggested
        unit = price_unit(self.hass.config.currency)
        price = None if self._counter.is_export else _price_of_boxes(self.hass)
        if price is not None:
            suggested[CONF_PRICE] = round(price * unit.per_currency, 6)
        try:
            rows = await get_editor(self.hass).async_hourly_rows(self._counter.energy)
        except HomeAssistantError:
            return suggested
        if rows:
            first = dt_util.as_local(dt_util.utc_from_timestamp(rows[0].start))
            suggested[CONF_SINCE] = first.date().isoformat()
        return suggested

    async def async_step_price_preview(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what the last year would cost, and store the prices if the user agrees."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                return await self._async_store()
            except HomeAssistantError as err:
                errors["base"] = error_key(err)
        texts = await async_price_texts(self.hass)
        return self.async_show_form(
            step_id="price_preview",
            data_schema=vol.Schema({}),
            errors=errors,
            description_placeholders={
                "name": as_markdown(self._name(self._counter)),
                "prices": "\n".join(f"- {texts.price(each)}" for each in self._prices) or "-",
                "report": await self._async_report(texts),
            },
            last_step=True,
        )

    async def _async_report(self, texts: PriceTexts) -> str:
        """Return sentences about the cost of the last year."""
        sentences = []
        for key, prices in (("preview", self._prices), ("preview_before", self._known.prices)):
            if not prices:
                continue
            try:
                sentences += await self._async_year(texts, key, prices)
            except HomeAssistantError:
                return texts.word("preview_unknown")
        return " ".join(sentences) or texts.word("preview_none")

    async def _async_year(self, texts: PriceTexts, key: str, prices: Sequence[Price]) -> list[str]:
        now = dt_util.utcnow()
        since = int((now - _YEAR).timestamp()) // HOUR * HOUR
        counter = PricedCounter(
            unique_id=self._counter.unique_id,
            energy=self._counter.energy,
            prices=CounterPrices(id="", prices=list(prices)),
        )
        hours = await async_calculate(self.hass, counter, since)
        costs = [hour for hour in hours.costs if hour.start >= since]
        known = [hour.cost for hour in costs if hour.cost is not None]
        if not known:
            return [texts.word("preview_unknown")]
        sentences = [
            texts.sentence(key, amount=texts.amount(sum(known)), days=texts.number(len(known) / 24))
        ]
        if key == "preview" and len(known) < len(costs):
            waiting = texts.number(len(costs) - len(known))
            sentences.append(texts.sentence("preview_waiting", hours=waiting))
        return sentences

    async def _async_store(self) -> ConfigFlowResult:
        """Store the prices; without any, the costs are removed. Raises HomeAssistantError."""
        statistic_id = cost_statistic_id(self._counter.unique_id)
        changes = get_editor(self.hass).journal.changes_of(statistic_id)
        stored = stored_prices(self.config_entry.options)
        if self._prices:
            stored[self._counter.unique_id] = replace(
                self._known, id=ulid_now(), prices=list(self._prices)
            )
        else:
            if not changes.is_clean:
                await async_undo(self.hass, statistic_id, dry_run=False)
            stored.pop(self._counter.unique_id, None)
        # Whoever enters prices wants costs, also if they were taken back before.
        changes.undone = False
        return self._stored(stored)

    def _stored(self, prices: dict[str, CounterPrices]) -> ConfigFlowResult:
        """End the flow with these prices."""
        return self.async_create_entry(
            data={**self.config_entry.options, CONF_PRICES: to_options(prices)}
        )

    # The contract

    async def async_step_contract(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the contract with the supplier."""
        known = self._known.contract
        if user_input is not None:
            contract = None
            if not user_input.get(CONF_REMOVE):
                contract = Contract(
                    start=date.fromisoformat(user_input["start"]),
                    instalment=user_input.get("instalment") or 0.0,
                    bonus=user_input.get("bonus") or 0.0,
                )
            stored = stored_prices(self.config_entry.options)
            stored[self._counter.unique_id] = replace(self._known, contract=contract)
            return self._stored(stored)
        suggested = (
            {
                "start": known.start.isoformat(),
                "instalment": known.instalment,
                "bonus": known.bonus,
            }
            if known
            else {"start": self._known.prices[-1].since.isoformat()}
        )
        return self.async_show_form(
            step_id="contract",
            data_schema=self.add_suggested_values_to_schema(
                contract_schema(self.hass.config.currency, is_known=known is not None), suggested
            ),
            description_placeholders={"name": as_markdown(self._name(self._counter))},
            last_step=True,
        )

    def _name(self, counter: Counter) -> str:
        state = self.hass.states.get(counter.energy.id)
        return state.name if state else counter.energy.id


def _choice(options: list[SelectOptionDict]) -> SelectSelector:
    return SelectSelector(SelectSelectorConfig(options=options, mode=SelectSelectorMode.LIST))


def _errors_of_entity(hass: HomeAssistant, entity_id: str) -> dict[str, str]:
    """Return what is wrong with an entity that is to show a price."""
    state = hass.states.get(entity_id)
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) if state else None
    if unit is not None and price_factor(unit, hass.config.currency) is None:
        return {"entity": "price_entity_unit"}
    if price_now(state, hass.config.currency) is None:
        return {"entity": "price_entity_no_number"}
    return {}


def _price_of_boxes(hass: HomeAssistant) -> float | None:
    """Return the price per kWh that the user has set on a FRITZ!Box, None without one."""
    entries = cast("list[PyHabConfigEntry]", hass.config_entries.async_loaded_entries(DOMAIN))
    for entry in entries:
        coordinator = entry.runtime_data.coordinator
        if isinstance(coordinator, FritzBoxCoordinator):
            price = coordinator.rest.overview.key_figures.electricity_price
            if price is not None:
                return price
    return None
