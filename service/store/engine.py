"""Database engines of our services: SQLite in a file of its own, or PostgreSQL. Migrations are Alembic's.

SQLite comes through pysqlite3: the standard library's has a WAL fault.
"""

from __future__ import annotations

import os
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pysqlite3.dbapi2
from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from records.errors import RecordsError

# A server's threads may all hold a connection at once; those beyond the first few are closed again after use.
_POOL = {"pool_size": 5, "max_overflow": 59}
# A commit is on disk whatever the server's default is, and nobody waits for a lock for ever.
# A plan made once for a table that was empty would read all of it for ever.
_POSTGRESQL_OPTIONS = "-c synchronous_commit=on -c lock_timeout=10s -c plan_cache_mode=force_custom_plan"
_BUSY_TIMEOUT_S = 10
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_MIGRATION_LOCK = 0x6B6A74  # "kjt": one process migrates, the others wait


class DatabaseAddressRefused(RecordsError):
    """The database must be a file, sqlite:///FILE or postgresql://… with the packages of the extra "postgresql"."""


class DatabaseTooNew(RecordsError):
    """The database was made by a newer version of this program. Please install that version."""


def open_engine(database: Path | str, idle_s: int = 0) -> Engine:
    """Open a database: a SQLite file by its path, or the URL `sqlite:///FILE` or `postgresql://…`.

    With `idle_s` PostgreSQL ends the transaction, and frees the locks, of a process that stood still in it for so
    many seconds. Every commit is synced. SQLite: mode 0600, write-ahead log, deleted rows overwritten.
    Raises: DatabaseAddressRefused, OSError.
    """
    url = _read_address(database)
    if url.get_backend_name() == "postgresql":
        return _open_postgresql(url, idle_s)
    # SQLite gives the write-ahead log the mode of the database, so the mode must be right from the start.
    os.close(os.open(url.database or "", os.O_RDWR | os.O_CREAT, 0o600))
    # An error must not quote the values it failed on.
    engine = create_engine(url, module=pysqlite3.dbapi2, hide_parameters=True, **_POOL)
    event.listen(engine, "connect", _prepare_connection)
    event.listen(engine, "begin", _begin)
    return engine


def begin_reading(engine: Engine) -> AbstractContextManager[Connection]:
    """Open a transaction that only reads one state: it waits for no writer, and no writer waits for it."""
    if engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        return engine.execution_options(**options).begin()
    return engine.execution_options(reads_only=True).begin()


def upgrade_database(engine: Engine, migrations: Path) -> None:
    """Bring an empty or older database to the newest migration of a folder, in one transaction.

    Processes may do so at the same time. Raises: DatabaseTooNew for one that these migrations do not know.
    """
    if not _is_newest(engine, migrations):
        migrate(engine, migrations, "head")


def migrate(engine: Engine, migrations: Path, revision: str, *, down: bool = False) -> None:
    """Bring a database up, or down, to a revision ("head" is the newest, "base" is empty)."""
    # It takes a tenth of a second, and most starts find a database that needs none of it.
    from alembic import command
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
        current = MigrationContext.configure(connection).get_current_revision()
        if current is not None and current not in {each.revision for each in script.walk_revisions()}:
            raise DatabaseTooNew
        if current == script.get_current_head() and not down:
            return
        config.attributes["connection"] = connection
        (command.downgrade if down else command.upgrade)(config, revision)


def _is_newest(engine: Engine, migrations: Path) -> bool:
    """Tell whether a database is at the last step; a doubt is a no."""
    last = max((migrations / "versions").glob("v[0-9][0-9][0-9][0-9]_*.py"), default=None)
    with begin_reading(engine) as connection:
        if last is None or not inspect(connection).has_table("alembic_version"):
            return False
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
    return found == [last.name[1:5]]


def is_on_this_machine(database: str) -> bool:
    """Tell whether the URL of a PostgreSQL names this machine: a Unix socket's folder, or the loopback address.

    A URL that leaves the server to the environment, or to a file of services, names none.
    """
    try:
        url = make_url(database)
    except ArgumentError:
        return False
    if url.get_backend_name() != "postgresql" or {"service", "servicefile"} & url.query.keys():
        return False
    said = [url.host or "", *(url.query.get(name, ()) for name in ("host", "hostaddr"))]
    lists = [each for one in said for each in ([one] if isinstance(one, str) else one) if each]
    hosts = [host for each in lists for host in each.split(",")]
    return bool(hosts) and all(host.startswith("/") or host in _LOOPBACK for host in hosts)


def _read_address(database: Path | str) -> URL:
    if isinstance(database, Path):
        return URL.create("sqlite+pysqlite", database=str(database))
    try:
        url = make_url(database)
    except ArgumentError:
        raise DatabaseAddressRefused from None  # its text would quote the password
    if url.drivername == "sqlite" and url.database:
        return url.set(drivername="sqlite+pysqlite")
    if url.drivername not in ("postgresql", "postgresql+psycopg"):
        raise DatabaseAddressRefused
    return url.set(drivername="postgresql+psycopg")


def _open_postgresql(url: URL, idle_s: int) -> Engine:
    try:
        from psycopg.types.array import ListBinaryDumper  # psycopg is there only where PostgreSQL is used
    except ImportError:
        raise DatabaseAddressRefused("psycopg") from None
    options = _POSTGRESQL_OPTIONS + (f" -c idle_in_transaction_session_timeout={idle_s}s" if idle_s else "")
    engine = create_engine(url, hide_parameters=True, connect_args={"options": options}, **_POOL)

    def send_arrays_binary(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.adapters.register_dumper(list, ListBinaryDumper)  # as text, bytes take ten times as long

    event.listen(engine, "connect", send_arrays_binary)
    return engine


def _prepare_connection(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # The driver must not open transactions of its own: BEGIN IMMEDIATE below does, once, and up front,
    # so that two writers wait for each other instead of failing half-way.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_S * 1000}")
    _switch_to_log(cursor)
    for pragma in ("synchronous=FULL", "secure_delete=ON", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _switch_to_log(cursor: DBAPICursor) -> None:
    # Two who make this switch at once would wait for each other, so SQLite fails one of them without its timeout.
    deadline = time.monotonic() + _BUSY_TIMEOUT_S
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except pysqlite3.dbapi2.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _begin(connection: Connection) -> None:
    reads_only = connection.get_execution_options().get("reads_only", False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
