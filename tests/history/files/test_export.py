"""Exports of statistics, and their way back into the very same rows, on a real recorder."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.history.files import export
from custom_components.py_hab.history.planning.change import ChangeReason
from custom_components.py_hab.history.planning.rows import HOUR, MeanRow, SumRow
from custom_components.py_hab.history.statistics.editor import get_editor
from custom_components.py_hab.history.statistics.gateway import Statistic
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import async_add_external_statistics
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.util import dt as dt_util
from tests.support.changing import write
from tests.support.living import recorded, rows
from tests.support.mocked_reader import MockedReader

ENERGY: Final = "sensor.mt681_energy_import"
OWN: Final = f"{DOMAIN}:old_meter"
FOREIGN: Final = "tibber:energy_home"
START: Final = datetime(2025, 10, 25, 20, tzinfo=UTC)
"""The evening before the day with 25 hours."""


def hours(count: int) -> list[datetime]:
    """Return the starts of hours."""
    return [START + timedelta(hours=number) for number in range(count)]


def sums(count: int) -> list[SumRow]:
    """Return hours of a counter whose floats have many digits, with a hole."""
    return [
        SumRow(int(hour.timestamp()), 1000.1 + number / 7, 3.3 + number / 7)
        for number, hour in enumerate(hours(count))
        if number != 5
    ]


async def own(hass: HomeAssistant, entry: MockConfigEntry, count: int = 60) -> None:
    """Write a statistic of ours."""
    statistic = Statistic(
        id=OWN, unit="kWh", has_sum=True, name="Old meter", entry_id=entry.entry_id
    )
    await write(get_editor(hass), statistic, sums(count), ChangeReason.IMPORT)


async def foreign(hass: HomeAssistant, unit: str, unit_class: str | None, scale: float) -> None:
    """Write a statistic of another integration."""
    async_add_external_statistics(
        hass,
        {
            "mean_type": StatisticMeanType.NONE,
            "has_sum": True,
            "name": "Home",
            "source": "tibber",
            "statistic_id": FOREIGN,
            "unit_class": unit_class,
            "unit_of_measurement": unit,
        },
        [
            {"start": hour, "state": scale * number / 3, "sum": scale * (7 + number / 3)}
            for number, hour in enumerate(hours(30))
        ],
    )
    await recorded(hass)


async def exported(hass: HomeAssistant, statistic_id: str, **data: Any) -> dict[str, Any]:
    """Export a statistic; return what the action answers."""
    answer: Any = await hass.services.async_call(
        DOMAIN,
        "export",
        {"entity_id": statistic_id, **data},
        blocking=True,
        return_response=True,
    )
    return dict(answer)


async def imported(hass: HomeAssistant, path: Path, **data: Any) -> list[dict[str, Any]]:
    """Import an export."""
    answer: Any = await hass.services.async_call(
        DOMAIN, "import_file", {"path": str(path), **data}, blocking=True, return_response=True
    )
    found: list[dict[str, Any]] = answer["series"]
    return found


async def undo(hass: HomeAssistant, statistic_id: str) -> None:
    """Take back what was written into a statistic."""
    await hass.services.async_call(
        DOMAIN, "undo_history", {"entity_id": statistic_id}, blocking=True
    )


async def refusal(hass: HomeAssistant, **data: Any) -> str | None:
    """Return why an export is refused."""
    with pytest.raises(ServiceValidationError) as refused:
        await exported(hass, OWN, **data)
    return refused.value.translation_key


def files(folder: Path) -> list[str]:
    """Return the names of the files in a folder."""
    return [path.name for path in folder.iterdir()]


# The way back


async def test_hours_come_back_as_the_very_same_rows(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    await own(hass, meter)
    before = await rows(hass, OWN)
    path = media / "old meter.csv"
    answer = await exported(hass, OWN, path=str(path))
    assert answer == {
        "entity_id": OWN,
        "period": "hour",
        "unit": "kWh",
        "rows": 59,
        "path": str(path),
    }
    await undo(hass, OWN)
    assert await rows(hass, OWN) == []
    (item,) = await imported(hass, path)
    assert (item["statistic_id"], item["rows"], item["rejected"]) == (OWN, 59, {})
    assert await rows(hass, OWN) == before
    # Nothing is left to be written, and another statistic gets the same rows.
    (again,) = await imported(hass, path)
    assert again["rows"] == 0
    await imported(hass, path, statistic_id=f"{DOMAIN}:copy")
    assert await rows(hass, f"{DOMAIN}:copy") == before


async def test_hours_that_were_lost_in_the_middle_come_back(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    await own(hass, meter)
    before = await rows(hass, OWN)
    path = media / "part.csv"
    await exported(hass, OWN, path=str(path), start=hours(20)[-1].isoformat())
    await undo(hass, OWN)
    await own(hass, meter, 30)
    await imported(hass, path)
    assert await rows(hass, OWN) == before


async def test_the_hours_before_those_of_an_entity_come_back_and_its_sums_stay(
    hass: HomeAssistant, reader: MockedReader, meter: MockConfigEntry, media: Path
) -> None:
    statistic = Statistic(id=ENERGY, unit="kWh", has_sum=True, entry_id=meter.entry_id)
    first = int(dt_util.utcnow().timestamp()) // HOUR * HOUR - 48 * HOUR
    past = [
        SumRow(first + HOUR * number, 4352.0 + number + 1 / 3, number + 1 / 3)
        for number in range(48)
    ]
    await write(get_editor(hass), statistic, past, ChangeReason.IMPORT)
    for _ in range(20):
        await reader.lives(timedelta(minutes=10), E_in=0.1)
    await recorded(hass)
    before = await rows(hass, ENERGY)
    assert len(before) > 48
    path = media / "entity.csv"
    await exported(hass, ENERGY, path=str(path))
    await undo(hass, ENERGY)
    middle = await rows(hass, ENERGY)
    assert len(middle) < len(before)
    (item,) = await imported(hass, path, statistic_id=ENERGY)
    assert item["rows"] == 48
    after = await rows(hass, ENERGY)
    assert after[:48] == before[:48]
    for one, other in zip(after, before, strict=True):
        assert one["sum"] == pytest.approx(other["sum"])


async def test_means_come_back_as_the_very_same_rows(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    statistic = Statistic(
        id=f"{DOMAIN}:bath", unit="°C", has_sum=False, name="Bath", entry_id=meter.entry_id
    )
    means = [
        MeanRow(int(hour.timestamp()), 20 + number / 7, 19.5, 23 + number / 3)
        for number, hour in enumerate(hours(30))
    ]
    await write(get_editor(hass), statistic, means, ChangeReason.IMPORT)
    before = await rows(hass, statistic.id)
    path = media / "bath.csv"
    await exported(hass, statistic.id, path=str(path))
    await undo(hass, statistic.id)
    (item,) = await imported(hass, path)
    assert (item["rows"], item["energy"]) == (30, None)
    assert await rows(hass, statistic.id) == before


async def test_a_statistic_of_another_integration_is_copied(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    path = media / "tibber.csv"
    for unit, unit_class, scale in (
        ("kWh", "energy", 1.0),
        ("Wh", "energy", 1000.0),
        ("m³", "volume", 1.0),
        ("€", None, 1.0),
    ):
        await foreign(hass, unit, unit_class, scale)
        before = await rows(hass, FOREIGN)
        answer = await exported(hass, FOREIGN, path=str(path), overwrite=True)
        assert answer["unit"] == unit
        (item,) = await imported(hass, path)
        assert item["statistic_id"] == f"{DOMAIN}:tibber_tibber_energy_home", unit
        found = await rows(hass, item["statistic_id"])
        assert [row["start"] for row in found] == [row["start"] for row in before], unit
        for name in ("state", "sum", "change"):
            values = [row[name] / scale for row in before]
            expected = values if scale == 1 else pytest.approx(values)
            assert [row[name] for row in found] == expected, (unit, name)
        assert await rows(hass, FOREIGN) == before, unit
        get_instance(hass).async_clear_statistics([FOREIGN, item["statistic_id"]])
        await recorded(hass)


# What is exported


async def test_the_table_says_what_each_hour_is_and_where_it_comes_from(
    hass: HomeAssistant, meter: MockConfigEntry
) -> None:
    await own(hass, meter, 8)
    answer = await exported(hass, OWN)
    lines = answer["csv"].splitlines()
    assert lines[0] == "start,end,statistic_id,unit,state,sum,change,origin"
    assert lines[1] == (
        f"2025-10-25T22:00:00+02:00,2025-10-25T23:00:00+02:00,{OWN},kWh,1000.1,3.3,3.3,imported"
    )
    # The hour that occurs twice.
    assert [line.split(",")[0] for line in lines[5:7]] == [
        "2025-10-26T02:00:00+02:00",
        "2025-10-26T03:00:00+01:00",
    ]
    assert answer["rows"] == 7


async def test_days_and_months_are_those_of_the_home(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    await own(hass, meter, 40)
    days = await exported(hass, OWN, period="day")
    assert [line.split(",")[0] for line in days["csv"].splitlines()[1:]] == [
        "2025-10-25T00:00:00+02:00",
        "2025-10-26T00:00:00+02:00",
        "2025-10-27T00:00:00+01:00",
    ]
    months = await exported(hass, OWN, period="month")
    assert months["rows"] == 1
    # Days and months can be imported, too; they are spread over their hours.
    path = media / "days.csv"
    await exported(hass, OWN, period="day", path=str(path))
    (item,) = await imported(hass, path, statistic_id=f"{DOMAIN}:by_day")
    found = await rows(hass, f"{DOMAIN}:by_day")
    assert item["rejected"] == {}
    assert sum(row["change"] for row in found) == pytest.approx(
        sum(row["change"] for row in await rows(hass, OWN))
    )


async def test_only_a_part_of_the_time_is_exported(
    hass: HomeAssistant, meter: MockConfigEntry
) -> None:
    await own(hass, meter)
    answer = await exported(
        hass, OWN, start=hours(11)[-1].isoformat(), end=hours(21)[-1].isoformat()
    )
    assert answer["rows"] == 10
    with pytest.raises(ServiceValidationError):
        await exported(hass, OWN, start="2025-10-27", end="2025-10-26")


async def test_an_unknown_statistic_and_one_that_is_too_large_are_refused(
    hass: HomeAssistant, meter: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await refusal(hass) == "no_statistics"
    await own(hass, meter, 20)
    monkeypatch.setattr("custom_components.py_hab.api.actions.MAX_ROWS", 10)
    assert await refusal(hass) == "export_too_large"


# Where it is written


async def test_a_file_is_only_replaced_if_that_is_asked_for(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    await own(hass, meter, 8)
    path = media / "export.csv"
    path.write_text("mine")
    assert await refusal(hass, path=str(path)) == "export_exists"
    assert path.read_text() == "mine"
    await exported(hass, OWN, path=str(path), overwrite=True)
    assert path.read_text().startswith("start,end,")
    assert files(media) == ["export.csv"]


def a_link(path: Path) -> None:
    path.symlink_to(path.parent / "target")


def a_link_to_a_file(path: Path) -> None:
    (path.parent / "target").write_text("mine")
    path.symlink_to(path.parent / "target")


async def test_nothing_but_a_file_is_written_to(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    await own(hass, meter, 8)
    makes: tuple[Callable[[Path], None], ...] = (a_link, a_link_to_a_file, os.mkfifo, Path.mkdir)
    for number, make in enumerate(makes):
        folder = media / str(number)
        folder.mkdir()
        path, target = folder / "export.csv", folder / "target"
        make(path)
        for overwrite in (False, True):
            assert await refusal(hass, path=str(path), overwrite=overwrite) == "export_exists", make
        assert not target.exists() or target.read_text() == "mine", make


async def test_only_folders_that_are_allowed_are_written_to(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    await own(hass, meter, 8)
    for path, key in (
        ("/etc/export.csv", "path_not_allowed"),
        ("", "path_not_allowed"),
        (f"{media}/../export.csv", "path_not_allowed"),
        (f"{media}/none/export.csv", "file_not_found"),
        (f"{media}/x\0.csv", "file_not_found"),
        (f"{media}/" + "x" * 300, "export_not_written"),
    ):
        assert await refusal(hass, path=path) == key, path


async def test_a_disk_that_fails_leaves_nothing(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await own(hass, meter, 8)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        assert await refusal(hass, path=str(media / "export.csv")) == "export_not_written"
    assert files(media) == []


async def test_without_a_path_somebody_has_to_wait_for_the_response(
    hass: HomeAssistant, meter: MockConfigEntry
) -> None:
    await own(hass, meter, 8)
    with pytest.raises(ServiceValidationError) as refused:
        await hass.services.async_call(DOMAIN, "export", {"entity_id": OWN}, blocking=True)
    assert refused.value.translation_key == "export_nowhere"
    assert export.MIXED == "mixed"
    assert get_instance(hass).is_running


async def test_files_are_for_administrators_and_the_rest_for_those_who_may_see_it(
    hass: HomeAssistant, meter: MockConfigEntry, media: Path
) -> None:
    await own(hass, meter, 8)
    user = MockUser().add_to_hass(hass)
    user.mock_policy({"entities": {"entity_ids": {OWN: {POLICY_READ: True}}}})
    context = Context(user_id=user.id)

    async def call(**data: Any) -> Any:
        return await hass.services.async_call(
            DOMAIN, "export", data, blocking=True, return_response=True, context=context
        )

    assert (await call(entity_id=OWN))["rows"] == 7
    with pytest.raises(Unauthorized):
        await call(entity_id=ENERGY)
    with pytest.raises(Unauthorized):
        await call(entity_id=OWN, path=str(media / "export.csv"))
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN, "import_file", {"path": "x"}, blocking=True, context=context
        )
    assert files(media) == []
