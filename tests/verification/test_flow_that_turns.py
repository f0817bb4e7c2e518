"""What counts as water flowing back: a fact of the solution, not of the noise about a flow that comes to rest."""

from __future__ import annotations

import itertools

import pytest
from scipy.constants import R
from scipy.optimize import brentq

import membrane_pde as mp
from membrane_pde.runs import summarize

SOLVERS = ("rosenbrock", "cvode", pytest.param("fipy", marks=pytest.mark.slow))

# Water leaves a closed salt solution through an ideal membrane until the solution balances the pressure on it: the flow
# through the outflow comes to rest and never turns.
AT_REST = """
[solutes.{solute}]
[left]
boundary = "outflow"
length = "50 um"
concentration = {{ {solute} = "0 g/L" }}
[right]
length = "{length}"
pressure = "{pressure} bar"
concentration = {{ {solute} = "{strength} g/L" }}
[membrane]
type = "ideal"
[run]
duration = "2 h"
outputs = 20
rtol = {rtol}
solver = "{solver}"
"""


def at_rest(
    solute: str = "NaCl",
    strength: float = 1.0,
    pressure: str = "10",
    length: str = "1 mm",
    rtol: float = 1e-6,
    solver: str = "rosenbrock",
) -> mp.Case:
    values = {"solute": solute, "strength": strength, "pressure": pressure, "length": length}
    return mp.parse_case(AT_REST.format(**values, rtol=rtol, solver=solver))


def balanced(solute: str, strength: float, pressure: str) -> float:
    """Share of the solution's volume that is left when its osmotic pressure is that on it; van 't Hoff, by hand."""
    osmoles = {"NaCl": 2.0 / 58.44, "sucrose": 1.0 / 342.3}[solute] * strength * 1e3
    return R * 298.15 * osmoles / (float(pressure) * 1e5)


# 0.1 % is where a side has run dry; above 1 it is osmosis that draws water in, from the start
GRID = [
    (solute, strength, pressure, length, rtol)
    for solute, strength, pressure, length, rtol in itertools.product(
        ("NaCl", "sucrose"), (0.3, 1.0, 3.0, 10.0), ("5", "10", "40"), ("1 mm", "0.3 mm"), (1e-3, 1e-4, 1e-6, 1e-8)
    )
    if 2e-3 < balanced(solute, strength, pressure) < 0.9
]


@pytest.mark.parametrize("rtol", [1e-3, 1e-4, 1e-6, 1e-8])
def test_a_flow_that_comes_to_rest_does_not_flow_back(rtol: float) -> None:
    several = [each for each in GRID if each[4] == rtol][::3]
    assert len(several) >= 10
    for each in several:
        summary = mp.run(at_rest(*each)).summary
        assert summary["status"] == "completed", each
        start = {"1 mm": 1e-3, "0.3 mm": 3e-4}[each[3]]
        left = summary["length_right_m"] / start
        assert left >= balanced(*each[:3]) * (1.0 - 2e-3), each  # it has come to rest or is still on its way
        assert summary["message"] == "", each


@pytest.mark.slow
def test_in_a_whole_grid_nothing_flows_back() -> None:
    failed = [each for each in GRID if summarize(at_rest(*each))["status"] != "completed"]
    assert len(GRID) > 150
    assert failed == []


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_comes_to_rest(solver: str) -> None:
    case = at_rest(rtol=1e-3 if solver == "fipy" else 1e-4, solver=solver).with_values({"mesh.cells": 20})
    assert mp.run(case).summary["length_right_m"] == pytest.approx(1e-3 * balanced("NaCl", 1.0, "10"), rel=1e-3)


@pytest.mark.parametrize(
    ("solver", "rtol"),
    [
        *itertools.product(("rosenbrock", "cvode"), (1e-3, 1e-6)),
        pytest.param("fipy", 1e-3, marks=pytest.mark.slow),
    ],
)
def test_a_pressure_that_is_taken_away_is_found_at_that_time(solver: str, rtol: float) -> None:
    case = at_rest(rtol=rtol, solver=solver)
    step = '{ schedule = [["0 s", "10 bar"], ["30 min", "2 bar"]], shape = "step" }'
    with pytest.raises(mp.RunError, match=r"At 30 min .* flow back") as caught:
        mp.run(case.with_values({"mesh.cells": 20, "right.pressure": step}))
    assert caught.value.result.summary["end_time_s"] == pytest.approx(1800.0, rel=1e-9)


STIRRED = """
[solutes.NaCl]
[left]
boundary = "outflow"
stirred = true
length = "50 um"
concentration = { NaCl = "0 g/L" }
[right]
stirred = true
length = "1 mm"
pressure = { schedule = [["0 s", "10 bar"], ["20 min", "2 bar"]], shape = "ramp" }
concentration = { NaCl = "1 g/L" }
[membrane]
type = "ideal"
[run]
duration = "20 min"
"""


def turning_time() -> float:
    """When the falling pressure no longer exceeds the osmotic pressure: one ordinary equation, solved on its own."""
    from scipy.integrate import solve_ivp

    permeability, length = 1e-3 / 3600 / 1e5, 1e-3
    salt = R * 298.15 * 2.0 * 1e3 / 58.44  # Pa, at the start

    def excess(t: float, volume: float) -> float:
        return (1e6 - 8e5 * t / 1200.0) - salt * length / volume

    found = solve_ivp(
        lambda t, v: -permeability * excess(t, v[0]), (0.0, 1200.0), [length], rtol=1e-11, atol=1e-18, dense_output=True
    )
    return float(brentq(lambda t: excess(t, float(found.sol(t)[0])), 100.0, 1200.0, xtol=1e-9))


@pytest.mark.parametrize(
    ("solver", "rtol", "within"),
    [
        ("rosenbrock", 1e-6, 1e-4),
        ("rosenbrock", 1e-9, 1e-6),
        ("cvode", 1e-6, 1e-3),
        ("cvode", 1e-9, 1e-6),
        pytest.param("fipy", 1e-6, 1e-3, marks=pytest.mark.slow),
    ],
)
def test_a_slow_turn_is_found_where_the_flow_is_zero(solver: str, rtol: float, within: float) -> None:
    case = mp.parse_case(STIRRED).with_values({"run.solver": solver, "run.rtol": rtol})
    with pytest.raises(mp.RunError, match="flow back") as caught:
        mp.run(case)
    assert caught.value.result.summary["end_time_s"] == pytest.approx(turning_time(), rel=within)


@pytest.mark.parametrize("solver", SOLVERS)
def test_to_and_fro_with_what_left_last(solver: str) -> None:
    """The water that is drawn in carries what was let out; the balance of salt closes, and the flow turns twice."""
    case = mp.parse_case(STIRRED).with_values(
        {
            "left.concentration.NaCl": "1 g/L",
            "left.backflow": "last",
            "left.pressure": '{ mean = "0 bar", amplitude = "4 bar", period = "20 min" }',
            "right.pressure": "0 bar",
            "run.duration": "40 min",
            "run.solver": solver,
            "run.rtol": 1e-3 if solver == "fipy" else 1e-7,
            "run.outputs": 101,
        }
    )
    result = mp.run(case)
    flux = result.series["water_flux_m_per_s"].values
    turns = int(((flux[1:] > 0.0) != (flux[:-1] > 0.0)).sum())
    assert turns >= 3
    assert result.summary["amount_error"] <= 1e-10
    # in the first half of the period water comes in through the outflow, as salt as what was there, and leaves without
    # its salt through the membrane
    inward = int((flux > 0.0).argmin()) if flux[0] > 0.0 else 1 + int((flux[1:] > 0.0).argmin())
    assert inward > 15
    drawn = result.series["displaced_volume_m"].values[1:inward]
    salt = result.series["concentration_left_mol_per_m3"].values[:inward, 0]
    assert drawn[-1] > 2e-6
    grown = salt[0] * (1.0 + drawn / 50e-6)
    assert salt[1:] == pytest.approx(grown, rel=3e-2 if solver == "fipy" else 1e-5)


def test_where_the_water_hardly_flows_nothing_is_said_of_what_is_held_back() -> None:
    """At rest the water flux is the error of the run: no rejection, no polarization follow from it."""
    case = at_rest(strength=3.0, pressure="0").with_values(
        {
            "membrane": '{ water_permeability = "1 L/m^2/h/bar", '
            'solutes.NaCl = { permeability = "1e-9 m/s", reflection = 0.9 } }',
            "left.concentration.NaCl": "2 g/L",
            "left.boundary": "standpipe",
            "left.length": "1 mm",
            "right.boundary": "standpipe",
            "run.duration": "60 d",
            "run.rtol": 1e-4,
        }
    )
    summary = mp.run(case).summary
    assert abs(summary["water_flux_m_per_s"]) < 1e-4 * 1e-3 / 3600 / 1e5 * R * 298.15 * 2.0 * 3e3 / 58.44
    assert summary["rejection"] == {"NaCl": None}
    assert summary["polarization_modulus"] == {"NaCl": None}
