"""FRITZ!Boxes that announce themselves in the network."""

from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_socket import socket_allow_hosts

from custom_components.py_hab.const import DOMAIN
from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_SSDP
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import format_mac
from homeassistant.helpers.service_info.ssdp import (
    ATTR_UPNP_FRIENDLY_NAME,
    ATTR_UPNP_UDN,
    SsdpServiceInfo,
)
from simulator.fritzbox import (
    CUT,
    DEFAULT_PASSWORD,
    DEFAULT_USER,
    Fault,
    Identity,
    SimulatedFritzBox,
)
from tests.support.dialogue import Dialogue, add, leave

UDN: Final = "uuid:75802409-bccb-40e7-8e6c-"
SERIAL: Final = Identity().serial
DESCRIPTION: Final = "/tr64desc.xml"
REPEATER: Final = Fault(edit=lambda text: text.replace("X_AVM-DE_Homeauto", "WLANConfiguration"))
FORM: Final = "fritzbox"


async def announce(
    hass: HomeAssistant,
    box: SimulatedFritzBox | str,
    *,
    udn: str = f"{UDN}{SERIAL}",
    name: str = "FRITZ!Box 7690",
) -> Dialogue:
    """Let a box, or what stands at an address, announce itself; return what the user sees."""
    address = box.host if isinstance(box, SimulatedFritzBox) else box
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_SSDP},
        data=SsdpServiceInfo(
            ssdp_usn=f"{udn}::urn:schemas-upnp-org:device:fritzbox:1",
            ssdp_st="urn:schemas-upnp-org:device:fritzbox:1",
            ssdp_location=f"http://{address}/MediaServerDevDesc.xml",
            upnp={ATTR_UPNP_FRIENDLY_NAME: name, ATTR_UPNP_UDN: udn},
        ),
    )
    return Dialogue(hass, result, options=False)


async def log_in(dialogue: Dialogue, host: str) -> None:
    """Fill in the form."""
    await dialogue.answer(
        host=host,
        username=DEFAULT_USER,
        password=DEFAULT_PASSWORD,
        additional_settings={"verify_ssl": True},
    )


@pytest.fixture
def typed(hass: HomeAssistant, fritzbox_entry: MockConfigEntry) -> Any:
    """Set the address in the entry to what a user has typed."""

    def change(host: str) -> None:
        data = {**fritzbox_entry.data, CONF_HOST: host}
        hass.config_entries.async_update_entry(fritzbox_entry, data=data)

    return change


def flow_names(hass: HomeAssistant) -> list[Any]:
    """Return what the discovered devices are called."""
    return [
        flow["context"].get("title_placeholders")
        for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    ]


# A new box


async def test_new_box_is_offered_with_its_name_and_address(
    hass: HomeAssistant, box: SimulatedFritzBox
) -> None:
    dialogue = await announce(hass, box)
    assert dialogue.step == FORM
    assert dialogue.errors == {}
    assert dialogue.suggested[CONF_HOST] == "127.0.0.1"
    assert flow_names(hass) == [{"name": "FRITZ!Box 7690"}]
    assert dialogue.placeholders["title"] == f"FRITZ!Box 7690 ({SERIAL})"
    # Nothing is tried without a password.
    assert [request.path for request in box.requests] == [DESCRIPTION]


async def test_box_without_a_name_is_called_by_its_address(
    hass: HomeAssistant, box: SimulatedFritzBox
) -> None:
    await announce(hass, box, name="")
    assert flow_names(hass) == [{"name": "127.0.0.1"}]


async def test_discovered_box_is_the_same_as_an_added_one(
    hass: HomeAssistant, box: SimulatedFritzBox
) -> None:
    dialogue = await announce(hass, box)
    await log_in(dialogue, box.host)
    discovered = dialogue.entry
    await leave(hass, discovered)
    again = await add(hass, FORM)
    await log_in(again, box.url)
    assert again.end == "already_configured"
    await hass.config_entries.async_remove(discovered.entry_id)
    added = await add(hass, FORM)
    await log_in(added, box.host)
    assert added.entry.unique_id == discovered.unique_id == format_mac(SERIAL)
    assert added.entry.data == discovered.data
    assert added.entry.title == discovered.title
    await leave(hass, added.entry)


async def test_wrong_password_is_reported_and_the_box_can_still_be_added(
    hass: HomeAssistant, box: SimulatedFritzBox
) -> None:
    dialogue = await announce(hass, box)
    box.fault(Fault(status=500), times=1)
    await log_in(dialogue, box.host)
    assert dialogue.errors == {"base": "cannot_connect"}
    assert dialogue.suggested[CONF_HOST] == box.host
    await log_in(dialogue, box.host)
    await leave(hass, dialogue.entry)


@pytest.mark.parametrize("fault", [Fault(status=404), Fault(drop=True), Fault(status=500)])
async def test_box_that_hides_its_description_is_offered_all_the_same(
    hass: HomeAssistant, box: SimulatedFritzBox, fault: Fault
) -> None:
    """Access for applications can be switched off."""
    box.fault(fault, path=DESCRIPTION)
    dialogue = await announce(hass, box)
    assert dialogue.step == FORM


async def test_announcement_repeated_while_the_form_is_open_changes_nothing(
    hass: HomeAssistant, box: SimulatedFritzBox
) -> None:
    await announce(hass, box)
    again = await announce(hass, box)
    assert again.end == "already_in_progress"
    assert len(flow_names(hass)) == 1


# What is not offered


async def test_repeater_without_smart_home_is_not_offered(
    hass: HomeAssistant, box: SimulatedFritzBox
) -> None:
    box.fault(REPEATER, path=DESCRIPTION)
    dialogue = await announce(hass, box)
    assert dialogue.end == "not_supported"


async def test_description_that_ends_too_early_shows_no_smart_home(
    hass: HomeAssistant, box: SimulatedFritzBox
) -> None:
    box.fault(CUT, path=DESCRIPTION)
    dialogue = await announce(hass, box)
    assert dialogue.end == "not_supported"


@pytest.mark.parametrize(
    "udn", ["", "uuid:", SERIAL[:-1], f"{UDN}{SERIAL[:-1]}G", "uuid:00000000-0000-0000-no-serial"]
)
async def test_announcement_without_a_serial_number_is_not_offered(
    hass: HomeAssistant, box: SimulatedFritzBox, udn: str
) -> None:
    dialogue = await announce(hass, box, udn=udn)
    assert dialogue.end == "not_supported"
    assert box.requests == []


@pytest.mark.parametrize("address", ["[fe80::3a10:d5ff:fe5e:7a1c]", "[fe80::1%25eth0]:49000"])
async def test_link_local_address_is_not_offered(hass: HomeAssistant, address: str) -> None:
    dialogue = await announce(hass, address)
    assert dialogue.end == "ipv6_link_local"


async def test_ignored_box_is_not_offered(hass: HomeAssistant, box: SimulatedFritzBox) -> None:
    MockConfigEntry(
        domain=DOMAIN, unique_id=format_mac(SERIAL), source=SOURCE_IGNORE, data={}
    ).add_to_hass(hass)
    dialogue = await announce(hass, box)
    assert dialogue.end == "already_configured"
    assert box.requests == []


# A known box


@pytest.fixture
def second_address(socket_enabled: None) -> str:
    """Another address of this machine, at which nobody answers at first."""
    socket_allow_hosts(["127.0.0.1", "127.0.0.2"])
    return "127.0.0.2"


async def test_address_of_a_known_box_is_followed_if_it_no_longer_answers_there(
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    typed: Any,
    second_address: str,
) -> None:
    typed(f"http://{second_address}:{box.port}")
    dialogue = await announce(hass, "127.0.0.1:49000")
    assert dialogue.end == "already_configured"
    await hass.async_block_till_done()
    assert fritzbox_entry.data[CONF_HOST] == box.url
    assert not box.logins


@pytest.mark.parametrize(
    ("path", "edit"),
    [
        ("/jason_boxinfo.xml", Fault(status=404)),
        ("/jason_boxinfo.xml", Fault(status=500)),
        ("/jason_boxinfo.xml", Fault(edit=lambda text: text.replace(SERIAL, "3810D5000001"))),
        ("/jason_boxinfo.xml", Fault(edit=lambda text: text.replace(SERIAL, ""))),
    ],
    ids=["hidden", "error", "another serial number", "no serial number"],
)
async def test_announced_address_without_the_serial_number_is_not_taken(
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    typed: Any,
    second_address: str,
    path: str,
    edit: Fault,
) -> None:
    before = f"http://{second_address}:{box.port}"
    typed(before)
    box.fault(edit, path=path)
    dialogue = await announce(hass, "127.0.0.1:49000")
    assert dialogue.end == "already_configured"
    assert fritzbox_entry.data[CONF_HOST] == before


async def test_box_that_answers_at_its_address_is_not_moved(
    hass: HomeAssistant,
    box: SimulatedFritzBox,
    fritzbox_entry: MockConfigEntry,
    second_address: str,
) -> None:
    dialogue = await announce(hass, f"{second_address}:49000")
    assert dialogue.end == "already_configured"
    assert fritzbox_entry.data[CONF_HOST] == box.url


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("169.254.1.1:49000", "link_local"),
        ("[fe80::1%25eth0]:49000", "ipv6_link_local"),
        ("[::ffff:169.254.1.1]:49000", "ipv6_link_local"),
        ("box.example:49000", "already_configured"),
        ("[127.0.0.1", "not_supported"),
    ],
)
async def test_address_that_no_box_keeps_is_not_taken(
    hass: HomeAssistant,
    fritzbox_entry: MockConfigEntry,
    typed: Any,
    address: str,
    reason: str,
) -> None:
    typed("192.0.2.1")
    dialogue = await announce(hass, address)
    assert dialogue.end == reason
    assert fritzbox_entry.data[CONF_HOST] == "192.0.2.1"


@pytest.mark.parametrize("name", ["fritz.box", "https://my.fritz.box:8443", "box", "[nonsense"])
async def test_name_that_the_user_has_typed_is_kept(
    hass: HomeAssistant, fritzbox_entry: MockConfigEntry, typed: Any, name: str
) -> None:
    typed(name)
    dialogue = await announce(hass, "192.0.2.7")
    assert dialogue.end == "already_configured"
    assert fritzbox_entry.data[CONF_HOST] == name
