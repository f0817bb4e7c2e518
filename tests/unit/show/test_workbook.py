"""The workbook of a sweep: what a spreadsheet program shows of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import membrane_pde as mp
from membrane_pde import cli
from membrane_pde.show import presets, workbook
from membrane_pde.studies import sweepfile

SMALL = {"mesh.cells": 6}


@pytest.fixture(autouse=True)
def usual_units() -> Iterator[None]:
    yield
    presets.use_units(presets.DEFAULT)


def sheets(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(path)
    return {name: list(book[name].iter_rows(values_only=True)) for name in book.sheetnames}


def swept(tmp_path: Path, case: str, *more: str) -> tuple[dict[str, list[Any]], Any]:
    """Columns of the workbook by their header, and the dataset."""
    small = [f"--set={key}={value}" for key, value in SMALL.items()]
    folder = tmp_path / "out"
    with pytest.raises(SystemExit) as ended:
        cli.app(["sweep", case, *small, "--workers", "1", "--xlsx", "--no-plots", "--out", str(folder), *more])
    assert ended.value.code == 0
    header, *rows = sheets(folder / "sweep.xlsx")["runs"]
    return dict(zip(header, map(list, zip(*rows, strict=True)), strict=True)), sweepfile.load(folder)


def save(found: Any, case: mp.Case, path: Path) -> None:
    headings = {key: sweepfile.heading(found, key) for key in sweepfile.varied(found)}
    workbook.save_sweep(sweepfile.unfolded(found), headings, found.attrs, case, path)


def test_numbers_are_those_of_the_dataset_in_the_units_of_the_header(tmp_path: Path) -> None:
    columns, found = swept(
        tmp_path, "reverse_osmosis", "--vary", "left.pressure=60 bar; 80 bar", "--set=run.duration=2 h"
    )
    assert columns["left.pressure [bar]"] == [60, 80]
    for header, name, per_si in (
        ("water flux (L/m²/h)", "water_flux_m_per_s", 3.6e6),
        ("displaced volume (L/m²)", "displaced_volume_m", 1e3),
        ("pressure left (bar)", "pressure_left_Pa", 1e-5),
        ("length left (µm)", "length_left_m", 1e6),
        ("end time (min)", "end_time_s", 1 / 60),
    ):
        assert columns[header] == pytest.approx(found[name].values * per_si, rel=1e-11), header
    mass = mp.load_case("reverse_osmosis").solutes["NaCl"].molar_mass
    held = found["concentration_left_mol_per_m3"].sel(solute="NaCl").values
    assert columns["concentration left NaCl (g/L)"] == pytest.approx(held * mass, rel=1e-11)
    assert columns["rejection NaCl (%)"] == pytest.approx(100 * found["rejection"].values[:, 0], rel=1e-11)
    assert columns["status"] == ["completed", "completed"]


@pytest.mark.parametrize(
    ("units", "headers"),
    [
        ("SI", ["water flux (m/s)", "pressure left (Pa)", "concentration left NaCl (mol/m³)", "end time (s)"]),
        ("physiology", ["water flux (µm/s)", "pressure left (mmHg)", "concentration left NaCl (mmol/L)"]),
    ],
)
def test_units_are_those_asked_for(tmp_path: Path, units: str, headers: list[str]) -> None:
    columns, _ = swept(tmp_path, "osmosis", "--vary", "left.pressure=0 bar; 1 bar", "--units", units)
    assert set(headers) <= set(columns)


def test_every_header_has_its_meaning_and_no_column_is_empty(tmp_path: Path) -> None:
    columns, _ = swept(tmp_path, "ro_element", "--vary", "temperature=15 degC; 25 degC")
    assert all(any(value is not None for value in values) for values in columns.values())
    book = sheets(tmp_path / "out" / "sweep.xlsx")
    assert [header for header, _ in book["columns"][1:]] == list(columns)
    assert all(meaning for _, meaning in book["columns"])
    case = [line for (line,) in book["case"] if line]
    assert any(line.startswith("units: engineering") for line in case)
    assert "[module]" in case
    assert columns["permeate flow (m³/h)"][0] < columns["permeate flow (m³/h)"][1]


def test_a_text_never_becomes_a_formula(tmp_path: Path) -> None:
    case = mp.load_case("osmosis").with_values({**SMALL, "title": "=1+1"})
    found = mp.sweep(case, {"left.pressure": ["0 bar", "1 bar"]}, workers=1)
    save(found, case, tmp_path / "a.xlsx")
    titles = [row for row in sheets(tmp_path / "a.xlsx")["runs"] if str(row[1]).startswith("=1+1")]
    assert len(titles) == 2
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert {cell.data_type for cell in book["runs"]["B"]} == {"s"}


def test_a_failed_run_leaves_its_numbers_empty(tmp_path: Path) -> None:
    case = mp.load_case("osmosis").with_values(SMALL)
    found = mp.sweep(case, {"left.pressure": ["0 bar", "1 bar"]}, workers=1)
    found["water_flux_m_per_s"][1] = float("nan")
    save(found, case, tmp_path / "a.xlsx")
    header, _, second = sheets(tmp_path / "a.xlsx")["runs"]
    assert second[header.index("water flux (L/m²/h)")] is None


def test_what_cannot_be_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(mp.CaseError, match=r"1,048,576 runs are more than the 1,048,575 rows of a sheet"):
        workbook.check_size(1_048_576)
    workbook.check_size(1_048_575)
    with pytest.raises(SystemExit) as ended:
        cli.app(["sweep", "osmosis", "--vary", "left.pressure=0 bar; 1 bar", "--xlsx", "--no-save"])
    assert ended.value.code == 2
    assert re.search("--xlsx and --no-save contradict each other", capsys.readouterr().err)
