"""What the set-up of a meter asks about the keys that a reader publishes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from ..meter.probe import ProbeResult
from ..sml.key_mapping import METER_CHOICES
from ..sml.registers import KeyMapping
from .key_section import (
    choices_by_size,
    chosen_mappings,
    is_unknown,
    meanings_in_blocks,
    names_in_blocks,
    suggested_choices,
)
from .received import ReceivedValue, in_form_order, received_values


@dataclass(frozen=True, kw_only=True, slots=True)
class ReaderKeys:
    """The keys of the blocks of a reader, and what is known and suggested of their meanings.

    The form shows each key under a name; see `names_in_blocks`.
    """

    received: Sequence[ReceivedValue]
    """The values received under these keys."""
    keys: Sequence[str]
    """The names of the keys in the order of the form."""
    suggested: Mapping[str, str]
    """The suggested choice of each key, by its name."""
    is_certain: bool
    """Whether the user need not look: a meter was recognized, and its keys are as their names say."""
    _names: Mapping[str, Mapping[str, str]]
    """The keys of each block by their name."""
    _meanings: Mapping[str, KeyMapping]
    """What the keys mean by their names."""

    @classmethod
    def of(
        cls, probe: ProbeResult, assigned: Mapping[str, KeyMapping], by_values: dict[str, str]
    ) -> Self:
        """Return the keys that a probe has received.

        `assigned` is what the user has assigned before, `by_values` what the values of a loaded
        meter suggest.
        """
        # Recognised meters come first, but any other block may be a meter as well.
        blocks = {**probe.meters, **probe.blocks}
        names, meanings = names_in_blocks(blocks), meanings_in_blocks(blocks)
        received = received_values(blocks, names)
        open_values = {
            name: blocks[prefix][key]
            for prefix, block in names.items()
            for name, key in block.items()
            if name not in assigned
        }
        by_size = choices_by_size(open_values, meanings)
        keys = [*(item.name for item in received), *assigned]
        suggested = suggested_choices(keys, assigned, meanings) | by_size | by_values
        has_unknown = any(
            is_unknown(name, suggested, meanings)
            for prefix in probe.meters
            for name in names[prefix]
        )
        return cls(
            received=received,
            keys=in_form_order(keys, suggested),
            suggested=suggested,
            is_certain=bool(probe.meters) and not (by_values or by_size or has_unknown),
            _names=names,
            _meanings=meanings,
        )

    def meter_block(self, chosen: Mapping[str, str]) -> str | None:
        """Return the name of the block that choices make a meter, None without any."""
        return next(
            (
                prefix
                for prefix, block in self._names.items()
                if any(chosen.get(name) in METER_CHOICES for name in block)
            ),
            None,
        )

    def assignments(self, chosen: Mapping[str, str]) -> dict[str, str]:
        """Return the assignments to store for the user's choices."""
        return chosen_mappings(self.keys, chosen, self._meanings)
