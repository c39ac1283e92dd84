"""Finds the meter that each block of a message belongs to."""

import logging
from typing import Any

from ..const import CONF_PREFIX, CONF_REGISTERS
from ..entry import AnyConfigEntry
from ..sml.key_mapping import assigned_mappings
from ..sml.key_names import mapping_of_name
from ..sml.meter_id import parse_meter_id
from ..sml.meter_index import MeterIndex
from ..sml.payload import Block, MalformedMessageError, Payload, is_meter, parse_message
from ..sml.registers import KeyMapping, Quantity
from ..util.texts import clean_text, excerpt

_LOGGER = logging.getLogger(__name__)


class BlockRouter:
    """Parses the messages of a reader, and assigns their blocks to meters by index."""

    def __init__(self, entry: AnyConfigEntry) -> None:
        """Start with the meter that was selected at set-up, if its prefix is known."""
        self._name = clean_text(entry.title)
        self._index = MeterIndex(entry.data.get(CONF_PREFIX))
        self.assigned = assigned_mappings(entry.options.get(CONF_REGISTERS))
        """The key mappings that the user has assigned."""
        self.unreadable = 0
        """The number of messages that could not be parsed."""
        self._is_malformed = False

    # Meters

    @property
    def meter_indices(self) -> tuple[str, ...]:
        """The index of each known meter."""
        return tuple(self._index.prefixes)

    def prefix_of(self, meter_index: str) -> str:
        """Return the prefix under which a meter is published, empty if it is unknown."""
        return self._index.prefixes.get(meter_index, "")

    def set_number(self, meter_index: str, number: str) -> None:
        """Store the number that a meter has published, by which it is found under a new prefix."""
        self._index.set_number(meter_index, number)

    def forget(self, meter_index: str) -> None:
        """Free the index of a meter that no longer exists."""
        self._index.forget(meter_index)

    def restore(self, stored: object) -> None:
        """Restore the meters of earlier runs; invalid ones are dropped."""
        self._index.restore(stored)

    def as_stored(self) -> dict[str, Any]:
        """Return the meters in JSON form."""
        return self._index.as_stored()

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
        prefixes = self._index.prefixes.values()
        meters = [
            block
            for block in blocks
            if block.prefix in prefixes or is_meter(block, self._mapping_of)
        ]
        self._is_malformed &= not meters
        return self._index.assign(meters, self._number_in)

    def _mapping_of(self, key: str) -> KeyMapping | None:
        return self.assigned.get(key) or mapping_of_name(key)

    def _number_in(self, block: Block) -> str | None:
        """Return the number of the meter from a block, None if the block has none."""
        for key, value in block.fields.items():
            mapping = self._mapping_of(key)
            if mapping is not None and mapping.quantity is Quantity.METER_ID:
                number = parse_meter_id(value)
                return number.number if number else None
        return None

    def _report_malformed(self, err: MalformedMessageError, payload: Payload) -> None:
        self.unreadable += 1
        _LOGGER.debug("Unreadable message: %s: %s", err, excerpt(payload))
        if not self._is_malformed:
            self._is_malformed = True
            _LOGGER.warning("%s sent a message that cannot be read: %s", self._name, err)
