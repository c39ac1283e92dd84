"""What the simulated FRITZ!Box stores over its REST API: the same as over AHA, and more."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
import json
from typing import Any
from urllib.parse import quote

from aiohttp import ClientSession
import pytest

from simulator.fritzbox import SimulatedFritzBox
from simulator.fritzbox_devices import (
    BATH,
    BLIND,
    CELLAR,
    EXPORT,
    GROUP,
    IMPORT,
    REFRIGERATOR,
    SWITCH,
    WINDOW,
    WORKSHOP,
)
from simulator.home import Home, ManualClock

from .conftest import EVENING, Client

type Json = dict[str, Any]
type Ask = Callable[[str], Coroutine[Any, Any, Json]]

ENERGIES = [("day", 900, 96), ("week", 21600, 28), ("month", 86400, 31), ("twoYears", 2678400, 24)]


@pytest.fixture
def ask(session: ClientSession, box: SimulatedFritzBox, client: Client) -> Ask:
    """Return what asks for the statistics of a unit, none if it has none."""

    async def statistics(uid: str) -> Json:
        headers = {"Authorization": f"AVM-SID {client.sid}", "X-Forwarded-For": "192.0.2.10"}
        url = f"{box.url}/api/v0/smarthome/overview/units/{quote(uid)}"
        async with session.get(url, headers=headers) as answer:
            assert answer.status == 200
            found: Json = json.loads(await answer.text()).get("statistics", {})
            return found

    return statistics


def values(statistics: Json, kind: str, period: str) -> list[Any]:
    """Return the values of the series that has this period."""
    (series,) = [one for one in statistics[kind] if one["period"] == period]
    found: list[Any] = series["values"]
    return found


def states(statistics: Json) -> set[str]:
    return {series["statisticsState"] for kind in statistics.values() for series in kind}


def reports_values(statistics: Json) -> bool:
    return any("values" in series for kind in statistics.values() for series in kind)


def shapes(statistics: Json, kind: str) -> list[tuple[str, int, int]]:
    return [
        (series["period"], series["interval"], len(series["values"])) for series in statistics[kind]
    ]


# What it says


async def test_a_plug_stores_all_but_humidity(ask: Ask) -> None:
    found = await ask(REFRIGERATOR)
    assert list(found) == ["temperatures", "powers", "voltages", "energies"]
    assert shapes(found, "temperatures") == [("day", 900, 96)]
    assert shapes(found, "powers") == shapes(found, "voltages") == [("hour", 10, 360)]
    assert shapes(found, "energies") == ENERGIES
    assert states(found) == {"valid"}


@pytest.mark.parametrize(
    ("ain", "kinds"),
    [
        (BATH, ["temperatures"]),
        (SWITCH, ["temperatures", "humidities"]),
        (IMPORT, ["energies"]),
        (EXPORT, ["energies"]),
        (WINDOW, []),
        (BLIND, []),
        (GROUP, []),
    ],
)
async def test_kinds_of_series(ask: Ask, ain: str, kinds: list[str]) -> None:
    assert list(await ask(ain)) == kinds


async def test_it_stores_the_same_as_over_aha(ask: Ask, client: Client) -> None:
    for ain in (REFRIGERATOR, WORKSHOP, SWITCH):
        rest, aha = await ask(ain), await client.statistics(ain)
        for kind, period, tag, grid, factor in (
            ("temperatures", "day", "temperature", 900, 10),
            ("humidities", "day", "humidity", 900, 1),
            ("powers", "hour", "power", 10, 0.1),
            ("voltages", "hour", "voltage", 10, 1),
            ("energies", "month", "energy", 86400, 1),
        ):
            if kind in rest:
                reported = [value * factor for value in values(rest, kind, period)]
                assert reported == [int(text) for text in aha[tag, grid]]


async def test_energies_of_all_periods_agree_with_the_counter(
    ask: Ask, client: Client, home: Home
) -> None:
    for ain, series, before in (
        (REFRIGERATOR, "refrigerator", 0),
        (IMPORT, "import", 16_933_817),
        (EXPORT, "export", 653_065),
    ):
        found = await ask(ain)
        months = values(found, "energies", "twoYears")
        counter = int((await client.device(ain)).findtext("powermeter/energy", ""))
        assert before + sum(months) == counter
        assert months[4:] == [0] * 20, "the home is 100 days old, and energies know no null"
        days = values(found, "energies", "month")
        assert sum(days[:20]) == months[0], "it is the 20th"
        week = values(found, "energies", "week")
        assert sum(week[:4]) == days[0], "it is after 18 o'clock"
        quarters = values(found, "energies", "day")
        assert sum(quarters[:77]) == days[0], "it is 19:07 on the wall"
        assert quarters == list(home.slots(series, EVENING, timedelta(minutes=15), 96))


async def test_the_overview_has_no_statistics(
    session: ClientSession, box: SimulatedFritzBox, client: Client
) -> None:
    headers = {"Authorization": f"AVM-SID {client.sid}", "X-Forwarded-For": "192.0.2.10"}
    for path in ("", "/units", f"/devices/{quote(REFRIGERATOR)}"):
        url = f"{box.url}/api/v0/smarthome/overview{path}"
        async with session.get(url, headers=headers) as answer:
            assert answer.status == 200
            assert "statistics" not in await answer.text()


# What goes wrong


async def test_a_unit_out_of_reach_has_no_values(ask: Ask, box: SimulatedFritzBox) -> None:
    box.disconnect(WORKSHOP)
    for ain in (WORKSHOP, CELLAR):
        found = await ask(ain)
        assert states(found) == {"notConnected"}
        assert not reports_values(found)


async def test_statistics_reset(ask: Ask, box: SimulatedFritzBox, clock: ManualClock) -> None:
    box.reset_statistics(REFRIGERATOR)
    found = await ask(REFRIGERATOR)
    for period, _, _ in ENERGIES:
        assert set(values(found, "energies", period)) == {0}
    clock.advance(timedelta(minutes=19))
    found = await ask(REFRIGERATOR)
    counter = box.counter(REFRIGERATOR)
    assert counter > 0
    for period, _, _ in ENERGIES:
        assert sum(values(found, "energies", period)) == counter
    assert sum(values(found, "energies", "day")[:3]) == counter


async def test_statistics_a_little_late_are_reported_as_if_they_were_new(
    ask: Ask, box: SimulatedFritzBox, home: Home
) -> None:
    late = timedelta(minutes=15)
    box.delay_statistics(REFRIGERATOR, late)
    found = await ask(REFRIGERATOR)
    assert states(found) == {"valid"}
    assert values(found, "energies", "day") == list(
        home.slots("refrigerator", EVENING - late, timedelta(minutes=15), 96)
    )


async def test_outdated_statistics_are_not_reported(ask: Ask, box: SimulatedFritzBox) -> None:
    box.delay_statistics(REFRIGERATOR, timedelta(minutes=16))
    found = await ask(REFRIGERATOR)
    assert states(found) == {"outdated"}
    assert not reports_values(found)
    box.restore(REFRIGERATOR)
    assert states(await ask(REFRIGERATOR)) == {"valid"}


async def test_a_meter_may_report_its_whole_counter_as_its_newest_energy(
    ask: Ask, box: SimulatedFritzBox
) -> None:
    box.confuse_statistics(IMPORT)
    found = await ask(IMPORT)
    assert states(found) == {"unknown"}
    assert shapes(found, "energies") == ENERGIES
    for period, _, count in ENERGIES:
        assert values(found, "energies", period) == [box.counter(IMPORT), *[0] * (count - 1)]
    assert states(await ask(EXPORT)) == {"valid"}

    box.override_rest(IMPORT, statisticsState="valid")
    found = await ask(IMPORT)
    assert states(found) == {"valid"}
    assert values(found, "energies", "day")[0] == box.counter(IMPORT)

    box.disconnect(IMPORT)
    assert not reports_values(await ask(IMPORT))
    box.restore(IMPORT)
    assert values(await ask(IMPORT), "energies", "day")[0] < box.counter(IMPORT)
    with pytest.raises(KeyError):
        box.confuse_statistics("00000 0000000")


async def test_a_unit_may_have_another_uid_than_its_ain(ask: Ask, box: SimulatedFritzBox) -> None:
    box.override_rest(IMPORT, UID=f"{IMPORT}_2")
    assert shapes(await ask(f"{IMPORT}_2"), "energies") == ENERGIES
