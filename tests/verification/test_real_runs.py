"""Runs with real solutions: the PDE's end against a root found here, the dilute limit, and what the message says."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

import membrane_pde as mp
from membrane_pde.input.build import build
from membrane_pde.input.mixture import solution
from membrane_pde.physics.pitzer import debye_hueckel
from membrane_pde.physics.temperature import water_density

BASE = """
osmotic_model = "pitzer"
[solutes.NaCl]
[solutes.sucrose]

[left]
length = "1 mm"
concentration = { NaCl = "150 mmol/L", sucrose = "0 mol/L" }

[right]
length = "1.5 mm"
concentration = { NaCl = "0 mol/L", sucrose = "400 mmol/L" }

[membrane]
water_permeability = "20 L/m^2/hour/bar"
[membrane.solutes.NaCl]
permeability = "0 m/s"
reflection = 1
[membrane.solutes.sucrose]
permeability = "0 m/s"
reflection = 1

[mesh]
cells = 12

[run]
duration = "100 h"
until = "equilibrium"
rtol = 1e-9
"""
VIRIAL = {"osmotic_model": "virial", "solutes.NaCl.virial": ["0.05 L/mol", "0.01 L^2/mol^2"]}
MIX = {
    "left.concentration.sucrose": "300 mmol/L",
    "right.pressure": "2 bar",
    "membrane.solutes.NaCl.permeability": "1e-6 m/s",
    "membrane.solutes.NaCl.reflection": 0.6,
}


def case(values: dict[str, Any] | None = None) -> mp.Case:
    return mp.parse_case(BASE).with_values(values or {})


def end(one: mp.Case) -> float:
    """Displaced volume where the forces balance: NaCl level if it passes, the rest where it was."""
    model = solution(one)
    sides = (one.left, one.right)
    amounts = np.array([[side.concentration[s] * side.length for s in one.solutes] for side in sides])
    passes = [numbers.permeability > 0 for numbers in one.membrane.solutes.values()]
    reflection = [numbers.reflection for numbers in one.membrane.solutes.values()]
    total = one.left.length + one.right.length

    def force(x: float) -> float:
        lengths = (one.left.length - x, one.right.length + x)
        pulls = []
        for amount, length in zip(amounts, lengths, strict=True):
            level = amounts.sum(axis=0) / total
            c = [float(level[i] if passes[i] else amount[i] / length) for i in range(len(passes))]
            pulls.append(model.reflected(c, reflection)[0])
        return one.left.pressure.values[0] - one.right.pressure.values[0] - pulls[0] + pulls[1]

    return float(brentq(force, -0.99 * one.right.length, 0.99 * one.left.length, xtol=1e-17, rtol=1e-14))


@pytest.mark.parametrize("model", ["pitzer", "virial"])
@pytest.mark.parametrize("mix", [False, True], ids=["held back", "leaky"])
def test_equilibrium(model: str, mix: bool) -> None:
    one = case({**(VIRIAL if model == "virial" else {}), **(MIX if mix else {})})
    result = mp.run(one)
    summary = result.summary
    expected = end(one)
    assert summary["status"] == "equilibrium"
    assert summary["displaced_volume_m"] == pytest.approx(expected, rel=1e-6)
    assert summary["equilibrium"]["displaced_volume_m"] == pytest.approx(expected, rel=1e-12)
    assert summary["amount_error"] < 1e-13
    assert ("changed direction during the run: " in summary["message"]) == mix
    assert mix or not summary["message"]
    ideal = end(case({"osmotic_model": "ideal", **(MIX if mix else {})}))
    assert abs(expected / ideal - 1) > 0.01  # it matters
    # the keys of the summary are what the solution's own function says
    means = {s: f"{max(c, 0.0)!r} mol/m^3" for s, c in summary["concentration_right_mol_per_m3"].items()}
    if model == "pitzer":
        there = mp.osmotic_pressure(means)["osmotic_pressure_Pa"]
        assert summary["osmotic_pressure_right_Pa"] == pytest.approx(there, rel=1e-9)


def test_solvers_agree() -> None:
    values = {"run.until": "duration", "run.duration": "30 s", "run.rtol": 1e-5, "mesh.cells": 8}
    one, two, other = (
        mp.run(case({**values, "run.solver": solver})).summary["displaced_volume_m"]
        for solver in ("rosenbrock", "cvode", "fipy")
    )
    assert two == pytest.approx(one, rel=1e-4)
    assert other == pytest.approx(one, rel=1e-4)


def test_dilute_solutions_flow_ideally() -> None:
    """Salt against water: the initial flux is ``L_p R T ν c (1 − A √I)``, with the Debye-Hückel term."""
    stirred = {"left.stirred": True, "right.stirred": True, "run.until": "duration", "run.duration": "1 ms"}
    rho = float(water_density(298.15))
    for c in (0.1, 0.001):  # mol/m^3
        flux = {}
        for model in ("pitzer", "ideal"):
            values = {"left.concentration.NaCl": f"{c} mol/m^3", "right.concentration.sucrose": "0 mol/L"}
            series = mp.run(case({**stirred, **values, "osmotic_model": model})).series
            flux[model] = float(series["water_flux_m_per_s"][0])
        missing = 1 - flux["pitzer"] / flux["ideal"]
        assert missing == pytest.approx(debye_hueckel(298.15) * math.sqrt(c / rho), rel=0.03 if c > 0.01 else 0.003)


def test_out_of_range_is_said_once() -> None:
    told = mp.run(case({"temperature": "10 degC", "run.until": "duration", "run.duration": "10 s"})).summary["message"]
    assert told.count("solutes.sucrose.osmotic_coefficient holds at 25 degC, and is used at 10 degC.") == 1
    assert told.count("solutes.sucrose") == 2  # and its apparent volume
    assert "solutes.NaCl" not in told


def test_a_permeability_of_another_temperature_is_told_once() -> None:
    """The library's NF270 has no activation energy: the summary says so, as a warning on a screen is gone."""
    raw = {
        "temperature": "10 degC",
        "osmotic_model": "pitzer",
        "solutes": {"NaCl": {}},
        "left": {"length": "1 mm", "stirred": True, "pressure": "5 bar", "concentration": {"NaCl": "2000 ppm"}},
        "right": {"length": "1 mm", "stirred": True, "concentration": {"NaCl": "0 ppm"}},
        "membrane": {"type": "NF270"},
        "run": {"duration": "10 s"},
    }
    cold = build(raw, "cold")
    told = mp.run(cold).summary["message"]
    both = "membrane.water_permeability, membrane.solutes.NaCl.permeability"
    assert told.count(f"{both}: the activation energy is not known") == 1
    assert "activation energy" not in mp.run(cold.with_values({"temperature": "25 degC"})).summary["message"]


def test_a_wall_beyond_the_data() -> None:
    """Pressed against the membrane, brine is concentrated beyond what is known; the run goes on, and says so."""
    one = case(
        {
            "left.concentration.NaCl": "5.2 mol/L",
            "right.concentration.sucrose": "1 mmol/L",
            "left.pressure": "900 bar",
            "membrane.water_permeability": "5 L/m^2/hour/bar",
            "run.until": "duration",
            "run.duration": "10 s",
            "run.rtol": 1e-6,
        }
    )
    summary = mp.run(one).summary
    assert summary["status"] == "completed"
    model = solution(one)
    assert summary["wall_concentration_left_mol_per_m3"]["NaCl"] > 1.2 * model.limit[0]
    assert summary["concentration_left_mol_per_m3"]["NaCl"] < 1.2 * model.limit[0]
    assert summary["message"].count("The osmotic data of NaCl are known up to 6 mol/kg") == 1
    assert summary["message"].count("data") == 1
    assert summary["amount_error"] < 1e-13


def test_a_negative_osmotic_pressure_does_not_stop_the_integrator() -> None:
    """At 2.5 mol/L and ``B = −0.5 L/mol`` the osmotic pressure is negative: no scale of anything may be."""
    case = mp.parse_case(BASE).with_values(
        {
            "osmotic_model": "virial",
            "solutes.NaCl.virial": ["0 L/mol"],
            "solutes.sucrose.virial": ["-0.5 L/mol"],
            "left.concentration.NaCl": "0.1 mol/L",
            "right.concentration.sucrose": "2.5 mol/L",
            "left.stirred": True,
            "right.stirred": True,
            "run.duration": "1 s",
            "run.until": "duration",
        }
    )
    result = mp.run(case)
    summary = result.summary
    assert result.arrays["osmotic_pressure_right_Pa"][0] < 0.0
    assert "the osmotic pressure falls" in summary["message"]
    assert summary["amount_error"] < 1e-13
