"""Forward and pressure-retarded osmosis: the closed forms, and the model with a support layer against them."""

from functools import cache
from typing import Any

import numpy as np
import pytest

import membrane_pde as mp
from membrane_pde import analytic

RT = 8.31446261815324 * 298.15
MEMBRANE: dict[str, Any] = {
    "water_permeability": 2e-12,
    "permeability": 1e-7,
    "structural_parameter": 5e-4,
    "diffusivity": 1.5e-9,
    "feed": 20.0,
    "draw": 600.0,
    "osmotic": 2 * RT,
    "feed_transfer": 3e-5,
    "draw_transfer": 5e-5,
}


# ---------------------------------------------------------------- closed forms


@pytest.mark.parametrize("facing", ["feed", "draw"])
@pytest.mark.parametrize("pressure", [-1e6, 0.0, 1e6, 2.5e6, 5e6])
def test_profiles_of_the_layers_lead_to_the_concentrations_at_the_membrane(facing: str, pressure: float) -> None:
    """The steady profile ``c = C_1 exp(J x/D) - J_s/J`` through every layer in turn, from the bulk to the membrane."""
    m = MEMBRANE
    state = analytic.forward_osmosis(facing, **m).at_pressure(pressure)
    support = m["structural_parameter"] / m["diffusivity"]

    def through(c: float, resistance: float) -> float:
        """Concentration behind a layer that water and solute cross: J c - (1/R) dc/ds = -J_s, s from 0 to 1."""
        ratio = state.solute_flux / state.water_flux
        return float((c + ratio) * np.exp(state.water_flux * resistance) - ratio)

    feed = through(m["feed"], 1 / m["feed_transfer"])
    draw = through(m["draw"], -1 / m["draw_transfer"])
    if facing == "feed":
        draw = through(draw, -support)
    else:
        feed = through(feed, support)
    assert state.feed_wall == pytest.approx(feed, rel=1e-12)
    assert state.draw_wall == pytest.approx(draw, rel=1e-12)
    across = draw - feed
    assert state.solute_flux == pytest.approx(m["permeability"] * across, rel=1e-11)
    flux = m["water_permeability"] * (m["osmotic"] * across - pressure)
    assert state.water_flux == pytest.approx(flux, rel=1e-11, abs=1e-17)
    assert state.pressure == pytest.approx(pressure, rel=1e-11, abs=1e-6)


def test_no_water_flows_at_the_osmotic_pressure_that_leakage_leaves() -> None:
    membrane = analytic.forward_osmosis("draw", **MEMBRANE)
    resistance = 5e-4 / 1.5e-9 + 1 / 3e-5 + 1 / 5e-5
    balance = 2 * RT * 580.0 / (1 + 1e-7 * resistance)
    assert membrane.pressure(0.0) == pytest.approx(balance, rel=1e-14)
    assert membrane.at_pressure(membrane.pressure(0.0)).water_flux == 0.0
    assert membrane.at_pressure(balance * (1 + 1e-9)).water_flux < 0 < membrane.at_pressure(balance * 0.999).water_flux


def test_a_thick_support_does_not_overflow() -> None:
    thick = analytic.forward_osmosis("feed", **MEMBRANE | {"structural_parameter": 1.0})
    state = thick.at_pressure()
    assert 0 < state.water_flux < 0.01 * analytic.forward_osmosis("feed", **MEMBRANE).at_pressure().water_flux
    assert thick.at_pressure(1e8).water_flux < 0


@pytest.mark.parametrize("facing", ["feed", "draw"])
def test_the_best_pressure_is_the_best(facing: str) -> None:
    membrane = analytic.forward_osmosis(facing, **MEMBRANE)
    best = membrane.best()
    powers = [membrane.at_pressure(best.pressure * share).power_density for share in np.linspace(0.5, 1.5, 101)]
    assert max(powers) == pytest.approx(best.power_density, rel=1e-12)
    assert int(np.argmax(powers)) == 50
    near = [membrane.at_pressure(best.pressure * share).power_density for share in (1 - 1e-4, 1 + 1e-4)]
    assert max(near) < best.power_density


def test_no_power_without_osmosis() -> None:
    with pytest.raises(ValueError, match="no power"):
        analytic.forward_osmosis("draw", **MEMBRANE | {"feed": 700.0}).best()
    with pytest.raises(ValueError, match='expected "feed" or "draw"'):
        analytic.forward_osmosis("left", **MEMBRANE)


def test_polarization_that_has_grown_is_the_exponential_of_steady_flow() -> None:
    for water in (0.3, -0.3):
        given = {"porosity": 0.5, "tortuosity": 2.0, "thickness": 0.8, "diffusivity": 1.5, "concentration": 7.0}
        (end,) = analytic.growing_polarization([1e3], water_flux=water, **given)
        assert end == pytest.approx(7.0 * np.exp(-water * 0.8 * 2.0 / 0.5 / 1.5), rel=1e-11)


def test_polarization_begins_as_before_a_wall_in_free_solution() -> None:
    """Before it reaches the far end: water that leaves presses on a wall, ``J² t/D`` with ``D ε²/τ`` for D."""
    times = np.array([1e-3, 1e-2])
    got = analytic.growing_polarization(
        times, water_flux=-1.0, thickness=2.0, porosity=0.5, tortuosity=1.6, diffusivity=1.5, concentration=3.0
    )
    scaled = times / 0.5 / (0.5 * 1.5 / 1.6)  # (J/ε)² t/(D/τ)
    assert got == pytest.approx(3.0 * analytic.unstirred_semi_infinite_wall(scaled), rel=1e-9)


# ---------------------------------------------------------------- the model

CLOSED = """
title = "Two closed sides and two supports"
[solutes.salt]
diffusivity = "1.5e-9 m^2/s"
dissociation = 2
[solutes.sugar]
diffusivity = "5e-10 m^2/s"
dissociation = 1
[left]
length = "0.5 mm"
concentration = { salt = "20 mmol/L", sugar = "40 mmol/L" }
[left.support]
thickness = "100 um"
porosity = 0.4
tortuosity = 1.8
[right]
length = "0.4 mm"
concentration = { salt = "60 mmol/L", sugar = "50 mmol/L" }
[right.support]
thickness = "150 um"
porosity = 0.6
tortuosity = 1.3
[membrane]
water_permeability = "20 L/m^2/hour/bar"
[membrane.solutes.salt]
permeability = "1e-6 m/s"
reflection = 0.9
[membrane.solutes.sugar]
permeability = "0 m/s"
reflection = 1.0
[mesh]
cells = 30
[run]
duration = "2 d"
until = "equilibrium"
outputs = 40
"""
LAYER = {"structural_parameter": "0.8 mm"}
PORES = 1e-4 * 0.4, 1.5e-4 * 0.6


@cache
def closed(solver: str = "rosenbrock", until: str = "equilibrium", duration: str = "2 d") -> mp.Result:
    changes = {"run.solver": solver, "run.until": until, "run.duration": duration}
    return mp.run(mp.parse_case(CLOSED).with_values(changes))


def test_closed_sides_end_where_the_forces_balance_with_what_is_in_the_pores() -> None:
    result = closed()
    summary, end = result.summary, result.summary["equilibrium"]
    assert summary["status"] == "equilibrium"
    for key in ("displaced_volume_m", "length_left_m", "length_right_m"):
        assert summary[key] == pytest.approx(end[key], rel=1e-6)
    assert summary["concentration_right_mol_per_m3"] == pytest.approx(end["concentration_right_mol_per_m3"], rel=1e-6)
    # by hand: the salt levels out, and the sugar divides the water
    volumes, sugar = (5e-4 + PORES[0], 4e-4 + PORES[1]), (40.0 * (5e-4 + PORES[0]), 50.0 * (4e-4 + PORES[1]))
    assert summary["displaced_volume_m"] == pytest.approx(volumes[0] - sum(volumes) * sugar[0] / sum(sugar), rel=1e-6)
    salt = (20.0 * volumes[0] + 60.0 * volumes[1]) / sum(volumes)
    for side in ("left", "right"):
        reached = summary[f"concentration_{side}_mol_per_m3"]
        assert reached == pytest.approx({"salt": salt, "sugar": sum(sugar) / sum(volumes)}, rel=1e-6)


def test_amounts_include_the_pores_and_none_is_lost() -> None:
    result = closed()
    assert result.summary["amount_error"] < 1e-12
    held = (result.profiles["concentration"] * result.profiles["volume"]).transpose("time", "solute", "cell").values
    left = result.profiles["side"].values == "left"
    passed = result.series["amount_transferred_mol_per_m2"].values
    for side, sign in ((left, -1.0), (~left, 1.0)):
        amount = held[..., side].sum(axis=-1)
        assert np.abs(amount - amount[0] - sign * passed).max() < 1e-12 * held.sum(axis=-1).max()
    at_start = [20.0 * (5e-4 + PORES[0]), 60.0 * (4e-4 + PORES[1])]
    assert [held[0, 0, left].sum(), held[0, 0, ~left].sum()] == pytest.approx(at_start, rel=1e-12)


def test_lengths_and_means_are_those_of_the_solutions_alone() -> None:
    result = closed()
    assert result.summary["length_left_m"] + result.summary["length_right_m"] == pytest.approx(9e-4, rel=1e-12)
    position, side = result.profiles["position"].values, result.profiles["side"].values
    held = (result.profiles["concentration"] * result.profiles["volume"]).transpose("time", "solute", "cell").values
    middle = len(result.series["time"]) // 10
    for name, thickness in (("left", 1e-4), ("right", 1.5e-4)):
        solution = (side == name) & (np.abs(position[middle]) > thickness)
        assert solution.sum() == 30
        mean = held[middle][:, solution].sum(axis=-1) / float(result.series[f"length_{name}_m"][middle])
        got = result.series[f"concentration_{name}_mol_per_m3"].values[middle]
        assert got == pytest.approx(mean, rel=1e-12)


def test_cvode_finds_the_same() -> None:
    one, other = closed("rosenbrock", "duration", "20 min"), closed("cvode", "duration", "20 min")
    for key in ("water_flux_m_per_s", "wall_concentration_left_mol_per_m3", "wall_concentration_right_mol_per_m3"):
        a, b = one.series[key].values[1:], other.series[key].values[1:]
        assert np.abs(a - b).max() < 2e-5 * np.abs(a).max()


def test_a_support_that_keeps_more_water_than_the_side_has_is_no_end() -> None:
    """The pores could supply what the solution cannot: the run ends when the solution is gone."""
    thin = {"left.length": "20 um", "left.concentration.sugar": "5 mmol/L", "run.until": "duration"}
    case = mp.parse_case(CLOSED).with_values(thin)
    assert "left side runs dry" in mp.equilibrium(case)["message"]
    with pytest.raises(mp.RunError, match="dry"):
        mp.run(case)


def test_two_ways_to_give_a_support_have_one_steady_state() -> None:
    case = mp.load_case("forward_osmosis")
    layer = case.with_values({"right.support": {"thickness": "200 um", "porosity": 0.5, "tortuosity": 2.85}})
    assert layer.right.support is not None
    assert layer.right.support.structural_parameter == pytest.approx(1.14e-3, rel=1e-12)
    one, other = mp.steady(case), mp.steady(layer)
    assert other["water_flux_m_per_s"] == pytest.approx(one["water_flux_m_per_s"], rel=1e-10)


def test_a_structural_parameter_is_fitted_from_fluxes() -> None:
    """As a bench finds it: fluxes against draw solutions of several strengths, A and B known."""
    case, strengths = mp.load_case("forward_osmosis"), [0.25, 1.0]
    fluxes = [
        mp.steady(case.with_values({"right.support": LAYER, "right.concentration.NaCl": f"{c} mol/L"}))
        for c in strengths
    ]
    data = {
        "right.concentration.NaCl [mol/L]": strengths,
        "water_flux [L/m^2/hour]": [each["water_flux_m_per_s"] * 3.6e6 for each in fluxes],
    }
    found = mp.fit(case.with_values({"mesh.cells": 8}), data, ["right.support.structural_parameter"])
    assert found.parameters["right.support.structural_parameter"].value == pytest.approx(8e-4, rel=1e-5)
