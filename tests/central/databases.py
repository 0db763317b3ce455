"""The two databases that every test of central runs on, PostgreSQL in a private cluster of its own."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg

from central.store import open_store

MISSING = "PostgreSQL is missing: install the Debian package postgresql-15"
_TEMPLATE = "kjt_empty"
_FAST = ("-c", "fsync=off", "-c", "full_page_writes=off")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running PostgreSQL on a Unix socket in a folder of its own."""

    folder: Path
    process: subprocess.Popen[bytes]
    numbers: Iterator[int]

    def url(self, name: str) -> str:
        return f"postgresql://kjt@/{name}?host={self.folder}"

    def run(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def create(self, template: str = _TEMPLATE) -> str:
        """Make a database, with central's tables unless told otherwise, and return its name."""
        name = f"kjt_{next(self.numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        self.run(f"DROP DATABASE {name} WITH (FORCE)")


@dataclass(frozen=True, slots=True)
class Database:
    """Where a test's towns keep their rows: each call of `address` gives the setting for a new, empty database."""

    kind: str
    address: Callable[[], str]
    make_empty: Callable[[], str]

    def empty(self, folder: Path) -> str:
        """Return the URL of a new database without any table."""
        return self.make_empty() or f"sqlite:///{folder / 'empty.db'}"


def find_programs() -> Path | None:
    """Return the folder of initdb and postgres, the newest of Debian's or what is on the PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda each: int(each.parts[-3]))
    found = shutil.which("initdb")
    return debian[-1].parent if debian else Path(found).resolve().parent if found else None


@contextmanager
def run_cluster(programs: Path, *, durable: bool = False) -> Iterator[Cluster]:
    """Make a cluster, run it, and leave nothing. Only a `durable` one waits for the disk."""
    # Not pytest's own folder: another user must reach it, and a socket's path is short.
    folder = Path(tempfile.mkdtemp(prefix="kjt-pg-"))
    as_user = ["setpriv", "--pdeathsig", "INT"]
    if os.geteuid() == 0:  # which initdb refuses to run as
        user = next(pwd.getpwnam(each) for each in ("postgres", "nobody") if _has_user(each))
        os.chown(folder, user.pw_uid, user.pw_gid)
        as_user += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    data = str(folder / "data")
    try:
        make = ["-D", data, "-U", "kjt", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        subprocess.run([*as_user, str(programs / "initdb"), *make], cwd="/", check=True, capture_output=True)
        options = ["-D", data, "-k", str(folder), "-c", "listen_addresses=", "-c", "max_connections=200"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*as_user, str(programs / "postgres"), *options, *(() if durable else _FAST)],
                cwd="/", stdout=log, stderr=log,
            )  # fmt: skip
        try:
            cluster = Cluster(folder, process, count(1))
            _wait_until_ready(cluster)
            cluster.run(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
            open_store(cluster.url(_TEMPLATE)).close()
            yield cluster
        finally:
            process.send_signal(signal.SIGQUIT)  # at once: nothing in it is wanted any more
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _has_user(name: str) -> bool:
    return any(each.pw_name == name for each in pwd.getpwall())


def _wait_until_ready(cluster: Cluster) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(cluster.url("postgres")).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > deadline or cluster.process.poll() is not None:
                raise RuntimeError((cluster.folder / "log").read_text()) from None
            time.sleep(0.02)
