"""Imports that are cancelled, repeated, killed and undone in every order: rows equal the model's."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any, Final, override

from freezegun.api import FrozenDateTimeFactory
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
import pytest

from custom_components.py_hab.history.planning.change import (
    AdjustSum,
    Change,
    ChangeReason,
    WriteRows,
)
from custom_components.py_hab.history.planning.rows import HOUR, SumRow
from custom_components.py_hab.history.statistics.editor import StatisticsEditor
from custom_components.py_hab.history.statistics.gateway import Statistic, new_metadata
from custom_components.py_hab.history.statistics.journaled_change import JournaledChange
from custom_components.py_hab.history.statistics.transaction import StatisticTables
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from tests.support.living import T0, recorded, rows

from .test_editor import FIRST, reopened

LIVE: Final = 8
"""Hours of Home Assistant, after as many that can be imported before them."""
HOURS: Final = st.integers(-LIVE, LIVE - 1)
NUMBERS: Final = count()


class DiedError(Exception):
    """The process is gone."""


class Orders(RuleBasedStateMachine):
    """One statistic; it lives in the event loop, the machine in another thread."""

    def __init__(self, hass: HomeAssistant, patch: pytest.MonkeyPatch) -> None:
        """Let Home Assistant have compiled some hours."""
        super().__init__()
        self._hass = hass
        self._patch = patch
        self._statistic = Statistic(id=f"sensor.meter_{next(NUMBERS)}", unit="kWh", has_sum=True)
        self._editor: StatisticsEditor = self._do(reopened(hass))
        self._do(self._compiled())
        self._before_all = self._model = self._do(self._rows())
        self._last: Change = ()
        self._before_run: dict[str, dict[int, tuple[float, float]]] = {}

    def _do[T](self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._hass.loop).result(60)

    async def _compiled(self) -> None:
        async_import_statistics(
            self._hass,
            new_metadata(self._statistic),
            [
                {
                    "start": T0 + timedelta(hours=hour),
                    "state": 500 + 0.137 * hour,
                    "sum": 0.137 * hour,
                }
                for hour in range(LIVE)
            ],
        )
        await recorded(self._hass)

    async def _rows(self) -> dict[int, tuple[float, float]]:
        found = await rows(self._hass, self._statistic.id)
        return {int(row["start"]): (row["state"], row["sum"]) for row in found}

    def _after(self, change: Change) -> dict[int, tuple[float, float]]:
        found = dict(self._model)
        for step in change:
            if isinstance(step, WriteRows):
                found |= {
                    row.start: (row.state, row.sum) for row in step.rows if isinstance(row, SumRow)
                }
            elif isinstance(step, AdjustSum):
                found = {
                    start: (state, total + step.amount if start >= step.start else total)
                    for start, (state, total) in found.items()
                }
        return dict(sorted(found.items()))

    @contextmanager
    def _remembering(self) -> Iterator[None]:
        """Remember the rows before each new run, which can be taken back."""
        before = self._model
        yield
        changes = self._editor.journal.changes_of(self._statistic.id)
        for layer in [
            *changes.done.layers,
            *(changes.planned.layers if changes.planned is not None else ()),
        ]:
            self._before_run.setdefault(layer.run, before)

    @rule(number=st.integers(0, 9))
    def takes_back(self, number: int) -> None:
        """Take back a run, and all later ones."""
        layers = self._editor.journal.changes_of(self._statistic.id).done.layers
        if not layers:
            return
        run = layers[number % len(layers)].run
        self._do(self._editor.async_take_back(self._statistic, run))
        found, expected = self._do(self._rows()), self._before_run[run]
        assert found.keys() == expected.keys()
        for start, values in found.items():
            assert values == pytest.approx(expected[start], abs=1e-6)
        # A sum may differ in its last bit, until everything is undone.
        self._model = found

    @rule(first=HOURS, length=st.integers(1, 2 * LIVE), offset=st.floats(-99.0, 99.0))
    def imports(self, first: int, length: int, offset: float) -> None:
        """Import some hours."""
        self._last = [
            WriteRows(
                [
                    SumRow(FIRST + HOUR * hour, 500 + 0.1 * hour, offset + 0.1 * hour)
                    for hour in range(first, min(first + length, LIVE))
                ],
                ChangeReason.IMPORT,
            )
        ]
        self.repeats()

    @rule(hour=HOURS, amount=st.floats(-99.0, 99.0).filter(lambda amount: abs(amount) > 0.001))
    def adjusts(self, hour: int, amount: float) -> None:
        """Adjust the sums from an hour on."""
        change = [AdjustSum(FIRST + HOUR * hour, amount, ChangeReason.SPIKE)]
        with self._remembering():
            self._do(self._editor.async_change(self._statistic, lambda _: change))
        self._model = self._after(change)

    @rule()
    def repeats(self) -> None:
        """Do again what was done, or begun, before."""
        last = self._last
        with self._remembering():
            self._do(self._editor.async_change(self._statistic, lambda _: last))
        self._model = self._after(last)

    @rule(turns=st.integers(0, 30))
    def cancelled(self, turns: int) -> None:
        """Cancel an import at some moment."""

        async def cancel() -> None:
            task = asyncio.create_task(
                self._editor.async_change(self._statistic, lambda _: self._last)
            )
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            await recorded(self._hass)

        with self._remembering():
            self._do(cancel())
        found = self._do(self._rows())
        assert found in (self._model, self._after(self._last))
        self._model = found

    @rule(where=st.sampled_from(["journal", "rows", "commit"]), is_undo=st.booleans())
    def killed(self, where: str, is_undo: bool) -> None:
        """Die in a change, and come back."""
        last = self._last
        work: Callable[[], Coroutine[Any, Any, Any]] = partial(
            self._editor.async_change, self._statistic, lambda _: last
        )
        if is_undo:
            work = partial(self._editor.async_undo, self._statistic)
        with self._remembering(), self._dying(where):
            try:
                self._do(work())
            except DiedError:
                pass
            else:
                # It came so far, or there was nothing to do.
                self._model = self._before_all if is_undo else self._after(last)
        self._editor = self._do(reopened(self._hass))

    @contextmanager
    def _dying(self, where: str) -> Any:
        perform = StatisticTables.perform

        def dies(*_: Any, **__: Any) -> None:
            raise DiedError

        def performs(tables: StatisticTables, operations: Any, new: Any) -> None:
            perform(tables, list(operations)[:1], new)
            raise DiedError

        with self._patch.context() as patch:
            match where:
                case "journal":
                    patch.setattr(JournaledChange, "_save_ahead", dies)
                case "rows":
                    patch.setattr(StatisticTables, "perform", performs)
                case _:
                    patch.setattr(JournaledChange, "_async_confirm", lambda *_: False)
            yield

    @rule()
    def undoes(self) -> None:
        """Undo everything."""
        self._do(self._editor.async_undo(self._statistic))
        self._model = self._before_all

    @invariant()
    def equals_the_model(self) -> None:
        """To the last bit."""
        assert self._do(self._rows()) == self._model

    @override
    def teardown(self) -> None:
        self.undoes()
        self.equals_the_model()


async def test_in_every_order_rows_equal_the_model_s(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    freezer.move_to(T0 + timedelta(hours=LIVE, minutes=2))
    assert await async_setup_component(hass, "sensor", {})
    await recorded(hass)
    few = settings(max_examples=max(10, settings().max_examples // 5), stateful_step_count=12)
    machine: Any = partial(Orders, hass, monkeypatch)
    await hass.async_add_executor_job(partial(run_state_machine_as_test, machine, settings=few))
