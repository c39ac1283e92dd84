"""Repair of histories that others have spoiled, and undo, on a real recorder."""

from datetime import timedelta
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.history.planning.change import ChangeReason
from custom_components.py_hab.history.planning.rows import HOUR, MeanRow, SumRow
from custom_components.py_hab.history.repair import async_find_spikes
from custom_components.py_hab.history.statistics.editor import async_setup_editor, get_editor
from custom_components.py_hab.history.statistics.gateway import Statistic
from custom_components.py_hab.history.undo import async_undo
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.models import StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import async_add_external_statistics
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.support.changing import this_hour, write
from tests.support.living import METER, T0, changes, live, recorded, rows

FIRST: Final = int(T0.timestamp())
HOUSE: Final = [500.0 + 0.1 * index for index in range(48)]
"""Readings of four hours."""


@pytest.fixture
async def house(
    recorder_mock: Recorder, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> HomeAssistant:
    """A house without any entry of ours."""
    freezer.move_to(T0 - timedelta(minutes=1))
    assert await async_setup_component(hass, "sensor", {})
    assert await async_setup_component(hass, DOMAIN, {})
    await recorded(hass)
    return hass


async def act(hass: HomeAssistant, action: str, **data: Any) -> list[dict[str, Any]]:
    """Call an action; return what it answers of each statistic."""
    answer: Any = await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True
    )
    entities: list[dict[str, Any]] = answer["entities"]
    return entities


async def all_rows(hass: HomeAssistant, statistic_id: str = METER) -> list[dict[str, Any]]:
    """Return hourly and five-minute rows; adding and taking off leaves the last bit to chance."""
    return [
        {key: round(value, 9) if isinstance(value, float) else value for key, value in row.items()}
        for period in ("hour", "5minute")
        for row in await rows(hass, statistic_id, period)
    ]


# Spikes


async def test_a_phantom_is_listed_repaired_found_no_more_and_undone(
    house: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    readings: list[float | str | None] = [*HOUSE[:30], 0.0, *HOUSE[31:]]
    end = await live(house, freezer, T0, readings)
    spoiled = await all_rows(house)
    start = FIRST + 2 * HOUR
    assert (await changes(house))[start] > 500

    (reported,) = await act(house, "find_spikes", entity_id=METER)
    assert reported["entity_id"] == METER
    (spike,) = reported["spikes"]
    assert dt_util.parse_datetime(spike["start"]) == dt_util.utc_from_timestamp(start)
    assert (spike["energy"], spike["proposed"], spike["reason"]) == (504.1, 1.2, "too_high")
    assert await all_rows(house) == spoiled

    assert await act(house, "remove_spikes", entity_id=METER) == [reported]
    assert list((await changes(house)).values()) == pytest.approx([1.1, 1.2, 1.2, 1.2])
    assert (await act(house, "remove_spikes", entity_id=METER))[0]["spikes"] == []
    # Home Assistant goes on from there.
    await live(house, freezer, end, [504.8 + 0.1 * index for index in range(12)])
    assert list((await changes(house)).values()) == pytest.approx([1.1, 1.2, 1.2, 1.2, 1.2])

    (undone,) = await act(house, "undo_history", entity_id=METER)
    assert undone["rows_removed"] == undone["rows_restored"] == 0
    assert [shift["energy"] for shift in undone["shifts"]] == [-502.9]
    found = await all_rows(house)
    assert [row for row in found if row in spoiled] == spoiled
    assert (await changes(house))[start] > 500
    assert (await changes(house))[FIRST + 4 * HOUR] == pytest.approx(1.2)


async def test_a_phantom_in_watt_hours_is_reported_in_kilowatt_hours(
    house: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    readings = [1000.0 * reading for reading in HOUSE[:24]]
    readings[14] = 0.0
    await live(house, freezer, T0, readings, unit_of_measurement="Wh")
    (reported,) = await act(house, "remove_spikes", entity_id=[METER])
    (spike,) = reported["spikes"]
    assert spike["energy"] == pytest.approx(502.4, abs=0.5)
    assert spike["proposed"] == pytest.approx(1.2)
    assert list((await changes(house)).values()) == pytest.approx([1100, 1200])


async def test_the_power_of_the_house_decides(
    house: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await live(house, freezer, T0, HOUSE[:24])
    for power, count in ((1.0, 2), (2.0, 0)):
        (reported,) = await act(house, "find_spikes", entity_id=METER, max_power_kw=power)
        assert len(reported["spikes"]) == count


async def test_a_statistic_of_another_integration_is_repaired(
    house: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(T0 + timedelta(hours=8))
    metadata: StatisticMetaData = {
        "mean_type": StatisticMeanType.NONE,
        "has_sum": True,
        "name": "Consumption",
        "source": "tibber",
        "statistic_id": "tibber:energy",
        "unit_of_measurement": "kWh",
        "unit_class": "energy",
    }
    sums = (1.0, 2.0, 902.0, 903.0)
    async_add_external_statistics(
        house,
        metadata,
        [
            {"start": T0 + timedelta(hours=hour), "state": 10 + total, "sum": total}
            for hour, total in enumerate(sums)
        ],
    )
    await recorded(house)
    before = await all_rows(house, "tibber:energy")
    (reported,) = await act(house, "remove_spikes", entity_id="tibber:energy")
    assert [spike["energy"] for spike in reported["spikes"]] == [900.0]
    assert max((await changes(house, "tibber:energy")).values()) <= 43.5
    await act(house, "undo_history", entity_id="tibber:energy")
    assert await all_rows(house, "tibber:energy") == before


async def test_nothing_is_repaired_if_one_of_several_is_no_energy(
    house: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await live(house, freezer, T0, [*HOUSE[:30], 0.0, *HOUSE[31:]])
    spoiled = await all_rows(house)
    with pytest.raises(ServiceValidationError) as caught:
        await act(house, "remove_spikes", entity_id=[METER, "sensor.unknown"])
    assert caught.value.translation_key == "no_energy_statistic"
    assert await all_rows(house) == spoiled


async def test_measurements_have_no_spikes(
    house: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await live(
        house,
        freezer,
        T0,
        [200.0] * 12,
        "sensor.power",
        unit_of_measurement="W",
        device_class="power",
        state_class="measurement",
    )
    for statistic_id in ("sensor.power", "sensor.unknown", "nobody:knows"):
        with pytest.raises(ServiceValidationError) as caught:
            await act(house, "find_spikes", entity_id=statistic_id)
        assert caught.value.translation_key == "no_energy_statistic"
        assert caught.value.translation_placeholders == {"statistic_id": statistic_id}


# Undo


async def written(hass: HomeAssistant, freezer: FrozenDateTimeFactory, entry_id: str) -> None:
    """Write something into statistics of an entry, and of another one."""
    freezer.move_to(T0 + timedelta(hours=1))
    counter = Statistic(id=METER, unit="kWh", has_sum=True, entry_id=entry_id)
    bath = Statistic(id="sensor.bath", unit="°C", has_sum=False, entry_id=entry_id)
    other = Statistic(id="sensor.other", unit="kWh", has_sum=True, entry_id="other")
    hours = [SumRow(FIRST - back * HOUR, 10.0 - back, 4.0 - back) for back in (3, 2, 1)]
    await write(get_editor(hass), counter, hours, ChangeReason.BACKFILL)
    await write(
        get_editor(hass), bath, [MeanRow(FIRST - HOUR, 21.0, 20.0, 22.0)], ChangeReason.IMPORT
    )
    await write(get_editor(hass), other, hours, ChangeReason.BACKFILL)


async def test_everything_of_an_entry_is_undone_after_it_was_reported(
    house: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    entry = MockConfigEntry(domain=DOMAIN)
    await written(house, freezer, entry.entry_id)
    reported = await act(house, "undo_history", config_entry_id=entry.entry_id, dry_run=True)
    assert {item["entity_id"]: item["rows_removed"] for item in reported} == {
        METER: 3,
        "sensor.bath": 1,
    }
    assert len(await rows(house)) == 3
    assert not get_editor(house).journal.changes_of(METER).undone
    assert await act(house, "undo_history", config_entry_id=entry.entry_id) == reported
    assert await rows(house) == await rows(house, "sensor.bath") == []
    assert len(await rows(house, "sensor.other")) == 3
    assert get_editor(house).journal.changes_of(METER).undone
    again = await act(house, "undo_history", entity_id=[METER])
    assert [item["rows_removed"] for item in again] == [0]
    assert await act(house, "undo_history", config_entry_id="nobody") == []


async def test_only_what_we_have_changed_can_be_undone(house: HomeAssistant) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await act(house, "undo_history", entity_id="sensor.unknown")
    assert caught.value.translation_key == "nothing_to_undo"
    assert caught.value.translation_placeholders == {"statistic_id": "sensor.unknown"}
    with pytest.raises(ServiceValidationError) as caught:
        await act(house, "undo_history")
    assert caught.value.translation_key == "undo_what"


async def test_nothing_is_done_without_a_recorder(hass: HomeAssistant) -> None:
    await async_setup_editor(hass)
    for work in (
        async_undo(hass, METER, dry_run=True),
        async_find_spikes(hass, [METER], max_power=43.5),
    ):
        with pytest.raises(HomeAssistantError) as caught:
            await work
        assert caught.value.translation_key == "no_recorder"
    assert get_editor(hass).journal.by_statistic == {}


async def test_an_entry_that_was_set_up_again_can_take_back_what_the_earlier_one_wrote(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    earlier, again = (
        Statistic(id=METER, unit="kWh", has_sum=True, entry_id=entry_id)
        for entry_id in ("earlier", entry.entry_id)
    )
    first = this_hour() - 5 * HOUR
    await write(get_editor(hass), earlier, [SumRow(first, 1.0, 1.0)], ChangeReason.BACKFILL)
    await write(get_editor(hass), again, [SumRow(first + HOUR, 2.0, 2.0)], ChangeReason.BACKFILL)
    await hass.services.async_call(
        DOMAIN, "undo_history", {"config_entry_id": entry.entry_id}, blocking=True
    )
    assert await rows(hass, METER) == []
