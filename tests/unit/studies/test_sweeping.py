"""sweep: the grid and its order, the same numbers as one by one, failures as points, and processes that come and go."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray

import membrane_pde as mp
from membrane_pde.results.quantities import SUMMARY_KEYS
from membrane_pde.runs import build
from membrane_pde.studies import workers
from membrane_pde.studies.sweeping import distributing, grid, rows
from membrane_pde.studies.sweeping.rows import BY_SOLUTE, NUMBERS, WORDS
from tests.bases import TWO_STIRRED
from tests.places import ROOT

CASE = mp.parse_case(TWO_STIRRED, "stirred")
GRID: dict[str, Iterable[object]] = {
    "right.pressure": ["0 bar", "5 bar", "20 bar"],
    "left.concentration.salt": ["10 mmol/L", "40 mmol/L"],
}


@pytest.fixture(scope="module", autouse=True)
def _workers_end() -> Iterator[None]:
    yield
    workers.end_idle()


class Threads(ThreadPoolExecutor):
    """In place of other processes: threads, which see the functions that are put in place here."""

    def shutdown(self, wait: bool = True, kill_workers: bool = False) -> None:  # type: ignore[override]
        super().shutdown(wait, cancel_futures=kill_workers)


@pytest.fixture
def by_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Others start with the second chunk, and are threads."""
    workers.end_idle()
    monkeypatch.setattr(workers, "_executor", lambda size, given: Threads(size))
    yield
    workers.end_idle()


def each(point: Callable[[mp.Case, Mapping[str, object]], dict[str, Any]]) -> Callable[..., list[dict[str, Any]]]:
    """Several points, one by one."""
    return lambda case, chosen: [point(case, values) for values in chosen]


def counted(case: mp.Case, values: Mapping[str, object]) -> dict[str, Any]:
    """In place of a run: fast, and tells which point it was."""
    return {
        "title": case.title,
        "status": "completed",
        "message": " ".join(map(str, values.values())),
        "steps": threading.get_ident(),
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
    assert set(found.data_vars) == set(SUMMARY_KEYS) - {"elements", "equilibrium"}
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
                assert all(value == "" or np.isnan(value) for value in point[key].values.ravel()), key
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
    monkeypatch.setattr(rows, "_points", each(counted))
    answer = mp.sweep(CASE, {key: values}, workers=1)
    assert answer[key].values.tolist() == coordinate
    assert answer[key].attrs == ({"units": unit} if unit else {})


def test_the_tables_of_names_are_those_of_a_summary() -> None:
    """The columns of words, of numbers, and of numbers for each solute agree with the summary of a run."""
    summary = mp.run(CASE.with_values({"right.pressure": "1 bar"})).summary
    assert {key for key, value in summary.items() if isinstance(value, str)} == set(WORDS)
    along = set(mp.steady("ro_element")) & {
        name for name in BY_SOLUTE if summary[name] is None
    }  # null without a module
    assert {key for key, value in summary.items() if isinstance(value, dict)} == {*BY_SOLUTE, "equilibrium"} - along


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


# -- paired ----------------------------------------------------------------------------------------------------------
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
    with pytest.raises(mp.CaseError, match=r"the same number of values: right\.pressure has 2, run\.outputs has 3"):
        mp.sweep(CASE, values, workers=1, zipped=True)


def test_together_a_value_may_need_its_neighbour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these is valid beside its own neighbour only; then one beside a wrong one."""
    monkeypatch.setattr(rows, "_points", each(counted))
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
    assert all(np.isnan(point[name]).all() for name in (*NUMBERS, *BY_SOLUTE))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "nothing to vary"),
        ({"left.presure": ["1 bar"]}, 'left.presure: unknown key; did you mean "left.pressure"?'),
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
    monkeypatch.setattr(rows, "_points", None)
    with pytest.raises(mp.CaseError, match=message):
        mp.sweep(CASE, values, workers=1)


# -- values, of which there are many ----------------------------------------------------------------------------------
MANY: dict[str, list[object]] = {
    "left.pressure": [f"{p / 100} bar" for p in range(5000)],
    "right.pressure": [f"{p} mbar" if p % 2 else f"{p / 1000} bar" for p in range(5000)],
    "membrane.flux_law": ["spiegler-kedem", "kedem-katchalsky"] * 2500,
    "run.outputs": [2 + p % 7 for p in range(5000)],
}


def test_of_many_values_those_are_checked_that_stand_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = []
    valid = grid._valid

    def told(points: Any, key: str, i: int) -> mp.Case:
        checked.append((key, i))
        return valid(points, key, i)

    monkeypatch.setattr(grid, "_valid", told)
    monkeypatch.setattr(rows, "_points", each(counted))
    answer = mp.sweep(CASE, MANY, workers=1, zipped=True)
    assert answer.sizes["run"] == 5000
    assert len(checked) < 900
    assert {("left.pressure", 4999), ("right.pressure", 4999), ("right.pressure", 4998)} <= set(checked)


@pytest.mark.parametrize(
    ("key", "places", "values", "message"),
    [
        ("left.pressure", [4321], ["7 K"], 'left.pressure = "7 K": this is a temperature'),
        ("left.pressure", [4321, 700], ["7 K", "8 K"], 'left.pressure = "8 K": this is a temperature'),
        ("left.pressure", [4321], ["7"], 'left.pressure = "7": a number without a unit'),
        ("left.pressure", [4321], [7], "left.pressure = 7: a number without a unit"),
        ("left.pressure", [4321], ["7,5 bar"], 'left.pressure = "7,5 bar"'),
        ("membrane.flux_law", [4321], ["spiegler"], 'membrane.flux_law = "spiegler": expected'),
        ("run.outputs", [4321, 4000], [1, 0], "run.outputs = 0: expected at least 2"),
        ("run.outputs", [4321], [2.5], "run.outputs = 2.5"),
        ("run.outputs", [4321], [10**7], "run.outputs = 10000000: expected"),
    ],
)
def test_a_wrong_one_among_many_is_found_before_anything_is_solved(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: str, places: list[int], values: list[object], message: str
) -> None:
    """The first one, wherever it stands; nothing is written."""
    monkeypatch.setattr(rows, "_points", None)
    given = {name: list(each) for name, each in MANY.items()}
    for place, value in zip(places, values, strict=True):
        given[key][place] = value
    for zipped in (True, False):
        chosen = given if zipped else {key: given[key]}
        with pytest.raises(mp.CaseError) as caught:
            mp.sweep(CASE, chosen, zipped=zipped, out=tmp_path / "swept")
        assert str(caught.value).startswith(message)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("workers", [0, -1, True, 1.5, "2"])
def test_a_wrong_number_of_workers_is_refused(workers: Any) -> None:
    with pytest.raises(mp.CaseError, match=r"workers = .*: expected a whole number, 1 or more"):
        mp.sweep(CASE, GRID, workers=workers)


@pytest.mark.usefixtures("by_threads")
@pytest.mark.parametrize("workers", [1, 2])
def test_an_unexpected_error_names_the_point(monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    def point(case: mp.Case, values: Mapping[str, object]) -> dict[str, Any]:
        return {"steps": 1 / (values["left.pressure"] != "7 bar")}

    monkeypatch.setattr(rows, "_points", each(point))
    with pytest.raises(RuntimeError, match=r'left.pressure = "7 bar": an unexpected error, ZeroDivisionError'):
        mp.sweep(CASE, {"left.pressure": [f"{p} bar" for p in range(10)]}, workers=workers)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no signals to end it with")
def test_a_worker_that_dies_is_told_in_words() -> None:
    """The next sweep starts others; also where one died that had nothing to do."""
    mp.sweep(CASE, LONG, workers=2)
    (pool,) = workers._idle
    pool.ready[0].result()
    (pid,) = pool.executor._processes  # type: ignore[attr-defined]
    killed = []

    def progress(share: float) -> None:
        if not killed and share > 0.2:
            killed.append(pid)
            os.kill(pid, signal.SIGKILL)

    words = r"a worker process ended unexpectedly.*9.* while it solved .*left.pressure = "
    with pytest.raises(RuntimeError, match=words):
        mp.sweep(CASE, LONG, workers=2, progress=progress)
    assert workers._idle == []
    for _ in range(2):
        assert set(mp.sweep(CASE, LONG, workers=2)["status"].values.ravel()) == {"completed"}
        (pool,) = workers._idle
        (pid,) = pool.executor._processes  # type: ignore[attr-defined]
        os.kill(pid, signal.SIGKILL)
        assert gone([pid])


# -- how it goes ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("workers", [1, 2])
def test_progress_goes_up_to_all(workers: int) -> None:
    told: list[float] = []
    mp.sweep(CASE, GRID, workers=workers, progress=told.append)
    assert told == sorted(told)
    assert len(told) > 1
    assert told[-1] == 1.0


@pytest.mark.usefixtures("ended")
def test_an_error_of_progress_ends_the_workers() -> None:
    def progress(share: float) -> None:
        if share > 0.5:
            raise LookupError

    with pytest.raises(LookupError):
        mp.sweep(CASE, LONG, workers=2, progress=progress)
    assert workers._idle == []
    assert children() == set()


@pytest.mark.usefixtures("ended")
def test_workers_stay_for_the_next_sweep() -> None:
    """And are ended when asked to; a sweep with another number of workers ends them, too."""
    mp.sweep(CASE, LONG, workers=2)
    first = {pid for pool in workers._idle for pid in pool.executor._processes}  # type: ignore[attr-defined]
    assert len(first) == 1
    mp.sweep(CASE, LONG, workers=2)
    assert {pid for pool in workers._idle for pid in pool.executor._processes} == first  # type: ignore[attr-defined]
    mp.sweep(CASE, LONG, workers=3)
    assert len(workers._idle) == 1
    workers.end_idle()
    assert children() == set()


@pytest.mark.usefixtures("by_threads")
def test_all_workers_have_their_share(monkeypatch: pytest.MonkeyPatch) -> None:
    def point(case: mp.Case, values: Mapping[str, object]) -> dict[str, Any]:
        time.sleep(0.002)
        return counted(case, values)

    monkeypatch.setattr(rows, "_points", each(point))
    values = {"left.pressure": [f"{p} bar" for p in range(10)], "run.outputs": range(2, 22)}
    answer = mp.sweep(CASE, values, workers=2)
    expected = [[f"{p} {n}" for n in values["run.outputs"]] for p in values["left.pressure"]]
    assert answer["message"].values.tolist() == expected
    who, shares = np.unique(answer["steps"], return_counts=True)
    assert len(shares) == 2
    assert threading.get_ident() in who  # this one is one of the two
    assert shares.min() > 20


@pytest.mark.usefixtures("by_threads")
@pytest.mark.parametrize("workers", [None, 4])
def test_a_long_point_here_does_not_keep_others_waiting(monkeypatch: pytest.MonkeyPatch, workers: int | None) -> None:
    """While the first one is solved here the others are, each by somebody else."""
    seen, together = [], threading.Barrier(4, timeout=20)

    def point(case: mp.Case, values: Mapping[str, object]) -> dict[str, Any]:
        together.wait()  # all four at the same time, or it fails
        seen.append(threading.get_ident())
        return counted(case, values)

    monkeypatch.setattr(rows, "_points", each(point))
    monkeypatch.setattr(distributing, "_PATIENCE", 0.05)
    monkeypatch.setattr(distributing, "cpus", lambda: 4)
    mp.sweep(CASE, {"run.outputs": range(2, 6)}, workers=workers)
    assert len(set(seen)) == 4


@pytest.mark.usefixtures("by_threads")
def test_by_default_a_short_sweep_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "_points", each(counted))
    monkeypatch.setattr(distributing, "cpus", lambda: 4)
    monkeypatch.setattr(distributing, "_PATIENCE", 60.0)
    answer = mp.sweep(CASE, GRID)
    assert (answer["steps"] == threading.get_ident()).all()


def test_every_point_is_taken_once() -> None:
    """However many one takes; the first ones first."""
    dice = random.Random(5)
    for _ in range(200):
        edges = sorted(dice.sample(range(60), 2 * dice.randint(1, 4)))
        gaps = list(zip(edges[::2], edges[1::2], strict=True))
        left = distributing.Unassigned(gaps)
        missing = [point for start, stop in gaps for point in range(start, stop)]
        while (taken := left.take(most := dice.randint(1, 9), dice.randint(1, 3))) is not None:
            start, stop = taken
            assert 0 < stop - start <= most
            assert missing[: stop - start] == list(range(start, stop))
            missing = missing[stop - start :]
            assert left.points == len(missing)
        assert missing == []


def test_chunks_last_a_tenth_of_a_second() -> None:
    assert distributing._next_size(1, 1e-4) == 8
    assert distributing._next_size(100, 0.05) == 200
    assert distributing._next_size(100, 1.0) == 10
    assert distributing._next_size(1, 60.0) == 1


@pytest.mark.usefixtures("by_threads")
@pytest.mark.parametrize("workers", [1, 2])
def test_memory_is_that_of_the_answer(monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    """Bytes counted: beside the columns nothing grows with the number of points."""
    monkeypatch.setattr(rows, "_points", each(lambda case, values: {"steps": 1, "status": "completed", "message": ""}))
    monkeypatch.setattr(distributing, "_next_size", lambda size, seconds: 50)
    monkeypatch.setattr(distributing, "_PATIENCE", 0.0)
    mp.sweep(CASE, {"run.outputs": range(2, 12)}, workers=workers)  # imports what is imported once
    beside = []
    for count in (10, 100):
        values = {"run.outputs": range(2, 12), "mesh.cells": range(1, 11), "left.pressure": ["1 bar"] * count}
        tracemalloc.start()
        answer = mp.sweep(CASE, values, workers=workers)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        columns = sum(variable.nbytes for variable in answer.data_vars.values())
        assert columns > count * 100 * 8 * len(NUMBERS)
        beside.append(peak - columns)
    copied = 8 * len(WORDS) * 100 * 90  # xarray copies words
    assert beside[1] - beside[0] < 1.1 * copied < 0.2 * columns


# -- the process around it --------------------------------------------------------------------------------------------
LONG: dict[str, Iterable[object]] = {
    "left.pressure": [f"{p} mbar" for p in range(80)],
    "right.pressure": [f"{p} mbar" for p in range(40)],
}


@pytest.fixture
def ended() -> None:
    workers.end_idle()


def children() -> set[int]:
    """Processes that this one has started to compute: not those that count semaphores for it."""
    return {each.pid or 0 for each in multiprocessing.active_children()}


def script(tmp_path: Path, body: str) -> list[str]:
    """A user's script, without the guard that multiprocessing asks for."""
    path = tmp_path / "script.py"
    path.write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nimport membrane_pde as mp\n{body}", encoding="utf-8"
    )
    return [sys.executable, str(path)]


def done(tmp_path: Path, body: str, **more: Any) -> str:
    """What such a script prints."""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    given = {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True, "timeout": 300, **more}
    finished = subprocess.run(script(tmp_path, body), check=False, **given)
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
    return str(finished.stdout)


STATE = """
import os, signal, threading
def state():
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)]
    return dict(os.environ), sys.modules["__main__"], handlers, signal.pthread_sigmask(signal.SIG_BLOCK, []), sys.stdout
"""


@pytest.mark.skipif(sys.platform == "win32", reason="reads /proc or calls ps")
def test_a_script_without_guard_sweeps(found: xarray.Dataset, tmp_path: Path) -> None:
    """The answer is the same, no worker runs the script, each has one thread to compute; and all is as it was."""
    body = f"""
print("read")
{STATE}
before = state()
case = mp.parse_case({TWO_STIRRED!r}, "stirred")
many = {{**{GRID!r}, "run.outputs": range(3, 303)}}
from membrane_pde.studies import workers
swept = mp.sweep(case, many, workers=2)
(team,) = workers._idle
print(team.executor.submit(os.getenv, "OMP_NUM_THREADS").result(), os.environ.get("OMP_NUM_THREADS"))
swept.isel({{"run.outputs": 0}}, drop=True).to_netcdf("swept.nc", engine="h5netcdf")
assert state() == before
"""
    assert done(tmp_path, body).split() == ["read", "1", "None"]
    with xarray.open_dataset(tmp_path / "swept.nc", engine="h5netcdf") as swept:
        swept = swept.astype(found.dtypes).load()
    names = ["water_flux_m_per_s", "status", "message", "rejection"]
    xarray.testing.assert_equal(swept[names], found[names])


def test_the_model_of_another_threads_case_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """It changes just when this thread has found that the one before is like its own."""
    one, other = (CASE.with_values({"left.concentration.salt": f"{c} mmol/L"}) for c in (10, 40))
    build.last_model = build.model_of(one)
    alike = build.same_model

    def meanwhile(a: mp.Case, b: mp.Case) -> bool:
        answer = alike(a, b)
        with monkeypatch.context() as undone:
            undone.setattr(build, "same_model", alike)
            build.model_of(other)
        return answer

    monkeypatch.setattr(build, "same_model", meanwhile)
    np.testing.assert_array_equal(build.model_of(one).concentration[0], [10.0, 100.0])


def test_several_threads_sweep_at_once(found: xarray.Dataset, tmp_path: Path) -> None:
    """Beside others that use what the sweeps use; nothing is locked for good, and all is as it was."""
    body = f"""
{STATE}
import concurrent.futures
before = state()
case = mp.parse_case({TWO_STIRRED!r}, "stirred")
many = {{**{GRID!r}, "run.outputs": range(3, 103)}}
stop = threading.Event()
def beside():
    while not stop.is_set():
        mp.run(case).profiles
threads = [threading.Thread(target=beside) for _ in range(2)]
for each in threads: each.start()
with concurrent.futures.ThreadPoolExecutor(3) as pool:
    answers = list(pool.map(lambda n: mp.sweep(case, many, workers=n), (2, 2, 3)))
stop.set()
for each in threads: each.join()
for swept in answers[1:]:
    assert swept.drop_vars("solve_time_s").identical(answers[0].drop_vars("solve_time_s"))
assert state() == before
from membrane_pde.studies import workers
assert len(workers._idle) == 1
print("done")
"""
    assert done(tmp_path, body).split() == ["done"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here")
def test_inside_a_worker_of_a_pool(tmp_path: Path) -> None:
    """It may have no processes of its own, so it solves everything; one that is forked does not use those of ours."""
    body = f"""
import multiprocessing, os
case = mp.parse_case({TWO_STIRRED!r}, "stirred")
many = {{**{GRID!r}, "run.outputs": range(3, 53)}}
def inside(_):
    return mp.sweep(case, many, workers=2)["water_flux_m_per_s"].values.tobytes()
ours = inside(0)
from membrane_pde.studies import workers
assert workers._idle
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert pool.map(inside, range(2)) == [ours, ours]
context = multiprocessing.get_context("fork")
queue = context.SimpleQueue()
process = context.Process(target=lambda: queue.put(inside(0)))
process.start()
assert queue.get() == ours
process.join()
assert process.exitcode == 0
assert inside(0) == ours
print("done")
"""
    assert done(tmp_path, body).split() == ["done"]


def test_without_stdout_and_stderr(tmp_path: Path) -> None:
    """As in a service: sys.stdout is None, and no other process can be started."""
    body = f"""
sys.stdout = sys.stderr = None
mp.sweep(mp.parse_case({TWO_STIRRED!r}), {{**{GRID!r}, "run.outputs": range(3, 53)}}, workers=2)
open("done", "w").close()
"""
    done(tmp_path, body)
    assert (tmp_path / "done").exists()


FOREVER = f"""
import os
from membrane_pde.studies import workers
case = mp.parse_case({TWO_STIRRED!r})
many = [f"{{p}} mbar" for p in range(1000)]
def progress(share):
    for team in teams:
        ready = [each for each in team.ready if each.done()]
        print(*team.executor._processes, "ready" if len(ready) == 2 else "", flush=True)
teams = []
started = workers._started
def told(*given):
    teams.append(started(*given))
    return teams[-1]
workers._started = told
mp.sweep(case, {{"left.pressure": many, "right.pressure": many}}, workers=3, progress=progress)
"""


def gone(pids: Iterable[int]) -> bool:
    """Within some seconds no such process is left."""
    until = time.monotonic() + 20
    left = set(pids)
    while left and time.monotonic() < until:
        for pid in list(left):
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                left.discard(pid)
        time.sleep(0.05)
    return not left


ENDS = [("SIGINT", "all", "starting"), ("SIGINT", "all", "working"), ("SIGTERM", "one", "working")]
ENDS += [("SIGKILL", "one", "working"), ("SIGKILL", "one", "starting")]


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="no process groups")
@pytest.mark.parametrize(("how", "whom", "when"), ENDS)
def test_workers_end_with_what_started_them(tmp_path: Path, how: str, whom: str, when: str) -> None:
    """Ctrl-C in a terminal goes to all; also to workers that are just being started. None of them says a word."""
    number = getattr(signal, how)
    with subprocess.Popen(
        script(tmp_path, FOREVER), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        pids: list[str] = []
        while len(pids) < 2 or (when == "working" and "ready" not in pids):
            pids = process.stdout.readline().split()
        (os.killpg if whom == "all" else os.kill)(process.pid, number)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == -number
    assert gone(int(pid) for pid in pids if pid != "ready")
    if how == "SIGINT":
        assert stderr.count("Traceback") == 1, stderr  # none of the workers'
        assert "KeyboardInterrupt" in stderr
    else:
        assert "Traceback" not in stderr


def test_a_value_that_is_no_number_is_found_among_many() -> None:
    values = [i / 400 if i != 250 else float("nan") for i in range(300)]
    with pytest.raises(mp.CaseError, match="reflection = nan"):
        mp.sweep("leaky", {"membrane.solutes.urea.reflection": values}, workers=1)


def test_a_key_whose_place_another_varied_key_takes_is_refused() -> None:
    with pytest.raises(mp.CaseError, match=r"left\.length: another key that is varied as well takes its place"):
        mp.sweep("swelling_sphere", {"left.length": ["10 um"], "left.radius": ["50 um", "60 um"]}, workers=1)


def test_a_first_combination_that_is_no_valid_case_is_a_row_with_its_message() -> None:
    case = mp.load_case("osmosis").with_values({"mesh.cells": 4, "run.outputs": 2})
    found = mp.sweep(case, {"right.boundary": ["rigid", "piston"], "right.pressure": ["1 bar"]}, workers=1)
    assert found["status"].values.ravel().tolist() == ["failed", "completed"]
    assert "rigid" in str(found["message"].values.ravel()[0])
