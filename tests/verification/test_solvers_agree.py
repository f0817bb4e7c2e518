"""All solvers against each other, FiPy's own terms among them: one discretisation, so only steps in time differ."""

import numpy as np
import pytest

import membrane_pde as mp

TEXT = """
title = "two solvers"
[solutes.A]
molar_mass = "60 g/mol"
diffusivity = "1.5e-9 m^2/s"
dissociation = 2
[solutes.B]
molar_mass = "180 g/mol"
diffusivity = "0.7e-9 m^2/s"
dissociation = 1
[left]
length = "0.2 mm"
concentration = {{ A = "20 mol/m^3", B = "50 mol/m^3" }}
{left}
[right]
length = "0.1 mm"
concentration = {{ A = "120 mol/m^3", B = "10 mol/m^3" }}
{right}
[membrane]
flux_law = "{law}"
water_permeability = "{water} m/s/Pa"
[membrane.solutes.A]
permeability = "2e-7 m/s"
reflection = {sigma}
[membrane.solutes.B]
permeability = "5e-7 m/s"
reflection = {sigma}
[mesh]
cells = {cells}
[run]
duration = "{duration} s"
outputs = 6
"""

CASES: dict[str, dict[str, object]] = {
    "osmosis": {"duration": 60},
    "pressed, logarithmic mean": {"right": 'pressure = "10 bar"', "law": "kedem-katchalsky", "duration": 40},
    "film": {
        "left": 'boundary = "reservoir"\npressure = "20 bar"',
        "right": 'boundary = "outflow"\nbackflow = { A = "0 mol/m^3", B = "0 mol/m^3" }',
        "duration": 30,
    },
    "stirred reservoir, ramp": {
        "left": 'boundary = "reservoir"\nstirred = true',
        "right": 'pressure = { schedule = [["0 s","0 bar"],["20 s","8 bar"]], shape = "ramp" }',
        "duration": 40,
    },
    "no water": {"water": 0, "duration": 100},
    "elastic walls, oscillating": {
        "left": 'boundary = "elastic"\nmodulus = "5 bar"\n'
        'pressure = { mean = "3 bar", amplitude = "3 bar", period = "40 s" }',
        "right": 'boundary = "elastic"\nmodulus = "9 bar"',
        "duration": 50,
    },
    "held flux": {"right": 'pressure = { flux = "1e-6 m/s" }', "duration": 30},
}
SERIES = [
    "water_flux_m_per_s",
    "displaced_volume_m",
    "concentration_left_mol_per_m3",
    "concentration_right_mol_per_m3",
    "wall_concentration_left_mol_per_m3",
    "wall_concentration_right_mol_per_m3",
    "amount_transferred_mol_per_m2",
    "energy_J_per_m2",
]


def case(name: str) -> mp.Case:
    setting = {"left": "", "right": "", "law": "spiegler-kedem", "sigma": 0.7, "water": 4e-12, "cells": 6}
    return mp.parse_case(TEXT.format(**(setting | CASES[name])))


SLOW = (
    "film",
    "pressed, logarithmic mean",
    "stirred reservoir, ramp",
    "elastic walls, oscillating",
    "held flux",
)


@pytest.mark.parametrize("name", CASES)
def test_rosenbrock_and_cvode_agree(name: str) -> None:
    tolerances = {"rosenbrock": 1e-8, "cvode": 1e-9}  # CVODE's errors add up to more
    one, other = (mp.run(case(name).with_values({"run.solver": s, "run.rtol": r})) for s, r in tolerances.items())
    assert one.arrays["time"] == pytest.approx(other.arrays["time"], rel=1e-12)
    for key in SERIES:
        scale = np.abs(other.arrays[key]).max()
        assert one.arrays[key] == pytest.approx(other.arrays[key], abs=1e-6 * scale), key
    for run in (one, other):
        assert run.summary["amount_error"] < 1e-12


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in CASES])
def test_solvers_agree(name: str) -> None:
    """FiPy's steps come as close as the default, and closer with a smaller tolerance; amounts to round-off in all."""
    one = case(name)
    exact = mp.run(one.with_values({"run.rtol": "1e-9"}))
    coarse, fine = (mp.run(one.with_values({"run.solver": "fipy", "run.rtol": r})) for r in ("1e-4", "1e-7"))
    assert exact.summary["steps"] != fine.summary["steps"] > coarse.summary["steps"]
    assert fine.summary["status"] == "completed"
    assert fine.arrays["time"] == pytest.approx(exact.arrays["time"], rel=1e-12)
    gaps = [gaps_between(run, exact, SERIES) for run in (coarse, fine)]
    assert max(gaps[0].values()) < 3e-5, gaps
    assert max(gaps[1].values()) < 3e-6, gaps
    assert sum(gaps[1].values()) < sum(gaps[0].values()), gaps
    for run in (exact, coarse, fine):
        assert run.summary["amount_error"] < 1e-12


def gaps_between(one: mp.Result, other: mp.Result, keys: list[str]) -> dict[str, float]:
    """How far each number is from the other run's at any stored time, over its largest."""
    gaps = {}
    for key in keys:
        true = np.asarray(other.arrays[key], dtype=float)
        scale = np.nanmax(np.abs(true)) or 1.0
        gaps[key] = float(np.nanmax(np.abs(one.arrays[key] - true)) / scale)
    return gaps


SHIPPED = (
    "osmosis",
    "seawater_ro",
    "u_tube",
    "dialysis",
    "batch_ro",
    "plant_cell_turgor",
    "osmotic_pressure",
    "two_gases",
    "forward_osmosis",
    "pressure_retarded_osmosis",
    "swelling_sphere",
)
OF_ITS_OWN = ("forward_osmosis", "pressure_retarded_osmosis", "swelling_sphere")  # support layers, a curved membrane


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n != "osmotic_pressure" else n for n in SHIPPED]
)
def test_fipys_steps_are_within_a_ten_thousandth(name: str) -> None:
    """Of each number's own scale, with the default tolerance: every kind of boundary, real solutions, gases."""
    compare(name, {"run.solver": "fipy"}, allowed=1e-4)


@pytest.mark.parametrize("name", OF_ITS_OWN)
def test_cvode_agrees_on_support_layers_and_a_curved_membrane(name: str) -> None:
    """Which the cases above have not; FiPy's steps of them are slow."""
    compare(name, {"run.solver": "cvode", "run.rtol": "1e-9"}, allowed=1e-7)


def compare(name: str, values: dict[str, object], allowed: float) -> None:
    """Hold a run of a shipped case against the default solver with a tight tolerance, every number at every time."""
    one = mp.load_case(name).with_values({"run.until": "duration"})
    exact, got = (mp.run(one.with_values(each)) for each in ({"run.rtol": "1e-9"}, values))
    assert got.arrays["time"] == pytest.approx(exact.arrays["time"], rel=1e-12)
    keys = [
        key
        for key, value in exact.arrays.items()
        if value.dtype.kind == "f" and np.isfinite(value).any() and np.nanmax(np.abs(value)) > 0.0
    ]
    gaps = gaps_between(got, exact, [key for key in keys if key != "amount_error"])
    assert max(gaps.values()) < allowed, gaps
    assert got.summary["amount_error"] < 1e-12
