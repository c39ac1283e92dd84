"""Odd entry data: a clear error says what is wrong, and the dialogs still open."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from tests.support.dialogue import TEXTS

BOX: dict[str, Any] = {
    "kind": "fritzbox",
    "host": "192.0.2.1",
    "username": "anna",
    "password": "secret",
    "verify_ssl": True,
}
METER: dict[str, Any] = {"kind": "meter", "topic": "tele/reader/SENSOR", "prefix": "SML"}
MISSING = object()


async def failed(
    hass: HomeAssistant, data: dict[str, Any], options: dict[str, Any]
) -> MockConfigEntry:
    """Return an entry whose set-up has failed because of its data."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Odd",
        data={key: value for key, value in data.items() if value is not MISSING},
        options=options,
    )
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "invalid_entry_data"
    return entry


@pytest.mark.parametrize("kind", ["heat_pump", "", None, 7, ["meter"], MISSING])
async def test_an_unknown_kind_is_named_and_can_only_be_removed(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture, kind: object
) -> None:
    entry = await failed(hass, {**BOX, "kind": kind}, {})
    assert entry.error_reason_translation_placeholders == {"field": "kind"}
    for flow in (
        await hass.config_entries.options.async_init(entry.entry_id),
        await hass.config_entries.flow.async_init(
            DOMAIN, context={"source": "reconfigure", "entry_id": entry.entry_id}
        ),
    ):
        assert (flow["type"], flow["reason"]) == (FlowResultType.ABORT, "unknown_kind")
    assert "unknown_kind" in TEXTS["config"]["abort"]
    assert "unknown_kind" in TEXTS["options"]["abort"]
    assert await hass.config_entries.async_remove(entry.entry_id)
    assert caplog.text.count("Traceback") == 1


@pytest.mark.parametrize(
    ("data", "options", "field"),
    [
        ({**BOX, "host": "fritz.box:99999999"}, {}, "host"),
        ({**BOX, "host": "http://anna:secret@fritz.box"}, {}, "host"),
        ({**BOX, "host": 1}, {}, "host"),
        ({**BOX, "host": MISSING}, {}, "host"),
        ({**BOX, "username": None}, {}, "username"),
        ({**BOX, "password": MISSING}, {}, "password"),
        ({**BOX, "password": b"secret"}, {}, "password"),
        ({**BOX, "verify_ssl": "yes"}, {}, "verify_ssl"),
        (BOX, {"scan_interval": "60"}, "scan_interval"),
        (BOX, {"scan_interval": float("nan")}, "scan_interval"),
        (BOX, {"scan_interval": -1}, "scan_interval"),
        (BOX, {"scan_interval": 1e300}, "scan_interval"),
        (BOX, {"scan_interval": True}, "scan_interval"),
        (BOX, {"history": "no"}, "history"),
        (BOX, {"outage_shape": "round"}, "outage_shape"),
        ({**METER, "topic": MISSING}, {}, "topic"),
        ({**METER, "topic": 5}, {}, "topic"),
        ({**METER, "topic": "tele/#"}, {}, "topic"),
        ({**METER, "topic": "tele/a\nb/SENSOR"}, {}, "topic"),
        ({**METER, "prefix": ["SML"]}, {}, "prefix"),
        ({**METER, "command_topic": "+"}, {}, "command_topic"),
        ({**METER, "answer_topic": 1}, {}, "answer_topic"),
        (METER, {"power_interval": None}, "power_interval"),
        (METER, {"max_power": float("inf")}, "max_power"),
        (METER, {"registers": ["Total_in"]}, "registers"),
        (METER, {"registers": {"Total_in": 1}}, "registers"),
    ],
)
async def test_a_missing_or_wrong_field_is_named_without_its_value(
    hass: HomeAssistant,
    caplog: pytest.LogCaptureFixture,
    data: dict[str, Any],
    options: dict[str, Any],
    field: str,
) -> None:
    entry = await failed(hass, data, options)
    assert entry.error_reason_translation_placeholders == {"field": field}
    assert "{field}" in TEXTS["exceptions"]["invalid_entry_data"]["message"]
    # Home Assistant logs how it came to the error, but nothing else has failed before.
    assert caplog.text.count("Traceback") == 1
    assert "secret" not in caplog.text
    # The options can be put right.
    flow = await hass.config_entries.options.async_init(entry.entry_id)
    assert flow["type"] is FlowResultType.MENU


async def test_the_address_of_a_box_can_be_put_right(hass: HomeAssistant) -> None:
    entry = await failed(hass, {**BOX, "host": MISSING}, {})
    flow = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": "reconfigure", "entry_id": entry.entry_id}
    )
    assert flow["step_id"] == "fritzbox"
