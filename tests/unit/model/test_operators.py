"""Right-hand side and Jacobian: differences, conservation, the free stream, and FiPy's own assembly."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from membrane_pde.model.applied import Segment
from membrane_pde.model.chain import AREA, Faces
from membrane_pde.model.interface import REFLECTION
from membrane_pde.model.observing import Observations
from membrane_pde.model.problem import DISTANCE_FIXED, DISTANCE_STRETCHING, FRACTION
from membrane_pde.model.system import System
from membrane_pde.physics.osmotic import reflected
from membrane_pde.solvers.terms import Equation
from tests.systems import (
    BATH,
    CLOSED,
    FEED,
    OUTFLOW,
    REGIONS,
    RESERVOIR,
    SETTINGS,
    dense_jacobian,
    label,
    pressing,
    rhs,
    some_state,
    system,
)

Array = NDArray[np.float64]


def observed(one: System, y: Array, segment: Segment, t: float = 0.5) -> Observations:
    seen = one.observe(np.array([t]), y[None, None, :], [[segment]], one.memory[None, :])
    return Observations(*(each[0] for each in seen))


def wall_pressures(one: System, y: Array, segment: Segment) -> list[float]:
    """Σσπ at both walls."""
    seen, reflection = observed(one, y, segment), one.numbers.face.table[REFLECTION]
    return [
        reflected(one.problem.osmotics, w[0].copy(), reflection, np.empty(2)) for w in (seen.wall_left, seen.wall_right)
    ]


def settings_of_walls_and_traces() -> Iterator[dict[str, Any]]:
    """Elastic walls that press or are off; stirred sides that hold less than counts in the logarithmic mean."""
    for pressure, wall in itertools.product((6e6, -6e6), ((True, True), (True, False))):
        yield {"boundary": (CLOSED, CLOSED), "stirred": (False, False), "pressure": pressure, "wall": wall}
    yield {"boundary": (CLOSED, OUTFLOW), "stirred": (True, False), "pressure": -6e6, "wall": (True, False)}
    yield {"boundary": (CLOSED, BATH), "stirred": (True, True), "pressure": -6e6, "wall": (True, False)}
    yield {
        "boundary": (CLOSED, CLOSED),
        "stirred": (False, True),
        "pressure": 6e6,
        "pumped": "right",
        "wall": (True, True),
    }
    for pressure, boundary, trace in itertools.product((6e6, -6e6), (CLOSED, OUTFLOW, BATH), (350.0, 5e3)):
        for stirred in ((True, True), (False, True), (True, False)):
            yield {
                "boundary": (CLOSED, boundary) if pressure > 0.0 else (boundary, CLOSED),
                "stirred": stirred,
                "law": "kedem-katchalsky",
                "pressure": pressure,
                "trace": trace,
            }


WALLS_AND_TRACES = list(settings_of_walls_and_traces())


# -- the Jacobian ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("setting", [*SETTINGS, *WALLS_AND_TRACES, *REGIONS], ids=label)
def test_jacobian_against_differences_and_its_columns_conserve(setting: dict[str, Any]) -> None:
    setting = dict(setting)
    segment = pressing(setting.pop("pressure"))
    closed = tuple(1e7 if kind == CLOSED and setting.get("present", True) else 0.0 for kind in setting["boundary"])
    one = system(**setting, stiffness=closed)
    y = some_state(one)
    one.set_walls(0.5, y, segment)
    exact = dense_jacobian(one, y, segment)

    # central differences of fourth order
    numeric = np.zeros_like(exact)
    step = np.abs(y) * 1e-3
    step[one.x] = 1e-6 if one.numbers.curve.power == 0 else 2e-7  # of a sphere of 1 mm 1.3e-4 m are left
    step[one.x + 1 :] = 1e-6
    for j in range(one.size):
        move = np.zeros(one.size)
        move[j] = step[j]
        near, far = (rhs(one, y + k * move, segment) - rhs(one, y - k * move, segment) for k in (1, 2))
        numeric[:, j] = (8 * near - far) / (12 * step[j])
    # round-off of J_v is that of the pressures it is the difference of, and every flux moves with it
    seen = observed(one, y, segment)
    pressures = [abs(segment.left[0]), *wall_pressures(one, y, segment)]
    water = one.problem.membrane.water_permeability * sum(pressures) + np.abs(one.faces(0.5, y, segment).alpha).max()
    size = np.full(one.size, water * max(400.0, seen.wall_left.max(), seen.wall_right.max()))
    size[one.x], size[one.work] = water, water * max(abs(segment.left[0]), *pressures)
    for side in (0, 1):
        if one.ports[side].bath.present:
            size[one.volume[side]] = water
    noise = 4e-15 * size[:, None] / np.where(step > 0, step, 1.0)
    apart = np.abs(exact - numeric)
    assert (apart <= 1e-8 * np.abs(numeric).max(axis=0) + noise).all(), np.argwhere(apart > noise)
    # small entries too, where differences can see them
    clear = np.abs(numeric) > 1e4 * noise
    assert clear.sum() > 0.5 * np.count_nonzero(exact)
    assert exact[clear] == pytest.approx(numeric[clear], rel=1e-3)

    # sum over a side's cells = what enters through the far face − what leaves through the membrane
    n, m = one.cells, one.membrane
    largest = np.abs(exact).max(axis=0)
    for s in range(one.solutes):
        cells = exact[: one.x].reshape(one.solutes, n, -1)[s]
        sides = [cells[:m].sum(axis=0), cells[m:].sum(axis=0)]
        passed, left, right = exact[one.passed][s], exact[one.far_left][s], exact[one.far_right][s]
        assert (np.abs(sides[0] - left + passed) <= 4e-15 * largest).all()
        assert (np.abs(sides[1] - passed + right) <= 4e-15 * largest).all()


@pytest.mark.parametrize("setting", [*SETTINGS, *REGIONS], ids=label)
def test_right_hand_side_conserves(setting: dict[str, Any]) -> None:
    setting = dict(setting)
    segment = pressing(setting.pop("pressure"))
    one = system(**setting)
    y = some_state(one)
    change, faces = rhs(one, y, segment), one.faces(0.5, y, segment)
    n, m = one.cells, one.membrane
    cells = change[: one.x].reshape(one.solutes, n)
    size = np.abs(faces.flux).max()
    for s in range(one.solutes):
        passed, left, right = change[one.passed][s], change[one.far_left][s], change[one.far_right][s]
        assert cells[s, :m].sum() == pytest.approx(left - passed, abs=4e-15 * size)
        assert cells[s, m:].sum() == pytest.approx(passed - right, abs=4e-15 * size)
    for side, far in ((0, one.far_left), (1, one.far_right)):
        if one.ports[side].moves:
            assert not change[far].any()
    assert change[one.x] == pytest.approx(faces.water_flux * float(faces.scalars[AREA]), rel=1e-12)
    if not one.numbers.pumped:
        assert change[one.work] == -segment.rise * y[one.x]  # of the work, what is not Δp X
    if setting.get("present", True):
        assert change[one.x] * segment.left[0] > 0.0


@pytest.mark.parametrize("rigid", ["left", "right"])
def test_a_rigid_side_stops_the_water_and_is_held_by_the_wall_pressure(rigid: str) -> None:
    one = system(rigid=rigid)
    y = some_state(one, displaced=0.0)
    segment = pressing(2e5) if rigid == "right" else Segment(0.0, 1.0, (0.0, 0.0), (2e5, 2e5))
    assert rhs(one, y, segment)[one.x] == 0.0
    seen = observed(one, y, segment)
    left, right = wall_pressures(one, y, segment)
    assert seen.pressure_left[0] - seen.pressure_right[0] == pytest.approx(left - right, rel=1e-13)
    assert (seen.pressure_left if rigid == "right" else seen.pressure_right)[0] == 2e5


# -- the free stream ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("law", ["kedem-katchalsky", "spiegler-kedem"])
@pytest.mark.parametrize("boundary", list(itertools.product((CLOSED, RESERVOIR, OUTFLOW), repeat=2))[:-1])
@pytest.mark.parametrize("pressure", [5e6, -5e6])
def test_uniform_concentration_stays_uniform_on_the_moving_mesh(
    law: str, boundary: tuple[str, str], pressure: float
) -> None:
    """Geometric conservation: with σ = 0 the solution goes through as it is: ``dm/dt = c d(width)/dt``."""
    level = np.array([300.0, 20.0])
    one = system(boundary, law=law, sigma=(0.0, 0.0), outside=(level, level), cells=20)
    displaced = 3e-4
    y = one.initial_state(np.ones((2, one.problem.mesh.cells)))
    y[one.x] = displaced
    one.amounts(y)[:] = level[:, None] * one.widths(y)
    segment = pressing(pressure)
    change = rhs(one, y, segment)
    water = change[one.x]
    assert abs(water) == pytest.approx(5e-5, rel=1e-12)
    mesh = one.problem.mesh
    growth = np.zeros(mesh.cells)
    if boundary[0] == CLOSED:
        growth[: mesh.membrane] = -water * mesh.width[: mesh.membrane] / mesh.length_left
    if boundary[1] == CLOSED:
        growth[mesh.membrane :] = water * mesh.width[mesh.membrane :] / mesh.length_right
    # round-off of the terms whose difference a flux is: diffusion back and forth through one face
    faces = one.faces(0.5, y, segment)
    size = (np.abs(faces.alpha).max() + np.abs(faces.beta).max()) * level[:, None]
    cells = change[: one.x].reshape(2, -1)
    assert (np.abs(cells - level[:, None] * growth) <= 8e-15 * size).all()
    assert faces.wall_left == pytest.approx(level, rel=1e-14)
    assert faces.wall_right == pytest.approx(level, rel=1e-14)


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("stirred", [False, True])
@pytest.mark.parametrize("bath", ["alone", "bleeding", "made up", "made up, bled faster than it overflows", "fed"])
@pytest.mark.parametrize("pressure", [5e6, -5e6])
def test_a_uniform_bath_stays_uniform(side: int, stirred: bool, bath: str, pressure: float) -> None:
    """With σ = 0 and a feed like the solution, whatever flows: ``dn_b = c dV_b``, and nothing changes in the layer."""
    boundary = (BATH, CLOSED) if side == 0 else (CLOSED, BATH)
    one = system(boundary, stirred=(stirred, stirred), law="spiegler-kedem", sigma=(0.0, 0.0), bath=bath)
    y = some_state(one)
    faces = one.faces(0.5, y, pressing(pressure))
    one.amounts(y)[:] = FEED[:, None] * faces.width
    place = one.volume[side]
    change = rhs(one, y, pressing(pressure))
    assert abs(change[one.x]) == pytest.approx(5e-5, rel=1e-12)
    faces = one.faces(0.5, y, pressing(pressure))
    size = 8e-15 * (np.abs(faces.alpha).max() + 1e-4) * FEED  # flows are up to 1e-4 m/s
    edge = 0 if side == 0 else -1
    gained = one.amounts(change)[:, edge]
    if not stirred:
        m = one.membrane
        layer = one.amounts(change)[:, 1:m] if side == 0 else one.amounts(change)[:, m:-1]
        assert (np.abs(layer) <= size[:, None]).all()
    assert (np.abs(gained - FEED * change[place]) <= size).all()
    if bath.startswith("made up"):
        assert change[place] == 0.0
    else:
        assert change[place] != 0.0


@pytest.mark.parametrize("pressure", [6e6, -6e6, 1e-3, 0.0])
def test_face_coefficients_are_the_exponential_profile(pressure: float) -> None:
    """``α − β = v``: a uniform solution is carried along; ``c = e^{v x/D}`` carries no flux: ``α = β e^Pe``."""
    one = system((RESERVOIR, CLOSED), sigma=(0.0, 0.0), cells=20)
    faces = one.faces(0.5, some_state(one, displaced=0.0), pressing(pressure))
    p, m = one.numbers, one.membrane
    inner = np.r_[1:m, m + 1 : one.cells]
    for s in range(2):
        side = (inner > m).astype(int)
        g = p.diffusivity[side, s] / (p.mesh[DISTANCE_FIXED, inner] + p.mesh[DISTANCE_STRETCHING, inner])
        velocity = p.mesh[FRACTION, inner] * faces.water_flux
        alpha, beta = faces.alpha[s, inner], faces.beta[s, inner]
        assert alpha - beta == pytest.approx(velocity, rel=1e-10, abs=1e-15 * g.max())
        assert alpha == pytest.approx(beta * np.exp(velocity / g), rel=1e-9)
        if not pressure:
            assert alpha == pytest.approx(g, rel=1e-15)
            assert (beta == alpha).all()


# -- FiPy's own assembly --------------------------------------------------------------------------------------------
FIPY_CASES: dict[str, dict[str, Any]] = {
    "closed": {},
    "closed, other direction": {"pressure": -6e6},
    "reservoir": {"boundary": (RESERVOIR, CLOSED)},
    "reservoir right": {"boundary": (CLOSED, RESERVOIR), "pressure": -6e6},
    "outflow": {"boundary": (RESERVOIR, OUTFLOW)},
    "outflow drawing in": {"boundary": (RESERVOIR, OUTFLOW), "pressure": -6e6},
    "outflow left": {"boundary": (OUTFLOW, RESERVOIR), "pressure": -6e6},
    "leaky": {"sigma": (0.4, 0.1), "permeability": (2e-6, 5e-6)},
    "logarithmic mean": {"law": "kedem-katchalsky", "sigma": (0.4, 0.1)},
    "stirred": {"stirred": (True, False)},
    "held flux": {"boundary": (CLOSED, OUTFLOW), "pumped": "left"},
    "elastic": {"stiffness": (1e9, 2e9)},
    "bath": {"boundary": (BATH, CLOSED)},
    "bath, made up": {"boundary": (CLOSED, BATH), "bath": "made up", "pressure": -6e6},
    "stirred bath, fed": {"boundary": (BATH, OUTFLOW), "stirred": (True, False), "bath": "fed"},
    "stirred reservoir": {"boundary": (RESERVOIR, CLOSED), "stirred": (True, False)},
    "no membrane": {"present": False, "displaced": 0.0},
    "pores": {"boundary": (RESERVOIR, CLOSED), "pores": (True, True)},
    "pores beside stirred reservoirs": {
        "boundary": (RESERVOIR, RESERVOIR),
        "stirred": (True, True),
        "pores": (True, True),
    },
    "sphere": {"geometry": "spherical"},
    "sphere in a reservoir": {"boundary": (CLOSED, RESERVOIR), "geometry": "spherical"},
    "no water, partition": {"water": 0.0, "partition": (0.4, 3.0), "displaced": 0.0},
}


@pytest.mark.parametrize("name", FIPY_CASES)
def test_fipy_assembles_the_same_matrix(name: str) -> None:
    """``V dq/dt = −L q + b`` of FiPy against ``F = α c_P − β c_A`` of every face, q amounts per reference volume.

    One FiPy equation of both solutes for two states, the flow turned in between: FiPy has been known to keep weights.
    """
    setting = dict(FIPY_CASES[name])
    pressure, displaced = setting.pop("pressure", 6e6), setting.pop("displaced", 2e-4)
    one = system(**setting, cells=8)
    equation = Equation(one)
    flows = []
    for seed, segment in ((0, pressing(pressure)), (1, pressing(-0.7 * pressure))):
        y = some_state(one, seed, displaced * (1 - 2 * seed))
        faces = one.faces(0.5, y, segment)
        flows.append(faces.water_flux)
        if displaced and any(port.moves for port in one.ports):
            assert max(abs(stretch - 1.0) for stretch in faces.stretch) > 0.05
        whole, sources = equation.matrix(faces)
        n, k = one.cells, one.solutes
        blocks = whole.reshape(k, n, k, n)
        for s in range(k):
            got, b = blocks[s, :, s], sources[s * n : (s + 1) * n]
            assert not np.delete(blocks[s], s, axis=1).any()  # solutes do not meet
            expected, source = assembled(one, faces, s)
            assert (np.abs(got - expected) <= 1e-13 * np.abs(expected).max()).all()
            # tighter where the coefficients differ in size: each row by its own
            assert (np.abs(got - expected).max(axis=1) <= 1e-13 * np.abs(expected).max(axis=1)).all()
            assert b == pytest.approx(source, rel=1e-13, abs=1e-300)
            # with it, the balance of every cell is that of the right-hand side
            q = one.amounts(y)[s] / one.width
            change = one.amounts(rhs(one, y, segment))[s].copy()
            change[[end for side, end in ((0, 0), (1, n - 1)) if one.infinite(side)]] = 0.0  # such a cell never changes
            assert -got @ q + b == pytest.approx(change, rel=0, abs=1e-13 * (np.abs(expected) @ q).max())
    if not one.still:
        assert flows[0] * flows[1] < 0.0
        assert min(np.abs(flows)) > 1e-6


def assembled(one: System, faces: Faces, s: int) -> tuple[Array, Array]:
    """Matrix and source of one solute, face by face."""
    alpha, beta = faces.alpha[s], faces.beta[s]
    n = one.cells
    matrix, source = np.zeros((n, n)), np.zeros(n)
    for f in range(1, n):
        matrix[f - 1, f - 1] += alpha[f]
        matrix[f, f - 1] -= alpha[f]
        matrix[f - 1, f] -= beta[f]
        matrix[f, f] += beta[f]
    matrix[0, 0] += beta[0]
    matrix[-1, -1] += alpha[-1]
    source[0] += alpha[0] * faces.outside[0][s]
    source[-1] += beta[-1] * faces.outside[1][s]
    for side, end, neighbour, inward in ((0, 0, 1, alpha[1]), (1, n - 1, n - 2, beta[n - 1])):
        if one.infinite(side):
            source[neighbour] += inward * faces.concentration[s, end]
            matrix[neighbour, end] = 0.0
            matrix[end], source[end] = 0.0, 0.0
    return matrix / (faces.width / one.width), source


def test_what_is_below_zero_piles_up_no_wall() -> None:
    """A flow towards the membrane would amplify it exponentially, into a pull without bounds."""
    one, segment = system(water=1e-10), Segment(0.0, 1.0, (5e6, 5e6), (0.0, 0.0))
    y = one.initial_state(np.full((2, 8), 1.0))
    at_the_wall = one.amounts(y)[:, one.membrane - 1]
    at_the_wall[1] = 0.0
    none = one.water_flux(0.0, y, segment)
    rates, below = np.empty(one.size), np.empty(one.size)
    one.rhs(0.0, y, rates, segment)
    at_the_wall[1] = -1e-9 * one.width[one.membrane - 1]
    assert one.water_flux(0.0, y, segment) == none
    one.rhs(0.0, y, below, segment)
    assert below[one.x] == none
    np.testing.assert_allclose(below, rates, rtol=1e-6, atol=1e-6 * np.abs(rates).max())
