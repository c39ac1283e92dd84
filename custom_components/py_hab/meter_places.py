"""Which of the meters behind a head a block of a message belongs to.

A head may read several meters, each in a block with a prefix of its own, and a new script may
call them by other names. A meter keeps its place - "" for the first, "2", "3" ... for those that
came later - and with it its entities.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from .tasmota_sml import Block

MAX_METERS: Final = 5
"""What Tasmota's driver can read."""
PLACES: Final = ("", *map(str, range(2, MAX_METERS + 1)))
MISSED_MESSAGES: Final = 3
"""So many whole messages must lack a meter before another name is taken for its new one."""


class MeterPlaces:
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
        for place, kept in notes.items() if isinstance(notes, dict) else ():
            match kept:
                case {"prefix": str() as prefix, "number": str() as number} if place in PLACES:
                    self._prefixes[place] = prefix
                    self._numbers[place] = number

    @property
    def notes(self) -> dict[str, Any]:
        """What a restart must not forget, as JSON has it."""
        return {
            place: {"prefix": prefix, "number": self._numbers.get(place, "")}
            for place, prefix in self._prefixes.items()
        }

    def note_number(self, place: str, number: str) -> None:
        """Remember the number that the meter in a place has told."""
        self._numbers[place] = number

    def forget(self, place: str) -> None:
        """Free the place of a meter that is there no more."""
        self._prefixes.pop(place, None)
        self._numbers.pop(place, None)

    def assign(
        self, blocks: Sequence[Block], number_of: Callable[[Block], str | None]
    ) -> list[tuple[str, Block]]:
        """Return the place of each block; one whose place is not clear is left out.

        `number_of` reads the meter's number from a block, if it holds one.
        """
        places = {prefix: place for place, prefix in self._prefixes.items()}
        assigned = [(places[block.prefix], block) for block in blocks if block.prefix in places]
        if len(assigned) == len(blocks) and not self._missed:
            # Nearly always.
            return assigned
        seen = {place for place, _ in assigned}
        for place in seen:
            self._missed.pop(place, None)
        strangers = [block for block in blocks if block.prefix not in places]
        if strangers:
            # An immediate message holds one key of one meter: it does not tell who is missing.
            whole = any(block.is_whole for block in blocks)
            if whole:
                for place in self._prefixes:
                    if place not in seen:
                        self._missed[place] = self._missed.get(place, 0) + 1
            for block in strangers:
                found = self._place_of_stranger(number_of(block), whole=whole)
                if found is not None:
                    self._prefixes[found] = block.prefix
                    self._missed.pop(found, None)
                    assigned.append((found, block))
        return assigned

    def _place_of_stranger(self, number: str | None, *, whole: bool) -> str | None:
        """Return the place of a meter under a new name, None if that is not clear yet."""
        for place in self._missed:
            if number is not None and self._numbers.get(place) == number:
                return place
        for place, missed in self._missed.items():
            if missed >= MISSED_MESSAGES:
                return place
        if self._prefixes and (self._missed or not whole):
            return None
        if len(self._prefixes) >= MAX_METERS:
            return None
        return next(place for place in PLACES if place not in self._prefixes)
