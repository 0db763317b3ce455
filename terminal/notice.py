"""What a profile tells guests, by language; the screen shows and prints it."""

from __future__ import annotations

from records.profile import Profile


def describe_notice(profile: Profile) -> dict[str, dict[str, str]]:
    """Return the profile's texts for guests, by language."""
    days = str(profile.retention_days)
    own = {} if profile.destination is None else {"collected": profile.collected, "kept": profile.kept}
    return own | {
        "name": profile.name,
        "law": profile.law,
        "authority": profile.authority,
        "redress": profile.redress,
        "retention_days": dict.fromkeys(profile.name, days),
    }
