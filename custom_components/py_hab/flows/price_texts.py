"""Words, amounts and prices, in the language of the home."""

from collections.abc import Mapping
from itertools import groupby
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from ..const import DOMAIN
from ..costs.prices import Price, WeekTime, Window
from ..costs.units import price_unit
from ..util.texts import local_date, local_number, local_time
from .price_form import WEEKDAYS

_TEXTS: Final = "cost_text"
"""The translation key of a selector that is not shown: its options are words and sentences."""


async def async_price_texts(hass: HomeAssistant) -> PriceTexts:
    """Return the texts about prices in the language of the home."""
    texts = await async_get_translations(hass, hass.config.language, "selector", {DOMAIN})
    return PriceTexts(texts, hass.config.language, hass.config.currency)


class PriceTexts:
    """Writes prices and amounts."""

    def __init__(self, texts: Mapping[str, str], language: str, currency: str) -> None:
        """Use the translations of selectors, by their full key."""
        self._texts = texts
        self._language = language
        self._currency = currency

    def word(self, key: str) -> str:
        """Return a word or a sentence."""
        return self._texts[f"component.{DOMAIN}.selector.{_TEXTS}.options.{key}"]

    def sentence(self, key: str, **values: str) -> str:
        """Return a sentence with values filled in."""
        return self.word(key).format(**values)

    def amount(self, amount: float) -> str:
        """Return an amount of money."""
        return f"{local_number(amount, ',.2f', language=self._language)} {self._currency}"

    def counted(self, key: str, count: int) -> str:
        """Return a text with a number of things, which has another form for one of them."""
        return (
            self.word(f"{key}_one") if count == 1 else self.sentence(key, count=self.number(count))
        )

    def number(self, value: float) -> str:
        """Return a whole number."""
        return local_number(value, ",.0f", language=self._language)

    def begin(self, price: Price) -> str:
        """Return from when on a price holds: a day, and a time unless it is midnight."""
        written = local_time if price.minute else local_date
        return written(price.begin, language=self._language)

    def price(self, price: Price) -> str:
        """Return a price with the time from which on it holds."""
        shown = [] if price.price is None else [self._per_kwh(price.price)]
        windows = sorted(price.windows, key=lambda each: each.price)
        for amount, alike in groupby(windows, key=lambda each: each.price):
            shown.append(f"{self._per_kwh(amount)} ({', '.join(map(self._window, alike))})")
        parts = [price.entity or "", " / ".join(shown)]
        if price.base:
            parts.append(self.sentence("per_month", amount=self.amount(price.base)))
        return self.sentence(
            "price_since", day=self.begin(price), price=", ".join(filter(None, parts))
        )

    def _per_kwh(self, amount: float) -> str:
        """Return an amount of money per kWh."""
        unit = price_unit(self._currency)
        number = local_number(amount * unit.per_currency, ",.2f", language=self._language)
        return f"{number} {unit.text}"

    def _window(self, window: Window) -> str:
        """Return the times of a window, with its weekdays unless it is every day."""
        bounds = (divmod(minute, 60) for minute in (window.start, window.end))
        times = "-".join(f"{hour:02}:{minute:02}" for hour, minute in bounds)
        weekdays = sorted(window.weekdays)
        if len(weekdays) in {0, len(WEEKDAYS)}:
            return times
        first, last = weekdays[0], weekdays[-1]
        is_row = len(weekdays) > 1 and last - first == len(weekdays) - 1
        shown, mark = ([first, last], "-") if is_row else (weekdays, " ")
        names = mark.join(self.word(WEEKDAYS[each]) for each in shown)
        return f"{names} {times}"

    def week_time(self, where: WeekTime | None) -> str:
        """Return a time of the week."""
        return f"{self.word(WEEKDAYS[where.weekday])} {where.time:%H:%M}" if where else ""
