"""The name of a browser in the list of sessions, from what it says of itself; no version and nothing rarer."""

from __future__ import annotations

from flask import request

# Looked for in this order: most browsers also name those that they want to be taken for.
_BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("MicroMessenger", "WeChat"), ("Firefox", "Firefox"), ("Chrom", "Chrome"),
    ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("HarmonyOS", "HarmonyOS"),
    ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def name_browser() -> str:
    """Return such as "Firefox, Windows" for the request's browser, or "" for an unknown one."""
    text = request.headers.get("User-Agent", "")
    found = [next((name for mark, name in table if mark in text), "") for table in (_BROWSERS, _SYSTEMS)]
    return ", ".join(name for name in found if name)
