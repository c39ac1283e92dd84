"""Steps of the options flow for prices: which counter, which price, preview."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

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

from ..costs.prices import Price, PriceError, check
from ..costs.units import price_factor, price_unit
from ..history.entity_prices import number_of, price_now
from ..history.price_change import async_change_prices
from .contract import ContractFlow
from .price_conflicts import conflict_of_base
from .price_form import CONF_ENTITY, CONF_REMOVE, entered_price, form_values, price_schema
from .price_list import PriceList
from .price_preview import PricePreview
from .price_suggestion import async_suggested_price
from .price_texts import PriceTexts, async_price_texts
from .progress import error_key

CONF_COUNTER: Final = "counter"
CONF_WHAT: Final = "what"
_NEW: Final = "new"
_CONTRACT: Final = "contract"


class PricesFlow(ContractFlow):
    """Changes the prices of counters."""

    _number: int | None = None
    """Which price of the counter is changed; None for a new one."""
    _prices: Sequence[Price] = ()
    """The prices after the change."""

    async def async_step_prices(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the counter whose prices are to be changed."""
        if self._history_of_entry is None:
            return self.async_abort(reason="not_loaded")
        known = self._list
        if not known.counters:
            return self.async_abort(reason="no_counters")
        if user_input is not None and (chosen := known.counters.get(user_input[CONF_COUNTER])):
            self._counter = chosen
            return await self.async_step_prices_what()
        texts = await async_price_texts(self.hass)
        options = [
            SelectOptionDict(value=unique_id, label=_counter_label(texts, known, unique_id))
            for unique_id in known.counters
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
        known = self._list
        prices = known.prices_of(self._counter.unique_id).prices
        if user_input is not None:
            what = user_input[CONF_WHAT]
            if what == _CONTRACT:
                return await self.async_step_contract()
            self._number = None if what == _NEW else int(what)
            return await self.async_step_price()
        if not prices:
            self._number = None
            return await self.async_step_price()
        texts = await async_price_texts(self.hass)
        options = [
            SelectOptionDict(value=_NEW, label=texts.word("new_price")),
            *(
                SelectOptionDict(value=str(number), label=texts.price(price))
                for number, price in enumerate(prices)
            ),
        ]
        if not self._counter.is_export:
            options.append(SelectOptionDict(value=_CONTRACT, label=texts.word("contract")))
        return self.async_show_form(
            step_id="prices_what",
            data_schema=vol.Schema({vol.Required(CONF_WHAT, default=_NEW): _choice(options)}),
            description_placeholders={"name": known.names([self._counter.unique_id])},
        )

    async def async_step_price(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a price, and check it."""
        currency, known = self.hass.config.currency, self._list
        prices = known.prices_of(self._counter.unique_id).prices
        texts = await async_price_texts(self.hass)
        found = _Findings({})
        if user_input is not None:
            found = self._check(user_input, known, texts)
            if not found.errors:
                return await self.async_step_price_preview()
        suggested = user_input
        if suggested is None and self._number is not None:
            suggested = form_values(prices[self._number], currency)
        if suggested is None:
            suggested = await async_suggested_price(self.hass, self._counter, is_first=not prices)
        schema = price_schema(currency, texts.word, is_known=self._number is not None)
        return self.async_show_form(
            step_id="price",
            data_schema=self.add_suggested_values_to_schema(schema, suggested),
            errors=dict(found.errors),
            description_placeholders={
                "name": known.names([self._counter.unique_id]),
                "where": found.where or "-",
            },
        )

    def _check(
        self, user_input: Mapping[str, Any], known: PriceList, texts: PriceTexts
    ) -> _Findings:
        """Keep the prices with the one of the form, or without it; return what is wrong with them."""
        unique_id, is_removed = self._counter.unique_id, user_input.get(CONF_REMOVE)
        self._prices = [
            price
            for number, price in enumerate(known.prices_of(unique_id).prices)
            if number != self._number
        ]
        if not is_removed:
            entered = entered_price(user_input, self.hass.config.currency)
            self._prices = sorted([*self._prices, entered], key=lambda each: each.begin)
        try:
            check(self._prices)
        except PriceError as err:
            return _Findings({"base": err.fault.value}, texts.week_time(err.where))
        if is_removed:
            return _Findings({})
        if conflict := conflict_of_base(known.stored, unique_id, self._prices):
            return _Findings({"base": conflict.error}, known.names(conflict.counters))
        entity_id = user_input.get(CONF_ENTITY)
        return _Findings(_errors_of_entity(self.hass, entity_id) if entity_id else {})

    async def async_step_price_preview(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what the last year would cost, and store the prices if the user agrees."""
        known, unique_id = self._list, self._counter.unique_id
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                return self._end_with(
                    await async_change_prices(self.hass, known.stored, unique_id, self._prices)
                )
            except HomeAssistantError as err:
                errors["base"] = error_key(err)
        texts = await async_price_texts(self.hass)
        preview = PricePreview(self.hass, texts, known, self._counter, self._prices)
        return self.async_show_form(
            step_id="price_preview",
            data_schema=vol.Schema({}),
            errors=errors,
            description_placeholders={
                "name": known.names([unique_id]),
                "prices": "\n".join(f"- {texts.price(each)}" for each in self._prices),
                "report": await preview.async_sentences(),
            },
            last_step=True,
        )


class _Findings(NamedTuple):
    """What is wrong with the prices after a change."""

    errors: Mapping[str, str]
    """Keys of translated errors, by field."""
    where: str = ""
    """The time of the week, or the counters, that an error names."""


def _counter_label(texts: PriceTexts, known: PriceList, unique_id: str) -> str:
    """Return how a list names a counter: with its last price."""
    prices = known.prices_of(unique_id).prices
    last = max(prices, key=lambda each: each.begin, default=None)
    return texts.sentence(
        "counter",
        name=known.name(unique_id),
        price=texts.price(last) if last else texts.word("no_price"),
    )


def _choice(options: list[SelectOptionDict]) -> SelectSelector:
    return SelectSelector(SelectSelectorConfig(options=options, mode=SelectSelectorMode.LIST))


def _errors_of_entity(hass: HomeAssistant, entity_id: str) -> dict[str, str]:
    """Return what is wrong with an entity that is to show a price."""
    state = hass.states.get(entity_id)
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) if state else None
    # A number without any unit is no price.
    has_value = unit is not None or (state is not None and number_of(state) is not None)
    if has_value and price_factor(unit, hass.config.currency) is None:
        return {"entity": "price_entity_unit"}
    if price_now(state, hass.config.currency) is None:
        return {"entity": "price_entity_no_number"}
    return {}
