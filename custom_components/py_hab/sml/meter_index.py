"""Which of a reader's meters a block of a message belongs to.

A reader may read several meters, each published in a block with a prefix of its own, and a new
script may use other prefixes. A meter keeps its index ("" for the first one, "2", "3" ... for those
that came later) and with it its entities.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..records import decode_values
from .payload import Block

MAX_METERS: Final = 5
"""What Tasmota's driver can read."""
METER_INDICES: Final = ("", *map(str, range(2, MAX_METERS + 1)))
MISSED_MESSAGES: Final = 3
"""So many whole messages must lack a meter before another prefix is taken for its new one."""


@dataclass(slots=True)
class KnownMeter:
    """How a meter is recognised."""

    prefix: str
    number: str
    """Empty if the meter has not published any."""
    missed: int = 0
    """How many whole messages in a row came without it."""


class MeterIndex:
    """The meters of one reader by index, and the prefixes under which they are published."""

    def __init__(self, first_prefix: str | None) -> None:
        """Begin with the meter that was chosen at set-up, if its prefix is known."""
        self._meters: dict[str, KnownMeter] = (
            {} if first_prefix is None else {"": KnownMeter(first_prefix, "")}
        )

    @property
    def prefixes(self) -> Mapping[str, str]:
        """The prefix of each meter by index."""
        return {meter_index: meter.prefix for meter_index, meter in self._meters.items()}

    def recall(self, stored: object) -> None:
        """Take over the meters of earlier runs, as far as they make sense."""
        for meter_index, meter in decode_values(KnownMeter, stored).items():
            if meter_index in METER_INDICES:
                self._meters[meter_index] = meter

    def as_stored(self) -> dict[str, Any]:
        """Return what a restart must not forget, as JSON has it."""
        return {
            meter_index: {"prefix": meter.prefix, "number": meter.number}
            for meter_index, meter in self._meters.items()
        }

    def set_number(self, meter_index: str, number: str) -> None:
        """Remember the number that a meter has published."""
        if meter_index in self._meters:
            self._meters[meter_index].number = number

    def forget(self, meter_index: str) -> None:
        """Free the index of a meter that no longer exists."""
        self._meters.pop(meter_index, None)

    def assign(
        self, blocks: Sequence[Block], number_of: Callable[[Block], str | None]
    ) -> list[tuple[str, Block]]:
        """Return each block with the index of its meter; a block that is not clear is left out.

        `number_of` reads the meter's number from a block, if it holds one.
        """
        by_prefix = {meter.prefix: meter_index for meter_index, meter in self._meters.items()}
        known = [(by_prefix[block.prefix], block) for block in blocks if block.prefix in by_prefix]
        for meter_index, _ in known:
            self._meters[meter_index].missed = 0
        if len(known) == len(blocks):
            # Nearly always.
            return known
        # An immediate message holds one key of one meter: it does not show who is missing.
        is_whole = any(block.is_whole for block in blocks)
        if is_whole:
            seen = {meter_index for meter_index, _ in known}
            for meter_index in self._meters.keys() - seen:
                self._meters[meter_index].missed += 1
        strangers = [block for block in blocks if block.prefix not in by_prefix]
        found = [
            (self._adopt(block, number_of(block), is_whole=is_whole), block) for block in strangers
        ]
        return [*known, *((index, block) for index, block in found if index is not None)]

    def _adopt(self, block: Block, number: str | None, *, is_whole: bool) -> str | None:
        """Give a block with an unknown prefix to a meter; return its index, None if unclear."""
        meter_index = self._index_of_stranger(number, is_whole=is_whole)
        if meter_index is not None:
            meter = self._meters.setdefault(meter_index, KnownMeter(block.prefix, ""))
            meter.prefix, meter.missed = block.prefix, 0
        return meter_index

    def _index_of_stranger(self, number: str | None, *, is_whole: bool) -> str | None:
        """Return the index of a meter under a new prefix, None if that is not clear yet."""
        missing = {index: meter for index, meter in self._meters.items() if meter.missed}
        for meter_index, meter in missing.items():
            if number is not None and meter.number == number:
                return meter_index
        for meter_index, meter in missing.items():
            if meter.missed >= MISSED_MESSAGES:
                return meter_index
        if self._meters and (missing or not is_whole):
            return None
        free = (meter_index for meter_index in METER_INDICES if meter_index not in self._meters)
        return next(free, None)
