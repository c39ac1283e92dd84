"""A reader is asked for what is missing, and a meter that is silent is reported."""

from datetime import timedelta
from typing import Any

import pytest

from homeassistant.core import HomeAssistant
from tests.support.mocked_reader import COMMAND, MINUTE, MockedReader
from tests.support.passing_time import Time
from tests.support.watching import all_unavailable, issues_of_meters as issues

QUARTER = timedelta(minutes=16)


async def test_silent_meter_is_reported_while_its_reader_speaks(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    mocked_reader.answers = False
    for _ in range(18):
        await time.passes(hass, MINUTE)
        await mocked_reader.says("STATE", {"UptimeSec": 5000})
    assert issues(hass) == {f"meter_silent_{entry.entry_id}": "MT681"}
    await mocked_reader.lives(2 * MINUTE, E_in=0.01, Power=1)
    assert issues(hass) == {}


async def test_meter_that_never_published_is_silent_too(
    time: Time, hass: HomeAssistant, hass_storage: dict[str, Any], mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry(prefix="MT681")
    await mocked_reader.set_up(entry)
    mocked_reader.answers = False
    await mocked_reader.reload(entry)
    for _ in range(18):
        await time.passes(hass, MINUTE)
        await mocked_reader.says("SENSOR", {"Time": "2026-03-20T19:07:33"})
    assert issues(hass) == {f"meter_silent_{entry.entry_id}": "MT681"}


@pytest.mark.parametrize("gone", ["reader", "offline", "broker"])
async def test_silence_of_a_reader_that_is_away_is_no_trouble_of_the_meter(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader, gone: str
) -> None:
    await mocked_reader.set_up(mocked_reader.entry())
    mocked_reader.answers = False
    if gone == "offline":
        await mocked_reader.says("LWT", "Offline")
    if gone == "broker":
        await mocked_reader.broker_goes()
    await time.passes(hass, QUARTER)
    assert all_unavailable(hass)
    assert issues(hass) == {}


# What the reader is asked


async def test_silent_reader_is_asked_after_five_minutes_and_every_five_more(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    await mocked_reader.set_up(mocked_reader.entry())
    mocked_reader.asked.clear()
    mocked_reader.answers = False
    await time.passes(hass, timedelta(minutes=4))
    assert mocked_reader.asked == []
    await time.passes(hass, timedelta(minutes=2))
    assert mocked_reader.asked == [(COMMAND, "10")]
    await time.passes(hass, timedelta(minutes=12))
    assert 3 <= mocked_reader.was_asked(10) == len(mocked_reader.asked) <= 4


async def test_reader_that_speaks_is_not_asked(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    await mocked_reader.set_up(mocked_reader.entry())
    mocked_reader.asked.clear()
    await mocked_reader.lives(timedelta(minutes=30), E_in=0.01)
    assert mocked_reader.asked == []
