"""Which runs can be taken back one by one, and that the journal keeps them."""

import json

import pytest

from custom_components.py_hab.history.planning import layers
from custom_components.py_hab.history.planning.change import ChangeReason
from custom_components.py_hab.history.planning.difference import Difference, Layer, Values
from custom_components.py_hab.history.planning.layers import RunLayers, first_overwritten
from custom_components.py_hab.util.records import decode, encode

ROW: Values = {"state": 5.0, "sum": 1.0, "created_ts": 0.5}


def begun(found: RunLayers, reason: ChangeReason = ChangeReason.IMPORT) -> Layer:
    return found.begin(
        reason, at=7, inserted=[0], replaced=[3600], sum_adjustments=[(0, 1.0)], seed=None
    )


def test_changes_of_a_run_share_a_layer_with_what_was_there_before_the_first() -> None:
    first = RunLayers([], "a")
    layer = begun(first)
    layer.overwritten[0] = ROW
    again = RunLayers(first.latest, "a")
    assert (
        again.begin(ChangeReason.SPIKE, at=8, inserted=[], replaced=[], sum_adjustments=[], seed=1)
        == layer
    )
    other = RunLayers(again.latest, "b")
    begun(other)
    assert [each.run for each in other.latest] == ["a", "b"]
    # A run that others have followed is over.
    late = RunLayers(other.latest, "a")
    begun(late)
    assert [each.run for each in late.latest] == ["a", "b", "a"]
    assert [each.run for each in late.take_from(1)] == ["b", "a"]
    assert [each.run for each in late.latest] == ["a"]


def test_the_first_row_that_was_overwritten_counts() -> None:
    one, two = (Layer(run=name, at=0, reason="import") for name in "ab")
    one.overwritten[0] = None
    two.overwritten.update({0: ROW, 3600: ROW})
    assert first_overwritten([one, two]) == {0: None, 3600: ROW}


def test_only_the_last_runs_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [Layer(run=str(number), at=0, reason="import") for number in range(layers.MAX_LAYERS)]
    found = RunLayers(many, "new")
    begun(found)
    assert [each.run for each in found.latest] == [*(each.run for each in many[1:]), "new"]
    monkeypatch.setattr(layers, "MAX_OVERWRITTEN", 2)
    for layer in many[-3:]:
        layer.overwritten.update({0: ROW, 3600: ROW})
    # The rows of the last but one fit, those of the one before it do not.
    assert [each.run for each in found.latest] == [many[-1].run, "new"]


def test_layers_are_stored() -> None:
    found = RunLayers([], "a")
    layer = begun(found)
    layer.overwritten.update({0: ROW, 3600: None})
    difference = Difference(layers=found.latest)
    assert decode(Difference, json.loads(json.dumps(encode(difference)))) == difference
    # Journals of earlier versions know no runs.
    assert decode(Difference, {"stamp": 5}).layers == []
