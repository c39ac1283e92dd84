"""Texts from outside, and numbers, as they are shown to the user and logged."""

from datetime import datetime, timedelta
from math import ceil
import re
from typing import Final

MAX_TEXT: Final = 80
"""Characters of a name. FRITZ!OS allows 40, Tasmota 32 to 65."""
MAX_LINE: Final = 250
"""Characters of a line that consists of several names, or of a topic."""
MAX_LOGGED: Final = 2048
"""Characters of an answer or a message in a debug log."""
MINUTE: Final = 60
"""Seconds."""

_SEPARATORS: Final = {"de": str.maketrans(",.", ".,")}
"""Replaces the separators of English, by language."""

_DATES: Final = {"de": "%d.%m.%Y"}
"""The format of a date, by language."""

_BLANK_LETTERS: Final = str.maketrans(
    dict.fromkeys("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0", " ")
)
"""Letters and signs without a glyph, which `str.isprintable` counts as printable."""

_MARKUP: Final = re.compile(
    r"""
    [\\`*~\[\]<|@]              # escapes, code, emphasis, links, HTML, tables, mail addresses
    | (?<![^\W_])_ | _(?![^\W_]) # emphasis; within a word it has no meaning
    | !(?=\[) | (?<=\])[(:]     # images, and the targets of links
    | &(?=\#?\w+;)              # HTML entities
    | :(?=//) | (?<=www)\.      # web addresses, which become links without any markup
    | ^[#>+=-](?![.0-9])        # headings, quotations, lists; but no signs of numbers
    | (?: (?<=^\d) | (?<=^\d\d) | (?<=^\d\d\d) ) [.)](?=\s|$)  # numbered lists
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Characters with a meaning in Markdown (CommonMark and GitHub's extensions) where they stand."""

_TOKEN: Final = re.compile(
    r"""
    (?P<name> </?[a-z][\w.-]{0,40}              # <device
        | [\w.-]{1,40}(?==["'])                 # identifier="
        | "\w{1,40}"(?=\s*:) )                  # "Total_in":
    | (?P<number> -?[0-9]{1,6}(?:\.[0-9]{1,6})? (?![\w.%]|[ :-]\w) )
    | (?P<rest> [\w.%]+ (?: [ :-][\w.%]+ )* )
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""The parts of an XML or JSON text. An AIN, an address or a MAC address is one `rest`."""


def clean_text(text: str, *, length: int = MAX_TEXT) -> str:
    """Return a text from outside as one line of at most `length` characters.

    Every name, key and error text of a box, a reader or a file passes through this function where it
    enters. White space is folded. Control characters, among them those that change the direction of
    text or have no width, and half surrogates are removed.
    """
    if text.isascii() and text.isprintable():
        folded = " ".join(text.split())
    else:
        # Blanks first: a line feed is not printable, but separates words.
        words = text[: 8 * length].translate(_BLANK_LETTERS).split()
        printable = ("".join(filter(str.isprintable, word)) for word in words)
        folded = " ".join(filter(None, printable))
    return folded if len(folded) <= length else f"{folded[: length - 1].rstrip()}…"


def as_markdown(text: str, *, length: int = MAX_TEXT) -> str:
    """Return a text cleaned and escaped, so that Markdown shows its characters and nothing else."""
    return _MARKUP.sub(r"\\\g<0>", clean_text(text, length=length))


def as_code(text: str) -> str:
    """Return a text as code in Markdown, or escaped if it contains more than a key would."""
    shown = clean_text(text)
    return f"`{shown}`" if _MARKUP.search(shown) is None else as_markdown(shown)


def excerpt(text: str | bytes | bytearray) -> str:
    """Return the structure of an unreadable answer or message for a debug log.

    It is one line of at most MAX_LOGGED characters with tags, keys and small numbers. All else may
    be a name, an AIN, an address or the number of a meter, and is replaced by an ellipsis.
    """
    readable = text if isinstance(text, str) else bytes(text[:MAX_LOGGED]).decode(errors="replace")
    structure = _TOKEN.sub(
        lambda token: "…" if token["rest"] is not None else token[0], readable[:MAX_LOGGED]
    )
    return clean_text(structure, length=MAX_LOGGED)


def local_number(value: float, spec: str, *, language: str) -> str:
    """Return a number in the format of a language: 14.277,99 in German for the spec `,.2f`."""
    return format(value, spec).translate(_SEPARATORS.get(language, {}))


def local_date(moment: datetime, *, language: str) -> str:
    """Return the day of a time in the format of a language: 27.11.2026 in German."""
    return moment.strftime(_DATES.get(language, "%Y-%m-%d"))


def local_time(moment: datetime, *, language: str) -> str:
    """Return a time in the format of a language: 27.11.2026, 08:40 in German."""
    separator = ", " if language in _DATES else " "
    return f"{local_date(moment, language=language)}{separator}{moment:%H:%M}"


def short_duration(time: timedelta) -> str:
    """Return a time to wait in a unit that all languages write alike: 45 s or 15 min."""
    seconds = ceil(time.total_seconds())
    return f"{seconds} s" if seconds < 2 * MINUTE else f"{ceil(seconds / MINUTE)} min"
