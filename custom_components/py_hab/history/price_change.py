"""What changes with the prices of a counter: its costs follow from other ones."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from ..costs.account import CounterPrices, without
from ..costs.prices import Price, agree_until
from .cost_statistic import cost_statistic_id
from .energy_costs import async_take_off_dashboard
from .statistics.editor import get_editor
from .undo import async_undo


async def async_change_prices(
    hass: HomeAssistant,
    stored: Mapping[str, CounterPrices],
    unique_id: str,
    prices: Sequence[Price],
) -> dict[str, CounterPrices]:
    """Return the prices to be stored after those of one counter have changed.

    `stored` are the prices before, by the unique id of the counter's entity. Without any prices, the
    costs of the counter are removed, and are not shown on the Energy dashboard any more. Raises
    HomeAssistantError if the database refuses.
    """
    statistic_id = cost_statistic_id(unique_id)
    changes = get_editor(hass).journal.changes_of(statistic_id)
    if prices:
        known = stored.get(unique_id) or CounterPrices(id="")
        layers = changes.done.layers
        is_written = bool(layers) and layers[-1].run == known.id
        changed = dict(stored) | {unique_id: _with(known, prices, is_written=is_written)}
    else:
        if not changes.is_clean:
            await async_undo(hass, statistic_id, dry_run=False)
        await async_take_off_dashboard(hass, {statistic_id})
        changed = without(stored, unique_id)
    # Whoever enters prices wants costs, also if they were taken back before.
    changes.undone = False
    return changed


def _with(known: CounterPrices, prices: Sequence[Price], *, is_written: bool) -> CounterPrices:
    """Return a new set of prices. Up to where it agrees with the one before, costs are kept.

    `is_written` says whether the costs of the set before are in the database. If they are not, those
    that are there follow from a set before it.
    """
    kept = [agree_until(known.prices, prices, dt_util.get_default_time_zone())]
    if known.kept_until is not None and not is_written:
        kept.append(known.kept_until)
    return replace(known, id=ulid_now(), prices=list(prices), kept_until=min(kept))
