"""Import of tables into the statistics of an entry, on a real recorder."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.entry import Progress
from custom_components.py_hab.history.files import csv_import
from custom_components.py_hab.history.files.csv_import import (
    CsvImport,
    async_recognize,
    async_survey,
    csv_externals,
)
from custom_components.py_hab.history.files.importer import FileImport
from custom_components.py_hab.history.planning.origin import Origin
from custom_components.py_hab.history.planning.rows import HOUR
from custom_components.py_hab.history.statistics.origin import async_origins
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from tests.conftest import settled
from tests.support.living import recorded, rows
from tests.support.mocked_reader import MockedReader
from tests.support.passing_time import Time
from tests.support.portals import PORTALS, Portal, at, german, lines, netze_bw, of_box, quarters

ENERGY: Final = "sensor.mt681_energy_import"
EXPORT: Final = "sensor.mt681_energy_export"
ASKED: Final[dict[str, dict[str, str]]] = {"unit": {"unit": "kWh"}}
"""What the caller has to say about each doubt."""
COARSE: Final = {"days", "months", "yearly_readings", "openhab", "iobroker", "fritzbox"}
"""Portals whose times do not lie within hours."""


async def imported(hass: HomeAssistant, path: Path, **data: Any) -> dict[str, Any]:
    """Import a table; return what the action answers."""
    answer: Any = await hass.services.async_call(
        DOMAIN, "import_file", {"path": str(path), **data}, blocking=True, return_response=True
    )
    return dict(answer)


def write(folder: Path, portal: Portal) -> Path:
    """Write the file of a portal."""
    path = folder / f"{portal.name}.csv"
    path.write_bytes(portal.data)
    return path


async def refusal(hass: HomeAssistant, path: Path, **data: Any) -> ServiceValidationError:
    """Return the error with which a file is refused."""
    with pytest.raises(ServiceValidationError) as refused:
        await imported(hass, path, **data)
    assert refused.value.translation_domain == DOMAIN
    return refused.value


async def hourly(hass: HomeAssistant, statistic_id: str) -> dict[int, float]:
    """Return the kWh of each hour."""
    return {int(row["start"]): row["change"] for row in await rows(hass, statistic_id)}


def truth_by_hour(portal: Portal, name: str) -> dict[int, float]:
    """Return the kWh of each hour of a portal with times within hours."""
    found: dict[int, float] = {}
    for begin, kwh in portal.series[name].items():
        hour = int(begin.timestamp()) // HOUR * HOUR
        found[hour] = found.get(hour, 0.0) + kwh
    return found


async def test_tables_of_portals_become_statistics_and_are_taken_back(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    for make in PORTALS:
        portal = make()
        path = write(media, portal)
        said = {key: value for doubt in portal.doubts for key, value in ASKED[doubt].items()}
        promised = await imported(hass, path, dry_run=True, **said)
        done = await imported(hass, path, **said)
        assert done["series"] == promised["series"], portal.name
        assert len(done["series"]) == len(portal.series), portal.name
        for item, (name, truth) in zip(done["series"], portal.series.items(), strict=True):
            case = f"{portal.name}: {name}"
            assert item["statistic_id"].startswith(f"{DOMAIN}:{portal.name}"), case
            found = await hourly(hass, item["statistic_id"])
            assert sum(found.values()) == pytest.approx(sum(truth.values())), case
            assert item["energy"] == pytest.approx(sum(truth.values()), abs=0.001), case
            assert item["rows"] == len(found), case
            if make.__name__ not in COARSE:
                # On the day of the clock change, too.
                assert found == pytest.approx(truth_by_hour(portal, name), abs=1e-6), case
        answer: Any = await hass.services.async_call(
            DOMAIN, "get_runs", {}, blocking=True, return_response=True
        )
        (run,) = answer["runs"]
        await hass.services.async_call(
            DOMAIN,
            "undo_history",
            {"run": run["run"], "config_entry_id": meter.entry_id},
            blocking=True,
        )
        for item in done["series"]:
            assert await rows(hass, item["statistic_id"]) == [], portal.name


async def test_a_month_of_the_box_goes_on_where_the_one_before_it_ended(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    # Each evening at 23:50 the last day lacks its last minutes; the next table contains all of it.
    days = [at("2026-01-01T00:00:00") + timedelta(days=number) for number in range(59)]
    kwh = {day: round(0.2 + day.day * 41 % 97 / 60, 3) for day in days}
    for written, shown in (("31.01.2026", days[:31]), ("28.02.2026", days[28:])):
        rest = {shown[-1]: round(kwh[shown[-1]] - 0.05, 3)}
        path = media / f"Plug_{written}_23-50_month.csv"
        path.write_text(
            of_box(
                "1 Monat",
                f"{written} 23-50",
                ((f"{day.day}.{day.month}.", german((kwh | rest)[day]), "kWh") for day in shown),
            )
        )
        await imported(hass, path, statistic_id=f"{DOMAIN}:plug")
    found = await hourly(hass, f"{DOMAIN}:plug")
    for day in days[:-1]:
        start, end = (int(each.timestamp()) for each in (day, day + timedelta(days=1)))
        total = sum(energy for hour, energy in found.items() if start <= hour < end)
        assert total == pytest.approx(kwh[day]), day


async def test_days_are_spread_and_noted_as_spread(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    begin = at("2025-10-20T00:00:00")
    text = [f"{begin + timedelta(days=day):%d.%m.%Y};12,5" for day in range(10)]
    path = media / "days.csv"
    path.write_text(lines("Tag;Verbrauch (kWh)", rows=text))
    done = await imported(hass, path)
    (item,) = done["series"]
    found = await hourly(hass, item["statistic_id"])
    assert len(found) == 241
    for day in range(10):
        start, end = (
            int((begin + timedelta(days=number)).timestamp()) for number in (day, day + 1)
        )
        total = sum(kwh for hour, kwh in found.items() if start <= hour < end)
        assert total == pytest.approx(12.5)
    origins = await async_origins(hass, item["statistic_id"])
    assert set(origins.values()) == {Origin.SPREAD}


async def test_days_of_feed_in_are_spread_over_daylight(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    await hass.config.async_update(latitude=52.5, longitude=13.4)
    begin = at("2025-10-20T00:00:00")
    text = [f"{begin + timedelta(days=day):%d.%m.%Y};12,5" for day in range(10)]
    path = media / "days.csv"
    path.write_text(lines("Tag;Einspeisung (kWh)", rows=text))
    for target, in_the_dark in ((EXPORT, False), (f"{DOMAIN}:somebody_elses", True)):
        await imported(hass, path, statistic_id=target, content="consumption")
        found = await hourly(hass, target)
        assert sum(found.values()) == pytest.approx(125.0, abs=0.1)
        night = [kwh for hour, kwh in found.items() if datetime.fromtimestamp(hour, UTC).hour >= 22]
        assert night
        assert any(kwh > 1e-6 for kwh in night) is in_the_dark


async def test_the_next_year_goes_on_from_the_one_before(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    for first, second in (("2025-10-01", "2025-10-02"), ("2025-11-05", "2025-11-04")):
        target = f"{DOMAIN}:grid_{first[5:7]}"
        for day in (first, second):
            text = [f"{each:%d.%m.%Y %H:%M};0,25" for each in quarters(at(f"{day}T00:00:00"), 96)]
            path = media / f"{day}.csv"
            path.write_text(lines("von;Wert (kWh)", rows=text))
            await imported(hass, path, statistic_id=target, content="consumption")
        found = await rows(hass, target)
        assert [row["change"] for row in found] == pytest.approx([1.0] * 48)
        assert [row["sum"] for row in found] == pytest.approx(range(1, 49))
        assert [row["state"] for row in found] == pytest.approx(range(1, 49))


async def test_consumption_precedes_the_hours_of_an_entity_and_its_live_sums_go_on(
    hass: HomeAssistant, reader: MockedReader, meter: MockConfigEntry, media: Path, time: Time
) -> None:
    now = datetime.now(UTC)
    begin = (now - timedelta(days=3)).replace(minute=0, second=0, microsecond=0)
    text = [f"{each:%Y-%m-%d %H:%M}+00:00;0,25" for each in quarters(begin, 48 * 4)]
    path = media / "before.csv"
    path.write_text(lines("from;Verbrauch (kWh)", rows=text))
    done = await imported(hass, path, statistic_id=ENERGY)
    (item,) = done["series"]
    assert item["statistic_id"] == ENERGY
    assert item["energy"] == pytest.approx(48.0)
    found = await rows(hass, ENERGY)
    assert [row["change"] for row in found] == pytest.approx([1.0] * 48)
    assert found[-1]["state"] == pytest.approx(4400.0)
    await reader.lives(timedelta(minutes=130), step=timedelta(minutes=5), E_in=0.05)
    await recorded(hass)
    later = await rows(hass, ENERGY)
    assert later[: len(found)] == found
    assert len(later) > len(found)
    sums = [row["sum"] for row in later]
    assert sums == sorted(sums)
    assert sums[-1] - 48.0 == pytest.approx(later[-1]["state"] - 4400.0)


async def test_readings_go_into_an_entity_up_to_what_it_shows(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    now = datetime.now(UTC)
    begin = (now - timedelta(days=20)).replace(minute=0, second=0, microsecond=0)
    text = [
        f"{begin + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ},{4000 + hour}" for hour in range(240)
    ]
    path = media / "readings.csv"
    path.write_text(lines("time,Zählerstand kWh", rows=text))
    done = await imported(hass, path, statistic_id=ENERGY)
    found = await rows(hass, ENERGY)
    assert done["series"][0]["rows"] == len(found)
    assert [row["change"] for row in found[1:239]] == pytest.approx([1.0] * 238)
    # The readings prove what was counted since the last one.
    assert found[-1]["sum"] == pytest.approx(400.0, abs=1.0)


async def test_rows_that_are_no_readings_are_set_aside_and_counted(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    text = [f"{each:%d.%m.%Y %H:%M};0,250;kWh" for each in quarters(at("2025-11-01T00:00:00"), 96)]
    text[10] = text[10].replace("0,250", "-1,000")
    text[11] = text[11].replace("0,250", "9.999,000")
    text[12] = text[12].replace("0,250", "Ausfall")
    text[13] = text[13].replace("0,250", "")
    text[14] = text[13]
    text[15] = text[16]
    text[17] = text[17].replace("01.11.2025", "31.11.2025")
    text[18] = text[18].replace("kWh", "m³")
    text += ["Summe;24,0;kWh", "", ";;"]
    path = media / "bad.csv"
    path.write_text(lines("von;Wert;Einheit", rows=text))
    done = await imported(hass, path, content="consumption")
    assert done["series"][0]["rejected"] == {
        "negative": 1,
        "implausible": 1,
        "not_a_number": 1,
        "empty": 2,
        "repeated": 1,
        "bad_time": 2,
        "other_unit": 1,
    }


async def test_hours_of_home_assistant_stay(
    hass: HomeAssistant, reader: MockedReader, meter: MockConfigEntry, media: Path
) -> None:
    await reader.lives(timedelta(minutes=200), step=timedelta(minutes=5), E_in=0.05)
    await recorded(hass)
    before = await rows(hass, ENERGY)
    begin = datetime.fromtimestamp(before[0]["start"], UTC)
    text = [f"{each:%Y-%m-%d %H:%M}+00:00;5,0" for each in quarters(begin, 4 * len(before))]
    path = media / "over.csv"
    path.write_text(lines("from;Verbrauch (kWh)", rows=text))
    done = await imported(hass, path, statistic_id=ENERGY)
    assert done["series"][0]["rows"] == 0
    assert await rows(hass, ENERGY) == before


REFUSED: Final[list[tuple[bytes, str]]] = [
    (b"", "file_empty"),
    (b"\0\x01\x02\x03" * 100, "file_spreadsheet"),
    (b"PK\x03\x04" + b"x" * 100, "file_spreadsheet"),
    (b"%PDF-1.7\n", "file_spreadsheet"),
    (b"just some text\nwithout any table\n", "file_not_a_table"),
    (b"name;number\nx;1\ny;2\n", "file_no_times"),
    (b"day;word\n2025-01-01;x\n2025-01-02;y\n", "file_no_values"),
    (b"x" * 3_000_000, "file_not_a_table"),
    (b"SQLite format 3\0" + b"x" * 100, "file_not_a_database"),
]
"""Files that are no tables, and why."""


async def test_what_is_no_table_is_refused_in_words(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    path = media / "file.csv"
    for content, key in REFUSED:
        path.write_bytes(content)
        assert (await refusal(hass, path)).translation_key == key, content[:20]


async def test_what_the_file_does_not_make_certain_has_to_be_said(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    path = media / "unclear.csv"
    path.write_text(
        lines("Datum;Wert", rows=[f"01/05/2025 {hour}:00;1.{hour}00" for hour in (3, 5, 4)])
    )
    refused = await refusal(hass, path)
    assert refused.translation_key == "file_doubtful"
    assert refused.translation_placeholders == {
        "fields": "content, day_order, decimal, label, unit"
    }
    done = await imported(
        hass, path, content="consumption", label="begin", order="dmy", decimal="point", unit="kWh"
    )
    assert done["read_as"]["order"] == "dmy"
    assert done["series"][0]["energy"] == pytest.approx(4.2)


async def test_one_of_several_series_can_be_chosen(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    portal = PORTALS[1]()
    path = write(media, portal)
    assert (await refusal(hass, path, statistic_id=ENERGY)).translation_key == "file_several_series"
    assert (await refusal(hass, path, column="Gas")).translation_key == "file_no_such_column"
    for column in ("Bezug (kWh)", "4"):
        done = await imported(hass, path, statistic_id=f"{DOMAIN}:in", column=column)
        assert [item["column"] for item in done["series"]] == ["Bezug (kWh)"]
    obis = write(media, next(make() for make in PORTALS if make.__name__ == "load_profile_utc"))
    done = await imported(hass, obis, statistic_id=f"{DOMAIN}:out", series="1-1:2.29.0")
    assert [item["series"] for item in done["series"]] == ["1-1:2.29.0"]


async def test_only_energy_of_the_entry_or_a_statistic_of_its_own_is_a_target(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    path = write(media, netze_bw())
    for target in ("sensor.mt681_power", "sensor.other", "tibber:energy"):
        assert (await refusal(hass, path, statistic_id=target)).translation_key == "import_target"


async def test_an_import_that_is_cancelled_leaves_whole_series(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(media, PORTALS[1]())
    form = (await async_recognize(hass, path)).format
    counted: list[Progress] = []
    found = await async_survey(hass, path, form, counted.append)
    await hass.async_block_till_done()
    assert counted[-1].part == 1
    wanted = csv_externals(meter, path, found)
    work = CsvImport(hass, path, form, wanted)
    write_series: Any = FileImport._async_series
    begun: list[str] = []

    async def second_hangs(self: Any, *args: Any, **kwargs: Any) -> Any:
        begun.append(args[1].id)
        if len(begun) == 2:
            task.cancel()
        return await write_series(self, *args, **kwargs)

    monkeypatch.setattr(FileImport, "_async_series", second_hangs)
    task = hass.async_create_task(work.async_run(found, dry_run=False))
    await hass.async_block_till_done()
    assert task.cancelled()
    assert await rows(hass, begun[0])
    assert await rows(hass, begun[1]) == []
    monkeypatch.setattr(FileImport, "_async_series", write_series)
    assert len(await work.async_run(found, dry_run=False)) == 2
    assert await rows(hass, begun[1])


async def test_a_table_that_is_surveyed_for_nobody_is_not_read_to_its_end(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stops: list[bool] = []

    def looks(*_args: Any, cancelled: Any, **_kwargs: Any) -> list[Any]:
        hass.loop.call_soon_threadsafe(task.cancel)
        while not cancelled():
            pass
        stops.append(True)
        return []

    path = write(media, netze_bw())
    form = (await async_recognize(hass, path)).format
    monkeypatch.setattr(csv_import, "survey", looks)
    task = hass.async_create_task(async_survey(hass, path, form))
    await hass.async_block_till_done()
    assert task.cancelled()
    await settled(hass, lambda: stops == [True], "the end of the survey")
