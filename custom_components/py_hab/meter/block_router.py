"""Finds the meter that each block of a message belongs to."""

import logging

from ..const import CONF_PREFIX, CONF_REGISTERS
from ..entry import AnyConfigEntry
from ..sml.key_mapping import assigned_mappings
from ..sml.meter_candidates import MeterCandidates
from ..sml.meter_index import MeterIndex
from ..sml.payload import Block, MalformedMessageError, Payload, parse_message
from ..sml.registers import KeyMapping
from ..util.texts import clean_text, excerpt

_LOGGER = logging.getLogger(__name__)


class BlockRouter:
    """Parses the messages of a reader, and assigns their blocks to meters by index."""

    def __init__(self, entry: AnyConfigEntry) -> None:
        """Start with the meter that was selected at set-up, if its prefix is known."""
        self._name = clean_text(entry.title)
        self.index = MeterIndex(entry.data.get(CONF_PREFIX))
        self.candidates = MeterCandidates(assigned_mappings(entry.options.get(CONF_REGISTERS)))
        self.unreadable = 0
        """The number of messages that could not be parsed."""
        self._is_malformed = False

    # Meters

    def assigned_to(self, meter_index: str) -> dict[str, KeyMapping]:
        """Return the key mappings that the user has assigned for a meter."""
        return self.candidates.assigned_in(self.index.prefix_of(meter_index))

    def is_refused(self, meter_index: str) -> bool:
        """Whether a known meter has turned out to be one of water, gas or heat."""
        return bool(meter_index) and self.index.prefix_of(meter_index) in self.candidates.others

    def forget(self, meter_index: str, *, is_published: bool) -> None:
        """Free the index of a meter that no longer exists, or that is no electricity meter.

        If its block is still published, it is not regarded as a meter again.
        """
        if is_published:
            self.candidates.removed.add(self.index.prefix_of(meter_index))
        self.index.forget(meter_index)

    def restore(self, stored: object, removed: object) -> None:
        """Restore the meters of earlier runs and the removed blocks; invalid ones are dropped."""
        self.index.restore(stored)
        if isinstance(removed, list):
            self.candidates.removed = {prefix for prefix in removed if isinstance(prefix, str)}

    # Messages

    def blocks_of(self, payload: Payload) -> list[tuple[str, Block]]:
        """Return the blocks of a message that belong to a meter, with its index.

        A message that cannot be parsed has none. It is counted, and logged unless the last one could
        not be parsed either.
        """
        try:
            blocks = parse_message(payload)
        except MalformedMessageError as err:
            self._report_malformed(err, payload)
            return []
        meters = self.candidates.meters_among(blocks, self.index.prefixes)
        self._is_malformed &= not meters
        return self.index.assign(meters, self.candidates.number_in)

    def _report_malformed(self, err: MalformedMessageError, payload: Payload) -> None:
        self.unreadable += 1
        _LOGGER.debug("Unreadable message: %s: %s", err, excerpt(payload))
        if not self._is_malformed:
            self._is_malformed = True
            _LOGGER.warning("%s sent a message that cannot be read: %s", self._name, err)
