"""Finds the meter that each block of a message belongs to."""

from collections.abc import Callable, Sequence
import logging
from typing import Any, Final

from ..const import CONF_PREFIX, CONF_REGISTERS
from ..entry import AnyConfigEntry
from ..sml.key_mapping import assigned_in_block, assigned_mappings, is_confirmed_meter
from ..sml.key_names import mappings_of_names
from ..sml.meter_evidence import Evidence, evidence_of, is_other_medium
from ..sml.meter_id import is_electric, parse_meter_id
from ..sml.meter_index import MeterIndex
from ..sml.payload import Block, MalformedMessageError, Payload, parse_message
from ..sml.registers import KeyMapping, Quantity
from ..util.texts import clean_text, excerpt

MAX_OTHER_BLOCKS: Final = 16
"""Any client of the broker can publish any number of blocks."""

_LOGGER = logging.getLogger(__name__)


class BlockRouter:
    """Parses the messages of a reader, and assigns their blocks to meters by index."""

    def __init__(self, entry: AnyConfigEntry) -> None:
        """Start with the meter that was selected at set-up, if its prefix is known."""
        self._name = clean_text(entry.title)
        self._index = MeterIndex(entry.data.get(CONF_PREFIX))
        self._assigned = assigned_mappings(entry.options.get(CONF_REGISTERS))
        self._removed: set[str] = set()
        """Prefixes of blocks that were taken for meters and that the user has removed."""
        self.other_blocks: dict[str, Block] = {}
        """Blocks that may be those of a meter if the user says so, by prefix."""
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

    def assigned_to(self, meter_index: str) -> dict[str, KeyMapping]:
        """Return the key mappings that the user has assigned for a meter."""
        return assigned_in_block(self._assigned, self.prefix_of(meter_index))

    def is_refused(self, meter_index: str) -> bool:
        """Whether a known meter has turned out to be one of water, gas or heat."""
        return bool(meter_index) and self.prefix_of(meter_index) in self.other_blocks

    def forget(self, meter_index: str, *, is_published: bool) -> None:
        """Free the index of a meter that no longer exists, or that was none.

        The block of one that is still published is not taken for a meter again.
        """
        if is_published:
            self._removed.add(self.prefix_of(meter_index))
        self._index.forget(meter_index)

    def restore(self, stored: object, removed: object) -> None:
        """Restore the meters of earlier runs and the removed blocks; invalid ones are dropped."""
        self._index.restore(stored)
        if isinstance(removed, list):
            self._removed = {prefix for prefix in removed if isinstance(prefix, str)}

    def as_stored(self) -> dict[str, Any]:
        """Return the meters in JSON form."""
        return self._index.as_stored()

    @property
    def removed(self) -> list[str]:
        """The prefixes of removed blocks, in JSON form."""
        return sorted(self._removed)

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
        meters = self._meters_among(blocks)
        self._is_malformed &= not meters
        return self._index.assign(meters, self._number_in)

    def _meters_among(self, blocks: Sequence[Block]) -> list[Block]:
        """Return the blocks of known meters and those of certain ones.

        A block that may be something else is a meter only if there is no other one.
        """
        found: list[Block] = []
        possible: list[Block] = []
        for block in blocks:
            evidence = self._evidence_of(block)
            if evidence is Evidence.CERTAIN:
                found.append(block)
                self.other_blocks.pop(block.prefix, None)
            elif evidence is Evidence.POSSIBLE:
                possible.append(block)
            elif block.is_complete:
                self._set_aside(block)
        if not found:
            found, possible = possible[:1], possible[1:]
        for block in possible:
            self._set_aside(block)
        return found

    def _set_aside(self, block: Block) -> None:
        if block.prefix in self.other_blocks or len(self.other_blocks) < MAX_OTHER_BLOCKS:
            self.other_blocks[block.prefix] = block

    def _evidence_of(self, block: Block) -> Evidence:
        prefix = block.prefix
        if is_confirmed_meter(self._assigned, prefix):
            return Evidence.CERTAIN
        if prefix in self._removed:
            return Evidence.NONE
        mapping_of = self._mapping_in(block)
        prefixes = self._index.prefixes
        if prefix in prefixes.values():
            is_first = prefix == prefixes.get("")
            is_other = not is_first and is_other_medium(prefix, block.fields, mapping_of)
            return Evidence.NONE if is_other else Evidence.CERTAIN
        evidence = evidence_of(prefix, block.fields, mapping_of)
        if evidence is Evidence.POSSIBLE and is_electric(self._number_in(block) or ""):
            # Whatever the block is called: the meter of a heat pump may be named "Heat".
            return Evidence.CERTAIN
        return evidence

    def _mapping_in(self, block: Block) -> Callable[[str], KeyMapping | None]:
        """Return what interprets the keys of a block."""
        assigned = assigned_in_block(self._assigned, block.prefix)
        named = mappings_of_names(block.prefix, block.fields)
        return lambda key: assigned.get(key) or named.get(key)

    def _number_in(self, block: Block) -> str | None:
        """Return the number of the meter from a block, None if the block has none."""
        mapping_of = self._mapping_in(block)
        for key, value in block.fields.items():
            mapping = mapping_of(key)
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
