"""What all imports share."""

from pathlib import Path

import pytest

from custom_components.py_hab.history.files.access import FileError, FileReadError
from custom_components.py_hab.history.files.importer import (
    TRANSLATION_KEYS,
    async_allowed,
    async_home_zone,
    external_ids,
    file_error,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from tests.support.dialogue import TEXTS


def test_every_error_of_a_file_has_its_words() -> None:
    assert TRANSLATION_KEYS.keys() == set(FileError)
    for reason, key in TRANSLATION_KEYS.items():
        assert file_error(FileReadError(reason)).translation_key == key
        assert {key} <= TEXTS["options"]["error"].keys() & TEXTS["exceptions"].keys()


def test_names_that_make_the_same_id_are_told_apart() -> None:
    names = [(("a", 1), "Bezug (kWh)"), (("b", 1), "Bezug kWh"), (("c", 2), "x" * 300)]
    ids = external_ids(names)
    assert ids["a", 1] == "py_hab:bezug_kwh"
    assert ids["b", 1].startswith("py_hab:bezug_kwh_")
    assert len(ids["c", 2]) < 130
    assert ids == external_ids(names)


async def test_only_allowed_paths_are_opened(hass: HomeAssistant, media: Path) -> None:
    assert await async_allowed(hass, str(media / "x")) == media / "x"
    for path, key in (("/etc/passwd", "path_not_allowed"), ("x\0", "file_not_found")):
        with pytest.raises(ServiceValidationError) as refused:
            await async_allowed(hass, path)
        assert refused.value.translation_key == key


async def test_times_are_those_of_the_home(hass: HomeAssistant) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    assert (await async_home_zone(hass)).key == "Europe/Berlin"
