"""Where the console may be served."""

from __future__ import annotations

from urllib.parse import urlsplit

from central.settings import CentralSettings
from records.errors import RootRefused
from records.root import require_loopback


def require_console_place(settings: CentralSettings) -> None:
    """Raise RootRefused("address") unless the console listens on this machine alone."""
    host = f"[{settings.address}]" if ":" in settings.address else settings.address
    # The console speaks no TLS. What comes from elsewhere comes through a reverse proxy on this machine.
    require_loopback(f"http://{host}:{settings.console_port}")


def is_origin_safe(origin: str) -> bool:
    """Tell whether passwords reach the console unread: through TLS, or without leaving this machine."""
    try:
        found = urlsplit(origin)
    except ValueError:
        return False
    if not found.netloc or origin != f"{found.scheme}://{found.netloc}":
        return False  # a browser writes an origin without a path, and no other would ever match
    if found.scheme == "https":
        return True
    try:
        require_loopback(origin)
    except RootRefused:
        return False
    return found.scheme == "http"
