"""What is to be maintained before the next run of the whole history."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from homeassistant.core import HomeAssistant

from ..coordinator import FritzBoxCoordinator
from ..counters.store import CounterStore
from ..meter.coordinator import MeterCoordinator
from .damage import DamageWatch
from .gap_repair import is_old
from .retries import DeviceRetries
from .sources import Source, sources
from .statistics.editor import get_editor


class PendingWork:
    """Counters with gaps or damaged statistics, and devices that are asked again.

    Counters whose changes the user has undone are left out.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        coordinator: FritzBoxCoordinator | MeterCoordinator,
        counters: CounterStore,
    ) -> None:
        """Begin without a search in the statistics."""
        self._hass = hass
        self._coordinator = coordinator
        self._counters = counters
        self._editor = get_editor(hass)
        self._damage = DamageWatch(hass)
        self._retries = DeviceRetries()

    def counters(self) -> set[str]:
        """Return the counters with a gap to repair, and the devices to ask again."""
        found = {gap.key for gap in self._counters.gaps}
        if found:
            found &= {source.counter for source in self._maintained()}
        return {
            key for key in (*found, *self._retries.devices) if not self._retries.is_waiting(key)
        }

    def has_old_gaps(self) -> bool:
        """Whether there are gaps to be dropped, because their entity has no statistics."""
        old = {gap.key for gap in self._counters.gaps if is_old(gap)}
        return bool(old) and not old <= {
            source.counter for source in sources(self._hass, self._coordinator)
        }

    def is_search_due(self, now: datetime) -> bool:
        """Whether a search for damaged statistics is due."""
        return self._damage.is_due(now)

    async def async_damaged(self, started: datetime | None) -> set[str]:
        """Return the counters whose statistics are damaged.

        `started` is when Home Assistant has started. Raises HomeAssistantError if the database
        refuses.
        """
        return await self._damage.async_search(
            list(self._maintained()),
            pending=self._counters.gaps,
            resumed=self._counters.resumed,
            started=started,
        )

    def note(self, is_reported: Mapping[str, bool]) -> None:
        """Note for each device whether the box has reported its statistics, by AIN."""
        for ain, is_known in is_reported.items():
            self._retries.note(ain, is_reported=is_known)

    def _maintained(self) -> Iterator[Source]:
        for source in sources(self._hass, self._coordinator):
            if not self._editor.journal.changes_of(source.statistic.id).undone:
                yield source
