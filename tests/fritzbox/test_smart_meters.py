"""What 0 V and 0 W of a FRITZ!Smart Energy 250 mean."""

from datetime import UTC, datetime, timedelta

from custom_components.py_hab.fritzbox.devices import MeterKind, PowerMeter
from custom_components.py_hab.fritzbox.smart_meters import LASTING, SmartMeters

AIN = "1-1"
NOW = datetime(2026, 3, 20, 18, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def meter(power: float | None, energy: float, kind: MeterKind = MeterKind.SUPPLY) -> PowerMeter:
    """Return what the parser makes of an answer."""
    return PowerMeter(
        kind=kind,
        power=power,
        energy=energy,
        voltage=None,
        reduced_resolution=power is None and energy % 1 == 0,
    )


def test_zero_watts_of_a_meter_that_has_shown_a_power_are_zero_watts() -> None:
    meters = SmartMeters()
    meters.note(AIN, meter(200.0, 3133.9))
    found = meters.with_zero(AIN, meter(None, 3134.0), 3133.9, NOW)
    assert (found.power, found.reduced_resolution) == (0.0, False)


def test_the_pin_is_missing_if_whole_kwh_without_power_last() -> None:
    meters = SmartMeters()
    meters.note(AIN, meter(200.0, 3133.9))
    meters.with_zero(AIN, meter(None, 3134.0), 3133.9, NOW)
    found = meters.with_zero(AIN, meter(None, 3134.0), 3134.0, NOW + LASTING)
    assert (found.power, found.reduced_resolution) == (None, True)
    # The PIN has been entered.
    meters.note(AIN, meter(200.0, 3134.1))
    found = meters.with_zero(AIN, meter(None, 3135.0), 3134.9, NOW + LASTING + MINUTE)
    assert (found.power, found.reduced_resolution) == (0.0, False)


def test_a_fraction_of_a_kwh_shows_that_the_pin_is_entered() -> None:
    found = SmartMeters().with_zero(AIN, meter(None, 3134.5), None, NOW)
    assert found.power == 0.0
    found = SmartMeters().with_zero(AIN, meter(None, 3134.0), 3133.9, NOW)
    assert found.power == 0.0


def test_a_meter_that_has_never_shown_a_power_lacks_its_pin() -> None:
    found = SmartMeters().with_zero(AIN, meter(None, 3134.0), 3133.0, NOW)
    assert (found.power, found.reduced_resolution) == (None, True)


def test_a_plug_is_left_alone() -> None:
    meters = SmartMeters()
    plug = meter(None, 0.0, MeterKind.CONSUMPTION)
    meters.note(AIN, meter(3.0, 1.0, MeterKind.CONSUMPTION))
    assert meters.with_zero(AIN, plug, 0.5, NOW) is plug
