"""A simulated FRITZ!Box: speaks its protocols over HTTP, and fails on demand."""

from argparse import ArgumentParser, Namespace
import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ssl import SSLContext
from typing import Final

from aiohttp import web

from simulator.fritzbox_answers import SINCE_PBKDF2, Answer, Answers, Call
from simulator.fritzbox_devices import DEVICES, HOME, Device
from simulator.fritzbox_faults import CUT, EMPTY_LIST, MALFORMED, Fault, FaultPlan, Gate
from simulator.fritzbox_login import ALL_RIGHTS, Login, LoginService, Session, User
from simulator.fritzbox_pages import Identity
from simulator.fritzbox_smart_home import SmartHome
from simulator.home import Clock, Home

__all__ = [
    "ALL_RIGHTS",
    "CUT",
    "DEFAULT_PASSWORD",
    "DEFAULT_USER",
    "DEFAULT_USERS",
    "EMPTY_LIST",
    "MALFORMED",
    "OLD_FRITZOS",
    "OTHER_PASSWORD",
    "OTHER_USER",
    "Fault",
    "Gate",
    "Identity",
    "Login",
    "Request",
    "Session",
    "SimulatedFritzBox",
    "User",
    "add_arguments",
    "run",
]

HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8181
DEFAULT_USER: Final = "homeassistant"
DEFAULT_PASSWORD: Final = "simulated box"
OTHER_USER: Final = "fritz2947"
OTHER_PASSWORD: Final = "no smart home"
"""Somebody who may log in, but lacks the Smart Home right."""
DEFAULT_USERS: Final = {
    DEFAULT_USER: User(DEFAULT_PASSWORD),
    OTHER_USER: User(OTHER_PASSWORD, {"NAS": 2, "Phone": 1}),
}
OLD_FRITZOS: Final = (6, 93)
"""Knows only the first login protocol, and fewer commands."""


@dataclass(kw_only=True)
class Request:
    """One request, as tests want to count them: kept as soon as it has arrived."""

    method: str
    path: str
    switchcmd: str | None
    ain: str | None
    sid_valid: bool | None
    """None for requests that carried no SID."""
    address: str
    at: datetime
    status: int | None = None
    """None if there was no answer, or not yet."""


@dataclass(frozen=True, kw_only=True)
class _Reboot:
    """The box is gone until `back`: it drops requests, or answers with a status."""

    back: datetime
    status: int | None


class SimulatedFritzBox:
    """A FRITZ!Box with the devices of a simulated home, on a port of this machine.

    All its times (sessions, blocks, reboots) are the clock's; only `Fault.delay` is real.
    `requests` and `logins` keep what happened.
    """

    def __init__(
        self,
        home: Home,
        clock: Clock,
        *,
        users: Mapping[str, User] = DEFAULT_USERS,
        identity: Identity | None = None,
        iterations: tuple[int, int] = (60_000, 6_000),
        devices: Sequence[Device] = DEVICES,
        trust_forwarded_for: bool = False,
        tls: SSLContext | None = None,
    ) -> None:
        """Prepare a box.

        The FRITZ!OS of its `identity` decides which login and which commands it knows;
        `iterations` are those of the second login protocol, 60000 and 6000 on real boxes.
        With `trust_forwarded_for` the header `X-Forwarded-For` is the client's address, so that
        a test can be several clients. With `tls` it speaks https in place of http.
        """
        self.identity = identity or Identity()
        self.requests: list[Request] = []
        self._clock = clock
        self._login_service = LoginService(
            users, pbkdf2=self.identity.fritzos >= SINCE_PBKDF2, iterations=iterations
        )
        self.smart_home = SmartHome(home, devices)
        self._answers = Answers(self.identity, self._login_service, self.smart_home)
        self._faults = FaultPlan()
        self._reboot: _Reboot | None = None
        self._trust_forwarded_for = trust_forwarded_for
        self._tls = tls
        self._runner: web.AppRunner | None = None
        self._port = 0

    # Running

    async def start(self, port: int = 0) -> None:
        """Listen on this port of the loopback interface, or on a free one."""
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, port, ssl_context=self._tls)
        await site.start()
        self._port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Close the port; what the box knows stays, it may be started again."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def port(self) -> int:
        """The port of the last start."""
        return self._port

    @property
    def host(self) -> str:
        """Host and port, as one types it."""
        return f"{HOST}:{self._port}"

    @property
    def url(self) -> str:
        """The address of the box."""
        return f"{'https' if self._tls else 'http'}://{self.host}"

    @property
    def logins(self) -> Sequence[Login]:
        """All answered challenges, the oldest first."""
        return self._login_service.logins

    @property
    def sessions(self) -> Sequence[Session]:
        """The sessions that nobody and nothing has ended yet."""
        return tuple(self._login_service.sessions)

    # Faults on demand

    def fault(
        self,
        fault: Fault,
        *,
        times: int | None = None,
        path: str | None = None,
        switchcmd: str | None = None,
    ) -> None:
        """Let something go wrong with the next requests: so many, or all until cleared.

        The first fault that matches a request is the one that happens to it.
        """
        self._faults.add(fault, times=times, path=path, switchcmd=switchcmd)

    def clear_faults(self) -> None:
        """Let nothing go wrong with requests any more; devices stay as they are."""
        self._faults.clear()

    def end_sessions(self, address: str | None = None) -> None:
        """End the sessions of one client address or of all, as if another program had."""
        self._login_service.end_sessions(address)

    def set_password(self, user: str, password: str) -> None:
        """Change a password; sessions that are open stay open."""
        self._login_service.users[user] = self._login_service.users[user]._replace(
            password=password
        )

    def set_rights(self, user: str, rights: Mapping[str, int]) -> None:
        """Change what a user may do from the next login on."""
        self._login_service.users[user] = self._login_service.users[user]._replace(rights=rights)

    def reboot(
        self,
        duration: timedelta,
        *,
        warm_up: timedelta = timedelta(),
        status: int | None = None,
    ) -> None:
        """Forget all sessions and be gone for a while.

        For `duration` requests are dropped, or answered with `status`. For `warm_up` after it
        the box lets people in, but its device list is empty, and the REST API answers with
        error 3012.
        """
        back = self._clock.now() + duration
        self._login_service.forget()
        self._reboot = _Reboot(back=back, status=status)
        self._answers.ready_at = back + warm_up

    def override(self, ain: str, **values: str | int) -> None:
        """Let elements of a device say this: `override(ain, energy=0, voltage="", celsius=215)`.

        The values are the raw texts of the device list, in its units; `name` and `present` work
        as well. The plain commands follow, the statistics do not.
        """
        self.smart_home.override(ain, **values)

    def override_rest(self, ain: str, **values: object) -> None:
        """Let properties of the REST API say this, wherever in the device or its unit they stand.

        `outletState="relayStuck"`, `smartmeterState=["noData"]`, `isUpdateAvailable=True`; the
        device list does not follow. Values that both report are for `override`.
        """
        self.smart_home.override_rest(ain, **values)

    def zero(self, ain: str) -> None:
        """Let a plug be present and say 0 V, 0 W and 0 Wh (home-assistant core#55799)."""
        self.override(ain, voltage=0, power=0, energy=0)

    def disconnect(self, ain: str) -> None:
        """Take a device out of reach: absent, its values empty."""
        self.smart_home.disconnect(ain)

    def vanish(self, ain: str) -> None:
        """Take a device out of the list, as if it belonged to a mesh box that is off."""
        self.smart_home.vanish(ain)

    def delay_statistics(self, ain: str, silence: timedelta) -> None:
        """Let a device's statistics (and their `datatime`) be as old as this.

        The REST API calls them outdated after 15 minutes, and does not report them any more.
        """
        self.smart_home.delay_statistics(ain, silence)

    def confuse_statistics(self, ain: str) -> None:
        """Let the REST API report a meter's whole counter as its newest energy (evcc#29529).

        With the state "unknown"; `override_rest(ain, statisticsState="valid")` changes that.
        """
        self.smart_home.confuse_statistics(ain)

    def restore(self, ain: str) -> None:
        """Undo all of that for a device."""
        self.smart_home.restore(ain)

    def reset_statistics(self, ain: str) -> None:
        """Let a plug's counter and its history start anew, for good."""
        self.smart_home.reset_statistics(ain, self._clock.now())

    def counter(self, ain: str) -> int:
        """Return the Wh a device really has counted, whatever it has been asked to report."""
        return self.smart_home.counter(self.smart_home.devices[ain], self._clock.now())

    # Requests

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        address = request.remote or ""
        if self._trust_forwarded_for:
            address = request.headers.get("X-Forwarded-For", address)
        form = await request.post()
        call = Call(
            path=request.path,
            parameters={
                **request.query,
                **{name: value for name, value in form.items() if isinstance(value, str)},
            },
            authorization=request.headers.get("Authorization", ""),
            address=address,
            at=self._clock.now(),
        )
        record = Request(
            method=request.method,
            path=call.path,
            switchcmd=call.switchcmd,
            ain=call.parameters.get("ain"),
            sid_valid=None
            if call.sid is None
            else self._login_service.is_alive(call.sid, address=address, at=call.at),
            address=address,
            at=call.at,
        )
        self.requests.append(record)
        answer = await self._answer_or_fail(call)
        if answer is None:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        record.status = answer.status
        return web.Response(
            text=answer.text, content_type=answer.kind, charset="utf-8", status=answer.status
        )

    async def _answer_or_fail(self, call: Call) -> Answer | None:
        """Return the answer or what a fault made of it, None to drop the connection."""
        if self._reboot is not None and call.at < self._reboot.back:
            status = self._reboot.status
            return Answer(status=status) if status else None
        fault = self._faults.take(path=call.path, switchcmd=call.switchcmd)
        await asyncio.sleep(fault.delay.total_seconds())
        if fault.gate is not None:
            await fault.gate.passed()
        if fault.drop:
            return None
        if fault.status is not None:
            return Answer(status=fault.status)
        answer = self._answers.answer(call)
        return replace(answer, text=fault.edit(answer.text)) if fault.edit else answer


# From the command line


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what `run` wants to know."""
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port on this machine")
    parser.add_argument("--user", default=DEFAULT_USER, help="name of the user")
    parser.add_argument("--password", default=DEFAULT_PASSWORD, help="password of the user")
    parser.add_argument("--old", action="store_true", help="firmware that knows only the MD5 login")


async def run(args: Namespace, home: Home, clock: Clock) -> None:
    """Be a box until cancelled."""
    box = SimulatedFritzBox(
        home,
        clock,
        users={args.user: User(args.password), OTHER_USER: DEFAULT_USERS[OTHER_USER]},
        identity=Identity(fritzos=OLD_FRITZOS) if args.old else Identity(),
        devices=HOME,
    )
    await box.start(args.port)
    try:
        user = f"user {args.user!r}, password {args.password!r}"
        print(f"{box.identity.name} at {box.url}, {user}", flush=True)
        await asyncio.Event().wait()
    finally:
        await box.stop()
