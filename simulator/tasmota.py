"""What a Tasmota reader says about itself: its topics, its discovery, its status.

Sources: the documents "MQTT" and "Commands" of Tasmota, and its discovery messages as
Home Assistant's library HATasmota expects them.
"""

from collections.abc import Mapping
import json
from typing import Final

from .home import Clock, Home

VERSION: Final = "15.5.0(tasmota)"
GROUP_TOPIC: Final = "tasmotas"
PREFIXES: Final = ("cmnd", "stat", "tele")
ONLINE: Final = "Online"
OFFLINE: Final = "Offline"

type Json = dict[str, object]


def compact(content: object) -> str:
    """Return JSON without blanks, as Tasmota prints it."""
    return json.dumps(content, separators=(",", ":"))


class TasmotaDevice:
    """A device with a name in the network, switched on some time ago."""

    def __init__(
        self,
        home: Home,
        clock: Clock,
        *,
        topic: str,
        mac: str,
        name: str,
        full_topic: str,
        prefixes: tuple[str, str, str] = PREFIXES,
        offline: str = OFFLINE,
    ) -> None:
        """Name a device; `mac` without colons, in capitals.

        `prefixes`: its words for "cmnd", "stat" and "tele". `offline`: its last word.
        """
        self.home = home
        self.clock = clock
        self.topic = topic
        self.mac = mac
        self.name = name
        self.full_topic = full_topic
        self.prefixes = prefixes
        self.offline = offline
        self.version = VERSION
        self._booted = clock.now()
        self._boots = 1
        self._restart_reason = "Power On"
        self._connections = 0

    def boot(self, reason: str) -> None:
        """Start anew: the uptime begins at 0."""
        self._booted = self.clock.now()
        self._boots += 1
        self._restart_reason = reason
        self._connections = 0

    def connected(self) -> None:
        """Count another connection to the broker."""
        self._connections += 1

    # Topics

    def tele_topic(self, leaf: str) -> str:
        """Return the topic of telemetry: LWT, SENSOR, STATE, INFO1..."""
        return self._topic(self.prefixes[2], leaf)

    def stat_topic(self, leaf: str) -> str:
        """Return the topic of an answer: STATUS, STATUS10..."""
        return self._topic(self.prefixes[1], leaf)

    @property
    def discovery_topic(self) -> str:
        """Return the topic of the retained discovery, without `/config` and `/sensors`."""
        return f"tasmota/discovery/{self.mac}"

    @property
    def hostname(self) -> str:
        """Return the name in the network: topic and the last 13 bits of the MAC."""
        return f"{self.topic.replace('_', '-')}-{int(self.mac[-4:], 16) & 0x1FFF:04}"

    @property
    def client_id(self) -> str:
        """Return the name at the broker."""
        return f"DVES_{self.mac[-6:]}"

    def command_topics(self) -> list[str]:
        """Return what to subscribe to: own, group and fallback topic."""
        topics = (self.topic, GROUP_TOPIC, f"{self.client_id}_fb")
        return [self._topic(self.prefixes[0], "#", topic) for topic in topics]

    def _topic(self, prefix: str, leaf: str, topic: str | None = None) -> str:
        """Return a topic by the reader's FullTopic."""
        filled = self.full_topic.replace("%prefix%", prefix).replace("%topic%", topic or self.topic)
        filled = filled.replace("%hostname%", self.hostname).replace("%id%", self.mac[-6:])
        return f"{filled.rstrip('/')}/{leaf}"

    # What it says

    @property
    def time(self) -> str:
        """Return the local time without an offset, as in all of its messages."""
        return f"{self.clock.now().astimezone(self.home.zone):%Y-%m-%dT%H:%M:%S}"

    @property
    def uptime(self) -> int:
        """Return the seconds since the last start."""
        return int((self.clock.now() - self._booted).total_seconds())

    @property
    def ip(self) -> str:
        """Return an address in the home's network."""
        return f"192.168.178.{int(self.mac[-2:], 16) % 180 + 20}"

    def state(self) -> Json:
        """Return the contents of STATE and of StatusSTS."""
        days, seconds = divmod(self.uptime, 86400)
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        signal = -57 - self.uptime // 300 % 7
        return {
            "Time": self.time,
            "Uptime": f"{days}T{clock}",
            "UptimeSec": self.uptime,
            "Heap": 24,
            "SleepMode": "Dynamic",
            "Sleep": 50,
            "LoadAvg": 19,
            "MqttCount": self._connections,
            "Wifi": {
                "AP": 1,
                "SSId": "Home",
                "BSSId": "02:00:5E:10:20:30",
                "Channel": 6,
                "Mode": "11n",
                "RSSI": 2 * (signal + 100),
                "Signal": signal,
                "LinkCount": 1,
                "Downtime": "0T00:00:03",
            },
        }

    def config(self) -> Json:
        """Return the contents of the discovery's `config`."""
        options = {"4": 0, "11": 0, "13": 0, "17": 0, "20": 0, "30": 0, "68": 0, "73": 0}
        return {
            "ip": self.ip,
            "dn": self.name,
            "fn": [self.name, *[None] * 7],
            "hn": self.hostname,
            "mac": self.mac,
            "md": "Generic",
            "ty": 0,
            "if": 0,
            "cam": 0,
            "ofln": self.offline,
            "onln": ONLINE,
            "state": ["OFF", "ON", "TOGGLE", "HOLD"],
            "sw": self.version.partition("(")[0],
            "t": self.topic,
            "ft": self.full_topic,
            "tp": list(self.prefixes),
            "rl": [0] * 8,
            "swc": [-1] * 8,
            "swn": [None] * 8,
            "btn": [0] * 8,
            "so": {**options, "82": 0, "114": 0, "117": 0},
            "lk": 0,
            "lt_st": 0,
            "bat": 0,
            "dslp": 0,
            "sho": [],
            "sht": [],
            "ver": 1,
        }

    def status(self) -> Mapping[int, str]:
        """Return what answers `STATUS <number>` as JSON members, 99 without a number."""
        mac = ":".join(self.mac[index : index + 2] for index in range(0, 12, 2))
        contents: Mapping[int, tuple[str, Json]] = {
            99: ("Status", {"Module": 1, "DeviceName": self.name, "Topic": self.topic}),
            1: (
                "StatusPRM",
                {
                    "Baudrate": 115200,
                    "GroupTopic": GROUP_TOPIC,
                    "RestartReason": self._restart_reason,
                    "Uptime": self.state()["Uptime"],
                    "BootCount": self._boots,
                },
            ),
            2: ("StatusFWR", {"Version": self.version, "Hardware": "ESP8266EX", "CR": "400/699"}),
            5: (
                "StatusNET",
                {"Hostname": self.hostname, "IPAddress": self.ip, "Mac": mac, "Webserver": 2},
            ),
            6: ("StatusMQT", {"MqttClient": self.client_id, "MqttCount": self._connections}),
            11: ("StatusSTS", self.state()),
        }
        return {
            number: f"{compact(name)}:{compact(content)}"
            for number, (name, content) in contents.items()
        }

    def info(self) -> Mapping[str, Json]:
        """Return the contents of INFO1 to INFO3, sent after each start."""
        return {
            "Info1": {
                "Module": "Generic",
                "Version": self.version,
                "FallbackTopic": self._topic(self.prefixes[0], "", f"{self.client_id}_fb"),
                "GroupTopic": self._topic(self.prefixes[0], "", GROUP_TOPIC),
            },
            "Info2": {
                "WebServerMode": "Admin",
                "Hostname": self.hostname,
                "IPAddress": self.ip,
            },
            "Info3": {"RestartReason": self._restart_reason, "BootCount": self._boots},
        }
