"""What may be added to the Energy dashboard."""

from collections.abc import Mapping
from typing import Any, Final

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.flows.energy_plan import (
    Connection,
    Consumer,
    Hours,
    Likeness,
    combined,
    compare,
    costs_to_add,
    doubled,
    energies_shown,
    hours_of,
    imports_shown,
    new_devices,
    new_sources,
    suggest,
    with_costs,
)

BOX: Final = Connection(
    name="Box", energy_import="s.box_in", energy_export="s.box_out", power="s.w"
)
READER: Final = Connection(name="Reader", energy_import="s.reader_in", power="s.reader_w")
EMPTY: Final[Mapping[str, Any]] = {"energy_sources": [], "device_consumption": []}
HOUR: Final = 3600


def preferences(*sources: dict[str, Any], devices: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return preferences with sources of the grid and individual devices."""
    return {
        "energy_sources": [{"type": "grid", **source} for source in sources],
        "device_consumption": [{"stat_consumption": item} for item in devices],
    }


def hours(*energies: float, since: int = 0) -> Hours:
    """Return the energies of consecutive hours."""
    return Hours(since=since, energies={n * HOUR: kwh for n, kwh in enumerate(energies)})


DAY: Final = hours(*([0.2] * 12 + [1.0] * 12))
SHIFTED: Final = hours(*([0.2] * 12 + [0.95, 1.05] * 6))
EVENING: Final = hours(*([1.0] * 12 + [0.2] * 12))


# Hours


def test_the_energy_of_an_hour_is_the_rise_since_the_hour_before() -> None:
    sums = [(0, 5.0), (HOUR, 5.5), (2 * HOUR, 7.0), (5 * HOUR, 9.0), (6 * HOUR, 9.25)]
    found = hours_of(sums, length=HOUR, recent=2 * HOUR)
    assert found == Hours(since=0, energies={2 * HOUR: 1.5, 6 * HOUR: 0.25})
    assert hours_of([], length=HOUR, recent=0) == Hours()


@pytest.mark.parametrize(
    ("other", "likeness"),
    [
        (DAY, Likeness.SAME),
        (SHIFTED, Likeness.SAME),
        (hours(*([0.0, 0.0, 0.0, 0.0, 1.0] * 2 + [0.0] * 2 + [1.0] * 12)), Likeness.SAME),
        (EVENING, Likeness.DIFFERENT),
        (hours(*([0.4] * 12 + [2.0] * 12)), Likeness.DIFFERENT),
        (hours(*([0.2] * 12)), Likeness.UNKNOWN),
        (Hours(), Likeness.UNKNOWN),
    ],
)
def test_meters_of_one_connection_agree_about_each_hour_or_about_the_total(
    other: Hours, likeness: Likeness
) -> None:
    assert compare(DAY, other) is likeness
    assert compare(other, DAY) is likeness


def test_two_connections_without_consumption_are_not_taken_for_one() -> None:
    assert compare(hours(*[0.002] * 500), hours(*[0.001] * 500)) is Likeness.UNKNOWN


# Suggestions


def test_of_two_meters_of_one_connection_the_one_with_history_is_suggested() -> None:
    found = {"s.reader_in": Hours(since=900, energies=DAY.energies), "s.box_in": SHIFTED}
    suggestion = suggest([READER, BOX], EMPTY, found)
    assert suggestion.connections == [BOX]
    [remark] = suggestion.remarks
    assert (remark.connection, remark.other) == (READER, "s.box_in")
    assert (remark.likeness, remark.is_shown) == (Likeness.SAME, False)


def test_what_cannot_be_compared_is_not_suggested_beside_another_one() -> None:
    suggestion = suggest([READER, BOX], EMPTY, {"s.box_in": DAY})
    assert suggestion.connections == [BOX]
    assert [remark.likeness for remark in suggestion.remarks] == [Likeness.UNKNOWN]


def test_a_second_connection_is_suggested_once_its_hours_differ() -> None:
    suggestion = suggest([READER, BOX], EMPTY, {"s.box_in": DAY, "s.reader_in": EVENING})
    assert len(suggestion.connections) == 2
    assert suggestion.remarks == []


def test_a_meter_beside_one_on_the_dashboard_is_not_suggested() -> None:
    shown = preferences({"stat_energy_from": "sensor.old"})
    suggestion = suggest([BOX], shown, {"s.box_in": DAY, "sensor.old": DAY})
    assert suggestion.connections == []
    assert [(remark.other, remark.is_shown) for remark in suggestion.remarks] == [
        ("sensor.old", True)
    ]


def test_a_meter_that_is_shown_in_part_is_neither_suggested_nor_remarked_upon() -> None:
    shown = preferences({"stat_energy_from": "s.box_in"})
    suggestion = suggest([BOX], shown, {})
    assert (suggestion.connections, suggestion.remarks) == ([], [])


def test_a_choice_must_not_count_a_connection_twice() -> None:
    found = {"s.box_in": DAY, "s.reader_in": DAY, "sensor.old": DAY}
    assert doubled([BOX, READER], EMPTY, found)
    assert doubled([BOX], preferences({"stat_energy_from": "sensor.old"}), found)
    assert not doubled([BOX], preferences({"stat_energy_from": "s.box_in"}), found)
    assert not doubled([BOX, READER], EMPTY, {"s.box_in": DAY, "s.reader_in": EVENING})


# Additions


def test_counters_are_found_whatever_they_are_shown_as() -> None:
    shown = {
        "energy_sources": [
            {"type": "solar", "stat_energy_from": "s.solar", "stat_rate": "s.rate"},
            {"type": "grid", "flow_from": [{"stat_energy_from": "s.legacy"}]},
            {"type": "grid", "stat_energy_from": None, "stat_energy_to": "s.out", "name": "s.n"},
        ],
        "device_consumption": [{"stat_consumption": "s.plug", "included_in_stat": "s.all"}],
    }
    assert energies_shown(shown) == {"s.solar", "s.legacy", "s.out", "s.plug"}
    assert imports_shown(shown) == []


def test_a_connection_becomes_one_source_with_its_power() -> None:
    assert new_sources([BOX, READER], EMPTY) == [
        {
            "type": "grid",
            "stat_energy_from": "s.box_in",
            "stat_energy_to": "s.box_out",
            "stat_rate": "s.w",
            "cost_adjustment_day": 0.0,
        },
        {
            "type": "grid",
            "stat_energy_from": "s.reader_in",
            "stat_energy_to": None,
            "stat_rate": "s.reader_w",
            "cost_adjustment_day": 0.0,
        },
    ]


def test_a_missing_direction_becomes_a_source_of_its_own_without_a_power_that_is_shown() -> None:
    shown = preferences({"stat_energy_from": "s.box_in", "power_config": {"stat_rate": "s.w"}})
    assert new_sources([BOX], shown) == [
        {
            "type": "grid",
            "stat_energy_from": None,
            "stat_energy_to": "s.box_out",
            "cost_adjustment_day": 0.0,
        }
    ]


def test_a_plug_that_measures_solar_panels_on_the_dashboard_is_no_device() -> None:
    plugs = [
        Consumer(name="Fridge", energy="s.fridge", power="s.fridge_w"),
        Consumer(name="Roof", energy="s.roof"),
        Consumer(name="TV", energy="s.tv"),
    ]
    shown = {
        "energy_sources": [{"type": "solar", "stat_energy_from": "s.roof"}],
        "device_consumption": [],
    }
    assert new_devices(plugs, shown) == [
        {"stat_consumption": "s.fridge", "stat_rate": "s.fridge_w"},
        {"stat_consumption": "s.tv"},
    ]


@given(st.sets(st.sampled_from(["s.box_in", "s.box_out", "s.reader_in"])))
def test_adding_twice_is_adding_once(shown: set[str]) -> None:
    before = preferences(*({"stat_energy_from": item} for item in sorted(shown)))
    added = new_sources([BOX, READER], before)
    after = preferences(*before["energy_sources"], *added)
    assert new_sources([BOX, READER], after) == []
    assert energies_shown(after) == {"s.box_in", "s.box_out", "s.reader_in"}


# Costs


PRICED: Final = Connection(
    name="Meter",
    energy_import="sensor.in",
    energy_export="sensor.out",
    cost="py_hab:cost_in",
    compensation="py_hab:cost_out",
)


def source(**values: Any) -> dict[str, Any]:
    """Return a source of the grid as the dashboard stores it."""
    keys = ("stat_energy_from", "stat_energy_to", "stat_cost", "number_energy_price")
    return {"type": "grid", **dict.fromkeys(keys), **values}


def test_what_is_added_brings_its_costs_along() -> None:
    [added] = new_sources([PRICED], {"energy_sources": [], "device_consumption": []})
    assert (added["stat_cost"], added["stat_compensation"]) == ("py_hab:cost_in", "py_hab:cost_out")
    shown = {"energy_sources": [source(stat_energy_from="sensor.in")], "device_consumption": []}
    [export] = new_sources([PRICED], shown)
    assert export["stat_compensation"] == "py_hab:cost_out"
    assert "stat_cost" not in export


def test_costs_are_added_to_what_is_shown_without_a_price_and_only_there() -> None:
    sources = [
        source(stat_energy_from="sensor.in", stat_energy_to="sensor.out"),
        source(stat_energy_from="sensor.other"),
        {"type": "solar", "stat_energy_from": "sensor.in"},
    ]
    found = costs_to_add([PRICED], {"energy_sources": sources})
    assert found == {"sensor.in": "py_hab:cost_in", "sensor.out": "py_hab:cost_out"}
    changed = with_costs(sources, found)
    assert changed[0] == sources[0] | {
        "stat_cost": "py_hab:cost_in",
        "stat_compensation": "py_hab:cost_out",
    }
    assert changed[1:] == sources[1:]
    assert costs_to_add([PRICED], {"energy_sources": changed}) == {}


@pytest.mark.parametrize(
    "own",
    [{"number_energy_price": 0.3}, {"entity_energy_price": "sensor.p"}, {"stat_cost": "sensor.c"}],
)
def test_a_price_of_the_user_stays(own: dict[str, Any]) -> None:
    shown = [source(stat_energy_from="sensor.in", **own)]
    assert costs_to_add([PRICED], {"energy_sources": shown}) == {}


# Tariffs


TARIFFS: Final = Connection(
    name="Two tariffs",
    energy_import="s.high",
    energy_export="s.out",
    power="s.w",
    cost="c.high",
    tariffs={"s.low": "c.low", "s.free": None},
)


def test_each_tariff_is_a_source_of_its_own_with_its_costs() -> None:
    assert TARIFFS.energies == ["s.high", "s.low", "s.free", "s.out"]
    first, *others = new_sources([TARIFFS], EMPTY)
    assert first == {
        "type": "grid",
        "stat_energy_from": "s.high",
        "stat_energy_to": "s.out",
        "stat_cost": "c.high",
        "stat_rate": "s.w",
        "cost_adjustment_day": 0.0,
    }
    tariff = {"type": "grid", "stat_energy_to": None, "cost_adjustment_day": 0.0}
    low, free = tariff | {"stat_energy_from": "s.low"}, tariff | {"stat_energy_from": "s.free"}
    assert others == [low | {"stat_cost": "c.low"}, free]
    # What is shown already stays as it is, and its costs can be added.
    shown = preferences({"stat_energy_from": "s.high"}, {"stat_energy_to": "s.out"})
    assert new_sources([TARIFFS], shown) == [low | {"stat_cost": "c.low", "stat_rate": "s.w"}, free]
    assert costs_to_add([TARIFFS], preferences(low)) == {"s.low": "c.low"}


def test_tariffs_together_are_compared_with_another_meter_of_the_connection() -> None:
    high, low = hours(*([1.0] * 12 + [0.0] * 12)), hours(*([0.0] * 12 + [0.8] * 12), since=7)
    assert combined([high, low]) == hours(*([1.0] * 12 + [0.8] * 12), since=7)
    assert combined([high, Hours()]) == Hours(since=0)
    assert combined([Hours()]) == Hours()
    total = hours(*([1.01] * 12 + [0.79] * 12))
    assert compare(combined([high, low]), total) is Likeness.SAME
    assert compare(high, total) is Likeness.DIFFERENT
