"""Import of a legacy file into the statistics of an entry, on a real recorder."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from datetime import timedelta
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.entry import Progress
from custom_components.py_hab.history.files import legacy_importer as importer
from custom_components.py_hab.history.files.access import FileError, FileReadError
from custom_components.py_hab.history.files.importer import FileImport, async_allowed
from custom_components.py_hab.history.files.legacy_file import (
    LegacySeries,
    SeriesKey,
)
from custom_components.py_hab.history.files.legacy_importer import (
    LegacyImport,
    async_inspect,
    statistic_of,
    targets,
)
from custom_components.py_hab.history.files.legacy_readings import HourlySeries, read_hours
from custom_components.py_hab.history.files.series import SeriesReport
from custom_components.py_hab.history.planning.rows import HOUR
from custom_components.py_hab.history.statistics.editor import get_editor
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.statistics import list_statistic_ids
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from simulator.fritzbox import SimulatedFritzBox
from simulator.fritzbox_devices import BATH, REFRIGERATOR
from simulator.home import Home
from tests.conftest import START
from tests.support.box_house import House
from tests.support.dialogue import TEXTS
from tests.support.legacy_files import EVERY, METER, PLUG, THERMOSTAT, Row, Years, at, local, write
from tests.support.living import recorded, rows
from tests.support.mocked_reader import MockedReader
from tests.support.passing_time import Time

FROM: Final = at("2026-03-18T06:00:00")
UNTIL: Final = at("2026-03-19T12:00:00")
ENERGY: Final = "sensor.mt681_energy_import"
FRIDGE: Final = "sensor.kuhlschrank_energy"


@pytest.fixture
def age() -> timedelta:
    """Three days: each hour takes time."""
    return timedelta(days=3)


@pytest.fixture
def ains() -> Collection[str]:
    """A plug and a thermostat."""
    return {REFRIGERATOR, BATH}


@pytest.fixture
async def house(
    time: Time,
    recorder_mock: Recorder,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
) -> House:
    """A house with a box, whose history is maintained on request only."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    house = House(time, hass, box, fritzbox_entry, [], [])
    await house.start(history=False)
    return house


async def imported(
    hass: HomeAssistant, path: Path, **data: Any
) -> dict[tuple[str, str], dict[str, Any]]:
    """Import a file; return what is answered of each series."""
    answer: Any = await hass.services.async_call(
        DOMAIN, "import_database", {"path": str(path), **data}, blocking=True, return_response=True
    )
    return {(item["device"], item["sub_entity"]): item for item in answer["series"]}


async def undo(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Take everything back."""
    await hass.services.async_call(
        DOMAIN, "undo_history", {"config_entry_id": entry.entry_id}, blocking=True
    )


def lived(**options: Any) -> tuple[Years, list[Row]]:
    """A day and a quarter of the py_hab server, and the truth."""
    years = Years(start=FROM, end=UNTIL, **options)
    return years, years.rows()


async def all_sums(hass: HomeAssistant, statistic_id: str) -> dict[int, float | None]:
    """Return the sum or mean of each hour."""
    found = await rows(hass, statistic_id)
    return {int(row["start"]): row.get("sum", row.get("mean")) for row in found}


async def all_ids(hass: HomeAssistant) -> dict[str, str | None]:
    """Return the names of all statistics, by their id."""
    found = await get_instance(hass).async_add_executor_job(list_statistic_ids, hass)
    return {item["statistic_id"]: item["name"] for item in found}


# Where it goes


async def test_a_meter_is_known_by_its_number_and_the_rest_becomes_external(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    years, readings = lived()
    path = write(media / "server.db", readings)
    progress = await imported(hass, path, dry_run=True)
    assert await rows(hass, ENERGY) == []
    done = await imported(hass, path)
    assert done == progress
    ids = {key: item["statistic_id"] for key, item in done.items()}
    assert ids == {
        (METER, "E_in"): ENERGY,
        (METER, "Power"): "sensor.mt681_power",
        (PLUG, "Energy"): "py_hab:11657_0142361_energy",
        (THERMOSTAT, "Temperature"): "py_hab:09995_0123456_temperature",
        (THERMOSTAT, "Battery"): "py_hab:09995_0123456_battery",
    }
    for key, truth in (((METER, "E_in"), years.consumed), ((PLUG, "Energy"), years.washed)):
        found = {int(row["start"]): row["sum"] for row in await rows(hass, ids[key])}
        assert len(found) >= len(truth)
        for hour, kwh in truth.items():
            assert found[hour] == pytest.approx(kwh, abs=0.002), (key, hour)
    warmth = {int(row["start"]): row for row in await rows(hass, ids[THERMOSTAT, "Temperature"])}
    for hour, celsius in years.warmth.items():
        assert warmth[hour]["mean"] == pytest.approx(sum(celsius) / len(celsius))
    assert len(await rows(hass, "sensor.mt681_power")) >= len(years.consumed)
    names = await all_ids(hass)
    assert names["py_hab:11657_0142361_energy"] == "Washing machine Energy"
    before = {each: await all_sums(hass, each) for each in names}
    assert await imported(hass, path)
    for each in names:
        assert await all_sums(hass, each) == pytest.approx(before[each])
    await undo(hass, meter)
    for each in ids.values():
        assert await rows(hass, each) == []
    assert not [each for each in await all_ids(hass) if each.startswith("py_hab:")]


async def test_readings_without_a_number_are_those_of_the_only_meter(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    years, readings = lived()
    half = (FROM + UNTIL) // 2
    nameless = [
        ("" if device == METER and str(time) < local(half) else device, entity, sub, time, amount)
        for device, entity, sub, time, amount in readings
    ]
    done = await imported(hass, write(media / "server.db", nameless))
    assert done["", "E_in"]["statistic_id"] == done[METER, "E_in"]["statistic_id"] == ENERGY
    progress = await rows(hass, ENERGY)
    found = {int(row["start"]): row["sum"] for row in progress}
    for hour, kwh in years.consumed.items():
        assert found[hour] == pytest.approx(kwh, abs=0.15), hour
    sums = list(found.values())
    assert sums == sorted(sums)
    first, last = progress[0], progress[-1]
    assert last["sum"] - first["sum"] == pytest.approx(last["state"] - first["state"], abs=0.01)


async def test_readings_without_a_number_are_nobody_s_where_there_are_two_meters(
    hass: HomeAssistant, reader: MockedReader, media: Path
) -> None:
    reader.blocks["Heat"] = {"E_in": 10.0, "Power": 5, "Meter_id": "0a0149534b00056b3c52"}
    entry = reader.entry(prefix="MT681", history=False)
    await reader.set_up(entry)
    for _ in range(6):
        await reader.lives(timedelta(minutes=1), E_in=0.01)
    assert len(entry.runtime_data.coordinator.data) == 2
    series = [("", "MT681", "E_in", local(FROM + EVERY * step), 10.0 + step) for step in range(20)]
    done = await imported(hass, write(media / "server.db", series))
    assert done["", "E_in"]["statistic_id"] == "py_hab:e_in"


@pytest.mark.parametrize("stored", [REFRIGERATOR, REFRIGERATOR.replace(" ", "  ") + " "])
async def test_devices_of_a_box_are_known_by_their_ain_whatever_its_blanks(
    hass: HomeAssistant, house: House, media: Path, stored: str
) -> None:
    readings: list[Row] = [
        (stored, "Switch", "Energy", local(FROM + EVERY * step), 1 + step / 100)
        for step in range(30)
    ]
    readings += [
        (BATH, "HKR", "Temperature", local(FROM + EVERY * step), 20.0) for step in range(30)
    ]
    readings += [("13077 1", "Window", "State", local(FROM), 1.0)]
    described = [(stored, "Energy", "", "kWh", 1), ("13077 1", "State", "Window", "", 0)]
    done = await imported(hass, write(media / "server.db", readings, described=described))
    assert done[stored, "Energy"]["statistic_id"] == FRIDGE
    bath = done[BATH, "Temperature"]["statistic_id"]
    assert bath.startswith("sensor.")
    assert done["13077 1", "State"]["statistic_id"] is None
    assert (await rows(hass, FRIDGE))[-1]["sum"] == pytest.approx(0.29)
    assert {row["mean"] for row in await rows(hass, bath)} == {20.0}


async def test_what_is_switched_off_becomes_external(
    hass: HomeAssistant, house: House, media: Path
) -> None:
    er.async_get(hass).async_update_entity(FRIDGE, disabled_by=er.RegistryEntryDisabler.USER)
    readings: list[Row] = [
        (REFRIGERATOR, "Switch W", "Energy", local(FROM + EVERY * step), 1 + step / 100)
        for step in range(30)
    ]
    path = write(media / "server.db", readings, described=[])
    (done,) = (await imported(hass, path)).values()
    assert done["statistic_id"] == "py_hab:11630_0714031_energy"


# With what is there


def years_of_the_plug(home: Home, path: Path) -> Path:
    """Write what the py_hab server read from a plug, from the second day to yesterday."""
    moment, readings = START - timedelta(days=2), list[Row]()
    while moment < START - timedelta(days=1):
        kwh = int(home.energy("refrigerator", moment)) / 1000
        readings.append((REFRIGERATOR, "Switch", "Energy", local(moment.timestamp()), kwh))
        moment += timedelta(seconds=EVERY)
    return write(path, readings, described=[(REFRIGERATOR, "Energy", "Fridge", "kWh", 1)])


ORDERS: Final = tuple(permutations(("import", "backfill", "live")))


@pytest.mark.parametrize(
    ("order", "unit"),
    # The user's unit is that of what is there first.
    [*((order, "kWh") for order in ORDERS), *((order, "Wh") for order in ORDERS[-2:])],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
async def test_the_result_is_the_same_in_any_order(
    hass: HomeAssistant, house: House, home: Home, media: Path, order: Sequence[str], unit: str
) -> None:
    er.async_get(hass).async_update_entity_options(FRIDGE, "sensor", {"unit_of_measurement": unit})
    await hass.async_block_till_done()
    path = years_of_the_plug(home, media / "server.db")
    live: list[dict[str, Any]] = []
    for step in order:
        match step:
            case "import":
                await imported(hass, path)
            case "backfill":
                await house.act("backfill")
            case _:
                await house.to_the_hour(63)
                live = await rows(hass, FRIDGE)
    # Sums meet once there are live ones.
    await imported(hass, path)
    await house.act("backfill")
    scale = 1000.0 if unit == "Wh" else 1.0
    found = await rows(hass, FRIDGE)
    starts = [int(row["start"]) for row in found]
    assert starts == list(range(starts[0], starts[-1] + HOUR, HOUR))
    assert starts[0] <= (START - timedelta(days=2, hours=20)).timestamp()
    # Of the time that the server did not read, the box stores days only.
    first = START.timestamp() - 47 * HOUR
    for row in [row for row in found if first <= row["start"] < first + 21 * HOUR]:
        begin, end = (START.fromtimestamp(row["start"] + add, START.tzinfo) for add in (0, HOUR))
        truth = home.energy("refrigerator", end) - home.energy("refrigerator", begin)
        assert row["change"] / scale == pytest.approx(truth / 1000, abs=0.012), begin
    for before, after in pairwise(found):
        assert after["sum"] - before["sum"] == pytest.approx(
            after["state"] - before["state"], abs=0.003 * scale
        )
    now = {int(row["start"]): row for row in found}
    for row in live[1:] if order[0] == "live" else ():
        assert now[int(row["start"])]["change"] == pytest.approx(row["change"])
    again = {item["rows"] for item in (await house.act("backfill")).values()}
    assert again == {0}
    assert await rows(hass, FRIDGE) == found
    await undo(hass, house.entry)
    left = await rows(hass, FRIDGE)
    assert [row["state"] for row in left] == [
        row["state"] for row in found if int(row["start"]) >= START.timestamp() - HOUR
    ][-len(left) :]
    assert len(left) == 2


@pytest.mark.parametrize("history", [True, False])
async def test_live_sums_go_on_from_an_import_whatever_is_maintained(
    hass: HomeAssistant, reader: MockedReader, media: Path, history: bool
) -> None:
    entry = reader.entry(prefix="MT681", power_interval=5, history=history)
    await reader.set_up(entry)
    path = write(media / "server.db", lived()[1])
    # Before there is any live row; and what was undone is not maintained any more.
    await imported(hass, path)
    await undo(hass, entry)
    await imported(hass, path)
    for _ in range(24):
        await reader.lives(timedelta(minutes=5), step=timedelta(minutes=5), E_in=0.1)
        await recorded(hass)
    found = await rows(hass, ENERGY)
    assert found[-1]["start"] > UNTIL
    assert min(row["change"] for row in found) >= 0
    # The energy since the end of the server is not booked in a single hour.
    assert max(row["change"] for row in found) < 4
    hours = [int(row["start"]) for row in found]
    assert hours == list(range(hours[0], hours[-1] + HOUR, HOUR))
    assert get_editor(hass).journal.changes_of(ENERGY).undone


async def test_an_import_goes_up_to_what_a_chosen_entity_shows(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    path = write(media / "server.db", lived()[1])
    found = await async_inspect(hass, path)
    key = SeriesKey(METER, "E_in")
    (series,) = [item for item in found if item.key == key]
    for state, unit, is_known in (
        ("4400", "kWh", True),
        ("4400000", "Wh", True),
        ("inf", "kWh", False),
        ("unavailable", "kWh", False),
        ("4400", "m³", False),
    ):
        hass.states.async_set("sensor.chosen", state, {"unit_of_measurement": unit})
        wanted = {key: statistic_of(meter, series, "sensor.chosen")}
        (done,) = await LegacyImport(hass, path, wanted).async_run([series], dry_run=True)
        assert (done.rows > (UNTIL - FROM) / HOUR + 1) is is_known, (state, unit)


async def test_a_newer_file_puts_right_what_was_filled_after_an_older_one(
    hass: HomeAssistant, reader: MockedReader, meter: MockConfigEntry, media: Path
) -> None:
    years, readings = lived()
    half = local((FROM + UNTIL) // 2)
    for _ in range(3):
        await reader.lives(timedelta(minutes=5), step=timedelta(minutes=5), E_in=0.1)
        await recorded(hass)
    older = [row for row in readings if str(row[3]) < half]
    await imported(hass, write(media / "older.db", older))
    await imported(hass, write(media / "newer.db", readings))
    await reader.lives(timedelta(minutes=55), step=timedelta(minutes=5), E_in=0.1)
    await recorded(hass)
    found = {int(row["start"]): row for row in await rows(hass, ENERGY)}
    for hour, kwh in years.consumed.items():
        assert found[hour]["sum"] == pytest.approx(kwh, abs=0.002), hour
    first, last = found[min(found)], found[max(found)]
    assert last["sum"] - first["sum"] == pytest.approx(last["state"] - first["state"])
    assert min(row["change"] for row in found.values()) >= 0


# Refusals


@pytest.mark.parametrize("reason", FileError)
async def test_a_file_that_cannot_be_read_is_refused_in_words(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, reason: FileError
) -> None:
    def refuse(*_: Any) -> list[LegacySeries]:
        raise FileReadError(reason)

    monkeypatch.setattr(importer, "inspect_file", refuse)
    with pytest.raises(ServiceValidationError) as caught:
        await async_inspect(hass, Path("server.db"))
    assert caught.value.translation_key in TEXTS["exceptions"]


async def test_only_allowed_paths_are_read(
    hass: HomeAssistant, house: House, media: Path, tmp_path: Path
) -> None:
    secret = write(tmp_path / "secret.db", lived()[1][:100])
    link = media / "link.db"
    link.symlink_to(secret)
    for path in (secret, link, media / ".." / "secret.db"):
        with pytest.raises(ServiceValidationError) as caught:
            await imported(hass, path)
        assert caught.value.translation_key == "path_not_allowed"
        assert caught.value.translation_placeholders == {"path": str(path)}
    with pytest.raises(ServiceValidationError) as caught:
        await imported(hass, media / "none.db")
    assert caught.value.translation_key in {"file_not_found", "path_not_allowed"}
    assert await async_allowed(hass, str(media / "x.db")) == media / "x.db"


async def test_without_a_recorder_nothing_is_read(
    hass: HomeAssistant, house: House, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = years_of_the_plug(Home(installed=START - timedelta(days=3)), media / "server.db")
    monkeypatch.setattr(get_editor(hass), "is_ready", lambda: False)
    with pytest.raises(HomeAssistantError) as caught:
        await imported(hass, path)
    assert caught.value.translation_key == "no_recorder"


async def test_a_file_that_changes_meanwhile_ends_the_import_and_the_next_one_completes_it(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(media / "server.db", lived()[1])

    def breaks(*args: Any, **kwargs: Any) -> Iterator[HourlySeries]:
        hours = read_hours(*args, **kwargs)
        yield next(hours)
        yield next(hours)
        raise FileReadError(FileError.CHANGED)

    with monkeypatch.context() as patch:
        patch.setattr(importer, "read_hours", breaks)
        with pytest.raises(ServiceValidationError) as caught:
            await imported(hass, path)
    assert caught.value.translation_key == "file_changed"
    journal = get_editor(hass).journal
    assert not any(changes.planned for changes in journal.by_statistic.values())
    there = {item["statistic_id"]: 0 for item in (await imported(hass, path)).values()}
    whole = {each: await rows(hass, each) for each in there if each}
    assert all(whole.values())
    await undo(hass, meter)
    await imported(hass, path)
    assert {each: await rows(hass, each) for each in whole} == whole


async def test_an_import_that_is_cancelled_stops_reading_and_leaves_whole_series(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(media / "server.db", lived()[1])
    found = await async_inspect(hass, path)
    progress: list[Progress] = []
    work = LegacyImport(hass, path, targets(hass, meter, found), progress.append)
    write_series: Callable[..., Awaitable[SeriesReport]] = FileImport._async_series
    begun: list[str] = []

    async def second_hangs(
        self: FileImport[LegacySeries], *args: Any, **kwargs: Any
    ) -> SeriesReport:
        begun.append(args[1].id)
        if len(begun) == 2:
            task.cancel()
        return await write_series(self, *args, **kwargs)

    monkeypatch.setattr(FileImport, "_async_series", second_hangs)
    task = hass.async_create_task(work.async_run(found, dry_run=False))
    await hass.async_block_till_done()
    assert task.cancelled()
    assert len(begun) == 2
    assert await rows(hass, begun[0])
    assert await rows(hass, begun[1]) == []
    assert [each.part for each in progress] == sorted(each.part for each in progress)
    monkeypatch.setattr(FileImport, "_async_series", write_series)
    await imported(hass, path)
    assert await rows(hass, begun[1])


async def test_one_series_after_the_other_is_read(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(media / "server.db", lived()[1])
    order: list[str] = []
    write_series: Callable[..., Awaitable[SeriesReport]] = FileImport._async_series

    def reading(*args: Any, **kwargs: Any) -> Iterator[HourlySeries]:
        for series in read_hours(*args, **kwargs):
            order.append(f"read {series.series.sub_entity}")
            yield series

    async def writing(
        self: FileImport[LegacySeries], series: HourlySeries, *args: Any, **kw: Any
    ) -> SeriesReport:
        order.append(f"write {series.series.sub_entity}")
        return await write_series(self, series, *args, **kw)

    monkeypatch.setattr(importer, "read_hours", reading)
    monkeypatch.setattr(FileImport, "_async_series", writing)
    await imported(hass, path)
    assert len(order) == 10
    for one, other in zip(order[::2], order[1::2], strict=True):
        assert other == one.replace("read", "write")


async def test_live_hours_stay_what_they_are(
    hass: HomeAssistant, reader: MockedReader, meter: MockConfigEntry, media: Path
) -> None:
    await reader.lives(timedelta(minutes=115), step=timedelta(minutes=5), E_in=0.1)
    await recorded(hass)
    before = await rows(hass, ENERGY)
    assert len(before) >= 1
    last = [(METER, "MT681", "E_in", local(START.timestamp() + 60 * step), 5.0) for step in (1, 9)]
    await imported(hass, write(media / "server.db", [*lived()[1], *last]))
    after = await rows(hass, ENERGY)
    for row, now in zip(before, after[-len(before) :], strict=True):
        assert now["state"] == row["state"]
    assert [row["change"] for row in after[-len(before) + 1 :]] == pytest.approx(
        [row["change"] for row in before[1:]]
    )
    changes = [row["change"] for row in after]
    assert min(changes) >= -1e-6
    assert max(changes) <= 43.5
