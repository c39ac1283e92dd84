"""Distributes energy that was counted over a longer time over the hours of that time."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import inf
from typing import NamedTuple

from ...counters.guard import DEFAULT_MAX_POWER
from .rows import HOUR, full_hour


class _Point(NamedTuple):
    """A time at which it is known how much has been counted."""

    time: float
    energy: float
    """kWh."""


def spread[TimeT: float](
    start: float,
    end: float,
    energy: float,
    *,
    known_energy: Mapping[TimeT, float],
    load_profile: Mapping[int, float],
    otherwise: Mapping[int, float] | None = None,
    most: float = inf,
) -> dict[int, float]:
    """Return the energy (kWh) counted from `start` to each full hour, up to `end`.

    `energy` is the total. `known_energy` is what is known to have been counted from `start` to some
    times. Between these times the energy follows `load_profile`, the kWh of each hour by its
    start. Where the profile has a hole or does not fit, it follows `otherwise`, and if that does not
    fit either, it is spread evenly. `most` are the kWh that an hour gets at most from the profile.
    """
    points = [_Point(start, 0.0)]
    for time in sorted(known_energy):
        if start < time < end:
            least = points[-1].energy
            points.append(_Point(time, min(max(known_energy[time], least), energy)))
    points.append(_Point(end, energy))
    counted: dict[int, float] = {}
    for before, after in pairwise(points):
        counted |= _spread_between(before, after, load_profile, otherwise or {}, most)
    return counted


def _spread_between(
    before: _Point,
    after: _Point,
    load_profile: Mapping[int, float],
    otherwise: Mapping[int, float],
    most: float,
) -> dict[int, float]:
    """Return the energy counted up to each full hour after one point, up to the next one."""
    hours = range(full_hour(before.time) + HOUR, full_hour(after.time) + 1, HOUR)
    edges = [before.time, *hours, after.time]
    lengths = [(stop - begin) / HOUR for begin, stop in pairwise(edges)]
    energy = after.energy - before.energy
    expected = _shares(edges, lengths, energy, load_profile)
    shares = (
        (_limited(expected, lengths, energy, most) if expected else None)
        or _shares(edges, lengths, energy, otherwise)
        or lengths
    )
    total = sum(shares)
    passed = 0.0
    counted: dict[int, float] = {}
    for hour, share in zip(hours, shares, strict=False):
        passed += share
        counted[hour] = before.energy + energy * min(passed / total, 1.0)
    return counted


def _shares(
    edges: Sequence[float],
    lengths: Sequence[float],
    energy: float,
    load_profile: Mapping[int, float],
) -> list[float] | None:
    """Return the share of each hour, or part of an hour, of the energy between two points.

    `lengths` are in hours. Returns None if the profile has a hole, or would mean more power than is
    possible.
    """
    shares = [
        load_profile.get(full_hour(begin), -1.0) * length
        for begin, length in zip(edges, lengths, strict=False)
    ]
    total = sum(shares)
    is_possible = total > 0 and all(
        0 <= share * energy <= DEFAULT_MAX_POWER * length * total
        for share, length in zip(shares, lengths, strict=True)
    )
    return shares if is_possible else None


def _limited(
    shares: Sequence[float], lengths: Sequence[float], energy: float, most: float
) -> Sequence[float] | None:
    """Return shares with which no hour gets more than `most` kWh; None if that is impossible.

    A few known hours say what is usual, not that a whole day was counted in one of them. The energy
    above the limit is distributed over the other hours, in proportion.
    """
    full: set[int] = set()
    total = sum(shares)
    if energy <= 0:
        return shares
    while True:
        left = energy - most * sum(lengths[index] for index in full) if full else energy
        rest = sum(share for index, share in enumerate(shares) if index not in full)
        if left < 0 or rest <= 0:
            return None
        over = {
            index
            for index, share in enumerate(shares)
            if index not in full and share / rest * left > most * lengths[index]
        }
        if not over:
            break
        full |= over
    if not full:
        return shares
    return [
        (most * lengths[index] if index in full else share / rest * left) / energy * total
        for index, share in enumerate(shares)
    ]
