"""Forward and pressure-retarded osmosis: the closed forms, and the model with a support layer against them."""

from typing import Any

import numpy as np
import pytest

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
