"""Steady states along a membrane against exact solutions and another program's figures."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from membrane_pde.model import stations as st
from membrane_pde.model.station_system import StationSystem
from membrane_pde.physics import crossflow
from membrane_pde.physics.liquid import liquid_of
from membrane_pde.physics.osmotic import Solution
from membrane_pde.solvers.steady_stations import Found, find_steady
from tests.stations import GUILLEN_HOEK, SPACER_FRICTION, channel, membrane, system_of

GAS, TEMPERATURE = 8.31446261815324, 298.15
IDEAL = Solution("ideal", TEMPERATURE, (2,))


def rejecting(stations: int) -> tuple[StationSystem, Found]:
    """An element that holds everything back, without polarization or friction."""
    both = [channel(8.0, 1.0, stations), channel(8.0, 1.0, stations, holds=False)]
    system = system_of(*both, membrane(5e-12, (0.0,)), IDEAL, [[1e-4, 20e5, 100.0], [0.0, 0.0, 0.0]])
    return system, find_steady(system)


def area_for(left: float) -> float:
    """Area, m^2, after which a flow Q is left: the closed formula of issue 19."""
    flow, pressure, osmotic = 1e-4, 20e5, 2.0 * GAS * TEMPERATURE * 100.0
    log = math.log((pressure - osmotic) * flow / (pressure * left - osmotic * flow))
    return (flow - left + flow * osmotic / pressure * log) / (5e-12 * pressure)


def left_exactly() -> float:
    """The flow that is left after 8 m^2, m^3/s."""
    low, high = 2.0 * GAS * TEMPERATURE * 100.0 / 20e5 * 1e-4 * (1.0 + 1e-12), 1e-4
    while low < (middle := 0.5 * (low + high)) < high:
        low, high = (middle, high) if area_for(middle) > 8.0 else (low, middle)
    return low


def passed(stations: int) -> float:
    system, found = rejecting(stations)
    assert found.converged
    return 1e-4 * system.recovery(found.state)


def test_perfect_rejection_is_the_closed_formula() -> None:
    exact = 1e-4 - left_exactly()
    errors = [abs(passed(n) / exact - 1.0) for n in (8, 16, 32, 64)]
    assert errors[0] < 2e-4
    assert abs(passed(256) / exact - 1.0) < 1e-6
    orders = [math.log2(coarse / fine) for coarse, fine in itertools.pairwise(errors)]
    assert min(orders) >= 1.9


@pytest.mark.parametrize(
    ("pressure", "flux", "recovery", "brine"), [(50e5, 16.87, 0.2406, 48.45e5), (60e5, 23.93, 0.3413, 58.57e5)]
)
def test_watertap_one_dimensional_model(pressure: float, flux: float, recovery: float, brine: float) -> None:
    """Figures of issue 19 from WaterTAP, which balances mass where volume is balanced here: within 0.5 %."""
    mass, density, water = 0.058443, (995.0, 756.0), 997.047
    phi = tuple(a * 1000.0 / water for a in (0.918, 0.0889, 4.92))
    solution = Solution(
        "polynomial", TEMPERATURE, (2,), molar_mass=(mass,), water_density=water, coefficient=phi, density=density
    )
    laws = (density, (9.80e-4, 2.15e-3), (1.51e-9, -2.00e-9, 3.01e-8, -1.22e-7, 1.53e-7))
    liquid = liquid_of(np.array([water, 0.0]), 1e-3, np.full((2, 1), 1e-9), np.array([mass]), laws)
    height, width, porosity, fraction, stations = 1e-3, 6.25, 0.85, 0.035, 8
    diameter = 4.0 * porosity / (2.0 / height + 8.0 * (1.0 - porosity) / height)
    rho = 995.0 + 756.0 * fraction
    left = channel(50.0, 8.0, stations, height * width * porosity, diameter, film=GUILLEN_HOEK, drop=SPACER_FRICTION)
    system = system_of(
        left,
        channel(50.0, 8.0, stations, holds=False),
        membrane(4.2e-12, (3.5e-8,)),
        solution,
        [[1.0 / rho, pressure, fraction * rho / mass], [0.0, 101325.0, 0.0]],
        liquid=liquid,
    )
    found = find_steady(system)
    y = found.state
    assert found.converged
    assert (system.areas * y[system.flux_indices]).sum() / 50.0 * 3.6e6 == pytest.approx(flux, rel=5e-3)
    assert system.recovery(y) == pytest.approx(recovery, rel=5e-3)
    system.rates(0.0, y)
    end = y[system.pressure_indices(0)[-1]] - 0.5 * system.workspace.drops[0, -1, 0]
    assert end == pytest.approx(brine, rel=1e-3)


def dialyser(stations: int, direction: int) -> float:
    """Clearance of a dialyser with a constant K₀, m^3/s."""
    both = [channel(1.5, 0.25, stations)] * 2
    system = system_of(
        *both, membrane(0.0, (6e-6,)), IDEAL, [[200e-6 / 60, 0.0, 10.0], [500e-6 / 60, 0.0, 0.0]],
        (st.FLOWING, st.FLOWING), (1, direction),
    )  # fmt: skip
    found = find_steady(system)
    assert found.converged
    blood = 200e-6 / 60
    return blood * (10.0 - float(system.outflow(found.state, 0)[0])) / 10.0


@pytest.mark.parametrize("direction", [1, -1])
def test_dialyser_clears_as_michaels_has_it(direction: int) -> None:
    blood, dialysate, transfer = 200e-6 / 60, 500e-6 / 60, 6e-6 * 1.5
    if direction < 0:
        z = transfer / blood * (1.0 - blood / dialysate)
        exact = blood * (math.exp(z) - 1.0) / (math.exp(z) - blood / dialysate)
    else:
        ratio = 1.0 + blood / dialysate
        exact = blood * -math.expm1(-transfer / blood * ratio) / ratio
    assert dialyser(64, direction) == pytest.approx(exact, rel=1e-5)
    errors = [abs(dialyser(n, direction) / exact - 1.0) for n in (8, 16, 32)]
    assert math.log2(errors[0] / errors[1]) >= 1.9
    assert math.log2(errors[1] / errors[2]) >= 1.9


def test_ultrafiltration_in_a_dialyser_keeps_the_balance() -> None:
    both = [channel(1.5, 0.25, 8, film=GUILLEN_HOEK, drop=(crossflow.FRICTION, 0.0, 64.0, 1.0))] * 2
    system = system_of(
        *both, membrane(2e-11, (6e-6,), (0.1,), "spiegler-kedem"), IDEAL,
        [[200e-6 / 60, 3e4, 10.0], [500e-6 / 60, 0.0, 0.0]], (st.FLOWING, st.FLOWING), (1, -1),
    )  # fmt: skip
    found = find_steady(system)
    assert found.converged
    y = found.state
    blood, other = y[system.flow_indices(0)[-1]], y[system.flow_indices(1)[0]]
    assert blood + other == pytest.approx(700e-6 / 60, rel=1e-12)
    carried = blood * system.outflow(y, 0)[0] + other * system.outflow(y, 1)[0]
    assert carried == pytest.approx(200e-6 / 60 * 10.0, rel=1e-10)


@pytest.mark.parametrize("solute", [0.0, 2e-8])
@pytest.mark.parametrize("pressure", [1e5, 20e5, 24e5, 26e5, 30e5, 60e5])
def test_any_pressure_has_a_steady_state(pressure: float, solute: float) -> None:
    """From below the feed's osmotic pressure (24.8 bar) to where the flux dies along the membrane, without a guess."""
    left = channel(30.0, 1.0, 8, film=GUILLEN_HOEK, drop=SPACER_FRICTION)
    system = system_of(
        left, channel(30.0, 1.0, 8, holds=False), membrane(8e-12, (solute,)), IDEAL,
        [[1e-4, pressure, 500.0], [0.0, 0.0, 0.0]], elements=2,
    )  # fmt: skip
    found = find_steady(system)
    assert found.converged
    fluxes = found.state[system.flux_indices]
    assert (fluxes[0] < 0.0) == (pressure < 24.5e5)
    assert np.isfinite(found.state).all()
    assert system.recovery(found.state) < 1.0


@pytest.mark.parametrize("recovery", [0.05, 0.2, 0.5, 0.8, 0.95])
def test_pressure_and_flow_are_found_for_a_recovery(recovery: float) -> None:
    left = channel(30.0, 1.0, 8, film=GUILLEN_HOEK, drop=SPACER_FRICTION)
    parts = (left, channel(30.0, 1.0, 8, holds=False), membrane(8e-12, (2e-8,)), IDEAL)
    by_pressure = system_of(*parts, [[1e-4, math.nan, 100.0], [0.0, 0.0, 0.0]], held=np.array([1, recovery, 0, 0, 0.0]))
    by_pressure.inlet[0, 1] = 0.0
    found = find_steady(by_pressure)
    assert found.converged
    assert by_pressure.recovery(found.state) == pytest.approx(recovery, rel=1e-9)
    pressure = float(found.state[by_pressure.entry_indices(0)[0, 1]])
    by_flow = system_of(*parts, [[math.nan, pressure, 100.0], [0.0] * 3], held=np.array([0, 0, 1.0, recovery, 0]))
    again = find_steady(by_flow)
    assert again.converged
    assert again.state[by_flow.entry_indices(0)[0, 0]] == pytest.approx(1e-4, rel=1e-6)
