"""The estimate of a run's error, beside the error itself."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import membrane_pde as mp
from membrane_pde.cli import app
from membrane_pde.runs.build import merged_in_pairs


def small(name: str, more: dict[str, Any] | None = None) -> mp.Case:
    return mp.load_case(name).with_values({"run.outputs": 5, **(more or {})})


def flat(values: dict[str, Any]) -> dict[str, float]:
    found = {}
    for key, value in values.items():
        for name, one in value.items() if isinstance(value, dict) else [("", value)]:
            if isinstance(one, float):
                found[f"{key}[{name}]"] = one
    return found


@pytest.mark.parametrize("name", ["osmosis", "reverse_osmosis"])
@pytest.mark.parametrize("coarse", [{"mesh.cells": 24}, {"mesh.cells": 120, "run.rtol": 1e-3}])
def test_it_is_about_the_error(name: str, coarse: dict[str, Any]) -> None:
    """Of a run that is off in space, and of one that is off in time as well, against a far finer one."""
    result, fine = mp.run(small(name, coarse)), mp.run(small(name, {"mesh.cells": 800, "run.rtol": 1e-8}))
    estimate, got, exact = flat(mp.check_accuracy(result)), flat(result.summary), flat(fine.summary)
    checked = 0
    for key, error in estimate.items():
        real = abs(got[key] - exact[key])
        if real > 1e-5 * abs(exact[key]):
            checked += 1
            assert 0.3 * real < error < 10.0 * real, key
    assert checked >= 5


def test_it_falls_with_the_square_of_the_cells() -> None:
    meshes = [{"mesh.cells": n, "mesh.finest": f"{480 / n} um"} for n in (60, 120)]
    errors = [mp.check_accuracy(mp.run(small("osmosis", {**mesh, "run.rtol": 1e-8}))) for mesh in meshes]
    coarse, fine = (each["displaced_volume_m"] for each in errors)
    assert math.log2(coarse / fine) == pytest.approx(2.0, abs=0.4)


def test_every_number_has_one_and_nothing_else() -> None:
    result = mp.run(small("osmosis"))
    estimate = mp.check_accuracy(result)
    numbers = {key for key, value in result.summary.items() if not isinstance(value, str)}
    assert set(estimate) == numbers - {"amount_error", "cells", "steps", "solve_time_s", "equilibrium", "elements"}
    for key, error in estimate.items():
        value = result.summary[key]
        if isinstance(value, dict):
            assert set(error) == set(value)
        else:
            assert (error is None) == (value is None)


def test_of_stirred_sides_the_tolerance_alone_counts() -> None:
    estimate = mp.check_accuracy(mp.run(small("semipermeable", {"run.rtol": 1e-5})))
    assert 0.0 <= estimate["length_left_m"] < 1e-6


def test_half_the_cells() -> None:
    widths = merged_in_pairs(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert widths.tolist() == [3.0, 12.0]
    assert merged_in_pairs(np.array([1.0, 2.0, 3.0, 4.0])).tolist() == [3.0, 7.0]
    assert merged_in_pairs(np.array([1.0])).tolist() == [1.0]


def test_a_run_that_ends_otherwise_gives_none(monkeypatch: pytest.MonkeyPatch) -> None:
    result = mp.run(small("osmosis"))
    result.summary["status"] = "equilibrium"
    with pytest.raises(mp.RunError, match="on half the cells"):
        mp.check_accuracy(result)


def test_on_the_command_line(tmp_path: Path) -> None:
    command = [
        "run",
        "osmosis",
        "--set",
        "mesh.cells=20",
        "--check-accuracy",
        "--no-plots",
        "--out",
        str(tmp_path / "a"),
    ]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0
    assert "± error" in done.stdout
    assert "displaced_volume_m" in done.stdout
    saved = json.loads((tmp_path / "a" / "summary.json").read_text())
    assert saved["error_estimate"]["displaced_volume_m"] > 0.0
    loaded = mp.load_result(tmp_path / "a")
    assert loaded.summary == saved
    table = mp.compare([loaded])
    assert not [name for name in table if str(name).startswith("error_estimate")]
    plain = CliRunner().invoke(app, ["run", "osmosis", "--set", "mesh.cells=20", "--no-save", "--json"])
    assert "error_estimate" not in json.loads(plain.stdout)
