"""Boots a kiosk's terminal under a real systemd, without a network, and measures until its screen answers.

    sudo .venv/bin/python -m bench.kiosk_boot [--boots 5]

One core and 1 GiB. The machine's own root lies below as an overlay, in namespaces of their own (process ids, mounts,
network, control groups), so nothing of it changes. Installed as docs/install.md says, with the unit as it ships: its
user, its sealed credentials, its fences. What is measured is from `basic.target`, which needs no network, to the first
answered page; then the terminal is killed, and its settings are spoilt and put right. Not shown: the screen
(`bench.kiosk_screen`), a real reader, a disk that has to be read cold. Needs root, systemd, util-linux and an ext4 or
xfs folder.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
MEMORY = 1 << 30
_GROUPS = (Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup"))

# Runs in the new root before the first boot: docs/install.md, sections 3 and 6, with one person as all parties.
_INSTALL = """
set -e
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
cd /opt/kuaijietong && ./kjt setup
K=/opt/kuaijietong/.venv/bin/kjt
install -D -m 644 deploy/sysusers.conf /etc/sysusers.d/kuaijietong.conf && systemd-sysusers
mkdir -p /etc/kuaijietong /parties && cd /parties
$K court keys --out court --name example/court
$K court public --keys court --out court.txt
$K oversight keys --out oversight --name example/oversight
KEY=$(cd /opt/kuaijietong && .venv/bin/python -c "
import base64, os
from records.suite import SigningKey
print(base64.b64encode(SigningKey.from_bytes(os.urandom(32)).public.data).decode())")
yes | $K oversight registration-root --keys oversight --court court.txt --receipt-key $KEY --profile icao \
  --guest-page https://guests.example.org/ --out /etc/kuaijietong/root.note
chmod 644 /etc/kuaijietong/root.note
systemd-machine-id-setup && systemd-creds setup
$K serve terminal-secrets --out /etc/kuaijietong/credentials
cat > /etc/kuaijietong/terminal.toml <<IN
data = "/var/lib/kuaijietong-terminal"
root = "/etc/kuaijietong/root.note"
root_verifier = "$(cat oversight/root.pub)"
central = "https://central.example.org"
reader = "sam:/dev/ttyUSB0"
terminal = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
venue_id = "b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0"
venue_name = "Inn"
venue_address = "1 Road"
venue_kind = "guesthouse"
rooms = "101 102 103"
time_zone = "Asia/Shanghai"
IN
cp /opt/kuaijietong/deploy/systemd/kuaijietong-terminal.service /etc/systemd/system/
mkdir -p /etc/systemd/system/measured.target.wants
printf '[Unit]\\nRequires=basic.target\\nAfter=basic.target\\nAllowIsolate=yes\\n' > /etc/systemd/system/measured.target
printf '[Service]\\nType=oneshot\\nTimeoutStartSec=180\\nExecStart=/usr/bin/python3 /out/watch.py\\n' \
  > /etc/systemd/system/watch.service
ln -sf ../kuaijietong-terminal.service ../watch.service /etc/systemd/system/measured.target.wants/
ln -sf measured.target /etc/systemd/system/default.target
"""

# Runs inside, as a unit beside the terminal's.
_WATCH = r"""
import json, pathlib, subprocess, time, urllib.error, urllib.request
UNIT, SETTINGS = "kuaijietong-terminal", pathlib.Path("/etc/kuaijietong/terminal.toml")
def ask():
    try:
        return urllib.request.urlopen("http://127.0.0.1:8700/", timeout=5).status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
def wait(status, limit_s=90):
    began = time.monotonic()
    while ask() != status:
        assert time.monotonic() < began + limit_s, f"no {status}"
        time.sleep(0.02)
    return time.monotonic()
def show(unit, name):
    command = ["systemctl", "show", unit, "-p", name, "--value"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()
def wait_state(state):
    while show(UNIT, "ActiveState") != state:
        time.sleep(0.05)
found = {}
try:
    page = wait(200)
    found["target_to_page_s"] = page - int(show("basic.target", "ActiveEnterTimestampMonotonic")) / 1e6
    found["exec_to_page_s"] = page - int(show(UNIT, "ExecMainStartTimestampMonotonic")) / 1e6
    wait_state("active")
    pid = show(UNIT, "MainPID")
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    found |= {name: status[name].strip() for name in ("VmRSS", "Seccomp", "CapEff", "Uid")}
    began = time.monotonic()
    subprocess.run(["kill", "-9", pid])
    while show(UNIT, "MainPID") in (pid, "0"):
        time.sleep(0.02)
    found["killed_to_page_s"] = wait(200) - began
    wait_state("active")
    text = SETTINGS.read_text()
    SETTINGS.write_text(text.replace('rooms = "101', 'rooms = "101 101'))
    began = time.monotonic()
    subprocess.run(["systemctl", "restart", "--no-block", UNIT])
    found["spoilt_to_page_of_trouble_s"] = wait(503) - began
    SETTINGS.write_text(text)
    began = time.monotonic()
    found["put_right_to_page_s"] = wait(200) - began
finally:
    pathlib.Path("/out/result.json").write_text(json.dumps(found))
    subprocess.run("journalctl -b --no-pager > /out/journal", shell=True)
    subprocess.run(["systemctl", "exit", "0"])
"""

_MOUNT = """
set -e
W={work} R={work}/root
mount -t overlay overlay -o lowerdir=/,upperdir=$W/upper,workdir=$W/work $R
mount -t proc proc $R/proc
mount -t tmpfs tmpfs $R/tmp
mkdir -p $R/var/lib/kuaijietong-terminal $R/out
mount --bind $W/state $R/var/lib/kuaijietong-terminal
mount --bind $W/out $R/out
"""

_BOOT = (
    _MOUNT
    + """
umount $W/groups
ip link set lo up
mount -t sysfs -o ro sysfs $R/sys
mount -t cgroup2 none $R/sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs $R/dev
for name in null zero full random urandom tty tty0 tty1; do
  touch $R/dev/$name; mount --bind /dev/$name $R/dev/$name
done
mkdir -p $R/dev/pts $R/dev/shm && mount -t devpts devpts $R/dev/pts && mount -t tmpfs tmpfs $R/dev/shm
ln -s /proc/self/fd $R/dev/fd
touch $R/dev/console $W/out/console && mount --bind $W/out/console $R/dev/console
mount -t tmpfs -o mode=755 tmpfs $R/run
# Not a chroot: whoever lives in one may not make the namespaces in which Chromium shuts itself up.
cd $R && mkdir -p old && pivot_root . old
umount -l /old && rmdir /old
# Whoever starts a systemd in a container sets this: its credentials are mounted by another process of its own.
mount --make-rshared /
export container=bench
exec /lib/systemd/systemd --system >>/out/console 2>&1
"""
)

# A control group of our own before the namespace of control groups: its root is then ours and not the machine's.
_OUTER = """
set -e
mkdir -p {work}/groups && mount -t cgroup2 none {work}/groups
mkdir -p {work}/groups/kjt-boot && echo $$ > {work}/groups/kjt-boot/cgroup.procs
exec unshare --cgroup --pid --fork --net --ipc --uts --mount --kill-child sh {work}/boot.sh
"""


def install(work: Path, more: str = "", watch: str = _WATCH) -> None:
    """Make the overlay and install into it, `more` last; `watch` measures inside. Raises: CalledProcessError."""
    for name in ("upper", "work", "root", "state", "out"):
        (work / name).mkdir()
    target = work / "upper" / "opt" / "kuaijietong"
    target.mkdir(parents=True)
    archive = subprocess.run(["git", "-C", str(ROOT), "archive", "HEAD"], check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", str(target)], input=archive, check=True)
    (work / "out" / "watch.py").write_text(watch)
    (work / "out" / "install.sh").write_text(_INSTALL + "cd /opt/kuaijietong\n" + more)
    script = _MOUNT + "mount --rbind /dev $R/dev\nmount -t tmpfs tmpfs $R/run\nexec chroot $R sh /out/install.sh\n"
    (work / "install.sh").write_text(script.format(work=work))
    subprocess.run(["unshare", "--mount", "--pid", "--fork", "sh", str(work / "install.sh")], check=True)
    (work / "boot.sh").write_text(_BOOT.format(work=work))
    (work / "outer.sh").write_text(_OUTER.format(work=work))


def boot(work: Path) -> dict[str, Any]:
    """Boot once, on one core with 1 GiB. Return what was found. Raises: CalledProcessError, OSError."""
    result = work / "out" / "result.json"
    result.unlink(missing_ok=True)
    if not _limit_memory():
        print("without a limit of memory: this machine's control groups do not let us", file=sys.stderr)
    command = ["taskset", "-c", "0", "unshare", "--mount", "--fork", "--kill-child", "sh", str(work / "outer.sh")]
    subprocess.run(command, check=True, timeout=300)
    found: dict[str, Any] = json.loads(result.read_text())
    return found


def _limit_memory() -> bool:
    """Put this process and whatever it starts under a limit; False where the machine's groups do not let us."""
    for parent, name in zip(_GROUPS, ("memory.limit_in_bytes", "memory.max"), strict=True):
        group = parent / "kjt-boot-memory"
        try:
            group.mkdir(exist_ok=True)
            (group / name).write_text(str(MEMORY))
            (group / "cgroup.procs").write_text(str(os.getpid()))
        except OSError:
            continue
        return True
    return False


def leave_groups() -> None:
    """Go back to where this process was, and remove the group that it made."""
    for parent in _GROUPS:
        with suppress(OSError):
            (parent / "cgroup.procs").write_text(str(os.getpid()))
            (parent / "kjt-boot-memory").rmdir()


def main() -> None:
    """Install, boot, print the figures, and take everything away again."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--boots", type=int, default=5)
    parser.add_argument("--work", type=Path, help="an existing folder on ext4 or xfs; a new one in /var/tmp without it")
    given = parser.parse_args()
    if os.geteuid():
        sys.exit("Needs root: it mounts and makes namespaces.")
    work = Path(tempfile.mkdtemp(dir=given.work or "/var/tmp"))  # a disk, not memory
    try:
        install(work)
        runs = [boot(work) for _ in range(given.boots)]
        for each in runs:
            print(json.dumps(each))
        for name in sorted({key for each in runs for key in each if key.endswith("_s")}):
            values = [each[name] for each in runs]
            print(f"{name}: median {statistics.median(values):.2f}, most {max(values):.2f}")
    finally:
        leave_groups()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
