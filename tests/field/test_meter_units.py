"""The unit of a counter is proven, whatever its name says, and a correction is followed."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final

import pytest

from custom_components.py_hab.const import CONF_REGISTERS, DOMAIN
from custom_components.py_hab.history.sources import sources
from custom_components.py_hab.history.statistics.editor import get_editor
from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from tests.support.living import recorded, rows
from tests.support.mocked_reader import MockedReader
from tests.support.passing_time import Time
from tests.support.watching import meter_values


def notices(hass: HomeAssistant) -> set[str]:
    """Return the translation keys of our repair issues."""
    return {
        issue.translation_key or ""
        for (domain, _), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN
    }


def begin(reader: MockedReader, **fields: Any) -> None:
    """Replace what the reader reads."""
    reader.blocks["MT681"] = fields


async def test_a_house_of_300_w_with_a_counter_in_wh_gets_its_import_counter(
    hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    begin(mocked_reader, Total_in=15_119_035.2, Power_curr=300)
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=60), Total_in=5.0)
    values = meter_values(entry)
    assert values["energy_import"] == pytest.approx(15_119.3352)
    assert values["power"] == 300


async def test_a_flat_of_40_w_with_a_counter_in_wh_is_booked_what_it_draws(
    hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    begin(mocked_reader, Total_in=15_119_035.2, Power_curr=40)
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=3), Total_in=0.0)
    first = meter_values(entry)["energy_import"]
    await mocked_reader.lives(timedelta(hours=17), step=timedelta(minutes=5), Total_in=10 / 3)
    values = meter_values(entry)
    assert values["energy_import"] - first == pytest.approx(0.68, abs=0.01)
    assert values["power"] == 40


@pytest.mark.parametrize(
    ("begins", "scale", "watts"),
    [(302_035.2, 1000.0, 300), (302_035.2, 1000.0, 1500), (3020.352, 10.0, 800), (30.2, 0.1, 1500)],
    ids=["Wh", "Wh of a large draw", "0.1 kWh", "10 kWh"],
)
async def test_the_power_shows_the_unit_of_a_counter(
    hass: HomeAssistant, mocked_reader: MockedReader, begins: float, scale: float, watts: int
) -> None:
    begin(mocked_reader, Total_in=begins, Power_curr=watts)
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(hours=3), Total_in=watts * scale / 60_000)
    values = meter_values(entry)
    assert values["energy_import"] == pytest.approx(begins / scale + watts * 3 / 1000, rel=1e-4)
    assert values["power"] == watts


@pytest.mark.parametrize("begins", [2_381_470.3, 230_000.3], ids=["by its size", "by the power"])
async def test_each_counter_has_a_unit_of_its_own(
    hass: HomeAssistant, mocked_reader: MockedReader, begins: float
) -> None:
    begin(mocked_reader, Total_in=15_119.0352, Total_out=begins, Power_curr=-300)
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(hours=2), Total_out=5.0)
    values = meter_values(entry)
    assert values["energy_export"] == pytest.approx(begins / 1000 + 0.6, abs=0.02)
    assert values["energy_import"] == 15_119.0352


@pytest.mark.parametrize("scale", [1.0, 0.001], ids=["W", "kW"])
async def test_the_unit_of_the_feed_in_is_proven_when_the_sun_shines(
    hass: HomeAssistant, mocked_reader: MockedReader, scale: float
) -> None:
    """Long after the power has proven the unit of the other counter."""
    begin(mocked_reader, Total_in=15_119.0, Total_out=230_000.3, Power_curr=300 * scale)
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(hours=2), Total_in=0.005)
    await mocked_reader.reads(Power_curr=-600 * scale)
    await mocked_reader.lives(timedelta(hours=1), Total_out=10.0)
    values = meter_values(entry)
    assert values["energy_export"] == pytest.approx(230.6, abs=0.02)
    assert values["power"] == -600


async def test_a_meter_that_only_feeds_in_shows_the_unit_of_its_counter(
    hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    begin(mocked_reader, Total_out=302_035.2, Power_curr=-300)
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=25), Total_out=5.0)
    # Its readings are refused, but it does read.
    assert "reader_frozen" not in notices(hass)
    await mocked_reader.lives(timedelta(minutes=95), Total_out=5.0)
    assert meter_values(entry)["energy_export"] == pytest.approx(302.6352, abs=0.02)


@pytest.mark.parametrize(
    ("day", "night", "options"),
    [
        (14_619_035.2, 500_000.0, {}),
        (300_035.2, 2_000.0, {}),
        (300_035.2, 2_000.0, {CONF_REGISTERS: {"E_in": "energy_import_in_wh"}}),
    ],
    ids=["large", "small", "by the user"],
)
async def test_tariffs_follow_the_unit_of_their_total(
    hass: HomeAssistant,
    mocked_reader: MockedReader,
    day: float,
    night: float,
    options: dict[str, Any],
) -> None:
    begin(mocked_reader, E_in=day + night, E_inHT=day, E_inNT=night, Power=300)
    entry = mocked_reader.entry(**options)
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(hours=3), E_in=5.0, E_inHT=5.0)
    await mocked_reader.lives(timedelta(hours=1), E_in=5.0, E_inNT=5.0)
    await mocked_reader.reload(entry)
    await mocked_reader.lives(timedelta(hours=1), E_in=5.0, E_inNT=5.0)
    values = meter_values(entry)
    assert values["energy_import"] == pytest.approx((day + night) / 1000 + 1.5, abs=0.01)
    assert values["energy_import_t1"] == pytest.approx(day / 1000 + 0.9, abs=0.01)
    assert values["energy_import_t2"] == pytest.approx(night / 1000 + 0.6, abs=0.01)

    # The script is corrected.
    fields = mocked_reader.blocks["MT681"]
    for key in ("E_in", "E_inHT", "E_inNT"):
        fields[key] = round(fields[key] / 1000, 4)
    await mocked_reader.lives(timedelta(hours=1), E_in=0.005, E_inNT=0.005)
    values = meter_values(entry)
    assert values["energy_import"] == pytest.approx((day + night) / 1000 + 1.8, abs=0.01)
    assert values["energy_import_t2"] == pytest.approx(night / 1000 + 0.9, abs=0.01)
    assert "meter_replaced" not in notices(hass)


async def test_a_power_in_kw_is_understood(
    hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    begin(mocked_reader, Total_in=15_119.0352, Power_curr=0.312)
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(hours=3), Total_in=0.0052)
    values = meter_values(entry)
    assert values["energy_import"] == pytest.approx(15_119.0352 + 0.936, abs=0.01)
    assert values["power"] == pytest.approx(312)


async def test_a_counter_that_waits_says_why(
    hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    """Without a power nothing shows the unit."""
    begin(mocked_reader, Total_in=302_035.2)
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=20), Total_in=5.0)
    assert "counter_rises_too_fast" in notices(hass)

    hass.config_entries.async_update_entry(
        entry, options={CONF_REGISTERS: {"Total_in": "energy_import_in_wh"}}
    )
    await mocked_reader.reload(entry)
    await mocked_reader.lives(timedelta(minutes=3), Total_in=5.0)
    assert "counter_rises_too_fast" not in notices(hass)
    assert meter_values(entry)["energy_import"] == pytest.approx(302.1502)


# What was booked in a wrong unit


IMPORT: Final = "sensor.mt681_energy_import"
FIVE_MINUTES: Final = timedelta(minutes=5)


@pytest.fixture
def enable_statistics() -> bool:
    """Let the recorder compile statistics as it does at home."""
    return True


@pytest.fixture
async def recording_reader(
    time: Time,
    recorder_mock: Recorder,
    hass: HomeAssistant,
    mock_hass_config: None,
    mqtt_client_mock: Any,
) -> AsyncIterator[MockedReader]:
    """A reader in a home with a recorder."""
    reader = MockedReader(time, hass, mqtt_client_mock)
    await reader.connect()
    yield reader
    await reader.disconnect()


async def draw(hass: HomeAssistant, reader: MockedReader, hours: float, kwh: float) -> None:
    """Let hours pass, in which so many of the published unit are counted in each five minutes."""
    for _ in range(round(hours * 12)):
        await reader.lives(FIVE_MINUTES, step=FIVE_MINUTES, E_in=kwh)
        await recorded(hass)


async def booked(hass: HomeAssistant) -> list[float]:
    """Return the energy of each hour in kWh."""
    return [row["change"] for row in await rows(hass, IMPORT)]


@pytest.mark.parametrize("correction", ["options", "script", "power"])
async def test_what_was_booked_in_wh_is_mended_and_can_be_undone(
    hass: HomeAssistant, recording_reader: MockedReader, correction: str
) -> None:
    """A flat of 40 W: so little that Wh are plausible kWh."""
    reader = recording_reader
    begin(reader, E_in=279_035.2)
    entry = reader.entry(prefix="MT681")
    await reader.set_up(entry)
    await draw(hass, reader, 3, 1 / 0.3)
    assert sum(await booked(hass)) > 100
    wrong = await rows(hass, IMPORT, "5minute")

    per_period = 1 / 0.3
    match correction:
        case "options":
            hass.config_entries.async_update_entry(
                entry, options={CONF_REGISTERS: {"E_in": "energy_import_in_wh"}}
            )
            await reader.reload(entry)
        case "script":
            reader.blocks["MT681"]["E_in"] = round(reader.blocks["MT681"]["E_in"] / 1000, 4)
            per_period /= 1000
        case "power":
            # The PIN of the meter has been entered.
            reader.blocks["MT681"]["Power"] = 40
    await draw(hass, reader, 3, per_period)

    found = await rows(hass, IMPORT)
    published = reader.blocks["MT681"]["E_in"] / (1 if correction == "script" else 1000)
    assert found[-1]["state"] == pytest.approx(published, abs=0.01)
    changes = [row["change"] for row in found]
    assert all(0.0 <= change < 0.06 for change in changes), changes
    assert sum(changes) == pytest.approx(0.04 * len(changes), rel=0.25)
    short_term = await rows(hass, IMPORT, "5minute")
    assert [row["start"] for row in short_term[: len(wrong)]] == [row["start"] for row in wrong]
    assert all(0.0 <= row["change"] < 0.01 for row in short_term)
    assert all(row["state"] < 1_000 for row in short_term)
    assert entry.runtime_data.counters.gaps == []
    assert "meter_replaced" not in notices(hass)
    works = {event["work"] for event in get_editor(hass).journal.changes_of(IMPORT).events}
    assert works == {"unit"}

    source = next(
        item
        for item in sources(hass, entry.runtime_data.coordinator)
        if item.statistic.id == IMPORT
    )
    await get_editor(hass).async_undo(source.statistic)
    await recorded(hass)
    assert sum(await booked(hass)) > 100
    assert (await rows(hass, IMPORT, "5minute"))[: len(wrong)] == wrong


async def test_a_corrected_key_continues_without_a_jump(
    hass: HomeAssistant, recording_reader: MockedReader
) -> None:
    """The user first took the counter of one tariff for the total."""
    reader = recording_reader
    begin(reader, foo=500.0, bar=15_119.0, Power=1200)
    entry = reader.entry(prefix="MT681", **{CONF_REGISTERS: {"foo": "energy_import"}})
    await reader.set_up(entry)

    async def draws(hours: int) -> None:
        for _ in range(12 * hours):
            await reader.lives(FIVE_MINUTES, step=FIVE_MINUTES, foo=0.1, bar=0.1)
            await recorded(hass)

    await draws(2)
    hass.config_entries.async_update_entry(
        entry, options={CONF_REGISTERS: {"foo": "energy_import_t1", "bar": "energy_import"}}
    )
    await reader.reload(entry)
    await draws(2)

    found = await rows(hass, IMPORT)
    assert found[-1]["state"] == pytest.approx(reader.blocks["MT681"]["bar"], abs=1.2)
    assert all(0.0 <= row["change"] < 1.5 for row in found)
    assert "meter_replaced" not in notices(hass)
