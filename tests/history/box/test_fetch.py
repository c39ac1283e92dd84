"""How device statistics are requested from the box."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.py_hab.coordinator import FritzBoxCoordinator
from custom_components.py_hab.fritzbox.device_stats import DeviceStats, Series
from custom_components.py_hab.fritzbox.errors import (
    FritzBoxConnectionError,
    LoginBlockedError,
    LoginRejectedError,
)
from custom_components.py_hab.history.box.fetch import DeviceStatsFetcher
from custom_components.py_hab.history.findings import NOT_REPORTED
from homeassistant.const import CONF_SCAN_INTERVAL
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
from simulator.fritzbox_devices import IMPORT, REFRIGERATOR
from tests.support.box_house import (
    FRIDGE,
    METER,
    House,
    answers,
    refuses,
)
from tests.support.mocked_reader import MockedReader


async def test_counters_are_read_again_once_when_the_box_reports_statistics(house: House) -> None:
    def polls() -> int:
        return sum(ask.switchcmd == "getdevicelistinfos" for ask in house.box.requests)

    await house.start(**{CONF_SCAN_INTERVAL: 300})
    await house.lives(timedelta(minutes=2), timedelta(minutes=1))
    before = polls()
    await house.act("backfill")
    assert house.asked == [REFRIGERATOR, IMPORT]
    assert polls() == before + 1
    await house.act("backfill")
    assert polls() == before + 1, "a reading of some seconds ago will do"


async def test_one_device_that_does_not_report_holds_up_no_other(house: House) -> None:
    await house.start()
    house.on_request += refuses(FritzBoxConnectionError("gone"))
    reported = await house.act("backfill")
    assert reported[FRIDGE]["left_out"] == [NOT_REPORTED]
    assert (reported[FRIDGE]["rows"], reported[FRIDGE]["since"]) == (0, None)
    assert reported[METER]["rows"] == 49


async def test_a_device_is_requested_once(house: House) -> None:
    await house.start()
    fetcher = DeviceStatsFetcher(house.entry.runtime_data.coordinator)
    first = await fetcher.async_fetch(REFRIGERATOR)
    assert first is not None
    assert first.energy
    assert await fetcher.async_fetch(REFRIGERATOR) is first
    assert await fetcher.async_fetch(None) == DeviceStats()
    assert house.asked == [REFRIGERATOR]


async def test_a_series_without_a_time_stamp_gets_the_time_of_the_answer(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(*_: Any) -> DeviceStats:
        return DeviceStats(temperature=(Series(step=900, values=(20.0,), at=None),))

    await house.start()
    monkeypatch.setattr(FritzBoxCoordinator, "async_device_stats", answer)
    before = dt_util.utcnow()
    stats = await DeviceStatsFetcher(house.entry.runtime_data.coordinator).async_fetch("a")
    assert stats is not None
    (series,) = stats.temperature
    assert series.at is not None
    assert before <= series.at <= dt_util.utcnow()
    assert series.values == (20.0,)


async def test_a_failure_between_answers_is_that_of_the_device(house: House) -> None:
    await house.start()
    gone = refuses(FritzBoxConnectionError("gone"), FritzBoxConnectionError("gone"))
    house.on_request += [gone[0], answers, gone[1], gone[1]]
    fetcher = DeviceStatsFetcher(house.entry.runtime_data.coordinator)
    assert await fetcher.async_fetch(REFRIGERATOR) is None
    assert await fetcher.async_fetch(IMPORT) is not None
    assert await fetcher.async_fetch("11111 1111111") is None
    assert await fetcher.async_fetch(REFRIGERATOR) is None, "it is not requested again"
    assert await fetcher.async_fetch("22222 2222222") is None, "the box itself answers"
    fetcher.check()


async def test_box_that_does_not_answer_ends_the_requests(house: House) -> None:
    await house.start()
    await house.box.stop()
    fetcher = DeviceStatsFetcher(house.entry.runtime_data.coordinator)
    with pytest.raises(HomeAssistantError) as raised:
        await fetcher.async_fetch(REFRIGERATOR)
    assert raised.value.translation_key == "no_device_stats"


async def test_silence_about_all_devices_is_no_fault_of_the_devices(house: House) -> None:
    await house.start()
    house.on_request += refuses(FritzBoxConnectionError("gone"), FritzBoxConnectionError("gone"))
    fetcher = DeviceStatsFetcher(house.entry.runtime_data.coordinator)
    for ain in (REFRIGERATOR, IMPORT):
        assert await fetcher.async_fetch(ain) is None
    with pytest.raises(HomeAssistantError) as raised:
        fetcher.check()
    assert raised.value.translation_key == "no_device_stats"


@pytest.mark.parametrize(
    "error", [LoginBlockedError(timedelta(minutes=1)), LoginRejectedError("wrong")], ids=repr
)
async def test_a_refused_login_ends_the_requests_at_once(house: House, error: Exception) -> None:
    await house.start()
    house.on_request += refuses(error)
    fetcher = DeviceStatsFetcher(house.entry.runtime_data.coordinator)
    with pytest.raises(HomeAssistantError) as raised:
        await fetcher.async_fetch(REFRIGERATOR)
    assert raised.value.translation_key == "no_device_stats"


async def test_a_reader_has_no_device_statistics(mocked_reader: MockedReader) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    fetcher = DeviceStatsFetcher(entry.runtime_data.coordinator)
    assert await fetcher.async_fetch("a") == DeviceStats()
