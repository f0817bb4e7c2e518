"""A result on disk: nothing is lost, nothing foreign is touched, nothing half-written is left."""

from __future__ import annotations

import contextlib
import copy
import csv
import errno
import hashlib
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5netcdf
import h5py
import numpy as np
import pytest
import xarray

import membrane_pde as mp
from membrane_pde.input.errors import CaseError
from membrane_pde.results.folders import add_files, check_output
from membrane_pde.results.quantities import SERIES
from membrane_pde.results.loading import load_result
from membrane_pde.results.result import MAX_STORED, Result, check_size
from membrane_pde.runs import running
from membrane_pde.runs.build import side_widths

TOML = """
title = "Salt, sugar — and a name with a sign"

[solutes."Na+"]
diffusivity = "1.3e-9 m^2/s"
[solutes.sugar]
diffusivity = "5e-10 m^2/s"

[left]
boundary = "reservoir"
length = "100 um"
pressure = "20 bar"
concentration = { "Na+" = "100 mmol/L", sugar = "0 mmol/L" }

[right]
boundary = "outflow"
length = "50 um"
backflow = "last"
concentration = { "Na+" = "0 mmol/L", sugar = "3 mmol/L" }

[membrane]
water_permeability = "2 L/m^2/hour/bar"
[membrane.solutes."Na+"]
permeability = "1e-7 m/s"
reflection = 0.9
[membrane.solutes.sugar]
permeability = "0 m/s"
reflection = 1.0

[mesh]
cells = 9

[run]
duration = "30 s"
outputs = 6
"""
FILES = {"summary.json", "series.csv", "result.nc", "case.toml"}


@pytest.fixture(scope="module")
def result() -> Result:
    return mp.run(mp.parse_case(TOML, name="salt"))


def held(folder: Path) -> dict[str, bytes]:
    """Everything below a folder, hidden files too."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


# -- the round trip -------------------------------------------------------------------------------------------------
def test_round_trip_to_the_last_bit(result: Result, tmp_path: Path) -> None:
    assert result.save(tmp_path / "out") == tmp_path / "out"
    again = load_result(tmp_path / "out")
    assert again.summary == result.summary
    assert list(again.summary) == list(result.summary)
    assert again.case == result.case
    assert again.case.name == "salt"
    assert again.solutes == result.solutes == ["Na+", "sugar"]
    assert set(again.arrays) == set(result.arrays)
    for name, values in result.arrays.items():
        assert again.arrays[name].shape == values.shape, name
        if values.dtype.kind == "f":
            assert again.arrays[name].dtype == values.dtype, name
            assert again.arrays[name].tobytes() == values.tobytes(), name
        else:
            assert list(again.arrays[name]) == list(values), name
    assert np.isnan(result.arrays["rejection"][:, 1]).all()  # a NaN among them, so that it is tested too
    xarray.testing.assert_identical(again.series, result.series)
    xarray.testing.assert_identical(again.profiles, result.profiles)


def test_a_second_round_trip_changes_nothing(result: Result, tmp_path: Path) -> None:
    result.save(tmp_path / "one")
    load_result(tmp_path / "one").save(tmp_path / "two")
    one, two = held(tmp_path / "one"), held(tmp_path / "two")
    for name in FILES - {"result.nc"}:  # which holds the time it was written
        assert one[name] == two[name], name


def test_a_gas_and_a_failed_run_survive_too(tmp_path: Path) -> None:
    gas = mp.run(mp.load_case("two_gases").with_values({"mesh.cells": 5, "run.outputs": 4, "run.until": "duration"}))
    gas.save(tmp_path / "gas")
    assert load_result(tmp_path / "gas").summary == gas.summary
    dry = mp.load_case("osmosis").with_values({"left.concentration.NaCl": "0 g/L", "run.duration": "100 h"})
    with pytest.raises(mp.RunError) as caught:
        mp.run(dry)
    caught.value.result.save(tmp_path / "dry")
    again = load_result(tmp_path / "dry")
    assert again.summary == caught.value.result.summary
    assert again.summary["status"] == "failed"
    assert again.case == dry


@pytest.mark.parametrize("damage", ["missing", "folder", "text", "cut", "foreign"])
def test_load_refuses_what_is_no_result(result: Result, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "out"
    if damage != "missing":
        result.save(folder)
        path = folder / "result.nc"
        whole = path.read_bytes()
        path.unlink()
        if damage == "text":
            path.write_text("not netCDF")
        elif damage == "cut":
            path.write_bytes(whole[: len(whole) // 2])
        elif damage == "foreign":
            xarray.Dataset({"a": ("x", [1.0])}).to_netcdf(path, engine="h5netcdf")
    with pytest.raises(CaseError) as caught:
        load_result(folder)
    assert "out" in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 2


# -- the files ------------------------------------------------------------------------------------------------------
def test_files(result: Result, tmp_path: Path) -> None:
    result.save(tmp_path / "out", extra=lambda folder: (folder / "profiles.png").write_bytes(b"png"))
    assert set(held(tmp_path / "out")) == FILES | {"profiles.png"}
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]
    text = (tmp_path / "out" / "summary.json").read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=pytest.fail) == result.summary
    assert mp.load_case(tmp_path / "out" / "case.toml") == result.case


def test_series_csv(result: Result, tmp_path: Path) -> None:
    result.save(tmp_path / "out")
    with (tmp_path / "out" / "series.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    columns = list(rows[0])
    assert columns[0] == "time_s"
    assert "concentration_left_mol_per_m3[Na+]" in columns
    assert "rejection[sugar]" in columns
    per_solute = {name for name in SERIES if result.series[name].ndim == 2}
    expected = ["time_s"]
    for name in SERIES:
        expected += [f"{name}[{solute}]" for solute in result.solutes] if name in per_solute else [name]
    assert columns == expected
    for column in columns[1:]:
        name, _, solute = column.rstrip("]").partition("[")
        values = result.series[name].sel(solute=solute) if solute else result.series[name]
        read = [float(row[column]) if row[column] else np.nan for row in rows]
        np.testing.assert_array_equal(read, values.values, err_msg=column)  # every digit
        assert all(row[column].lower() != "nan" for row in rows)
    np.testing.assert_array_equal([float(row["time_s"]) for row in rows], result.series["time"].values)
    last = rows[-1]
    assert float(last["water_flux_m_per_s"]) == result.summary["water_flux_m_per_s"]
    assert float(last["concentration_right_mol_per_m3[Na+]"]) == result.summary["concentration_right_mol_per_m3"]["Na+"]


def test_series_names_are_the_summarys(result: Result) -> None:
    assert set(result.series.data_vars) <= set(result.summary)
    assert list(result.series.data_vars) == list(SERIES)


def test_netcdf(result: Result, tmp_path: Path) -> None:
    result.save(tmp_path / "out")
    with xarray.open_dataset(tmp_path / "out" / "result.nc", engine="h5netcdf") as file:
        whole = file.load()
    assert dict(whole.sizes) == {"time": 6, "solute": 2, "cell": 18}
    assert whole["concentration"].dims == ("time", "solute", "cell")
    assert whole["concentration"].attrs["units"] == "mol/m^3"
    assert whole.coords["position"].dims == ("time", "cell")
    assert whole.coords["side"].dims == ("cell",)
    assert whole.coords["side"].values.tolist() == ["left"] * 9 + ["right"] * 9
    assert whole.coords["solute"].values.tolist() == ["Na+", "sugar"]
    assert (whole["time"].attrs["units"], whole["position"].attrs["units"]) == ("s", "m")
    assert set(SERIES) <= set(whole.data_vars)
    units = {"_Pa": "Pa", "_m": "m", "_m_per_s": "m/s", "_mol_per_m3": "mol/m^3", "_mol_per_m2": "mol/m^2"}
    units |= {"_mol_per_m2_s": "mol/m^2/s", "_J_per_m2": "J/m^2"}
    for name in SERIES:
        assert whole[name].attrs["long_name"]
        ending = max((end for end in units if name.endswith(end)), key=len, default="")
        assert whole[name].attrs["units"] == units.get(ending, "1"), name
    assert whole.attrs["case"] == result.case.to_toml()
    assert whole.attrs["case_sha256"] == hashlib.sha256(whole.attrs["case"].encode()).hexdigest()
    assert mp.parse_case(whole.attrs["case"]) == result.case
    assert whole.attrs["membrane_pde_version"] == mp.__version__
    assert whole.attrs["numpy_version"] == np.__version__
    assert "SI" in whole.attrs["units"]
    # the cells touch, the membrane stands at 0
    left_end = whole["position"] + 0.5 * whole["width"]
    np.testing.assert_allclose(left_end.isel(cell=8), 0.0, atol=1e-18)
    np.testing.assert_allclose(whole["width"].sum("cell"), 150e-6, rtol=1e-12)


def test_netcdf_is_what_xarray_would_write(result: Result, tmp_path: Path) -> None:
    """Values, types, attributes, coordinates and their order, and what xarray knows of how they are stored."""
    result.save(tmp_path / "out")
    whole = result.profiles.merge(result.series)
    whole.attrs["summary"] = (tmp_path / "out" / "summary.json").read_text(encoding="utf-8")
    whole.to_netcdf(tmp_path / "theirs.nc", engine="h5netcdf")
    with (
        xarray.open_dataset(tmp_path / "out" / "result.nc", engine="h5netcdf") as ours,
        xarray.open_dataset(tmp_path / "theirs.nc", engine="h5netcdf") as theirs,
    ):
        xarray.testing.assert_identical(ours.load(), whole)
        xarray.testing.assert_identical(ours, theirs.load())
        assert list(ours.coords) == list(theirs.coords)
        assert list(ours.attrs) == list(theirs.attrs)
        for name, variable in ours.variables.items():
            assert variable.dtype == theirs[name].dtype, name
            assert list(variable.attrs) == list(theirs[name].attrs), name
            stored, expected = (
                {k: v for k, v in d.encoding.items() if k != "source"} for d in (variable, theirs[name])
            )
            assert stored.keys() == expected.keys(), name
            assert all(str(stored[key]) == str(expected[key]) for key in stored), name  # a NaN is not equal to itself


def test_a_result_of_an_earlier_version_is_read(result: Result, tmp_path: Path) -> None:
    """It has not what was added since; anything else that is missing is damage."""
    series = ["collected_concentration_mol_per_m3", "collected_rejection", "membrane_area_ratio"]
    added = [*series, "throttled_energy_J_per_m3"]
    path = result.save(tmp_path / "out") / "result.nc"
    with h5py.File(path, "r+") as file:
        summary = {key: value for key, value in json.loads(file.attrs["summary"]).items() if key not in added}
        file.attrs["summary"] = json.dumps(summary)
        for name in (*series, "volume"):
            del file[name]
    loaded = load_result(tmp_path / "out")
    assert [loaded.summary[key] for key in added] == [None] * 4
    for name in series:
        assert np.isnan(loaded.arrays[name]).all()
        assert loaded.arrays[name].shape == result.arrays[name].shape
    np.testing.assert_array_equal(loaded.arrays["volume"], result.arrays["width"])
    np.testing.assert_array_equal(loaded.arrays["rejection"], result.arrays["rejection"])
    with h5py.File(path, "r+") as file:
        del file["rejection"]
    with pytest.raises(CaseError, match="damaged"):
        load_result(tmp_path / "out")


def test_series_and_profiles_are_the_arrays(result: Result) -> None:
    for name in SERIES:
        np.testing.assert_array_equal(result.series[name].values, result.arrays[name])
    for name in ("concentration", "position", "width", "volume", "side"):
        np.testing.assert_array_equal(result.profiles[name].values, result.arrays[name])
    assert list(result.profiles.coords) == ["time", "solute", "position", "width", "volume", "side"]
    assert result.profiles["time"].attrs == result.series["time"].attrs == {"units": "s", "long_name": "time"}


# -- what stands in the way -----------------------------------------------------------------------------------------
def test_ours_is_replaced(result: Result, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    result.save(folder, extra=lambda into: (into / "history.png").write_bytes(b"old"))
    other = mp.run(result.case.with_values({"left.pressure": "10 bar"}))
    other.save(folder)
    assert load_result(folder).summary == other.summary
    assert set(held(folder)) == FILES  # the old picture would belong to another run
    assert list(tmp_path.iterdir()) == [folder]


def test_an_empty_folder_and_missing_parents_are_fine(result: Result, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result.save(tmp_path / "empty")
    result.save(tmp_path / "a" / "b" / "c")
    assert load_result(tmp_path / "empty").summary == load_result(tmp_path / "a" / "b" / "c").summary


def test_a_relative_folder(result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert result.save("out") == Path("out")
    assert set(held(tmp_path / "out")) == FILES


FOREIGN: dict[str, dict[str, str]] = {
    "other files": {"thesis.txt": "years of work"},
    "hidden files only": {".env": "secret"},
    "a summary.json of somebody else": {"summary.json": '{"accuracy": 0.9}'},
    "a summary.json that is no JSON": {"summary.json": "{"},
    "a summary.json that is a list": {"summary.json": "[1]"},
    "files named like ours without a summary": {"series.csv": "1,2", "result.nc": "x"},
}


@pytest.mark.parametrize("files", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_foreign_folder_is_refused(result: Result, tmp_path: Path, files: dict[str, str]) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    before = held(tmp_path)
    for attempt in (lambda: check_output(folder), lambda: result.save(folder)):
        with pytest.raises(CaseError, match="mine"):
            attempt()
        assert held(tmp_path) == before
        assert list(tmp_path.iterdir()) == [folder]


def test_a_foreign_file_among_ours_is_refused(result: Result, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    result.save(folder)
    (folder / "notes.md").write_text("mine")
    before = held(folder)
    with pytest.raises(CaseError, match=r"notes\.md"):
        result.save(folder)
    assert held(folder) == before


def test_a_foreign_folder_inside_ours_is_refused(result: Result, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    result.save(folder)
    (folder / "figures.png").mkdir()  # a folder, though its name looks like a picture of ours
    (folder / "figures.png" / "thesis.txt").write_text("years of work")
    before = held(folder)
    with pytest.raises(CaseError):
        result.save(folder)
    assert held(folder) == before


def test_a_hidden_file_of_somebody_else_is_not_lost(result: Result, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    result.save(folder)
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("history")
    with contextlib.suppress(CaseError):  # refusing is fine, deleting is not
        result.save(folder)
    assert (folder / ".git" / "config").read_text() == "history"


def test_a_file_instead_of_a_folder(result: Result, tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("mine")
    for attempt in (lambda: check_output(path), lambda: result.save(path), lambda: result.save(path / "below")):
        with pytest.raises(CaseError, match="out"):
            attempt()
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_that_leads_nowhere(result: Result, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    with pytest.raises(CaseError, match="link"):
        result.save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()


def test_a_link_to_our_folder_keeps_being_a_link(result: Result, tmp_path: Path) -> None:
    result.save(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    result.save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert load_result(tmp_path / "real").summary == result.summary


def refuse(number: int) -> Any:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise OSError(number, os.strerror(number))

    return fail


def test_a_read_only_parent(result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parent = tmp_path / "locked"
    parent.mkdir()
    parent.chmod(0o500)
    if os.access(parent, os.W_OK):  # the superuser may write anywhere: let the system call refuse
        monkeypatch.setattr("tempfile.mkdtemp", refuse(errno.EACCES))
    try:
        for attempt in (lambda: check_output(parent / "out"), lambda: result.save(parent / "out")):
            with pytest.raises(CaseError, match=r"out.*cannot be written.*[Pp]ermission"):
                attempt()
        assert list(parent.iterdir()) == []
    finally:
        parent.chmod(0o700)


def test_check_output_leaves_nothing(tmp_path: Path) -> None:
    check_output(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("before", ["nothing", "ours"])
@pytest.mark.parametrize("where", ["csv", "netcdf", "move", "no room"])
def test_a_full_disk_leaves_what_was_there(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, where: str
) -> None:
    folder = tmp_path / "out"
    if before == "ours":
        result.save(folder)
    old = held(tmp_path)
    if where == "csv":
        monkeypatch.setattr(csv, "writer", refuse(errno.ENOSPC))
    elif where == "netcdf":
        monkeypatch.setattr(h5netcdf, "File", refuse(errno.ENOSPC))
    elif where == "no room":
        monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=1000))
    else:
        monkeypatch.setattr(Path, "replace", refuse(errno.ENOSPC))
    with pytest.raises(CaseError, match=r"out.*(cannot be written|[Nn]o space)"):
        result.save(folder)
    monkeypatch.undo()
    assert held(tmp_path) == old
    assert list(tmp_path.iterdir()) == ([folder] if before == "ours" else [])


@pytest.mark.parametrize("error", [RuntimeError("a bug in a plot"), KeyboardInterrupt(), OSError("no room")])
def test_pictures_that_fail_leave_the_numbers(result: Result, tmp_path: Path, error: BaseException) -> None:
    folder = tmp_path / "out"

    def fail(into: Path) -> None:
        (into / "half.png").write_bytes(b"ha")
        raise error

    with pytest.raises(CaseError if isinstance(error, OSError) else type(error)):
        result.save(folder, extra=fail)
    assert set(held(folder)) == FILES
    assert load_result(folder).summary == result.summary
    assert list(tmp_path.iterdir()) == [folder]
    add_files(folder, lambda into: (into / "whole.png").write_bytes(b"picture"))
    assert set(held(folder)) == {*FILES, "whole.png"}


def test_ctrl_c_while_files_are_moved_moves_all_of_them(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result.save(tmp_path / "out", extra=lambda into: (into / "old.png").write_bytes(b"old"))
    other, replace, calls = mp.run(result.case.with_values({"left.pressure": "10 bar"})), Path.replace, []

    def pressed(self: Path, target: Path) -> Path:
        calls.append(self)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", pressed)
    with pytest.raises(KeyboardInterrupt):
        other.save(tmp_path / "out")
    assert set(held(tmp_path / "out")) == FILES
    assert load_result(tmp_path / "out").summary == other.summary
    assert (tmp_path / "out" / "series.csv").read_text() != ""


# -- into the folder as it is ---------------------------------------------------------------------------------------
def test_the_folder_stays_the_one_it_was(result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its mode, and where it is somebody's current folder."""
    folder = tmp_path / "out"
    folder.mkdir(0o700)
    folder.chmod(0o2750)
    before = folder.stat()
    monkeypatch.chdir(folder)
    for _ in range(2):
        assert result.save(".") == Path()
        after = folder.stat()
        assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
        assert Path.cwd() == folder
        assert set(os.listdir()) == FILES
    assert (folder / "summary.json").stat().st_mode & 0o777 == 0o666 & ~mask()


def mask() -> int:
    """The mask of new files."""
    os.umask(now := os.umask(0o077))
    return now


def test_a_folder_whose_parent_cannot_be_written(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a mount point, or what a container is given: nothing can be made beside it, or put in its place."""
    folder = tmp_path / "parent" / "out"
    folder.mkdir(parents=True)
    (folder / "lost+found").mkdir()  # what some file systems have at their root
    folder.parent.chmod(0o500)
    mkdtemp = tempfile.mkdtemp

    def inside(suffix: Any = None, prefix: Any = None, dir: Any = None) -> str:
        assert Path(dir) == folder
        return mkdtemp(suffix, prefix, dir)

    monkeypatch.setattr(tempfile, "mkdtemp", inside)
    monkeypatch.setattr(Path, "rename", refuse(errno.EBUSY))
    try:
        for _ in range(2):
            check_output(folder)
            result.save(folder, extra=lambda into: (into / "a.png").write_bytes(b"a"))
            assert set(os.listdir(folder)) == {*FILES, "a.png", "lost+found"}
    finally:
        folder.parent.chmod(0o700)


def test_a_folder_that_can_only_be_read_is_found_out_before_solving(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "mkdtemp", refuse(errno.EROFS))
    with pytest.raises(CaseError, match=r"--out .*cannot be written \(Read-only file system\)"):
        check_output(tmp_path)


def test_what_a_killed_run_has_left_is_no_obstacle(result: Result, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    result.save(folder)
    for name, age in ((".membrane-pde-new", 0.0), (".membrane-pde-old", 2 * 86400.0)):
        (folder / name).mkdir()
        (folder / name / "summary.json").write_text("{")
        os.utime(folder / name, (time.time() - age,) * 2)
    result.save(folder)
    assert set(os.listdir(folder)) == {*FILES, ".membrane-pde-new"}


# -- how much is stored ---------------------------------------------------------------------------------------------
def many_solutes(outputs: int) -> mp.Case:
    """64 solutes on sides of 10 m, which take many cells."""
    names = [f"s{i}" for i in range(64)]
    text = "".join(f'[solutes.{name}]\ndiffusivity = "1e-9 m^2/s"\n' for name in names)
    for side, value in (("left", 1), ("right", 2)):
        held = ", ".join(f'{name} = "{value} mmol/L"' for name in names)
        text += f'[{side}]\nlength = "10 m"\nconcentration = {{ {held} }}\n'
    return mp.parse_case(f'{text}[membrane]\ntype = "ideal"\n[run]\nduration = "1 h"\noutputs = {outputs}\n')


def test_the_numbers_are_counted_that_will_be_stored(result: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not those of a usual mesh: what a run may store can be read again."""
    cells = sum(len(side_widths(many_solutes(9000), side)) for side in (0, 1))
    assert cells > 400
    monkeypatch.setattr(running, "solve_case", lambda *given: pytest.fail("it is solved"))
    with pytest.raises(
        CaseError, match=rf"run\.outputs = 9000: with {cells} cells and 64 solutes .* store fewer times"
    ):
        mp.run(many_solutes(9000))
    counted = result.case.run.outputs * (18 * 5 + len(SERIES) * 2 + 1)
    held_numbers = sum(values.size for values in result.arrays.values() if values.dtype == float)
    assert held_numbers <= counted < 1.5 * held_numbers
    most = MAX_STORED // (cells * 67 + len(SERIES) * 64 + 1)
    check_size(many_solutes(most), cells)
    with pytest.raises(CaseError, match=r"at most 2e\+08"):
        check_size(many_solutes(most + 1), cells)


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts memory in KiB")
def test_memory_is_twice_what_is_stored(tmp_path: Path) -> None:
    """So that at the limit, 1.6 GB, less than 4 GB are taken, also to save and to load."""
    code = """
from pathlib import Path
import membrane_pde as mp
case = mp.load_case("osmosis").with_values({"run.until": "duration", "mesh.cells": 200, "run.outputs": 20})
def peak():  # getrusage would begin with the size of the process that started this one
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("VmHWM:")))
mp.run(case).save("few")
before = peak()
result = mp.run(case.with_values({"run.outputs": 20000}))
stored = sum(values.nbytes for values in result.arrays.values())
result.save("many")
print((peak() - before) / stored)
del result
mp.load_result("many")
print((peak() - before) / stored)
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(mp.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    for times in map(float, done.stdout.split()):
        assert 1.0 < times < 2.2
        assert times * 8 * MAX_STORED + 300e6 < 4e9


# -- what a file may not do -----------------------------------------------------------------------------------------
def replaced(path: Path, name: str, make: Callable[[h5py.File], Any]) -> None:
    """Put something else in the place of an array, and of its scale if it has one."""
    with h5py.File(path, "r+") as file:
        del file[name]
        make(file)


def test_a_file_that_reads_others_is_refused(result: Result, tmp_path: Path) -> None:
    secret, shape = tmp_path / "secret", result.arrays["concentration"].shape
    secret.write_bytes(np.arange(float(np.prod(shape))).tobytes())
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["x"] = np.ones(shape)
    layout = h5py.VirtualLayout(shape, float)
    layout[...] = h5py.VirtualSource(tmp_path / "other.h5", "x", shape)
    kinds: dict[str, Callable[[h5py.File], Any]] = {
        "refers to other files": lambda file: file.create_dataset(
            "concentration", shape, float, external=[(str(secret), 0, h5py.h5f.UNLIMITED)]
        ),
        "refers to other files ": lambda file: file.create_virtual_dataset("concentration", layout),
        "is a link": lambda file: file.__setitem__("concentration", h5py.ExternalLink(str(tmp_path / "other.h5"), "x")),
        "is a link ": lambda file: file.__setitem__("concentration", h5py.SoftLink("/width")),
        "is no array": lambda file: file.create_group("concentration"),
        "holds neither numbers nor words": lambda file: file.create_dataset("concentration", shape, h5py.ref_dtype),
    }
    for words, make in kinds.items():
        result.save(tmp_path / "out")
        replaced(tmp_path / "out" / "result.nc", "concentration", make)
        with pytest.raises(CaseError, match=f"not a result of membrane-pde, or damaged .concentration {words.strip()}"):
            load_result(tmp_path / "out")


def test_a_file_that_declares_more_than_a_result_has_is_refused(result: Result, tmp_path: Path) -> None:
    """In one array, or in many of which each would do: nothing is read."""
    most = MAX_STORED // 4
    for count, size in ((1, 10**15), (5, most)):
        result.save(tmp_path / "out")
        with h5py.File(tmp_path / "out" / "result.nc", "r+") as file:
            for i in range(count):
                file.create_dataset(f"x{i}", (size,), float, chunks=(1000,))
        tracemalloc.start()
        with pytest.raises(CaseError, match="numbers, more than a result has"):
            load_result(tmp_path / "out")
        assert tracemalloc.get_traced_memory()[1] < 10e6
        tracemalloc.stop()


def test_too_little_memory_is_told_in_words(result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result.save(tmp_path / "out")

    def full(*args: object) -> None:
        raise MemoryError

    monkeypatch.setattr(np, "asarray", full)
    with pytest.raises(CaseError, match="MemoryError"):
        load_result(tmp_path / "out")


@pytest.mark.parametrize("name", ["time", "solute", "cell", "concentration", "position", "rejection"])
def test_a_file_without_one_of_its_arrays(result: Result, tmp_path: Path, name: str) -> None:
    result.save(tmp_path / "out")
    with h5py.File(tmp_path / "out" / "result.nc", "r+") as file:
        del file[name]
    with contextlib.suppress(CaseError):  # not everything is needed
        assert load_result(tmp_path / "out").summary == result.summary


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda result: pickle.loads(pickle.dumps(result))])
def test_a_copy_has_the_profiles_that_nobody_asked_for_yet(copied: Callable[[mp.Result], mp.Result]) -> None:
    result = mp.run(mp.load_case("osmosis").with_values({"mesh.cells": 4, "run.outputs": 3}))
    other = copied(result)
    assert other.arrays.keys() == result.arrays.keys()
    np.testing.assert_array_equal(other.arrays["concentration"], result.arrays["concentration"])
