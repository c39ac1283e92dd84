"""Steps of the options flow for prices: which counter, which price, preview, contract."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, NamedTuple, cast

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
from ..costs.account import CounterPrices, without
from ..costs.prices import HOUR, Price, PriceError, agree_until, check
from ..costs.units import price_factor, price_unit
from ..history.cost_statistic import PricedCounter, async_calculate, cost_statistic_id
from ..history.costs import Counter
from ..history.energy_costs import async_take_off_dashboard
from ..history.entity_prices import number_of, price_now
from ..history.statistics.editor import get_editor
from ..history.undo import async_undo
from ..sensors.costs import counted_twice, is_export
from .contract import ContractFlow, conflict_of_base
from .price_form import (
    CONF_PRICE,
    CONF_REMOVE,
    CONF_SINCE,
    entered_price,
    form_values,
    price_schema,
)
from .price_texts import PriceTexts, async_price_texts
from .progress import error_key

CONF_COUNTER: Final = "counter"
CONF_WHAT: Final = "what"
_NEW: Final = "new"
_CONTRACT: Final = "contract"
_YEAR: Final = timedelta(days=365)


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
        found = self._counters
        if not found:
            return self.async_abort(reason="no_counters")
        if user_input is not None and (chosen := found.get(user_input[CONF_COUNTER])):
            self._counter = chosen
            return await self.async_step_prices_what()
        texts = await async_price_texts(self.hass)
        stored = self._stored
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
            description_placeholders={"name": self._names([self._counter.unique_id])},
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
            conflict = conflict_of_base(self._stored, self._counter.unique_id, self._prices)
            if not errors and conflict and not user_input.get(CONF_REMOVE):
                errors["base"], where = conflict.error, self._names(conflict.counters)
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
                "name": self._names([self._counter.unique_id]),
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
                "name": self._names([self._counter.unique_id]),
                "prices": "\n".join(f"- {texts.price(each)}" for each in self._prices) or "-",
                "report": await self._async_report(texts),
            },
            last_step=True,
        )

    async def _async_report(self, texts: PriceTexts) -> str:
        """Return sentences about the cost of the last year."""
        sentences = [] if self._prices else [texts.word("preview_none")]
        if not self._prices and self._known.contract is not None:
            sentences.append(texts.word("preview_no_contract"))
        first = "preview_earned" if self._counter.is_export else "preview"
        for key, prices in ((first, self._prices), ("preview_before", self._known.prices)):
            if not prices:
                continue
            try:
                year = await self._async_year(self._counter, prices)
            except HomeAssistantError:
                return texts.word("preview_unknown")
            sentences += _about_year(texts, key, year)
        sentences += await self._async_about_contract(texts)
        same = [
            twice.total if twice.tariff == self._counter.unique_id else twice.tariff
            for twice in counted_twice([*self._stored, self._counter.unique_id])
            if self._counter.unique_id in twice
        ]
        if same and self._prices:
            sentences.append(texts.sentence("counts_same", names=self._names(same)))
        return " ".join(sentences)

    async def _async_about_contract(self, texts: PriceTexts) -> list[str]:
        """Return what all counters of the contract cost in the last year, if it covers several."""
        covered, known = self._covered, self._counters
        if not self._prices or covered is None or len(covered.counters) < 2:
            return []
        total = 0.0
        for unique_id in covered.counters:
            is_this = unique_id == self._counter.unique_id
            prices = self._prices if is_this else self._stored[unique_id].prices
            counter = known.get(unique_id)
            year = await self._async_year(counter, prices) if counter else None
            if year is None or year.amount is None:
                return []
            total += -year.amount if is_export(unique_id) else year.amount
        amount, names = texts.amount(total), self._names(covered.counters)
        return [texts.sentence("preview_contract", amount=amount, names=names)]

    async def _async_year(self, item: Counter, prices: Sequence[Price]) -> _Year:
        """Return what a counter costs in the last year. Raises HomeAssistantError."""
        since = int((dt_util.utcnow() - _YEAR).timestamp()) // HOUR * HOUR
        counter = PricedCounter(
            unique_id=item.unique_id,
            energy=item.energy,
            prices=CounterPrices(id="", prices=list(prices)),
            is_export=item.is_export,
        )
        hours = await async_calculate(self.hass, counter, since)
        costs = [hour.cost for hour in hours.costs if hour.start >= since]
        known = [cost for cost in costs if cost is not None]
        return _Year(sum(known) if known else None, len(known), len(costs) - len(known))

    async def _async_store(self) -> ConfigFlowResult:
        """Store the prices; without any, the costs are removed. Raises HomeAssistantError."""
        statistic_id = cost_statistic_id(self._counter.unique_id)
        changes = get_editor(self.hass).journal.changes_of(statistic_id)
        stored = self._stored
        if self._prices:
            known, zone = self._known, dt_util.get_default_time_zone()
            kept = [agree_until(known.prices, self._prices, zone)]
            layers = changes.done.layers
            if known.kept_until is not None and not (layers and layers[-1].run == known.id):
                # The costs of the present prices are not written yet.
                kept.append(known.kept_until)
            stored[self._counter.unique_id] = replace(
                known, id=ulid_now(), prices=list(self._prices), kept_until=min(kept)
            )
        else:
            if not changes.is_clean:
                await async_undo(self.hass, statistic_id, dry_run=False)
            await async_take_off_dashboard(self.hass, {statistic_id})
            stored = without(stored, self._counter.unique_id)
        # Whoever enters prices wants costs, also if they were taken back before.
        changes.undone = False
        return self._end_with(stored)


class _Year(NamedTuple):
    """What a year costs."""

    amount: float | None
    """None if no hour has a cost."""
    hours: int
    waiting: int
    """Hours that wait for their price."""


def _about_year(texts: PriceTexts, key: str, year: _Year) -> list[str]:
    """Return sentences about the cost of a year."""
    if year.amount is None:
        return [texts.word("preview_unknown")]
    amount, days = texts.amount(year.amount), texts.number(year.hours / 24)
    sentences = [texts.sentence(key, amount=amount, days=days)]
    if key != "preview_before" and year.waiting:
        sentences.append(texts.sentence("preview_waiting", hours=texts.number(year.waiting)))
    return sentences


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
