"""A closed compartment beside a reservoir, which holds its concentrations: where it ends, and a run that goes there."""

import math
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

import membrane_pde as mp
from membrane_pde import analytic

RT = 8.31446261815324 * 298.15

TEXT = """
temperature = "25 degC"
[solutes.held]
diffusivity = "1e-9 m^2/s"
dissociation = 1
[solutes.free]
diffusivity = "1e-9 m^2/s"
dissociation = 1
[CELL]
length = "10 um"
concentration = { held = "300 mol/m^3", free = "0 mol/m^3" }
[OUTSIDE]
boundary = "reservoir"
length = "20 um"
concentration = { held = "150 mol/m^3", free = "0 mol/m^3" }
[membrane]
water_permeability = "1 L/m^2/hour/bar"
[membrane.solutes.held]
permeability = "0 m/s"
reflection = 1.0
[membrane.solutes.free]
permeability = "1e-6 m/s"
reflection = 0.5
[run]
duration = "1 d"
until = "equilibrium"
"""


def case(cell: str = "left", **changes: Any) -> mp.Case:
    """A cell in an endless reservoir; the keys of `changes` name "cell" and "outside" for the sides."""
    outside = "right" if cell == "left" else "left"
    text = TEXT.replace("[CELL]", f"[{cell}]").replace("[OUTSIDE]", f"[{outside}]")
    named = {key.replace("cell", cell).replace("outside", outside): value for key, value in changes.items()}
    return mp.parse_case(text).with_values(named)


def check_run(of: mp.Case, cell: str) -> dict[str, Any]:
    """Run it to its equilibrium, and compare every number of the end with the run's."""
    end, result = mp.equilibrium(of), mp.run(of)
    seen = result.summary
    assert seen["status"] == "equilibrium"
    assert seen["equilibrium"] == end
    distance = result.series["distance_to_equilibrium"].values
    assert distance[0] == pytest.approx(1.0, abs=1e-12)
    assert distance[-1] <= 1e-8
    for side in ("left", "right"):
        assert seen[f"length_{side}_m"] == pytest.approx(end[f"length_{side}_m"], rel=1e-6)
        assert seen[f"pressure_{side}_Pa"] == pytest.approx(end[f"pressure_{side}_Pa"], rel=1e-6, abs=1.0)
        for name in ("held", "free"):
            key = f"concentration_{side}_mol_per_m3"
            assert seen[key][name] == pytest.approx(end[key][name], rel=1e-6, abs=1e-4)
    for name in ("held", "free"):
        moved = end["amount_transferred_mol_per_m2"][name]
        assert seen["amount_transferred_mol_per_m2"][name] == pytest.approx(moved, rel=1e-6, abs=1e-10)
    return end


@pytest.mark.parametrize("cell", ["left", "right"])
@pytest.mark.parametrize("outside", [150.0, 600.0])
def test_volume_is_amount_over_concentration(cell: str, outside: float) -> None:
    """V = n/c: 300 mol/m^3 in 10 um, in a bath of half or twice that, make 20 or 5 um."""
    end = check_run(case(cell, **{"outside.concentration.held": f"{outside!r} mol/m^3"}), cell)
    assert end[f"length_{cell}_m"] == pytest.approx(10e-6 * 300.0 / outside, rel=1e-12)
    assert end[f"concentration_{cell}_mol_per_m3"]["held"] == pytest.approx(outside, rel=1e-12)
    assert end["length_right_m" if cell == "left" else "length_left_m"] == 20e-6  # the layer keeps its thickness
    sign = -1.0 if cell == "left" else 1.0
    assert end["displaced_volume_m"] == pytest.approx(sign * (10e-6 * 300.0 / outside - 10e-6), rel=1e-12)


def test_what_passes_ends_as_outside() -> None:
    end = check_run(case(**{"outside.concentration.free": "50 mol/m^3"}), "left")
    assert end["concentration_left_mol_per_m3"]["free"] == 50.0
    assert end["length_left_m"] == pytest.approx(20e-6, rel=1e-12)  # by what is held alone
    assert end["amount_transferred_mol_per_m2"]["free"] == pytest.approx(-50.0 * 20e-6, rel=1e-12)


def test_standpipe() -> None:
    """rho g X/a = R T (n/(l + X) - c)."""
    of = case(**{"cell.boundary": "standpipe", "cell.tube_area": 1e-4, "outside.concentration.held": "299 mol/m^3"})
    end = check_run(of, "left")
    weight = 997.0475 * 9.80665 / 1e-4
    grown = brentq(lambda x: RT * (3e-3 / (1e-5 + x) - 299.0) - weight * x, 0.0, 1e-5, xtol=1e-18)
    assert end["displaced_volume_m"] == pytest.approx(-grown, rel=1e-6)
    assert end["pressure_left_Pa"] == pytest.approx(weight * grown, rel=1e-6)


def test_elastic_wall() -> None:
    """E X/l = R T (n/(l + X) - c): a turgid cell in a weaker bath."""
    end = check_run(case(**{"cell.boundary": "elastic", "cell.modulus": "5 bar"}), "left")
    w = brentq(lambda w: RT * (300.0 / (1.0 + w) - 150.0) - 5e5 * w, 0.0, 1.0, xtol=1e-15)
    assert end["length_left_m"] == pytest.approx(10e-6 * (1.0 + w), rel=1e-12)
    assert end["pressure_left_Pa"] == pytest.approx(5e5 * w, rel=1e-9)


def test_rigid_side_is_the_osmometer() -> None:
    end = check_run(case(**{"cell.boundary": "rigid", "outside.concentration.free": "5 mol/m^3"}), "left")
    assert end["displaced_volume_m"] == 0.0
    assert end["pressure_left_Pa"] == pytest.approx(RT * 150.0, rel=1e-12)


def test_pressed() -> None:
    """A piston at 1 bar, and pure water outside: n/V = p/(R T)."""
    end = check_run(case(**{"cell.pressure": "5 bar", "outside.concentration.held": "0 mol/L"}), "left")
    assert end["length_left_m"] == pytest.approx(10e-6 * 300.0 * RT / 5e5, rel=1e-12)


def test_a_profile_in_front_of_the_reservoir() -> None:
    """What it holds is the value at the far edge of its layer."""
    profile = {"profile": [["0 um", "400 mol/m^3"], ["20 um", "100 mol/m^3"]]}
    end = mp.equilibrium(case(**{"outside.concentration.held": profile}))
    assert end["length_left_m"] == pytest.approx(30e-6, rel=1e-12)


def test_partition_and_no_water() -> None:
    water = {"membrane.water_permeability": "0 m/s/Pa", "membrane.solutes.free.partition": 0.25}
    for cell, inside in (("left", 200.0), ("right", 12.5)):  # c_R = K c_L
        end = mp.equilibrium(case(cell, **water, **{"outside.concentration.free": "50 mol/m^3"}))
        assert end[f"concentration_{cell}_mol_per_m3"] == pytest.approx({"held": 300.0, "free": inside}, rel=1e-14)
        assert end["displaced_volume_m"] == 0.0


def test_without_a_membrane_all_is_as_the_reservoir() -> None:
    outside = "outside.concentration.free"
    of = case(**{"membrane": {"type": "none"}, outside: "50 mol/m^3"})
    end = mp.equilibrium(of)
    assert end["concentration_left_mol_per_m3"] == {"held": 150.0, "free": 50.0}
    assert mp.run(of).summary["status"] == "equilibrium"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"outside.concentration.held": "0 mol/L"}, "the left side takes up water from the reservoir without end"),
        ({"cell.pressure": "-1 bar"} | {"outside.concentration.held": "20 mol/m^3"}, "without end"),
        ({"cell.concentration.held": "0 mol/L"}, "the left side runs dry"),
        ({"cell.concentration.held": "0 mol/L", "outside.concentration.held": "0 mol/L"}, "any displaced volume"),
    ],
)
def test_where_there_is_none_it_says_why(changes: dict[str, Any], why: str) -> None:
    end = mp.equilibrium(case(**changes))
    assert why in end["message"]
    assert end["displaced_volume_m"] is None


def test_two_reservoirs_have_a_steady_state_but_no_equilibrium() -> None:
    assert mp.equilibrium(case(**{"cell.boundary": "reservoir"}))["status"] is None


@pytest.mark.parametrize("seed", range(30))
def test_where_the_dynamics_end(seed: int) -> None:
    """Well-mixed Kedem-Katchalsky dynamics (arithmetic mean) beside constant concentrations. R T = 1."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 5))
    passes = rng.random(count) < 0.5
    passes[0] = False
    nu, stiffness = rng.integers(1, 4, count), float(rng.choice([0.0, 0.2, 2.0]))
    inside, outside = rng.uniform(0.1, 3.0, count), rng.uniform(0.1, 3.0, count) * (rng.random(count) < 0.8)
    outside[0] = rng.uniform(0.5, 3.0)
    sigma = np.where(passes, rng.uniform(0, 1, count), 1.0)
    pressure, length = float(rng.uniform(-0.4, 2.0)), float(rng.uniform(0.5, 2.0))
    on_left = bool(rng.random() < 0.5)

    def rate(_: float, y: np.ndarray) -> np.ndarray:  # water into the closed side
        volume, n = length + y[0], y[1:]
        c = n / volume
        flow = -(pressure + stiffness * y[0]) - np.sum(sigma * nu * (outside - c))
        return np.append(flow, passes * (outside - c) + (1 - sigma) * flow * (c + outside) / 2)

    run = solve_ivp(rate, (0, 4000), np.append(0.0, inside * length), method="LSODA", rtol=1e-11, atol=1e-13)
    assert run.success
    closed, held = inside * length, outside * 7.0
    sides: dict[str, Any] = {
        "length_left": length if on_left else 7.0,
        "length_right": 7.0 if on_left else length,
        "amount_left": closed if on_left else held,
        "amount_right": held if on_left else closed,
        "stiffness_left": stiffness if on_left else 0.0,
        "stiffness_right": 0.0 if on_left else stiffness,
    }
    (end,) = analytic.equilibrium(
        [(pressure, 0.0) if on_left else (0.0, pressure)],
        **sides,
        passes=passes,
        reflection=sigma,
        partition=np.ones(count),
        rigid="",
        membrane=True,
        water_passes=True,
        osmotic_pressure=lambda c: nu * c,
        reservoir="right" if on_left else "left",
    )
    assert end.displaced_volume is not None, end.reason
    gained = -end.displaced_volume if on_left else end.displaced_volume
    assert gained == pytest.approx(run.y[0, -1], rel=1e-8, abs=1e-8)
    found = end.concentration_left if on_left else end.concentration_right
    assert found == pytest.approx(run.y[1:, -1] / (length + run.y[0, -1]), rel=1e-7, abs=1e-8)


@pytest.mark.parametrize("size", [1e-12, 1e-3, 1.0, 1e6])
@pytest.mark.parametrize("outside", [1e-9, 1.0, 1e7])
def test_over_many_orders_of_magnitude(size: float, outside: float) -> None:
    (end,) = analytic.equilibrium(
        [(0.0, 0.0)],
        length_left=size,
        length_right=1.0,
        amount_left=[300.0 * size],
        amount_right=[outside],
        passes=[False],
        reflection=[1.0],
        partition=[1.0],
        stiffness_left=0.0,
        stiffness_right=0.0,
        rigid="",
        membrane=True,
        water_passes=True,
        osmotic_pressure=lambda c: RT * c,
        reservoir="right",
    )
    assert end.displaced_volume is not None
    assert end.concentration_left is not None
    assert end.concentration_left[0] == pytest.approx(outside, rel=1e-12)
    assert end.displaced_volume == pytest.approx(size * (1.0 - 300.0 / outside), rel=1e-12)
    assert math.isfinite(end.displaced_volume)
