"""How long a device list takes to become typed values: py_hab, pyfritzhome, and bare XML."""

from collections.abc import Callable
from functools import partial
import gc
from statistics import median
from time import perf_counter
from typing import Any, Final
from xml.etree.ElementTree import XML
from xml.parsers.expat import ParserCreate

from pyfritzhome import Fritzhome

from benchmarks.many_devices import device_list
from benchmarks.table import print_table
from custom_components.py_hab.fritzbox.devices import parse_device_list

COUNTS: Final = (10, 100, 1_000)
SECONDS: Final = 3.0
"""For each number of devices."""


def offline(text: str) -> Any:
    """Return a pyfritzhome that knows no devices yet, and has its answer already."""
    fritz: Any = Fritzhome("http://127.0.0.1", "", "")
    # What it calls to ask the box.
    vars(fritz)["_aha_request"] = lambda *_, **__: text
    return fritz


def set_up_anew(text: str) -> None:
    """Let pyfritzhome make all its devices."""
    offline(text).update_devices()


def expat(answer: bytes) -> None:
    """Parse, and keep nothing."""
    ParserCreate().Parse(answer, True)


def medians(runs: list[Callable[[], object]]) -> list[float]:
    """Return the median milliseconds of each; they take turns, so that all see the same machine."""
    times: list[list[float]] = [[] for _ in runs]
    end = perf_counter() + SECONDS
    gc.collect()
    while perf_counter() < end or len(times[0]) < 5:
        for run, taken in zip(runs, times, strict=True):
            start = perf_counter()
            run()
            taken.append((perf_counter() - start) * 1000)
    return [median(taken) for taken in times]


def main() -> None:
    """Measure and print."""
    rows = []
    for count in COUNTS:
        answer = device_list(count)
        text = answer.decode()
        assert len(parse_device_list(text).devices) == count
        pyfritzhome = offline(text)
        pyfritzhome.update_devices()
        assert len(pyfritzhome.get_devices()) == count
        first, again, ours, tree, bare = medians(
            [
                partial(set_up_anew, text),
                pyfritzhome.update_devices,
                partial(parse_device_list, text),
                partial(XML, answer),
                partial(expat, answer),
            ]
        )
        rows.append(
            [
                f"{count:,}",
                f"{len(answer) / 1024:.0f}",
                *(f"{value:.2f}" for value in (bare, tree, ours, first, again)),
                f"{ours / tree:.1f}",
                f"{first / ours:.1f}",
                f"{again / ours:.1f}",
            ]
        )
    print_table(
        "Device list to typed values, median ms",
        "devices, KiB, expat, ElementTree, py_hab, pyfritzhome first, pyfritzhome again,"
        " py_hab / ElementTree, pyfritzhome first / py_hab, pyfritzhome again / py_hab",
        rows,
    )


if __name__ == "__main__":
    main()
