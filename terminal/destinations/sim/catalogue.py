"""The simulated services, by the destination they stand for."""

from __future__ import annotations

from collections.abc import Mapping

from terminal.destinations.sim.server import SimulatedService
from terminal.errors import SettingsRefused


def make_service(destination_id: str) -> SimulatedService:
    """Return a new simulated service. Raises: SettingsRefused."""
    match destination_id:
        case "alloggiati":
            from terminal.destinations.sim import alloggiati

            return alloggiati.SimulatedAlloggiati()
        case "ubyport":
            from terminal.destinations.sim import ubyport

            return ubyport.SimulatedUbyport()
        case "evisitor":
            from terminal.destinations.sim import evisitor

            return evisitor.SimulatedEVisitor()
        case "ses_hospedajes":
            from terminal.destinations.sim import ses_hospedajes

            return ses_hospedajes.SimulatedSes()
        case _:
            raise SettingsRefused("destination")


def find_demo_credentials(destination_id: str) -> Mapping[str, str]:
    """Return the credentials that a simulated service takes. Raises: SettingsRefused."""
    match destination_id:
        case "alloggiati":
            from terminal.destinations.sim import alloggiati

            return alloggiati.DEMO_CREDENTIALS
        case "ubyport":
            from terminal.destinations.sim import ubyport

            return ubyport.DEMO_CREDENTIALS
        case "evisitor":
            from terminal.destinations.sim import evisitor

            return evisitor.DEMO_CREDENTIALS
        case "ses_hospedajes":
            from terminal.destinations.sim import ses_hospedajes

            return ses_hospedajes.DEMO_CREDENTIALS
        case _:
            raise SettingsRefused("destination")
