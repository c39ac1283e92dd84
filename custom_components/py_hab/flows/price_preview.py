"""What counters would have cost in the last year with other prices, in sentences."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ..costs.account import CounterPrices
from ..costs.prices import HOUR, Price
from ..history.cost_statistic import async_calculate
from ..history.priced_counters import Counter, PricedCounter
from ..sensors.costs import counted_twice, is_export
from .price_list import PriceList
from .price_texts import PriceTexts

_YEAR: Final = timedelta(days=365)


class PricePreview:
    """The consequences of new prices of one counter."""

    def __init__(
        self,
        hass: HomeAssistant,
        texts: PriceTexts,
        known: PriceList,
        counter: Counter,
        prices: Sequence[Price],
    ) -> None:
        """Prepare the preview; nothing is calculated yet.

        `known` are all counters and their prices before the change. Without new prices, those of the
        counter are removed.
        """
        self._hass = hass
        self._texts = texts
        self._known = known
        self._counter = counter
        self._prices = prices

    async def async_sentences(self) -> str:
        """Return sentences about the cost of the last year. Raises HomeAssistantError."""
        texts, before = self._texts, self._known.prices_of(self._counter.unique_id)
        sentences = [] if self._prices else [texts.word("preview_none")]
        if not self._prices and before.contract is not None:
            sentences.append(texts.word("preview_no_contract"))
        first = "preview_earned" if self._counter.is_export else "preview"
        for key, prices in ((first, self._prices), ("preview_before", before.prices)):
            if not prices:
                continue
            try:
                year = await self._async_year(self._counter, prices)
            except HomeAssistantError:
                return texts.word("preview_unknown")
            sentences += _about_year(texts, key, year)
        if self._prices:
            sentences += await self._async_about_contract()
            sentences += self._about_same_energy()
        return " ".join(sentences)

    async def _async_about_contract(self) -> list[str]:
        """Return what all counters of the contract cost in the last year, if it covers several.

        Raises HomeAssistantError.
        """
        texts, known = self._texts, self._known
        covered = known.contract_of(self._counter.unique_id)
        if covered is None or len(covered.counters) < 2:
            return []
        total = 0.0
        for unique_id in covered.counters:
            is_this = unique_id == self._counter.unique_id
            prices = self._prices if is_this else known.stored[unique_id].prices
            counter = known.counters.get(unique_id)
            year = await self._async_year(counter, prices) if counter else None
            if year is None or year.amount is None:
                return []
            total += -year.amount if is_export(unique_id) else year.amount
        amount, names = texts.amount(total), known.names(covered.counters)
        return [texts.sentence("preview_contract", amount=amount, names=names)]

    def _about_same_energy(self) -> list[str]:
        """Return which counters with prices count the energy of this one as well."""
        same = [
            twice.total if twice.tariff == self._counter.unique_id else twice.tariff
            for twice in counted_twice([*self._known.stored, self._counter.unique_id])
            if self._counter.unique_id in twice
        ]
        return [self._texts.sentence("counts_same", names=self._known.names(same))] if same else []

    async def _async_year(self, counter: Counter, prices: Sequence[Price]) -> _Year:
        """Return what a counter costs in the last year. Raises HomeAssistantError."""
        since = int((dt_util.utcnow() - _YEAR).timestamp()) // HOUR * HOUR
        priced = PricedCounter(
            unique_id=counter.unique_id,
            energy=counter.energy,
            prices=CounterPrices(id="", prices=list(prices)),
            is_export=counter.is_export,
        )
        hours = await async_calculate(self._hass, priced, since)
        costs = [hour.cost for hour in hours.costs if hour.start >= since]
        known = [cost for cost in costs if cost is not None]
        return _Year(sum(known) if known else None, len(known), len(costs) - len(known))


class _Year(NamedTuple):
    """What a year costs."""

    amount: float | None
    """None if no hour has a cost."""
    hours: int
    """The hours that have a cost."""
    waiting: int
    """The hours that wait for their price."""


def _about_year(texts: PriceTexts, key: str, year: _Year) -> list[str]:
    """Return sentences about the cost of a year."""
    if year.amount is None:
        return [texts.word("preview_unknown")]
    days = round(year.hours / 24)
    time = texts.counted("days", days) if days > 1 else texts.counted("hours", year.hours)
    sentences = [texts.sentence(key, amount=texts.amount(year.amount), time=time)]
    if key != "preview_before" and year.waiting:
        sentences.append(texts.counted("preview_waiting", year.waiting))
    return sentences
