"""Checks the meters of a reader once a minute."""

from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import callback

from .issues import METER_SILENT, MeterIssues
from .meter import Meter
from .meter_set import MeterSet
from .reader_link import ReaderLink

ASK_AFTER: Final = timedelta(minutes=5)
"""After this time without a message about a meter, the reader is asked. The default interval of
Tasmota."""


class MeterSupervision:
    """Finds silent meters and other problems, and asks the reader for what is missing."""

    def __init__(self, meters: MeterSet, link: ReaderLink, issues: MeterIssues, name: str) -> None:
        """Initialize for the meters of a reader. `name` is the title of the entry."""
        self._meters = meters
        self._link = link
        self._issues = issues
        self._name = name

    @callback
    def async_check(self, now: datetime) -> None:
        """Check the meters; ask the reader if one is missing."""
        last_seen = [meter.freshness.last_seen for meter in self._meters.values()]
        if not last_seen or any(at is None or now - at >= ASK_AFTER for at in last_seen):
            # Telemetry may be off or infrequent, or the prefix of the meter may have changed.
            self._link.commands.ask(unless_within=ASK_AFTER)
        self._link.announced.async_follow_if_silent(self._link.presence.silent_for(now))
        for meter_index, meter in self._meters.items():
            name = self._meters.name_of(meter_index)
            self._issues.async_update(meter_index, name, self._problems(meter_index, meter, now))
            self._issues.async_update_waiting(meter_index, name, meter.waiting_counter(now))
        sharing = self._link.identities.sharing
        if sharing:
            # The user may have given one of the readers another topic.
            self._link.commands.ask_identity()
        self._issues.async_update_sharing(self._name, self._link.topics.sensor, sharing)

    def _problems(self, meter_index: str, meter: Meter, now: datetime) -> set[str]:
        problems: set[str] = {*meter.problems}
        presence = self._link.presence
        is_missed = meter.freshness.is_silent(presence.since, now) and presence.is_publishing(now)
        if is_missed and not self._meters.router.is_refused(meter_index):
            problems.add(METER_SILENT)
        return problems
