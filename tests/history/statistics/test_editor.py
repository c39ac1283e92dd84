"""The statistics editor, on a real recorder."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.history.planning.backfill import InsertPlan, insertion
from custom_components.py_hab.history.planning.change import (
    AdjustSum,
    Change,
    ChangeReason,
    StatisticRows,
)
from custom_components.py_hab.history.planning.difference import Values
from custom_components.py_hab.history.planning.rows import HOUR, MeanRow, SumRow, full_hour
from custom_components.py_hab.history.statistics import editor as statistics
from custom_components.py_hab.history.statistics.editor import StatisticsEditor
from custom_components.py_hab.history.statistics.gateway import Statistic, new_metadata
from custom_components.py_hab.history.statistics.journal import SET_ASIDE_ISSUE, ChangeJournal
from custom_components.py_hab.history.statistics.journaled_change import JournaledChange
from custom_components.py_hab.history.statistics.transaction import StatisticTables
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import (
    async_add_external_statistics,
    async_import_statistics,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.recorder import session_scope
from tests.support.changing import adjust, this_hour, write
from tests.support.living import ENERGY, METER, T0, changes, live, recorded, rows

STATISTIC = Statistic(id=METER, unit="kWh", has_sum=True, entry_id="entry")
FIRST = int(T0.timestamp())
CONTROL: Final = "sensor.control"
"""Lives as the meter does, and is never touched."""
TWIN: Final = "sensor.twin"
"""Is changed as the meter is, but nothing ever goes wrong with it."""


@pytest.fixture
async def get_editor(just_started: None, hass: HomeAssistant) -> StatisticsEditor:
    """The editor, in a Home Assistant that has just started."""
    return await reopened(hass)


async def reopened(hass: HomeAssistant) -> StatisticsEditor:
    """The editor after a restart: it knows what the stored journal says."""
    journal = ChangeJournal(hass)
    await journal.async_load()
    return StatisticsEditor(hass, journal)


def history(hours: int) -> list[SumRow]:
    """The hours before T0, of 1 kWh each, up to a reading of 500."""
    return [
        SumRow(FIRST - HOUR * back, 500.0 - back + 1, float(hours - back + 1))
        for back in range(hours, 0, -1)
    ]


def plain(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows whose sums can be compared: adding and taking off leaves the last bit to chance."""
    return [
        {key: round(value, 9) if isinstance(value, float) else value for key, value in row.items()}
        for row in found
    ]


async def backfill(
    editor: StatisticsEditor, statistic: Statistic, hours: Sequence[SumRow]
) -> Change:
    """Write hours before all others, whose sums then continue theirs."""
    plan = InsertPlan(rows=list(hours), sum_boundary=hours[-1].start + HOUR)
    return await editor.async_change(
        statistic, lambda rows: insertion(plan, rows, ChangeReason.BACKFILL)
    )


async def stored_values(hass: HomeAssistant, statistic_id: str, start: int) -> Values:
    """Return an hourly row as the database has it."""

    def read() -> Values:
        with session_scope(hass=hass, read_only=True) as session:
            return StatisticTables(hass, session, statistic_id).read().hourly[start]

    found = await get_instance(hass).async_add_executor_job(read)
    return {name: value for name, value in found.items() if name != "created_ts"}


async def together(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    start: datetime,
    values: Iterable[float | str | None],
    entities: Sequence[str] = (METER, CONTROL),
    **attributes: Any,
) -> datetime:
    """Let several entities live the same values, five minutes each."""
    for value in values:
        freezer.move_to(start + timedelta(seconds=1))
        for entity_id in entities[1:]:
            # A period of its own would be compiled only once: its state is there, that is all.
            await shown(hass, entity_id, value, **attributes)
        start = await live(hass, freezer, start, [value], entities[0], **attributes)
    return start


async def shown(hass: HomeAssistant, entity_id: str, value: Any, **attributes: Any) -> None:
    if value is not None:
        hass.states.async_set(entity_id, str(value), ENERGY | attributes)


async def assert_same(hass: HomeAssistant, one: str, other: str) -> None:
    """Whether two statistics cannot be told apart, but for the last bits of their floats."""
    for period in ("hour", "5minute"):
        found, expected = await rows(hass, one, period), await rows(hass, other, period)
        assert [row["start"] for row in found] == [row["start"] for row in expected]
        for row, control in zip(found, expected, strict=True):
            assert row == pytest.approx(control, abs=1e-6), period


class DiedError(Exception):
    """The process is gone."""


async def test_imported_hours_meet_live_ones(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    end = await live(hass, freezer, T0, [500.0 + 0.1 * index for index in range(24)])
    before = plain(await rows(hass)), plain(await rows(hass, period="5minute"))
    await write(get_editor, STATISTIC, history(4), ChangeReason.BACKFILL)
    await adjust(get_editor, STATISTIC, FIRST, 4.0, ChangeReason.BACKFILL)
    await live(hass, freezer, end, [502.4 + 0.1 * index for index in range(12)])
    assert list((await changes(hass)).values()) == [1.0, 1.0, 1.0, 1.0, 1.1, 1.2, 1.2]
    await get_editor.async_undo(STATISTIC)
    after = plain(await rows(hass)), plain(await rows(hass, period="5minute"))
    assert after[0][:2] == before[0]
    assert after[1][:24] == before[1]
    assert len(after[0]) == 3
    assert get_editor.journal.changes_of(METER).is_clean


async def test_rows_that_were_there_come_back(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await live(hass, freezer, T0, [500.0 + 0.1 * index for index in range(36)])
    before = plain(await rows(hass))
    await adjust(get_editor, STATISTIC, FIRST + HOUR, 2.5, ChangeReason.REPLACEMENT)
    replaced = [SumRow(FIRST, 500.5, 0.5), SumRow(FIRST + HOUR, 501.0, 1.0)]
    await write(get_editor, STATISTIC, replaced, ChangeReason.OUTAGE)
    await write(get_editor, STATISTIC, replaced, ChangeReason.OUTAGE)
    await adjust(get_editor, STATISTIC, FIRST, -0.25, ChangeReason.SPIKE)
    await get_editor.async_undo(STATISTIC)
    assert plain(await rows(hass)) == before


async def test_what_the_user_has_adjusted_since_stays(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    async def user_adjusts(start: datetime, kwh: float) -> None:
        get_instance(hass).async_adjust_statistics(METER, start, kwh, "kWh")
        await recorded(hass)

    await live(hass, freezer, T0, [500.0 + 0.1 * index for index in range(48)])
    before = list((await changes(hass)).values())
    await write(get_editor, STATISTIC, [SumRow(FIRST + HOUR, 501.7, 1.7)], ChangeReason.OUTAGE)
    await user_adjusts(T0, 100.0)
    await adjust(get_editor, STATISTIC, FIRST + HOUR, 3.0, ChangeReason.REPLACEMENT)
    again = [SumRow(FIRST + HOUR, 501.5, 104.5), SumRow(FIRST + 2 * HOUR, 502.9, 105.9)]
    await write(get_editor, STATISTIC, again, ChangeReason.OUTAGE)
    await user_adjusts(T0 + timedelta(hours=2), -10.0)
    hours = list((await changes(hass)).values())
    assert hours == pytest.approx([101.1, 3.4, -8.6, 1.8])
    reopen = await reopened(hass)
    await reopen.async_undo(STATISTIC)
    hours = list((await changes(hass)).values())
    assert hours == pytest.approx([before[0] + 100.0, before[1], before[2] - 10.0, before[3]])


async def test_means_come_and_go(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    statistic = Statistic(id="sensor.bath", unit="°C", has_sum=False)
    await write(
        get_editor, statistic, [MeanRow(FIRST - 2 * HOUR, 21.0, 20.0, 22.0)], ChangeReason.BACKFILL
    )
    assert [row["mean"] for row in await rows(hass, "sensor.bath")] == [21.0]
    await get_editor.async_undo(statistic)
    assert await rows(hass, "sensor.bath") == []


# Any order, and back


class Life:
    """A random life of three entities, two of which are changed all the time."""

    def __init__(
        self,
        hass: HomeAssistant,
        freezer: FrozenDateTimeFactory,
        patch: pytest.MonkeyPatch,
        seed: int,
        unit: str,
    ) -> None:
        self.hass = hass
        self.freezer = freezer
        self.patch = patch
        self.random = Random(seed)
        self.unit = unit
        self.factor = {"kWh": 1.0, "Wh": 1000.0, "MWh": 0.001}[unit]
        self.now = T0
        self.reading = 500.0
        self.silent = 0

    @property
    def both(self) -> list[Statistic]:
        return [Statistic(id=name, unit="kWh", has_sum=True) for name in (METER, TWIN)]

    async def live(self, periods: int) -> None:
        """Count on, fall silent for some time, or begin anew."""
        values: list[float | str] = []
        for _ in range(periods):
            chance = self.random.random()
            if chance < 0.04:
                self.silent = self.random.randint(2, 20)
            elif chance < 0.06:
                self.reading = self.random.uniform(0.0, 2.0)
            self.silent -= 1
            self.reading += self.random.uniform(0.0, 0.2)
            values.append("unavailable" if self.silent > 0 else self.reading * self.factor)
        self.now = await together(
            self.hass,
            self.freezer,
            self.now,
            values,
            (METER, CONTROL, TWIN),
            unit_of_measurement=self.unit,
        )

    def hours(self, get_editor: StatisticsEditor) -> list[SumRow]:
        """Some hours from before the life's beginning to now, one after the other."""
        until = (this_hour() - FIRST) // HOUR
        first = self.random.randint(-6, until - 1)
        count = self.random.randint(1, until - first)
        total = self.random.uniform(0.0, 10.0)
        return [
            SumRow(FIRST + HOUR * (first + number), 490.0 + number, total + number)
            for number in range(count)
            if self.random.random() < 0.8
        ]

    def change(
        self, get_editor: StatisticsEditor
    ) -> Callable[[StatisticsEditor, Statistic], Awaitable[None]]:
        """Return one change, the same for whoever it is done to."""
        kind = self.random.choice(["write", "write", "shift", "shift", "join", "undo"])
        written = self.hours(get_editor)
        moment = int(self.now.timestamp()) - 300 * self.random.randint(1, 40)
        aim = self.random.uniform(-5.0, 5.0)
        head = [SumRow(FIRST - HOUR * (5 - hour), 490.0 + hour, hour) for hour in range(5)]

        def plan(rows: StatisticRows) -> Change:
            later = [row for row in rows.hourly if row.start >= full_hour(moment)]
            later += [row for row in rows.short_term if row.start >= moment]
            amount = aim - later[0].sum if later else aim
            return [AdjustSum(moment, amount, ChangeReason.SPIKE)]

        async def change(editor: StatisticsEditor, statistic: Statistic) -> None:
            match kind:
                case "write":
                    await write(editor, statistic, written, ChangeReason.OUTAGE)
                case "shift":
                    await editor.async_change(statistic, plan)
                case "join":
                    await backfill(editor, statistic, head)
                case _:
                    await editor.async_undo(statistic)

        return change


CRASHES: Final = ("before the journal", "in the transaction", "after the commit", "nowhere")


def die(patch: pytest.MonkeyPatch, where: str) -> None:
    """Let the process die when it gets somewhere."""
    perform = StatisticTables.perform

    def performing(tables: StatisticTables, operations: Any, new: Any) -> None:
        perform(tables, list(operations)[:1], new)
        raise DiedError

    def dying(*_: Any, **__: Any) -> None:
        raise DiedError

    match where:
        case "before the journal":
            patch.setattr(JournaledChange, "_save_ahead", dying)
        case "in the transaction":
            patch.setattr(StatisticTables, "perform", performing)
        case "after the commit":
            patch.setattr(JournaledChange, "_async_confirm", lambda *_: False)


@pytest.mark.parametrize(("seed", "unit"), [(1, "kWh"), (2, "kWh"), (3, "Wh"), (4, "MWh")])
async def test_whatever_is_done_is_undone(
    get_editor: StatisticsEditor,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    unit: str,
) -> None:
    life = Life(hass, freezer, monkeypatch, seed, unit)
    await life.live(26)
    for _ in range(10):
        change = life.change(get_editor)
        meter, twin = life.both
        with monkeypatch.context() as patch:
            where = life.random.choice(CRASHES) if life.random.random() < 0.6 else "nowhere"
            die(patch, where)
            try:
                await change(get_editor, meter)
            except DiedError:
                where = "after the commit"
            if where == "after the commit":
                patch.undo()
                get_editor = await reopened(hass)
                await change(get_editor, meter)
        await change(get_editor, twin)
        get_editor = await reopened(hass)
        await assert_same(hass, METER, TWIN)
        await life.live(life.random.randint(1, 8))
        await assert_same(hass, METER, TWIN)
    for statistic in life.both:
        await get_editor.async_undo(statistic)
        assert get_editor.journal.changes_of(statistic.id).is_clean
        await assert_same(hass, statistic.id, CONTROL)
    await life.live(13)
    await assert_same(hass, METER, CONTROL)


# Once, and over restarts


async def test_nothing_to_write_or_to_shift_leaves_no_trace(get_editor: StatisticsEditor) -> None:
    await write(get_editor, STATISTIC, [], ChangeReason.BACKFILL)
    await adjust(get_editor, STATISTIC, FIRST, 0.0, ChangeReason.SPIKE)
    await adjust(get_editor, STATISTIC, FIRST, 5.0, ChangeReason.SPIKE)
    await get_editor.async_undo(STATISTIC)
    assert get_editor.journal.changes_of(METER).is_clean
    assert get_editor.journal.changes_of(METER).events == []


async def test_a_shift_that_live_sums_do_not_hold_is_undone_without_them(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    values = [500.0 + 0.1 * index for index in range(6)]
    end = await together(hass, freezer, T0, [*values, *["unavailable"] * 8])
    # Behind the last five-minute row: the next one goes on from there.
    await adjust(get_editor, STATISTIC, FIRST + 2400, 3.0, ChangeReason.SPIKE)
    await adjust(get_editor, STATISTIC, FIRST + 2700, 1.0, ChangeReason.SPIKE)
    assert [row["sum"] for row in await rows(hass)] == pytest.approx([4.5])
    await get_editor.async_undo(STATISTIC)
    await assert_same(hass, METER, CONTROL)
    await adjust(get_editor, STATISTIC, FIRST + 2400, 3.0, ChangeReason.SPIKE)
    await together(hass, freezer, end, [501.0] * 12)
    await adjust(get_editor, STATISTIC, FIRST, 2.0, ChangeReason.SPIKE)
    await get_editor.async_undo(STATISTIC)
    await assert_same(hass, METER, CONTROL)


async def test_sums_that_began_anew_do_not_hold_earlier_shifts(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    end = await together(hass, freezer, T0, [500.0 + 0.1 * index for index in range(12)])
    await backfill(get_editor, STATISTIC, history(3))
    await together(hass, freezer, end, ["unavailable"])
    # So long that the five-minute rows are gone: Home Assistant begins with 0.
    end += timedelta(days=12)
    freezer.move_to(end)
    await hass.services.async_call("recorder", "purge", {"keep_days": 1}, blocking=True)
    await recorded(hass)
    assert await rows(hass, period="5minute") == []
    start = int(end.timestamp())
    await together(hass, freezer, end, [510.0 + 0.1 * index for index in range(13)])
    assert [row["sum"] for row in await rows(hass)][-1] == pytest.approx(1.1)
    await adjust(get_editor, STATISTIC, start, 12.0, ChangeReason.SILENCE)
    await get_editor.async_undo(STATISTIC)
    await assert_same(hass, METER, CONTROL)


async def test_live_sums_continue_hours_that_were_there_before_them(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(T0 + timedelta(minutes=2))
    await backfill(get_editor, STATISTIC, history(4))
    get_editor = await reopened(hass)
    await live(hass, freezer, T0, [500.0 + 0.1 * index for index in range(12)])
    assert list((await changes(hass)).values()) == pytest.approx([1.0, 1.0, 1.0, 1.0, 1.1])
    await get_editor.async_undo(STATISTIC)
    short = await rows(hass, period="5minute")
    # As Home Assistant alone: it begins with 0 at the first value that it sees.
    assert [row["sum"] for row in short[1:]] == pytest.approx([0.1 * index for index in range(12)])
    assert short[1]["sum"] == 0.0
    assert [row["sum"] for row in await rows(hass)] == pytest.approx([1.1])


# To the last bit


def exact(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(row["start"], row["state"], row["sum"]) for row in found]


async def test_rows_that_were_there_come_back_to_the_last_bit(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    end = await live(hass, freezer, T0, [500.0 + 0.137 * index for index in range(60)])
    before = exact(await rows(hass)), exact(await rows(hass, period="5minute"))
    for amount in (71.952, -3.3, 0.1):
        await adjust(get_editor, STATISTIC, FIRST + 600, amount)
        get_editor = await reopened(hass)
    await backfill(get_editor, STATISTIC, history(5))
    await write(get_editor, STATISTIC, [SumRow(FIRST + HOUR, 501.7, 80.0)], ChangeReason.OUTAGE)
    await live(hass, freezer, end, [510.0] * 12)
    await get_editor.async_undo(STATISTIC)
    hours, periods = exact(await rows(hass)), exact(await rows(hass, period="5minute"))
    assert (hours[: len(before[0])], periods[: len(before[1])]) == before
    assert len(hours) == len(before[0]) + 1


async def test_what_others_have_imported_over_our_hours_stays(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await live(hass, freezer, T0, [500.0 + 0.1 * index for index in range(24)])
    await backfill(get_editor, STATISTIC, history(4))
    theirs = StatisticData(start=T0 - timedelta(hours=2), state=7.0, sum=1.25)
    async_import_statistics(hass, new_metadata(STATISTIC), [theirs])
    await recorded(hass)
    await get_editor.async_undo(STATISTIC)
    found = await rows(hass)
    assert (found[0]["start"], found[0]["state"]) == (FIRST - 2 * HOUR, 7.0)
    assert len(found) == 3


async def test_a_user_s_new_unit_changes_nothing_of_what_is_ours(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await together(hass, freezer, T0, [500.0 + 0.137 * index for index in range(24)])
    await backfill(get_editor, STATISTIC, history(4))
    await write(get_editor, STATISTIC, [SumRow(FIRST, 500.5, 4.5)], ChangeReason.OUTAGE)
    for name in (METER, CONTROL):
        get_instance(hass).async_change_statistics_unit(
            name, new_unit_of_measurement="Wh", old_unit_of_measurement="kWh"
        )
    await recorded(hass)
    await backfill(get_editor, STATISTIC, history(6))
    assert len(await rows(hass)) == 8
    await get_editor.async_undo(STATISTIC)
    await assert_same(hass, METER, CONTROL)


# Units


@pytest.mark.parametrize(("unit", "factor"), [("Wh", 1000.0), ("MWh", 0.001)])
async def test_energy_is_stored_in_the_unit_of_the_user(
    get_editor: StatisticsEditor,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    unit: str,
    factor: float,
) -> None:
    values = [(500.0 + 0.1 * index) * factor for index in range(24)]
    await together(hass, freezer, T0, values, unit_of_measurement=unit)
    await backfill(get_editor, STATISTIC, history(3))
    expected = [hour * factor for hour in (1.0, 1.0, 1.0, 1.1, 1.2)]
    assert list((await changes(hass)).values()) == pytest.approx(expected, abs=1e-6)
    assert (await get_editor.async_statistic(METER)).unit == "kWh"
    assert await get_editor.async_is_energy(METER)
    await get_editor.async_undo(STATISTIC)
    await assert_same(hass, METER, CONTROL)


async def test_means_are_stored_in_the_unit_of_the_user(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    cases = {
        "sensor.fahrenheit": ("temperature", "°F", "°C", 68.0, 21.0, 69.8),
        "sensor.celsius": ("temperature", "°C", "°C", 20.0, 21.0, 21.0),
        "sensor.humidity": ("humidity", "%", "%", 55.0, 60.0, 60.0),
        "sensor.watts": ("power", "W", "W", 100.0, 150.0, 150.0),
        "sensor.kilowatts": ("power", "kW", "W", 0.1, 150.0, 0.15),
        "sensor.voltage": ("voltage", "mV", "V", 230000.0, 231.0, 231000.0),
        "sensor.light": ("illuminance", "lx", "lx", 10.0, 11.0, 11.0),
    }
    start = T0
    for _ in range(24):
        freezer.move_to(start + timedelta(seconds=1))
        for name, (device_class, shown_in, _, live_mean, _, _) in cases.items():
            about = {
                "unit_of_measurement": shown_in,
                "device_class": device_class,
                "state_class": "measurement",
            }
            await shown(hass, name, live_mean, **about)
            await shown(hass, f"{name}_control", live_mean, **about)
        start = await live(hass, freezer, start, [500.0])
    for name, (_, _, reckoned_in, live_mean, written, read) in cases.items():
        statistic = await get_editor.async_statistic(name)
        assert (statistic.unit, statistic.has_sum) == (reckoned_in, False), name
        assert not await get_editor.async_is_energy(name)
        new = [
            MeanRow(FIRST - HOUR, written, written - 1, written + 1),
            MeanRow(FIRST, written, written, written),
        ]
        await write(get_editor, statistic, new, ChangeReason.IMPORT)
        means = [row["mean"] for row in await rows(hass, name)]
        assert means == pytest.approx([read, read, live_mean]), name
        await get_editor.async_undo(statistic)
        await assert_same(hass, name, f"{name}_control")


async def test_a_counter_of_its_own_cycles_gets_their_beginnings_back(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    about = {"state_class": "total", "last_reset": T0.isoformat()}
    await together(hass, freezer, T0, [5.0] * 14, **about)
    await write(get_editor, STATISTIC, [SumRow(FIRST, 1.0, 1.0)], ChangeReason.OUTAGE)
    await get_editor.async_undo(STATISTIC)
    found = [await stored_values(hass, name, FIRST) for name in (METER, CONTROL)]
    assert found[0] == found[1]
    assert found[0]["last_reset_ts"] == T0.timestamp()


# Statistics without an entity


def foreign(hours: int, *, states: bool = True) -> list[StatisticData]:
    found: list[StatisticData] = []
    for hour in range(hours):
        row = StatisticData(start=T0 + timedelta(hours=hour), sum=float(hour))
        if states:
            row["state"] = float(hour)
        found.append(row)
    return found


async def test_statistics_of_our_own_are_cleared(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    statistic = Statistic(id="py_hab:old", unit="kWh", has_sum=True, name="Old meter", entry_id="e")
    await live(hass, freezer, T0, [500.0] * 12)
    # Nobody compiles them: the running hour does no harm.
    running = SumRow(FIRST + HOUR, 500.0, 5.0)
    await write(get_editor, statistic, [*history(3), running], ChangeReason.IMPORT)
    await write(get_editor, statistic, history(2), ChangeReason.IMPORT)
    assert len(await rows(hass, statistic.id)) == 4
    assert get_editor.journal.changes_of(statistic.id).done.replaced == {}
    assert (await get_editor.async_statistic(statistic.id)).name == "Old meter"
    await get_editor.async_undo(await get_editor.async_statistic(statistic.id))
    assert await rows(hass, statistic.id) == []
    assert (await get_editor.async_statistic(statistic.id)).unit == ""
    assert len(await rows(hass)) == 1


@pytest.mark.parametrize("states", [True, False])
async def test_statistics_of_others_are_repaired_and_not_cleared(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory, states: bool
) -> None:
    freezer.move_to(T0 + timedelta(hours=10))
    other = Statistic(id="tibber:home", unit="kWh", has_sum=True)
    metadata = new_metadata(other)
    metadata["source"] = "tibber"
    async_add_external_statistics(hass, metadata, foreign(6, states=states))
    await recorded(hass)
    before = await rows(hass, other.id)
    statistic = await get_editor.async_statistic(other.id)
    assert (statistic.unit, statistic.entry_id) == ("kWh", None)
    await adjust(get_editor, statistic, FIRST + 2 * HOUR, -0.5, ChangeReason.SPIKE)
    assert [row["sum"] for row in await rows(hass, other.id)] == [0.0, 1.0, 1.5, 2.5, 3.5, 4.5]
    replaced = [SumRow(FIRST + 3 * HOUR, 2.25, 2.25), SumRow(FIRST + 7 * HOUR, 9.0, 9.0)]
    await write(get_editor, statistic, replaced, ChangeReason.IMPORT)
    await get_editor.async_undo(statistic)
    assert await rows(hass, other.id) == before


async def test_a_unit_without_a_class_is_left_alone(
    get_editor: StatisticsEditor, hass: HomeAssistant
) -> None:
    other = Statistic(id="tibber:home", unit="Wh", has_sum=True)
    metadata = new_metadata(other)
    assert metadata["unit_class"] is None
    metadata["source"] = "tibber"
    async_add_external_statistics(hass, metadata, foreign(3))
    await recorded(hass)
    statistic = await get_editor.async_statistic(other.id)
    assert statistic.unit == "Wh"
    assert not await get_editor.async_is_energy(other.id)
    await adjust(get_editor, statistic, FIRST + HOUR, 1.0, ChangeReason.SPIKE)
    assert [row["sum"] for row in await rows(hass, other.id)] == [0.0, 2.0, 3.0]


# What goes wrong


async def test_after_somebody_cleared_the_statistic_nothing_is_undone(
    get_editor: StatisticsEditor,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    end = await live(hass, freezer, T0, [500.0 + 0.1 * index for index in range(24)])
    await backfill(get_editor, STATISTIC, history(3))
    await write(get_editor, STATISTIC, [SumRow(FIRST, 501.0, 4.0)], ChangeReason.OUTAGE)
    get_instance(hass).async_clear_statistics([METER])
    await recorded(hass)
    await live(hass, freezer, end, [503.0 + 0.1 * index for index in range(14)])
    before = await rows(hass), await rows(hass, period="5minute")
    await get_editor.async_undo(STATISTIC)
    assert (await rows(hass), await rows(hass, period="5minute")) == before
    assert f"The changes of {METER} are not in the database any more" in caplog.text
    assert ir.async_get(hass).async_get_issue(DOMAIN, SET_ASIDE_ISSUE)


async def test_a_statistic_that_was_cleared_in_its_first_hour_is_known_by_what_is_missing(
    get_editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(T0 + timedelta(minutes=2))
    await backfill(get_editor, STATISTIC, history(3))
    end = await live(hass, freezer, T0, [500.0, 500.1, 500.2])
    get_instance(hass).async_clear_statistics([METER])
    await recorded(hass)
    await live(hass, freezer, end, [500.3 + 0.1 * index for index in range(12)])
    before = await rows(hass), await rows(hass, period="5minute")
    await get_editor.async_undo(STATISTIC)
    assert (await rows(hass), await rows(hass, period="5minute")) == before


async def test_there_is_one_editor_for_each_home(
    recorder_mock: Recorder, hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    await statistics.async_setup_editor(hass)
    assert statistics.get_editor(hass) is statistics.get_editor(hass)
