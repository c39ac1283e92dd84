"""When a reader is asked for its values."""

from datetime import timedelta

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.meter.commands import MAX_REPEATS
from homeassistant.core import HomeAssistant
from simulator.reader import SimulatedReader
from tests.conftest import settled
from tests.support.mocked_reader import (
    MINUTE,
    MockedReader,
)
from tests.support.passing_time import Time
from tests.support.watching import (
    all_unavailable,
    meter_values,
    quiet,
    set_up,
)


async def test_reader_that_publishes_nothing_unasked_is_asked(
    time: Time,
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    reader: SimulatedReader,
    eager_entry: MockConfigEntry,
) -> None:
    await set_up(hass, eager_entry)
    reader.silent = True
    for _ in range(4):
        await time.passes(hass, timedelta(minutes=6))
        # It is asked in the fifth minute or in the sixth.
        answers = {
            round(reader.meter.imported(reader.clock.now() - ago), 3)
            for ago in (MINUTE, timedelta())
        }
        await settled(
            hass,
            lambda answers=answers: meter_values(eager_entry)["energy_import"] in answers,
            "an answer",
        )
        assert not all_unavailable(hass)
    await quiet(hass)


async def test_reader_is_asked_again_for_a_confirmation_but_not_for_ever(
    time: Time, hass: HomeAssistant, mocked_reader: MockedReader
) -> None:
    entry = mocked_reader.entry()
    mocked_reader.answers = False
    await mocked_reader.set_up(entry)
    assert mocked_reader.was_asked(10) == 1
    for reading in range(10):
        # No two of them agree.
        await mocked_reader.reads(E_in=9000.5 - reading)
        await time.passes(hass, timedelta(seconds=10), step=timedelta(seconds=5))
    assert mocked_reader.was_asked(10) == 1 + MAX_REPEATS
    assert "energy_import" not in meter_values(entry)
