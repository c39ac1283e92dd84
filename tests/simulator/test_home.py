"""The simulated home: its counters are the integral of its power, whatever is asked when."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from simulator.appliances import CONSUMERS, SERIES
from simulator.home import SLOT, Home, ManualClock, RealClock, ScaledClock
from simulator.rooms import ROOMS

BERLIN = ZoneInfo("Europe/Berlin")
INSTALLED = datetime(2025, 1, 1, tzinfo=BERLIN)
JUNE_NOON = datetime(2026, 6, 21, 12, 3, 17, 250_000, tzinfo=BERLIN)
SPRING = date(2026, 3, 29)
AUTUMN = date(2025, 10, 26)
STEP = timedelta(minutes=15)


@pytest.fixture(scope="module")
def home() -> Home:
    return Home(installed=INSTALLED)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)


def slots(start: datetime, end: datetime) -> Iterator[datetime]:
    start = start.astimezone(UTC)
    while start < end:
        yield start
        start += SLOT


@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize("day", [date(2026, 1, 15), date(2026, 6, 21), SPRING, AUTUMN])
def test_a_counter_is_the_integral_of_its_power(home: Home, series: str, day: date) -> None:
    start, end = midnight(day), midnight(day + timedelta(days=1))
    integral = sum(home.power(series, at) for at in slots(start, end)) / 12
    assert home.energy(series, end) - home.energy(series, start) == pytest.approx(integral)


@pytest.mark.parametrize("series", SERIES)
def test_energy_grows_evenly_inside_a_slot(home: Home, series: str) -> None:
    start = datetime(2026, 6, 22, 8, 0, tzinfo=UTC)
    power = home.power(series, start)
    for seconds in (0.0, 0.000001, 1.5, 150.0, 299.999999, 300.0):
        counted = home.energy(series, start + timedelta(seconds=seconds))
        expected = home.energy(series, start) + power * seconds / 3600
        assert counted == pytest.approx(expected, abs=1e-6)


def test_import_less_export_is_consumption_less_production(home: Home) -> None:
    for at in slots(midnight(date(2026, 6, 21)), midnight(date(2026, 6, 24))):
        consumed = sum(home.power(series, at) for series in CONSUMERS)
        drawn, fed = home.power("import", at), home.power("export", at)
        assert drawn - fed == pytest.approx(consumed - home.power("pv", at))
        assert drawn == 0 or fed == 0
        assert home.grid_power(at) == pytest.approx(drawn - fed)
        phases = [home.phase_power(phase, at) for phase in (1, 2, 3)]
        assert sum(phases) == pytest.approx(home.grid_power(at), abs=1e-6)


@pytest.mark.parametrize("series", SERIES)
def test_power_is_never_negative_and_counters_never_fall(home: Home, series: str) -> None:
    moments = list(slots(midnight(SPRING), midnight(date(2026, 4, 2))))
    assert min(home.power(series, at) for at in moments) >= 0
    readings = [home.energy(series, at) for at in moments]
    assert all(later >= earlier for earlier, later in pairwise(readings))


@pytest.mark.parametrize("series", SERIES)
def test_there_is_nothing_before_the_installation(series: str) -> None:
    installed = datetime(2026, 5, 4, 10, 2, 30, tzinfo=BERLIN)
    home = Home(installed=installed)
    second = timedelta(seconds=1)
    assert home.power(series, installed - second) == 0
    assert home.energy(series, installed - timedelta(days=400)) == 0
    assert home.energy(series, installed) == 0
    expected = home.power(series, installed) / 3600
    assert home.energy(series, installed + second) == pytest.approx(expected)
    at = installed + timedelta(days=1)
    assert home.days(series, at, 4)[2:] == [None, None]
    assert None not in home.days(series, at, 2)
    assert home.months(series, at, 3)[1:] == [None, None]
    assert home.slots(series, installed + timedelta(minutes=1), STEP, 2)[1] is None


@pytest.mark.parametrize("series", ["import", "export", "refrigerator"])
def test_days_are_differences_of_the_counter(home: Home, series: str) -> None:
    at = midnight(AUTUMN) + timedelta(days=3, hours=7, minutes=4)
    days = home.days(series, at, 31)
    assert len(days) == 31
    starts = [midnight(date(2025, 10, 29) - timedelta(days=index)) for index in range(31)]
    for wh, start, end in zip(days, starts, [at, *starts], strict=False):
        assert wh == pytest.approx(home.energy(series, end) - home.energy(series, start), abs=1)
    assert home.days(series, at)[:5] == days[:5]


@pytest.mark.parametrize("series", ["import", "export", "pv"])
def test_months_consist_of_days(home: Home, series: str) -> None:
    at = datetime(2026, 4, 1, 0, 30, tzinfo=BERLIN)
    months = home.months(series, at, 12)
    days = home.days(series, at, 32)
    assert months[0] == days[0]
    assert months[1] == sum(day or 0 for day in days[1:])
    first = datetime(2025, 5, 1, tzinfo=BERLIN)
    total = home.energy(series, at) - home.energy(series, first)
    assert sum(month or 0 for month in months) == pytest.approx(total, abs=1)


@pytest.mark.parametrize(("day", "quarters"), [(SPRING, 92), (AUTUMN, 100), (date(2026, 7, 1), 96)])
def test_a_day_consists_of_its_steps(home: Home, day: date, quarters: int) -> None:
    end = midnight(day + timedelta(days=1)) - timedelta(microseconds=1)
    whole = home.days("import", end, 1)[0]
    steps = home.slots("import", end, STEP, quarters)
    assert sum(step or 0 for step in steps) == whole
    six_hours = home.slots("import", end, timedelta(hours=6), 4)
    assert sum(step or 0 for step in six_hours) == whole
    evening = home.slots("import", end, STEP, 24)
    assert sum(step or 0 for step in evening) == six_hours[0]


def test_the_running_step_starts_on_the_clock_on_the_wall(home: Home) -> None:
    twice = midnight(AUTUMN) + timedelta(hours=3, minutes=20)
    assert twice.astimezone(BERLIN).strftime("%H:%M") == "02:20"
    start = twice - timedelta(minutes=5)
    expected = home.energy("import", twice) - home.energy("import", start)
    steps = home.slots("import", twice, STEP, 3)
    assert steps[0] == pytest.approx(expected, abs=1)
    before = home.energy("import", start) - home.energy("import", start - STEP)
    assert steps[1] == pytest.approx(before, abs=1)


def test_the_same_question_has_the_same_answer_in_any_order() -> None:
    moments = [JUNE_NOON, INSTALLED + timedelta(days=3), JUNE_NOON - timedelta(days=200)]
    forward, backward = Home(installed=INSTALLED), Home(installed=INSTALLED)
    for series in SERIES:
        readings = {at: forward.energy(series, at) for at in moments}
        assert {at: backward.energy(series, at) for at in reversed(moments)} == readings
    other = Home(installed=INSTALLED, seed=2)
    assert other.energy("import", JUNE_NOON) != forward.energy("import", JUNE_NOON)
    elsewhere = JUNE_NOON.astimezone(UTC)
    assert forward.energy("import", elsewhere) == forward.energy("import", JUNE_NOON)


def test_this_home_stays_the_same_home(home: Home) -> None:
    """Whoever changes this changes what every example and every picture shows."""
    assert home.energy("import", JUNE_NOON) == pytest.approx(11_323_526.657, abs=1)
    assert home.energy("export", JUNE_NOON) == pytest.approx(4_069_808.531, abs=1)


def test_the_sun_shines_by_day_and_in_summer(home: Home) -> None:
    june = [datetime(2026, 6, day, 13, tzinfo=BERLIN) for day in range(1, 31)]
    assert sum(home.grid_power(at) < 0 for at in june) > 20
    for at in june:
        assert home.power("pv", at) > 0
        assert home.power("pv", at.replace(hour=1)) == 0
        assert home.blind_level(at) == 0
        assert home.blind_level(at.replace(hour=1)) == 100
    months = home.months("pv", datetime(2026, 1, 1, tzinfo=BERLIN), 13)[1:]
    assert (months[6] or 0) > 4 * (months[0] or 0)


def test_appliances_keep_their_hours(home: Home) -> None:
    sunday = midnight(date(2026, 6, 21))
    monday = sunday + timedelta(days=1)
    assert home.energy("workshop", monday) == home.energy("workshop", sunday)
    assert home.energy("workshop", monday + timedelta(days=1)) > home.energy("workshop", monday)
    winter = home.energy("heat_pump", midnight(date(2026, 2, 1)))
    winter -= home.energy("heat_pump", midnight(date(2026, 1, 1)))
    summer = home.energy("heat_pump", midnight(date(2026, 8, 1)))
    summer -= home.energy("heat_pump", midnight(date(2026, 7, 1)))
    assert winter > 5 * summer
    breakfast = home.power("cooking", monday)
    assert max(home.power("cooking", at) for at in slots(sunday, monday)) > 1500 > breakfast


def test_the_voltage_stays_within_its_bounds(home: Home) -> None:
    day = list(slots(midnight(SPRING), midnight(SPRING + timedelta(days=1))))
    voltages = [home.voltage(at, phase) for at in day for phase in (1, 2, 3)]
    assert min(voltages) > 225
    assert max(voltages) < 236
    assert len(set(voltages)) > 300


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_follow_their_schedule(home: Home, room: str) -> None:
    at = datetime(2026, 1, 14, 3, tzinfo=BERLIN)
    assert home.target(room, at) == home.eco(room)
    change, target = home.next_change(room, at)
    assert change > at
    assert target == home.comfort(room)
    assert home.target(room, change - timedelta(seconds=1)) == home.eco(room)
    assert home.target(room, change) == home.comfort(room)
    assert home.next_change(room, change)[1] == home.eco(room)
    before = home.temperature(room, change)
    warm = home.next_change(room, change)[0]
    assert max(home.temperature(room, each) for each in slots(change, warm)) > before + 0.5


def test_the_schedule_follows_the_clock_on_the_wall(home: Home) -> None:
    for day in (SPRING, AUTUMN, date(2026, 7, 1)):
        change, _ = home.next_change("living", midnight(day))
        assert change.astimezone(BERLIN).strftime("%H:%M") == "06:00"


@pytest.mark.parametrize("room", ROOMS)
def test_windows_are_opened_twice_a_day_and_let_the_cold_in(home: Home, room: str) -> None:
    start = midnight(date(2026, 1, 14))
    minutes = [start + timedelta(minutes=minute) for minute in range(24 * 60)]
    states = [home.window_open(room, at) for at in minutes]
    openings = [
        at for at, (was, now) in zip(minutes[1:], pairwise(states), strict=True) if now and not was
    ]
    assert len(openings) == 2
    for at in minutes:
        assert home.window_changed(room, at) <= at
    for opened in openings:
        assert home.window_changed(room, opened) == opened
        aired = home.temperature(room, opened + timedelta(minutes=8))
        assert aired < home.temperature(room, opened) - 0.5
    assert all(25 <= home.humidity(room, at) <= 95 for at in minutes)


@pytest.mark.parametrize("room", ROOMS)
def test_temperatures_have_no_jumps(home: Home, room: str) -> None:
    start = midnight(date(2026, 1, 14))
    course = [home.temperature(room, start + timedelta(minutes=m)) for m in range(2 * 24 * 60)]
    assert max(abs(later - earlier) for earlier, later in pairwise(course)) < 1.5
    assert all(8 < temperature < 30 for temperature in course)


def test_batteries_drain_and_are_replaced(home: Home) -> None:
    days = [INSTALLED + timedelta(days=day) for day in range(500)]
    for device in ("thermostat", "button"):
        charges = [home.battery(device, at) for at in days]
        assert min(charges) < 10
        assert max(charges) > 95
        replaced = [later > earlier for earlier, later in pairwise(charges)]
        assert 1 <= sum(replaced) <= 2


def test_keys_are_pressed_now_and_then(home: Home) -> None:
    assert home.last_press("button", 1, INSTALLED) is None
    pressed = home.last_press("button", 1, JUNE_NOON)
    assert pressed is not None
    assert pressed <= JUNE_NOON
    assert home.last_press("button", 1, pressed) == pressed
    earlier = home.last_press("button", 1, pressed - timedelta(seconds=1))
    assert earlier is not None
    assert earlier < pressed
    assert home.last_press("button", 2, JUNE_NOON) != pressed


def test_clocks_report_aware_time_in_utc() -> None:
    manual = ManualClock(JUNE_NOON)
    assert manual.now() == JUNE_NOON
    manual.advance(SLOT)
    assert manual.now() == JUNE_NOON + SLOT
    scaled = ScaledClock(JUNE_NOON, speed=1e6)
    assert scaled.now() >= JUNE_NOON
    assert scaled.now() > scaled.now() - SLOT
    for clock in (manual, scaled, RealClock()):
        assert clock.now().tzinfo is UTC
