"""The files that the rules are about, each read once."""

import ast
from collections.abc import Collection, Iterator
from functools import cache
import json
import subprocess
from typing import Any

from homeassistant.util.yaml import parse_yaml
from scripts.import_graph import PACKAGE, ROOT, sources


@cache
def read(name: str) -> str:
    """Return a file of the repository, by its path from the root."""
    return (ROOT / name).read_text("utf-8")


@cache
def ours(name: str) -> Any:
    """Return a JSON or YAML file of the integration."""
    content = (PACKAGE / name).read_text("utf-8")
    return json.loads(content) if name.endswith(".json") else parse_yaml(content)


@cache
def nodes() -> Collection[tuple[str, ast.AST]]:
    """Return all syntax nodes of the integration, with the names of their modules."""
    return [(name, node) for name, tree in sources().items() for node in ast.walk(tree)]


def tracked() -> Iterator[tuple[str, str]]:
    """Yield the names and the contents of the text files that git knows."""
    command = ("git", "ls-files", "-z")
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b""
        if b"\0" not in content:
            yield name, content.decode()
