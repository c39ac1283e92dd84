"""What a FRITZ!Box stores, over both ways, and what must not be accepted of it."""

from datetime import UTC, datetime
import json
import math
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings, strategies as st
import pytest

from custom_components.py_hab.fritzbox.device_stats import (
    DeviceStats,
    Series,
    parse_basic_statistics,
    parse_unit_statistics,
)
from custom_components.py_hab.fritzbox.xml import MalformedAnswerError
from tests.support.captures import OURS, files, name_of, there

# Hypothesis says so of its own generator, on this version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")

QUARTER, SIX_HOURS, DAY, MONTH = 900, 21600, 86400, 2678400
NOTHING = DeviceStats()
NO_VALUES: list[Any] = [None, "", "x", "1", True, [], [1], {}, {"x": 1}]
"""What is no number."""
PATIENT = settings(suppress_health_check=[HealthCheck.too_slow])


# AHA


def stats(values: str, *, grid: object = DAY, count: object = None, **attributes: object) -> str:
    """Return a series; its count is right unless another one is given."""
    reported = {
        "count": len(values.split(",")) if count is None else count,
        "grid": grid,
        **attributes,
    }
    return (
        f"<stats {' '.join(f'{key}="{value}"' for key, value in reported.items())}>{values}</stats>"
    )


def basic(**blocks: str) -> DeviceStats:
    content = "".join(f"<{tag}>{block}</{tag}>" for tag, block in blocks.items())
    return parse_basic_statistics(f"<devicestats>{content}</devicestats>")


def energy(values: str, **attributes: object) -> tuple[float | None, ...]:
    """Return the Wh of the only series of energy, none if it was left out."""
    return in_wh(basic(energy=stats(values, **attributes)).energy)


def only(series: tuple[Series, ...]) -> tuple[float | None, ...]:
    """Return the values of the only series, none if it was left out."""
    return series[0].values if len(series) == 1 else ()


def in_wh(series: tuple[Series, ...]) -> tuple[float | None, ...]:
    """Return the values of the only series of energy in Wh, as the box reports them."""
    return tuple(None if kwh is None else round(kwh * 1000, 6) for kwh in only(series))


def test_a_plug_stores_days_months_and_temperatures() -> None:
    found = basic(
        temperature=stats("215,-,195", grid=QUARTER, datatime=1774029600),
        voltage=stats("230125,230125", grid=10, datatime=1774029600),
        power=stats("6210,6195", grid=10, datatime=1774029600),
        energy=stats("2105,41088") + stats("96,1021,988", grid=MONTH, datatime=1774026000),
    )
    assert found == DeviceStats(
        energy=(
            Series(step=DAY, values=(2.105, 41.088), at=None),
            Series(
                step=MONTH,
                values=(0.096, 1.021, 0.988),
                at=datetime(2026, 3, 20, 17, tzinfo=UTC),
            ),
        ),
        temperature=(
            Series(
                step=QUARTER, values=(21.5, None, 19.5), at=datetime(2026, 3, 20, 18, tzinfo=UTC)
            ),
        ),
    )


def test_humidity_is_percent() -> None:
    found = basic(humidity=stats("41,0,100,-,101,-9999", grid=QUARTER))
    assert only(found.humidity) == (41, 0, 100, None, None, None)


def test_temperature_is_celsius() -> None:
    found = basic(temperature=stats("215,0,-75,2001,-1001,0", grid=QUARTER))
    assert only(found.temperature) == (21.5, 0.0, -7.5, None, None, 0.0)


def test_white_space_around_values_does_not_matter() -> None:
    assert energy("\n\t12, 7 ,\n0\n") == (12, 7, 0)


@pytest.mark.parametrize("nonsense", ["-", "", " ", "x", "1.5", "0x10", "٣", "1 2", "9" * 30])
def test_what_is_no_number_is_unknown(nonsense: str) -> None:
    assert energy(f"7,{nonsense},0") == (7, None, 0)


def test_energy_is_never_negative() -> None:
    assert energy("5,-3,-0") == (5, None, 0)


@pytest.mark.parametrize("values", ["", " ", "-", "-,-,-", "x,-5"])
def test_a_series_that_knows_nothing_is_none(values: str) -> None:
    assert basic(energy=stats(values)) == NOTHING


@pytest.mark.parametrize("grid", ["", "x", "-86400", "0", "10", "86401", "9" * 30, "86400.0"])
def test_a_series_of_an_unknown_grid_is_left_out(grid: str) -> None:
    assert basic(energy=stats("1,2", grid=grid)) == NOTHING


def test_measurements_have_quarters_only() -> None:
    days = stats("1,2", grid=DAY)
    assert basic(temperature=days, humidity=days) == NOTHING


@pytest.mark.parametrize("count", [1, 3, -2, 999_999_999, "x", "2.0"])
def test_a_series_whose_count_is_wrong_is_left_out(count: object) -> None:
    assert energy("1,2", count=count) == ()


def test_a_count_may_be_missing() -> None:
    text = f'<devicestats><energy><stats grid="{DAY}">1,2</stats></energy></devicestats>'
    assert in_wh(parse_basic_statistics(text).energy) == (1, 2)


def test_a_series_of_thousands_is_left_out() -> None:
    assert len(energy(",".join(["1"] * 1000))) == 1000
    assert energy(",".join(["1"] * 1001)) == ()


@pytest.mark.parametrize("datatime", ["", "x", "0", "-1", "1.5", "9" * 15])
def test_a_time_that_is_none(datatime: str) -> None:
    (series,) = basic(energy=stats("1", datatime=datatime)).energy
    assert series.at is None


def test_of_two_series_with_one_grid_the_first_usable_counts() -> None:
    series = stats("-,-") + stats("1,2") + stats("3,4")
    assert in_wh(basic(energy=series).energy) == (1, 2)


def test_a_device_out_of_reach_has_blocks_without_series() -> None:
    assert basic(temperature="", voltage="", power="", energy="") == NOTHING
    assert parse_basic_statistics("<devicestats/>") == NOTHING


def test_only_series_in_their_blocks_count() -> None:
    assert basic(power=f"<energy>{stats('1')}</energy>", stats=stats("1")) == NOTHING


@pytest.mark.parametrize(
    "text",
    ["", "inval", "{}", "<html></html>", "<devicelist></devicelist>", "<devicestats>", "<a>\0</a>"],
)
def test_what_is_no_statistics_is_malformed(text: str) -> None:
    with pytest.raises(MalformedAnswerError):
        parse_basic_statistics(text)


# REST


def reported(values: Any, *, interval: Any = DAY, state: Any = "valid") -> dict[str, Any]:
    return {"interval": interval, "statisticsState": state, "period": "month", "values": values}


def unit(**kinds: Any) -> DeviceStats:
    return parse_unit_statistics(json.dumps({"UID": "x", "statistics": kinds}))


def test_a_unit_stores_also_quarters_of_an_hour() -> None:
    found = unit(
        temperatures=[reported([23.5, None, 24], interval=QUARTER)],
        humidities=[reported([41, 40], interval=QUARTER)],
        powers=[reported([1680, 0], interval=10)],
        voltages=[reported([230125], interval=10)],
        energies=[
            reported([1, 2], interval=QUARTER),
            reported([20, 30], interval=SIX_HOURS),
            reported([20, 140]),
            reported([160, 4201], interval=MONTH),
        ],
    )
    assert found == DeviceStats(
        energy=(
            Series(step=QUARTER, values=(0.001, 0.002), at=None),
            Series(step=SIX_HOURS, values=(0.02, 0.03), at=None),
            Series(step=DAY, values=(0.02, 0.14), at=None),
            Series(step=MONTH, values=(0.16, 4.201), at=None),
        ),
        temperature=(Series(step=QUARTER, values=(23.5, None, 24), at=None),),
        humidity=(Series(step=QUARTER, values=(41, 40), at=None),),
    )


@pytest.mark.parametrize(
    ("state", "is_reported"),
    [
        ("valid", True),
        ("outdated", False),
        ("notConnected", False),
        ("unknown", False),
        ("Valid", False),
        *((nonsense, False) for nonsense in NO_VALUES),
    ],
)
def test_only_what_the_box_vouches_for_counts(state: Any, *, is_reported: bool) -> None:
    assert (unit(energies=[reported([7], state=state)]) != NOTHING) is is_reported


def test_a_counter_instead_of_its_newest_energy_is_left_out() -> None:
    steps = (QUARTER, SIX_HOURS, DAY, MONTH)
    series = [reported([16_000_000, 0, 0], interval=step, state="unknown") for step in steps]
    assert unit(energies=series) == NOTHING


@pytest.mark.parametrize(
    "nonsense", [*NO_VALUES, -1, math.nan, math.inf, -math.inf, 10**16, 10**400]
)
def test_what_cannot_be_an_energy_is_unknown(nonsense: Any) -> None:
    assert in_wh(unit(energies=[reported([7, nonsense, 0])]).energy) == (7, None, 0)


def test_measurements_that_cannot_be_are_unknown() -> None:
    found = unit(
        temperatures=[reported([21.5, 200.5, -100.5, -7.5], interval=QUARTER)],
        humidities=[reported([40, 101, -1, 100], interval=QUARTER)],
    )
    assert only(found.temperature) == (21.5, None, None, -7.5)
    assert only(found.humidity) == (40, None, None, 100)


def test_zeros_at_the_far_end_of_measurements_are_what_the_box_does_not_know() -> None:
    found = unit(
        energies=[reported([5, 0, 7, 0, 0])],
        temperatures=[reported([0, 24.0, 0, -1.5, 0, None, 0], interval=QUARTER)],
        humidities=[reported([0, 0], interval=QUARTER)],
    )
    assert in_wh(found.energy) == (5, 0, 7, 0, 0), "a plug may have been idle"
    assert only(found.temperature) == (0, 24.0, 0, -1.5, None, None, None)
    assert found.humidity == ()


@pytest.mark.parametrize("interval", [*NO_VALUES, 10, -900, 900.5, 10**400])
def test_series_of_unknown_intervals_are_left_out(interval: Any) -> None:
    assert unit(energies=[reported([1], interval=interval)]) == NOTHING


def test_a_unit_s_series_of_thousands_is_left_out() -> None:
    assert unit(energies=[reported([1] * 1001)]) == NOTHING


def test_of_two_series_with_one_interval_the_first_usable_counts() -> None:
    series = [reported([]), reported([5], state="unknown"), reported([1, 2]), reported([3, 4])]
    assert in_wh(unit(energies=series).energy) == (1, 2)


@pytest.mark.parametrize("nonsense", [*NO_VALUES, 7, 1.5])
def test_what_has_the_wrong_type_is_left_out(nonsense: Any) -> None:
    assert parse_unit_statistics(json.dumps({"statistics": nonsense})) == NOTHING
    assert unit(energies=nonsense, temperatures=[nonsense]) == NOTHING


@pytest.mark.parametrize("nonsense", [None, "", "1", 1, True, [], {}, {"0": 1}])
def test_a_series_without_a_list_of_values_is_left_out(nonsense: Any) -> None:
    assert unit(energies=[reported(nonsense)]) == NOTHING


def test_a_unit_without_statistics() -> None:
    assert parse_unit_statistics('{"UID": "14276 0735180-1", "unitType": "blind"}') == NOTHING


@pytest.mark.parametrize("text", ["", "<html></html>", "[]", "7", "null", "{", "[" * 200_000])
def test_what_is_no_json_object_is_malformed(text: str) -> None:
    with pytest.raises(MalformedAnswerError):
        parse_unit_statistics(text)


# Whatever comes


def assert_within_limits(found: DeviceStats) -> None:
    for kind, low, high, steps in (
        (found.energy, 0, math.inf, {QUARTER, SIX_HOURS, DAY, MONTH}),
        (found.temperature, -100, 200, {QUARTER}),
        (found.humidity, 0, 100, {QUARTER}),
    ):
        assert len({series.step for series in kind}) == len(kind)
        for series in kind:
            assert series.step in steps
            known = [value for value in series.values if value is not None]
            assert known
            assert all(math.isfinite(value) and low <= value <= high for value in known)
            assert series.at is None or series.at.tzinfo is UTC


NUMBERS = st.sampled_from(["0", "1", "-", "", "-5", "900", "86400", "2678400", "1774029600", "x"])
ATTRIBUTES = st.dictionaries(st.sampled_from(["count", "grid", "datatime"]), NUMBERS)


@st.composite
def aha_answers(draw: st.DrawFn) -> str:
    """Draw answers of the right shape with anything in them."""
    blocks = []
    for tag in draw(st.lists(st.sampled_from(["energy", "temperature", "humidity", "power", "a"]))):
        series = [
            f"<stats {' '.join(f'{key}="{value}"' for key, value in attributes.items())}>"
            f"{','.join(draw(st.lists(NUMBERS, max_size=4)))}</stats>"
            for attributes in draw(st.lists(ATTRIBUTES, max_size=3))
        ]
        blocks.append(f"<{tag}>{''.join(series)}</{tag}>")
    return f"<devicestats>{''.join(blocks)}</devicestats>"


@PATIENT
@given(aha_answers())
def test_any_xml_of_the_right_shape_is_read_within_limits(text: str) -> None:
    assert_within_limits(parse_basic_statistics(text))


@PATIENT
@given(st.text() | aha_answers().flatmap(lambda text: st.sampled_from([text[:-9], text * 2])))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_basic_statistics, parse_unit_statistics):
        try:
            assert_within_limits(parse(text))
        except MalformedAnswerError:
            continue


VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["valid", "outdated", "unknown", "", QUARTER, DAY])
)
SERIES = st.fixed_dictionaries(
    {},
    optional={
        "interval": VALUES | st.sampled_from([QUARTER, SIX_HOURS, DAY, MONTH]),
        "statisticsState": VALUES | st.just("valid") | st.lists(VALUES, max_size=1),
        "period": VALUES,
        "values": VALUES | st.lists(VALUES, max_size=5),
    },
)
ANYTHING = st.recursive(
    VALUES | SERIES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["statistics", "energies", "temperatures", "humidities", "x"]), inner
        )
    ),
    max_leaves=20,
)


@PATIENT
@given(
    st.fixed_dictionaries(
        {
            "energies": st.lists(SERIES, max_size=4) | ANYTHING,
            "temperatures": st.lists(SERIES, max_size=4) | ANYTHING,
            "humidities": st.lists(SERIES, max_size=4) | ANYTHING,
        }
    )
    | ANYTHING
)
@example({"energies": [reported([math.nan, 1e308, 10**400, 5])]})
@example({"energies": [reported([1], state=["valid"], interval=[900])]})
def test_any_json_is_read_within_limits(statistics: Any) -> None:
    assert_within_limits(parse_unit_statistics(json.dumps({"statistics": statistics})))


# What boxes send


def sent(path: Path) -> DeviceStats:
    return parse_basic_statistics(path.read_text(encoding="utf-8"))


def stored[T](ours: dict[str, T], real: dict[str, T]) -> dict[Path, T]:
    """Return what is expected of each file."""
    return there(
        {f"fritzbox/stats-{name}.xml": value for name, value in ours.items()},
        {f"fritzbox/stats-{name}.xml": value for name, value in real.items()},
    )


@pytest.mark.parametrize("path", files("fritzbox/stats-*.xml"), ids=name_of)
def test_statistics_of_boxes_are_read(path: Path) -> None:
    found = sent(path)
    assert_within_limits(found)
    # A meter has no thermometer.
    assert {series.step: len(series.values) for series in found.temperature} == (
        {} if path.stem == "stats-meter" else {QUARTER: 96}
    )
    assert {series.step: len(series.values) for series in found.energy} in (
        {},
        {DAY: 31, MONTH: 12},
    )


def by_step(series: tuple[Series, ...]) -> dict[int, Series]:
    return {one.step: one for one in series}


@pytest.mark.parametrize(
    ("path", "day_of_month"),
    stored(
        {"plug": 20, "plug-without-times": 20, "each-its-own-time": 18},
        {
            "dect200-datatime-2022-10-16": 16,
            "plug-fritzconnection-2023-02-27": 27,
            "avm-doc-v1.61-example": 28,
        },
    ).items(),
    ids=name_of,
)
def test_days_since_the_first_make_the_running_month(path: Path, day_of_month: int) -> None:
    energies = by_step(sent(path).energy)
    days = energies[DAY].values[:day_of_month]
    assert sum(value or 0 for value in days) == pytest.approx(energies[MONTH].values[0], abs=1)


@pytest.mark.parametrize(
    ("path", "temperature_at", "energies_at"),
    [
        (path, *times)
        for path, times in stored(
            {
                "each-its-own-time": (
                    datetime(2026, 1, 18, 16, 42, 7, tzinfo=UTC),
                    [
                        datetime(2026, 1, 18, 2, 0, 9, tzinfo=UTC),
                        datetime(2026, 1, 18, 2, 0, 7, tzinfo=UTC),
                    ],
                )
            },
            {
                "plug-fritzconnection-2023-02-27": (
                    datetime(2023, 2, 27, 13, 59, 16, tzinfo=UTC),
                    [
                        datetime(2023, 2, 27, 1, 0, 5, tzinfo=UTC),
                        datetime(2023, 2, 27, 1, 0, 4, tzinfo=UTC),
                    ],
                )
            },
        ).items()
    ],
    ids=name_of,
)
def test_each_series_has_its_own_time(
    path: Path, temperature_at: datetime, energies_at: list[datetime]
) -> None:
    found = sent(path)
    (temperature,) = found.temperature
    assert temperature.at == temperature_at
    assert [series.at for series in found.energy] == energies_at


@pytest.mark.parametrize(
    "path",
    stored({"plug-without-times": None}, {"plug-iobroker-old-no-datatime": None}),
    ids=name_of,
)
def test_old_boxes_report_no_time(path: Path) -> None:
    assert all(series.at is None for series in sent(path).energy)


@pytest.mark.parametrize(
    ("path", "newest"),
    stored({"mostly-missing": (20.0, 19.5)}, {"comet-mostly-missing": (22.0, 21.0)}).items(),
    ids=name_of,
)
def test_what_devices_do_not_know_yet(path: Path, newest: tuple[float, float]) -> None:
    (temperature,) = sent(path).temperature
    assert temperature.values == (*newest, *[None] * 94)


@pytest.mark.parametrize(
    ("path", "humidity", "unknown"),
    [
        (path, *rest)
        for path, rest in stored(
            {"switch-that-is-new": (44, 28)}, {"dect440-fos7.29-humidity": (41, 34)}
        ).items()
    ],
    ids=name_of,
)
def test_a_switch_stores_its_humidity(path: Path, humidity: float, unknown: int) -> None:
    (found,) = sent(path).humidity
    assert found.values[0] == humidity
    assert found.values.count(None) == unknown


@pytest.mark.parametrize(
    ("path", "counter"),
    there(
        {"fritzbox/rest-unit-meter-whole-counter.json": "20476278"},
        {"fritzbox/rest-energy250-unit-evcc-29529.json": "16153955"},
    ).items(),
    ids=name_of,
)
def test_a_meter_that_reports_its_whole_counter_is_not_accepted(path: Path, counter: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert counter in text
    assert parse_unit_statistics(text) == NOTHING
    accepted = parse_unit_statistics(text.replace('"unknown"', '"valid"'))
    assert {series.step for series in accepted.energy} == {QUARTER, SIX_HOURS, DAY, MONTH}


def test_a_unit_of_each_kind_reports_its_series() -> None:
    steps = {
        path.stem.removeprefix("rest-unit-"): tuple(
            len(series) for series in (found.energy, found.temperature, found.humidity)
        )
        for path in sorted((OURS / "fritzbox").glob("rest-unit-*.json"))
        if (found := parse_unit_statistics(path.read_text(encoding="utf-8")))
    }
    assert steps == {
        "meter": (4, 0, 0),
        "meter-whole-counter": (0, 0, 0),
        "plug": (4, 1, 0),
        "switch": (0, 1, 1),
        "thermostat": (0, 1, 0),
    }
