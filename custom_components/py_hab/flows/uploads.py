"""Files that a user uploads in a dialog."""

from functools import partial
from pathlib import Path
import shutil
import tempfile

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError

from ..const import DOMAIN


class Uploads:
    """The uploaded files of a flow, which exist until it ends."""

    def __init__(self) -> None:
        """Begin without a file."""
        self._folders: list[Path] = []

    async def async_keep(self, hass: HomeAssistant, file_id: str) -> Path:
        """Move an uploaded file to a folder of its own.

        Raises ServiceValidationError if the file does not exist or cannot be moved.
        """

        def move() -> Path:
            with process_uploaded_file(hass, file_id) as uploaded:
                folder = Path(tempfile.mkdtemp(prefix=DOMAIN)).resolve()
                self._folders.append(folder)
                return Path(shutil.move(uploaded, folder / uploaded.name))

        try:
            return await hass.async_add_executor_job(move)
        except (OSError, ValueError) as err:
            reason = "file_not_found" if isinstance(err, ValueError) else "file_unreadable"
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key=reason) from err

    @callback
    def async_remove(self, hass: HomeAssistant) -> None:
        """Delete the files."""
        for folder in self._folders:
            hass.async_add_executor_job(partial(shutil.rmtree, folder, ignore_errors=True))
