"""Steps of the options flow that take over the hours of another sensor."""

from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    StatisticSelector,
    StatisticSelectorConfig,
)

from ..history.take_over import TakenOver, async_take_over, counters_of
from .progress import ProgressFlow, error_key
from .reports import difference_text, maintenance_table

CONF_COUNTER: Final = "counter"
CONF_SOURCE: Final = "source"
CONF_ACCEPT_DIFFERENCE: Final = "accept_difference"


class TakeOverFlow(ProgressFlow):
    """Asks for a counter and for the sensor that has recorded it before; previews, and writes."""

    _chosen: dict[str, str]
    """The counter, and the statistic that it continues."""
    _taken_over: TakenOver

    async def async_step_history_take_over(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the counter and for the other sensor, and find out what would be written."""
        errors: dict[str, str] = {}
        if user_input is not None and CONF_SOURCE not in user_input:
            errors = {CONF_SOURCE: "nothing_chosen"}
        elif user_input is not None:
            self._chosen = user_input
            errors = await self._async_take_over(dry_run=True)
            if not errors:
                return await self.async_step_history_take_over_confirm()
        counters = counters_of(self.hass, self.config_entry.entry_id)
        schema = vol.Schema(
            {
                vol.Required(CONF_COUNTER): EntitySelector(
                    EntitySelectorConfig(include_entities=counters)
                ),
                # Home Assistant's page shows no form in which a statistic is required.
                vol.Optional(CONF_SOURCE): StatisticSelector(StatisticSelectorConfig()),
            }
        )
        suggested = user_input or ({CONF_COUNTER: counters[0]} if counters else {})
        return self.async_show_form(
            step_id="history_take_over",
            data_schema=self.add_suggested_values_to_schema(schema, suggested),
            errors=errors,
        )

    async def async_step_history_take_over_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what would be written, and write it if the user agrees."""
        errors: dict[str, str] = {}
        if user_input is not None:
            accepts = user_input.get(CONF_ACCEPT_DIFFERENCE, False)
            if self._taken_over.difference is not None and not accepts:
                errors = {CONF_ACCEPT_DIFFERENCE: "not_accepted"}
            else:
                errors = await self._async_take_over(dry_run=False)
            if not errors:
                return await self.async_step_history_take_over_done()
        return await self._async_show_taken_over("history_take_over_confirm", errors)

    async def async_step_history_take_over_done(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what was written."""
        if user_input is not None:
            return self._end()
        return await self._async_show_taken_over("history_take_over_done", {})

    async def _async_take_over(self, *, dry_run: bool) -> dict[str, str]:
        """Take over the hours, or only plan it; return the error if that is not possible."""
        source, counter = self._chosen[CONF_SOURCE], self._chosen[CONF_COUNTER]
        try:
            self._taken_over = await async_take_over(
                self.hass, source, counter, dry_run=dry_run, accept_difference=not dry_run
            )
        except HomeAssistantError as err:
            return {"base": error_key(err)}
        return {}

    async def _async_show_taken_over(
        self, step_id: str, errors: dict[str, str]
    ) -> ConfigFlowResult:
        texts = await self._async_history_texts()
        difference = self._taken_over.difference
        asks = difference is not None and step_id == "history_take_over_confirm"
        return self.async_show_form(
            step_id=step_id,
            data_schema=vol.Schema({vol.Required(CONF_ACCEPT_DIFFERENCE, default=False): bool})
            if asks
            else vol.Schema({}),
            errors=errors,
            description_placeholders={
                "source": texts.name(self._taken_over.source),
                "report": maintenance_table(texts, [self._taken_over.report]),
                "difference": f"\n\n{difference_text(texts, difference)}" if difference else "",
            },
            last_step=True,
        )
