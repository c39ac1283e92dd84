"""Assigns the blocks of a message to the meters of a reader.

A reader may read several meters and publish each of them in a block with its own prefix. A new script
may use other prefixes. A meter keeps its index ("" for the first one, then "2", "3" ...) and thereby
its entities.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..util.records import decode_values
from .payload import Block

MAX_METERS: Final = 5
"""The number of meters that Tasmota's driver can read."""
METER_INDICES: Final = ("", *map(str, range(2, MAX_METERS + 1)))
MISSED_MESSAGES: Final = 3
"""How many complete messages must lack a meter before an unknown prefix is regarded as its new one."""


@dataclass(slots=True)
class KnownMeter:
    """What identifies a meter."""

    prefix: str
    number: str
    """Empty if the meter has not published its number."""
    missed: int = 0
    """How many consecutive complete messages did not contain the meter."""


class MeterIndex:
    """The meters of a reader by index, with their prefixes and numbers."""

    def __init__(self, first_prefix: str | None) -> None:
        """Start with the meter that was selected at set-up, if its prefix is known."""
        self._meters: dict[str, KnownMeter] = (
            {} if first_prefix is None else {"": KnownMeter(first_prefix, "")}
        )

    @property
    def prefixes(self) -> Mapping[str, str]:
        """The prefix of each meter, by index."""
        return {meter_index: meter.prefix for meter_index, meter in self._meters.items()}

    def prefix_of(self, meter_index: str) -> str:
        """Return the prefix under which a meter is published, empty if it is unknown."""
        meter = self._meters.get(meter_index)
        return meter.prefix if meter else ""

    def restore(self, stored: object) -> None:
        """Restore the meters of earlier runs; invalid ones are dropped."""
        for meter_index, meter in decode_values(KnownMeter, stored).items():
            if meter_index in METER_INDICES:
                self._meters[meter_index] = meter

    def as_stored(self) -> dict[str, Any]:
        """Return the meters in JSON form."""
        return {
            meter_index: {"prefix": meter.prefix, "number": meter.number}
            for meter_index, meter in self._meters.items()
        }

    def set_number(self, meter_index: str, number: str) -> None:
        """Store the number that a meter has published, by which it is found under a new prefix."""
        if meter_index in self._meters:
            self._meters[meter_index].number = number

    def forget(self, meter_index: str) -> None:
        """Free the index of a meter that no longer exists."""
        self._meters.pop(meter_index, None)

    def assign(
        self, blocks: Sequence[Block], number_of: Callable[[Block], str | None]
    ) -> list[tuple[str, Block]]:
        """Return the blocks with the index of their meter. A block whose meter is unclear is dropped.

        `number_of` returns the number of the meter from a block, None if the block has none.
        """
        by_prefix = {meter.prefix: meter_index for meter_index, meter in self._meters.items()}
        known = [(by_prefix[block.prefix], block) for block in blocks if block.prefix in by_prefix]
        for meter_index, _ in known:
            self._meters[meter_index].missed = 0
        if len(known) == len(blocks):
            return known
        # An immediate message contains one key of one meter, so it does not show missing meters.
        is_complete = any(block.is_complete for block in blocks)
        if is_complete:
            seen = {meter_index for meter_index, _ in known}
            for meter_index in self._meters.keys() - seen:
                self._meters[meter_index].missed += 1
        unknown = [block for block in blocks if block.prefix not in by_prefix]
        found = [
            (self._adopt(block, number_of(block), is_complete=is_complete), block)
            for block in unknown
        ]
        return [*known, *((index, block) for index, block in found if index is not None)]

    def _adopt(self, block: Block, number: str | None, *, is_complete: bool) -> str | None:
        """Assign a block with an unknown prefix; return the index of its meter, None if unclear."""
        meter_index = self._index_for(number, is_complete=is_complete)
        if meter_index is not None:
            meter = self._meters.setdefault(meter_index, KnownMeter(block.prefix, ""))
            meter.prefix, meter.missed = block.prefix, 0
        return meter_index

    def _index_for(self, number: str | None, *, is_complete: bool) -> str | None:
        """Return the index of a meter with an unknown prefix, None if that is not clear yet.

        It is a known meter with the same number, or one that has been missing long enough. If no
        meter is missing, it is a new one.
        """
        missing = {index: meter for index, meter in self._meters.items() if meter.missed}
        for meter_index, meter in missing.items():
            if number is not None and meter.number == number:
                return meter_index
        for meter_index, meter in missing.items():
            if meter.missed >= MISSED_MESSAGES:
                return meter_index
        if self._meters and (missing or not is_complete):
            return None
        free = (meter_index for meter_index in METER_INDICES if meter_index not in self._meters)
        return next(free, None)
