"""Words, numbers and names for dialogs about the history, in the language of the home."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..entry import Progress
from ..history.cost_statistic import counter_of_costs
from ..util.texts import as_markdown, local_date, local_number, local_time

_WORDS: Final = "history_text"
_COSTS: Final = "cost_text"
"""Translation keys of selectors that are not shown: their options are texts for reports."""


async def async_history_texts(hass: HomeAssistant) -> HistoryTexts:
    """Return the texts in the language of the home."""
    language = hass.config.language
    texts = await async_get_translations(hass, language, "selector", {DOMAIN})
    return HistoryTexts(hass, texts, language)


class HistoryTexts:
    """Words, numbers and times of one language."""

    def __init__(self, hass: HomeAssistant, texts: Mapping[str, str], language: str) -> None:
        """Use the translations of selectors, by their full key."""
        self._hass = hass
        self._texts = texts
        self._language = language

    def word(self, key: str, **values: str) -> str:
        """Return a text, with values filled in."""
        return self.text(_WORDS, key).format(**values)

    def counted(self, key: str, count: int) -> str:
        """Return a text with a number of things, which has another form for one of them."""
        return self.word(f"{key}_one") if count == 1 else self.word(key, count=self.number(count))

    def number(self, value: float, digits: int = 0) -> str:
        """Return a number with separators."""
        return local_number(value, f",.{digits}f", language=self._language)

    def date(self, day: datetime) -> str:
        """Return a day."""
        return local_date(dt_util.as_local(day), language=self._language)

    def time(self, moment: datetime) -> str:
        """Return a day and the time, in the time zone of the home."""
        return local_time(dt_util.as_local(moment), language=self._language)

    def name(self, statistic_id: str) -> str:
        """Return the name of an entity or of a counter's costs, or the id of another statistic."""
        if state := self._hass.states.get(statistic_id):
            return state.name
        counter = counter_of_costs(self._hass, statistic_id)
        if counter is None:
            return statistic_id
        return self.text(_COSTS, "costs_of").format(name=self.name(counter))

    def progress(self, progress: Progress) -> dict[str, str]:
        """Return the placeholders of a progress step."""
        return {
            "name": as_markdown(self.name(progress.name)) if progress.name else "…",
            "hours": self.number(progress.hours),
        }

    def energy(self, kwh: float | None) -> str:
        """Return an energy with its unit, a dash for none."""
        return f"{self.number(kwh, 2)} kWh" if kwh else "-"

    def text(self, selector: str, key: str) -> str:
        """Return the text of an option of a selector, or its key if it has none."""
        return self._texts.get(f"component.{DOMAIN}.selector.{selector}.options.{key}", key)
