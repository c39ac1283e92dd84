"""The fast tier: tests of what imports no Home Assistant run without it, in seconds.

A plugin, loaded by `scripts/test --fast`. Home Assistant cannot be imported then, so the tests
of a module that begins to need it fail.
"""

from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
import sys
from types import ModuleType
from typing import Final, override

FOLDER: Final = "custom_components"
NAME: Final = "py_hab"
INTEGRATION: Final = f"{FOLDER}.{NAME}"
TESTS: Final = Path(__file__).parent.parent
PURE: Final = [
    TESTS / path
    for path in (
        "api/test_profile.py",
        "costs",
        "counters/test_counters.py",
        "counters/test_gap.py",
        "counters/test_guard.py",
        "counters/test_interval.py",
        "counters/test_pending.py",
        "counters/test_verdict.py",
        "fritzbox/test_address.py",
        "fritzbox/test_device_stats.py",
        "fritzbox/test_devices.py",
        "fritzbox/test_errors.py",
        "fritzbox/test_login.py",
        "fritzbox/test_ownership.py",
        "fritzbox/test_rest.py",
        "fritzbox/test_smart_meters.py",
        "fritzbox/test_stale_devices.py",
        "fritzbox/test_xml.py",
        "history/box/test_calendar.py",
        "history/box/test_reconstruct.py",
        "history/files/test_access.py",
        "history/files/test_clock.py",
        "history/files/test_columns.py",
        "history/files/test_contents.py",
        "history/files/test_csv_format.py",
        "history/files/test_csv_reader.py",
        "history/files/test_csv_scan.py",
        "history/files/test_energy.py",
        "history/files/test_exported.py",
        "history/files/test_hours.py",
        "history/files/test_layout.py",
        "history/files/test_moments.py",
        "history/files/test_numbers.py",
        "history/files/test_readings.py",
        "history/files/test_recognition.py",
        "history/files/test_series.py",
        "history/files/test_steps.py",
        "history/files/test_table.py",
        "history/files/test_words.py",
        "history/files/test_legacy_file.py",
        "history/files/test_legacy_readings.py",
        "history/planning",
        "sml",
        "test_const.py",
        "util/test_records.py",
    )
]
"""The tests that need nothing but the module that they test."""


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out what is neither pure nor on the way to it."""
    pure = any(
        collection_path.is_relative_to(path) or path.is_relative_to(collection_path)
        for path in PURE
    )
    return None if pure else True


class _NoHomeAssistant(MetaPathFinder):
    """Knows of no Home Assistant, installed or not."""

    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] == "homeassistant":
            raise ModuleNotFoundError("the fast tier has no Home Assistant", name=fullname)
        return None


def _integration() -> ModuleType:
    """Return the integration as a bare package: its `__init__` imports Home Assistant."""
    package = ModuleType(INTEGRATION)
    package.__path__ = [str(TESTS.parent / FOLDER / NAME)]
    return package


sys.meta_path.insert(0, _NoHomeAssistant())
sys.modules[INTEGRATION] = _integration()
setattr(import_module(FOLDER), NAME, sys.modules[INTEGRATION])
