"""Kedem and Katchalsky's logarithmic mean beside a side that is empty, or nearly so.

There ``c = 0`` is a solution of ``dc/dt ~ 1/ln(1/c)``; another one is a concentration that rises from it: the limit of
P -> 0 and of a start at c -> 0, the one that nature takes. The reference is an ordinary differential equation of the
well-mixed sides, written here from the flux law alone, with ln c as its unknown, which cannot be zero.
"""

from __future__ import annotations

import functools
import itertools
import math

import pytest
from scipy.constants import R
from scipy.integrate import solve_ivp

import membrane_pde as mp

MOLAR_MASS = 342.297  # of sucrose, g/mol
LENGTH, PERMEABILITY, PRESSURE, DURATION = 1e-3, 5e-3 / 3600 / 1e5, 10e5, 60.0
FEED = 1e4 / MOLAR_MASS  # mol/m^3
RT = R * 298.15

ENDLESS = 'boundary = "reservoir"\nstirred = true\nlength = "1 mm"\npressure = "10 bar"'
FILLING = {
    "closed": 'stirred = true\nlength = "1 mm"',
    "outflow": 'stirred = true\nlength = "1 mm"\nboundary = "outflow"',
    "bath": 'stirred = true\nboundary = "bath"\nvolume = "1 mm"',
}
TEXT = """
[solutes.sucrose]
[left]
{left}
[right]
{right}
[membrane]
flux_law = "kedem-katchalsky"
water_permeability = "5 L/m^2/h/bar"
solutes.sucrose = {{ permeability = "{permeability} m/s", reflection = {reflection} }}
[run]
duration = "60 s"
outputs = 5
rtol = {rtol}
solver = "{solver}"
"""


def solved(
    kind: str, permeability: float, reflection: float, start: float, rtol: float, solver: str, mirrored: bool = False
) -> tuple[float, float]:
    """Amount that passed (mol/m^2) and rejection."""
    sides = [ENDLESS + '\nconcentration.sucrose = "10 g/L"', FILLING[kind] + f'\nconcentration.sucrose = "{start} g/L"']
    left, right = sides[::-1] if mirrored else sides
    case = mp.parse_case(
        TEXT.format(left=left, right=right, permeability=permeability, reflection=reflection, rtol=rtol, solver=solver)
    )
    summary = mp.run(case).summary
    assert summary["amount_error"] <= 1e-10
    passed = summary["amount_transferred_mol_per_m2"]["sucrose"]
    return -passed if mirrored else passed, summary["rejection"]["sucrose"]


@functools.cache
def reference(kind: str, permeability: float, reflection: float, start: float) -> tuple[float, float]:
    """The same of one ordinary differential equation, from where so little has passed that it does not count."""

    def fluxes(c: float) -> tuple[float, float]:
        water = PERMEABILITY * (PRESSURE - reflection * RT * (FEED - c))
        mean = (FEED - c) / math.log(FEED / c)
        return water, permeability * (FEED - c) + (1.0 - reflection) * water * mean

    def rates(_: float, y: list[float]) -> list[float]:
        c, volume = math.exp(y[0]), y[1]
        water, solute = fluxes(c)
        return [(solute - water * c) / (volume * c), 0.0 if kind == "outflow" else water, solute]

    first = max(start * 1e3 / MOLAR_MASS, 1e-13 * FEED)
    found = solve_ivp(
        rates, (0.0, DURATION), [math.log(first), LENGTH, 0.0], method="LSODA", rtol=1e-10, atol=[1e-11, 1e-16, 1e-18]
    )
    assert found.success
    water, solute = fluxes(math.exp(found.y[0, -1]))
    return float(found.y[2, -1]), 1.0 - solute / water / FEED


def assert_right(kind: str, permeability: float, reflection: float, start: float, rtol: float, solver: str) -> None:
    passed, rejection = solved(kind, permeability, reflection, start, rtol, solver)
    expected, held_back = reference(kind, permeability, reflection, start)
    few = {"rosenbrock": 10.0, "cvode": 50.0, "fipy": 100.0}[solver] * rtol
    assert passed == pytest.approx(expected, abs=few * FEED * LENGTH)
    assert rejection == pytest.approx(held_back, abs=few)


def test_the_values_of_a_membrane_that_lets_most_of_it_through() -> None:
    """P = 1e-9 m/s, sigma = 0.2: 6.19e-3 mol/m^2 pass, and 67 % is held back; with P = 0 hardly less."""
    assert reference("closed", 1e-9, 0.2, 0.0) == pytest.approx((6.19e-3, 0.671), rel=1e-3)
    for permeability, solver in itertools.product((1e-9, 1e-15, 0.0), ("rosenbrock", "cvode")):
        passed, rejection = solved("closed", permeability, 0.2, 0.0, 1e-6, solver)
        assert passed == pytest.approx(6.19e-3, rel=1e-3)
        assert rejection == pytest.approx(0.671, abs=1e-3)


@pytest.mark.parametrize("solver", ["rosenbrock", "cvode"])
@pytest.mark.parametrize("kind", FILLING)
def test_an_empty_side_fills(kind: str, solver: str) -> None:
    for permeability, start in ((0.0, 0.0), (1e-9, 0.0), (0.0, 1e-9)):
        assert_right(kind, permeability, 0.2, start, 1e-6, solver)


@pytest.mark.slow
@pytest.mark.parametrize("rtol", [1e-3, 1e-4, 1e-6])
@pytest.mark.parametrize("reflection", [0.0, 0.2, 0.9])
@pytest.mark.parametrize("solver", ["rosenbrock", "cvode"])
def test_every_side_that_is_empty_or_nearly_so(solver: str, reflection: float, rtol: float) -> None:
    for kind, permeability, start in itertools.product(FILLING, (0.0, 1e-15, 1e-9, 1e-7), (0.0, 1e-12, 1e-9, 1e-3)):
        assert_right(kind, permeability, reflection, start, rtol, solver)


@pytest.mark.slow
@pytest.mark.parametrize(("permeability", "start"), [(0.0, 0.0), (1e-9, 0.0), (1e-15, 1e-9), (0.0, 1e-3)])
def test_fipys_steps_leave_the_empty_side(permeability: float, start: float) -> None:
    assert_right("closed", permeability, 0.2, start, 1e-4, "fipy")


def test_either_side_may_be_the_empty_one() -> None:
    there = solved("closed", 0.0, 0.2, 0.0, 1e-6, "rosenbrock")
    assert solved("closed", 0.0, 0.2, 0.0, 1e-6, "rosenbrock", mirrored=True) == pytest.approx(there, rel=1e-9)


def test_a_side_that_is_held_empty_takes_what_diffuses() -> None:
    """An endless side stays at its concentration: there the mean is zero at c = 0, and P alone lets something pass."""
    sides = [ENDLESS + f'\nconcentration.sucrose = "{c} g/L"' for c in (10, 0)]
    right = sides[1].replace("10 bar", "0 bar")
    numbers = {"permeability": 1e-9, "reflection": 0.2, "rtol": 1e-6, "solver": "rosenbrock"}
    summary = mp.run(mp.parse_case(TEXT.format(left=sides[0], right=right, **numbers))).summary
    assert summary["amount_transferred_mol_per_m2"]["sucrose"] == pytest.approx(1e-9 * FEED * DURATION, rel=1e-9)


@pytest.mark.parametrize("permeability", [0.0, 1e-9])
def test_a_steady_outflow_is_not_the_empty_one(permeability: float) -> None:
    """At rest ``J_s = J_v c``: of both solutions, empty and not, the run ends in the second."""
    left = ENDLESS + '\nconcentration.sucrose = "10 g/L"'
    right = FILLING["outflow"] + '\nconcentration.sucrose = "0 g/L"'
    numbers = {"permeability": permeability, "reflection": 0.2, "rtol": 1e-6, "solver": "rosenbrock"}
    case = mp.parse_case(TEXT.format(left=left, right=right, **numbers))
    summary = mp.run(case.with_values({"run.duration": "100 h", "run.until": "steady"})).summary
    assert summary["status"] == "steady"
    c = summary["concentration_right_mol_per_m3"]["sucrose"]
    water = PERMEABILITY * (PRESSURE - 0.2 * RT * (FEED - c))
    mean = (FEED - c) / math.log(FEED / c)
    assert c > 0.1 * FEED
    assert permeability * (FEED - c) + 0.8 * water * mean == pytest.approx(water * c, rel=1e-6)
