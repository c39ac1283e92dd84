"""Worlds of days and weeks: what is missing from the history, and how it is completed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from custom_components.py_hab.const import CONF_HISTORY
from simulator.fritzbox_devices import IMPORT, REFRIGERATOR

from .events import (
    backfill,
    backfill_interrupted,
    backfill_while_compiling,
    box_forgets,
    box_off,
    crash_after_reset,
    database_locked,
    database_restored,
    disabled,
    hass_killed,
    hass_off,
    import_years,
    judged,
    no_power,
    plug_reset,
    purge,
    reader_off,
    removed,
    swap,
    takes_over_id,
    time_lapse,
    undo,
)
from .world import MORNING_START, Source, Step, World, after, at, joined

OCTOBER: Final[dict[str, Any]] = {"start": datetime.fromisoformat("2025-10-25T17:01Z")}
"""Some hours before the day of 25 hours."""
MARCH: Final[dict[str, Any]] = {"start": datetime.fromisoformat("2026-03-28T17:01Z")}
COUNTERS: Final[dict[str, Any]] = {"recorded": ("sensor.*energy*",)}
"""For worlds of days in which each row of each sensor takes time."""
PLUG: Final[dict[str, Any]] = {"ains": (REFRIGERATOR,)}
SERVED: Final[dict[str, Any]] = {"served": timedelta(days=400), "home_age": timedelta(days=500)}
"""Long enough for each hour of a year, the nights of both time changes included."""
BRIEFLY_SERVED: Final[dict[str, Any]] = {
    "served": timedelta(days=170),
    "home_age": timedelta(days=260),
}
"""For worlds in which the number of hours does not matter; the October night is included. The file
begins in the middle of a month, which the box knows as a whole."""


def _meter(name: str, lasts: str, *timed: Sequence[Step], **changes: Any) -> World:
    kind: dict[str, Any] = {"name": f"meter: {name}", "start": MORNING_START}
    return World(lasts=after(lasts), steps=joined(timed), **(kind | changes))


def _box(name: str, lasts: str, *timed: Sequence[Step], **changes: Any) -> World:
    kind: dict[str, Any] = {"name": f"box: {name}", "start": MORNING_START, "source": Source.BOX}
    return World(lasts=after(lasts), steps=joined(timed), **(kind | changes))


SAVED, PUT_BACK = database_restored(hours=7)
SAVED_DAY, PUT_BACK_DAY = database_restored(days=1, hours=5)

LONG: Final[tuple[World, ...]] = (
    _meter("the October day", "27:00", start=datetime.fromisoformat("2025-10-25T21:01Z")),
    _meter("the March day", "25:00", start=datetime.fromisoformat("2026-03-28T22:01Z")),
    _meter("Home Assistant off for 6 hours", "12:17", at("3:00", hass_off(hours=6, minutes=17))),
    _meter("reader back shortly before an hour", "6:00", at("3:43", reader_off(minutes=13))),
    _meter("power cut for 6 hours", "12:00", at("3:00", hass_killed(hours=6))),
    _meter("Home Assistant off for 2 days", "2d 6:00", at("3:00", hass_off(days=2)), **COUNTERS),
    _meter(
        "Home Assistant off for longer than states are kept",
        "3d 6:00",
        at("3:00", hass_off(days=3)),
        keep_days=1,
        **COUNTERS,
    ),
    _meter(
        "Home Assistant off over the October night",
        "18:00",
        at("3:00", hass_off(hours=11)),
        **OCTOBER,
    ),
    _meter(
        "Home Assistant off over the March night", "18:00", at("3:00", hass_off(hours=11)), **MARCH
    ),
    _meter(
        "reader restarts minutes before an hour, and is off for 6 hours later",
        "12:17",
        at("1:54", reader_off(minutes=2)),
        at("3:00", reader_off(hours=6, minutes=17)),
    ),
    _meter(
        "reader off for longer than states are kept",
        "3d 6:00",
        at("3:00", reader_off(days=3)),
        keep_days=1,
    ),
    _meter(
        "reader off, and Home Assistant restarts meanwhile",
        "12:05",
        at("3:00", reader_off(hours=6, minutes=5)),
        at("6:00", hass_off(minutes=5)),
    ),
    _meter(
        "Home Assistant off, and the reader still away when it is back",
        "14:30",
        at("3:00", hass_off(hours=6)),
        at("9:00", reader_off(hours=2, minutes=30)),
    ),
    _meter(
        "two outages in a day",
        "11:30",
        at("3:00", hass_off(hours=2)),
        at("5:30", reader_off(hours=3)),
    ),
    _meter(
        "Home Assistant restarts before an outage is mended",
        "10:05",
        at("3:00", reader_off(hours=4)),
        at("7:02", hass_off(minutes=3)),
    ),
    _meter(
        "meter swapped while the reader is off",
        "12:00",
        at("3:00", reader_off(hours=6), no_power(hours=6)),
        at("7:00", swap()),
        notices={"meter_replaced": True},
    ),
    _meter(
        "meter swapped while all is off",
        "12:00",
        at("3:00", reader_off(hours=6), hass_off(hours=6), no_power(hours=6)),
        at("7:00", swap()),
        notices={"meter_replaced": True},
    ),
    _box(
        "first set-up after the October night",
        "3:00",
        start=datetime.fromisoformat("2025-10-27T11:01Z"),
        home_age=timedelta(days=60),
    ),
    _box(
        "first set-up after the March night",
        "3:00",
        start=datetime.fromisoformat("2026-03-30T11:01Z"),
    ),
    _box("Home Assistant off for 6 hours", "12:17", at("3:00", hass_off(hours=6, minutes=17))),
    _box("Home Assistant off for 2 days", "2d 6:00", at("3:00", hass_off(days=2)), **COUNTERS),
    _box(
        "Home Assistant off for 14 days, longer than states are kept",
        "14d 6:00",
        at("3:00", hass_off(days=14)),
        keep_days=1,
        **COUNTERS,
    ),
    _box("box off for 6 hours", "12:17", at("3:00", box_off(hours=6, minutes=17))),
    _box(
        "the day series forgotten in a reboot",
        "14:00",
        at("3:00", hass_off(hours=8)),
        at("9:00", box_forgets("day")),
        **COUNTERS,
    ),
    _box(
        "the day series at zero after a reboot",
        "14:00",
        at("3:00", hass_off(hours=8)),
        at("9:00", box_forgets("day", zeros=True)),
        **COUNTERS,
    ),
    _box(
        "all series but the months forgotten in a reboot",
        "28:00",
        at("3:00", hass_off(hours=22)),
        at("23:00", box_forgets("day", "week", "month")),
        **COUNTERS,
    ),
    _box(
        "the statistics of a plug reset twice",
        "6:00",
        at("2:10", plug_reset()),
        at("3:12", plug_reset()),
    ),
    _box("the statistics of a plug reset shortly before an hour", "4:00", at("1:41", plug_reset())),
    _box("Home Assistant back shortly before an hour", "5:00", at("1:47", hass_off(minutes=70))),
    _box(
        "crash some hours after the statistics of a plug were reset",
        "6:00",
        at("2:35", plug_reset()),
        at("4:27", hass_killed(minutes=13)),
    ),
    _box(
        "crash right after the statistics of a plug were reset",
        "6:00",
        at("3:00", plug_reset()),
        at("3:05", crash_after_reset("refrigerator", minutes=25)),
    ),
    _box("backfill run twice", "3:01", at("0:01", backfill, backfill), at("1:01", backfill)),
    _box(
        "backfill interrupted by a power cut", "3:04", at("0:01", backfill_interrupted(minutes=3))
    ),
    _box(
        "backfill while an hour is compiled",
        "4:00",
        at("0:01", backfill_while_compiling),
        at("2:01", backfill_while_compiling),
    ),
    _box("backfill taken back", "4:00", at("1:00", backfill), at("2:00", undo)),
    _meter("years of the old server imported", "3:01", at("0:01", import_years), **SERVED),
    _meter(
        "years imported while Home Assistant has some hours of its own",
        "8:00",
        at("5:00", import_years),
        **BRIEFLY_SERVED,
    ),
    _box(
        "backfill, then import",
        "3:01",
        at("0:01", backfill, import_years),
        **BRIEFLY_SERVED,
        **PLUG,
    ),
    _box(
        "import, backfill, outage, import again",
        "13:01",
        # The backfill begins before an hour is compiled.
        at("0:01", import_years, backfill),
        at("3:00:30", judged),
        at("3:01", hass_off(hours=6)),
        at("12:00:30", judged),
        at("12:01", import_years),
        **BRIEFLY_SERVED,
        **PLUG,
        **COUNTERS,
    ),
    _meter("the database locked for 20 minutes", "6:00", at("3:00", database_locked(minutes=20))),
    _meter(
        "purged with keep_days 0",
        "9:00",
        at("3:20", purge(keep_days=0)),
    ),
    _meter(
        "entity disabled for longer than states are kept",
        "3d 6:00",
        at("3:00", disabled("import", days=3)),
        at("3:05", reader_off(days=2, hours=23, minutes=50)),
        keep_days=1,
        **COUNTERS,
    ),
    _meter(
        "entity disabled for longer than states are kept, while the reader publishes",
        "3d 6:00",
        at("3:00", disabled("import", days=3)),
        at("3:05", time_lapse(days=2, hours=23, minutes=50)),
        keep_days=1,
        **COUNTERS,
    ),
    _meter(
        "entry removed, and added after longer than states are kept",
        "3d 6:00",
        at("3:00", removed(days=3)),
        at("3:05", reader_off(days=2, hours=23, minutes=50)),
        keep_days=1,
        **COUNTERS,
    ),
    _meter(
        "this morning's database put back",
        "15:00",
        at("3:00", hass_off(minutes=5)),
        at("3:02", SAVED),
        at("10:00", hass_off(minutes=5)),
        at("10:02", PUT_BACK),
        **COUNTERS,
    ),
    _box(
        "yesterday's database put back",
        "1d 10:00",
        # The feed-in of that day is still to come.
        at("1:00", hass_off(minutes=5)),
        at("1:02", SAVED_DAY),
        at("1d 6:00", hass_off(minutes=5)),
        at("1d 6:02", PUT_BACK_DAY),
        **COUNTERS,
    ),
    _meter(
        "the id of core's sensor taken over after longer than states are kept",
        "3d 6:00",
        at("3:00", takes_over_id(days=3)),
        keep_days=1,
        predecessor="{{ value_json.MT681.E_in }}",
        **COUNTERS,
    ),
)
SOMEBODY_ELSES: Final = _meter(
    "the id of another counter's sensor taken over",
    "6:00",
    at("3:00", takes_over_id(minutes=5)),
    predecessor="{{ value_json.MT681.E_in - 14600 }}",
)
SUMMER: Final = _box(
    "summer from the totals of months",
    "3:00",
    home_age=timedelta(days=320),
    ains=(IMPORT.removesuffix("-1"),),
)
LEFT_ALONE: Final = _meter(
    "outage that nobody mends",
    "12:00",
    at("3:00", hass_off(hours=6)),
    options={CONF_HISTORY: False},
)
"""To show that the measure sees what is wrong."""
