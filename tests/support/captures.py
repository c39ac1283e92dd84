"""What boxes and readers send: files of our own, and real ones where they lie beside the project."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

OURS: Final = Path(__file__).parents[1] / "fixtures"
"""Written by us, see its README."""
REAL: Final = Path(__file__).parents[3] / "shared" / "captures"
"""Really sent; no part of the project, and seldom there."""
FOLDERS: Final = [folder for folder in (OURS, REAL) if folder.is_dir()]


def files(pattern: str) -> list[Path]:
    """Return the files of a pattern such as `fritzbox/list-*.xml`, ours first."""
    return [path for folder in FOLDERS for path in sorted(folder.glob(pattern))]


def there[T](ours: Mapping[str, T], real: Mapping[str, T]) -> dict[Path, T]:
    """Return what is expected of each file, real ones only where they are."""
    expected = {OURS / name: value for name, value in ours.items()}
    if REAL in FOLDERS:
        expected |= {REAL / name: value for name, value in real.items()}
    return expected


def name_of(path: object) -> str | None:
    """Return how a test with a file is called."""
    if not isinstance(path, Path):
        return None
    return path.stem if path.is_relative_to(OURS) else f"real-{path.stem}"
