"""The import graph of the integration, by rooms: draws it and compares it with the floors.

    scripts/house            print the graph and what is wrong with it
    scripts/house --write    put it into docs/architecture.md as well
    scripts/house --check    say whether docs/architecture.md shows it

A folder of the integration is a room, and each module on top is a room of its own. An arrow is
an import, for types too. Runs on Python 3.14 and needs nothing else.
"""

from argparse import ArgumentParser
import ast
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from graphlib import CycleError, TopologicalSorter
from itertools import groupby
from pathlib import Path, PurePosixPath
import sys
from textwrap import wrap
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGE: Final = ROOT / "custom_components" / "py_hab"
PAGE: Final = ROOT / "docs" / "architecture.md"
BEGIN: Final = "<!-- scripts/house writes from here -->\n"
END: Final = "<!-- scripts/house writes to here -->\n"

FLOORS: Final[tuple[tuple[str, ...], ...]] = (
    ("const", "util"),
    ("costs", "counters", "fritzbox", "sml"),
    ("fritzbox_api", "history/planning"),
    ("entry",),
    ("box", "meter", "history/statistics"),
    ("coordinator",),
    ("entity", "history/box"),
    ("sensors",),
    ("binary_sensor", "button", "event", "sensor", "history", "history/files"),
    ("api",),
    ("flows", "services"),
    ("__init__", "config_flow", "diagnostics", "repairs", "system_health"),
)
"""All rooms, from the ground up. A room imports from the floors below its own, and only from them."""
MAX_ROOMS: Final = 30
MAX_LEVELS: Final = 10

type Graph = Mapping[str, Collection[str]]
"""The names that each name imports from."""


@cache
def sources() -> Mapping[str, ast.Module]:
    """Return the parsed modules of the integration, by their path without its suffix."""
    return {
        path.relative_to(PACKAGE).with_suffix("").as_posix(): ast.parse(path.read_text("utf-8"))
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def imports(module: str, tree: ast.Module, known: Collection[str]) -> set[str]:
    """Return the known modules that a module imports from."""
    package = (*PACKAGE.parts[-2:], *PurePosixPath(module).parent.parts)
    names: list[tuple[str, ...]] = []
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                names += [tuple(alias.name.split(".")) for alias in aliases]
            case ast.ImportFrom(module=source, names=aliases, level=level):
                base = package[: len(package) - level + 1] if level else ()
                base += tuple(source.split(".")) if source else ()
                names += [(*base, alias.name) for alias in aliases]
    ours = [name[2:] for name in names if name[:2] == PACKAGE.parts[-2:]]
    return {_module_of(name, known) for name in ours} - {module}


def _module_of(name: Sequence[str], known: Collection[str]) -> str:
    """Return the module that an imported name is, or lies in."""
    for length in range(len(name), 0, -1):
        module = "/".join(name[:length])
        for found in (module, f"{module}/__init__"):
            if found in known:
                return found
    return "__init__"


def room_of(module: str) -> str:
    """Return the room that a module stands in."""
    folder, _, _ = module.rpartition("/")
    return folder or module


def circle(graph: Graph) -> list[str]:
    """Return the names that import each other in a circle, beginning and ending with the same one."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found[::-1]
    return []


@dataclass(frozen=True, kw_only=True)
class House:
    """The import graph of some modules, and the floors that its rooms are to stand on."""

    modules: Graph
    floors: Sequence[Iterable[str]] = FLOORS

    @cached_property
    def arrows(self) -> dict[tuple[str, str], list[str]]:
        """The imports from room to room, with the modules they are made between."""
        found: dict[tuple[str, str], list[str]] = {}
        for module, targets in sorted(self.modules.items()):
            for target in sorted(targets):
                if (arrow := (room_of(module), room_of(target))) and arrow[0] != arrow[1]:
                    found.setdefault(arrow, []).append(f"{module} -> {target}")
        return found

    @cached_property
    def rooms(self) -> dict[str, list[str]]:
        """The rooms that each room imports from."""
        rooms = sorted({room_of(module) for module in self.modules})
        return {room: sorted(to for of, to in self.arrows if of == room) for room in rooms}

    @cached_property
    def _floor(self) -> dict[str, int]:
        return {room: floor for floor, rooms in enumerate(self.floors) for room in rooms}

    def goes_down(self, room: str, target: str) -> bool:
        """Return whether a room stands above another one; a room without a floor stands on top."""
        top = len(self.floors)
        return self._floor.get(target, top) < self._floor.get(room, top)

    @cached_property
    def chains(self) -> dict[str, list[str]]:
        """The longest way down from each room, itself included; arrows upward are left out."""
        down = {
            room: [target for target in targets if self.goes_down(room, target)]
            for room, targets in self.rooms.items()
        }
        found: dict[str, list[str]] = {}
        for room in TopologicalSorter(down).static_order():
            ways = (found[target] for target in down.get(room, ()))
            found[room] = [room, *max(ways, key=len, default=[])]
        return found

    def drawing(self) -> str:
        """Return the rooms by levels as lines of text, the top first. `^` marks an arrow upward.

        A room on level 0 imports nothing of ours, each other one is a level above the highest
        room that it imports from.
        """
        width = max(map(len, self.rooms)) + 2
        lines: list[str] = []

        def level(room: str) -> int:
            return len(self.chains[room]) - 1

        from_top = sorted(self.rooms, key=lambda room: (-level(room), room))
        for number, rooms in groupby(from_top, key=level):
            label = f"{number:2}  "
            for room in rooms:
                names = [
                    target if self.goes_down(room, target) else f"^{target}"
                    for target in self.rooms[room]
                ]
                first, *rest = wrap("  ".join(names), 96 - width) or [""]
                lines.append(f"{label}{room:{width}}{first}".rstrip())
                lines += [" " * (width + 4) + line for line in rest]
                label = " " * 4
        lines.append(f"\n{len(self.rooms)} rooms, {self.levels} levels, {len(self.arrows)} arrows")
        return "\n".join(lines) + "\n"

    @property
    def levels(self) -> int:
        """The number of levels."""
        return max(map(len, self.chains.values()))

    def offences(self) -> Iterator[str]:
        """Yield what is wrong, a sentence for each."""
        for room in sorted(self.rooms.keys() - self._floor.keys()):
            yield f"{room} stands on no floor: add it to FLOORS in scripts/import_graph.py"
        for (room, target), between in self.arrows.items():
            if not self.goes_down(room, target):
                yield f"{room} imports upward from {target}: {', '.join(between)}"
        for graph in (self.rooms, self.modules):
            if names := circle(graph):
                yield f"a circle of imports: {' -> '.join(names)}"
        if len(self.rooms) > MAX_ROOMS:
            yield f"{len(self.rooms)} rooms are more than {MAX_ROOMS}"
        if self.levels > MAX_LEVELS:
            longest = max(self.chains.values(), key=len)
            yield f"{self.levels} levels are more than {MAX_LEVELS}: {' -> '.join(longest)}"


@cache
def the_house() -> House:
    """Return the import graph of the integration as it is."""
    found = sources()
    return House(modules={name: imports(name, tree, found) for name, tree in found.items()})


def with_drawing(page: str, drawing: str) -> str:
    """Return a page with the drawing between its markers. ValueError: there are none."""
    before, after = page[: page.index(BEGIN) + len(BEGIN)], page[page.index(END) :]
    return f"{before}```text\n{drawing}```\n{after}"


def is_drawn(house: House) -> bool:
    """Return whether the page shows the house as it is."""
    page = PAGE.read_text("utf-8")
    return page == with_drawing(page, house.drawing())


def main() -> int:
    """Print the graph and what is wrong, and return the exit code of the process."""
    parser = ArgumentParser(prog="scripts/house", description=__doc__.partition("\n")[0])
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--write", action="store_true", help=f"put it into {PAGE.name}")
    ways.add_argument("--check", action="store_true", help=f"fail if {PAGE.name} shows another one")
    arguments = parser.parse_args()

    house = the_house()
    print(house.drawing())
    offences = list(house.offences())
    if arguments.write:
        PAGE.write_text(with_drawing(PAGE.read_text("utf-8"), house.drawing()), "utf-8")
    if arguments.check and not is_drawn(house):
        offences.append(f"{PAGE.name} shows another house: run scripts/house --write")
    for offence in offences:
        print(offence, file=sys.stderr)
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main())
