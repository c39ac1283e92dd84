"""A real Home Assistant in a process of its own, driven through its HTTP and WebSocket API."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
import importlib.util
import json
import os
from pathlib import Path
import re
import signal
import socket
import sys
from types import TracebackType
from typing import Any, Final, Self

import aiohttp

REPOSITORY: Final = Path(__file__).parent.parent
INTEGRATIONS: Final = ("config", "energy", "frontend", "history", "logbook", "system_health")
"""What a user has; default_config would bring much that needs the internet."""
STUBS: Final = Path(__file__).parent / "stubs"
POLL: Final = 0.3
"""Seconds between two looks at it: each costs it some time."""
CLIENT_ID: Final = "http://127.0.0.1/"
USERNAME: Final = "demo"
PASSWORD: Final = "demo"

_HOME: Final = {
    "latitude": 50.78,
    "longitude": 6.08,
    "elevation": 173,
    "unit_system_v2": "metric",
    "location_name": "Demo",
    "time_zone": "Europe/Berlin",
    "external_url": None,
    "internal_url": None,
    "currency": "EUR",
    "country": "DE",
    "radius": 100,
}


def free_port() -> int:
    """Return a port on 127.0.0.1 that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _store(storage: Path, key: str, *, version: int, minor_version: int, data: object) -> None:
    (storage / key).write_text(
        json.dumps({"version": version, "minor_version": minor_version, "key": key, "data": data})
    )


def allow_this_machine_only(storage: Path, port: int) -> None:
    """Write HTTP settings with which only this machine can connect.

    As YAML, the same would raise a repair.
    """
    storage.mkdir(parents=True, exist_ok=True)
    _store(
        storage,
        "http",
        version=2,
        minor_version=2,
        data={
            "stable": {
                "server_host": ["127.0.0.1"],
                "server_port": port,
                "cors_allowed_origins": [],
                "login_attempts_threshold": -1,
                "ip_ban_enabled": True,
                "ssl_profile": "modern",
                "use_x_frame_options": True,
                "created_at": "2026-01-01T00:00:00+00:00",
                "error": None,
                "error_message": None,
            },
            "pending": None,
            "yaml_migration_done": True,
        },
    )


class HassError(Exception):
    """Home Assistant did not do what was asked."""


class Hass:
    """One Home Assistant: a configuration folder, a process, and a logged-in user."""

    def __init__(
        self,
        config: Path,
        *,
        python: str = sys.executable,
        port: int | None = None,
        language: str = "en",
    ) -> None:
        """Prepare to run in a configuration folder, which may be new or from an earlier run."""
        self.config = config
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = config / "home-assistant.log"
        self._python = python
        self._language = language
        self._process: asyncio.subprocess.Process | None = None
        self._http: aiohttp.ClientSession | None = None
        self.tokens: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop, whatever has happened."""
        await self.stop()

    # The process

    def _write_configuration(self) -> None:
        """Write what a user would click together before the first start."""
        storage = self.config / ".storage"
        storage.mkdir(parents=True, exist_ok=True)
        (self.config / "configuration.yaml").write_text(
            "".join(f"{name}:\n" for name in INTEGRATIONS)
            + "logger:\n  default: warning\n  logs:\n"
            + "".join(f"    {name}: info\n" for name in _INFO_LOGS)
        )
        components = self.config / "custom_components"
        if not components.exists():
            components.symlink_to(REPOSITORY / "custom_components")
        allow_this_machine_only(storage, self.port)
        if not (storage / "core.config").exists():
            self._store(
                "core.config",
                version=1,
                minor_version=4,
                data=_HOME | {"language": self._language},
            )
            # Steps that would bring in integrations with a need for the internet.
            self._store(
                "onboarding",
                version=4,
                minor_version=1,
                data={"done": ["core_config", "analytics", "integration"]},
            )

    def _store(self, key: str, *, version: int, minor_version: int, data: object) -> None:
        _store(
            self.config / ".storage", key, version=version, minor_version=minor_version, data=data
        )

    async def start(self) -> None:
        """Start Home Assistant, and wait until its user is logged in and set-up has finished."""
        self._write_configuration()
        environment = dict(os.environ)
        missing = [
            path.stem for path in STUBS.glob("*.py") if importlib.util.find_spec(path.stem) is None
        ]
        if missing:
            environment["PYTHONPATH"] = str(STUBS)
        with (self.config / "console.log").open("ab") as console:
            self._process = await asyncio.create_subprocess_exec(
                self._python,
                *("-m", "homeassistant", "--skip-pip", "--config", str(self.config)),
                cwd=self.config,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        self._http = aiohttp.ClientSession()
        await self.wait_for(self._answers, "Home Assistant to answer", seconds=120)
        if self.tokens:
            await self._refresh()
        else:
            await self._first_login()
        await self.wait_for(self._running, "Home Assistant to finish its start", seconds=120)

    async def stop(self) -> None:
        """Stop Home Assistant, and leave nothing of it running."""
        if self._http is not None:
            await self._http.close()
            self._http = None
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(60):
                await process.wait()
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    async def wait_for[T](self, ready: Callable[[], Any], what: str, *, seconds: float = 30) -> Any:
        """Ask again and again until the answer is true; return it. Raises HassError."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    if self._process is None or self._process.returncode is not None:
                        raise HassError(f"Home Assistant has ended:\n{self._console()}")
                    if answer := await ready():
                        return answer
                    await asyncio.sleep(POLL)
        except TimeoutError:
            raise HassError(f"waited {seconds:.0f} s for {what}") from None

    def _console(self) -> str:
        return (self.config / "console.log").read_text(errors="replace")[-4000:]

    # Its API

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            raise HassError("Home Assistant is not running")
        return self._http

    async def _answers(self) -> bool:
        try:
            async with self._session.get(f"{self.url}/api/onboarding") as response:
                return response.status in {200, 404}
        except aiohttp.ClientError:
            return False

    async def _running(self) -> bool:
        return bool((await self.get("config"))["state"] == "RUNNING")

    async def _first_login(self) -> None:
        """Create the user as the onboarding page does, and log in."""
        created = await self._json(
            "POST",
            "/api/onboarding/users",
            {
                "name": "Demo",
                "username": USERNAME,
                "password": PASSWORD,
                "client_id": CLIENT_ID,
                "language": self._language,
            },
        )
        self.tokens = await self._token(grant_type="authorization_code", code=created["auth_code"])

    async def _refresh(self) -> None:
        self.tokens |= await self._token(
            grant_type="refresh_token", refresh_token=self.tokens["refresh_token"]
        )

    async def _token(self, **form: str) -> dict[str, Any]:
        async with self._session.post(
            f"{self.url}/auth/token", data={**form, "client_id": CLIENT_ID}
        ) as response:
            response.raise_for_status()
            token: dict[str, Any] = await response.json()
            return token

    async def _json(self, method: str, path: str, body: object = None) -> Any:
        headers = {}
        if self.tokens:
            headers["Authorization"] = f"Bearer {self.tokens['access_token']}"
        async with self._session.request(
            method, f"{self.url}{path}", json=body, headers=headers
        ) as response:
            if response.status >= 400:
                raise HassError(f"{method} {path}: {response.status} {await response.text()}")
            return await response.json()

    async def get(self, path: str) -> Any:
        """Return the answer to a GET below /api/."""
        return await self._json("GET", f"/api/{path}")

    async def post(self, path: str, body: object = None) -> Any:
        """Return the answer to a POST below /api/."""
        return await self._json("POST", f"/api/{path}", body)

    async def delete(self, path: str) -> Any:
        """Return the answer to a DELETE below /api/."""
        return await self._json("DELETE", f"/api/{path}")

    async def ws(self, command: str, **arguments: Any) -> Any:
        """Return the result of a WebSocket command."""
        url = f"{self.url}/api/websocket"
        async with self._session.ws_connect(url, max_msg_size=0) as socket_:
            await socket_.receive_json()
            await socket_.send_json({"type": "auth", "access_token": self.tokens["access_token"]})
            await socket_.receive_json()
            await socket_.send_json({"id": 1, "type": command, **arguments})
            answer = await socket_.receive_json()
        if not answer["success"]:
            raise HassError(f"{command}: {answer['error']}")
        return answer["result"]

    # What a user does

    async def flow(self, handler: str, *steps: Mapping[str, Any]) -> dict[str, Any]:
        """Go through a config flow as the frontend does; return its last answer."""
        return await self._flow("config/config_entries/flow", handler, steps)

    async def options(self, entry_id: str, *steps: Mapping[str, Any]) -> dict[str, Any]:
        """Go through the options of an entry; return the last answer."""
        return await self._flow("config/config_entries/options/flow", entry_id, steps)

    async def _flow(
        self, path: str, handler: str, steps: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        answer: dict[str, Any] = await self.post(path, {"handler": handler})
        for step in steps:
            if answer["type"] in {"abort", "create_entry"}:
                break
            answer = await self.post(
                f"{path}/{answer['flow_id']}", _filled(answer.get("data_schema") or [], step)
            )
        return answer

    async def accept(self, flow_id: str) -> dict[str, Any]:
        """Send the form of a discovered device as it is filled in; return the answer."""
        path = f"config/config_entries/flow/{flow_id}"
        form = await self.get(path)
        answer: dict[str, Any] = await self.post(path, _filled(form.get("data_schema") or [], {}))
        return answer

    async def add_entry(self, handler: str, *steps: Mapping[str, Any]) -> str:
        """Add an integration through its config flow; return the entry's id."""
        answer = await self.flow(handler, *steps)
        if answer["type"] != "create_entry":
            raise HassError(f"{handler} was not added: {answer}")
        entry_id: str = answer["result"]["entry_id"]
        return entry_id

    async def add_mqtt(self, host: str, port: int) -> str:
        """Connect Home Assistant to a broker."""
        return await self.add_entry("mqtt", {"broker": host, "port": port})

    async def add_fritzbox(self, host: str, username: str, password: str) -> str:
        """Add a FRITZ!Box to py_hab."""
        return await self.add_entry(
            "py_hab",
            {"next_step_id": "fritzbox"},
            {"host": host, "username": username, "password": password},
        )

    async def add_meter(self, topic: str) -> str:
        """Add a meter to py_hab."""
        return await self.add_entry("py_hab", {"next_step_id": "tasmota"}, {"topic": topic}, {})

    async def add_user(self, name: str) -> dict[str, Any]:
        """Add a user without an administrator's rights; return the tokens of a login."""
        user = await self.ws("config/auth/create", name=name, group_ids=["system-users"])
        await self.ws(
            "config/auth_provider/homeassistant/create",
            user_id=user["user"]["id"],
            username=name,
            password=PASSWORD,
        )
        flow = await self._post_as_nobody(
            "/auth/login_flow", {"handler": ["homeassistant", None], "redirect_uri": CLIENT_ID}
        )
        done = await self._post_as_nobody(
            f"/auth/login_flow/{flow['flow_id']}", {"username": name, "password": PASSWORD}
        )
        return await self._token(grant_type="authorization_code", code=done["result"])

    async def _post_as_nobody(self, path: str, body: Mapping[str, Any]) -> Any:
        """Return the answer to a POST of somebody who is not logged in."""
        async with self._session.post(
            f"{self.url}{path}", json={**body, "client_id": CLIENT_ID}
        ) as response:
            response.raise_for_status()
            return await response.json()

    async def entities(self) -> list[dict[str, Any]]:
        """Return the registered entities of py_hab that are enabled, each with its state.

        Keys beside the registry's own: state (the whole object or None), device (its registry entry).
        """
        # In this order: what an entity refers to is older than the entity.
        registered = await self.ws("config/entity_registry/list")
        devices = {device["id"]: device for device in await self.ws("config/device_registry/list")}
        states = {state["entity_id"]: state for state in await self.get("states")}
        return [
            entity
            | {"state": states.get(entity["entity_id"]), "device": devices[entity["device_id"]]}
            for entity in registered
            if entity["platform"] == "py_hab" and entity["disabled_by"] is None
        ]

    async def repairs(self) -> list[dict[str, Any]]:
        """Return what the Repairs page shows."""
        issues: list[dict[str, Any]] = (await self.ws("repairs/list_issues"))["issues"]
        return [issue for issue in issues if not issue["ignored"]]

    def complaints(self) -> list[str]:
        """Return the warnings and errors in the log, without those that are expected here."""
        text = (self.config / "console.log").read_text(errors="replace")
        return [
            entry.rstrip()
            for entry in re.split(r"^(?=\d{4}-\d\d-\d\d )", text, flags=re.MULTILINE)
            if re.search(" (WARNING|ERROR|CRITICAL) |Traceback", entry)
            and not any(expected in entry for expected in _EXPECTED)
        ]


_EXPECTED: Final = (
    # Greets everybody who uses a custom integration.
    "custom integration py_hab which has not been tested",
    # We start Home Assistant so, since everything it needs is there.
    "Skipping pip installation of required modules",
    # Base platforms of every Home Assistant, whose programs this machine need not have.
    "[haffmpeg",
    "Error loading libturbojpeg",
    # rumqttd acknowledges an UNSUBSCRIBE of several topics once for each of them.
    "Caught exception in on_unsubscribe: invalid state",
)


def _filled(schema: list[dict[str, Any]], step: Mapping[str, Any]) -> dict[str, Any]:
    """Return a form's answer with what the frontend shows at first and sends along."""
    answer = dict(step)
    for field in schema:
        name = field["name"]
        if field.get("type") == "expandable":
            answer[name] = _filled(field["schema"], answer.get(name, {}))
        elif (suggested := (field.get("description") or {}).get("suggested_value")) is not None:
            answer.setdefault(name, suggested)
        elif field.get("required"):
            match field:
                case {"default": default}:
                    answer.setdefault(name, default)
                case {"selector": {"boolean": _}}:
                    answer.setdefault(name, False)
                case {"selector": {"select": {"options": [first, *_]}}}:
                    answer.setdefault(name, first["value"] if isinstance(first, dict) else first)
    return answer


_INFO_LOGS: Final = ("custom_components.py_hab", "homeassistant.components.mqtt")
