"""The architecture diagram: layers import only downwards, siblings not one another, and fences hold."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCANNER = ROOT / "scanner"

# From the top down; what stands on one line does not import its neighbours.
LAYERS = (
    ("cli",),
    ("propose",),
    ("collect", "simulator", "render", "scan"),
    ("settle", "baseline"),
    ("exceptions",),
    ("scenario", "derive", "policy"),
    ("graph",),
    ("whatif",),
    ("findings",),
    ("redact",),
    ("snapshot",),
    ("yamlfile",),
    ("regions", "data"),
    ("ids", "yamltext"),
    ("errors",),
)
# `scan` is the pipeline: it stands beside the collectors and uses all below it.
LEVEL = {module: level for level, names in enumerate(LAYERS) for module in names}

FENCES = {
    "azure": {"collect"},
    "networkx": {"graph"},
    "numpy": {"graph"},
    "rich": {"render", "cli"},
    "yaml": {"yamlfile"},
    "jsonschema": {"yamlfile"},
    "jsonschema_rs": {"yamlfile"},
    "pyroaring": {"derive"},
    "aiohttp": {"simulator", "collect"},
    "cryptography": {"simulator"},
    "click": {"cli"},
    "zstandard": {"snapshot", "collect"},
    "vcr": set(),
    "pytest": set(),
    "hypothesis": set(),
}


def _modules() -> Iterator[tuple[Path, str]]:
    for path in sorted(SCANNER.rglob("*.py")):
        if "_data" in path.parts:
            continue
        relative = path.relative_to(SCANNER)
        yield path, relative.parts[0].removesuffix(".py")


def _imports(path: Path) -> Iterator[tuple[str, int]]:
    """Every module a file imports, anywhere in it, except for type checking only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for child in node.body:
                typing_only.update(ast.walk(child))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            if node in typing_only and not node.module.startswith("scanner"):
                continue
            yield node.module, node.lineno
            if node.module == "scanner":
                for alias in node.names:
                    yield f"scanner.{alias.name}", node.lineno


@pytest.mark.parametrize(("path", "own"), list(_modules()), ids=lambda value: getattr(value, "name", str(value)))
def test_a_module_imports_only_what_lies_below_it(path: Path, own: str) -> None:
    for name, line in _imports(path):
        parts = name.split(".")
        if parts[0] != "scanner" or len(parts) < 2 or parts[1] == own or parts[1] == "__version__":
            continue
        assert own in LEVEL or own == "__init__", f"{own} has no layer"
        assert LEVEL[parts[1]] > LEVEL[own], f"{path.relative_to(ROOT)}:{line} imports {name} upwards or sideways"


@pytest.mark.parametrize(("path", "own"), list(_modules()), ids=lambda value: getattr(value, "name", str(value)))
def test_a_fenced_package_is_imported_only_where_it_belongs(path: Path, own: str) -> None:
    for name, line in _imports(path):
        allowed = FENCES.get(name.split(".")[0])
        if allowed is not None:
            assert own in allowed, f"{path.relative_to(ROOT)}:{line} imports {name}"


def _loaded_by(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print('\\n'.join(sys.modules))"],
        capture_output=True, text=True, cwd=ROOT, check=True,
    )  # fmt: skip
    return {name.split(".")[0] for name in done.stdout.split()}


def test_help_loads_neither_azure_nor_networkx_nor_numpy() -> None:
    loaded = _loaded_by(
        "from click.testing import CliRunner\nfrom scanner.cli.main import cli\n"
        "assert CliRunner().invoke(cli, ['--help']).exit_code == 0\n"
        "assert CliRunner().invoke(cli, ['scan', '--help']).exit_code == 0\n"
        "assert CliRunner().invoke(cli, ['version']).exit_code == 0"
    )
    assert not loaded & {"azure", "networkx", "numpy", "rich", "yaml", "jsonschema", "aiohttp", "msgspec"}


def test_scanning_a_stored_snapshot_loads_no_azure() -> None:
    loaded = _loaded_by(
        "import scanner.scan, scanner.derive, scanner.scenario.bind, scanner.settle, scanner.render.text"
    )
    assert not loaded & {"azure", "aiohttp", "click", "vcr", "pytest"}


def test_no_file_of_the_scanner_is_too_long_to_hold_in_the_head() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path, _ in _modules()
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 450
    }
    assert not long
