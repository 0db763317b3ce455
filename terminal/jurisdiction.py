"""The jurisdiction a terminal works under: its root file and its profile, and the limits of a demonstration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from records.errors import NotForDemonstration, RootRefused
from records.notes import NoteVerifier
from records.profile import Profile, VenueKind, load_profile
from records.root import RootFile, load_root, require_loopback


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """A verified root file and the profile it names."""

    root: RootFile
    profile: Profile

    @property
    def is_demonstration(self) -> bool:
        """True for the root that `./kjt run` makes."""
        return self.root.is_demonstration


@dataclass(frozen=True, slots=True)
class Standalone:
    """The terms of a terminal without a registration service: the profile of its release, and no root file."""

    profile: Profile
    is_demonstration: bool

    @property
    def root(self) -> RootFile:
        """There is none: whatever asks for its keys has lost its way. Raises: RootRefused."""
        raise RootRefused("no root file here")


Terms = Jurisdiction | Standalone


def load_standalone(profile_id: str, venue_kind: VenueKind, *, is_demonstration: bool) -> Standalone:
    """Load the profile of a terminal that tells a receiving service alone. Raises: RootRefused."""
    profile = load_profile(profile_id)
    if profile.destination is None:
        raise RootRefused("profile")
    if venue_kind not in profile.venue_kinds:
        raise RootRefused("venue kind")
    return Standalone(profile, is_demonstration)


def load_jurisdiction(note: str, verifier: str, venue_kind: VenueKind, now: datetime) -> Jurisdiction:
    """Verify a root file and find its profile.

    Raises: RootRefused, also where the shipped profile is not the one the root names, or has no such venues;
    MalformedBytes("verifier key").
    """
    root = load_root(note, NoteVerifier.from_text(verifier), now)
    profile = load_profile(root.jurisdiction)
    if profile.digest != root.profile or profile.destination is not None:
        # What goes to a country's own service goes to nobody else.
        raise RootRefused("profile")
    if venue_kind not in profile.venue_kinds:
        raise RootRefused("venue kind")
    return Jurisdiction(root, profile)


def require_demonstration_limits(root: RootFile, *, is_simulated: bool, addresses: tuple[str, ...]) -> None:
    """Hold a demonstration to this machine and to simulated readers; for any other root nothing is checked.

    `addresses` are the URLs of central and of the terminal's own screen; the guest page's is in the root.
    Raises: NotForDemonstration("reader"), RootRefused("address").
    """
    if root.is_demonstration:
        require_demonstration(is_simulated=is_simulated, addresses=(*addresses, root.guest_page))


def require_demonstration(*, is_simulated: bool, addresses: tuple[str, ...]) -> None:
    """Hold a demonstration to this machine and to simulated readers. Raises: as `require_demonstration_limits`."""
    if not is_simulated:
        raise NotForDemonstration("reader")
    for address in addresses:
        require_loopback(address)
