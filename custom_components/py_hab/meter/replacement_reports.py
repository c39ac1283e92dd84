"""Reports replaced counters, and asks the user about them."""

from collections.abc import Mapping
from datetime import datetime
import logging

from homeassistant.core import callback

from ..counters.store import CounterStore
from ..sml.registers import Quantity
from .counter_stage import Replacement
from .issues import MeterIssues
from .meter_set import MeterSet
from .replacements import Answer

_LOGGER = logging.getLogger(__name__)


class ReplacementReports:
    """Reports the replaced counters of the meters of one reader."""

    def __init__(self, meters: MeterSet, issues: MeterIssues, counters: CounterStore) -> None:
        """Initialize for the meters of a reader."""
        self._meters = meters
        self._issues = issues
        self._counters = counters

    @callback
    def async_report(self, meter_index: str, replacement: Replacement, at: datetime) -> None:
        """Log and store a replacement, and ask the user whether the meter was replaced."""
        name = self._meters.name_of(meter_index)
        _LOGGER.info(
            "%s: %s continues from another reading (%s)",
            name,
            replacement.quantity,
            replacement.verdict,
        )
        # The supplier knows the readings of the house connection.
        _LOGGER.debug("%s: %s kWh after %s kWh", name, replacement.now, replacement.before)
        self._meters.replacements.add(meter_index, replacement, at)
        if replacement.is_question:
            self.async_ask(meter_index)
        self._counters.schedule_save()

    @callback
    def async_ask(self, meter_index: str) -> None:
        """Ask about the first unanswered replacement of a meter, and about no other one.

        The question and the replacement are stored in different files, which a crash may leave at
        different times.
        """
        unanswered = self._meters.replacements.unanswered(meter_index)
        if unanswered:
            name = self._meters.name_of(meter_index)
            self._issues.async_ask_about_replacement(meter_index, name, unanswered[0])
        else:
            self._issues.async_forget(meter_index)

    async def async_answer(
        self, meter_index: str, answer: Answer, counted: Mapping[Quantity, float]
    ) -> None:
        """Save the user's answer about the replaced counters of a meter.

        `counted` is the energy of each counter in kWh between the two readings of its replacement.
        """
        for gap in self._meters.replacements.answer(meter_index, answer, counted):
            self._counters.add_gap(gap)
        await self._meters.async_save()
