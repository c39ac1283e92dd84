"""Worlds of some hours: what goes wrong with a reader, a message and a restart."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from .events import (
    answers,
    broker_off,
    clock_jumps,
    crash_after_reset,
    hass_off,
    lies,
    no_power,
    options,
    reader_off,
    reads,
    says,
    swap,
)
from .house import (
    BITSHAKE,
    COUNTER_IN_WH,
    COUNTER_ONLY,
    DOCS,
    EVENING,
    GPLUG,
    IN_WH,
    OTTELO,
    ROUGH,
    Meter,
    Reading,
)
from .words import (
    export_flipped_down,
    export_flipped_up,
    flipped_down,
    flipped_up,
    jittering,
    partial_only,
    rolling_over,
    two_readings,
    with_clock_off_by,
    with_garbage,
    without_pin,
    wrapped,
    wrong_sign,
    zero,
    zeros,
)
from .world import EVENING_START, Rank, Step, World, after, at, joined


def _meter(name: str, lasts: str, *timed: Sequence[Step], **changes: Any) -> World:
    kind: dict[str, Any] = {
        "start": EVENING_START,
        "spacing": timedelta(seconds=30),
        "first": timedelta(seconds=3),
        "powers": EVENING,
    }
    length = after(lasts)
    end = Step(after=length - FLUSH, act=no_power(minutes=3).begins, rank=Rank.WORDS)
    return World(name=name, lasts=length, steps=[*joined(timed), end], **(kind | changes))


FLUSH: Final = timedelta(minutes=3)
"""At the end of a world nothing flows: its last reading is in the statistics."""
SLOW: Final = {"spacing": timedelta(seconds=150)}
GLITCHES: Final = ("0:31", "1:04:30", "1:40", "1:41", "1:59:30", "2:39:30")
"""Two glitches are the last messages of five minutes, one that of an hour."""
EXPORT_GLITCHES: Final = ("0:45", "1:24:30")

DRAWN: Final = (230, 1840, 3600, 420)
FLAT: Final[dict[str, Any]] = {"powers": (40,), "meter": Meter(imported=279_035)}
RARE: Final[dict[str, Any]] = {"spacing": timedelta(minutes=5)}
OTHER_METERS: Final[dict[str, Any]] = {
    "WZ": {"Total_in": 310.209, "Volume": 0.1},
    "Gas": {"Total": 1843.26, "Verbrauch": 3},
    "WMZ": {"Energie": 12.345, "Leistung": 4200, "Volumen": 99.1, "Durchfluss": 310},
}
REPLACED: Final = {"meter_replaced": True}

SHORT: Final[tuple[World, ...]] = (
    _meter("clean", "3:00", core_beside=True, power_adds_up=True, recorded=("sensor.*",)),
    _meter("single zero", "3:00", at("1:40", lies(zero)), core_beside=True, phantom=15_119.0),
    _meter("partial messages only", "3:00", at("0:00", says(partial_only)), power_adds_up=True),
    _meter("script in kW", "3:00", script=GPLUG, power_adds_up=True),
    _meter(
        "zero after boot, the second time for an hour",
        "4:00",
        at("0:57", reader_off(minutes=2)),
        at("0:59", lies(zeros, minutes=2)),
        at("1:57", reader_off(minutes=2)),
        at("1:59", lies(zeros, hours=1)),
        notices={"meter_silent": False, "reader_frozen": False},
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
    _meter(
        "broker restarts, and Home Assistant in the next hour",
        "3:00",
        at("1:10", broker_off(minutes=3)),
        at("2:10", hass_off(minutes=5)),
    ),
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
        notices=REPLACED,
    ),
    _meter(
        "meter swapped, the new one at 12.0",
        "3:00",
        at("0:58", no_power(minutes=5)),
        at("1:00", reader_off(minutes=2), swap(imported=12_000, exported=0)),
        notices=REPLACED,
    ),
    _meter("reader swapped", "3:00", at("1:20", reader_off(minutes=5)), at("1:25", reads(DOCS))),
    _meter(
        "keys of the script renamed",
        "3:00",
        at("1:29", reader_off(minutes=1)),
        at("1:30", reads(OTTELO)),
    ),
    _meter("feed-in only", "12:00", powers=(-230, -5200, -1840, -3600, -42), **SLOW),
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
    _meter("counter in Wh, a house of 300 W", "3:00", script=IN_WH, powers=(300,)),
    _meter("counter in Wh, a flat of 40 W", "3:00", script=IN_WH, powers=(40,)),
    _meter("small counter in Wh, a flat of 40 W", "5:00", script=IN_WH, **FLAT, **RARE),
    _meter(
        "unit corrected in the options",
        "5:00",
        at("2:10", options(registers={"E_in": "energy_import_in_wh"})),
        script=COUNTER_IN_WH,
        # Whole Wh that are taken for kWh, without a power.
        notices={"pin_locked": False},
        **FLAT,
        **RARE,
    ),
    _meter(
        "unit corrected in the script",
        "5:00",
        at("2:10", reads(COUNTER_ONLY)),
        script=COUNTER_IN_WH,
        # Whole Wh that are taken for kWh, without a power.
        notices={"pin_locked": False},
        **FLAT,
        **RARE,
    ),
    _meter("feed-in as 65,536 - x W", "4:00", at("0:00", says(wrapped)), power_adds_up=True),
    _meter(
        "wrong sign of the power, then mended",
        "4:00",
        at("0:00", says(wrong_sign, hours=2)),
        powers=DRAWN,
        notices={"power_wrong_sign": False},
    ),
    _meter(
        "meters of water, gas and heat beside",
        "3:00",
        script=replace(BITSHAKE, beside=OTHER_METERS),
        power_adds_up=True,
    ),
    _meter(
        "reader in deep sleep",
        "6:00",
        sleeps=True,
        spacing=timedelta(minutes=30),
        first=timedelta(minutes=5, seconds=3),
    ),
    _meter(
        "meter swapped, and nothing fed in since",
        "3:00",
        at("0:58", no_power(minutes=5)),
        at("1:00", reader_off(minutes=2), swap(imported=3_200, exported=0)),
        powers=DRAWN,
        notices=REPLACED,
    ),
    _meter(
        "crash right after a swap",
        "3:00",
        at("0:58", no_power(minutes=5)),
        at("1:00", reader_off(minutes=2), swap(imported=3_200, exported=0)),
        at("1:10", crash_after_reset("import", minutes=5)),
        notices=REPLACED,
    ),
)
