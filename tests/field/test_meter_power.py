"""The power of a meter is plausible: garbage is rejected, wrapped feed-in is shown as what it is."""

from datetime import timedelta

import pytest

from custom_components.py_hab.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from tests.support.mocked_reader import MockedReader
from tests.support.passing_time import Time
from tests.support.watching import meter_values


def has_notice(hass: HomeAssistant, problem: str) -> bool:
    """Return whether a repair issue about a problem exists."""
    return any(
        domain == DOMAIN and issue.translation_key == problem
        for (domain, _), issue in ir.async_get(hass).issues.items()
    )


@pytest.mark.parametrize(
    ("key", "quantity", "right", "garbage"),
    [
        ("Power", "power", 200, 65_336),
        ("Power", "power", 200, 4_294_967_096),
        ("power_L1", "power_l1", 70, 65_500),
        ("Volt_p1", "voltage_l1", 231.4, 6553.5),
        ("Curr_p1", "current_l1", 1.2, 42_949_672.95),
        ("HZ", "frequency", 50.01, 655.35),
    ],
)
async def test_what_the_connection_does_not_allow_is_rejected_and_counted(
    hass: HomeAssistant,
    mocked_reader: MockedReader,
    key: str,
    quantity: str,
    right: float,
    garbage: float,
) -> None:
    mocked_reader.blocks["MT681"][key] = right
    entry = mocked_reader.entry(power_interval=0)
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=5), E_in=0.01)
    await mocked_reader.lives(timedelta(minutes=5), E_in=0.01)
    assert meter_values(entry)[quantity] == right

    await mocked_reader.reads(**{key: garbage})
    await mocked_reader.lives(timedelta(minutes=5), E_in=0.01)
    assert meter_values(entry)[quantity] == right
    rejected = entry.runtime_data.counters.rejected
    assert rejected[quantity, "implausible"] >= 5


@pytest.mark.parametrize(
    ("published", "power"),
    [
        (65_336, -200.0),
        (4_294_967_096, -200.0),
        (429_496_529.6, -200.0),
        (16_777_016, -200.0),
    ],
    ids=["16 bit", "32 bit", "32 bit in 0.1 W", "24 bit"],
)
async def test_wrapped_feed_in_that_the_export_counter_confirms_is_shown(
    hass: HomeAssistant, mocked_reader: MockedReader, published: float, power: float
) -> None:
    entry = mocked_reader.entry(power_interval=0)
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=5), E_in=0.003)
    await mocked_reader.reads(Power=published)
    await mocked_reader.lives(timedelta(minutes=5), E_out=0.003)
    assert meter_values(entry)["power"] == pytest.approx(power)

    # Once confirmed, the first number of the next feed-in is understood as well.
    await mocked_reader.reads(Power=150)
    await mocked_reader.lives(timedelta(minutes=5), E_in=0.003)
    await mocked_reader.reload(entry)
    await mocked_reader.reads(Power=published)
    assert meter_values(entry)["power"] == pytest.approx(power)


async def test_a_wrap_that_a_house_could_draw_is_confirmed_by_the_energy(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    """16 bits in 0.1 W: 6,553.6 W - x."""
    entry = mocked_reader.entry(power_interval=0)
    await mocked_reader.set_up(entry)
    await mocked_reader.reads(Power=5353.6)
    await mocked_reader.lives(timedelta(minutes=90), E_out=0.02)
    assert meter_values(entry)["power"] == pytest.approx(-1200)
    # What is really drawn keeps its sign.
    await mocked_reader.reads(Power=5000)
    await mocked_reader.lives(timedelta(minutes=10), E_in=0.083)
    assert meter_values(entry)["power"] == 5000


async def test_a_wrong_sign_is_reported_with_its_cure(
    hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.reads(Power=-300)
    await mocked_reader.lives(timedelta(minutes=50), E_in=0.005)
    assert not has_notice(hass, "power_wrong_sign")
    await mocked_reader.lives(timedelta(minutes=20), E_in=0.005)
    assert has_notice(hass, "power_wrong_sign")

    # The user has mended the script.
    await mocked_reader.reads(Power=300)
    await mocked_reader.lives(timedelta(minutes=3), E_in=0.005)
    assert not has_notice(hass, "power_wrong_sign")
