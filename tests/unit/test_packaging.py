"""What gets installed: the wheel is whole and stands alone, the editable install shows the clone as it is."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import membrane_pde
from membrane_pde.input import casefile as case
from tests.places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def python(*arguments: str, cwd: Path, path: Path | None = None) -> str:
    """Output of another Python, started in a folder; with `path` first where it looks for modules."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the clone; with the build backend at hand, or else with one that pip fetches."""
    folder = tmp_path_factory.mktemp("wheel")
    fetched = [] if importlib.util.find_spec("hatchling") is None else ["--no-build-isolation"]
    quiet = ["--no-deps", "--quiet", "--disable-pip-version-check"]
    python("-m", "pip", "wheel", str(ROOT), *quiet, *fetched, "--wheel-dir", str(folder), cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package as a user gets it; its dependencies are those of this Python."""
    target = tmp_path_factory.mktemp("site")
    quiet = ["--no-deps", "--quiet", "--disable-pip-version-check"]
    python("-m", "pip", "install", *quiet, "--target", str(target), str(wheel), cwd=target)
    return target


# -- the wheel ------------------------------------------------------------------------------------------------------
def test_the_wheel_carries_everything(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        assert len(names) == len(set(names))
        for path in (ROOT / "cases").glob("*.toml"):
            assert archive.read(f"membrane_pde/cases/{path.name}") == path.read_bytes()
        for path in (ROOT / "membrane_pde").rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert archive.read(path.relative_to(ROOT).as_posix()) == path.read_bytes()
    assert {"membrane_pde/case.schema.json", "membrane_pde/py.typed"} <= set(names)
    assert {"membrane_pde/library/solutes.toml", "membrane_pde/library/membranes.toml"} <= set(names)
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"membrane_pde", f"membrane_pde-{membrane_pde.__version__}.dist-info"}
    assert not [name for name in names if "__pycache__" in name]


def test_the_wheels_metadata(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (entry,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "membrane-pde = membrane_pde.cli:main" in archive.read(entry).decode()
        (entry,) = (name for name in archive.namelist() if name.endswith("METADATA"))
        metadata = archive.read(entry).decode()
    assert f"Version: {membrane_pde.__version__}\n" in metadata
    assert "Requires-Python: >=3.11\n" in metadata
    for extra in ("test", "notebooks"):
        assert f"Provides-Extra: {extra}\n" in metadata


def test_the_installed_package_uses_its_own_files(installed: Path, tmp_path: Path) -> None:
    code = """
import json, membrane_pde
from membrane_pde import library
from membrane_pde.input import casefile as case
print(json.dumps({
    "package": membrane_pde.__file__, "names": case.case_names(), "text": case.case_text("osmosis"),
    "solutes": sorted(library.solutes()), "membranes": sorted(library.membranes()),
    "cells": case.load_case("osmosis").mesh.cells,
}))
"""
    seen = json.loads(python("-c", code, cwd=tmp_path, path=installed))
    assert Path(seen["package"]).is_relative_to(installed)
    assert seen["names"] == case.case_names()
    assert seen["text"] == case.case_text("osmosis")
    assert {"NaCl", "sucrose"} <= set(seen["solutes"])
    assert "SW30HR" in seen["membranes"]
    # not the clone's: a change of the installed file is seen
    file = installed / "membrane_pde" / "cases" / "osmosis.toml"
    original = file.read_text(encoding="utf-8")
    try:
        file.write_text(original.replace('title = "', 'title = "Installed: '), encoding="utf-8")
        listed = python("-m", "membrane_pde", "list", cwd=tmp_path, path=installed)
    finally:
        file.write_text(original, encoding="utf-8")
    assert "Installed: Osmosis" in listed
    assert [line.split()[0] for line in listed.splitlines()] == case.case_names()


def test_the_installed_command_runs(installed: Path, tmp_path: Path) -> None:
    command = [script for script in (installed / "bin").glob("membrane-pde*")] or list(
        (installed / "Scripts").glob("membrane-pde*")
    )
    assert command, "no command membrane-pde installed"
    arguments = ["run", "u_tube", "--set", "run.duration=10 s", "--set", "run.until=duration", "--no-plots", "--json"]
    summary = json.loads(python("-m", "membrane_pde", *arguments, "--out", "out", cwd=tmp_path, path=installed))
    assert summary["process"] == "osmosis"
    assert summary["version"] == membrane_pde.__version__
    assert (tmp_path / "out" / "result.nc").is_file()
    schema = json.loads(python("-m", "membrane_pde", "schema", cwd=tmp_path, path=installed))
    assert schema == json.loads((ROOT / "membrane_pde" / "case.schema.json").read_text(encoding="utf-8"))


def test_types_are_marked(installed: Path) -> None:
    assert (installed / "membrane_pde" / "py.typed").is_file()


def test_the_source_distribution_carries_what_goes_with_the_package(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="the build backend is not installed: pip install hatchling")
    python("-m", "hatchling", "build", "--target", "sdist", "--directory", str(tmp_path), cwd=ROOT)
    (built,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(built) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for folder, kind in (
        ("cases", "toml"),
        ("notebooks", "ipynb"),
        ("tests", "py"),
        ("docs", "md"),
        ("benchmarks", "py"),
    ):
        there = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob(f"*.{kind}")}
        there = {name for name in there if not {"results", ".ipynb_checkpoints"} & set(name.split("/"))}
        assert there, folder
        assert there <= names, folder
    assert {"notebooks/execute.py", "README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff"} <= names
    assert not [name for name in names if name.startswith((".venv", "results", ".ci"))]


# -- the clone ------------------------------------------------------------------------------------------------------
def test_the_clone_keeps_no_stale_copy_of_its_cases(tmp_path: Path) -> None:
    assert not (ROOT / "membrane_pde" / "cases").exists()
    assert case.case_names() == sorted(path.stem for path in (ROOT / "cases").glob("*.toml"))
    for name in case.case_names():
        assert case.case_text(name) == (ROOT / "cases" / f"{name}.toml").read_text(encoding="utf-8")
    # also from another folder, when it is this clone that is installed
    where = python("-c", "import membrane_pde; print(membrane_pde.__file__)", cwd=tmp_path, path=ROOT).strip()
    assert Path(where) == ROOT / "membrane_pde" / "__init__.py"
    listed = python("-m", "membrane_pde", "list", cwd=tmp_path, path=ROOT)
    assert [line.split()[0] for line in listed.splitlines()] == case.case_names()


def test_the_tests_judge_this_clone() -> None:
    """Not another copy that happens to be installed."""
    assert Path(membrane_pde.__file__) == ROOT / "membrane_pde" / "__init__.py"


def test_an_editable_install_shows_a_changed_case_at_once(tmp_path: Path) -> None:
    """In a small copy of the clone, so that nothing of ours is touched: its wheel only points to it."""
    clone, site = tmp_path / "clone", tmp_path / "site"
    for path in ("pyproject.toml", "README.md", "LICENSE"):
        (clone / path).parent.mkdir(parents=True, exist_ok=True)
        (clone / path).write_bytes((ROOT / path).read_bytes())
    for folder in ("membrane_pde", "cases"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                copy = clone / path.relative_to(ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes())
    fetched = [] if importlib.util.find_spec("hatchling") is None else ["--no-build-isolation"]
    quiet = ["--no-deps", "--quiet", "--disable-pip-version-check"]
    python("-m", "pip", "install", *quiet, *fetched, "--target", str(site), "--editable", str(clone), cwd=tmp_path)
    assert not list(site.rglob("*.toml")), "a copy that would go stale"
    assert not list(site.rglob("case.py"))
    (pointer,) = site.glob("*.pth")
    places = [line for line in pointer.read_text(encoding="utf-8").splitlines() if line]
    assert places == [str(clone)]
    case_file = clone / "cases" / "osmosis.toml"
    text = case_file.read_text(encoding="utf-8")
    code = f"import site; site.addsitedir({str(site)!r}); import sys; sys.path.insert(0, sys.path.pop())\n"
    code += (
        "import membrane_pde.input.case as c; print(c.__file__); import membrane_pde.input.casefile as c; "
        "print(c.load_case('osmosis').title); print(*c.case_names())"
    )
    before = python("-c", code, cwd=tmp_path).splitlines()
    assert Path(before[0]) == clone / "membrane_pde" / "input" / "case.py"
    case_file.write_text(text.replace('title = "', 'title = "Changed: '), encoding="utf-8")
    (clone / "cases" / "osmosis_again.toml").write_text(text, encoding="utf-8")
    after = python("-c", code, cwd=tmp_path).splitlines()
    assert after[1] == f"Changed: {before[1]}"
    assert set(after[2].split()) == {*before[2].split(), "osmosis_again"}


# -- what stands beside the package ---------------------------------------------------------------------------------
def test_one_version() -> None:
    project = PROJECT["project"]
    if "version" in project.get("dynamic", ()):  # then hatchling reads it from the package
        assert PROJECT["tool"]["hatch"]["version"]["path"] == "membrane_pde/__init__.py"
    else:
        assert project["version"] == membrane_pde.__version__
    assert importlib.metadata.version("membrane-pde") == membrane_pde.__version__, "install again: pip install -e ."


def test_files_of_the_project() -> None:
    assert "MIT License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert PROJECT["project"]["license"] == "MIT"
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert citation.startswith("cff-version:")
    for line in ("title:", "authors:", "message:", "license: MIT"):
        assert f"\n{line}" in citation, line
    assert any(
        line.strip().replace('"', "").replace("'", "") == f"version: {membrane_pde.__version__}"
        for line in citation.splitlines()
    )
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert membrane_pde.__version__ in changes or "Unreleased" in changes


def test_the_test_extra_can_build_the_wheel() -> None:
    """Without the backend, `make test` would have to reach the network in the middle of the tests."""
    backend = {requirement.partition(">")[0] for requirement in PROJECT["build-system"]["requires"]}
    extra = PROJECT["project"]["optional-dependencies"]["test"]
    assert backend <= {requirement.partition(">")[0] for requirement in extra}
