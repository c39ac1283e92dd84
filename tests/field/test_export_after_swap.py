"""After the meter was replaced, all counters of the new meter are followed."""

from datetime import timedelta

import pytest

from homeassistant.core import HomeAssistant
from tests.support.mocked_reader import MINUTE, MockedReader
from tests.support.passing_time import Time
from tests.support.watching import meter_values


@pytest.mark.parametrize(
    ("old", "new"), [(2381.47, 0.0), (0.9, 0.5), (2381.47, 12.5)], ids=["zero", "slight", "used"]
)
async def test_the_export_counter_of_a_new_meter_follows_the_import_counter(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader, old: float, new: float
) -> None:
    mocked_reader.blocks["MT681"]["E_out"] = old
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=30), E_in=0.01)
    assert meter_values(entry)["energy_export"] == old

    # The fitter needs a quarter of an hour. The new meter has just been made.
    await time.passes(hass, timedelta(minutes=15))
    await mocked_reader.reads(E_in=3.2, E_out=new)
    await mocked_reader.lives(timedelta(minutes=20), E_in=0.01)

    values = meter_values(entry)
    assert values["energy_import"] == pytest.approx(3.4)
    assert values["energy_export"] == new
    coordinator = entry.runtime_data.coordinator
    assert coordinator.is_available("", "energy_export")
    await time.passes(hass, MINUTE)


async def test_a_replacement_known_before_a_restart_still_counts_for_the_export_counter(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=30), E_in=0.01)
    del mocked_reader.blocks["MT681"]["E_out"]
    await mocked_reader.reads(E_in=3.2)
    await mocked_reader.lives(timedelta(minutes=20), E_in=0.01)
    assert meter_values(entry)["energy_import"] == pytest.approx(3.4)

    await mocked_reader.reload(entry)
    await mocked_reader.reads(E_out=0.0)
    await mocked_reader.lives(timedelta(minutes=5), E_in=0.01)
    assert meter_values(entry)["energy_export"] == 0.0


async def test_a_zero_alone_is_still_no_replacement(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=30), E_in=0.01)
    await mocked_reader.reads(E_out=0.0)
    await mocked_reader.lives(timedelta(minutes=30), E_in=0.01)
    assert meter_values(entry)["energy_export"] == 2381.47


async def test_the_tariffs_of_a_new_meter_follow_the_import_counter(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    """Nothing is drawn in the second tariff: its counter stays at 0."""
    mocked_reader.blocks["MT681"] |= {"E_inHT": 10_000.0, "E_inNT": 5_119.035}
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=30), E_in=0.01, E_inHT=0.01)
    await time.passes(hass, timedelta(minutes=15))
    await mocked_reader.reads(E_in=0.0, E_inHT=0.0, E_inNT=0.0, E_out=0.0)
    await mocked_reader.lives(timedelta(minutes=40), E_in=0.01, E_inHT=0.01)
    values = meter_values(entry)
    assert values["energy_import"] == values["energy_import_t1"] == pytest.approx(0.4)
    assert values["energy_import_t2"] == values["energy_export"] == 0.0
    assert entry.runtime_data.coordinator.is_available("", "energy_import_t2")


async def test_a_new_meter_that_only_feeds_in_is_followed(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    """It was replaced on a noon in summer: the import counter stays at 0 until the evening."""
    entry = mocked_reader.entry()
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(timedelta(minutes=30), E_out=0.01)
    await time.passes(hass, timedelta(minutes=15))
    await mocked_reader.reads(E_in=0.0, E_out=0.0, Power=-600)
    await mocked_reader.lives(timedelta(minutes=60), E_out=0.01)
    values = meter_values(entry)
    assert values["energy_export"] == pytest.approx(0.6)
    assert values["energy_import"] == 0.0
