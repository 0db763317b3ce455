"""What a profile tells guests, by language; the screen shows and prints it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from records.profile import Profile


def describe_notice(
    profile: Profile, comparison: Mapping[str, str] = MappingProxyType({})
) -> dict[str, dict[str, str]]:
    """Return the profile's texts for guests, by language; `comparison` is said where something compares."""
    days = str(profile.retention_days)
    own = {} if profile.destination is None else {"collected": profile.collected, "kept": profile.kept}
    if comparison:
        own["comparison"] = dict(comparison)
    return own | {
        "name": profile.name,
        "law": profile.law,
        "authority": profile.authority,
        "redress": profile.redress,
        "retention_days": dict.fromkeys(profile.name, days),
    }
