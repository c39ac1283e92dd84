"""Follows a reader to other topics that it announces."""

from datetime import timedelta
import logging
from typing import Final

from homeassistant.core import HomeAssistant, callback

from ..const import CONF_ANSWER_TOPIC, CONF_COMMAND_TOPIC, CONF_TOPIC
from ..entry import AnyConfigEntry
from ..sml.topics import ReaderTopics
from ..util.texts import clean_text

_LOGGER = logging.getLogger(__name__)

FOLLOW_AFTER: Final = timedelta(minutes=5)
"""After this time without a message, a retained announcement of other topics is followed."""


class AnnouncedTopics:
    """The topics of an entry's reader, and others that it has announced."""

    def __init__(self, hass: HomeAssistant, entry: AnyConfigEntry, topics: ReaderTopics) -> None:
        """Start with the topics in use, without an announcement."""
        self._hass = hass
        self._entry = entry
        self._topics = topics
        self._others: ReaderTopics | None = None
        """Announced ones; if the announcement was retained, they may be of an earlier time."""

    @callback
    def async_announced(self, topics: ReaderTopics | None, *, is_retained: bool) -> None:
        """Note announced topics; use them at once if the reader has announced them just now."""
        self._others = None if topics == self._topics else topics
        if not is_retained:
            self._async_follow()

    @callback
    def async_follow_if_silent(self, silent_for: timedelta) -> None:
        """Use announced topics if nothing has been received on the known ones for long."""
        if silent_for >= FOLLOW_AFTER:
            self._async_follow()

    @callback
    def _async_follow(self) -> None:
        """Use the announced topics from now on; the entry is reloaded."""
        if self._others is None:
            return
        topics = {
            CONF_TOPIC: self._others.sensor,
            CONF_COMMAND_TOPIC: self._others.command,
            CONF_ANSWER_TOPIC: self._others.answer,
        }
        config_entries = self._hass.config_entries
        if config_entries.async_update_entry(self._entry, data={**self._entry.data, **topics}):
            _LOGGER.info("%s publishes on other topics now", clean_text(self._entry.title))
            config_entries.async_schedule_reload(self._entry.entry_id)
