"""Decides which blocks of a reader's messages are those of electricity meters."""

from collections.abc import Mapping, Sequence
from typing import Final

from .key_mapping import assigned_in_block, is_confirmed_meter
from .key_names import mappings_of_names
from .meter_evidence import Evidence, MappingOf, evidence_of, is_other_medium
from .meter_id import is_electric, parse_meter_id
from .payload import Block
from .registers import KeyMapping, Quantity

MAX_OTHER_BLOCKS: Final = 16
"""Any client of the broker can publish any number of blocks."""


class MeterCandidates:
    """The blocks of a reader that may be those of meters, by prefix."""

    def __init__(self, assigned: Mapping[str, KeyMapping]) -> None:
        """Start with the key mappings that the user has assigned."""
        self._assigned = assigned
        self.removed: set[str] = set()
        """Prefixes of blocks that were regarded as meters and that the user has removed."""
        self.others: dict[str, Block] = {}
        """Blocks that may be those of a meter if the user says so, by prefix."""

    def assigned_in(self, prefix: str) -> dict[str, KeyMapping]:
        """Return the key mappings that the user has assigned in a block."""
        return assigned_in_block(self._assigned, prefix)

    def meters_among(self, blocks: Sequence[Block], known: Mapping[str, str]) -> list[Block]:
        """Return the blocks of known meters and those that are certainly meters.

        `known` is the prefix of each known meter, by its index. A block that may be something else
        is a meter only if there is no other one.
        """
        found: list[Block] = []
        possible: list[Block] = []
        for block in blocks:
            evidence = self._evidence_of(block, known)
            if evidence is Evidence.CERTAIN:
                found.append(block)
                self.others.pop(block.prefix, None)
            elif evidence is Evidence.POSSIBLE:
                possible.append(block)
            elif block.is_complete:
                self._set_aside(block)
        if not found:
            found, possible = possible[:1], possible[1:]
        for block in possible:
            self._set_aside(block)
        return found

    def number_in(self, block: Block) -> str | None:
        """Return the number of the meter from a block, None if the block has none."""
        mapping_of = self._mapping_in(block)
        for key, value in block.fields.items():
            mapping = mapping_of(key)
            if mapping is not None and mapping.quantity is Quantity.METER_ID:
                number = parse_meter_id(value)
                return number.number if number else None
        return None

    def _set_aside(self, block: Block) -> None:
        if block.prefix in self.others or len(self.others) < MAX_OTHER_BLOCKS:
            self.others[block.prefix] = block

    def _evidence_of(self, block: Block, known: Mapping[str, str]) -> Evidence:
        prefix = block.prefix
        if is_confirmed_meter(self._assigned, prefix):
            return Evidence.CERTAIN
        if prefix in self.removed:
            return Evidence.NONE
        mapping_of = self._mapping_in(block)
        if prefix in known.values():
            is_first = prefix == known.get("")
            is_other = not is_first and is_other_medium(prefix, block.fields, mapping_of)
            return Evidence.NONE if is_other else Evidence.CERTAIN
        evidence = evidence_of(prefix, block.fields, mapping_of)
        if evidence is Evidence.POSSIBLE and is_electric(self.number_in(block) or ""):
            # Whatever the block is called: the meter of a heat pump may be named "Heat".
            return Evidence.CERTAIN
        return evidence

    def _mapping_in(self, block: Block) -> MappingOf:
        """Return what interprets the keys of a block."""
        assigned = self.assigned_in(block.prefix)
        named = mappings_of_names(block.prefix, block.fields)
        return lambda key: assigned.get(key) or named.get(key)
