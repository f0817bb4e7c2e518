"""sweep: the grid and its order, the same numbers as one by one, failures as points, and processes that come and go."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray

import membrane_pde as mp
from membrane_pde import sweeping
from membrane_pde.result import SUMMARY_KEYS

ROOT = Path(__file__).resolve().parents[2]

TEXT = """
title = "two stirred sides"
[solutes.salt]
diffusivity = "1.5e-9 m^2/s"
dissociation = 2
[solutes.sugar]
diffusivity = "5e-10 m^2/s"
dissociation = 1
[left]
length = "1 mm"
stirred = true
concentration = { salt = "20 mmol/L", sugar = "0 mmol/L" }
[right]
length = "1 mm"
stirred = true
concentration = { salt = "100 mmol/L", sugar = "50 mmol/L" }
[membrane]
water_permeability = "1 L/m^2/hour/bar"
[membrane.solutes.salt]
permeability = "1e-7 m/s"
reflection = 0.9
[membrane.solutes.sugar]
permeability = "0 m/s"
reflection = 1.0
[run]
duration = "1 min"
outputs = 3
"""
CASE = mp.parse_case(TEXT, "stirred")
GRID: dict[str, Iterable[object]] = {
    "right.pressure": ["0 bar", "5 bar", "20 bar"],
    "left.concentration.salt": ["10 mmol/L", "40 mmol/L"],
}
FORK = pytest.mark.skipif(
    multiprocessing.get_start_method() != "fork", reason="the functions put in place here are not seen by workers"
)


def each(point: Callable[[mp.Case, Mapping[str, object]], dict[str, Any]]) -> Callable[..., list[dict[str, Any]]]:
    """Several points, one by one."""
    return lambda case, chosen, ready=(): [point(case, values) for values in chosen]


def counted(case: mp.Case, values: Mapping[str, object]) -> dict[str, Any]:
    """In place of a run: fast, and tells which point it was."""
    return {
        "title": case.title,
        "status": "completed",
        "message": " ".join(map(str, values.values())),
        "steps": os.getpid(),
        "rejection": {"salt": 0.5, "sugar": None},
    }


def same(a: xarray.Dataset, b: xarray.Dataset) -> None:
    """Bitwise the same but for the time it took."""
    xarray.testing.assert_identical(a.drop_vars("solve_time_s"), b.drop_vars("solve_time_s"))


# -- the answer -----------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def found() -> xarray.Dataset:
    return mp.sweep(CASE, GRID, workers=1)


def test_every_combination_has_the_summary_of_a_run_of_its_own(found: xarray.Dataset) -> None:
    assert set(found.data_vars) == set(SUMMARY_KEYS) - {"equilibrium"}
    for pressure, salt in itertools.product(*GRID.values()):
        one = mp.run(CASE.with_values({"right.pressure": pressure, "left.concentration.salt": salt})).summary
        place = {
            "right.pressure": float(str(pressure).split()[0]),
            "left.concentration.salt": float(str(salt).split()[0]),
        }
        point = found.sel(place)
        for key in set(found.data_vars) - {"solve_time_s"}:
            if isinstance(one[key], dict):
                assert point[key].dims == ("solute",)
                expected = [np.nan if one[key][name] is None else one[key][name] for name in found["solute"].values]
                np.testing.assert_array_equal(point[key], expected)
            elif isinstance(one[key], str):
                assert point[key].item() == one[key], key
            elif one[key] is None:
                assert point[key].item() == "" or np.isnan(point[key].item()), key
            else:
                assert point[key].item() == one[key], key


def test_dimensions_are_the_keys_and_the_solutes(found: xarray.Dataset) -> None:
    keys = ("right.pressure", "left.concentration.salt")
    assert found["water_flux_m_per_s"].dims == keys
    assert found["status"].dims == keys
    assert found["rejection"].dims == (*keys, "solute")
    assert dict(found.sizes) == {"right.pressure": 3, "left.concentration.salt": 2, "solute": 2}
    assert list(found["solute"].values) == ["salt", "sugar"]
    np.testing.assert_array_equal(found["right.pressure"], [0.0, 5.0, 20.0])
    assert found["right.pressure"].attrs == {"units": "bar"}
    assert found["left.concentration.salt"].attrs == {"units": "mmol/L"}
    assert found["water_flux_m_per_s"].attrs["units"] == "m/s"
    assert found.attrs["case_name"] == "stirred"
    assert mp.parse_case(found.attrs["case"]) == CASE


def test_the_answer_means_something(found: xarray.Dataset) -> None:
    """Water goes by itself to the right, less so the more the right is pressed, and then back."""
    flux = found["water_flux_m_per_s"].values
    assert (np.diff(flux, axis=0) < 0.0).all()
    assert list(found["process"].values[[0, -1], 0]) == ["osmosis", "reverse osmosis"]
    assert (found["status"] == "completed").all()


@pytest.mark.parametrize("workers", [2, 3])
def test_workers_change_nothing(found: xarray.Dataset, workers: int) -> None:
    same(mp.sweep(CASE, GRID, workers=workers), found)
    assert multiprocessing.active_children() == []


def test_it_is_saved_and_read_again(found: xarray.Dataset, tmp_path: Path) -> None:
    found.to_netcdf(tmp_path / "sweep.nc", engine="h5netcdf")
    with xarray.open_dataset(tmp_path / "sweep.nc", engine="h5netcdf") as again:
        np.testing.assert_array_equal(again["water_flux_m_per_s"], found["water_flux_m_per_s"])
        np.testing.assert_array_equal(again["process"].astype(str), found["process"].astype(str))


@pytest.mark.parametrize(
    ("key", "values", "coordinate", "unit"),
    [
        ("left.pressure", ["1 bar", "2.5 bar"], [1.0, 2.5], "bar"),
        ("left.pressure", (f"{p} bar" for p in (1, 2)), [1.0, 2.0], "bar"),
        ("left.pressure", ["1 bar", "500 mbar"], ["1 bar", "500 mbar"], None),
        ("left.pressure", ["1 bar", {"flux": "1 LMH"}], ["1 bar", '{"flux": "1 LMH"}'], None),
        ("temperature", ["20 degC", "30 degC"], [20.0, 30.0], "degC"),
        ("membrane.solutes.salt.reflection", np.linspace(0.5, 1.0, 3), [0.5, 0.75, 1.0], None),
        ("membrane.solutes.salt.reflection", ["0.5", "1"], [0.5, 1.0], None),
        ("run.outputs", np.array([3, 4]), [3, 4], None),
        ("title", ["one", "two"], ["one", "two"], None),
        ("title", ["1 a", "nan a", "1_0 a"], ["1 a", "nan a", "1_0 a"], None),
        ("left.stirred", [True, False], ["true", "false"], None),
        ("membrane.flux_law", ["kedem-katchalsky", "spiegler-kedem"], ["kedem-katchalsky", "spiegler-kedem"], None),
    ],
)
def test_coordinates_are_what_one_plots_against(
    monkeypatch: pytest.MonkeyPatch, key: str, values: Iterable[object], coordinate: list[object], unit: str | None
) -> None:
    monkeypatch.setattr(sweeping, "_points", each(counted))
    answer = mp.sweep(CASE, {key: values}, workers=1)
    assert answer[key].values.tolist() == coordinate
    assert answer[key].attrs == ({"units": unit} if unit else {})


def test_the_tables_of_names_are_those_of_a_summary() -> None:
    """What is a word, a number, or a number a solute stands in `sweeping`: it must hold of a run."""
    summary = mp.run(CASE.with_values({"right.pressure": "1 bar"})).summary
    assert {key for key, value in summary.items() if isinstance(value, str)} == set(sweeping._WORDS)
    assert {key for key, value in summary.items() if isinstance(value, dict)} == {*sweeping._BY_SOLUTE, "equilibrium"}


def test_solutes_may_come_with_the_values() -> None:
    """Keys that need each other: none of these makes a valid case alone."""
    values = {
        "solutes.urea.diffusivity": ["1.4e-9 m^2/s"],
        "left.concentration.urea": ["0 mmol/L", "10 mmol/L"],
        "right.concentration.urea": ["10 mmol/L"],
        "membrane.solutes.urea": [{"permeability": "1e-7 m/s", "reflection": 0.5}],
    }
    answer = mp.sweep(CASE, values, workers=1)
    assert list(answer["solute"].values) == ["salt", "sugar", "urea"]
    assert (answer["status"] == "completed").all()
    assert np.isfinite(answer["concentration_left_mol_per_m3"]).all()


# -- walked together ------------------------------------------------------------------------------------------------
ROWS: dict[str, Iterable[object]] = {
    "right.pressure": ["0 bar", "5 bar", "20 bar", "20 bar"],
    "left.concentration.salt": ["10 mmol/L", "40 mmol/L", "10 mmol/L", "40 mmol/L"],
    "membrane.flux_law": ["spiegler-kedem"] * 4,
}


@pytest.mark.parametrize("workers", [1, 2])
def test_walked_together_the_keys_are_coordinates_of_the_runs(found: xarray.Dataset, workers: int) -> None:
    answer = mp.sweep(CASE, ROWS, workers=workers, zipped=True)
    assert answer["water_flux_m_per_s"].dims == ("run",)
    assert answer["rejection"].dims == ("run", "solute")
    assert list(answer.coords) == [*ROWS, "solute"]
    assert answer["right.pressure"].dims == ("run",)
    assert answer["right.pressure"].values.tolist() == [0.0, 5.0, 20.0, 20.0]
    assert answer["right.pressure"].attrs == {"units": "bar"}
    for run in range(4):
        one = answer.isel(run=run)
        place = {key: one[key].item() for key in ("right.pressure", "left.concentration.salt")}
        same(one.drop_attrs().drop_vars(list(ROWS)), found.sel(place).drop_attrs().drop_vars(list(place)))
    plotted = answer.isel(run=slice(3)).swap_dims(run="right.pressure")["water_flux_m_per_s"]
    assert plotted.sel({"right.pressure": 5.0}).item() == answer["water_flux_m_per_s"][1].item()


def test_together_takes_as_many_values_of_each() -> None:
    values = {"right.pressure": ["0 bar", "5 bar"], "run.outputs": [3, 4, 5]}
    with pytest.raises(mp.CaseError, match=r"as many values each: right\.pressure has 2, run\.outputs has 3"):
        mp.sweep(CASE, values, workers=1, zipped=True)


def test_together_a_value_may_need_its_neighbour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these is valid beside its own neighbour only; then one beside a wrong one."""
    monkeypatch.setattr(sweeping, "_points", each(counted))
    values = {
        "left.boundary": ["elastic", "standpipe"],
        "left.modulus": ["1 bar", "1 bar"],
        "left.stirred": [True, False],
    }
    with pytest.raises(mp.CaseError, match=r'left\.modulus: only an "elastic" takes it'):
        mp.sweep(CASE, values, workers=1, zipped=True)
    values["left.boundary"] = ["elastic", "elastic"]
    answer = mp.sweep(CASE, values, workers=1, zipped=True)
    assert answer["message"].values.tolist() == ["elastic 1 bar True", "elastic 1 bar False"]


# -- failures -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("workers", [1, 2])
def test_a_failed_run_is_a_point(workers: int) -> None:
    fresh = CASE.with_values({"right.concentration.salt": "0 mmol/L", "right.concentration.sugar": "0 mmol/L"})
    values = {"right.pressure": ["1 bar", "5 bar"], "run.duration": ["1 min", "3 h"]}
    answer = mp.sweep(fresh, values, workers=workers)
    assert (answer["status"].values == "failed").tolist() == [[False, True], [False, True]]
    point = answer.isel({"right.pressure": 1, "run.duration": 1})
    assert "the right side ran dry" in point["message"].item()
    assert 60.0 < point["end_time_s"].item() < 10800.0  # what is known up to then
    assert point["displaced_volume_m"].item() < 0.0


def test_values_that_only_together_make_no_case_are_a_failed_point() -> None:
    values = {"membrane.type": ["ideal", "none"], "right.pressure": ["0 bar", "1 bar"], "left.stirred": [False]}
    answer = mp.sweep(CASE, values, workers=1).squeeze("left.stirred")
    assert (answer["status"].values == "failed").tolist() == [[False, False], [False, True]]
    point = answer.isel({"membrane.type": 1, "right.pressure": 1})
    assert "left.pressure and right.pressure differ" in point["message"].item()
    assert point["title"].item() == "two stirred sides"
    assert point["process"].item() == ""
    assert all(np.isnan(point[name]).all() for name in (*sweeping._NUMBERS, *sweeping._BY_SOLUTE))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "nothing to vary"),
        ({"left.presure": ["1 bar"]}, 'left.presure: unknown key; did you mean "pressure"?'),
        ({"left.pressure": ["1 bar", "1 K"]}, 'left.pressure = "1 K": this is a temperature'),
        ({"left.pressure": ["1 bar", 2]}, "left.pressure = 2: a number without a unit"),
        ({"left.pressure": ["1 bar"], "run.outputs": [3, 1]}, "run.outputs = 1: expected at least 2"),
        ({"left.modulus": ["1 bar"], "run.outputs": [3]}, 'left.modulus: only an "elastic" takes it'),
        ({"left.pressure": []}, r"left.pressure = \[\]: expected a list of values"),
        ({"left.pressure": "1 bar"}, 'left.pressure = "1 bar": expected a list of values'),
        ({"left.pressure": {"flux": "1 LMH"}}, "left.pressure = .*: expected a list of values"),
        ({"run.outputs": 3}, "run.outputs = 3: expected a list of values"),
        ({"left.pressure": ["1 bar"] * 4000, "right.pressure": ["1 bar"] * 4000}, "16000000 combinations; at most"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_solved(
    monkeypatch: pytest.MonkeyPatch, values: Any, message: str
) -> None:
    monkeypatch.setattr(sweeping, "_points", None)
    with pytest.raises(mp.CaseError, match=message):
        mp.sweep(CASE, values, workers=1)


# -- values that are checked by the workers ---------------------------------------------------------------------------
MANY = [f"{p} bar" for p in range(30)]


@pytest.fixture
def by_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first four values workers check the rest, few as they are."""
    monkeypatch.setattr(sweeping, "_FEW", 4)
    monkeypatch.setattr(sweeping, "_WORTH", 1e-9)


@pytest.mark.usefixtures("by_workers")
@pytest.mark.parametrize("workers", [2, 3, 40])
def test_checking_by_workers_changes_nothing(workers: int) -> None:
    same(mp.sweep(CASE, {"right.pressure": MANY}, workers=workers), mp.sweep(CASE, {"right.pressure": MANY}, workers=1))
    assert multiprocessing.active_children() == []


@FORK
@pytest.mark.usefixtures("by_workers")
def test_workers_solve_what_they_have_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each begins with its own points, whose cases it has; the last ones anyone may solve."""

    def points(case: mp.Case, chosen: Any, ready: Any = ()) -> list[dict[str, Any]]:
        time.sleep(0.01)
        return [{"status": "completed", "steps": os.getpid(), "cells": each is not None} for each in ready]

    monkeypatch.setattr(sweeping, "_points", points)
    answer = mp.sweep(CASE, {"right.pressure": MANY}, workers=2)
    by, ready = answer["steps"].values, answer["cells"].values
    assert by[4] != by[17]  # of 26 values each has checked 13
    assert ready[[0, 1, 2, 3, 4, 17]].all()
    assert ready.sum() > 20


@FORK
@pytest.mark.usefixtures("by_workers")
@pytest.mark.parametrize("places", [[29], [9, 20], [20, 28]])
def test_the_first_wrong_value_is_named_whoever_finds_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, places: list[int]
) -> None:
    asked = []
    monkeypatch.setattr(sweeping, "_solved", lambda team, left: asked.append(left))
    values = [f"{place} K" if place in places else value for place, value in enumerate(MANY)]
    with pytest.raises(mp.CaseError, match=f'right.pressure = "{places[0]} K": this is a temperature'):
        mp.sweep(CASE, {"right.pressure": values}, workers=2, out=tmp_path / "swept")
    assert asked == []
    assert list(tmp_path.iterdir()) == []
    assert multiprocessing.active_children() == []


@FORK
@pytest.mark.usefixtures("by_workers")
def test_a_worker_that_dies_while_it_checks_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "_points", each(counted))
    valid, here = sweeping._valid, os.getpid()
    monkeypatch.setattr(sweeping, "_valid", lambda *given: valid(*given) if os.getpid() == here else os._exit(3))
    with pytest.raises(RuntimeError, match=r"a worker process ended with exit status 3 .*right.pressure = "):
        mp.sweep(CASE, {"right.pressure": MANY}, workers=2)
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("workers", [0, -1, True, 1.5, "2"])
def test_a_wrong_number_of_workers_is_refused(workers: Any) -> None:
    with pytest.raises(mp.CaseError, match=r"workers = .*: expected a whole number, 1 or more"):
        mp.sweep(CASE, GRID, workers=workers)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=FORK)])
def test_an_unexpected_error_names_the_point(monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    def point(case: mp.Case, values: Mapping[str, object]) -> dict[str, Any]:
        return {"steps": 1 / (values["left.pressure"] != "7 bar")}

    monkeypatch.setattr(sweeping, "_points", each(point))
    with pytest.raises(RuntimeError, match=r'left.pressure = "7 bar": an unexpected error, ZeroDivisionError'):
        mp.sweep(CASE, {"left.pressure": [f"{p} bar" for p in range(10)]}, workers=workers)
    assert multiprocessing.active_children() == []


@FORK
@pytest.mark.parametrize(("end", "how"), [(lambda: os._exit(3), "exit status 3"), (None, "signal 9 ")])
def test_a_worker_that_dies_is_told_in_words(monkeypatch: pytest.MonkeyPatch, end: Any, how: str) -> None:
    def point(case: mp.Case, values: Mapping[str, object]) -> dict[str, Any]:
        if values["left.pressure"] == "7 bar":
            os.kill(os.getpid(), signal.SIGKILL) if end is None else end()
        return counted(case, values)

    monkeypatch.setattr(sweeping, "_points", each(point))
    with pytest.raises(RuntimeError, match=f"a worker process ended .*{how}.* while it solved .*left.pressure = "):
        mp.sweep(CASE, {"left.pressure": [f"{p} bar" for p in range(12)]}, workers=2)
    assert multiprocessing.active_children() == []


# -- how it goes ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("workers", [1, 2])
def test_progress_goes_up_to_all(workers: int) -> None:
    told: list[float] = []
    mp.sweep(CASE, GRID, workers=workers, progress=told.append)
    assert told == sorted(told)
    assert len(told) > 1
    assert told[-1] == 1.0


def test_an_error_of_progress_ends_the_workers() -> None:
    def progress(share: float) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        mp.sweep(CASE, GRID, workers=2, progress=progress)
    assert multiprocessing.active_children() == []


@FORK
def test_all_workers_have_their_share(monkeypatch: pytest.MonkeyPatch) -> None:
    def point(case: mp.Case, values: Mapping[str, object]) -> dict[str, Any]:
        time.sleep(0.002)
        return counted(case, values)

    monkeypatch.setattr(sweeping, "_points", each(point))
    monkeypatch.setattr(sweeping, "_PATIENCE", 0.0)
    values = {"left.pressure": [f"{p} bar" for p in range(10)], "run.outputs": range(2, 22)}
    answer = mp.sweep(CASE, values, workers=2)
    expected = [[f"{p} {n}" for n in values["run.outputs"]] for p in values["left.pressure"]]
    assert answer["message"].values.tolist() == expected
    _, shares = np.unique(answer["steps"], return_counts=True)
    assert len(shares) == 2
    assert shares.min() > 20


def test_by_default_a_short_sweep_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "_points", each(counted))
    monkeypatch.setattr(sweeping, "_cpus", lambda: 4)
    monkeypatch.setattr(sweeping, "_PATIENCE", 60.0)
    answer = mp.sweep(CASE, GRID)
    assert (answer["steps"] == os.getpid()).all()


@FORK
@pytest.mark.parametrize(("workers", "points", "begins_here"), [(None, 20, True), (2, 20, True), (2, 15, False)])
def test_a_long_one_does(monkeypatch: pytest.MonkeyPatch, workers: int | None, points: int, begins_here: bool) -> None:
    """Once it has begun here, so that the workers inherit what is loaded; unless that could keep them waiting."""

    def point(case: mp.Case, values: Mapping[str, object]) -> dict[str, Any]:
        time.sleep(0.02)
        return counted(case, values)

    monkeypatch.setattr(sweeping, "_points", each(point))
    monkeypatch.setattr(sweeping, "_cpus", lambda: 2)
    monkeypatch.setattr(sweeping, "_PATIENCE", 0.01)
    by = mp.sweep(CASE, {"run.outputs": range(2, points + 2)}, workers=workers)["steps"].values
    assert (by[0] == os.getpid()) == begins_here
    assert os.getpid() not in by[1:]


def test_every_point_is_taken_once() -> None:
    """Wherever one begins, and however many one takes; near where one was as long as there are any."""
    dice = random.Random(5)
    for _ in range(200):
        edges = sorted(dice.sample(range(60), 2 * dice.randint(1, 4)))
        gaps = list(zip(edges[::2], edges[1::2], strict=True))
        left, taken = sweeping._Left(gaps), []
        missing = {point for start, stop in gaps for point in range(start, stop)}
        while left.points:
            most, near = dice.randint(1, 9), dice.randrange(60)
            start, stop = left.take(most, near)
            assert 0 < stop - start <= most
            assert start == min([point for point in missing if point >= near] or missing)
            taken += range(start, stop)
            missing -= set(range(start, stop))
            assert left.points == len(missing)
        assert sorted(taken) == [point for start, stop in gaps for point in range(start, stop)]


@FORK
def test_fewer_points_than_workers_could_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one takes all there are: cases that are fast, after one that took long."""
    monkeypatch.setattr(sweeping, "_points", each(counted))
    with closing(sweeping._Team(sweeping._grid(CASE, {"run.outputs": range(2, 5)}, False), 3)) as team:
        chunks = list(sweeping._solved_by_workers(team, sweeping._Left([(0, 3)]), 3, 64))
    assert [(start, len(words)) for start, (_, words, _) in chunks] == [(0, 3)]


def test_chunks_last_a_tenth_of_a_second() -> None:
    assert sweeping._next_size(1, 1e-4) == 8
    assert sweeping._next_size(100, 0.05) == 200
    assert sweeping._next_size(100, 1.0) == 10
    assert sweeping._next_size(1, 60.0) == 1


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=FORK)])
def test_memory_is_that_of_the_answer(monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    """Bytes counted: beside the columns nothing grows with the number of points."""
    monkeypatch.setattr(
        sweeping, "_points", each(lambda case, values: {"steps": 1, "status": "completed", "message": ""})
    )
    monkeypatch.setattr(sweeping, "_next_size", lambda size, seconds: 50)
    monkeypatch.setattr(sweeping, "_PATIENCE", 0.0)
    mp.sweep(CASE, {"run.outputs": range(2, 12)}, workers=workers)  # imports what is imported once
    beside = []
    for rows in (10, 100):
        values = {"run.outputs": range(2, 12), "mesh.cells": range(1, 11), "left.pressure": ["1 bar"] * rows}
        tracemalloc.start()
        answer = mp.sweep(CASE, values, workers=workers)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        columns = sum(variable.nbytes for variable in answer.data_vars.values())
        assert columns > rows * 100 * 8 * len(sweeping._NUMBERS)
        beside.append(peak - columns)
    copied = 8 * len(sweeping._WORDS) * 100 * 90  # xarray copies words
    assert beside[1] - beside[0] < 1.1 * copied < 0.2 * columns


# -- processes that start from nothing, and Ctrl-C ------------------------------------------------------------------
def script(tmp_path: Path, body: str) -> list[str]:
    """A user's script, without the guard that multiprocessing asks for."""
    path = tmp_path / "script.py"
    path.write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nimport membrane_pde as mp\n{body}", encoding="utf-8"
    )
    return [sys.executable, str(path)]


@pytest.mark.parametrize("method", ["fork", "spawn", pytest.param("forkserver", marks=pytest.mark.slow)])
def test_a_script_without_guard_sweeps_however_processes_start(
    found: xarray.Dataset, tmp_path: Path, method: str
) -> None:
    """The answer is the same, no worker runs the script, and each has one thread."""
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} here")
    body = f"""
import multiprocessing
print("read")
multiprocessing.set_start_method({method!r})
threads = []
def progress(share):
    for each in multiprocessing.active_children():
        try:
            with open(f"/proc/{{each.pid}}/status") as file:
                threads.extend(int(line.split()[1]) for line in file if line.startswith("Threads:"))
        except FileNotFoundError:
            pass
case = mp.parse_case({TEXT!r}, "stirred")
mp.sweep(case, {GRID!r}, workers=2, progress=progress).to_netcdf("swept.nc", engine="h5netcdf")
print(max(threads, default=1))
"""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(
        script(tmp_path, body),
        **{"cwd": tmp_path, "env": environment, "capture_output": True, "text": True, "timeout": 300, "check": False},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["read", "1"]
    with xarray.open_dataset(tmp_path / "swept.nc", engine="h5netcdf") as swept:
        same(swept.astype(found.dtypes).load(), found)


def test_the_environment_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    before, script = dict(os.environ), sys.modules["__main__"]
    with sweeping._seen_by_workers():
        assert os.environ["OMP_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == "1"
    assert dict(os.environ) == before
    assert sys.modules["__main__"] is script


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="no process groups")
def test_ctrl_c_ends_the_workers(tmp_path: Path) -> None:
    body = f"""
import os, time
from membrane_pde import sweeping
def points(case, chosen, ready):
    print(os.getpid(), flush=True)
    time.sleep(60)
sweeping._points = points
mp.sweep(mp.parse_case({TEXT!r}), {GRID!r}, workers=2)
"""
    if multiprocessing.get_start_method() != "fork":
        pytest.skip("the function put in place here is not seen by workers")
    with subprocess.Popen(
        script(tmp_path, body), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        pids = [int(process.stdout.readline()) for _ in range(2)]
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers, too
        _, stderr = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT
    assert stderr.count("Traceback") == 1  # none of the workers'
    assert "KeyboardInterrupt" in stderr
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="no signals to end it with")
def test_workers_do_not_outlive_what_started_them(tmp_path: Path) -> None:
    body = f"""
import os
from membrane_pde import sweeping
points = sweeping._points
def told(case, chosen, ready):
    print(os.getpid(), flush=True)
    return points(case, chosen, ready)
sweeping._points = told
sweeping._PATIENCE = 0.0
many = [f"{{p}} bar" for p in range(200)]
mp.sweep(mp.parse_case({TEXT!r}), {{"left.pressure": many, "right.pressure": many}}, workers=2)
"""
    if multiprocessing.get_start_method() != "fork":
        pytest.skip("the function put in place here is not seen by workers")
    with subprocess.Popen(script(tmp_path, body), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pids: set[int] = set()
        while len(pids) < 2:
            pids.add(int(process.stdout.readline()))
        process.kill()
        process.communicate(timeout=20)  # ends when nobody holds the pipe any more: no worker is left
    assert process.returncode == -signal.SIGKILL
