"""The committed module of the frontend is what its sources build, and small."""

import gzip
from pathlib import Path
import re
import shutil
import subprocess
from typing import Final

import pytest

from custom_components.py_hab.costs.forecast import NIGHT

ROOT: Final = Path(__file__).parents[2]
FRONTEND: Final = ROOT / "frontend"
MODULE: Final = ROOT / "custom_components" / "py_hab" / "frontend" / "py_hab.js"
MOST: Final = 60_000
BUNDLER: Final = FRONTEND / "node_modules" / ".bin" / "esbuild"

needs_node = pytest.mark.skipif(
    shutil.which("npm") is None or not BUNDLER.exists(),
    reason="needs Node and the packages of the frontend: scripts/frontend installs them",
)


def test_the_module_is_small() -> None:
    """A page loads it with each dashboard."""
    assert len(gzip.compress(MODULE.read_bytes())) <= MOST


def test_the_base_load_of_cards_and_of_sensors_is_that_of_the_same_hours() -> None:
    (night,) = re.findall(
        r"export const NIGHT = (\d+);", (FRONTEND / "src" / "heat.ts").read_text()
    )
    assert int(night) == NIGHT


@needs_node
def test_the_committed_module_is_what_the_sources_build(tmp_path: Path) -> None:
    """Byte for byte."""
    built = tmp_path / "py_hab.js"
    subprocess.run(
        ["npm", "run", "--silent", "build", "--", f"--outfile={built}"], cwd=FRONTEND, check=True
    )
    assert built.read_bytes() == MODULE.read_bytes()


@needs_node
def test_what_is_calculated_in_the_browser() -> None:
    """The unit tests of the sources; `scripts/lint` looks at their types."""
    subprocess.run(["npm", "run", "--silent", "test"], cwd=FRONTEND, check=True)
