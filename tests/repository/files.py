"""Reads a repository's files for the rules."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
import json
from pathlib import Path
import re
import subprocess
from typing import Any, Final

DOMAIN: Final = "py_hab"

type Rule = Callable[[Path], Iterator[str]]
"""Goes through the repository at a path and yields one sentence per offence."""

type Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Module:
    """One Python file of the integration."""

    name: str
    """Path below the integration's folder, such as `history/statistics.py`."""
    text: str
    tree: ast.Module

    @property
    def stem(self) -> str:
        """The name without folder and suffix."""
        return Path(self.name).stem

    def calls(self) -> Iterator[ast.Call]:
        """Yield all calls."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))


def integration(root: Path) -> Path:
    """Return the integration's folder."""
    return root / "custom_components" / DOMAIN


def modules(root: Path) -> list[Module]:
    """Return all Python files of the integration."""
    folder = integration(root)
    return [
        Module(
            name=path.relative_to(folder).as_posix(),
            text=(text := path.read_text(encoding="utf-8")),
            tree=ast.parse(text, filename=str(path)),
        )
        for path in sorted(folder.rglob("*.py"))
    ]


def module(root: Path, name: str) -> Module | None:
    """Return one Python file of the integration, if it is there."""
    return next((found for found in modules(root) if found.name == name), None)


def read(path: Path) -> str:
    """Return a text, empty if there is none."""
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def load_json(path: Path) -> Json:
    """Return a JSON object, empty if there is none; a key given twice is a ValueError."""

    def unique(pairs: list[tuple[str, Any]]) -> Json:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            raise ValueError(
                f"keys given twice: {sorted({n for n in names if names.count(n) > 1})}"
            )
        return found

    if not path.is_file():
        return {}
    loaded = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=unique)
    return loaded if isinstance(loaded, dict) else {}


def manifest(root: Path) -> Json:
    """Return the integration's manifest."""
    return load_json(integration(root) / "manifest.json")


def english(root: Path) -> Json:
    """Return the English texts."""
    return load_json(integration(root) / "translations" / "en.json")


def tracked_files(root: Path) -> list[Path]:
    """Return the files that git knows."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True, text=True
    )
    paths = [root / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def callee(call: ast.Call) -> str:
    """Return the last name of what is called."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """Return a call's keyword argument."""
    return next((given.value for given in call.keywords if given.arg == name), None)


def constants(root: Path) -> dict[str, str]:
    """Return the strings that the integration's modules bind to a name at their top."""
    found: dict[str, str] = {}
    for each in modules(root):
        for node in each.tree.body:
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text)))
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(text)))
                ):
                    found[name] = text
    return found


def string(node: ast.expr | None, known: dict[str, str]) -> str | None:
    """Return the string that an expression stands for, if that can be read off."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return known.get(name)
        case _:
            return None


def literals(root: Path) -> set[str]:
    """Return every string that is written anywhere in the integration's code."""
    return {
        node.value
        for each in modules(root)
        for node in ast.walk(each.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def texts(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the strings of a JSON tree with their dotted paths."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from texts(value, f"{path}.{key}" if path else key)
    else:
        yield path, str(tree)


def at(tree: Any, path: str) -> Any:
    """Return what is at a dotted path of a JSON tree, None if nothing is."""
    for key in path.split("."):
        if not isinstance(tree, dict) or key not in tree:
            return None
        tree = tree[key]
    return tree


def placeholders(text: str) -> set[str]:
    """Return the names in braces."""
    return set(re.findall(r"{([^{}]*)}", text))
