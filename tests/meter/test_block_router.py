"""Which meter the blocks of a message belong to, and messages that cannot be read."""

from collections.abc import Awaitable, Callable
import logging
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from simulator.reader import SimulatedReader
from tests.conftest import settled
from tests.support.mocked_reader import (
    MINUTE,
    NUMBER,
    STALE,
    UNIQUE_ID,
    MockedReader,
    devices,
)
from tests.support.passing_time import Time
from tests.support.watching import (
    logged,
    meter_state,
    meter_values,
    quiet,
    received,
    set_up,
    warnings,
)


async def test_malformed_messages_are_counted_and_reported_once(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    eager_entry: MockConfigEntry,
    payload: Callable[[str], Awaitable[None]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    await set_up(hass, eager_entry)
    before = meter_values(eager_entry)
    for broken in ('{"MT681":{"E_in":1', "[1]", "", '{"MT681":{"Power":7}'):
        await payload(broken)
    await payload('{"MT681":{"Power":5}}')
    await received(hass, eager_entry, power=5)
    assert meter_values(eager_entry) == before | {"power": 5}
    assert eager_entry.runtime_data.coordinator.meters.router.unreadable == 4
    assert logged(caplog, logging.WARNING) == [
        "MT681 sent a message that cannot be read: not JSON: JSONDecodeError"
    ]
    assert any('{"MT681":{"Power":7}' in line for line in logged(caplog, logging.DEBUG))
    await payload("again")
    await settled(hass, lambda: len(logged(caplog, logging.WARNING)) == 2, "a second warning")
    await quiet(hass)


async def test_messages_without_a_meter_are_ignored(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    eager_entry: MockConfigEntry,
    payload: Callable[[str], Awaitable[None]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, eager_entry)
    before = meter_values(eager_entry)
    await payload('{"Time":"2026-03-20T19:07:33"}')
    await payload('{"BME280":{"Temperature":21.5},"\\u0001\\u0002":{"Power":99999}}')
    await payload('{"MT681":{"Power":5}}')
    await received(hass, eager_entry, power=5)
    assert meter_values(eager_entry) == before | {"power": 5}
    assert list(eager_entry.runtime_data.coordinator.data) == [""]
    assert warnings(caplog) == []
    await quiet(hass)


async def test_script_that_renames_everything_keeps_the_entities(
    time: Time, hass: HomeAssistant, hass_storage: dict[str, Any], mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry(prefix="MT681")
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(3 * MINUTE, E_in=0.01)
    before = {
        (item.unique_id, item.entity_id)
        for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    }
    mocked_reader.blocks = {
        "eBZ": {"1_8_0": 15119.1, "2_8_0": 2381.5, "16_7_0": 77, "96_1_0": NUMBER}
    }
    await time.passes(hass, MINUTE)
    await mocked_reader.reads("eBZ")
    assert meter_state(hass, entry, "energy_import") == "15119.1"
    # Another key for a measurement takes its place when the old one has been silent for long.
    await mocked_reader.lives(STALE)
    for _ in range(2):
        assert meter_state(hass, entry, "energy_import") == "15119.1"
        assert meter_state(hass, entry, "power") == "77.0"
        assert {
            (item.unique_id, item.entity_id)
            for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        } == before
        assert list(devices(hass, entry)) == [UNIQUE_ID]
        await mocked_reader.reload(entry)


async def test_meter_without_number_under_another_name_is_taken_over_when_the_old_name_is_silent(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry(prefix="MT681")
    mocked_reader.blocks = {"MT681": {"E_in": 15119.035, "Power": 200}}
    await mocked_reader.set_up(entry)
    mocked_reader.blocks = {"eBZ": {"1_8_0": 15119.1, "16_7_0": 77}}
    await mocked_reader.lives(4 * MINUTE)
    assert meter_state(hass, entry, "energy_import") == "15119.1"
    assert list(devices(hass, entry)) == [UNIQUE_ID]
