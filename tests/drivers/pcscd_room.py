"""A room for a private PC/SC daemon: a process in namespaces of its own, without this machine's network and readers.

Started as `unshare --mount --net python pcscd_room.py FOLDER DAEMON DESCRIPTOR`. Standard input says `start`, `stop`
or `connect PORT`, and each is answered by a line; a connection's socket comes through the unix socket at DESCRIPTOR.
vpcd listens on all interfaces, and here the only one is this room's own loopback. At the end of input everything ends.
"""

import array
import contextlib
import fcntl
import socket
import struct
import subprocess
import sys
from pathlib import Path

_SET_FLAGS, _IS_UP = 0x8914, 0x1  # netdevice(7)
_DRIVERS = Path("/usr/lib/pcsc/drivers")


def furnish(folder: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", _IS_UP))
    # No /run of this machine, so no udev and no other daemon; no other driver, so no reader of this machine.
    _mount("-t", "tmpfs", "none", "/run")
    Path("/run/pcscd").mkdir()
    _mount("--bind", str(folder / "run"), "/run/pcscd")
    if _DRIVERS.is_dir():
        _mount("--bind", str(folder / "none"), str(_DRIVERS))


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, stdin=subprocess.DEVNULL)


def start(folder: Path, daemon: str) -> "subprocess.Popen[bytes]":
    command = ["setpriv", "--pdeathsig", "KILL", daemon, "--foreground", "--config", str(folder / "conf")]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def stop(process: "subprocess.Popen[bytes]", folder: Path) -> None:
    process.terminate()
    try:
        process.wait(3)
    except subprocess.TimeoutExpired:  # a driver that waits for a mute card
        process.kill()
        process.wait()
    for name in ("pcscd.comm", "pcscd.pid"):
        (folder / "run" / name).unlink(missing_ok=True)


def hand_over_connection(port: int, out: socket.socket) -> str:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as made:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made.setblocking(True)
            out.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [made.fileno()]))])
    except OSError:
        return "no"
    return "ok"


def main() -> None:
    folder, daemon, out = Path(sys.argv[1]), sys.argv[2], socket.socket(fileno=int(sys.argv[3]))
    furnish(folder)
    process: subprocess.Popen[bytes] | None = None
    print("ok", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        for line in sys.stdin:
            order, _, value = line.strip().partition(" ")
            answer = "ok"
            if order == "start":
                process = start(folder, daemon)
            elif order == "stop" and process is not None:
                stop(process, folder)
                process = None
            elif order == "connect":
                answer = hand_over_connection(int(value), out)
            print(answer, flush=True)
    if process is not None:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
