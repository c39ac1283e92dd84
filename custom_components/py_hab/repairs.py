"""Repairs: a question that only the user can answer."""

from homeassistant.components.repairs import RepairsFlow
from homeassistant.components.repairs.models import RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .coordinator import PyHabConfigEntry
from .meter_coordinator import MeterCoordinator
from .meter_notices import Answer


class MeterReplacedFlow(RepairsFlow):
    """Asks whether a counter that goes on from elsewhere is that of another meter."""

    def __init__(self, entry_id: str, place: str, placeholders: dict[str, str] | None) -> None:
        """Ask about the meter in a place of an entry."""
        self._entry_id = entry_id
        self._place = place
        self._placeholders = placeholders

    async def async_step_init(self, _user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Offer the answers."""
        return self.async_show_menu(
            step_id="init",
            menu_options=[answer.value for answer in Answer],
            description_placeholders=self._placeholders,
        )

    async def async_step_new_meter(
        self, _user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """The meter was replaced."""
        return self._answered(Answer.NEW_METER)

    async def async_step_same_meter(
        self, _user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """It is the same meter, whose counter shows something else now."""
        return self._answered(Answer.SAME_METER)

    def _answered(self, answer: Answer) -> RepairsFlowResult:
        entry: PyHabConfigEntry | None = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        if isinstance(entry.runtime_data, MeterCoordinator):
            entry.runtime_data.async_answer(self._place, answer)
        return self.async_create_entry(data={})


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the dialogue for an issue; only a replaced meter has one."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    about = data or {}
    return MeterReplacedFlow(
        str(about.get("entry_id")),
        str(about.get("place")),
        issue.translation_placeholders if issue else None,
    )
