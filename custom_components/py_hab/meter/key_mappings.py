"""What each key of a meter means: as the user has assigned it, as it was inferred, or by its name."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..sml.key_names import mapping_of_name
from ..sml.registers import KeyMapping, Quantity


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitChange:
    """Another unit of a key than the one that the user, the values or the name have shown."""

    before: float
    """The factor of that unit. The change ends when the user assigns another one."""
    now: float
    """The factor in use."""


class KeyMappings:
    """The mappings of a meter's keys.

    A mapping assigned by the user takes precedence over an inferred one, and that one over the name
    of the key.
    """

    def __init__(self, assigned: Mapping[str, KeyMapping]) -> None:
        """Start with the mappings that the user has assigned."""
        self._assigned = assigned
        self.inferred: dict[str, KeyMapping] = {}
        """Units that the values have proven, and mappings that earlier versions have inferred."""
        self.units: dict[str, UnitChange] = {}
        """Units that have changed while the key was in use, because the script was corrected."""
        self.named: Mapping[str, KeyMapping] = {}
        """What the names of the published keys mean beside each other."""

    def mapping_of(self, key: str) -> KeyMapping | None:
        """Return what a key means, None if unknown."""
        mapping = self._mapping_before_change(key)
        change = self.units.get(key) if self.units else None
        if change is None or mapping is None or mapping.factor != change.before:
            return mapping
        return replace(mapping, factor=change.now)

    def _mapping_before_change(self, key: str) -> KeyMapping | None:
        return self._assigned.get(key) or self.inferred.get(key) or self.mapping_by_name(key)

    def mapping_by_name(self, key: str) -> KeyMapping | None:
        """Return what the name of a key means, None if nothing."""
        return self.named.get(key) or mapping_of_name(key)

    def factor_of(self, key: str) -> float:
        """Return the factor of a key; 1 if it is unknown."""
        mapping = self.mapping_of(key)
        return 1.0 if mapping is None else mapping.factor

    def named_factor_of(self, key: str) -> float:
        """Return the factor of a key by its name alone; 1 if it is unknown."""
        mapping = self.mapping_by_name(key)
        return 1.0 if mapping is None else mapping.factor

    def is_assigned(self, key: str) -> bool:
        """Whether the user has assigned a meaning to a key."""
        return key in self._assigned

    def has_evidence(self, key: str) -> bool:
        """Whether something else than its name says what a key means."""
        return key in self._assigned or key in self.inferred or key in self.units

    def change_unit(self, key: str, ratio: float) -> None:
        """Multiply the factor of a key: it is published in another unit from now on."""
        mapping = self._mapping_before_change(key)
        if mapping is not None:
            factor = _rounded(self.factor_of(key) * ratio)
            self.units[key] = UnitChange(before=mapping.factor, now=factor)

    def is_reassigned(self, key: str, quantity: Quantity) -> bool:
        """Whether the user has assigned a key to another quantity than this one."""
        return key in self._assigned and self._assigned[key].quantity is not quantity

    def has_other_key(self, key: str, quantity: Quantity) -> bool:
        """Whether the user has assigned a quantity to other keys, and not to the one used so far."""
        keys = {each for each, mapping in self._assigned.items() if mapping.quantity is quantity}
        return self.is_reassigned(key, quantity) or (bool(keys) and key not in keys)


def _rounded(factor: float) -> float:
    """Return a product of powers of ten without its rounding error."""
    return float(f"{factor:.6g}")
