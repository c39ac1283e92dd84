"""The editor of the statistics, on a real recorder."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from random import Random
import threading
from typing import Any, Final, override

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.history.planning.rows import HOUR, MeanRow, SumRow
from custom_components.py_hab.history.statistics import editor as statistics, gateway
from custom_components.py_hab.history.statistics.editor import StatisticsEditor
from custom_components.py_hab.history.statistics.gateway import Statistic, new_metadata
from custom_components.py_hab.history.statistics.journal import ChangeJournal, ChangeReason
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.models import StatisticData
from homeassistant.components.recorder.statistics import async_add_external_statistics
from homeassistant.components.recorder.tasks import RecorderTask, StatisticsTask
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from tests.support.living import ENERGY, METER, SHORT_TERM, T0, changes, live, recorded, rows

STATISTIC = Statistic(id=METER, unit="kWh", has_sum=True, entry_id="entry")
FIRST = int(T0.timestamp())
CONTROL: Final = "sensor.control"
"""Lives as the meter does, and is never touched."""
TWIN: Final = "sensor.twin"
"""Is changed as the meter is, but nothing ever goes wrong with it."""


@pytest.fixture
async def editor(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
) -> StatisticsEditor:
    """The editor, in a Home Assistant that has just started."""
    freezer.move_to(T0 - timedelta(minutes=1))
    assert await async_setup_component(hass, "sensor", {})
    await recorded(hass)
    return await reopened(hass)


async def reopened(hass: HomeAssistant) -> StatisticsEditor:
    """The editor after a restart: it knows what the stored journal contains."""
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
    """Whether two statistics cannot be distinguished, but for the last bits of their floats."""
    for period in ("hour", "5minute"):
        found, expected = await rows(hass, one, period), await rows(hass, other, period)
        assert [row["start"] for row in found] == [row["start"] for row in expected]
        for row, control in zip(found, expected, strict=True):
            assert row == pytest.approx(control, abs=1e-6), period


class DiedError(Exception):
    """The process is gone."""


class Waiting(RecorderTask):
    """Keeps the recorder busy until it is let go."""

    def __init__(self) -> None:
        self.released = threading.Event()

    @override
    def run(self, instance: Recorder) -> None:
        assert self.released.wait(60)


def busy(hass: HomeAssistant, editor: StatisticsEditor, patch: pytest.MonkeyPatch) -> Waiting:
    """Keep the recorder busy until the editor waits for it."""
    waiting, wait = Waiting(), editor._async_recorded

    async def released() -> None:
        waiting.released.set()
        await wait()

    get_instance(hass).queue_task(waiting)
    patch.setattr(editor, "_async_recorded", released)
    return waiting


async def test_imported_hours_meet_live_ones(
    editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    end = await live(hass, freezer, T0, [500.0 + 0.1 * index for index in range(24)])
    before = plain(await rows(hass)), plain(await rows(hass, period="5minute"))
    await editor.async_write(STATISTIC, history(4), ChangeReason.BACKFILL)
    await editor.async_adjust_sum(STATISTIC, FIRST, 4.0, ChangeReason.BACKFILL)
    await live(hass, freezer, end, [502.4 + 0.1 * index for index in range(12)])
    assert list((await changes(hass)).values()) == [1.0, 1.0, 1.0, 1.0, 1.1, 1.2, 1.2]
    await editor.async_undo(STATISTIC)
    after = plain(await rows(hass)), plain(await rows(hass, period="5minute"))
    assert after[0][:2] == before[0]
    assert after[1][:24] == before[1]
    assert len(after[0]) == 3
    assert editor.journal.changes_of(METER).is_clean


async def test_rows_that_were_there_come_back(
    editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await live(hass, freezer, T0, [500.0 + 0.1 * index for index in range(36)])
    before = plain(await rows(hass))
    await editor.async_adjust_sum(STATISTIC, FIRST + HOUR, 2.5, ChangeReason.REPLACEMENT)
    replaced = [SumRow(FIRST, 500.5, 0.5), SumRow(FIRST + HOUR, 501.0, 1.0)]
    await editor.async_write(STATISTIC, replaced, ChangeReason.OUTAGE)
    await editor.async_write(STATISTIC, replaced, ChangeReason.OUTAGE)
    await editor.async_adjust_sum(STATISTIC, FIRST, -0.25, ChangeReason.SPIKE)
    await editor.async_undo(STATISTIC)
    assert plain(await rows(hass)) == before


async def test_what_the_user_has_adjusted_since_stays(
    editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    async def adjust(start: datetime, kwh: float) -> None:
        get_instance(hass).async_adjust_statistics(METER, start, kwh, "kWh")
        await recorded(hass)

    await live(hass, freezer, T0, [500.0 + 0.1 * index for index in range(48)])
    before = list((await changes(hass)).values())
    await editor.async_write(STATISTIC, [SumRow(FIRST + HOUR, 501.7, 1.7)], ChangeReason.OUTAGE)
    await adjust(T0, 100.0)
    await editor.async_adjust_sum(STATISTIC, FIRST + HOUR, 3.0, ChangeReason.REPLACEMENT)
    again = [SumRow(FIRST + HOUR, 501.5, 104.5), SumRow(FIRST + 2 * HOUR, 502.9, 105.9)]
    await editor.async_write(STATISTIC, again, ChangeReason.OUTAGE)
    await adjust(T0 + timedelta(hours=2), -10.0)
    hours = list((await changes(hass)).values())
    assert hours == pytest.approx([101.1, 3.4, -8.6, 1.8])
    reopen = await reopened(hass)
    await reopen.async_undo(STATISTIC)
    hours = list((await changes(hass)).values())
    assert hours == pytest.approx([before[0] + 100.0, before[1], before[2] - 10.0, before[3]])


async def test_means_come_and_go(
    editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    statistic = Statistic(id="sensor.bath", unit="°C", has_sum=False)
    await editor.async_write(
        statistic, [MeanRow(FIRST - 2 * HOUR, 21.0, 20.0, 22.0)], ChangeReason.BACKFILL
    )
    assert [row["mean"] for row in await rows(hass, "sensor.bath")] == [21.0]
    await editor.async_undo(statistic)
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

    def hours(self, editor: StatisticsEditor) -> list[SumRow]:
        """Some hours from before the life's beginning to now, one after the other."""
        until = (editor.compiled_until() - FIRST) // HOUR
        first = self.random.randint(-6, until - 1)
        count = self.random.randint(1, until - first)
        total = self.random.uniform(0.0, 10.0)
        return [
            SumRow(FIRST + HOUR * (first + number), 490.0 + number, total + number)
            for number in range(count)
            if self.random.random() < 0.8
        ]

    def change(
        self, editor: StatisticsEditor
    ) -> Callable[[StatisticsEditor, Statistic], Awaitable[None]]:
        """Return one change, the same for whoever it is done to."""
        kind = self.random.choice(["write", "write", "shift", "shift", "join", "undo"])
        written = self.hours(editor)
        moment = int(self.now.timestamp()) - 300 * self.random.randint(1, 40)
        aim = self.random.uniform(-5.0, 5.0)
        head = [SumRow(FIRST - HOUR * (5 - hour), 490.0 + hour, hour) for hour in range(5)]

        async def change(editor: StatisticsEditor, statistic: Statistic) -> None:
            match kind:
                case "write":
                    await editor.async_write(statistic, written, ChangeReason.OUTAGE)
                case "shift":
                    # Whoever shifts reckons anew after a crash.
                    await editor.async_resume(statistic)
                    row = await editor._async_first_sum(statistic, moment)
                    amount = aim - row[2] if row is not None else aim
                    await editor.async_adjust_sum(statistic, moment, amount, ChangeReason.SPIKE)
                case "join":
                    await editor.async_resume(statistic)
                    editor.journal.changes_of(statistic.id).sum_boundary = FIRST
                    await editor.async_write(statistic, head, ChangeReason.BACKFILL)
                    await editor.async_align_sums(statistic)
                case _:
                    await editor.async_undo(statistic)

        return change


CRASHES: Final = (
    *(
        "_async_import",
        "_async_adjust",
        "_async_verify",
        "_async_finish_adjustment",
        "_async_delete",
    ),
    *("half a batch", "first save", "second save", "third save", "nowhere"),
)


def die(editor: StatisticsEditor, patch: pytest.MonkeyPatch, where: str) -> None:
    """Let the process die when it gets somewhere."""
    whole, save, saved = editor._async_import, editor.journal.async_save, 0

    async def dying(*_: Any) -> None:
        raise DiedError

    async def half(metadata: Any, unit: str, written: Any) -> None:
        await whole(metadata, unit, dict(list(written.items())[: len(written) // 2]))
        raise DiedError

    async def saving() -> None:
        nonlocal saved
        saved += 1
        if where == ("first save", "second save", "third save")[saved - 1]:
            raise DiedError
        await save()

    if where == "half a batch":
        patch.setattr(editor, "_async_import", half)
    elif where.endswith("save"):
        patch.setattr(editor.journal, "async_save", saving)
    elif where != "nowhere":
        patch.setattr(editor, where, dying)


@pytest.mark.parametrize(("seed", "unit"), [(1, "kWh"), (2, "kWh"), (3, "Wh"), (4, "MWh")])
async def test_whatever_is_done_is_undone(
    editor: StatisticsEditor,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    unit: str,
) -> None:
    life = Life(hass, freezer, monkeypatch, seed, unit)
    await life.live(26)
    for _ in range(14):
        change = life.change(editor)
        meter, twin = life.both
        with monkeypatch.context() as patch:
            if life.random.random() < 0.6:
                die(editor, patch, life.random.choice(CRASHES))
            try:
                await change(editor, meter)
            except DiedError:
                editor = await reopened(hass)
                await editor.async_resume(meter)
                await change(editor, meter)
        await change(editor, twin)
        editor = await reopened(hass)
        await assert_same(hass, METER, TWIN)
        await life.live(life.random.randint(1, 8))
        await assert_same(hass, METER, TWIN)
    for statistic in life.both:
        await editor.async_undo(statistic)
        assert editor.journal.changes_of(statistic.id).is_clean
        await assert_same(hass, statistic.id, CONTROL)
    await life.live(13)
    await assert_same(hass, METER, CONTROL)


# Once, and over restarts


async def test_the_join_waits_for_the_first_live_row_over_a_restart_and_happens_once(
    editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(T0 + gateway.COMPILED_AFTER)
    editor.journal.changes_of(METER).sum_boundary = FIRST
    await editor.async_write(STATISTIC, history(4), ChangeReason.BACKFILL)
    await editor.async_align_sums(STATISTIC)
    assert editor.journal.changes_of(METER).sum_boundary == FIRST
    editor = await reopened(hass)
    await live(hass, freezer, T0, [500.0 + 0.1 * index for index in range(6)])
    for _ in range(3):
        await editor.async_align_sums(STATISTIC)
        editor = await reopened(hass)
    assert editor.journal.changes_of(METER).sum_boundary is None
    assert len(editor.journal.changes_of(METER).sum_adjustments) == 1
    await live(hass, freezer, T0 + 6 * SHORT_TERM, [500.6 + 0.1 * index for index in range(6)])
    assert list((await changes(hass)).values()) == pytest.approx([1.0, 1.0, 1.0, 1.0, 1.1])


async def test_a_join_without_rows_before_it_is_given_up(
    editor: StatisticsEditor, hass: HomeAssistant
) -> None:
    await editor.async_align_sums(STATISTIC)
    editor.journal.changes_of(METER).sum_boundary = FIRST
    await editor.async_align_sums(STATISTIC)
    assert editor.journal.changes_of(METER).is_clean


async def test_nothing_to_write_or_to_shift_leaves_no_trace(editor: StatisticsEditor) -> None:
    await editor.async_write(STATISTIC, [], ChangeReason.BACKFILL)
    await editor.async_adjust_sum(STATISTIC, FIRST, 0.0, ChangeReason.SPIKE)
    await editor.async_adjust_sum(STATISTIC, FIRST, 5.0, ChangeReason.SPIKE)
    await editor.async_resume(STATISTIC)
    await editor.async_undo(STATISTIC)
    assert editor.journal.changes_of(METER).is_clean
    assert editor.journal.changes_of(METER).events == []


async def test_the_running_hour_is_refused(
    editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    row = SumRow(FIRST, 1.0, 1.0)
    for moment, is_compiled in ((HOUR - 1, False), (HOUR + 119, False), (HOUR + 120, True)):
        freezer.move_to(T0 + timedelta(seconds=moment))
        if is_compiled:
            await editor.async_write(STATISTIC, [row], ChangeReason.BACKFILL)
        else:
            with pytest.raises(ValueError, match="not compiled"):
                # The order of the rows does not matter.
                await editor.async_write(STATISTIC, [row, *history(1)], ChangeReason.BACKFILL)
    assert len(await rows(hass)) == 1


async def test_a_shift_that_live_sums_do_not_hold_is_undone_without_them(
    editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    values = [500.0 + 0.1 * index for index in range(6)]
    end = await together(hass, freezer, T0, [*values, *["unavailable"] * 8])
    # Behind the last five-minute row: the next one goes on from there.
    await editor.async_adjust_sum(STATISTIC, FIRST + 2400, 3.0, ChangeReason.SPIKE)
    await editor.async_adjust_sum(STATISTIC, FIRST + 2700, 1.0, ChangeReason.SPIKE)
    assert [row["sum"] for row in await rows(hass)] == pytest.approx([4.5])
    await editor.async_undo(STATISTIC)
    await assert_same(hass, METER, CONTROL)
    await editor.async_adjust_sum(STATISTIC, FIRST + 2400, 3.0, ChangeReason.SPIKE)
    await together(hass, freezer, end, [501.0] * 12)
    await editor.async_adjust_sum(STATISTIC, FIRST, 2.0, ChangeReason.SPIKE)
    await editor.async_undo(STATISTIC)
    await assert_same(hass, METER, CONTROL)


async def test_sums_that_began_anew_do_not_hold_earlier_shifts(
    editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    end = await together(hass, freezer, T0, [500.0 + 0.1 * index for index in range(12)])
    editor.journal.changes_of(METER).sum_boundary = FIRST
    await editor.async_write(STATISTIC, history(3), ChangeReason.BACKFILL)
    await editor.async_align_sums(STATISTIC)
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
    await editor.async_adjust_sum(STATISTIC, start, 12.0, ChangeReason.SILENCE)
    await editor.async_undo(STATISTIC)
    await assert_same(hass, METER, CONTROL)


# Units


@pytest.mark.parametrize(("unit", "factor"), [("Wh", 1000.0), ("MWh", 0.001)])
async def test_energy_is_stored_in_the_unit_of_the_user(
    editor: StatisticsEditor,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    unit: str,
    factor: float,
) -> None:
    values = [(500.0 + 0.1 * index) * factor for index in range(24)]
    await together(hass, freezer, T0, values, unit_of_measurement=unit)
    editor.journal.changes_of(METER).sum_boundary = FIRST
    await editor.async_write(STATISTIC, history(3), ChangeReason.BACKFILL)
    await editor.async_align_sums(STATISTIC)
    expected = [hour * factor for hour in (1.0, 1.0, 1.0, 1.1, 1.2)]
    assert list((await changes(hass)).values()) == pytest.approx(expected, abs=1e-6)
    assert (await editor.async_statistic(METER)).unit == "kWh"
    assert await editor.async_is_energy(METER)
    await editor.async_undo(STATISTIC)
    await assert_same(hass, METER, CONTROL)


@pytest.mark.parametrize(
    ("device_class", "shown_in", "reckoned_in", "live_mean", "written", "read"),
    [
        ("temperature", "°F", "°C", 68.0, 21.0, 69.8),
        ("temperature", "°C", "°C", 20.0, 21.0, 21.0),
        ("humidity", "%", "%", 55.0, 60.0, 60.0),
        ("power", "W", "W", 100.0, 150.0, 150.0),
        ("power", "kW", "W", 0.1, 150.0, 0.15),
        ("voltage", "mV", "V", 230000.0, 231.0, 231000.0),
        ("illuminance", "lx", "lx", 10.0, 11.0, 11.0),
    ],
)
async def test_means_are_stored_in_the_unit_of_the_user(
    editor: StatisticsEditor,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    device_class: str,
    shown_in: str,
    reckoned_in: str,
    live_mean: float,
    written: float,
    read: float,
) -> None:
    about = {
        "unit_of_measurement": shown_in,
        "device_class": device_class,
        "state_class": "measurement",
    }
    await together(hass, freezer, T0, [live_mean] * 24, **about)
    statistic = await editor.async_statistic(METER)
    assert (statistic.unit, statistic.has_sum) == (reckoned_in, False)
    assert not await editor.async_is_energy(METER)
    new = [MeanRow(FIRST - HOUR, written, written - 1, written + 1)]
    await editor.async_write(
        statistic, [*new, MeanRow(FIRST, written, written, written)], ChangeReason.IMPORT
    )
    means = [row["mean"] for row in await rows(hass)]
    assert means == pytest.approx([read, read, live_mean])
    await editor.async_undo(statistic)
    await assert_same(hass, METER, CONTROL)


async def test_what_cannot_be_converted_is_not_written(
    editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await together(hass, freezer, T0, [500.0] * 12, unit_of_measurement="VAh", device_class=None)
    for unit in ("kWh", "lx"):
        with pytest.raises(HomeAssistantError) as raised:
            await editor.async_write(
                Statistic(id=METER, unit=unit, has_sum=True), history(2), ChangeReason.IMPORT
            )
        assert raised.value.translation_key == "not_written"
    await editor.async_undo(STATISTIC)
    await assert_same(hass, METER, CONTROL)


async def test_a_counter_of_its_own_cycles_gets_their_beginnings_back(
    editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    about = {"state_class": "total", "last_reset": T0.isoformat()}
    await together(hass, freezer, T0, [5.0] * 14, **about)
    await editor.async_write(STATISTIC, [SumRow(FIRST, 1.0, 1.0)], ChangeReason.OUTAGE)
    await editor.async_undo(STATISTIC)
    found = [
        await editor._async_values(item, FIRST, FIRST + HOUR) for item in (STATISTIC, STRANGER)
    ]
    assert found[0] == found[1]
    assert found[0][FIRST]["last_reset"] == T0.timestamp()


STRANGER: Final = Statistic(id=CONTROL, unit="kWh", has_sum=True)


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
    editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    statistic = Statistic(id="py_hab:old", unit="kWh", has_sum=True, name="Old meter", entry_id="e")
    await live(hass, freezer, T0, [500.0] * 12)
    # Nobody compiles them: the running hour does no harm.
    running = SumRow(FIRST + HOUR, 500.0, 5.0)
    await editor.async_write(statistic, [*history(3), running], ChangeReason.IMPORT)
    await editor.async_write(statistic, history(2), ChangeReason.IMPORT)
    assert len(await rows(hass, statistic.id)) == 4
    assert editor.journal.changes_of(statistic.id).replaced == {}
    assert (await editor.async_statistic(statistic.id)).name == "Old meter"
    await editor.async_undo(await editor.async_statistic(statistic.id))
    assert await rows(hass, statistic.id) == []
    assert (await editor.async_statistic(statistic.id)).unit == ""
    assert len(await rows(hass)) == 1


@pytest.mark.parametrize("states", [True, False])
async def test_statistics_of_others_are_repaired_and_not_cleared(
    editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory, states: bool
) -> None:
    freezer.move_to(T0 + timedelta(hours=10))
    other = Statistic(id="tibber:home", unit="kWh", has_sum=True)
    metadata = new_metadata(other)
    metadata["source"] = "tibber"
    async_add_external_statistics(hass, metadata, foreign(6, states=states))
    await recorded(hass)
    before = await rows(hass, other.id)
    statistic = await editor.async_statistic(other.id)
    assert (statistic.unit, statistic.entry_id) == ("kWh", None)
    await editor.async_adjust_sum(statistic, FIRST + 2 * HOUR, -0.5, ChangeReason.SPIKE)
    assert [row["sum"] for row in await rows(hass, other.id)] == [0.0, 1.0, 1.5, 2.5, 3.5, 4.5]
    replaced = [SumRow(FIRST + 3 * HOUR, 2.25, 2.25), SumRow(FIRST + 7 * HOUR, 9.0, 9.0)]
    await editor.async_write(statistic, replaced, ChangeReason.IMPORT)
    await editor.async_undo(statistic)
    assert await rows(hass, other.id) == before


async def test_a_unit_without_a_class_is_left_alone(
    editor: StatisticsEditor, hass: HomeAssistant
) -> None:
    other = Statistic(id="tibber:home", unit="Wh", has_sum=True)
    metadata = new_metadata(other)
    assert metadata["unit_class"] is None
    metadata["source"] = "tibber"
    async_add_external_statistics(hass, metadata, foreign(3))
    await recorded(hass)
    statistic = await editor.async_statistic(other.id)
    assert statistic.unit == "Wh"
    assert not await editor.async_is_energy(other.id)
    await editor.async_adjust_sum(statistic, FIRST + HOUR, 1.0, ChangeReason.SPIKE)
    assert [row["sum"] for row in await rows(hass, other.id)] == [0.0, 2.0, 3.0]


# What goes wrong


async def test_a_shift_that_comes_late_is_noted(
    editor: StatisticsEditor,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await together(hass, freezer, T0, [500.0 + 0.1 * index for index in range(14)])
    changes, waiting = editor.journal.changes_of(METER), Waiting()
    with monkeypatch.context() as patch:

        async def adjust(statistic: Statistic, start: int, amount: float) -> None:
            # From here on nobody waits long enough.
            get_instance(hass).queue_task(waiting)
            patch.setattr(gateway, "RECORDER_TIMEOUT", timedelta(0))
            await StatisticsEditor._async_adjust(editor, statistic, start, amount)

        patch.setattr(editor, "_async_adjust", adjust)
        with pytest.raises(HomeAssistantError) as raised:
            await editor.async_adjust_sum(STATISTIC, FIRST, 3.0, ChangeReason.SPIKE)
        assert raised.value.translation_key == "database_refused"
        with pytest.raises(HomeAssistantError):
            await editor.async_resume(STATISTIC)
    assert changes.pending_adjustment is not None
    with monkeypatch.context() as patch:
        busy(hass, editor, patch)
        waiting.released.set()
        await editor.async_resume(STATISTIC)
    assert changes.sum_adjustments == [(FIRST, 3.0)]
    await editor.async_undo(STATISTIC)
    await assert_same(hass, METER, CONTROL)


async def test_an_hour_that_waits_for_its_compilation_is_not_ours(
    editor: StatisticsEditor,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    end = await together(hass, freezer, T0, [500.0 + 0.1 * index for index in range(11)])
    freezer.move_to(end + timedelta(seconds=1))
    for entity_id in (METER, CONTROL):
        await shown(hass, entity_id, 502.0)
    await recorded(hass)
    freezer.move_to(T0 + timedelta(minutes=63))
    busy(hass, editor, monkeypatch)
    get_instance(hass).queue_task(StatisticsTask(end, False))
    await editor.async_write(STATISTIC, [SumRow(FIRST, 501.0, 1.0)], ChangeReason.OUTAGE)
    assert list((await changes(hass)).values()) == [1.0]
    await editor.async_undo(STATISTIC)
    await assert_same(hass, METER, CONTROL)
    assert len(await rows(hass)) == 1


async def test_a_failed_write_is_made_good_by_the_next_one(
    editor: StatisticsEditor,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await together(hass, freezer, T0, [500.0] * 12)
    with monkeypatch.context() as patch:
        die(editor, patch, "_async_verify")
        with pytest.raises(DiedError):
            await editor.async_write(STATISTIC, history(3), ChangeReason.BACKFILL)
    await editor.async_write(STATISTIC, history(3), ChangeReason.BACKFILL)
    assert editor.journal.changes_of(METER).replaced == {}
    await editor.async_undo(STATISTIC)
    await assert_same(hass, METER, CONTROL)


async def test_what_the_recorder_drops_is_reported(
    editor: StatisticsEditor,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await together(hass, freezer, T0, [500.0] * 12)
    with monkeypatch.context() as patch:
        patch.setattr(statistics.StatisticsEditor, "_async_import", _nothing)
        patch.setattr(statistics.StatisticsEditor, "_async_adjust", _nothing)
        for change in (
            editor.async_write(STATISTIC, history(2), ChangeReason.BACKFILL),
            editor.async_adjust_sum(STATISTIC, FIRST, 1.0, ChangeReason.SPIKE),
        ):
            with pytest.raises(HomeAssistantError) as raised:
                await change
            assert raised.value.translation_key == "not_written"
            assert raised.value.translation_placeholders == {"statistic_id": METER}
    await editor.async_resume(STATISTIC)
    assert editor.journal.changes_of(METER).sum_adjustments == []
    await assert_same(hass, METER, CONTROL)


async def _nothing(*_: Any) -> None:
    pass


async def test_a_row_that_vanished_leaves_a_shift_unmade(
    editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await together(hass, freezer, T0, [500.0] * 12)
    editor.journal.changes_of(METER).pending_adjustment = [
        FIRST,
        1.0,
        FIRST - HOUR,
        HOUR,
        0.0,
        [],
    ]
    await editor.async_resume(STATISTIC)
    assert editor.journal.changes_of(METER).pending_adjustment is None
    assert editor.journal.changes_of(METER).sum_adjustments == []


async def test_after_somebody_cleared_the_statistic_nothing_is_undone(
    editor: StatisticsEditor,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    end = await live(hass, freezer, T0, [500.0 + 0.1 * index for index in range(24)])
    editor.journal.changes_of(METER).sum_boundary = FIRST
    await editor.async_write(STATISTIC, history(3), ChangeReason.BACKFILL)
    await editor.async_align_sums(STATISTIC)
    await editor.async_write(STATISTIC, [SumRow(FIRST, 501.0, 4.0)], ChangeReason.OUTAGE)
    get_instance(hass).async_clear_statistics([METER])
    await recorded(hass)
    await live(hass, freezer, end, [503.0 + 0.1 * index for index in range(14)])
    before = await rows(hass), await rows(hass, period="5minute")
    await editor.async_undo(STATISTIC)
    assert (await rows(hass), await rows(hass, period="5minute")) == before
    assert f"{METER} was cleared" in caplog.text


async def test_a_statistic_that_was_cleared_in_its_first_hour_is_known_by_what_is_missing(
    editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(T0 + gateway.COMPILED_AFTER)
    editor.journal.changes_of(METER).sum_boundary = FIRST
    await editor.async_write(STATISTIC, history(3), ChangeReason.BACKFILL)
    end = await live(hass, freezer, T0, [500.0, 500.1, 500.2])
    await editor.async_align_sums(STATISTIC)
    get_instance(hass).async_clear_statistics([METER])
    await recorded(hass)
    await live(hass, freezer, end, [500.3 + 0.1 * index for index in range(12)])
    before = await rows(hass), await rows(hass, period="5minute")
    await editor.async_undo(STATISTIC)
    assert (await rows(hass), await rows(hass, period="5minute")) == before


async def test_the_first_compiled_hour_becomes_the_witness(
    editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(T0 + gateway.COMPILED_AFTER)
    editor.journal.changes_of(METER).sum_boundary = FIRST
    await editor.async_write(STATISTIC, history(3), ChangeReason.BACKFILL)
    await live(hass, freezer, T0, [500.0 + 0.1 * index for index in range(3)])
    await editor.async_align_sums(STATISTIC)
    assert editor.journal.changes_of(METER).sentinel is None
    await live(hass, freezer, T0 + 3 * SHORT_TERM, [500.4] * 9)
    await editor.async_resume(STATISTIC)
    assert editor.journal.changes_of(METER).sentinel == FIRST


# Renamed entities


def registered(hass: HomeAssistant, entry: MockConfigEntry | None = None) -> None:
    """Let the meter be an entity of ours."""
    er.async_get(hass).async_get_or_create(
        "sensor", DOMAIN, "meter", object_id_base="meter", config_entry=entry
    )


async def rename(hass: HomeAssistant, new: str, old: str = METER) -> None:
    hass.states.async_remove(old)
    er.async_get(hass).async_update_entity(old, new_entity_id=new)
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_the_ledger_follows_a_renamed_entity(
    editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    entry = MockConfigEntry(domain=DOMAIN)
    entry.add_to_hass(hass)
    registered(hass, entry)
    end = await together(hass, freezer, T0, [500.0 + 0.1 * index for index in range(12)])
    await editor.async_write(STATISTIC, history(3), ChangeReason.BACKFILL)
    await editor.async_adjust_sum(STATISTIC, FIRST, 3.0, ChangeReason.BACKFILL)
    await rename(hass, "sensor.house")
    editor = await reopened(hass)
    assert list(editor.journal.by_statistic) == ["sensor.house"]
    values = [502.0 + 0.1 * index for index in range(12)]
    statistic = await editor.async_statistic("sensor.house")
    assert statistic.entry_id == entry.entry_id
    await together(hass, freezer, end, values, (CONTROL, "sensor.house"))
    await editor.async_undo(statistic)
    await assert_same(hass, "sensor.house", CONTROL)


@pytest.mark.parametrize("changed", [True, False])
async def test_the_ledger_stays_where_the_recorder_does_not_follow(
    editor: StatisticsEditor, hass: HomeAssistant, freezer: FrozenDateTimeFactory, changed: bool
) -> None:
    registered(hass)
    await together(hass, freezer, T0, [500.0] * 12, (METER, CONTROL, "sensor.house"))
    house = Statistic(id="sensor.house", unit="kWh", has_sum=True)
    await editor.async_write(STATISTIC, history(3), ChangeReason.BACKFILL)
    if changed:
        await editor.async_write(house, history(2), ChangeReason.BACKFILL)
    hass.states.async_remove("sensor.house")
    await rename(hass, "sensor.house")
    await editor.async_undo(house)
    await editor.async_undo(STATISTIC)
    await assert_same(hass, METER, CONTROL)
    await assert_same(hass, "sensor.house", CONTROL)


async def test_the_ledger_follows_when_the_recorder_cannot_be_asked(
    editor: StatisticsEditor,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registered(hass)
    freezer.move_to(T0 + gateway.COMPILED_AFTER)
    await editor.async_write(STATISTIC, history(3), ChangeReason.BACKFILL)
    monkeypatch.setattr(editor, "is_ready", lambda: False)
    await rename(hass, "sensor.house")
    monkeypatch.setattr(editor, "is_ready", lambda: True)

    async def refuses() -> None:
        raise HomeAssistantError

    monkeypatch.setattr(editor, "_async_recorded", refuses)
    await rename(hass, "sensor.flat", "sensor.house")
    assert list(editor.journal.by_statistic) == ["sensor.flat"]


async def test_what_else_happens_to_entities_does_not_matter(
    editor: StatisticsEditor, hass: HomeAssistant
) -> None:
    registered(hass)
    er.async_get(hass).async_update_entity(METER, name="Meter")
    await rename(hass, "sensor.house")
    er.async_get(hass).async_remove("sensor.house")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert editor.journal.by_statistic == {}


async def test_there_is_one_editor_for_each_home(
    recorder_mock: Recorder, hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    await statistics.async_setup_editor(hass)
    assert statistics.get_editor(hass) is statistics.get_editor(hass)
