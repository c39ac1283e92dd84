"""Words in the headers of tables, and what they say about a column."""

from collections.abc import Iterable
import re
from typing import Final

from .csv_format import Content


def _any(*words: str) -> re.Pattern[str]:
    return re.compile("|".join(words), re.IGNORECASE)


_BOUNDS: Final = r"(?:^|[\s_\-/.(\[])"
_READINGS: Final = _any(
    "stand", "reading", r"\btotal", r"_total", "cumul", "kumul", r"\bstate\b", "meter", r"1\.8\.\d",
    r"2\.8\.\d", "total_act", "gesamt", "absolut", "lifetime",
)  # fmt: skip
_CONSUMPTION: Final = _any(
    "verbrauch", "consum", "lastgang", "bezug", "entnahme", "einspeis", "lieferung", "arbeit",
    r"ertrag", "erzeug", "produ", "yield", "usage", "delta", "change", "menge", r"1\.29\.\d",
    r"2\.29\.\d", "intervall", "interval",
)  # fmt: skip
_POWER: Final = _any("leistung", "power", "watt", "1\\.7\\.0", "2\\.7\\.0", "16\\.7\\.0")
_MONEY: Final = _any(
    "preis", "price", "kosten", "cost", "€", r"\beur\b", r"\bct\b", "betrag", "amount due",
    r"\brate\b", "standing charge", r"\btax", "gebühr", "umlage",
)  # fmt: skip
_NEVER: Final = _any(
    "status",
    r"^nr\b", r"^no\b", "index", "temper", "spannung", r"(?<!photo)volt", "strom(st|\\s*\\()", "current",
    "ampere", r"\bvat\b", "quality", "qualit", "co2", r"\bkvar", "blind", "react", "cos", "frequen",
    r"\bhz\b", r"\bsoc\b", "min(imum)?\\b", "max(imum)?\\b", "prozent", "%", "zählernummer", "plz",
    "version", r"\bid\b", "umrechn", "wandler", "faktor",
    r"^(jahr|year|quartal|quarter|monat|month|(kalender)?woche|week|tag|day|stunde|hour|minute)$",
)  # fmt: skip
_BEGIN: Final = _any(
    rf"{_BOUNDS}(von|ab|begin\w*|start\w*|from|anfang)(?![^\W\d_])", "last_changed"
)
_END: Final = _any(
    rf"{_BOUNDS}(bis|end(?:e|zeit|datum|time|date)?|intervallende|stop|until|to|till)(?![^\W\d_])"
)
_SERIES: Final = _any(
    "obis", "entity", "statistic", "kennzahl", "kanal", "channel", "zählpunkt", "zaehlpunkt",
    "meter ?id", "messlokation", "marktlokation", "malo", "melo", "sensor", "item", "ge?rä?e?t",
    "device", "^name$", "^type$", "^typ$", "serien", "seriennummer", "zählernummer", "zaehlernummer",
    "register", "^id$", "messstelle",
)  # fmt: skip
_UNIT: Final = re.compile(r"(?<![^\W\d_])([kM]?)W(h?)(?![^\W\d_])", re.IGNORECASE)
_UNITS: Final = {
    ("", "h"): "Wh",
    ("k", "h"): "kWh",
    ("m", "h"): "MWh",
    ("", ""): "W",
    ("k", ""): "kW",
    ("m", ""): "MW",
}
STANDARD_WORDS: Final = _any(r"\bmez\b", r"\bcet\b", "winterzeit", "normalzeit", "standard time")
SUMMER_WORDS: Final = _any(r"\bmesz\b", r"\bcest\b", "sommerzeit", "gesetzlich")
UTC_WORDS: Final = _any(r"\butc\b", r"\bgmt\b", r"_utc")


def unit_in(text: str) -> str | None:
    """Return the unit that a text contains."""
    found = _UNIT.search(text.replace("_", " "))
    return _UNITS[found[1].lower(), found[2].lower()] if found else None


def content_in(name: str) -> Content | None:
    """Return what the name of a column says about its values.

    A reading is the more particular word: `Zählerstand Bezug` is none of consumption.
    """
    for words, content in (
        (_READINGS, Content.READINGS),
        (_POWER, Content.POWER),
        (_CONSUMPTION, Content.CONSUMPTION),
    ):
        if words.search(name):
            return content
    return None


def is_no_energy(name: str) -> bool:
    """Whether a column contains something other than energy, by its name."""
    return bool(_NEVER.search(name))


def is_money(name: str) -> bool:
    """Whether a column contains prices or costs, by its name: `ct/kWh` is one."""
    return bool(_MONEY.search(name))


def is_begin(name: str) -> bool:
    """Whether a column contains the begin of intervals, by its name."""
    return bool(_BEGIN.search(name))


def is_end(name: str) -> bool:
    """Whether a column contains the end of intervals, by its name."""
    return bool(_END.search(name))


def is_series(name: str) -> bool:
    """Whether a column names series, by its name."""
    return bool(_SERIES.search(name))


def unit_among(texts: Iterable[str]) -> str | None:
    """Return the first unit that any of these texts contains."""
    return next(filter(None, map(unit_in, texts)), None)
