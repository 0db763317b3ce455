"""The destinations of this release, by the name that a profile gives them. Nothing else names a country."""

from __future__ import annotations

from terminal.destinations.terms import Destination
from terminal.errors import SettingsRefused


def find_destination(destination_id: str) -> Destination:
    """Return a destination. Raises: SettingsRefused("destination") for one this release does not have."""
    # Each imports its country where it is asked for: a counter in Italy needs no tables of Spain in memory.
    match destination_id:
        case "alloggiati":
            from terminal.destinations.alloggiati.destination import ALLOGGIATI

            return ALLOGGIATI
        case "ubyport":
            from terminal.destinations.czechia.destination import UBYPORT

            return UBYPORT
        case "evisitor":
            from terminal.destinations.croatia.destination import EVISITOR

            return EVISITOR
        case "ses_hospedajes":
            from terminal.destinations.ses_hospedajes.destination import SES_HOSPEDAJES

            return SES_HOSPEDAJES
        case _:
            raise SettingsRefused("destination")
