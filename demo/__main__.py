"""The demo: a simulated home in a real Home Assistant, set up as a user would."""

import argparse
import asyncio
from collections.abc import Iterator, Sequence
import contextlib
from datetime import date
from pathlib import Path
import shutil
import signal
import sys
import tempfile
import time
from typing import Any, Final

from demo.hass import PASSWORD, USERNAME, Hass, HassError
from simulator.fritzbox import DEFAULT_PASSWORD, DEFAULT_USER
from simulator.fritzbox_devices import DEVICES
from simulator.household import Household

DEFAULT_PORT: Final = 8123
VALUES_WITHIN: Final = 90
"""Seconds until every entity must have a value: one poll of the box, with a margin."""
HISTORY_WITHIN: Final = 120
"""Seconds until all counters must have their past."""


@contextlib.contextmanager
def _step(what: str) -> Iterator[None]:
    """Show what is going on, and how long it took."""
    started = time.monotonic()
    print(f"  {what} ...", end="", flush=True)
    yield
    print(f" {time.monotonic() - started:.1f} s", flush=True)


async def _set_up(hass: Hass, household: Household) -> None:
    """Add everything through the dialogues a user would go through."""
    with _step("MQTT"):
        await hass.add_mqtt("127.0.0.1", household.broker.port)
    started = time.monotonic()
    with _step("FRITZ!Box"):
        box_entry = await hass.add_fritzbox(household.box.url, DEFAULT_USER, DEFAULT_PASSWORD)
    with _step("Energy dashboard"):
        await _set_up_energy(hass, box_entry)
    with _step("history on the Energy dashboard"):
        since = await _wait_for_history(hass)
    seconds = time.monotonic() - started
    print(f"  It shows all hours since {since:%Y-%m-%d}, {seconds:.0f} s after the box was added.")
    with _step("electricity meter"):
        await hass.add_meter(household.reader.tele_topic("SENSOR"))


async def _set_up_energy(hass: Hass, box_entry: str) -> None:
    """Put the Smart Energy 250 and the plugs on the Energy dashboard, as a user does.

    The box has two years of history of them; the electricity meter begins today.
    """

    async def grid() -> str | None:
        return next(
            (
                str(entity["entity_id"])
                for entity in await hass.entities()
                if entity["config_entry_id"] == box_entry
                and entity["unique_id"].endswith("_energy_import")
            ),
            None,
        )

    meter = await hass.wait_for(grid, "the Smart Energy 250")
    answer = await hass.options(box_entry, {"next_step_id": "energy"}, {"grid": [meter]})
    if answer["type"] != "create_entry":
        raise HassError(f"The Energy dashboard was not set up: {answer}")


async def _wait_for_history(hass: Hass) -> date:
    """Wait until every counter on the Energy dashboard has its past; return where it begins."""
    preferences = await hass.ws("energy/get_prefs")
    counters = [item["stat_consumption"] for item in preferences["device_consumption"]]
    counters += [item["stat_energy_from"] for item in preferences["energy_sources"]]

    async def complete() -> date | None:
        found = await hass.ws(
            "recorder/statistics_during_period",
            start_time="2000-01-01T00:00:00+00:00",
            statistic_ids=counters,
            period="day",
            types=["change"],
        )
        # A counter without a past has today only.
        if any(len(found.get(counter, ())) <= 1 for counter in counters):
            return None
        return date.fromtimestamp(min(rows[0]["start"] for rows in found.values()) / 1000)

    beginning: date = await hass.wait_for(
        complete, "the history of all counters", seconds=HISTORY_WITHIN
    )
    return beginning


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)))
        if number == 0:
            print("  ".join("-" * width for width in widths))


def waits_for_something(entity: dict[str, Any]) -> bool:
    """Return whether an entity has no value before something has happened: a press, an alarm."""
    attributes = (entity["state"] or {"attributes": {}})["attributes"]
    return bool(
        entity["entity_id"].startswith(("button.", "event."))
        or attributes.get("device_class") == "timestamp"
    )


def _without_value(entities: list[dict[str, Any]], absent: set[str]) -> list[str]:
    """Return the entities that have no value although their device is there."""
    return [
        entity["entity_id"]
        for entity in entities
        if entity["device"]["serial_number"] not in absent
        and not waits_for_something(entity)
        and (entity["state"] is None or entity["state"]["state"] in {"unknown", "unavailable"})
    ]


async def _check(hass: Hass) -> bool:
    """Wait until every entity has a value, print them all; return whether all is well."""
    absent = {device.ain for device in DEVICES if not device.present}

    async def complete() -> list[dict[str, Any]] | None:
        entities = await hass.entities()
        return entities if entities and not _without_value(entities, absent) else None

    try:
        with _step("waiting for values"):
            await hass.wait_for(complete, "all values", seconds=VALUES_WITHIN)
    except HassError as err:
        print(f" {err}")
    entities = await hass.entities()
    header = ("device", "entity", "state", "unit", "device class", "state class")
    rows = []
    for entity in entities:
        state = entity["state"] or {"state": "missing", "attributes": {}}
        attributes = state["attributes"]
        rows.append(
            (
                str(entity["device"]["name_by_user"] or entity["device"]["name"]),
                entity["entity_id"],
                state["state"],
                attributes.get("unit_of_measurement", ""),
                attributes.get("device_class", ""),
                attributes.get("state_class", ""),
            )
        )
    print()
    _print_table([header, *sorted(rows)])
    print()
    faults = {
        "without a value": _without_value(entities, absent),
        "on the Repairs page": [str(issue["issue_id"]) for issue in await hass.repairs()],
        "complaint in the log": hass.complaints(),
    }
    for what, items in faults.items():
        for item in items:
            print(f"{what}: {item}")
    print(f"{len(entities)} entities, {sum(map(len, faults.values()))} faults")
    return bool(entities) and not any(faults.values())


async def _demo(arguments: argparse.Namespace, config: Path) -> bool:
    household = Household(seed=arguments.seed, script=arguments.script)
    hass = Hass(config, port=arguments.port, language=arguments.language)
    print("Starting a simulated home and a real Home Assistant")
    async with household:
        try:
            with _step("Home Assistant"):
                await hass.start()
            await _set_up(hass, household)
            if arguments.check:
                return await _check(hass)
            print(f"\nOpen {hass.url} and log in as {USERNAME} with password {PASSWORD}.")
            print("Ctrl-C ends everything.", flush=True)
            await asyncio.Event().wait()
        finally:
            with _step("\n  ending"):
                await hass.stop()
    return True


async def _main(arguments: argparse.Namespace) -> bool:
    config = Path(tempfile.mkdtemp(prefix="py_hab-demo-"))
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await _demo(arguments, config)
    except asyncio.CancelledError:
        return not arguments.check
    except HassError as err:
        print(f"\n{err}", file=sys.stderr)
        return False
    finally:
        shutil.rmtree(config, ignore_errors=True)


def main() -> int:
    """Run the demo; return the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="run unattended, print all values, end with 0 or 1"
    )
    parser.add_argument("--port", type=int, help=f"port of Home Assistant ({DEFAULT_PORT})")
    parser.add_argument("--language", choices=("en", "de"), default="en")
    parser.add_argument("--script", default="bitshake", help="the reader's script")
    parser.add_argument("--seed", type=int, default=1, help="another number is another home")
    arguments = parser.parse_args()
    if arguments.port is None and not arguments.check:
        arguments.port = DEFAULT_PORT
    return 0 if asyncio.run(_main(arguments)) else 1


if __name__ == "__main__":
    sys.exit(main())
