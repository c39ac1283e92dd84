"""Words, amounts and prices, in the language of the home."""

from collections.abc import Mapping
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from ..const import DOMAIN
from ..costs.prices import Price, WeekTime
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

    def number(self, value: float) -> str:
        """Return a whole number."""
        return local_number(value, ",.0f", language=self._language)

    def begin(self, price: Price) -> str:
        """Return from when on a price holds: a day, and a time unless it is midnight."""
        written = local_time if price.minute else local_date
        return written(price.begin, language=self._language)

    def price(self, price: Price) -> str:
        """Return a price with the time from which on it holds."""
        unit = price_unit(self._currency)
        shown = [
            f"{local_number(each * unit.per_currency, ',.2f', language=self._language)} {unit.text}"
            for each in [
                *([] if price.price is None else [price.price]),
                *sorted({window.price for window in price.windows}),
            ]
        ]
        parts = [price.entity or "", " / ".join(shown)]
        if price.base:
            parts.append(self.sentence("per_month", amount=self.amount(price.base)))
        return self.sentence(
            "price_since", day=self.begin(price), price=", ".join(filter(None, parts))
        )

    def week_time(self, where: WeekTime | None) -> str:
        """Return a time of the week."""
        return f"{self.word(WEEKDAYS[where.weekday])} {where.time:%H:%M}" if where else ""
