"""Parts of a simulated home, each run alone from the command line."""

from argparse import ArgumentParser, Namespace
import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from importlib import import_module
import signal
import sys
from typing import Final
from zoneinfo import ZoneInfo

from .home import Clock, Home, RealClock, ScaledClock

PARTS: Final = {
    "fritzbox": "a FRITZ!Box with smart home devices, over HTTP",
    "reader": "a Tasmota reader on the electricity meter, over MQTT",
    "broker": "an MQTT broker",
    "home": "print what is true on a day of the home",
}
"""Modules of this package with `add_arguments` and `run`, imported when they are asked for."""

SERIES: Final = ("import", "export", "pv", "heat_pump", "base", "cooking", "workshop")


def main(arguments: list[str] | None = None) -> None:
    """Run what the command line asks for, until interrupted."""
    parser = ArgumentParser(prog="python -m simulator", description=__doc__)
    parts = parser.add_subparsers(dest="part", required=True)
    words = sys.argv[1:] if arguments is None else arguments
    for name, help_text in PARTS.items():
        part = parts.add_parser(name, help=help_text, description=help_text)
        _add_home_arguments(part)
        if name == "home":
            part.add_argument("--minutes", type=int, default=60, help="between lines (%(default)s)")
        elif name in words:
            import_module(f".{name}", __package__).add_arguments(part)
    args = parser.parse_args(words)
    zone = ZoneInfo(args.timezone)
    start = _moment(args.start, zone) if args.start else datetime.now(zone)
    installed = _moment(args.installed, zone)
    home = Home(seed=args.seed, installed=installed, timezone=args.timezone)
    if args.part == "home":
        _print_day(home, start, timedelta(minutes=args.minutes))
        return
    clock: Clock = RealClock()
    if args.start or args.speed != 1:
        clock = ScaledClock(start, speed=args.speed)
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(_run(args, home, clock))


async def _run(args: Namespace, home: Home, clock: Clock) -> None:
    """Run a part until interrupted or terminated."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await import_module(f".{args.part}", __package__).run(args, home, clock)


def _add_home_arguments(parser: ArgumentParser) -> None:
    """Declare which home it is, and what time it has there."""
    group = parser.add_argument_group("the home")
    group.add_argument("--seed", type=int, default=1, help="decides all by chance (%(default)s)")
    group.add_argument(
        "--installed",
        metavar="TIME",
        default="2025-01-01",
        help="when its counters stood at 0 (%(default)s)",
    )
    group.add_argument("--start", metavar="TIME", help="its time at the start (now)")
    group.add_argument("--speed", type=float, default=1.0, help="how fast its time runs")
    group.add_argument("--timezone", default="Europe/Berlin", help="where it is (%(default)s)")


def _moment(text: str, zone: ZoneInfo) -> datetime:
    """Return the moment that an ISO 8601 text means, in the home's time zone if none is given."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment


def _print_day(home: Home, at: datetime, step: timedelta) -> None:
    """Print what is true on the calendar day that holds `at`."""
    now = at.astimezone(home.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    end = (now + timedelta(days=1)).astimezone(home.installed.tzinfo)
    now = now.astimezone(home.installed.tzinfo)
    print(
        f"{now.astimezone(home.zone):%A %Y-%m-%d %Z}, seed {home.seed}: power in W, counters in Wh"
    )
    columns = ("time", *SERIES, "counter in", "counter out", "outside", "living", "window")
    print(" ".join(f"{column:>11}" for column in columns))
    while now < end:
        values = (
            f"{now.astimezone(home.zone):%H:%M}",
            *(f"{home.power(series, now):.1f}" for series in SERIES),
            *(f"{home.energy(series, now):.0f}" for series in ("import", "export")),
            f"{home.outdoor_temperature(now):.1f} °C",
            f"{home.temperature('living', now):.1f} °C",
            "open" if home.window_open("living", now) else "closed",
        )
        print(" ".join(f"{value:>11}" for value in values))
        now += step
    drawn, fed = (home.energy(series, end) for series in ("import", "export"))
    print(f"At the end of the day: {drawn:.3f} Wh in, {fed:.3f} Wh out")


if __name__ == "__main__":
    main()
