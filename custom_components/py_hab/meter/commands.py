"""Asks a Tasmota reader for its values."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from ..entry import AnyConfigEntry
from ..sml.topics import STATUS_FIRMWARE, STATUS_NETWORK, STATUS_SENSORS

REPEAT_AFTER: Final = timedelta(seconds=5)
"""Delay of a repeated request; the meter sends another telegram meanwhile."""
MAX_REPEATS: Final = 3
"""How many times a request is repeated because a counter awaits confirmation."""

IDENTITY_INTERVAL: Final = timedelta(hours=1)
"""How often a reader is asked for its MAC address while its topics may be shared."""


class ReaderCommands:
    """Publishes STATUS commands, which the reader answers. Without a command topic it asks nothing."""

    def __init__(self, hass: HomeAssistant, entry: AnyConfigEntry, topic: str | None) -> None:
        """Initialize for the command topic of an entry's reader."""
        self._hass = hass
        self._entry = entry
        self._topic = topic
        self._asked_at: datetime | None = None
        self._identity_asked_at: datetime | None = None
        self._repeats = 0
        self._cancel_repeat: CALLBACK_TYPE | None = None
        self._waiting: set[asyncio.Future[None]] = set()

    @callback
    def async_introduce(self) -> None:
        """Ask for all values, and for information about the reader."""
        self.allow_repeats()
        self._ask(STATUS_SENSORS)
        self._ask(STATUS_FIRMWARE)
        self.ask_identity(unless_within=timedelta())

    def ask_identity(self, *, unless_within: timedelta = IDENTITY_INTERVAL) -> None:
        """Ask for the MAC address, unless the last such request is more recent."""
        now = dt_util.utcnow()
        if self._identity_asked_at is None or now - self._identity_asked_at >= unless_within:
            self._identity_asked_at = now
            self._ask(STATUS_NETWORK)

    def ask(self, *, unless_within: timedelta = timedelta()) -> None:
        """Ask for all values, unless the last request is more recent than `unless_within`."""
        if self._asked_at is None or dt_util.utcnow() - self._asked_at >= unless_within:
            self._ask(STATUS_SENSORS)

    def ask_again(self) -> None:
        """Ask again after `REPEAT_AFTER`, `MAX_REPEATS` times at most."""
        if self._cancel_repeat is not None or self._repeats >= MAX_REPEATS:
            return
        self._repeats += 1

        @callback
        def ask(_now: datetime) -> None:
            self._cancel_repeat = None
            self._ask(STATUS_SENSORS)

        self._cancel_repeat = async_call_later(self._hass, REPEAT_AFTER, ask)

    def allow_repeats(self) -> None:
        """Allow `MAX_REPEATS` further repetitions, because the reader has restarted."""
        self._repeats = 0

    @callback
    def async_cancel(self) -> None:
        """Do not ask again."""
        if self._cancel_repeat is not None:
            self._cancel_repeat()

    async def async_wait_for_values(self, within: timedelta) -> None:
        """Ask for all values, and wait until `answered` is called. Raises TimeoutError.

        Concurrent callers share one request.
        """
        answer = self._hass.loop.create_future()
        is_first = not self._waiting
        self._waiting.add(answer)
        try:
            if is_first:
                self.ask()
            async with asyncio.timeout(within.total_seconds()):
                await answer
        finally:
            self._waiting.discard(answer)

    def answered(self) -> None:
        """Let callers continue that wait for values."""
        for answer in self._waiting:
            if not answer.done():
                answer.set_result(None)

    def _ask(self, number: int) -> None:
        # Imported here because a home without a meter does not need MQTT.
        from homeassistant.components import mqtt

        if number == STATUS_SENSORS:
            self._asked_at = dt_util.utcnow()
        if self._topic and mqtt.is_connected(self._hass):
            self._entry.async_create_task(
                self._hass, mqtt.async_publish(self._hass, self._topic, str(number), 0, False)
            )
