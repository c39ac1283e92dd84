"""Which of the meters behind a head a block of a message belongs to.

A head may read several meters, each in a block with a prefix of its own, and a new script may
call them by other names. A meter keeps its place - "" for the first, "2", "3" ... for those that
came later - and with it its entities.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from .payload import Block

MAX_METERS: Final = 5
"""What Tasmota's driver can read."""
METER_INDICES: Final = ("", *map(str, range(2, MAX_METERS + 1)))
MISSED_MESSAGES: Final = 3
"""So many whole messages must lack a meter before another name is taken for its new one."""


class MeterIndex:
    """The meters behind one head: their places and the prefixes they go by."""

    def __init__(self, first_prefix: str | None) -> None:
        """Begin with the meter that was chosen at set-up, if its prefix is known."""
        self._prefixes: dict[str, str] = {} if first_prefix is None else {"": first_prefix}
        self._numbers: dict[str, str] = {}
        self._missed: dict[str, int] = {}

    @property
    def prefixes(self) -> Mapping[str, str]:
        """The prefix of each place."""
        return self._prefixes

    def recall(self, notes: object) -> None:
        """Take over what `notes` has kept, as far as it makes sense."""
        for meter_index, kept in notes.items() if isinstance(notes, dict) else ():
            match kept:
                case {"prefix": str() as prefix, "number": str() as number} if (
                    meter_index in METER_INDICES
                ):
                    self._prefixes[meter_index] = prefix
                    self._numbers[meter_index] = number

    @property
    def notes(self) -> dict[str, Any]:
        """What a restart must not forget, as JSON has it."""
        return {
            meter_index: {"prefix": prefix, "number": self._numbers.get(meter_index, "")}
            for meter_index, prefix in self._prefixes.items()
        }

    def note_number(self, meter_index: str, number: str) -> None:
        """Remember the number that the meter in a place has told."""
        self._numbers[meter_index] = number

    def forget(self, meter_index: str) -> None:
        """Free the place of a meter that is there no more."""
        self._prefixes.pop(meter_index, None)
        self._numbers.pop(meter_index, None)

    def assign(
        self, blocks: Sequence[Block], number_of: Callable[[Block], str | None]
    ) -> list[tuple[str, Block]]:
        """Return the place of each block; one whose place is not clear is left out.

        `number_of` reads the meter's number from a block, if it holds one.
        """
        meter_indices = {prefix: meter_index for meter_index, prefix in self._prefixes.items()}
        assigned = [
            (meter_indices[block.prefix], block)
            for block in blocks
            if block.prefix in meter_indices
        ]
        if len(assigned) == len(blocks) and not self._missed:
            # Nearly always.
            return assigned
        seen = {meter_index for meter_index, _ in assigned}
        for meter_index in seen:
            self._missed.pop(meter_index, None)
        strangers = [block for block in blocks if block.prefix not in meter_indices]
        if strangers:
            # An immediate message holds one key of one meter: it does not tell who is missing.
            whole = any(block.is_whole for block in blocks)
            if whole:
                for meter_index in self._prefixes:
                    if meter_index not in seen:
                        self._missed[meter_index] = self._missed.get(meter_index, 0) + 1
            for block in strangers:
                found = self._place_of_stranger(number_of(block), whole=whole)
                if found is not None:
                    self._prefixes[found] = block.prefix
                    self._missed.pop(found, None)
                    assigned.append((found, block))
        return assigned

    def _place_of_stranger(self, number: str | None, *, whole: bool) -> str | None:
        """Return the place of a meter under a new name, None if that is not clear yet."""
        for meter_index in self._missed:
            if number is not None and self._numbers.get(meter_index) == number:
                return meter_index
        for meter_index, missed in self._missed.items():
            if missed >= MISSED_MESSAGES:
                return meter_index
        if self._prefixes and (self._missed or not whole):
            return None
        if len(self._prefixes) >= MAX_METERS:
            return None
        return next(
            meter_index for meter_index in METER_INDICES if meter_index not in self._prefixes
        )
