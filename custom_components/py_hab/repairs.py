"""Repairs: asks whether a meter was replaced, or whether to start with an empty journal."""

from collections.abc import Mapping
import math
from typing import Final, override

import voluptuous as vol

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow
from homeassistant.components.repairs.models import RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
)

from .const import CONF_MAX_POWER, DOMAIN
from .coordinator import PyHabConfigEntry
from .counters.guard import DEFAULT_MAX_POWER
from .history.statistics.editor import JOURNAL_ISSUE, async_start_new_journal
from .meter.coordinator import MeterCoordinator
from .meter.issues import READING
from .meter.replacements import Answer, ReplacementRecord
from .sml.registers import Quantity
from .util.texts import local_number

_ASKED: Final = (Quantity.ENERGY_IMPORT, Quantity.ENERGY_EXPORT)
"""Counters whose readings a technician writes down when replacing a meter."""
_READING: Final = NumberSelector(
    NumberSelectorConfig(
        min=0,
        max=99_999_999,
        step="any",
        mode=NumberSelectorMode.BOX,
        unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
    )
)


class MeterReplacedFlow(RepairsFlow):
    """Asks whether a counter continues from another reading because the meter was replaced."""

    def __init__(
        self, entry_id: str, meter_index: str, placeholders: dict[str, str] | None
    ) -> None:
        """Initialize for one meter of an entry."""
        self._entry_id = entry_id
        self._meter_index = meter_index
        self._placeholders = placeholders

    async def async_step_init(self, _user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Show the possible answers."""
        return self.async_show_menu(
            step_id="init",
            menu_options=[answer.value for answer in Answer],
            description_placeholders={**(self._placeholders or {}), **self._jump()},
        )

    async def async_step_new_meter(
        self, user_input: dict[str, float] | None = None
    ) -> RepairsFlowResult:
        """Ask for the readings of the old and the new meter at the replacement."""
        coordinator = self._coordinator()
        if coordinator is None:
            return self.async_abort(reason="not_loaded")
        replaced = self._replaced(coordinator)
        errors: dict[str, str] = {}
        if not replaced:
            await coordinator.reports.async_answer(self._meter_index, Answer.NEW_METER, {})
            return self.async_create_entry(data={})
        if user_input is not None:
            max_power = coordinator.config_entry.options.get(CONF_MAX_POWER, DEFAULT_MAX_POWER)
            for record in replaced.values():
                errors |= _impossible(user_input, record, max_power)
            if not errors:
                counted = {
                    quantity: _counted(user_input, record) for quantity, record in replaced.items()
                }
                await coordinator.reports.async_answer(self._meter_index, Answer.NEW_METER, counted)
                return self.async_create_entry(data={})
        return self.async_show_form(
            step_id="new_meter",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(
                    {
                        vol.Optional(f"{which}_{quantity}"): _READING
                        for quantity in _ASKED
                        if quantity in replaced
                        for which in ("old", "new")
                    }
                ),
                user_input,
            ),
            errors=errors,
            description_placeholders={
                **(self._placeholders or {}),
                **_bounds(replaced, self.hass.config.language),
            },
        )

    async def async_step_same_meter(
        self, _user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Store that the meter is the same, and that its counter was set to another reading."""
        coordinator = self._coordinator()
        if coordinator is None:
            return self.async_abort(reason="not_loaded")
        await coordinator.reports.async_answer(self._meter_index, Answer.SAME_METER, {})
        return self.async_create_entry(data={})

    def _replaced(self, coordinator: MeterCoordinator) -> dict[Quantity, ReplacementRecord]:
        """Return the replaced counters whose readings the user may know."""
        # After several replacements, the question is about the first one.
        return {
            record.quantity: record
            for record in reversed(coordinator.meters.replacements.unanswered(self._meter_index))
            if record.quantity in _ASKED
        }

    def _jump(self) -> dict[str, str]:
        """Return the readings around the replacement that the user knows best, if there are any."""
        coordinator = self._coordinator()
        replaced = self._replaced(coordinator) if coordinator else {}
        record = next((replaced[quantity] for quantity in _ASKED if quantity in replaced), None)
        if record is None:
            return {}
        language = self.hass.config.language
        return {
            "before": local_number(record.before, READING, language=language),
            "now": local_number(record.now, READING, language=language),
        }

    def _coordinator(self) -> MeterCoordinator | None:
        entry: PyHabConfigEntry | None = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return None
        coordinator = entry.runtime_data.coordinator
        return coordinator if isinstance(coordinator, MeterCoordinator) else None


class NewJournalFlow(ConfirmRepairFlow):
    """Asks whether to continue with an empty journal in place of the unreadable one."""

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Keep the unreadable file under another name, and write history again."""
        if user_input is not None:
            try:
                await async_start_new_journal(self.hass)
            except OSError:
                return self.async_abort(reason="not_renamed")
        return await super().async_step_confirm(user_input)


def _first(record: ReplacementRecord) -> float:
    """Return the first reading that was received after a replacement, in kWh.

    The counter went on while its readings were being confirmed.
    """
    return record.now - (record.gap.counted or 0.0 if record.gap else 0.0)


def _bounds(replaced: Mapping[Quantity, ReplacementRecord], language: str) -> dict[str, str]:
    """Return the lowest last and the highest first reading of each counter, as text."""
    asked = next(record for quantity in _ASKED if (record := replaced.get(quantity)))
    bounds = {
        "before": local_number(asked.before, READING, language=language),
        "now": local_number(_first(asked), READING, language=language),
    }
    for quantity in _ASKED:
        record = replaced.get(quantity)
        for which, kwh in (("last", record.before), ("first", _first(record))) if record else ():
            bounds[f"{which}_{quantity}"] = local_number(kwh, READING, language=language)
    return bounds


def _entered(user_input: Mapping[str, float], record: ReplacementRecord) -> tuple[float, float]:
    """Return the last reading of the old meter and the first one of the new meter, in kWh."""
    return (
        user_input.get(f"old_{record.quantity}", record.before),
        user_input.get(f"new_{record.quantity}", _first(record)),
    )


def _counted(user_input: Mapping[str, float], record: ReplacementRecord) -> float:
    """Return the kWh that both meters have counted around a replacement."""
    last, first = _entered(user_input, record)
    return max(last - record.before, 0.0) + record.now - first


def _impossible(
    user_input: Mapping[str, float], record: ReplacementRecord, max_power: float
) -> dict[str, str]:
    """Return an error for each field with an impossible reading.

    A meter does not run backwards, and the house draws at most `max_power` (kW).
    """
    last, first = _entered(user_input, record)
    old, new = f"old_{record.quantity}", f"new_{record.quantity}"
    errors: dict[str, str] = {}
    # The last reading of the old meter may lack its decimals.
    if not record.before - 1 < last:
        errors[old] = "old_too_low"
    if not first <= record.now:
        errors[new] = "new_too_high"
    gap = record.gap
    most = max_power * (gap.end - gap.start) / 3600 if gap else math.inf
    if not errors and not _counted(user_input, record) <= most + 1:
        # The reading that differs more from what was received is the wrong one.
        is_old = last - record.before >= _first(record) - first
        errors[old if is_old else new] = "too_much"
    return errors


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the repair flow for an issue."""
    if issue_id == JOURNAL_ISSUE:
        return NewJournalFlow()
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    about = data or {}
    return MeterReplacedFlow(
        str(about.get("entry_id")),
        str(about.get("place")),
        issue.translation_placeholders if issue else None,
    )
