"""A path is checked for what it is: nothing but a regular file is opened, and nothing waits."""

from collections.abc import Callable, Collection
import logging
import os
from pathlib import Path
import socket
from typing import Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.history.files.access import FileError, FileReadError
from custom_components.py_hab.history.files.legacy_file import inspect_file
from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from simulator.fritzbox_devices import REFRIGERATOR
from tests.support.legacy_files import BERLIN, day, write


@pytest.fixture
def ains() -> Collection[str]:
    """One plug is enough here."""
    return {REFRIGERATOR}


@pytest.fixture
async def entry(
    recorder_mock: Recorder, hass: HomeAssistant, fritzbox_entry: MockConfigEntry
) -> MockConfigEntry:
    """A loaded box."""
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    return fritzbox_entry


def to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def listening(path: Path) -> None:
    # A path of a socket is short.
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


NO_FILES: Final[dict[str, Callable[[Path], None]]] = {
    "a named pipe": os.mkfifo,
    "a folder": Path.mkdir,
    "a socket": listening,
    "a link to itself": lambda path: path.symlink_to(path),
    "a link to nothing": lambda path: path.symlink_to(path.parent / "nothing"),
}
NO_NAMES: Final = {
    "NUL": "server\0.db",
    "too long": "x" * 5000,
    "too deep": "x/" * 5000,
    "half a surrogate": "server\ud800.db",
    "not there": "server.db",
}


async def refusal(hass: HomeAssistant, path: str) -> str | None:
    """Return the translation key of the error with which the action refuses a path."""
    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call(
            DOMAIN, "import_database", {"path": path}, blocking=True, return_response=True
        )
    assert caught.value.translation_domain == DOMAIN
    return caught.value.translation_key


async def test_what_is_no_file_is_not_found(
    socket_enabled: None,
    hass: HomeAssistant,
    entry: MockConfigEntry,
    media: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    # Home Assistant logs each call of an action, and that it cannot store this one.
    caplog.set_level(logging.ERROR)
    caplog.set_level(logging.ERROR, "homeassistant.components.recorder")
    for number, (what, make) in enumerate(NO_FILES.items()):
        path = media / f"{number}.db"
        make(path)
        assert await refusal(hass, str(path)) == "file_not_found", what
    for what, name in NO_NAMES.items():
        assert await refusal(hass, f"{media}/{name}") == "file_not_found", what
    await async_wait_recording_done(hass)


async def test_a_device_is_not_even_opened(
    hass: HomeAssistant, entry: MockConfigEntry, media: Path
) -> None:
    to_a_device(media / "zero.db")
    assert await refusal(hass, str(media / "zero.db")) == "path_not_allowed"
    hass.config.allowlist_external_dirs |= {"/dev"}
    assert await refusal(hass, "/dev/zero") == "file_not_found"


def test_a_pipe_beside_the_file_stops_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "server.db", day([1.0, 2.0, 3.0]))
    for suffix in ("-journal", "-wal", "-shm"):
        os.mkfifo(f"{path}{suffix}")
        with pytest.raises(FileReadError) as caught:
            inspect_file(path, BERLIN)
        assert caught.value.reason is FileError.UNREADABLE
        Path(f"{path}{suffix}").unlink()
    assert inspect_file(path, BERLIN)


def test_a_link_that_takes_the_place_of_a_checked_path_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    secret = write(tmp_path / "secret" / "server.db", day([1.0, 2.0, 3.0]))
    checked = tmp_path / "media"
    checked.symlink_to(tmp_path / "secret")
    file = tmp_path / "server.db"
    file.symlink_to(secret)
    for path in (checked / "server.db", file):
        with pytest.raises(FileReadError) as caught:
            inspect_file(path, BERLIN)
        assert caught.value.reason is FileError.NOT_FOUND
