"""The sizes and docstrings that STYLE.md asks for, checked on the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_layering import PACKAGES, ROOT, module_files, module_name

FUNCTION_LINES = 60
MODULE_LINES = 400
# Tables that a program wrote, or that are one long list by nature: paths from the root, each with its reason.
LONG_TABLES: dict[str, str] = {}

FUNCTION_TYPES = (ast.FunctionDef, ast.AsyncFunctionDef)


def find_long_functions(source: str) -> list[str]:
    return [
        f"{node.name} has {length} lines"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, FUNCTION_TYPES) and (length := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
    ]


def exported_names(tree: ast.Module) -> set[str]:
    """Return what a package's `__all__` lists."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets) and value is not None:
            return set(ast.literal_eval(value))
    return set()


def find_definition(module: str, name: str) -> ast.AST | None:
    """Follow `name` through our own `from … import …` to its class or function; None for any other value."""
    path = ROOT.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not path.is_file():
        return None
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, (ast.ClassDef, *FUNCTION_TYPES)) and node.name == name:
            return node
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return find_definition(source_module(node, module, path.name == "__init__.py"), alias.name)
    return None


def source_module(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    base = module.split(".")[: len(module.split(".")) - node.level + is_package]
    return ".".join([*base, *([node.module] if node.module else [])])


def seam_names() -> Iterator[tuple[str, str]]:
    """Yield (module, name) of all that a package exports, or that another package imports from it."""
    for path in module_files():
        module = module_name(path)
        tree = ast.parse(path.read_text("utf-8"))
        if path.name == "__init__.py":
            yield from ((module, name) for name in exported_names(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and not node.level and node.module:
                room = node.module.split(".")[0]
                if room in PACKAGES and room != module.split(".")[0]:
                    yield from ((node.module, alias.name) for alias in node.names)


def test_no_function_is_longer_than_a_screen() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {long}"
        for path in module_files()
        for long in find_long_functions(path.read_text("utf-8"))
    ]
    assert not found, "\n".join(found)


def test_no_module_is_too_long() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in module_files()}
    found = [f"{path}: {n} lines" for path, n in lengths.items() if n > MODULE_LINES and path not in LONG_TABLES]
    assert not found, "\n".join(found)


def test_every_exempt_table_exists() -> None:
    assert [path for path in LONG_TABLES if not (ROOT / path).is_file()] == []


def test_every_module_says_what_it_is_for() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in module_files()
        if ast.get_docstring(ast.parse(path.read_text("utf-8"))) is None
    ]
    assert not found, "\n".join(found)


def test_everything_at_a_seam_has_a_docstring() -> None:
    found = {
        f"{module}.{name}"
        for module, name in seam_names()
        if isinstance(node := find_definition(module, name), (ast.ClassDef, *FUNCTION_TYPES))
        and ast.get_docstring(node) is None
    }
    assert not found, "\n".join(sorted(found))


@pytest.mark.parametrize("prefix", ["", "async "])
def test_long_function_is_found(prefix: str) -> None:
    assert find_long_functions(f"class A:\n  {prefix}def long():\n" + "    pass\n" * FUNCTION_LINES)
    assert not find_long_functions(f"class A:\n  {prefix}def short():\n" + "    pass\n" * (FUNCTION_LINES - 1))


@pytest.mark.parametrize("source", ["__all__ = ['a', 'b']", "__all__: list[str] = ['a', 'b']", "__all__ = ('a', 'b')"])
def test_exported_names_are_read(source: str) -> None:
    assert exported_names(ast.parse(source)) == {"a", "b"}


def test_definition_is_followed_to_where_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "records"
    package.mkdir()
    (package / "__init__.py").write_text("from .stay import Stay as Visit\nfrom records.stay import LIMIT\n")
    (package / "stay.py").write_text("LIMIT = 30\nclass Stay:\n    pass\n")
    monkeypatch.setattr("tests.test_style.ROOT", tmp_path)
    found = find_definition("records", "Visit")
    assert isinstance(found, ast.ClassDef)
    assert ast.get_docstring(found) is None
    assert find_definition("records", "LIMIT") is None
