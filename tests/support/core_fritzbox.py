"""An entry of core's `fritzbox` integration for the simulated box."""

from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from simulator.fritzbox import ALL_RIGHTS, OTHER_PASSWORD, OTHER_USER, SimulatedFritzBox


def core_fritzbox(hass: HomeAssistant, box: SimulatedFritzBox) -> MockConfigEntry:
    """Add an entry of core's integration; a user of its own distinguishes the logins."""
    box.set_rights(OTHER_USER, ALL_RIGHTS)
    entry = MockConfigEntry(
        domain="fritzbox",
        version=1,
        minor_version=2,
        title="Core's FRITZ!Box",
        data={
            "host": box.url,
            "username": OTHER_USER,
            "password": OTHER_PASSWORD,
            "verify_ssl": False,
        },
    )
    entry.add_to_hass(hass)
    return entry
