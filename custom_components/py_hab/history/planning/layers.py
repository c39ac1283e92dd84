"""What single runs have changed of a statistic, so that they can be taken back one by one."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from .change import ChangeReason
from .difference import Layer, Values, ranges_of, with_adjustment
from .origin import OriginRanges

MAX_LAYERS: Final = 50
MAX_OVERWRITTEN: Final = 50_000
"""Runs that can be taken back one by one, and hours that they have overwritten, which the journal
keeps. Earlier runs can be taken back only all together."""


class RunLayers:
    """The layers of a statistic, oldest first, and the one that a change adds to."""

    def __init__(self, layers: Iterable[Layer], run: str) -> None:
        """Start with earlier layers. `run` is the run that the change belongs to."""
        self._layers = list(layers)
        self._run = run
        self._current: Layer | None = None

    @property
    def latest(self) -> list[Layer]:
        """The layers to be stored."""
        kept: list[Layer] = []
        rows = 0
        for layer in reversed(self._layers[-MAX_LAYERS:]):
            rows += len(layer.overwritten)
            if kept and rows > MAX_OVERWRITTEN:
                break
            kept.append(layer)
        return kept[::-1]

    def begin(
        self,
        reason: ChangeReason,
        *,
        at: int,
        inserted: Iterable[int],
        replaced: Iterable[int],
        sum_adjustments: Iterable[tuple[int, float]],
        seed: int | None,
        origins: OriginRanges | None = None,
    ) -> Layer:
        """Return the layer of the run. Unless it exists, it begins with what is there now."""
        if self._current is None and self._layers and self._layers[-1].run == self._run:
            last = self._layers.pop()
            self._current = replace(
                last,
                overwritten=dict(last.overwritten),
                short_term=dict(last.short_term),
                written=list(last.written),
            )
            self._layers.append(self._current)
        if self._current is None:
            self._current = Layer(
                run=self._run,
                at=at,
                reason=reason.value,
                inserted=ranges_of(inserted),
                replaced=ranges_of(replaced),
                sum_adjustments=list(sum_adjustments),
                seed=seed,
                origins=origins or {},
            )
            self._layers.append(self._current)
        return self._current

    def settle(self, seed: int, start: int, amount: float) -> None:
        """Note in all layers with a short-term row of ours that Home Assistant has continued it."""
        self._layers = [
            replace(
                layer,
                seed=None,
                sum_adjustments=with_adjustment(layer.sum_adjustments, start, amount),
            )
            if layer.seed == seed
            else layer
            for layer in self._layers
        ]

    def take_from(self, number: int) -> list[Layer]:
        """Remove a layer, given by its number, and all later ones; return them."""
        taken, self._layers = self._layers[number:], self._layers[:number]
        return taken


def first_overwritten(layers: Iterable[Layer]) -> dict[int, Values | None]:
    """Return the rows that some layers have overwritten, as they were before all of them."""
    first: dict[int, Values | None] = {}
    for layer in layers:
        first = layer.overwritten | first
    return first
