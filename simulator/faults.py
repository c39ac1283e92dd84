"""What goes wrong with meter readings on the way: one function for each fault seen in the field."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from .meter import COUNTERS, TEXTS, Line

type Fields = tuple[tuple[Line, str], ...]


@dataclass(frozen=True)
class Block:
    """What a message says of one meter."""

    prefix: str
    fields: Fields
    """Each line with what it prints. No fields: the whole object is left out."""

    def json(self) -> str:
        """Return the object as a JSON member."""
        fields = ",".join(f'"{line.key}":{text}' for line, text in self.fields)
        return f'"{self.prefix}":{{{fields}}}'


@dataclass(frozen=True, kw_only=True)
class Telegram:
    """A message on the way from the script to the broker."""

    time: str
    """The reader's local time, without an offset."""

    blocks: tuple[Block, ...]
    """The objects of the meters."""

    extra: str = ""
    """What other sensors of the reader add, as JSON members."""

    number: int
    """Counts the messages since the reader was switched on."""

    uptime: int
    """Seconds since the reader was switched on."""

    broken: bool = False
    """Ends too early to be JSON."""

    def json(self) -> str:
        """Return the payload."""
        members = [
            f'"Time":"{self.time}"',
            *(block.json() for block in self.blocks if block.fields),
        ]
        if self.extra:
            members.append(self.extra)
        text = "{" + ",".join(members)
        return text + "  " if self.broken else text + "}"


class Fault(StrEnum):
    """Names of the faults."""

    ZERO_AFTER_BOOT = "zero_after_boot"
    """Firmware before March 2026 prints 0 for everything not yet read, texts included."""

    MISSING_AFTER_BOOT = "missing_after_boot"
    """Newer firmware leaves out what it has not yet read."""

    SINGLE_ZERO = "single_zero"
    """The counters drop to 0 in one message: weak infrared, a meter that sends 0 at night."""

    BIT_FLIP_UP = "bit_flip_up"
    BIT_FLIP_DOWN = "bit_flip_down"
    """Bit 19 of the raw register (Wh) read wrong: 524.288 kWh too much or too little."""

    GARBAGE = "garbage"
    """An arbitrarily high counter."""

    NULL = "null"
    """Not a number, or infinite, which the firmware prints as null."""

    INVALID_JSON = "invalid_json"
    """The closing brace is missing, blanks trail: long scripts."""

    PIN_LOCKED = "pin_locked"
    """Without its PIN the meter sends whole kWh, no power, and no number."""

    INF_OFF = "inf_off"
    """With its extended data switched off it sends whole kWh and no power, but its number."""

    JITTER = "jitter"
    """The last digit of the counters goes back and forth by one."""

    DUPLICATE_KEYS = "duplicate_keys"
    """A script publishes two lines under one key: the first is 0, the second is right."""

    CLOCK_NOT_SET = "clock_not_set"
    """Without a time server the reader's clock starts in 1970."""

    FROZEN = "frozen"
    """The meter falls silent, the reader goes on repeating its last values with a fresh time."""

    EMPTY_DISCOVERY = "empty_discovery"
    """The retained discovery message is written before the first telegram: no object in it."""


type Transformation = Callable[[Telegram], Telegram]


def _changed(
    registers: frozenset[str] | None, change: Callable[[Line, str], str]
) -> Transformation:
    """Return a fault that prints some registers (None for all) differently."""
    return _rewritten(
        lambda fields: tuple(
            (line, change(line, text))
            if registers is None or line.register in registers
            else (line, text)
            for line, text in fields
        )
    )


def _rewritten(rewrite: Callable[[Fields], Fields]) -> Transformation:
    """Return a fault that prints the fields of each meter differently."""

    def transform(telegram: Telegram) -> Telegram:
        return replace(
            telegram,
            blocks=tuple(replace(block, fields=rewrite(block.fields)) for block in telegram.blocks),
        )

    return transform


def _shifted(kilowatt_hours: float) -> Transformation:
    """Return a fault that adds to the import counter."""
    return _changed(
        frozenset({"1.8.0"}), lambda line, text: line.number(float(text) + kilowatt_hours)
    )


def _zero(line: Line, _text: str) -> str:
    """Print 0 with the decimals of the line, for texts as well."""
    return line.number(0.0)


def _locked(line: Line, text: str) -> str:
    """Print what is left without the PIN."""
    return '""' if line.register in TEXTS else _short(line, text)


def _short(line: Line, text: str) -> str:
    """Print what is left without the extended data: numbers are divided by the line's scale."""
    if line.register in TEXTS:
        return text
    return line.number(float(text) // 1 * line.scale if line.register in COUNTERS else 0.0)


def _jitter(telegram: Telegram) -> Telegram:
    """Let the counters of every other message be one in the last digit lower."""
    if telegram.number % 2:
        return telegram
    return _changed(COUNTERS, lambda line, text: line.number(float(text) - 10**-line.precision))(
        telegram
    )


def _duplicated(fields: Fields) -> Fields:
    """Put a zero before each counter, under the same key."""
    doubled: list[tuple[Line, str]] = []
    for line, text in fields:
        if line.register in COUNTERS:
            doubled.append((line, line.number(0.0)))
        doubled.append((line, text))
    return tuple(doubled)


def _clock_not_set(telegram: Telegram) -> Telegram:
    """Count the time from 1970 on."""
    minutes, seconds = divmod(telegram.uptime % 86400, 60)
    return replace(telegram, time=f"1970-01-01T{minutes // 60:02}:{minutes % 60:02}:{seconds:02}")


TRANSFORMATIONS: Final[Mapping[Fault, Transformation]] = {
    Fault.ZERO_AFTER_BOOT: _changed(None, _zero),
    Fault.MISSING_AFTER_BOOT: _rewritten(lambda _: ()),
    Fault.SINGLE_ZERO: _changed(COUNTERS, _zero),
    Fault.BIT_FLIP_UP: _shifted(524.288),
    Fault.BIT_FLIP_DOWN: _shifted(-524.288),
    Fault.GARBAGE: _changed(frozenset({"1.8.0"}), lambda line, _: line.number(2532259.7694)),
    Fault.NULL: _changed(COUNTERS, lambda line, text: "null"),
    Fault.INVALID_JSON: lambda telegram: replace(telegram, broken=True),
    Fault.PIN_LOCKED: _changed(None, _locked),
    Fault.INF_OFF: _changed(None, _short),
    Fault.JITTER: _jitter,
    Fault.DUPLICATE_KEYS: _rewritten(_duplicated),
    Fault.CLOCK_NOT_SET: _clock_not_set,
}
"""The faults that change a message. `FROZEN` and `EMPTY_DISCOVERY` change the reader."""
