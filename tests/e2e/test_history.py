"""The history in a real process: completed, imported, asked for, and undone."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest

from demo.hass import Hass, HassError
from simulator.fritzbox import DEFAULT_PASSWORD, DEFAULT_USER
from simulator.household import Household
from tests.support.legacy_files import METER, PLUG, Years, at, write

pytestmark = pytest.mark.e2e

REFRIGERATOR = "sensor.kuhlschrank_energy"


class Historian:
    """A user who wants to know."""

    def __init__(self, hass: Hass) -> None:
        self.hass = hass

    async def act(self, action: str, **data: Any) -> dict[str, Any]:
        """Call an action; return what it answers."""
        answer = await self.hass.post(f"services/py_hab/{action}?return_response", data)
        found: dict[str, Any] = answer["service_response"]
        return found

    async def hours(self, statistic_id: str) -> list[dict[str, Any]]:
        """Return the hours that dashboards show."""
        found = await self.hass.ws(
            "recorder/statistics_during_period",
            start_time="2020-01-01T00:00:00+00:00",
            statistic_ids=[statistic_id],
            period="hour",
            types=["change", "sum", "state", "mean"],
        )
        rows: list[dict[str, Any]] = found.get(statistic_id, [])
        return rows

    async def days(self, statistic_id: str, zone: ZoneInfo) -> dict[date, float]:
        """Return the kWh of each day."""
        found: dict[date, float] = defaultdict(float)
        for row in await self.hours(statistic_id):
            start = datetime.fromtimestamp(row["start"] / 1000, UTC)
            found[start.astimezone(zone).date()] += row["change"]
        return found


async def test_history_of_a_home(tmp_path: Path) -> None:
    async with Household(age=timedelta(days=40)) as household, Hass(tmp_path) as hass:
        user = Historian(hass)
        entry_id = await hass.add_fritzbox(household.box.url, DEFAULT_USER, DEFAULT_PASSWORD)
        zone = household.home.zone

        # What the box stores is written at once; an action that is called meanwhile waits for it.
        done = await user.act("backfill", config_entry_id=entry_id)
        by_entity = {item["entity_id"]: item for item in done["entities"]}
        assert len(await user.hours(REFRIGERATOR)) > 800
        # It was there before anybody asked.
        assert by_entity[REFRIGERATOR]["rows"] == 0
        days = await user.days(REFRIGERATOR, zone)
        now = household.clock.now()
        stored = household.home.days("refrigerator", now)
        yesterday = now.astimezone(zone).date() - timedelta(days=1)
        assert stored[1] is not None
        assert days[yesterday] == pytest.approx(stored[1] / 1000, abs=0.001)

        # The old server's file, in a folder that Home Assistant may read.
        years = Years(start=at("2025-01-01T00:00"), end=at("2025-03-01T00:00"))
        folder = tmp_path / "www"
        folder.mkdir(exist_ok=True)
        file = write(folder / "datenbank.db", years.rows())
        reported = await user.act("import_database", path=str(file), config_entry_id=entry_id)
        imported = {(item["device"], item["sub_entity"]): item for item in reported["series"]}
        statistic_id = imported[METER, "E_in"]["statistic_id"]
        assert statistic_id.startswith("py_hab:")
        total = sum(row["change"] for row in await user.hours(statistic_id))
        assert total == pytest.approx(list(years.consumed.values())[-1], abs=0.5)
        assert imported[PLUG, "Energy"]["rows"] > 1000
        with pytest.raises(HassError, match="400"):
            await user.act("import_database", path="/etc/passwd", config_entry_id=entry_id)

        # What the old server's clients ask.
        series = await hass.get("py_hab/devices")
        refrigerator = next(item for item in series if item["device_name"] == "Kühlschrank")
        device = quote(refrigerator["device"])
        readings = await hass.get(f"py_hab/mesurement/{device}/Energy?limit=20")
        assert len(readings) == 20
        assert readings == sorted(readings, key=lambda item: item["time"], reverse=True)
        profile = await hass.get(f"py_hab/statistics/{device}/Energy/Hour?include_spread=true")
        assert [item["sub_key"] for item in profile] == [f"{hour:02}" for hour in range(24)]
        assert {item["unit"] for item in profile} == {"W"}
        assert {job["func"] for job in await hass.get("py_hab/jobs")} >= {"poll", "backfill"}

        # And all of it undone.
        await user.act("undo_history", config_entry_id=entry_id)
        assert await user.hours(REFRIGERATOR) == []
        assert await user.hours(statistic_id) == []
        assert hass.complaints() == []
