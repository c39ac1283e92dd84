"""Worlds of some hours: what goes wrong with a reader, a message and a restart."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from .events import (
    answers,
    broker_off,
    clock_jumps,
    export_flipped_down,
    export_flipped_up,
    flipped_down,
    flipped_up,
    hass_off,
    jittering,
    lies,
    no_power,
    partial_only,
    reader_off,
    reads,
    rolling_over,
    says,
    swap,
    two_readings,
    with_clock_off_by,
    with_garbage,
    without_pin,
    zero,
    zeros,
)
from .house import DOCS, EVENING, GPLUG, OTTELO, ROUGH, Meter, Reading
from .world import EVENING_START, Rank, Step, World, after, at, joined


def _meter(name: str, lasts: str, *timed: Sequence[Step], **changes: Any) -> World:
    kind: dict[str, Any] = {
        "start": EVENING_START,
        "spacing": timedelta(seconds=30),
        "first": timedelta(seconds=3),
        "powers": EVENING,
        "commits": timedelta(seconds=5),
    }
    length = after(lasts)
    end = Step(after=length - FLUSH, act=no_power(minutes=3).begins, rank=Rank.WORDS)
    return World(name=name, lasts=length, steps=[*joined(timed), end], **(kind | changes))


FLUSH: Final = timedelta(minutes=3)
"""At the end of a world nothing flows: its last reading is in the statistics."""
SLOW: Final = {"spacing": timedelta(minutes=1)}
GLITCHES: Final = ("0:31", "1:04:30", "1:40", "1:41", "1:59:30", "2:39:30")
"""Two glitches are the last messages of five minutes, one that of an hour."""
EXPORT_GLITCHES: Final = ("0:45", "1:24:30")

CLEAN: Final = _meter("clean", "3:00")
SINGLE_ZERO: Final = _meter("single zero", "3:00", at("1:40", lies(zero)))
PARTIAL: Final = _meter("partial messages only", "3:00", at("0:00", says(partial_only)))
IN_KW: Final = _meter("script in kW", "3:00", script=GPLUG)

SHORT: Final[tuple[World, ...]] = (
    CLEAN,
    SINGLE_ZERO,
    PARTIAL,
    IN_KW,
    _meter("clean for a day", "24:00", **SLOW),
    _meter(
        "zero after boot",
        "3:00",
        at("0:57", reader_off(minutes=2)),
        at("0:59", lies(zeros, minutes=2)),
    ),
    _meter(
        "zero after boot for an hour",
        "3:00",
        at("0:57", reader_off(minutes=2)),
        at("0:59", lies(zeros, hours=1)),
    ),
    _meter(
        "set up while the reader boots",
        "3:00",
        at("0:00", no_power(minutes=5), lies(zeros, minutes=3)),
    ),
    _meter("zeros now and then", "3:00", *(at(text, lies(zero)) for text in GLITCHES)),
    _meter(
        "bit flips up",
        "3:00",
        *(at(text, lies(flipped_up)) for text in GLITCHES),
        *(at(text, lies(export_flipped_up)) for text in EXPORT_GLITCHES),
    ),
    _meter(
        "bit flips down",
        "3:00",
        *(at(text, lies(flipped_down)) for text in GLITCHES),
        *(at(text, lies(export_flipped_down)) for text in EXPORT_GLITCHES),
    ),
    _meter("set up on a bit flip up", "3:00", at("0:00", answers(flipped_up))),
    _meter("set up on a bit flip down", "3:00", at("0:00", answers(flipped_down))),
    _meter(
        "Home Assistant restarts on a bit flip up",
        "3:00",
        at("1:10", hass_off(minutes=5)),
        at("1:15", answers(flipped_up)),
    ),
    _meter(
        "bit flip up right after an outage",
        "4:00",
        at("1:00", reader_off(hours=1)),
        at("2:00", lies(flipped_up)),
    ),
    _meter(
        "last digit jitters",
        "3:00",
        at("0:00", says(jittering)),
        at("1:00", no_power(hours=1)),
    ),
    _meter(
        "PIN lost for hours",
        "5:00",
        at("0:48", reader_off(minutes=2)),
        at("0:50", lies(without_pin, hours=3)),
        slack=1.0,
    ),
    _meter("garbage between", "3:00", at("0:00", says(with_garbage))),
    _meter("broker restarts", "3:00", at("1:10", broker_off(minutes=3))),
    _meter("Home Assistant restarts", "3:00", at("1:10", hass_off(minutes=5))),
    _meter(
        "Home Assistant and broker restart, an old message retained",
        "3:00",
        at("1:10", hass_off(minutes=5)),
        at("1:50", broker_off(minutes=2)),
        retained=Reading(
            imported=12_000_500, exported=500, power=77, meter_id="0a0149534b000490bc56"
        ),
    ),
    _meter(
        "everything restarts after a power cut, zero after boot",
        "3:00",
        at("1:10", no_power(minutes=5), reader_off(minutes=5), hass_off(minutes=5)),
        at("1:15", lies(zeros, minutes=2)),
    ),
    _meter(
        "reader's clock is wrong",
        "3:00",
        at("0:30", says(with_clock_off_by(days=-20532), minutes=30)),
        at("1:00", says(with_clock_off_by(days=-2500), minutes=30)),
        at("1:30", says(with_clock_off_by(days=2000), minutes=30)),
    ),
    _meter("Home Assistant's clock jumps ahead", "4:00", at("1:35", clock_jumps(hours=2))),
    _meter(
        "Home Assistant's clock jumps back",
        "4:00",
        at("1:35", clock_jumps(minutes=-20)),
        at("2:50", clock_jumps(minutes=20)),
    ),
    _meter(
        "meter swapped, the new one at 0.0",
        "3:00",
        at("0:58", no_power(minutes=5)),
        at("1:00", reader_off(minutes=2), swap(imported=0, exported=0)),
    ),
    _meter(
        "meter swapped, the new one at 12.0",
        "3:00",
        at("0:58", no_power(minutes=5)),
        at("1:00", reader_off(minutes=2), swap(imported=12_000, exported=0)),
    ),
    _meter("reader swapped", "3:00", at("1:20", reader_off(minutes=5)), at("1:25", reads(DOCS))),
    _meter(
        "keys of the script renamed",
        "3:00",
        at("1:29", reader_off(minutes=1)),
        at("1:30", reads(OTTELO)),
    ),
    _meter("feed-in all day", "24:00", powers=(-230, -5200, -1840, -3600, -42), **SLOW),
    _meter(
        "counter rolls over at 999,999.9",
        "3:00",
        at("0:00", says(rolling_over)),
        meter=Meter(imported=999_998_500),
        script=ROUGH,
    ),
    _meter("two readings for one instant", "3:00", at("0:00", says(two_readings))),
    _meter(
        "export at 0.000 for ever",
        "3:00",
        at("0:57", reader_off(minutes=2)),
        at("0:59", lies(zeros, minutes=2)),
        meter=Meter(exported=0),
        powers=(230, 1840, 3600, 420, 0),
    ),
    _meter("outage of two hours", "5:00", at("1:00", reader_off(hours=2))),
)
