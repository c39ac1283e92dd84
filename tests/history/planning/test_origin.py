"""The words for where an hour comes from, as actions and the journal spell them."""

from custom_components.py_hab.history.planning.origin import Origin


def test_the_origins_are_spelled_as_they_are_stored() -> None:
    assert list(Origin) == ["measured", "reported", "spread", "imported"]
