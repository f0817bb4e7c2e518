"""The command fit as a user meets it: what it prints and writes, its picture, its exit status and its messages."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import membrane_pde as mp
from membrane_pde import cli
from membrane_pde.show import report_fit
from membrane_pde.show.residuals import COLOURS
from membrane_pde.studies import fitting
from tests.bases import STIRRED_CELL

CASE = STIRRED_CELL
DATA = """# pressure, flux and rejection of a coupon
left.pressure [bar],water_flux [L/m^2/hour],rejection[NaCl] [%]
6,11.2,92.9
10,21.6,95.7
15,34.3,96.6
20,47.9,97.9
"""
A, B = "membrane.water_permeability", "membrane.solutes.NaCl.permeability"
FREE = ("--free", A, "--free", B)

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli.log, "handlers", [])
    Path("cell.toml").write_text(CASE, encoding="utf-8")
    Path("bench.csv").write_text(DATA, encoding="utf-8")


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command in this process; gives exit status, stdout, stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            cli.app(["fit", *arguments], prog_name="membrane-pde")
        out, err = capsys.readouterr()
        return int(stop.value.code or 0), out, err

    return run


@pytest.fixture(scope="module")
def found() -> fitting.FitResult:
    lines = DATA.splitlines()[1:]
    columns = zip(*csv.reader(lines), strict=True)
    return mp.fit(mp.parse_case(CASE, "cell"), {name: list(cells) for name, *cells in columns}, [A, B])


def test_it_prints_and_writes(call: Call, found: fitting.FitResult) -> None:
    status, out, err = call("cell.toml", "bench.csv", *FREE)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("A stirred cell, changed: membrane.")  # by what was fitted
    assert lines[1] == "2 unknowns were fitted to 8 measured numbers, which leaves 6 degrees of freedom."
    row = next(line for line in lines if line.startswith(A)).split()
    each = found.parameters[A]
    assert row[1] == "L/m²/h/bar"
    assert [float(cell) for cell in row[2:]] == pytest.approx(
        [number * 3.6e11 for number in (each.value, each.standard_error, each.low, each.high, each.start) if number],
        rel=2e-3,
    )
    assert [line.split()[0] for line in lines if "from the scatter" in line] == ["water_flux", "rejection[NaCl]"]
    assert lines[-1] == f"Results: {Path('results', 'cell-fit')}"
    folder = Path("results", "cell-fit")
    assert sorted(path.name for path in folder.iterdir()) == ["case.toml", "fit.csv", "fit.json", "fit.png"]
    assert mp.load_case(folder / "case.toml").membrane.water_permeability == pytest.approx(each.value, rel=1e-6)
    assert call("cell.toml", "bench.csv", *FREE)[0] == 0  # replaces its own


def test_json_and_options(call: Call, found: fitting.FitResult) -> None:
    status, out, err = call("cell.toml", "bench.csv", *FREE, "--json", "--out", "there", "--no-plots")
    assert (status, err) == (0, "")
    summary = json.loads(out)
    expected = found.summary
    assert summary.keys() == expected.keys()
    assert summary["parameters"].keys() == {A, B}
    for key, each in summary["parameters"].items():
        assert each.keys() == expected["parameters"][key].keys()
        assert each["value"] == pytest.approx(expected["parameters"][key]["value"], rel=1e-9)
    assert json.loads(Path("there", "fit.json").read_text(encoding="utf-8")) == summary
    assert not Path("there", "fit.png").exists()
    assert not Path("results").exists()
    status, out, _ = call("cell.toml", "bench.csv", "--free", A, "--no-save", "--set", "left.concentration.NaCl=1 g/L")
    assert status == 0
    assert not Path("results").exists()
    assert "correlation" not in out  # of one parameter


def test_what_is_wrong_has_exit_status_2_and_one_line(call: Call) -> None:
    def refused(*arguments: str) -> str:
        status, out, err = call(*arguments)
        assert status == 2
        assert out == ""
        assert "Traceback" not in err
        assert not list(Path().glob("results/*"))
        return err

    assert refused("cell.toml", "no.csv", *FREE) == "membrane-pde: no.csv: no such file\n"
    assert refused("cell.toml", ".", *FREE) == "membrane-pde: .: is a folder; expected a CSV file\n"
    assert "Missing option '--free'" in refused("cell.toml", "bench.csv")
    assert "no such file, and no shipped case" in refused("sell.toml", "bench.csv", *FREE)
    assert refused("cell.toml", "bench.csv", "--free", "membrane.water_permeabilty").endswith(
        'membrane.water_permeabilty: unknown key; did you mean "membrane.water_permeability"?\n'
    )
    Path("bad.csv").write_text(DATA.replace("21.6", ""), encoding="utf-8")
    assert refused("cell.toml", "bad.csv", *FREE) == (
        "membrane-pde: bad.csv: line 4, water_flux [L/m^2/hour]: the cell is empty; fill it in, or leave the row out\n"
    )
    assert refused("cell.toml", "bench.csv", "--free", "solutes.NaCl.diffusivity").startswith(
        "membrane-pde: no measured quantity depends on solutes.NaCl.diffusivity (at solutes.NaCl.diffusivity = "
    )
    Path("mine").mkdir()
    Path("mine", "thesis.txt").write_text("", encoding="utf-8")
    assert "not a result of membrane-pde" in refused("cell.toml", "bench.csv", *FREE, "--out", "mine")
    assert "contradict" in refused("cell.toml", "bench.csv", *FREE, "--out", "there", "--no-save")


def test_missing_errors_in_tables(capsys: pytest.CaptureFixture[str]) -> None:
    pure = mp.parse_case(CASE).with_values({"left.concentration.NaCl": "0 g/L"})
    single = mp.fit(pure, {"left.pressure [bar]": [10], "water_flux [LMH]": [25]}, [A])
    report_fit.show_fit(SimpleNamespace(is_terminal=False, file=sys.stdout), single)
    out = capsys.readouterr().out
    assert "1 unknown was fitted to 1 measured number, which leaves 0 degrees of freedom" in out
    assert "the errors cannot be estimated" in out
    assert out.splitlines()[4].split() == [A, "L/m²/h/bar", "2.5", "–", "–", "–", "3"]
    assert "not known" in out


# -- the picture ----------------------------------------------------------------------------------------------------
def test_picture_of_a_bench(found: fitting.FitResult) -> None:
    axes = mp.plot.fit(found)
    assert axes.shape == (2, 2)
    above, below = axes
    assert [ax.get_ylabel() for ax in above] == ["water flux (L/m²/h)", "rejection of NaCl (%)"]
    assert [ax.get_xlabel() for ax in below] == ["pressure, left (bar)"] * 2
    assert axes[0, 0].figure.get_suptitle().startswith("A stirred cell, changed: membrane.")
    for ax, column in zip(above, found.columns, strict=True):
        line, points = ax.get_lines()[:2]
        assert line.get_xydata() == pytest.approx(np.transpose([[6, 10, 15, 20], column.fitted]))
        assert points.get_xydata() == pytest.approx(np.transpose([[6, 10, 15, 20], column.measured]))
    for ax, column in zip(below, found.columns, strict=True):
        left = next(line for line in ax.get_lines() if len(line.get_xdata()) == 4)
        assert left.get_ydata() == pytest.approx(column.residual / column.error)
        low, high = ax.get_ylim()
        assert low < left.get_ydata().min()
        assert left.get_ydata().max() < high


def test_picture_into_axes_that_are_given(found: fitting.FitResult) -> None:
    figure = Figure()
    axes = figure.subplots(2, 2)
    assert mp.plot.fit(found, axes)[1, 1] is axes[1, 1]
    assert figure.get_suptitle() == ""


def test_picture_of_several_settings_and_of_time() -> None:
    case = mp.parse_case(CASE)
    data: dict[str, Any] = {
        "left.concentration.NaCl [g/L]": [1, 1, 1, 4, 4, 4],
        "left.pressure [bar]": [10, 20, 30, 10, 20, 30],
        "water_flux [LMH]": [27, 57, 86, 21, 50, 81],
    }
    axes = mp.plot.fit(mp.fit(case, data, [A]))
    assert axes.shape == (2, 1)
    labels = [text.get_text() for text in axes[0, 0].get_legend().get_texts()]
    assert labels == ["fitted case", "NaCl, left: 1 g/L", "NaCl, left: 4 g/L"]
    colours = {line.get_color() for line in axes[0, 0].get_lines() if line.get_linestyle() == "-"}
    assert colours == set(COLOURS[:2])
    assert axes[1, 0].get_xlabel() == "pressure, left (bar)"
    closed = case.with_values({"left.boundary": "piston", "right.boundary": "piston", "right.length": "1 mm"})
    found = mp.fit(
        closed,
        {"time [min]": [1, 3, 5], "displaced_volume [mm]": [0.38, 1.0, 1.4]}
        | {"displaced_volume error [mm]": [0.1] * 3},
        [A],
    )
    axes = mp.plot.fit(found)
    curve = axes[0, 0].get_lines()[0]
    assert len(curve.get_xdata()) >= 2001
    assert axes[1, 0].get_xlabel() == "time (min)"
    assert axes[0, 0].get_ylabel() == "displaced volume (mm)"


def test_picture_without_errors() -> None:
    pure = mp.parse_case(CASE).with_values({"left.concentration.NaCl": "0 g/L"})
    axes = mp.plot.fit(mp.fit(pure, {"left.pressure [bar]": [10], "water_flux [LMH]": [25]}, [A]))
    assert [text.get_text() for text in axes[1, 0].texts] == ["errors are not known"]
    axes[0, 0].figure.canvas.draw()
