"""Boots a kiosk's terminal and its screen under a real systemd: cage and Chromium from the unit as it ships.

    sudo .venv/bin/python -m bench.kiosk_screen [--boots 3] [--picture FILE.png]

As `bench.kiosk_boot`, whose machine this is; needs what docs/kiosk.md installs, and `xvfb` and `grim` for the picture.
One thing is not as on a kiosk: there is no graphics card and no touch screen here, so a drop-in has cage draw by the
processor into a window of 1024 × 768 of an X server in memory (on wlroots' own headless output its first picture
stays). Measured is from `basic.target` until that picture is a page and no longer one colour. Then cage, Chromium and
the terminal are killed, a display that cannot be made is put right, and what the screen's account has written to the
disk is listed: it has to be nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from bench.kiosk_boot import boot, install, leave_groups

_NEEDED = {
    "cage": "cage",
    "chromium": "chromium",
    "Xwayland": "xwayland",
    "Xvfb": "xvfb",
    "grim": "grim",
}  # program: package

# docs/kiosk.md, all but its packages: they are the machine's own.
_INSTALL_SCREEN = """
install -D -m 644 deploy/kiosk/chromium-policy.json /etc/chromium/policies/managed/kuaijietong.json
cp deploy/kiosk/kuaijietong-screen.service /etc/systemd/system/
mkdir -p /etc/systemd/system/kuaijietong-screen.service.d
printf '[Unit]\\nRequires=display.service\\nAfter=display.service\\n[Service]\\nEnvironment=%s\\n' \
  'WLR_BACKENDS=x11 WLR_RENDERER=pixman DISPLAY=:99' > /etc/systemd/system/kuaijietong-screen.service.d/no-card.conf
printf '[Service]\\nExecStart=/usr/bin/Xvfb :99 -ac -screen 0 1280x800x24\\n' > /etc/systemd/system/display.service
ln -sf ../kuaijietong-screen.service /etc/systemd/system/measured.target.wants/
"""

_WATCH = r"""
import json, os, pathlib, pwd, subprocess, time
SCREEN, TERMINAL = "kuaijietong-screen", "kuaijietong-terminal"
UID = pwd.getpwnam(SCREEN).pw_uid
PICTURE = pathlib.Path("/run/picture.ppm")
def show(unit, name):
    command = ["systemctl", "show", unit, "-p", name, "--value"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()
def count_colours():
    folder = pathlib.Path("/run/kuaijietong-screen")
    sockets = sorted(folder.glob("wayland-?"))
    if not sockets:
        return 0
    env = os.environ | {"XDG_RUNTIME_DIR": str(folder), "WAYLAND_DISPLAY": sockets[-1].name}
    if subprocess.run(["grim", "-t", "ppm", str(PICTURE)], env=env, capture_output=True).returncode:
        return 0
    pixels = PICTURE.read_bytes()
    return len({pixels[at:at + 3] for at in range(32, len(pixels), 3)})
def wait_page(limit_s=120):
    began = time.monotonic()
    while count_colours() < 50:
        assert time.monotonic() < began + limit_s, "no page on the screen"
        time.sleep(0.1)
    return time.monotonic()
def started(unit):
    return show(unit, "MainPID") + " " + show(unit, "ExecMainStartTimestampMonotonic")
def kill(unit):
    before = started(unit)
    subprocess.run(["systemctl", "kill", "-s", "KILL", unit])
    began = time.monotonic()
    while started(unit) == before or show(unit, "MainPID") == "0":
        time.sleep(0.05)
    return began
def list_written():
    # Below / alone: what lies in memory is another file system.
    command = ["find", "/", "-xdev", "-uid", str(UID)]
    return subprocess.run(command, capture_output=True, text=True).stdout.split()
def read_memory():
    total = 0
    for each in pathlib.Path("/proc").glob("[0-9]*/smaps_rollup"):
        try:
            if each.parent.stat().st_uid == UID:
                total += next(int(line.split()[1]) for line in each.read_text().splitlines() if line.startswith("Pss:"))
        except (OSError, StopIteration):
            pass
    return total // 1024
found = {}
try:
    found["target_to_picture_s"] = wait_page() - int(show("basic.target", "ActiveEnterTimestampMonotonic")) / 1e6
    time.sleep(3)
    subprocess.run(["cp", str(PICTURE), "/out/picture.ppm"])
    count_colours()
    subprocess.run(["cp", str(PICTURE), "/out/picture.ppm"])
    found["screen_memory_mb"] = read_memory()
    began = kill(SCREEN)
    found["screen_killed_to_picture_s"] = wait_page() - began
    asked = ["pgrep", "-o", "-u", str(UID), "chromium"]
    browser = subprocess.run(asked, capture_output=True, text=True).stdout.split()[0]
    before = started(SCREEN)
    subprocess.run(["kill", "-9", browser])
    began = time.monotonic()
    while started(SCREEN) == before:
        time.sleep(0.05)
    found["chromium_killed_to_picture_s"] = wait_page() - began
    # A display that cannot be made: cage hangs instead of ending, and has to be started anew until it can.
    os.rename("/usr/bin/Xwayland", "/usr/bin/Xwayland.away")
    kill(SCREEN)
    restarts = int(show(SCREEN, "NRestarts"))
    while int(show(SCREEN, "NRestarts")) < restarts + 1:
        time.sleep(0.5)
    os.rename("/usr/bin/Xwayland.away", "/usr/bin/Xwayland")
    began = time.monotonic()
    found["display_back_to_picture_s"] = wait_page() - began
    kill(TERMINAL)
    time.sleep(8)
    found["colours_after_the_terminal_was_killed"] = count_colours()
    subprocess.run(["cp", str(PICTURE), "/out/picture-after.ppm"])
    found["screen_restarts"] = int(show(SCREEN, "NRestarts"))
    found["written_to_disk_by_the_screen"] = list_written()
finally:
    pathlib.Path("/out/result.json").write_text(json.dumps(found))
    subprocess.run("journalctl -b --no-pager > /out/journal", shell=True)
    subprocess.run(["systemctl", "exit", "0"])
"""


def main() -> None:
    """Install, boot, print the figures, and take everything away again."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--boots", type=int, default=3)
    parser.add_argument("--picture", type=Path, help="where to leave the last picture of the screen, a PNG")
    parser.add_argument("--work", type=Path, help="an existing folder on ext4 or xfs; a new one in /var/tmp without it")
    parser.add_argument("--keep", action="store_true", help="leave the folder, with its journal")
    given = parser.parse_args()
    if os.geteuid():
        sys.exit("Needs root: it mounts and makes namespaces.")
    if missing := [package for program, package in _NEEDED.items() if shutil.which(program) is None]:
        sys.exit(f"Needs {', '.join(missing)}: apt-get install --no-install-recommends {' '.join(missing)}")
    work = Path(tempfile.mkdtemp(dir=given.work or "/var/tmp"))
    try:
        install(work, _INSTALL_SCREEN, _WATCH)
        runs = [boot(work) for _ in range(given.boots)]
        for each in runs:
            print(json.dumps(each))
        for name in sorted({key for each in runs for key in each if key.endswith("_s")}):
            values = [each[name] for each in runs]
            print(f"{name}: median {statistics.median(values):.2f}, most {max(values):.2f}")
        if given.picture:
            _save_picture(work / "out" / "picture.ppm", given.picture)
    finally:
        leave_groups()
        if not given.keep:
            shutil.rmtree(work, ignore_errors=True)


def _save_picture(source: Path, target: Path) -> None:
    from PIL import Image

    with Image.open(source) as picture:
        picture.save(target)


if __name__ == "__main__":
    main()
