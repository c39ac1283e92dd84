"""The world of the tests: a simulated home, and Home Assistant with the integration in it."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from datetime import timedelta
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

import pytest
import pytest_asyncio

# Imported first: the test plugin has a package of the same name, which must not win.
from custom_components.py_hab.const import CONF_KIND, CONF_TOPIC, DOMAIN, EntryKind
from custom_components.py_hab.counters.verdict import Verdict
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import format_mac
from homeassistant.helpers.entity import Entity
from simulator.broker import Broker, Kind, available
from simulator.fritzbox import DEFAULT_PASSWORD, DEFAULT_USER, SimulatedFritzBox
from simulator.fritzbox_devices import DEVICES
from simulator.home import Home, ManualClock
from simulator.mqtt import KEEPALIVE
from simulator.reader import SimulatedReader
from tests.conftest import START
from tests.support.brokers import cleared
from tests.support.quick import (
    patient_executor,
    quick_freezing,
    quick_imports,
    quick_mocks,
    quick_names,
    quick_queries,
    quick_storage,
    quick_sun,
    quick_timers,
)

if TYPE_CHECKING:
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.support.mocked_reader import MockedReader
    from tests.support.passing_time import Time

MICROSECOND: Final = 1e-6
AROUND_HOME_ASSISTANT: Final = {
    "configure_event_loop",
    "disable_http_server",
    "enable_event_loop_debug",
    "expected_lingering_tasks",
    "expected_lingering_timers",
    "fail_on_log_exception",
    "reset_globals",
    "skip_stop_scripts",
    "verify_cleanup",
    "wait_for_stop_scripts_after_shutdown",
}
"""What the test plugin sets up around each test, whether Home Assistant runs in it or not."""
UNREAD_EVENTS: Final = [
    "component_loaded",
    "device_registry_updated",
    "entity_registry_updated",
    "service_registered",
]
"""Two for each entity of a home, several hundred in each test."""

# Every statement, every row and every new entity, which nobody reads: the test plugin asks for it.
# And each request, with an error: in a frozen time aiohttp cannot calculate when it was.
for name in (
    "aiohttp.access",
    "sqlalchemy.engine",
    "homeassistant.components.recorder",
    "homeassistant.helpers.entity_registry",
):
    logging.getLogger(name).setLevel(logging.WARNING)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out an event loop where nobody needs one: it takes longer than most of these tests."""
    if isinstance(item, pytest.Function) and not pytest_asyncio.is_async_test(item):
        names = item.fixturenames
        if "hass" not in names:
            item.fixturenames = [name for name in names if name not in AROUND_HOME_ASSISTANT]


@pytest.fixture(autouse=True)
def with_custom_integrations(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant find py_hab; the end-to-end tests run a process of their own."""
    if "hass" in request.fixturenames:
        # The time of a test must stand, and its recorder wait, before Home Assistant starts.
        for name in ("time", "recorder_mock"):
            if name in request.fixturenames:
                request.getfixturevalue(name)
        request.getfixturevalue("enable_custom_integrations")


@pytest.fixture(autouse=True, scope="session")
def quick() -> Iterator[None]:
    """Do quickly what other libraries do slowly, and wait where they are impatient."""
    with (
        quick_freezing(),
        quick_imports(),
        quick_mocks(),
        quick_names(),
        quick_queries(),
        quick_storage(),
        quick_sun(),
        quick_timers(),
        patient_executor(),
    ):
        yield


@pytest.fixture(autouse=True)
async def enable_event_loop_debug(request: pytest.FixtureRequest) -> None:
    """Let the event loop watch who calls it if `--loop-debug` asks for it; it takes long."""
    loop: Any = asyncio.get_running_loop()
    loop.set_debug(request.config.getoption("loop_debug"))
    # A frozen time is seconds since 1970, to which a nanosecond adds nothing: for a timer that is due
    # at this very moment, the loop would look again and again, and never run it.
    loop._clock_resolution = MICROSECOND


@pytest.fixture
def recorder_db_url(
    pytestconfig: pytest.Config,
    hass_fixture_setup: list[bool],
    persistent_database: bool,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[str]:
    """The database of a test that records: SQLite, or one on the server that --dburl names.

    The test plugin knows fewer servers, and needs one more library for them.
    """
    from tests.support.databases import new_database

    assert not hass_fixture_setup
    url = pytestconfig.getoption("dburl")
    if url != "sqlite://":
        request.getfixturevalue("socket_enabled")
        with new_database(url) as new:
            yield new
    elif persistent_database:
        yield f"sqlite:///{tmp_path / 'recorder.db'}"
    else:
        yield url


@pytest.fixture
def recorder_config() -> dict[str, Any]:
    """Let the recorder commit as it does at home, and not store what nobody reads."""
    return {"commit_interval": 5, "exclude": {"event_types": UNREAD_EVENTS}}


@pytest.fixture
def persistent_database() -> bool:
    """Let the recorder write into a file: one in memory cannot be read before the commit."""
    return True


@pytest.fixture
def entity_registry_enabled_by_default() -> Iterator[None]:
    """Enable all new entities, also those that are disabled by default."""
    with patch.object(Entity, "entity_registry_enabled_default", return_value=True):
        yield


@pytest.fixture
def clock() -> ManualClock:
    """The time of the simulated home."""
    return ManualClock(START)


@pytest.fixture
async def time(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Time]:
    """The time of home and process. A test names it first: whatever runs is to live in it."""
    from freezegun import freeze_time
    from paho.mqtt.client import Client

    from tests.support.passing_time import Time

    # It would take a step of this time for a broker that does not answer.
    monkeypatch.setattr(Client, "_check_keepalive", lambda _: None)
    # Nothing happens twice at the same moment, as in a real home.
    with freeze_time(START, auto_tick_seconds=MICROSECOND) as frozen:
        yield Time(frozen, clock)


@pytest.fixture
def age() -> timedelta:
    """How long the counters of the home have counted. A test overrides it to be faster."""
    return timedelta(days=100)


@pytest.fixture
def home(age: timedelta) -> Home:
    """A simulated home."""
    return Home(installed=START - age)


@pytest.fixture
def ains() -> Collection[str]:
    """The devices of the box. A test that records overrides it to be faster."""
    return {device.ain for device in DEVICES}


@pytest.fixture
async def box(
    home: Home, clock: ManualClock, ains: Collection[str], socket_enabled: None
) -> AsyncIterator[SimulatedFritzBox]:
    """A running FRITZ!Box with quick logins."""
    devices = [device for device in DEVICES if device.ain in ains]
    box = SimulatedFritzBox(
        home, clock, iterations=(1000, 1000), devices=devices, trust_forwarded_for=True
    )
    await box.start()
    yield box
    await box.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def brokers() -> AsyncIterator[dict[Kind, Broker]]:
    """The brokers of this process: one of each kind at most, since it takes long to start one."""
    brokers: dict[Kind, Broker] = {}
    yield brokers
    for broker in brokers.values():
        await broker.stop()


@pytest.fixture
def broker_kind() -> Kind:
    """The kind of broker: Mosquitto where it is installed. tests/meter uses each kind."""
    return available()[-1]


@pytest.fixture
async def broker(broker_kind: Kind, brokers: dict[Kind, Broker], socket_enabled: None) -> Broker:
    """A running MQTT broker that retains nothing; a test may stop it."""
    broker = brokers.get(broker_kind) or Broker(kind=broker_kind)
    brokers[broker_kind] = broker
    await broker.start()
    await cleared(broker)
    return broker


@pytest.fixture
async def reader(home: Home, clock: ManualClock, broker: Broker) -> AsyncIterator[SimulatedReader]:
    """A connected reader that publishes when it is asked to."""
    reader = SimulatedReader(home, clock, port=broker.port)
    await reader.start()
    yield reader
    if broker.running:
        await reader.stop()


@pytest.fixture
def little_time() -> Iterator[None]:
    """Wait only a moment for what has to come at once."""
    from tests.support.patience import brisk

    with brisk():
        yield


@pytest.fixture
async def mocked_reader(
    time: Time, hass: HomeAssistant, mock_hass_config: None, mqtt_client_mock: Any
) -> AsyncIterator[MockedReader]:
    """A reader that says what it is asked to."""
    from tests.support.mocked_reader import MockedReader

    mocked_reader = MockedReader(time, hass, mqtt_client_mock)
    await mocked_reader.connect()
    yield mocked_reader
    await mocked_reader.disconnect()


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """A simulated radio needs no rest between two questions for what the box stores."""
    from custom_components.py_hab.history.box import fetch

    monkeypatch.setattr(fetch, "PAUSE", timedelta(0))


@pytest.fixture
def media(hass: HomeAssistant, tmp_path: Path) -> Path:
    """A folder that Home Assistant may read."""
    folder = tmp_path / "media"
    folder.mkdir()
    hass.config.allowlist_external_dirs = {str(folder)}
    return folder


@pytest_asyncio.fixture
async def fritzbox_entry(hass: HomeAssistant, box: SimulatedFritzBox) -> MockConfigEntry:
    """A config entry for the box, not loaded. It was set up before: its first run is over."""
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from tests.support.first_run import was_set_up_before

    entry = MockConfigEntry(
        domain=DOMAIN,
        title="FRITZ!Box",
        unique_id=format_mac(box.identity.serial),
        data={
            CONF_KIND: EntryKind.FRITZBOX.value,
            CONF_HOST: box.url,
            CONF_USERNAME: DEFAULT_USER,
            CONF_PASSWORD: DEFAULT_PASSWORD,
            CONF_VERIFY_SSL: True,
        },
    )
    entry.add_to_hass(hass)
    await was_set_up_before(hass, entry)
    return entry


@pytest.fixture
async def mqtt_entry(
    hass: HomeAssistant, broker: Broker, mock_hass_config: None, expected_lingering_timers: bool
) -> AsyncIterator[MockConfigEntry]:
    """Home Assistant's own MQTT integration, connected to the broker."""
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from homeassistant.components import mqtt

    entry = MockConfigEntry(
        domain="mqtt",
        title="Broker",
        version=2,
        minor_version=1,
        # Minutes pass within milliseconds: a usual keep-alive would expire before the broker's
        # answer to the ping arrives.
        data={
            "broker": broker.host,
            "port": broker.port,
            "protocol": "5",
            "keepalive": KEEPALIVE,
        },
        # Or the reader's announcement would start a flow of core's own Tasmota integration.
        # The birth message would be under way at some later time, when nobody expects it.
        options={"discovery": False, "birth_message": {}},
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    while not mqtt.is_connected(hass):
        await hass.async_block_till_done()
    yield entry
    if broker.running and entry.state is ConfigEntryState.LOADED:
        # Now, or it would say goodbye to a broker that is gone.
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
def expected_lingering_timers(request: pytest.FixtureRequest) -> bool:
    """Core's MQTT client leaves a timer behind when it has lost its broker: tolerated there only."""
    return "mqtt_entry" in request.fixturenames


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """First readings are confirmed at once: a test need not wait for another telegram."""
    from custom_components.py_hab.counters import pending
    from custom_components.py_hab.meter import commands

    monkeypatch.setitem(pending._CONFIRMATIONS, Verdict.QUARANTINED, pending.Confirmation(2, 0.0))
    monkeypatch.setattr(commands, "REPEAT_AFTER", timedelta(0))


@pytest.fixture
def meter_entry(hass: HomeAssistant, reader: SimulatedReader, trusting: None) -> MockConfigEntry:
    """A config entry for the reader's meter, not set up yet."""
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    entry = MockConfigEntry(
        domain=DOMAIN,
        title="MT681",
        unique_id="a4:cf:12:92:82:f4",
        data={
            CONF_KIND: EntryKind.METER.value,
            CONF_TOPIC: reader.tele_topic("SENSOR"),
        },
    )
    entry.add_to_hass(hass)
    return entry
