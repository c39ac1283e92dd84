"""What each hour has cost: its energy times the price that held in it, and its part of the base price."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from .prices import HOUR, Tariff


class HourCost(NamedTuple):
    """What an hour has cost."""

    start: int
    """Unix time."""
    cost: float | None
    """None while the price of its entity is not known."""


def hourly_costs(
    energies: Mapping[int, float],
    tariff: Tariff,
    entity_prices: Mapping[str, Mapping[int, float]],
) -> list[HourCost]:
    """Return the cost of each hour from the first to the last one with energy, in order.

    `energies` are kWh, `entity_prices` prices per kWh by entity, each by the start of its hour. Hours
    before the first price have none. An hour without energy needs no price, but its part of the base
    price is due.
    """
    if not energies or tariff.start is None:
        return []
    first = max(min(energies), -(-tariff.start // HOUR) * HOUR)
    found = []
    for start in range(first, max(energies) + HOUR, HOUR):
        price = tariff.at(start)
        assert price is not None
        energy = energies.get(start, 0.0)
        cost: float | None = energy * price.price + price.base
        if energy:
            for entity, part in price.entities.items():
                moving = entity_prices.get(entity, {}).get(start)
                cost = None if moving is None or cost is None else cost + energy * part * moving
        found.append(HourCost(start, cost))
    return found


def hourly_energies(sums: Sequence[tuple[int, float]], *, most: float) -> dict[int, float]:
    """Return the kWh of each hour from sums at the ends of hours, given by their start, ascending.

    What was counted while hours are missing belongs to the hour after them, as on the Energy
    dashboard. The sum of the first hour is its energy unless it exceeds `most`: then it is what a
    counter had counted before.
    """
    if not sums:
        return {}
    first, total = sums[0]
    energies = {first: total if abs(total) <= most else 0.0}
    energies |= {start: after - before for (_, before), (start, after) in pairwise(sums)}
    return energies


def running_sums(costs: Iterable[HourCost], before: float = 0.0) -> dict[int, float]:
    """Return the sum of all costs up to the end of each hour whose cost is known."""
    known = [hour for hour in costs if hour.cost is not None]
    sums = accumulate((hour.cost or 0.0 for hour in known), initial=before)
    next(sums)
    return dict(zip((hour.start for hour in known), sums, strict=True))


def time_weighted(
    changes: Iterable[tuple[float, float | None]], start: int, end: int
) -> dict[int, float]:
    """Return the mean price of each whole hour between two times from the changes of a price.

    A change is a unix time, ascending, and the price from then on, None if it is not known. An hour
    in which the price is not known for some time has the mean of the rest, if that is half of it.
    """
    known = list(changes)
    edges = [*(at for at, _ in known), float(end)]
    totals: dict[int, tuple[float, float]] = {}
    for (at, price), until in zip(known, edges[1:], strict=True):
        if price is None:
            continue
        begin = max(at, start)
        while begin < min(until, end):
            hour = int(begin // HOUR) * HOUR
            stop = min(until, hour + HOUR)
            total, length = totals.get(hour, (0.0, 0.0))
            totals[hour] = total + price * (stop - begin), length + stop - begin
            begin = stop
    return {
        hour: total / length
        for hour, (total, length) in totals.items()
        if length >= HOUR / 2 and hour + HOUR <= end
    }
