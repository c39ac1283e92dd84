"""A frozen time that costs little: it begins in each test, and is asked for a million times."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import cache
import sys
from types import ModuleType
from typing import Any, Final
from unittest.mock import patch

from freezegun import api
from pytest_homeassistant_custom_component import patch_time

EPOCH: Final = datetime(1970, 1, 1)
"""Without a time zone, as freezegun keeps its time."""
SUBTRACT: Final = datetime.__sub__
"""Of a real time: the subtraction of a frozen one is slow."""
DAY: Final = 24 * 60 * 60


class _Modules:
    """Which modules have names for the time; each module is looked at once.

    freezegun looks at each attribute of some five thousand modules whenever a time is frozen.
    """

    def __init__(self) -> None:
        """Know nothing yet."""
        self._known: dict[int, ModuleType] = {}
        self._named: dict[str, ModuleType] = {}

    @property
    def modules(self) -> _Modules:
        """What freezegun takes for `sys.modules`."""
        return self

    def keys(self) -> Any:
        """Return the names of all modules."""
        return sys.modules.keys()

    def get(self, name: str, default: Any = None) -> Any:
        """Return a module."""
        return sys.modules.get(name, default)

    def items(self) -> list[tuple[str, ModuleType]]:
        """Return the modules that have names for the time."""
        new = [
            (name, module) for name, module in sys.modules.items() if id(module) not in self._known
        ]
        for name, module in new:
            self._known[id(module)] = module
            if self.names_in(module):
                self._named[name] = module
        return [(name, found) for name in self._named if (found := sys.modules.get(name))]

    def names_in(self, module: ModuleType) -> list[tuple[str, Any]]:
        """Return the names for the time in a module, and what they mean in it."""
        real = api._real_time_object_ids
        return [
            (name, value)
            for name, value in getattr(module, "__dict__", {}).items()
            if id(value) in real
        ]


@cache
def _is_ignored(module: str | None, ignored: tuple[str, ...]) -> bool:
    return module is not None and module.startswith(ignored)


def _should_use_real_time() -> bool:
    """Return whether one of the callers is a module that freezegun leaves alone, such as queue."""
    try:
        ignored = api.ignore_lists[-1]
    except IndexError:
        # Another thread has ended the frozen time.
        return True
    if not ignored:
        return False
    frame = sys._getframe(2)
    for _ in range(api.call_stack_inspection_limit):
        if _is_ignored(frame.f_globals.get("__name__"), ignored):
            return True
        if frame.f_back is None:
            break
        frame = frame.f_back
    return False


def _seconds() -> float:
    """Return the frozen time in seconds since 1970."""
    passed = SUBTRACT(api.get_current_time(), EPOCH)
    return passed.days * DAY + passed.seconds + passed.microseconds / 1e6


def fake_time() -> float:
    """Return what `time.time()` returns; freezegun knows the function by this name."""
    return api.real_time() if api._should_use_real_time() else _seconds()


@contextmanager
def quick_time() -> Iterator[None]:
    """Freeze a time quickly, and read it quickly."""
    modules = _Modules()
    quick = {
        "sys": modules,
        "_get_cached_module_attributes": modules.names_in,
        "_should_use_real_time": _should_use_real_time,
        "_get_fake_monotonic": _seconds,
        "fake_time": fake_time,
    }
    with ExitStack() as patches:
        for name, value in quick.items():
            patches.enter_context(patch.object(api, name, value))
        if hasattr(patch_time, "ha_should_use_real_time"):
            # Before each test the plugin puts it in the place of freezegun's own.
            patches.enter_context(
                patch.object(patch_time, "ha_should_use_real_time", _should_use_real_time)
            )
        yield
