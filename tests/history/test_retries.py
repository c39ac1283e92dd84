"""Devices whose statistics the box does not report are asked again, less and less often."""

from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory

from custom_components.py_hab.history.retries import LONGEST, RETRY, DeviceRetries


def test_the_pause_doubles_up_to_a_day_and_ends_with_a_report(
    freezer: FrozenDateTimeFactory,
) -> None:
    retries = DeviceRetries()
    for pause in (RETRY, 2 * RETRY, 4 * RETRY, *[min(2**n * RETRY, LONGEST) for n in range(3, 8)]):
        retries.note("plug", is_reported=False)
        freezer.tick(pause - timedelta(seconds=1))
        assert retries.is_waiting("plug")
        freezer.tick(timedelta(seconds=2))
        assert not retries.is_waiting("plug")
        assert retries.devices == {"plug"}
    retries.note("plug", is_reported=True)
    assert not retries.devices
    retries.note("plug", is_reported=False)
    freezer.tick(RETRY)
    assert not retries.is_waiting("plug")


def test_a_clock_that_was_ahead_delays_nothing(freezer: FrozenDateTimeFactory) -> None:
    retries = DeviceRetries()
    retries.note("plug", is_reported=False)
    freezer.tick(timedelta(days=-365))
    assert not retries.is_waiting("plug")
