"""The equations at stations along a membrane: derivatives, balances, symmetry, what the outflow carries."""

from __future__ import annotations

import numpy as np
import pytest

from membrane_pde.model import stations as st
from membrane_pde.model.station_cells import outflow_weights
from membrane_pde.model.station_system import StationSystem
from membrane_pde.physics import crossflow
from membrane_pde.physics.liquid import liquid_of, mass_fraction
from membrane_pde.physics.osmotic import Solution
from membrane_pde.solvers.steady_stations import find_steady
from tests.stations import GUILLEN_HOEK, SPACER_FRICTION, channel, membrane, system_of

TEMPERATURE = 298.15
ROLES = {
    "drawn off": ((st.FLOWING, st.DRAWN), (1, 1)),
    "dead end": ((st.FLOWING, st.DEAD_END), (1, 1)),
    "dead end, counter-current": ((st.FLOWING, st.DEAD_END), (1, -1)),
    "co-current": ((st.FLOWING, st.FLOWING), (1, 1)),
    "counter-current": ((st.FLOWING, st.FLOWING), (1, -1)),
}
LAWS = {"solution-diffusion": 1.0, "spiegler-kedem": 0.8, "kedem-katchalsky": 0.9}


def plant(role: str, law: str = "solution-diffusion", limited: bool = False) -> StationSystem:
    """Three elements of two solutes with everything that there is: films, friction, boosts, dispersion, a support."""
    roles, direction = ROLES[role]
    drawn, flows = roles[1] == st.DRAWN, roles[1] == st.FLOWING
    left = channel(30.0, 1.0, 4, film=GUILLEN_HOEK, drop=SPACER_FRICTION, dispersion=1e-4)
    right = channel(30.0, 1.0, 4, holds=False) if drawn else left
    return system_of(
        left,
        right,
        membrane(5e-12, (5e-8, 2e-7), (LAWS[law],) * 2, law),
        Solution("virial", TEMPERATURE, (2, 1), virial=((1e-5,), (2e-5,))),
        [[1e-4, 20e5, 100.0, 30.0], [5e-5 if flows else 0.0, 1e5, 300.0, 10.0]],
        roles,
        direction,
        elements=3,
        vessels=1.0 if flows else np.array([2.0, 2.0, 1.0]),
        loss=1e4,
        boost=np.array([1e5, 0.0, 2e5]),
        held=np.zeros(5) if flows else np.array([st.FOR_RECOVERY, 0.45, 0.0, 0.0, 0.03]),
        liquid=liquid_of(np.array([1000.0, 0.04, 0.1]), 1e-3, np.full((2, 2), 1.5e-9), np.array([0.058, 0.1])),
        limited=limited,
        support=np.array([0.0, 3e-4]),
    )


@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("role", ROLES)
def test_jacobian_is_that_of_differences(role: str, law: str, limited: bool) -> None:
    system, rng = plant(role, law, limited), np.random.default_rng(1)
    y = system.scales * rng.uniform(0.2, 1.0, system.size)
    y[system.flux_indices] *= 0.1 * rng.choice([-1, 1], system.stations)
    rates, jacobian = system.linearized(y)
    assert np.array_equal(rates, system.rates(0.0, y))
    found, scales = jacobian.toarray() * system.scales, system.scales
    differences = np.empty_like(found)
    for i in range(system.size):
        h = 1e-6 * max(abs(y[i]), 1e-3 * scales[i])
        above, below = y.copy(), y.copy()
        above[i] += h
        below[i] -= h
        differences[:, i] = (system.rates(0.0, above) - system.rates(0.0, below)) / (2.0 * h) * scales[i]
    size = np.abs(found).max(axis=1)[:, None]
    assert np.abs((found - differences) / size).max() < 1e-8


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("role", ROLES)
def test_what_enters_leaves(role: str, law: str) -> None:
    system = plant(role, law)
    found = find_steady(system)
    assert found.converged
    y, p, feed = found.state, system.numbers, system.entry_indices(0)
    rates = system.rates(0.0, y)
    assert np.abs(rates[system.concentration_indices(0)]).max() < 1e-9
    vessels, passing = system.vessels, system.workspace.passing
    water = float(vessels[0] * y[feed[0, 0]] - vessels[-1] * y[system.flow_indices(0)[-1]])
    assert water == pytest.approx(float((system.areas * y[system.flux_indices]).sum()), rel=1e-12)
    for s in range(2):
        carried = [float(vessels[0] * y[feed[0, 0]] * y[feed[0, 2 + s]])]
        last = system.outflow(y, 0)
        carried.append(float(vessels[-1] * y[system.flow_indices(0)[-1]] * last[s]))
        passed = float((system.areas * passing[:, s]).sum())
        assert carried[0] - carried[1] == pytest.approx(passed, abs=1e-10 * carried[0])
    if p.held[st.PRESSURE_KIND] == st.FOR_RECOVERY:
        assert system.recovery(y) == pytest.approx(0.45, rel=1e-10)


def test_outflow_is_exact_for_parabolas_and_bounded_with_the_limiter() -> None:
    def mean(start: float) -> float:  # of x² between start and start + 1
        return ((start + 1.0) ** 3 - start**3) / 3.0

    plain = (False, 1e-9, False)
    inside = outflow_weights(*plain, False, False, mean(1.0), mean(2.0), mean(3.0))
    assert inside[0] == pytest.approx(9.0, rel=1e-14)
    first = outflow_weights(*plain, True, False, 4.0, mean(2.0), mean(3.0))
    assert first[0] == pytest.approx(9.0, rel=1e-14)
    front = outflow_weights(True, 1e-9, False, False, False, 1.0, 1.0, 0.0)
    assert 1.0 - 1e-9 < front[0] <= 1.0
    line = outflow_weights(True, 1e-9, False, False, False, 1.0, 2.0, 3.0)
    assert line[0] == pytest.approx(2.5)


def test_pressures_fall_by_friction_and_rise_by_boosts() -> None:
    system = plant("drawn off")
    y = find_steady(system).state
    entries, pressures = system.entry_indices(0), y[system.pressure_indices(0)]
    drops = system.workspace.drops[0, :, 0]
    assert (drops > 0.0).all()
    second = pressures[7] - 0.5 * drops[7] - 1e4 + 2e5
    assert y[entries[2, 1]] == pytest.approx(second, rel=1e-12)
    assert y[entries[2, 0]] == pytest.approx(2.0 * y[system.flow_indices(0)[7]], rel=1e-12)


def test_friction_and_film_have_exact_derivatives() -> None:
    flow, density, viscosity, diffusivity = 1e-4, 1020.0, 1e-3, 1.5e-9
    arguments = [flow, density, viscosity, diffusivity]

    def film(values: list[float]) -> float:
        return crossflow.film_coefficient(crossflow.CORRELATION, 0.46, 0.36, 0.4, 1.0, 1e-3, 1e-3, *values)[0]

    def gradient(values: list[float]) -> float:
        return crossflow.pressure_gradient(crossflow.FRICTION, 0.42, 189.3, 0.8, 1e-3, 1e-3, *values[:3])[0]

    k, *slopes = crossflow.film_coefficient(crossflow.CORRELATION, 0.46, 0.36, 0.4, 1.0, 1e-3, 1e-3, *arguments)
    _, *falls = crossflow.pressure_gradient(crossflow.FRICTION, 0.42, 189.3, 0.8, 1e-3, 1e-3, *arguments[:3])
    for n, value in enumerate(arguments):
        up, down = arguments.copy(), arguments.copy()
        up[n], down[n] = value * (1.0 + 1e-6), value * (1.0 - 1e-6)
        change = (film(up) - film(down)) / 2e-6 / k
        assert change == pytest.approx(slopes[n] * (value if n == 0 else 1.0), rel=1e-6)
        if n < 3:
            change = (gradient(up) - gradient(down)) / 2e-6
            assert change == pytest.approx(falls[n] * (value if n == 0 else 1.0), rel=1e-6)


def test_laminar_friction_is_that_of_a_slit() -> None:
    height, width, viscosity, flow = 1e-3, 1.0, 1e-3, 1e-5
    fall = crossflow.pressure_gradient(
        crossflow.FRICTION, 0.0, 96.0, 1.0, height * width, 2.0 * height, flow, 1000.0, viscosity
    )
    assert fall[0] == pytest.approx(12.0 * viscosity * flow / (width * height**3), rel=1e-12)
    back = crossflow.pressure_gradient(
        crossflow.FRICTION, 0.0, 96.0, 1.0, height * width, 2.0 * height, -flow, 1000.0, viscosity
    )
    assert back[0] == -fall[0]


def test_mass_fraction_agrees_with_its_density() -> None:
    mass = 0.058443
    liquid = liquid_of(np.array([997.0, 0.0]), 1e-3, np.full((2, 1), 1e-9), np.array([mass]), ((995.0, 756.0), (), ()))
    w, slope = mass_fraction(liquid, 600.0)
    assert w * (995.0 + 756.0 * w) == pytest.approx(600.0 * mass, rel=1e-14)
    assert slope == pytest.approx((mass_fraction(liquid, 600.1)[0] - mass_fraction(liquid, 599.9)[0]) / 0.2, rel=1e-7)


def test_osmotic_pressure_of_a_polynomial() -> None:
    mass, water, density, phi = 0.058443, 997.0, (995.0, 756.0), (0.918, 0.0889, 4.92)
    solution = Solution(
        "polynomial", TEMPERATURE, (2,), molar_mass=(mass,), water_density=water, coefficient=phi, density=density
    )
    w = 0.05
    c = w * (995.0 + 756.0 * w) / mass
    expected = (0.918 + 0.0889 * w + 4.92 * w * w) * 2.0 * w / (1.0 - w) / mass * 8.31446261815324 * TEMPERATURE * water
    value, slope = solution.pressure([c])
    assert value == pytest.approx(expected, rel=1e-12)
    assert slope[0] == pytest.approx(
        (solution.pressure([c + 0.1])[0] - solution.pressure([c - 0.1])[0]) / 0.2, rel=1e-7
    )
    end = 0.5 * (995.0 + 756.0 * 0.5) / mass  # half of the mass is solute: beyond it the pressure goes on in proportion
    assert solution.pressure([2.0 * end])[0] == pytest.approx(2.0 * solution.pressure([end])[0], rel=1e-12)
