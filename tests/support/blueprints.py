"""Blueprints of this repository in a Home Assistant: imported from their address, and used."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, NamedTuple

import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from homeassistant.components import persistent_notification
from homeassistant.components.automation import DOMAIN as AUTOMATION, AutomationEntity
from homeassistant.components.automation.helpers import async_get_blueprints
from homeassistant.components.blueprint import importer
from homeassistant.const import ATTR_ENTITY_ID, SERVICE_TURN_OFF
from homeassistant.core import HomeAssistant, callback
from homeassistant.setup import async_setup_component
from scripts.import_graph import ROOT

FOLDER: Final = ROOT / "blueprints/automation/py_hab"
PAGES: Final = "https://github.com/jankstar/py_hab/blob/main/"
RAW: Final = "https://raw.githubusercontent.com/jankstar/py_hab/main/"
LANGUAGES: Final = {"en": ".yaml", "de": ".de.yaml"}
"""How the file names of a language end."""


def path_of(name: str, language: str) -> Path:
    """Return the file of a blueprint in a language."""
    return FOLDER / f"{name}{LANGUAGES[language]}"


class Notification(NamedTuple):
    """What a blueprint reports unless the user chooses something else."""

    title: str
    message: str


class _Response:
    """A file as the web server that holds the repository returns it."""

    def __init__(self, url: str) -> None:
        assert url.startswith(RAW), url
        self._path = ROOT / url.removeprefix(RAW)

    async def text(self) -> str:
        return self._path.read_text("utf-8")


class _Session:
    """Stands in for the network: it knows the files of this repository."""

    async def get(self, url: str, *, raise_for_status: bool) -> _Response:
        assert raise_for_status
        return _Response(url)


class Blueprints:
    """Imports blueprints and makes automations of them, as the user interface does."""

    def __init__(
        self,
        hass: HomeAssistant,
        connect: WebSocketGenerator,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Prepare Home Assistant; `folder` becomes its configuration folder."""
        self._hass = hass
        self._connect = connect
        hass.config.config_dir = str(folder)
        session = SimpleNamespace(async_get_clientsession=lambda _: _Session())
        monkeypatch.setattr(importer, "aiohttp_client", session)
        monkeypatch.setattr(AutomationEntity, "async_trigger", self._beside_home_assistant())
        self._runs: set[asyncio.Task[Any]] = set()
        self.notifications: list[Notification] = []
        """What was reported, sorted: automations of several languages report at the same time."""

    def _beside_home_assistant(self) -> Any:
        """Run actions beside Home Assistant: a test that lets time pass would wait for them."""
        act = AutomationEntity.async_trigger

        async def async_trigger(entity: AutomationEntity, *args: Any) -> None:
            run = asyncio.create_task(act(entity, *args))
            self._runs.add(run)
            run.add_done_callback(self._runs.discard)

        return async_trigger

    async def acted(self) -> None:
        """Let the actions do what is due."""
        for _ in range(20):
            await asyncio.sleep(0)
        await self._hass.async_block_till_done()

    async def end(self) -> None:
        """Switch the automations off, and stop actions that still wait."""
        for automation in self._hass.states.async_entity_ids(AUTOMATION):
            await self._hass.services.async_call(
                AUTOMATION, SERVICE_TURN_OFF, {ATTR_ENTITY_ID: automation}, blocking=True
            )
        for run in tuple(self._runs):
            run.cancel()
        await asyncio.gather(*self._runs, return_exceptions=True)

    async def import_file(self, name: str, language: str) -> str:
        """Import a blueprint from its address, save it, and return its path."""
        async_get_blueprints(self._hass)
        assert await async_setup_component(self._hass, "blueprint", {})
        client = await self._connect()
        url = f"{PAGES}{path_of(name, language).relative_to(ROOT)}"
        await client.send_json_auto_id({"type": "blueprint/import", "url": url})
        answer = await client.receive_json()
        assert answer["success"], answer
        found = answer["result"]
        assert found["validation_errors"] is None
        assert found["blueprint"]["metadata"]["source_url"] == url
        path = f"{found['suggested_filename']}.yaml"
        await client.send_json_auto_id(
            {
                "type": "blueprint/save",
                "domain": AUTOMATION,
                "path": path,
                "yaml": found["raw_data"],
                "source_url": url,
            }
        )
        answer = await client.receive_json()
        assert answer["success"], answer
        return path

    async def use(self, name: str, *languages: str, **inputs: Any) -> None:
        """Import a blueprint in some languages, and run an automation of each of them."""
        configs = [
            {
                "id": language,
                "alias": f"{name} {language}",
                "use_blueprint": {
                    "path": await self.import_file(name, language),
                    "input": inputs,
                },
            }
            for language in languages
        ]
        assert await async_setup_component(self._hass, AUTOMATION, {AUTOMATION: configs})
        assert await async_setup_component(self._hass, persistent_notification.DOMAIN, {})
        persistent_notification.async_register_callback(self._hass, self._notified)
        states = self._hass.states.async_all(AUTOMATION)
        assert [state.state for state in states] == ["on"] * len(languages)

    @callback
    def _notified(
        self,
        update: persistent_notification.UpdateType,
        notifications: dict[str, persistent_notification.Notification],
    ) -> None:
        if update is persistent_notification.UpdateType.ADDED:
            self.notifications += [
                Notification(str(each["title"]), str(each["message"]))
                for each in notifications.values()
            ]
            self.notifications.sort()
