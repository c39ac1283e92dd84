"""A user's home: real Home Assistant, real broker, real database."""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
import sqlite3
from typing import Any

import pytest

from demo.__main__ import waits_for_something
from demo.hass import Hass
from simulator.broker import available
from simulator.fritzbox import DEFAULT_PASSWORD, DEFAULT_USER
from simulator.fritzbox_devices import DEVICES
from simulator.household import Household

pytestmark = pytest.mark.e2e

ABSENT = {device.ain for device in DEVICES if not device.present}


class User:
    """Somebody who has set py_hab up, and looks at the values."""

    def __init__(self, hass: Hass, household: Household) -> None:
        self.hass = hass
        self.household = household

    async def set_up(self) -> None:
        """Add the broker, the box and the meter; have the box read as often as allowed."""
        await self.hass.add_mqtt("127.0.0.1", self.household.broker.port)
        await self.hass.add_meter(self.household.reader.tele_topic("SENSOR"))
        entry_id = await self.hass.add_fritzbox(
            self.household.box.url, DEFAULT_USER, DEFAULT_PASSWORD
        )
        answer = await self.hass.options(
            entry_id, {"next_step_id": "fritzbox"}, {"scan_interval": 10}
        )
        assert answer["type"] == "create_entry"
        await self.sees("a value in every entity", self._complete)

    async def sees(self, what: str, ready: Callable[[list[dict[str, Any]]], bool]) -> None:
        """Wait until the entities look so."""

        async def looks() -> bool:
            return ready(await self.hass.entities())

        await self.hass.wait_for(looks, what, seconds=60)

    @staticmethod
    def _complete(entities: list[dict[str, Any]]) -> bool:
        found = {entity["entity_id"] for entity in entities}
        # A counter comes some seconds after the power: its first reading is confirmed.
        return {
            "sensor.electricity_meter_energy_import",
            "sensor.kuhlschrank_power",
        } <= found and all(
            entity["state"] is not None
            and entity["state"]["state"] not in {"unavailable", "unknown"}
            for entity in entities
            if entity["device"]["serial_number"] not in ABSENT and not waits_for_something(entity)
        )

    async def sees_everything(self) -> None:
        """Wait until every entity of a present device has a value."""
        await self.sees("a value in every entity", self._complete)

    async def sees_unavailable(self, title: str) -> None:
        """Wait until all entities of a source have gone."""
        entries = await self.hass.get("config/config_entries/entry?domain=py_hab")
        entry_id = next(entry["entry_id"] for entry in entries if entry["title"] == title)
        await self.sees(
            f"{title} unavailable",
            lambda entities: all(
                entity["state"] is not None and entity["state"]["state"] == "unavailable"
                for entity in entities
                # What has happened stays true while the source is away, and so does what is known
                # about the box or the reader itself.
                if entity["config_entry_id"] == entry_id
                and not entity["entity_id"].startswith("event.")
                and entity["device"]["via_device_id"] is not None
            ),
        )


def query(config: Path, sql: str) -> list[tuple[Any, ...]]:
    """Read Home Assistant's database."""
    with closing(sqlite3.connect(f"file:{config}/home-assistant_v2.db?mode=ro", uri=True)) as db:
        return db.execute(sql).fetchall()


def let_time_pass(config: Path, delta: timedelta) -> None:
    """Move everything that a stopped Home Assistant has recorded into the past."""
    seconds = delta.total_seconds()
    with closing(sqlite3.connect(config / "home-assistant_v2.db")) as db, db:
        db.execute(
            "update states set last_updated_ts = last_updated_ts - ?,"
            " last_changed_ts = last_changed_ts - ?, last_reported_ts = last_reported_ts - ?",
            (seconds, seconds, seconds),
        )
        db.execute(
            "update statistics_runs set start = datetime(start, ?)", (f"-{seconds} seconds",)
        )
        for table in ("statistics", "statistics_short_term"):
            db.execute(f"update {table} set start_ts = start_ts - ?", (seconds,))  # noqa: S608


async def remove(hass: Hass, household: Household, config: Path) -> None:
    """Remove both entries: no entity, no device, no session at the box is left, only the journal."""
    for entry in await hass.get("config/config_entries/entry?domain=py_hab"):
        answer = await hass.delete(f"config/config_entries/entry/{entry['entry_id']}")
        assert answer == {"require_restart": False}
    assert await hass.entities() == []
    assert not household.box.sessions
    # What was written into the statistics can still be taken back.
    left = {path.name for path in (config / ".storage").glob("py_hab*")}
    assert left <= {"py_hab.history"}


async def has_hourly_rows(hass: Hass, config: Path) -> None:
    """Wait for statistics of an hour, with the classes that the kWh need and no phantom."""
    expected = {
        ("sensor.electricity_meter_energy_import", "kWh", "energy", 1, 0),
        ("sensor.electricity_meter_energy_export", "kWh", "energy", 1, 0),
        ("sensor.electricity_meter_power", "W", "power", 0, 1),
        ("sensor.kuhlschrank_energy", "kWh", "energy", 1, 0),
        ("sensor.kuhlschrank_power", "W", "power", 0, 1),
        ("sensor.wohnzimmer_temperature", "°C", "temperature", 0, 1),
    }

    async def hourly_rows() -> bool:
        rows = query(
            config,
            "select statistic_id, unit_of_measurement, unit_class, has_sum, mean_type"
            " from statistics_meta m where exists"
            " (select 1 from statistics s where s.metadata_id = m.id and"
            " (s.sum is not null or s.mean is not null))",
        )
        return expected <= set(rows)

    await hass.wait_for(hourly_rows, "rows of the hour that has passed", seconds=60)
    phantom = query(
        config,
        "select * from (select m.statistic_id, s.sum - lag(s.sum) over"
        " (partition by s.metadata_id order by s.start_ts) as kwh from statistics s"
        " join statistics_meta m on m.id = s.metadata_id where m.has_sum) where kwh > 5",
    )
    assert phantom == []


async def test_an_hour_in_the_database_restarts_and_removal(tmp_path: Path) -> None:
    """Values become states, states become statistics; whatever is restarted comes back.

    The broker is Mosquitto where it is installed.
    """
    async with Household(broker=available()[-1], tele_period=2) as household:
        async with Hass(tmp_path) as hass:
            user = User(hass, household)
            await user.set_up()
            assert await hass.repairs() == []
            assert hass.complaints() == []
        recorded = {
            name
            for (name,) in query(
                tmp_path,
                "select distinct m.entity_id from states s join states_meta m using (metadata_id)"
                " where s.state glob '[0-9-]*'",
            )
        }
        assert {"sensor.electricity_meter_energy_import", "sensor.kuhlschrank_power"} <= recorded

        let_time_pass(tmp_path, timedelta(hours=2))
        async with hass:
            await user.sees_everything()
            await has_hourly_rows(hass, tmp_path)
            assert hass.complaints() == []

            await household.broker.stop()
            await user.sees_unavailable("Electricity meter")
            await household.broker.start()
            await user.sees_everything()

            port = household.box.port
            await household.box.stop()
            await user.sees_unavailable(household.box.identity.name)
            await household.box.start(port)
            await user.sees_everything()

            await remove(hass, household, tmp_path)
            # Home Assistant's own MQTT client has its say about the broker, we about the box.
            ours = [entry for entry in hass.complaints() if "custom_components" in entry]
            assert len(ours) == 1
            assert household.box.identity.name in ours[0]
            assert "Traceback" not in ours[0]
