"""What py_hab and Home Assistant's own `fritzbox` ask of one box in an hour."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from benchmarks.table import print_table
from homeassistant.const import CONF_SCAN_INTERVAL
from homeassistant.core import HomeAssistant
from simulator.fritzbox import DEFAULT_PASSWORD, DEFAULT_USER, SimulatedFritzBox
from simulator.fritzbox_answers import Answer, Answers, Call
from tests.support.passing_time import Time

HOUR = timedelta(hours=1)
STEP = timedelta(seconds=10)


@dataclass
class Asked:
    """What the box has had to do."""

    requests: int
    logins: int
    sent: int
    """Bytes of the answers' bodies."""


async def test_requests_per_hour(
    time: Time,
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Run one after the other for an hour, from its set-up on."""
    sizes: list[int] = []
    original = Answers.answer

    def weighed(self: Answers, call: Call) -> Answer:
        answer = original(self, call)
        sizes.append(len(answer.text.encode()))
        return answer

    monkeypatch.setattr(Answers, "answer", weighed)

    async def an_hour(entry: MockConfigEntry) -> Asked:
        box.requests.clear()
        sizes.clear()
        logins = len(box.logins)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await time.passes(hass, HOUR, step=STEP)
        asked = Asked(len(box.requests), len(box.logins) - logins, sum(sizes))
        await hass.config_entries.async_unload(entry.entry_id)
        # A session that is kept for a reload ends on its own.
        await time.passes(hass, timedelta(minutes=2))
        return asked

    core_entry = MockConfigEntry(
        domain="fritzbox",
        version=1,
        minor_version=2,
        data={
            "host": box.url,
            "username": DEFAULT_USER,
            "password": DEFAULT_PASSWORD,
            "verify_ssl": False,
        },
    )
    core_entry.add_to_hass(hass)
    core = await an_hour(core_entry)
    at_defaults = await an_hour(fritzbox_entry)
    hass.config_entries.async_update_entry(fritzbox_entry, options={CONF_SCAN_INTERVAL: 30})
    as_often = await an_hour(fritzbox_entry)
    print_table(
        "One hour at one box, from set-up on",
        "who, requests, logins, KiB of answers, core's requests / its own",
        [
            [
                name,
                str(asked.requests),
                str(asked.logins),
                f"{asked.sent / 1024:.0f}",
                f"{core.requests / asked.requests:.1f}",
            ]
            for name, asked in (
                ("core's fritzbox (every 30 s)", core),
                ("py_hab every 30 s", as_often),
                ("py_hab by default (every 60 s)", at_defaults),
            )
        ],
    )
