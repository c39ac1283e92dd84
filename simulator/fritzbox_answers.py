"""How the simulated FRITZ!Box understands a request, and what it answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
import json
from typing import Final
from xml.etree.ElementTree import Element

from simulator import fritzbox_pages as pages
from simulator.fritzbox_devices import Device, Plug
from simulator.fritzbox_login import NO_SID, LoginService, Session
from simulator.fritzbox_pages import Identity
from simulator.fritzbox_rest import part
from simulator.fritzbox_smart_home import SmartHome
from simulator.fritzbox_xml import text_of

SINCE_PBKDF2: Final = (7, 24)
_SINCE_FRITZOS_IN_LIST: Final = (7, 20)
_SINCE_DATATIME: Final = (7, 39)

_SINCE_REST: Final = (8, 20)

_REST_PATH: Final = "/api/v0/"
_REST_RIGHTS: Final = {"HomeAuto", "BoxAdmin", "App"}
"""Any of them opens the overview."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request as the box understands it."""

    path: str
    parameters: Mapping[str, str]
    """Of the query and the form together."""
    authorization: str
    address: str
    at: datetime

    @property
    def sid(self) -> str | None:
        """The SID of the parameters, or of the REST API's header."""
        if self.authorization.startswith("AVM-SID "):
            return self.authorization.removeprefix("AVM-SID ")
        return self.parameters.get("sid")

    @property
    def switchcmd(self) -> str | None:
        """The AHA command."""
        return self.parameters.get("switchcmd")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What goes back."""

    text: str = ""
    kind: str = "text/plain"
    status: int = 200


class Answers:
    """The box behind its HTTP server."""

    def __init__(self, identity: Identity, login_service: LoginService, devices: SmartHome) -> None:
        """Answer for this box, with these users and devices."""
        self.identity = identity
        self.login_service = login_service
        self.devices = devices
        self.ready_at: datetime | None = None
        """Until then it has booted, but does not know its devices yet."""

    def answer(self, call: Call) -> Answer:
        """Return the answer of a box that is up."""
        if call.path.startswith(_REST_PATH):
            return self._rest(call)
        pages_by_path: Mapping[str, Callable[[Call], Answer]] = {
            "/": self._front_page,
            "/login_sid.lua": self._login,
            "/webservices/homeautoswitch.lua": self._aha,
            "/jason_boxinfo.xml": lambda _: _xml(pages.box_info(self.identity)),
            "/tr64desc.xml": lambda _: _xml(pages.tr64_description(self.identity)),
            "/rest_api_desc.json": lambda _: _json(200, pages.rest_description()),
        }
        page = pages_by_path.get(call.path)
        return page(call) if page else Answer(status=404)

    def is_warming_up(self, at: datetime) -> bool:
        """Return whether the box does not know its devices yet."""
        return self.ready_at is not None and at < self.ready_at

    def _front_page(self, _: Call) -> Answer:
        return Answer(text=pages.front_page(self.identity), kind="text/html")

    def _login(self, call: Call) -> Answer:
        """Answer the login page: always with status 200; a dead SID does no harm here."""
        parameters, at, login_service = call.parameters, call.at, self.login_service
        sid = call.sid or NO_SID
        session = None
        if {"logout", "security:command/logout"} & parameters.keys():
            login_service.log_out(sid, address=call.address)
        elif "response" in parameters:
            user = parameters.get("username", "")
            session = login_service.log_in(
                user, parameters["response"], address=call.address, at=at
            )
        else:
            session = login_service.session(sid, address=call.address, at=at)
        version = 2 if parameters.get("version") == "2" else 1
        return _xml(
            pages.session_info(
                sid=session.sid if session else NO_SID,
                challenge=login_service.challenge(at, version=version),
                block_time=login_service.block_time(at),
                rights=session.rights if session else {},
                users=[user for user in login_service.users if user],
                last_user=login_service.last_user,
            )
        )

    def _aha(self, call: Call) -> Answer:
        """Answer an AHA command (AHA-HTTP interface v1.61, chapter 2)."""
        session = self._session_or_alarm(call)
        if session is None or "HomeAuto" not in session.rights:
            return Answer(status=403)
        command = _COMMANDS.get(call.switchcmd or "")
        if command is None or self.identity.fritzos < command.since:
            return Answer(status=400)
        if command.right not in session.rights:
            return Answer(status=403)
        if command.whole is not None:
            return command.whole(self, call.at)
        device = self.devices.find(call.parameters.get("ain", ""))
        if device is None or self.is_warming_up(call.at):
            return Answer(status=400)
        if command.device is not None:
            return command.device(self, device, call.at)
        text = self.devices.element(device, call.at).findtext(command.value)
        return _plain(text or "inval")

    def _rest(self, call: Call) -> Answer:
        """Answer the overview of the Smart Home REST API."""
        if self.identity.fritzos < _SINCE_REST:
            return Answer(status=404)
        session = self._session_or_alarm(call)
        if session is None:
            return _rest_error(401, 3001, "no permission")
        if not _REST_RIGHTS & session.rights.keys():
            return _rest_error(403, 3001, "no permission")
        if self.is_warming_up(call.at):
            return _rest_error(500, 3012, "[OPERATION_FAIL] global_data not init")
        root, _, path = call.path.removeprefix(_REST_PATH).partition("/overview")
        if root != "smarthome":
            return _rest_error(404, 3002, "bad path")
        found = part(self.devices, path, call.at)
        return _rest_error(404, 2001, "UID not found") if found is None else _json(200, found)

    def _session_or_alarm(self, call: Call) -> Session | None:
        """Return the caller's session; without one, all sessions of its address are ended.

        The box takes a dead, zero or missing SID for an attack (AVM's help page on session ids).
        """
        session = self.login_service.session(call.sid or NO_SID, address=call.address, at=call.at)
        if session is None:
            self.login_service.end_sessions(call.address)
        return session


def _device_list(box: Answers, at: datetime) -> Answer:
    knows = box.identity.fritzos >= _SINCE_FRITZOS_IN_LIST
    element = box.devices.device_list(at, fritzos=box.identity.version if knows else None)
    if box.is_warming_up(at):
        for child in tuple(element):
            element.remove(child)
    return _xml(element)


def _switch_list(box: Answers, at: datetime) -> Answer:
    listed = () if box.is_warming_up(at) else box.devices.listed()
    return _plain(",".join(device.ain.replace(" ", "") for device in listed if device.block(Plug)))


def _device_info(box: Answers, device: Device, at: datetime) -> Answer:
    return _xml(box.devices.element(device, at))


def _statistics(box: Answers, device: Device, at: datetime) -> Answer:
    knows = box.identity.fritzos >= _SINCE_DATATIME
    return _xml(box.devices.statistics(device, at, with_datatime=knows))


@dataclass(frozen=True, kw_only=True)
class _Command:
    """One read-only `switchcmd`, and the FRITZ!OS that brought it: `value` or a function."""

    since: tuple[int, int] = (5, 50)
    right: str = "HomeAuto"
    value: str = ""
    """The way to the element of the device list that is the answer."""
    device: Callable[[Answers, Device, datetime], Answer] | None = None
    """Answers for the device of the parameter `ain`."""
    whole: Callable[[Answers, datetime], Answer] | None = None
    """Answers for the box."""


_COMMANDS: Final[Mapping[str, _Command]] = {
    "getswitchlist": _Command(whole=_switch_list),
    "getdevicelistinfos": _Command(whole=_device_list),
    "gettemplatelistinfos": _Command(since=(6, 98), whole=lambda *_: _xml(pages.template_list())),
    "gettriggerlistinfos": _Command(since=(7, 39), whole=lambda *_: _xml(pages.trigger_list())),
    "getcolordefaults": _Command(since=(7, 20), whole=lambda *_: _xml(pages.colour_defaults())),
    "getsubscriptionstate": _Command(
        since=(7, 24), right="App", whole=lambda *_: _xml(pages.subscription_state())
    ),
    "getdeviceinfos": _Command(since=(7, 24), device=_device_info),
    "getbasicdevicestats": _Command(since=(6, 98), device=_statistics),
    "getswitchname": _Command(value="name"),
    "getswitchpresent": _Command(value="present"),
    "getswitchstate": _Command(value="switch/state"),
    "getswitchmode": _Command(value="switch/mode"),
    "getswitchpower": _Command(value="powermeter/power"),
    "getswitchenergy": _Command(value="powermeter/energy"),
    "gettemperature": _Command(value="temperature/celsius"),
    "gethkrtsoll": _Command(since=(6, 35), value="hkr/tsoll"),
    "gethkrkomfort": _Command(since=(6, 35), value="hkr/komfort"),
    "gethkrabsenk": _Command(since=(6, 35), value="hkr/absenk"),
}


def _xml(document: Element | str) -> Answer:
    text = text_of(document) if isinstance(document, Element) else document
    return Answer(text=f"{text}\n", kind="text/xml")


def _plain(text: str) -> Answer:
    return Answer(text=f"{text}\n")


def _json(status: int, content: object) -> Answer:
    return Answer(text=json.dumps(content), kind="application/json", status=status)


def _rest_error(status: int, code: int, message: str) -> Answer:
    return _json(status, {"errors": [{"message": message, "code": code}]})
