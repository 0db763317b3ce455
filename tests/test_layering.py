"""Who may know whom (docs/architecture.md), checked on the source; every rule is shown to be able to fail."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES_BUILT = ["records", "drivers", "terminal", "central", "oversight", "service", "commands"]
PACKAGES_LATER = ["matcher", "screening", "station"]
PACKAGES = PACKAGES_BUILT + PACKAGES_LATER
# The second distribution: comparison. Registration neither contains nor imports any of it.
SECOND = [
    *PACKAGES_LATER, "records.comparing", "oversight.comparing", "terminal.comparing", "central.relay",
    "commands.comparing",
]  # fmt: skip
FREE_FOLDERS = {"tests", "bench", "fixtures"}

MAY_KNOW: dict[str, set[str]] = {
    "records": set(),
    "drivers": {"records"},
    "matcher": {"records"},
    "service": {"records"},
    "terminal": {"drivers", "records"},
    "screening": {"matcher", "service", "records"},
    "central": {"service", "records"},
    "station": {"service", "records"},
    "oversight": {"service", "records"},
    "commands": set(PACKAGES),
}
PARTIES = ["terminal", "central", "screening", "station", "oversight"]

SECOND_STORES = ["central.relay.store", "oversight.comparing.store"]

# Third-party packages, and the modules (with all that is beneath them) that may import each.
FENCES: dict[str, list[str]] = {
    "smartcard": ["drivers.io.pcsc"],
    "serial": ["drivers.io.serial_line"],
    "rapidfuzz": ["matcher"],
    "pypinyin": ["matcher"],
    "opencc": ["matcher"],
    "stdnum": ["matcher"],
    "rbcl": ["records.comparing.oprf"],
    "uvicorn": ["central.relay.process", "station.process"],
    "a2wsgi": ["station.asgi"],
    "cryptography": ["records", "drivers", "oversight", "service.accounts", *(f"{party}.keys" for party in PARTIES)],
    "asn1crypto": [
        *(f"drivers.proto.{name}" for name in ("certificates", "cms_signed", "csca", "passive_auth")),
        "drivers.sim.emrtd_issuer",
    ],
    "ecdsa": ["drivers.proto.ec_points"],
    # Decoders of strangers' images, in a process of their own.
    "PIL": ["drivers.face_worker"],
    "prometheus_client": ["service.metrics"],
    "sqlalchemy": ["service.store", *(f"{party}.store" for party in PARTIES), *SECOND_STORES],
    "alembic": ["service.store", *(f"{party}.store" for party in PARTIES), *SECOND_STORES],
    "psycopg": ["service.store"],
    "openpyxl": ["service.sheets"],
    "pkcs11": ["oversight.comparing.tokens"],
    "spnego": ["terminal.destinations.czechia.ntlm", "terminal.destinations.sim.ubyport_account"],
}
# Where a fence names one file, a package of that name would be a way around it.
ONE_FILE = {"smartcard", "serial", "ecdsa", "openpyxl", "PIL", "rbcl", "a2wsgi", "pkcs11"}

IMPORTING_CALLS = {"import_module", "__import__"}


def is_within(module: str, area: str) -> bool:
    return module == area or module.startswith(area + ".")


def is_second(module: str) -> bool:
    return any(is_within(module, area) for area in SECOND)


def resolve_relative(module: str, is_package: bool, level: int, name: str) -> str:
    """Return the absolute name that `level` dots and `name` mean inside `module`."""
    parts = module.split(".")
    base = parts[: len(parts) - level + is_package]
    return ".".join([*base, name] if name else base)


def called_module(call: ast.Call) -> str | None:
    """Return what an importing call imports: a name, "" when it is computed, None for any other call."""
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if called not in IMPORTING_CALLS:
        return None
    arguments = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "name")]
    first = arguments[0] if arguments else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


def find_imports(source: str, module: str, is_package: bool = False) -> Iterator[tuple[int, str]]:
    """Yield (line, imported module) for every import, wherever in the file it stands; "" when it is computed."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            name = node.module or ""
            base = resolve_relative(module, is_package, node.level, name) if node.level else name
            # `from service import store` imports service.store: the fences need the longer name too.
            yield from ((node.lineno, f"{base}.{alias.name}".lstrip(".")) for alias in node.names)
        elif isinstance(node, ast.Call) and (name := called_module(node)) is not None:
            level = len(name) - len(name.lstrip("."))
            yield node.lineno, resolve_relative(module, is_package, level, name[level:]) if level else name


def find_breach(module: str, imported: str) -> str | None:
    """Return why `module` may not import `imported`, or None."""
    if not imported:
        return "imports by a computed name, which nobody can check"
    room, target = module.split(".")[0], imported.split(".")[0]
    if target in FREE_FOLDERS:
        return f"imports {imported}, which is not shipped"
    if target == "commands" and room != "commands":
        return f"imports {imported}: nobody knows commands"
    if target in PACKAGES and target != room and target not in MAY_KNOW[room]:
        return f"imports {imported}: {room} may not know {target}"
    if is_second(imported) and not is_second(module):
        return f"imports {imported}, which registration does not contain"
    allowed = FENCES.get(target)
    if allowed is not None and not any(is_within(module, area) for area in allowed):
        return f"imports {imported}, fenced to {', '.join(allowed)}"
    return None


def find_breaches(source: str, module: str, is_package: bool = False) -> list[str]:
    return [
        f"{module}:{line} {breach}"
        for line, imported in find_imports(source, module, is_package)
        if (breach := find_breach(module, imported)) is not None
    ]


def module_files() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_every_import_is_one_that_the_design_allows() -> None:
    files = module_files()
    assert files
    breaches = [
        breach
        for path in files
        for breach in find_breaches(path.read_text("utf-8"), module_name(path), path.name == "__init__.py")
    ]
    assert not breaches, "\n".join(breaches)


@pytest.mark.parametrize("library", sorted(ONE_FILE))
def test_one_file_fence_is_a_file(library: str) -> None:
    (module,) = FENCES[library]
    assert not ROOT.joinpath(*module.split(".")).is_dir()


FORBIDDEN_EDGES = sorted(
    (room, target) for room in PACKAGES for target in PACKAGES if target != room and target not in MAY_KNOW[room]
)


@pytest.mark.parametrize(("room", "target"), FORBIDDEN_EDGES)
def test_forbidden_edge_is_found(room: str, target: str) -> None:
    assert find_breaches(f"import {target}.part", f"{room}.module")


@pytest.mark.parametrize("room", PACKAGES)
@pytest.mark.parametrize("folder", sorted(FREE_FOLDERS))
def test_import_of_what_is_not_shipped_is_found(room: str, folder: str) -> None:
    assert find_breaches(f"from {folder} import thing", f"{room}.module")


@pytest.mark.parametrize(
    "source",
    [
        "from central import store",
        "import records, central.store",
        "import central as c",
        "def later():\n    import central",
        "def later():\n    from central.store import table",
        "if TYPE_CHECKING:\n    import central",
        "try:\n    import central\nexcept ImportError:\n    pass",
        "import importlib\nimportlib.import_module('central')",
        "from importlib import import_module\nimport_module('central.store')",
        "import importlib\nimportlib.import_module(name='central')",
        "__import__('central')",
        "from ..central import store",
        "from .. import central",
        "importlib.import_module('..central', __package__)",
        "importlib.import_module(chosen)",
        "importlib.import_module(f'{room}.store')",
    ],
)
def test_every_way_to_import_is_seen(source: str) -> None:
    assert find_breaches(source, "terminal.module")


def test_relative_import_within_a_room_is_fine() -> None:
    assert not find_breaches(
        "from . import outbox\nfrom .store import schema\nfrom ..guests import book", "terminal.a.b"
    )
    assert not find_breaches("from . import central\nfrom .central import x", "terminal", is_package=True)


@pytest.mark.parametrize(
    ("library", "module"),
    [
        ("smartcard", "drivers.io.pcsc_more"),
        ("smartcard", "drivers.discovery"),
        ("serial", "drivers.sim.serial_line"),
        ("serial", "commands.run"),
        ("rapidfuzz", "screening.worker"),
        ("asn1crypto", "drivers.proto.tlv"),
        ("asn1crypto", "commands.readers"),
        ("ecdsa", "drivers.proto.pace"),
        ("cryptography", "central.ingest"),
        ("cryptography", "terminal.keyset"),
        ("cryptography", "service.audit"),
        ("cryptography", "commands.run"),
        ("sqlalchemy", "service.accounts"),
        ("sqlalchemy", "central.ingest.store"),
        ("sqlalchemy", "records.store"),
    ],
)
def test_import_outside_its_fence_is_found(library: str, module: str) -> None:
    assert find_breaches(f"def later():\n    from {library}.deep import thing", module)


@pytest.mark.parametrize(("library", "areas"), FENCES.items())
def test_import_inside_its_fence_is_fine(library: str, areas: list[str]) -> None:
    for area in areas:
        assert not find_breaches(f"import {library}.deep", area)


def test_project_lists_exactly_the_packages_of_registration() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == PACKAGES_BUILT
    shipped = repr([project["project"], project["tool"]["hatch"]["build"], project["build-system"]])
    assert [name for name in PACKAGES_LATER if name in shipped] == []


@pytest.mark.parametrize("area", SECOND)
@pytest.mark.parametrize("module", ["commands.town", "terminal.process", "central.fleet.app", "oversight.court"])
def test_registration_that_imports_comparison_is_found(module: str, area: str) -> None:
    assert find_breaches(f"def later():\n    from {area} import thing", module)


def test_second_distribution_lists_exactly_the_rooms_of_comparison() -> None:
    project = tomllib.loads((ROOT / "comparison" / "pyproject.toml").read_text("utf-8"))
    rooms = project["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]["rooms"]
    assert sorted(rooms) == sorted(area.replace(".", "/") for area in SECOND)
