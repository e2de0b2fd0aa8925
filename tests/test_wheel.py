"""What is in the wheel: the package and what it needs at run time, and nothing else."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    builder = pytest.importorskip("hatchling.builders.wheel")
    folder = tmp_path_factory.mktemp("wheel")
    (path,) = builder.WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(path) as wheel:
        return set(wheel.namelist())


def test_the_top_level_is_only_the_package_and_its_metadata(names: set[str]) -> None:
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"scanner"}
    assert len(top) == 2


def test_every_rule_scenario_and_schema_is_inside(names: set[str]) -> None:
    for path in (ROOT / "rules").rglob("*"):
        if path.is_file():
            assert f"scanner/_data/rules/{path.relative_to(ROOT / 'rules')}" in names


def test_the_demo_tenant_is_inside_and_no_other_fixture_is(names: set[str]) -> None:
    assert "scanner/_data/tenants/contoso/tenant.json" in names
    assert not [name for name in names if "cassette" in name or "two-regions" in name]


def test_the_contracts_of_reports_are_inside_and_no_sample_is(names: set[str]) -> None:
    contracts = {f"scanner/_data/reports/{name}.schema.json" for name in ("report", "access")}
    assert {n for n in names if n.startswith("scanner/_data/reports/")} == contracts


def test_no_test_is_inside(names: set[str]) -> None:
    assert not [name for name in names if "test" in name.split("/")[:-1] or name.startswith("tests")]
