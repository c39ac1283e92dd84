"""The folders: who imports whom, who knows Home Assistant, and that the tests mirror the tree."""

import ast
from collections.abc import Collection, Iterator
import re
from typing import Final

import pytest

from scripts.import_graph import PACKAGE, ROOT, Graph, House, imports, is_drawn, sources, the_house

PURE: Final = (
    *("const", "util/", "costs/", "fritzbox/", "fritzbox_api", "sml/"),
    *(
        "counters/__init__",
        "counters/counters",
        "counters/gap",
        "counters/guard",
        "counters/interval",
    ),
    *("counters/pending", "counters/verdict"),
    *("history/__init__", "history/planning/", "history/box/__init__", "history/box/calendar"),
    *("history/files/__init__", "history/files/legacy_file", "history/files/legacy_readings"),
    *("history/files/access", "history/files/box_view"),
    *("history/files/clock", "history/files/columns"),
    *("history/files/contents", "history/files/csv_format", "history/files/csv_reader"),
    *(
        "history/files/csv_scan",
        "history/files/dates",
        "history/files/energy",
        "history/files/exported",
    ),
    *("history/files/hours", "history/files/layout", "history/files/moments"),
    *("history/files/numbers", "history/files/ranges"),
    *("history/files/readings", "history/files/recognition"),
    *("history/files/recognized_times", "history/files/recognized_values"),
    *("history/files/series", "history/files/series_columns"),
    *("history/files/steps", "history/files/table", "history/files/words"),
)
"""Modules and folders that import neither Home Assistant nor what does."""
ASIDE: Final = {
    *("blueprints", "browser", "docs", "e2e", "field", "repository", "simulator", "whole", "worlds")
}
"""Folders of tests that mirror no folder of the integration."""


def impurities(module: str, text: str, targets: Collection[str]) -> Iterator[str]:
    """Yield what a module must not import if it is a pure one."""
    if module.startswith(PURE):
        yield from re.findall(r"^\s*(?:from|import) homeassistant\b.*", text, re.MULTILINE)
        yield from (target for target in targets if not target.startswith(PURE))


def mirrored(modules: Collection[str], tests: set[str]) -> tuple[set[str], set[str]]:
    """Return the tests that modules lack, and the tests that belong to no module.

    Tests of one aspect may have a file of their own: `test_<module>_<aspect>`.
    """
    names = (name.rpartition("/") for name in modules if not name.endswith("/__init__"))
    wanted = {f"{folder}{slash}test_{name.strip('_')}" for folder, slash, name in names}
    aspects = tuple(f"{test}_" for test in wanted)
    return wanted - tests, {test for test in tests - wanted if not test.startswith(aspects)}


def test_imports_go_down_and_make_no_circle() -> None:
    assert list(the_house().offences()) == []


FLOORS: Final = (("low", "side"), ("high",))


@pytest.mark.parametrize(
    ("modules", "offence"),
    [
        ({"low": {"high"}, "high": ()}, "low imports upward from high: low -> high"),
        ({"low/a": {"side"}, "side": ()}, "low imports upward from side: low/a -> side"),
        ({"new": ()}, "new stands on no floor"),
        ({"low": {"new"}, "new": ()}, "low imports upward from new"),
        ({"low/a": {"low/b"}, "low/b": {"low/a"}}, "a circle of imports: low/"),
        ({"low": {"high/a"}, "high/b": {"low"}}, "a circle of imports: "),
    ],
)
def test_an_import_upward_or_in_a_circle_is_found(modules: Graph, offence: str) -> None:
    offences = list(House(modules=modules, floors=FLOORS).offences())
    assert any(offence in found for found in offences), offences


def test_rooms_and_levels_are_counted() -> None:
    names = [f"room{number}" for number in range(31)]
    house = House(
        modules={name: names[:number][-1:] for number, name in enumerate(names)},
        floors=[[name] for name in names],
    )
    rooms, levels = house.offences()
    assert rooms == "31 rooms are more than 30"
    assert levels.startswith("31 levels are more than 10: room30 -> room29 -> ")


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("from . import c", {"a/c"}),
        ("from .. import a, x", {"a/__init__", "__init__"}),
        ("if TYPE_CHECKING:\n    from ..top import x\n    from .c import y", {"top", "a/c"}),
        ("import custom_components.py_hab.a.c", {"a/c"}),
        ("from custom_components.py_hab import top", {"top"}),
        ("import homeassistant.core\nfrom a import c", set()),
    ],
)
def test_imports_are_read_off_the_code(code: str, found: set[str]) -> None:
    known = ("__init__", "top", "a/__init__", "a/b", "a/c")
    assert imports("a/b", ast.parse(code), known) == found


def test_the_drawing_shows_each_room_on_its_level() -> None:
    modules = {"high": {"low/a", "side"}, "low/a": {"low/b"}, "low/b": {"high"}, "side": ()}
    house = House(modules=modules, floors=FLOORS)
    levels = [" 1  high  low  side", " 0  low   ^high", "    side"]
    assert house.drawing().splitlines() == [*levels, "", "3 rooms, 2 levels, 3 arrows"]
    assert not is_drawn(house)


def test_the_drawing_in_the_documentation_is_current() -> None:
    current = is_drawn(the_house())
    assert current, "run scripts/house --write"


def test_pure_modules_know_nothing_of_home_assistant() -> None:
    graph, texts = the_house().modules, {n: (PACKAGE / f"{n}.py").read_text() for n in sources()}
    assert {n: f for n in graph if (f := list(impurities(n, texts[n], graph[n])))} == {}
    hit = "    from homeassistant.core import callback"
    assert list(impurities("sml/a", f"def f():\n{hit}", {"const", "entity"})) == [hit, "entity"]


def test_tests_mirror_the_tree() -> None:
    folder = ROOT / "tests"
    names = (path.relative_to(folder).with_suffix("") for path in folder.rglob("test_*.py"))
    tests = {name.as_posix() for name in names if name.parts[0] not in ASIDE}
    assert mirrored(sources(), tests) == (set(), set())


@pytest.mark.parametrize(
    ("tests", "missing", "stray"),
    [
        ({"test_init", "a/test_b", "a/test_b_twice"}, set(), set()),
        ({"test_init", "test_b"}, {"a/test_b"}, {"test_b"}),
        ({"a/test_b", "a/test_bread"}, {"test_init"}, {"a/test_bread"}),
    ],
)
def test_a_gap_in_the_mirror_is_found(tests: set[str], missing: set[str], stray: set[str]) -> None:
    assert mirrored({"__init__", "a/__init__", "a/b"}, tests) == (missing, stray)
