"""Takes the name of a published key apart: words, phase, tariff and OBIS code."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
import re
from typing import Final

from .key_words import WORDS, Part

MAX_KEY: Final = 64
"""Characters. Tasmota publishes at most 23 of a key."""
MIN_ABBREVIATION: Final = 4
"""Letters. Shorter abbreviations may be of too many words."""
PHASES: Final = frozenset({1, 2, 3})
TARIFFS: Final = frozenset({1, 2, 3, 4})
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_OBIS: Final = re.compile(
    r"(?<![0-9])(?<![0-9][-_.:])"
    r"(?:[01][-_.][01][-_.:])?"  # A, B: electricity or general, channel 0 or 1
    r"(\d{1,3}|(?<![a-z])[cf])[-_.](\d{1,2})[-_.](\d{1,3})"  # C, D, E
    r"(?:[*_](\d{1,3}))?"  # F: 255 or 00 for the present, otherwise a past period
    r"(?![0-9]|[-_.:*][0-9])",
    re.ASCII,
)
_HEX_OBIS: Final = re.compile(r"(?:7707)?0100([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})ff")
"""As SML transmits it: six bytes, here with the channel 0 of electricity."""
_COMPACT_OBIS: Final = re.compile(r"(?<![0-9])(?:([12])(8)([0-4])|(16|36|56|76)(7)(0))(?![0-9])")
"""OBIS codes without separators, as far as they cannot be mistaken for other numbers."""
_PHRASES: Final = (
    (re.compile(r"(?<![a-z])([ap])[-_. ]?plus(?![a-z])"), r"\1+"),
    (re.compile(r"(?<![a-z])([ap])[-_. ]?minus(?![a-z])"), r"\1-"),
    (re.compile(r"feed[-_. ]in(?![a-z])"), "feedin"),
    (re.compile(r"cos[-_. ]phi(?![a-z])"), "cosphi"),
)
"""Words that belong together, and how they are written in one."""
_SIGNED: Final = re.compile(r"(?<![a-z0-9])(?:[+-][ap]|[aep][+-])(?![a-z0-9])")
"""Active energy and power of one direction, as meters label them."""
_SIGNS: Final = ("+", "-")
_RUN: Final = re.compile(r"[a-z]+|[0-9]+|[^a-z0-9]+")
_BEFORE_PHASE: Final = frozenset({"p", "u", "v", "i"})
"""Letters whose number is a phase: "U1" is "U_L1"."""
LETTERS_ALONE: Final = frozenset("euviw")
"""Letters that may be glued to a following word: "Ein" is "E in", "UL1" is "U L 1".

Not P, which is a power in "P_in" and an energy in "Pin" and "Pges".
"""


_DIRECTIONS: Final = frozenset({Part.IMPORT, Part.EXPORT, Part.INWARD, Part.OUTWARD})


@dataclass(kw_only=True, slots=True)
class KeyParts:
    """What the name of a key says."""

    parts: set[Part] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    """The words that were found in the table."""
    phases: set[int] = field(default_factory=set)
    tariffs: set[int] = field(default_factory=set)
    """0 stands for all tariffs."""
    obis: str | None = None
    """Value groups C, D and E."""
    is_past: bool = False
    """Whether the OBIS code is that of a past period."""
    unknown: set[str] = field(default_factory=set)
    """The words that are in no table."""
    is_ambiguous: bool = False
    """Whether there are numbers or signs without a meaning: of a device, for example."""

    @property
    def is_unknown(self) -> bool:
        """Whether there are words that are in no table."""
        return bool(self.unknown)

    @property
    def has_direction(self) -> bool:
        """Whether a word says that energy is drawn or fed in."""
        return bool(self.parts & _DIRECTIONS)


def take_apart(
    key: str, words: Mapping[str, Part] = WORDS, *, letters: frozenset[str] = LETTERS_ALONE
) -> KeyParts:
    """Return the parts of a key.

    words: the words to look for.
    letters: those that may be glued to a following word.
    """
    result = KeyParts()
    plain = key.strip().casefold().translate(_UMLAUTS)
    if len(plain) > MAX_KEY:
        result.unknown.add(plain[:MAX_KEY])
        return result
    for pattern, written in _PHRASES:
        plain = pattern.sub(written, plain)
    rest = _without_sign(_without_obis(plain, result), result)
    runs = [run for run in _RUN.findall(rest) if run[0].isalnum()]
    _read(list(_split(runs, words, letters)), words, result)
    return result


def _without_obis(plain: str, result: KeyParts) -> str:
    """Store the OBIS code of a key, and return the key without it."""
    if match := _HEX_OBIS.search(plain):
        result.obis = ".".join(str(int(group, 16)) for group in match.groups())
    elif match := _OBIS.search(plain):
        *code, period = match.groups()
        result.obis = ".".join(group.lstrip("0") or "0" for group in code)
        result.is_past = period not in {None, "255", "00"}
    elif match := _COMPACT_OBIS.search(plain):
        result.obis = ".".join(filter(None, match.groups()))
    else:
        return plain
    before = plain[: match.start()]
    # "x1_8_0": some programs cannot read a name that begins with a digit.
    start = "" if re.fullmatch(r"[a-z][^a-z0-9]?", before) else before
    return f"{start} {plain[match.end() :]}"


def _split(runs: list[str], words: Mapping[str, Part], letters: frozenset[str]) -> Iterator[str]:
    """Yield the words and numbers of a key; a run of letters may consist of several words."""
    for run in runs:
        yield from ([run] if run.isdigit() else segment(run, words, letters) or [run])


def segment(
    run: str, words: Mapping[str, Part], letters: frozenset[str] = LETTERS_ALONE
) -> list[str] | None:
    """Return the fewest words of which letters consist, None if they do not consist of words."""
    best: list[list[str] | None] = [[]]
    for end in range(1, len(run) + 1):
        candidates = [
            [*before, run[start:end]]
            for start, before in enumerate(best)
            if before is not None
            and run[start:end] in words
            and _may_stand(run, start, end, letters)
        ]
        best.append(min(candidates, key=len, default=None))
    return best[-1]


def _may_stand(run: str, start: int, end: int, letters: frozenset[str]) -> bool:
    """Whether a word may stand here: single letters only alone, first or before a number."""
    if end - start > 1 or end - start == len(run):
        return True
    if start == 0:
        return run[0] in letters or run == "pl"
    return end == len(run) and run[start] in "ltpw"


def _read(tokens: list[str], words: Mapping[str, Part], result: KeyParts) -> None:
    """Store what words and numbers mean."""
    marker: Part | None = None
    for position, token in enumerate(tokens):
        following = tokens[position + 1] if position + 1 < len(tokens) else ""
        if token.isdigit():
            _read_number(int(token), marker, following, result)
            marker = None
            continue
        part = words.get(token) or _abbreviated(token, words)
        if token == "p" and position and following.isdigit():
            # "Volt_p1" is a phase, "P1" a power.
            part = Part.PHASE
        if token == "w" and not position and len(tokens) > 1 and not _is_watt_of(following, words):
            # "W_total" is an energy in formulas, "P_W" a power in watts.
            part = None
        marker = part if part in {Part.PHASE, Part.TARIFF} or token in _BEFORE_PHASE else None
        if part is None:
            result.unknown.add(token)
        else:
            result.words.add(token)
            result.parts.add(part)


def _is_watt_of(following: str, words: Mapping[str, Part]) -> bool:
    """Whether the word after a "W" shows that it is the unit: "W_L1" and "W_aktuell" are powers."""
    return following == "l" or words.get(following) is Part.NOW


def _abbreviated(token: str, words: Mapping[str, Part]) -> Part | None:
    """Return what an abbreviation means, None if several words begin like it.

    Words are cut, "einsp", or lose their vowels: "enrg".
    """
    if len(token) < MIN_ABBREVIATION:
        return None
    parts = {part for word, part in words.items() if token in {word[: len(token)], _bones(word)}}
    return parts.pop() if len(parts) == 1 else None


@lru_cache(maxsize=512)
def _bones(word: str) -> str:
    """Return the first letter of a word and its consonants."""
    return word[0] + re.sub(r"[aeiouy]", "", word[1:])


def _read_number(number: int, marker: Part | None, following: str, result: KeyParts) -> None:
    if following in {"d", "h"}:
        return
    if marker not in {None, Part.TARIFF} and number in PHASES:
        result.phases.add(number)
    elif marker is Part.TARIFF and number in TARIFFS | {0}:
        result.tariffs.add(number)
    else:
        result.is_ambiguous = True


def _without_sign(plain: str, result: KeyParts) -> str:
    """Store what a letter with a sign means, "A+" or "-P", and return the key without it."""
    if match := _SIGNED.search(plain):
        letter, sign = sorted(match.group(), reverse=True)
        result.parts.add(Part.POWER if letter == "p" else Part.ENERGY)
        result.parts.add(Part.INWARD if sign == "+" else Part.OUTWARD)
        plain = f"{plain[: match.start()]} {plain[match.end() :]}"
    if plain.strip()[:1] in _SIGNS or plain.strip()[-1:] in _SIGNS:
        result.is_ambiguous = True
    return plain
