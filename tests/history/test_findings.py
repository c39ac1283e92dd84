"""What is reported of a statistic."""

from custom_components.py_hab.history.findings import Findings


def test_hours_are_counted_once_and_energy_is_rounded_to_watt_hours() -> None:
    found = Findings(entity_id="sensor.meter", energy=12.34567)
    found.hours |= {0, 3600}
    found.hours |= {3600, 7200}
    report = found.report()
    assert (report.rows, report.energy) == (3, 12.346)


def test_what_is_not_known_is_reported_as_such() -> None:
    report = Findings(entity_id="sensor.meter").report()
    assert (report.rows, report.energy, report.since, report.mended) == (0, None, None, [])
