"""Sets of units for tables, sentences and pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

import membrane_pde as mp
from membrane_pde.cli import app
from membrane_pde.show import formatting, presets, printing, report, report_comparison, sentences


@pytest.fixture(autouse=True)
def back_to_default() -> Iterator[None]:
    yield
    presets.use_units(presets.DEFAULT)


@pytest.fixture(scope="module")
def result() -> mp.Result:
    return mp.run(mp.load_case("osmosis").with_values({"mesh.cells": 30, "run.outputs": 5}))


def cell(rows: list[printing.Row], name: str, column: int) -> tuple[str, float]:
    row = next(row for row in rows if row[0] == name)
    return row[1], float(row[column])


@pytest.mark.parametrize(
    ("name", "quantity", "unit", "per_si"),
    [
        ("engineering", "osmotic pressure", "bar", 1e-5),
        ("physiology", "osmotic pressure", "mmHg", 1 / 133.322387415),
        ("SI", "osmotic pressure", "Pa", 1.0),
        ("engineering", "depth of liquid (volume ÷ membrane area)", "mm", 1e3),
        ("physiology", "depth of liquid (volume ÷ membrane area)", "µm", 1e6),
        ("SI", "depth of liquid (volume ÷ membrane area)", "m", 1.0),
        ("physiology", "osmolarity, π/(R T)", "mOsm/L", 1 / (8.31446261815324 * 298.15)),
        ("engineering", "NaCl", "g/L", 58.44e-3),
        ("physiology", "NaCl", "mmol/L", 1.0),
        ("SI", "NaCl", "mol/m³", 1.0),
    ],
)
def test_sides(result: mp.Result, name: str, quantity: str, unit: str, per_si: float) -> None:
    presets.use_units(name)
    key = {"osmotic pressure": "osmotic_pressure_left_Pa", "osmolarity, π/(R T)": "osmotic_pressure_left_Pa"}
    key |= {"depth of liquid (volume ÷ membrane area)": "length_left_m", "NaCl": "concentration_left_mol_per_m3"}
    value = result.summary[key[quantity]]
    value = value["NaCl"] if isinstance(value, dict) else value
    shown, number = cell(report.sides_table(result), quantity, 3)
    assert shown == unit
    assert number == pytest.approx(value * per_si, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "flux", "per_si", "moved", "more"),
    [
        ("engineering", "L/m²/h", 3.6e6, "L/m²", 1e3),
        ("physiology", "µm/s", 1e6, "µm", 1e6),
        ("SI", "m/s", 1.0, "m", 1.0),
    ],
)
def test_membrane_and_sentence(result: mp.Result, name: str, flux: str, per_si: float, moved: str, more: float) -> None:
    presets.use_units(name)
    rows = report.membrane_table(result)
    unit, value = cell(rows, "water flux", 3)
    assert (unit, value) == (flux, pytest.approx(result.summary["water_flux_m_per_s"] * per_si, rel=1e-3))
    unit, value = cell(rows, "water moved", 3)
    assert (unit, value) == (moved, pytest.approx(result.summary["displaced_volume_m"] * more, rel=1e-3))
    assert re.search(rf"osmosis, [\d.e-]+ {moved} in", sentences.sentence(result.summary))
    _, rows = report_comparison.comparison_table({"a": result, "b": result})
    assert cell(rows, "water flux, end", 2)[0] == flux


def test_time_and_length() -> None:
    presets.use_units("SI")
    assert formatting.time_unit(7200.0) == ("s", 1.0)
    assert formatting.length_unit(1e-5) == "m"
    presets.use_units("physiology")
    assert formatting.time_unit(7200.0)[0] == "min"
    assert formatting.length_unit(2e-3) == "um"


def test_unknown_set() -> None:
    with pytest.raises(mp.CaseError, match="engineering, physiology, SI"):
        mp.use_units("metric")
    assert presets.in_use() == presets.DEFAULT


def test_on_the_command_line() -> None:
    run = ["run", "osmosis", "--set", "mesh.cells=20", "--no-save"]
    done = CliRunner().invoke(app, [*run, "--units", "physiology"])
    assert done.exit_code == 0
    assert "mmHg" in done.stdout
    assert "mOsm/L" in done.stdout
    assert "bar" not in done.stdout
    assert "bar" in CliRunner().invoke(app, run).stdout, "the next command is back to what is usual"
    assert "Pa" in CliRunner().invoke(app, ["equilibrium", "osmosis", "--units", "SI"]).stdout
    assert (
        "mmHg"
        in CliRunner().invoke(app, ["compare", "osmosis", "osmosis", "--no-save", "--units", "physiology"]).stdout
    )
    wrong = CliRunner().invoke(app, [*run, "--units", "metric"])
    assert wrong.exit_code == 2
    assert "expected one of engineering, physiology, SI" in wrong.stderr
