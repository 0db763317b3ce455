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
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg

from central.store import open_store

MISSING = "PostgreSQL is missing: install the Debian package postgresql-15"
_TEMPLATE = "kjt_empty"
# What a test left in a database of ours. Its tables stay, and with them the number of the last migration.
_EMPTY = """
DO $$ DECLARE own text; BEGIN
    PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET LOCAL session_replication_role = replica;
    FOR own IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM %I', own);
    END LOOP;
    FOR own IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
        EXECUTE format('ALTER SEQUENCE %I RESTART', own);
    END LOOP;
END $$
"""
_TABLES = """
SELECT md5(string_agg(concat_ws(' ', relname, relkind, relacl, attname, atttypid, attnotnull), ',' ORDER BY relname,
    attnum)), (SELECT count(*) FROM pg_trigger), (SELECT count(*) FROM pg_constraint)
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid WHERE relnamespace = 'public'::regnamespace
"""
_FAST = ("-c", "fsync=off", "-c", "full_page_writes=off")


@dataclass(slots=True)
class Cluster:
    """A PostgreSQL on a Unix socket in a folder of its own."""

    programs: Path
    folder: Path
    as_user: list[str]
    options: list[str]
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    free: list[str] = field(default_factory=list)
    tables: object = None  # what tells the template's tables
    process: subprocess.Popen[bytes] | None = None

    def make(self) -> None:
        """Make the cluster's files."""
        options = ["-U", "kjt", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        command = [*self.as_user, str(self.programs / "initdb"), "-D", str(self.folder / "data"), *options]
        subprocess.run(command, cwd="/", check=True, capture_output=True)

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        command = [*self.as_user, str(self.programs / "postgres"), "-D", str(self.folder / "data"), *self.options]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd="/", stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text()) from None
                time.sleep(0.02)

    def crash(self) -> None:
        """End the server at once, without a word to its clients' transactions and without tidying up."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(30)

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

    def take(self) -> str:
        """Return the name of an empty database with central's tables, perhaps one that another test gave back."""
        return self.free.pop() if self.free else self.create()

    def give_back(self, name: str) -> None:
        """Empty a database that was taken; one whose tables are not as they were is dropped."""
        self.tables = self.tables or self._empty(_TEMPLATE)
        if self._empty(name) == self.tables:
            self.free.append(name)
        else:
            self.drop(name)

    def _empty(self, name: str) -> object:
        """Delete every row; return what tells whether the tables are those of the template."""
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            connection.execute(_EMPTY)
            return connection.execute(_TABLES).fetchone()

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
    options = ["-k", str(folder), "-c", "listen_addresses=", "-c", "max_connections=200", *(() if durable else _FAST)]
    cluster = Cluster(programs, folder, as_user, options)
    try:
        cluster.make()
        cluster.start()
        cluster.run(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
        open_store(cluster.url(_TEMPLATE)).close()
        yield cluster
    finally:
        cluster.crash()  # nothing in it is wanted any more
        shutil.rmtree(folder, ignore_errors=True)


def _has_user(name: str) -> bool:
    return any(each.pw_name == name for each in pwd.getpwall())
