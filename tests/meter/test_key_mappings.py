"""What a key means if several say it; how values prove a unit is tested with the resolver."""

from custom_components.py_hab.meter.key_mappings import KeyMappings, UnitChange
from custom_components.py_hab.sml.registers import KeyMapping, Quantity

IMPORT = Quantity.ENERGY_IMPORT
EXPORT = Quantity.ENERGY_EXPORT


def test_the_user_comes_before_the_values_and_they_before_the_name() -> None:
    mappings = KeyMappings({"a": KeyMapping(IMPORT)})
    mappings.named = {key: KeyMapping(Quantity.POWER) for key in "abc"}
    mappings.inferred = {key: KeyMapping(EXPORT, 0.001) for key in "ab"}
    assert mappings.mapping_of("a") == KeyMapping(IMPORT)
    assert mappings.mapping_of("b") == KeyMapping(EXPORT, 0.001)
    assert mappings.mapping_of("c") == KeyMapping(Quantity.POWER)
    assert mappings.mapping_of("unknown") is None
    assert [key for key in "abc" if mappings.has_evidence(key)] == ["a", "b"]
    assert [key for key in "abc" if mappings.is_assigned(key)] == ["a"]


def test_another_unit_lasts_until_the_user_assigns_one() -> None:
    mappings = KeyMappings({"a": KeyMapping(IMPORT, 0.001)})
    mappings.change_unit("a", 1000.0)
    assert mappings.units == {"a": UnitChange(before=0.001, now=1.0)}
    assert (mappings.factor_of("a"), mappings.named_factor_of("a")) == (1.0, 1.0)
    later = KeyMappings({"a": KeyMapping(IMPORT, 0.1)})
    later.units = mappings.units
    assert later.factor_of("a") == 0.1
    mappings.change_unit("unknown", 10.0)
    assert "unknown" not in mappings.units


def test_a_key_of_another_quantity_is_seen() -> None:
    mappings = KeyMappings({"a": KeyMapping(IMPORT)})
    assert mappings.is_reassigned("a", EXPORT)
    assert not mappings.is_reassigned("a", IMPORT)
    assert mappings.has_other_key("b", IMPORT)
    assert not mappings.has_other_key("b", EXPORT)
