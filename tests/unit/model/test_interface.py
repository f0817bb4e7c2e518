"""The membrane face: its equations, derivatives, symmetry, extreme Péclet numbers, and the choice between roots."""

import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext

import numpy as np
import pytest
from scipy.optimize import brentq

from membrane_pde.model.interface import (
    SEVERAL,
    Array,
    FaceNumbers,
    Membrane,
    NoSolution,
    face_numbers,
    find_water_flux,
    set_face,
    set_face_slopes,
)
from membrane_pde.physics.constants import GAS_CONSTANT
from membrane_pde.physics.fluxes import KEDEM_KATCHALSKY, logarithmic_mean
from membrane_pde.physics.osmotic import IDEAL, Solution
from tests.laws import LAWS, SOLUTION_DIFFUSION, SPIEGLER_KEDEM, solute_flux

RT = 8.31446261815324 * 298.15


@dataclass
class HalfCells:
    """The half cell on either side of the membrane, one entry a solute.

    Attributes
    ----------
    conductance : ndarray, shape (2, solutes)
        Left and right, m/s.
    concentration : ndarray, shape (2, solutes)
        Cell values left and right, mol/m^3.
    """

    conductance: Array
    concentration: Array


@dataclass
class Face:
    """State of the membrane face at one water flux; arrays with one entry a solute.

    `alpha`, `beta` are the coefficients of ``J = α c_P − β c_A``; the `d…` entries, of shape (solutes, 5), are
    derivatives of the solute flux J with respect to the water flux, the two cell values, and the logarithms of the two
    half-cell lengths (at fixed cell values); `dwall_…` those of the wall concentrations with respect to the same five.
    """

    water_flux: float
    wall_left: Array
    wall_right: Array
    flux: Array
    alpha: Array
    beta: Array
    dflux: Array
    dwall_left: Array
    dwall_right: Array


def face_at(p: FaceNumbers, water_flux: float, cells: HalfCells) -> Face:
    """State of the membrane face with all derivatives, at a given water flux; see `set_face`."""
    solutes = cells.concentration.shape[1]
    state, slopes = np.empty((solutes, 5)), np.zeros((3, solutes, 5))
    given = p, float(water_flux), cells.conductance, cells.concentration
    set_face(*given, state)
    set_face_slopes(*given, slopes)
    return Face(float(water_flux), *state.T.copy(), *slopes)


def water_flux_at(
    p: FaceNumbers, cells: HalfCells, pressure: float, guess: float = 0.0, reference: float = 0.0
) -> tuple[float, bool]:
    """Water flux of the face, and whether there was a choice; see `find_water_flux`.

    Raises
    ------
    NoSolution
        If the iteration does not settle.
    """
    memory = np.array([guess, reference, 0.0])
    c = cells.concentration
    scratch = np.empty((6, c.shape[1]))
    found = find_water_flux(p, cells.conductance, c, float(pressure), memory, scratch)
    if math.isnan(found):
        raise NoSolution
    return found, memory[SEVERAL] == 1.0


@dataclass
class Cells:
    """What stands on both sides, one entry a solute."""

    length_left: float
    length_right: float
    diffusivity_left: Sequence[float]
    diffusivity_right: Sequence[float]
    concentration_left: Sequence[float]
    concentration_right: Sequence[float]
    stirred_left: bool
    stirred_right: bool

    @property
    def half(self) -> HalfCells:
        c = np.array([self.concentration_left, self.concentration_right], dtype=float)
        diffusivity = np.array([self.diffusivity_left, self.diffusivity_right], dtype=float)
        return HalfCells(diffusivity / np.array([[self.length_left], [self.length_right]]), c)


class Interface:
    """A membrane between solutions of so many particles a solute, ideal; the kernels behind the calls of a user."""

    def __init__(self, membrane: Membrane, particles: float = 2.0) -> None:
        self.membrane, self.particles = membrane, particles
        self.several_roots = False

    def numbers(self, cells: Cells) -> FaceNumbers:
        solutes = len(cells.concentration_left)
        osmotics = Solution(IDEAL, RT / GAS_CONSTANT, (self.particles,) * solutes).numbers
        return face_numbers(self.membrane, (cells.stirred_left, cells.stirred_right), osmotics, solutes)

    def wall_pressure(self, walls: Sequence[float]) -> tuple[float, Sequence[float]]:
        slopes = [sigma * self.particles * RT for sigma in self.membrane.reflection]
        return sum(k * c for k, c in zip(slopes, walls, strict=True)), slopes

    def face(self, water_flux: float, cells: Cells) -> Face:
        return face_at(self.numbers(cells), water_flux, cells.half)

    def water_flux(self, cells: Cells, pressure: float, guess: float, reference: float) -> float:
        found, several = water_flux_at(self.numbers(cells), cells.half, pressure, guess, reference)
        self.several_roots = self.several_roots or several
        return found


def solve(face: Interface, cells: Cells, pressure: float, guess: float = 0.0, reference: float = 0.0) -> float:
    return face.water_flux(cells, pressure, guess, reference)


def random_face(law: str, dice: random.Random, *, extremes: bool = True) -> tuple[Interface, Cells, float]:
    """Two solutes, a membrane and a pressure difference; with `extremes` also empty sides and P = 0, σ = 0 or 1."""
    reflections = [0.0, 0.3, 0.9, 1.0] if extremes else [0.2, 0.6, 0.95]
    permeabilities = [0.0, 1e-8, 1e-7, 1e-5] if extremes else [3e-7, 2e-6, 1e-5]
    left, right = ([0.0, 1.0, 500.0], [0.0, 0.3, 700.0]) if extremes else ([80.0, 500.0], [30.0, 700.0])
    sigma = (1.0, 1.0) if law == SOLUTION_DIFFUSION else (dice.choice(reflections), dice.choice(reflections))
    p = (dice.choice(permeabilities), dice.choice(permeabilities))
    face = Interface(Membrane(True, 10 ** dice.uniform(-13, -11), law, p, sigma, (1.0, 1.0)))
    cells = Cells(
        dice.uniform(1e-7, 3e-6),
        dice.uniform(1e-7, 3e-6),
        [dice.uniform(0.5e-9, 2e-9) for _ in range(2)],
        [dice.uniform(0.5e-9, 2e-9) for _ in range(2)],
        [dice.choice(left) for _ in range(2)],
        [dice.choice(right) for _ in range(2)],
        dice.random() < 0.2,
        dice.random() < 0.2,
    )
    return face, cells, dice.choice([0.0, 1e5, 5e6, -5e6])


def half_cell_flux(g: float, v: float, start: float, end: float) -> tuple[float, float]:
    """Flux through a half cell with the exponential profile, and the size of its terms."""
    pe = v / g
    if pe == 0.0:
        return g * (start - end), g * (start + end)
    forward, backward = (v / -math.expm1(-pe), v / math.expm1(pe)) if abs(pe) > 1e-8 else (g + v / 2, g - v / 2)
    return forward * start - backward * end, abs(forward * start) + abs(backward * end)


def mirrored(cells: Cells) -> Cells:
    return Cells(
        cells.length_right,
        cells.length_left,
        cells.diffusivity_right,
        cells.diffusivity_left,
        cells.concentration_right,
        cells.concentration_left,
        cells.stirred_right,
        cells.stirred_left,
    )


# -- the three equations of the face --------------------------------------------------------------------------------
@pytest.mark.parametrize("law", LAWS)
def test_half_cells_and_membrane_carry_one_flux(law: str) -> None:
    dice = random.Random(11)
    for _ in range(400):
        face, cells, _ = random_face(law, dice)
        water = dice.choice([0.0, 1.0, -1.0]) * 10 ** dice.uniform(-9, -5)
        state = face.face(water, cells)
        for s in range(2):
            wall_l, wall_r, flux = state.wall_left[s], state.wall_right[s], state.flux[s]
            c_p, c_a = cells.concentration_left[s], cells.concentration_right[s]
            if cells.stirred_left:
                assert wall_l == pytest.approx(c_p, rel=1e-15)
            else:
                arriving, size = half_cell_flux(cells.diffusivity_left[s] / cells.length_left, water, c_p, wall_l)
                assert arriving == pytest.approx(flux, rel=0, abs=4e-15 * size)
            if cells.stirred_right:
                assert wall_r == pytest.approx(c_a, rel=1e-15)
            else:
                leaving, size = half_cell_flux(cells.diffusivity_right[s] / cells.length_right, water, wall_r, c_a)
                assert leaving == pytest.approx(flux, rel=0, abs=4e-15 * size)
            m = face.membrane
            through = solute_flux(law, m.permeability[s], m.reflection[s], water, wall_l, wall_r)
            size = (m.permeability[s] + (1 - m.reflection[s]) * abs(water)) * (wall_l + wall_r)
            upstream, downstream = (wall_l, wall_r) if water > 0 else (wall_r, wall_l)
            if law == KEDEM_KATCHALSKY and upstream < 1e-12 * downstream:
                # so little upstream, where only diffusion against the flow wets the wall, counts in proportion
                mean = upstream * logarithmic_mean(1.0, 1e12)
                through = m.permeability[s] * (wall_l - wall_r) + (1 - m.reflection[s]) * water * mean
            assert through == pytest.approx(flux, rel=0, abs=1e-14 * size)


@pytest.mark.parametrize("partition", [0.3, 2.5])
def test_partition_divides_the_right_wall(partition: float) -> None:
    """Without water the face is three resistances in series, the right ones K times theirs."""
    p, g_l, g_r, c_p, c_a = 3e-6, 1e-9 / 2e-6, 2e-9 / 1e-6, 400.0, 90.0
    face = Interface(Membrane(True, 0.0, SPIEGLER_KEDEM, (p,), (0.0,), (partition,)))
    state = face.face(0.0, Cells(2e-6, 1e-6, [1e-9], [2e-9], [c_p], [c_a], False, False))
    flux = (c_p - c_a / partition) / (1 / g_l + 1 / p + 1 / (g_r * partition))
    assert state.flux[0] == pytest.approx(flux, rel=1e-14)
    assert state.wall_left[0] == pytest.approx(c_p - flux / g_l, rel=1e-14)
    assert state.wall_right[0] == pytest.approx(c_a + flux / g_r, rel=1e-14)


@pytest.mark.parametrize(("stirred_left", "stirred_right"), [(False, False), (True, False), (False, True)])
def test_without_a_membrane_the_walls_are_one(stirred_left: bool, stirred_right: bool) -> None:
    face = Interface(Membrane(False, 0.0, SPIEGLER_KEDEM, (), (), ()))
    cells = Cells(2e-6, 1e-6, [1e-9], [2e-9], [400.0], [90.0], stirred_left, stirred_right)
    state = face.face(0.0, cells)
    resistance = (0.0 if stirred_left else 2e-6 / 1e-9) + (0.0 if stirred_right else 1e-6 / 2e-9)
    assert state.flux[0] == pytest.approx(310.0 / resistance, rel=1e-14)
    assert state.wall_left[0] == pytest.approx(state.wall_right[0], rel=1e-14)
    assert 90.0 <= state.wall_left[0] <= 400.0


# -- derivatives ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("law", LAWS)
def test_derivatives_against_differences(law: str) -> None:
    dice = random.Random(2)
    for _ in range(120):
        face, cells, _ = random_face(law, dice, extremes=False)
        water = dice.choice([1.0, -1.0]) * 10 ** dice.uniform(-7, -5)
        exact = face.face(water, cells)

        def moved(s: int, which: int, h: float, face: Interface = face, water: float = water, cells: Cells = cells):
            left, right = list(cells.concentration_left), list(cells.concentration_right)
            scaled = [cells.length_left, cells.length_right]
            flow = water + h * abs(water) if which == 0 else water
            if which in (1, 2):
                (left if which == 1 else right)[s] *= 1 + h
            elif which in (3, 4):
                scaled[which - 3] *= math.exp(-h)  # the conductance by e^h
            new = replace(cells, length_left=scaled[0], length_right=scaled[1], concentration_left=left)
            state = face.face(flow, replace(new, concentration_right=right))
            return state.flux[s], state.wall_left[s], state.wall_right[s]

        for s, which in itertools.product(range(2), range(5)):
            unit = (abs(water), cells.concentration_left[s], cells.concentration_right[s], 1.0, 1.0)[which]
            h = 1e-3
            near, far = (
                [(a - b) / 2 for a, b in zip(moved(s, which, k * h), moved(s, which, -k * h), strict=True)]
                for k in (1, 2)
            )
            size = cells.concentration_left[s] + cells.concentration_right[s]
            scales = ((abs(water) + exact.alpha[s] + exact.beta[s]) * size, size, size)
            for value, one, two, scale in zip(
                (exact.dflux[s], exact.dwall_left[s], exact.dwall_right[s]), near, far, scales, strict=True
            ):
                difference = (8 * one - two) / (6 * h)
                assert value[which] * unit == pytest.approx(difference, rel=1e-8, abs=1e-10 * scale)


# -- the water flux -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("law", LAWS)
def test_water_flux_solves_its_equation_from_any_guess(law: str) -> None:
    dice = random.Random(7)
    for _ in range(150):
        face, cells, pressure = random_face(law, dice)
        lp = face.membrane.water_permeability
        first = None
        for guess in (0.0, 1e-30, -1e-6, 1e-6, -1.0, 1e3):
            water = solve(face, cells, pressure, guess)
            state = face.face(water, cells)
            left, right = face.wall_pressure(state.wall_left)[0], face.wall_pressure(state.wall_right)[0]
            size = abs(water) + lp * (abs(pressure) + abs(left) + abs(right))
            assert water == pytest.approx(lp * (pressure - left + right), rel=0, abs=1e-13 * size)
            first = water if first is None else first
            assert water == pytest.approx(first, rel=0, abs=1e-12 * size)
        assert not face.several_roots


@pytest.mark.parametrize("pressure", [6e6, -6e6])
def test_water_flux_started_from_its_own_root_stays_there(pressure: float) -> None:
    """Every call starts from the last one's answer: noise of that size would be noise of the right-hand side."""
    dice = random.Random(3)
    for _ in range(300):
        face, cells, _ = random_face(SPIEGLER_KEDEM, dice)
        root = solve(face, cells, pressure)
        for start in (root, math.nextafter(root, 1.0), math.nextafter(root, -1.0)):
            assert solve(face, cells, pressure, start) == pytest.approx(root, rel=1e-13)


def test_water_flux_through_a_thick_half_cell() -> None:
    """60 bar on 1 mol/m³ behind half a millimetre: the first guesses lie at Péclet numbers of 30 and more."""
    for sign in (1.0, -1.0):
        face = Interface(Membrane(True, 1e-11, SPIEGLER_KEDEM, (0.0,), (1.0,), (1.0,)))
        cells = Cells(5e-4, 5e-4, [1e-9], [1e-9], [1.0], [1.0], False, False)
        root = brentq(
            lambda j: j - 1e-11 * (6e6 - 2 * RT * (math.exp(j / 2e-6) - math.exp(-j / 2e-6))), 0.0, 6e-5, xtol=1e-20
        )
        for guess in (0.0, 1e-5, 5e-5, 1e-4, -1e-4):
            assert solve(face, cells, sign * 6e6, sign * guess) == pytest.approx(sign * root, rel=1e-10)


def test_water_flux_without_a_membrane_or_permeability_is_nothing() -> None:
    cells = Cells(1e-6, 1e-6, [1e-9], [1e-9], [500.0], [0.0], False, False)
    for membrane in (
        Membrane(True, 0.0, SPIEGLER_KEDEM, (1e-6,), (0.5,), (1.0,)),
        Membrane(False, 1e-12, SPIEGLER_KEDEM, (1e-6,), (0.5,), (1.0,)),
    ):
        assert solve(Interface(membrane), cells, 1e6, 1e-6) == 0.0


@pytest.mark.parametrize("law", LAWS)
def test_left_and_right_are_alike(law: str) -> None:
    dice = random.Random(4)
    for _ in range(200):
        face, cells, pressure = random_face(law, dice)
        other = mirrored(cells)
        there, back = solve(face, cells, pressure), solve(face, other, -pressure)
        lp = face.membrane.water_permeability
        size = lp * (abs(pressure) + sum(RT * 2 * c for c in (*cells.concentration_left, *cells.concentration_right)))
        assert there == pytest.approx(-back, rel=1e-12, abs=1e-14 * size)
        one, two = face.face(there, cells), face.face(-there, other)
        for s in range(2):
            scale = cells.concentration_left[s] + cells.concentration_right[s]
            assert one.wall_left[s] == pytest.approx(two.wall_right[s], rel=1e-13, abs=1e-14 * scale)
            assert one.wall_right[s] == pytest.approx(two.wall_left[s], rel=1e-13, abs=1e-14 * scale)
            assert one.flux[s] == pytest.approx(-two.flux[s], rel=1e-13, abs=1e-14 * scale * (abs(there) + 1e-6))


# -- extreme Péclet numbers -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("peclet", [-200.0, -40.0, -3.0, 3.0, 40.0, 200.0])
def test_leaky_solute_at_high_half_cell_peclet_numbers(peclet: float) -> None:
    """Both walls against sixty-digit arithmetic of the same three equations."""
    length, diffusivity, permeability, sigma, c_p, c_a = 2e-6, 1e-9, 3e-7, 0.9, 500.0, 20.0
    g = diffusivity / length
    water = peclet * g
    face = Interface(Membrane(True, 1e-12, SPIEGLER_KEDEM, (permeability,), (sigma,), (1.0,)))
    state = face.face(water, Cells(length, length, [diffusivity], [diffusivity], [c_p], [c_a], False, False))
    with localcontext() as context:
        context.prec = 250
        v, gd, p = Decimal(water), Decimal(diffusivity) / Decimal(length), Decimal(permeability)
        drag = (1 - Decimal(sigma)) * v

        def ahead(speed: Decimal, conductance: Decimal) -> Decimal:
            return speed / (1 - (-speed / conductance).exp())

        a, b = ahead(drag, p), ahead(drag, p) - drag
        up, down = ahead(v, gd), ahead(v, gd) - v
        # up c_p − down w_l = a w_l − b w_r = up w_r − down c_a
        det = (down + a) * (up + b) - a * b
        wall_l = (up * Decimal(c_p) * (up + b) + b * down * Decimal(c_a)) / det
        wall_r = (a * up * Decimal(c_p) + (down + a) * down * Decimal(c_a)) / det
        flux = a * wall_l - b * wall_r
    assert state.wall_left[0] == pytest.approx(float(wall_l), rel=1e-12)
    assert state.wall_right[0] == pytest.approx(float(wall_r), rel=1e-12)
    assert state.flux[0] == pytest.approx(float(flux), rel=1e-12)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("peclet", [1e-6, 0.04, 0.06, 1.0, 5.0, 40.0, 200.0])
def test_wall_of_a_fully_rejecting_membrane(law: str, peclet: float) -> None:
    """``c_w/c = e^{Pe}`` on the side the water leaves, ``e^{−Pe}`` on the side it comes to."""
    length, diffusivity = 2e-6, 1e-9
    face = Interface(Membrane(True, 1e-12, law, (0.0,), (1.0,), (1.0,)))
    cells = Cells(length, length, [diffusivity], [diffusivity], [10.0], [3.0], False, False)
    for sign in (1.0, -1.0):
        state = face.face(sign * peclet * diffusivity / length, cells)
        assert state.flux[0] == 0.0
        arriving, leaving = (state.wall_left[0] / 10.0, state.wall_right[0] / 3.0)[:: int(sign)]
        assert arriving == pytest.approx(math.exp(peclet), rel=1e-13 * max(1.0, peclet))
        assert leaving == pytest.approx(math.exp(-peclet), rel=1e-13 * max(1.0, peclet), abs=0)


@pytest.mark.parametrize("law", LAWS)
def test_walls_between_filled_cells_are_never_negative(law: str) -> None:
    dice = random.Random(8)
    for _ in range(500):
        face, cells, _ = random_face(law, dice)
        state = face.face(dice.choice([1.0, -1.0]) * 10 ** dice.uniform(-5, -2), cells)
        assert min(*state.wall_left, *state.wall_right) >= 0.0


# -- Kedem and Katchalsky without diffusion -------------------------------------------------------------------------
@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(("c_p", "c_a"), [(300.0, 300.0), (300.0, 20.0), (20.0, 300.0), (300.0, 0.0), (0.0, 300.0)])
def test_logarithmic_mean_without_diffusion_takes_the_positive_root(sign: float, c_p: float, c_a: float) -> None:
    sigma, water = 0.6, sign * 4e-6
    cells = Cells(3e-6, 2e-6, [1e-9], [1.5e-9], [c_p], [c_a], False, False)
    limit = Interface(Membrane(True, 1e-12, KEDEM_KATCHALSKY, (0.0,), (sigma,), (1.0,))).face(water, cells)
    near = [
        Interface(Membrane(True, 1e-12, KEDEM_KATCHALSKY, (p,), (sigma,), (1.0,))).face(water, cells)
        for p in (1e-12, 1e-15, 1e-19)
    ]
    scale = c_p + c_a
    gaps = [abs(one.flux[0] - limit.flux[0]) / abs(water) / scale for one in near]
    assert gaps[2] <= gaps[1] <= gaps[0] < 1e-5
    assert gaps[2] < 1e-12
    upstream, downstream = (c_p, c_a) if sign > 0 else (c_a, c_p)
    if upstream > 0.0:  # something arrives, so something passes: not the trivial root with an empty wall
        assert limit.flux[0] * sign > 1e-3 * abs(water) * upstream
        assert min(limit.wall_left[0], limit.wall_right[0]) > 0.0
        through = solute_flux(KEDEM_KATCHALSKY, 0.0, sigma, water, limit.wall_left[0], limit.wall_right[0])
        assert through == pytest.approx(limit.flux[0], rel=1e-12)
    elif downstream > 0.0:
        assert limit.flux[0] == pytest.approx(0.0, abs=1e-9 * abs(water) * scale)


# -- several roots --------------------------------------------------------------------------------------------------
def crossings(face: Interface, cells: Cells, pressure: float) -> list[float]:
    """Roots of ``J_v − L_p(Δp − ΔΣσπ)`` where it rises, by a scan of our own."""
    lp = face.membrane.water_permeability

    def imbalance(water: float) -> float:
        state = face.face(water, cells)
        left, right = face.wall_pressure(state.wall_left)[0], face.wall_pressure(state.wall_right)[0]
        return water - lp * (pressure - left + right)

    grid = [(k + 0.37) * 1e-7 for k in range(-2000, 2000)]
    values = [imbalance(water) for water in grid]
    pairs = zip(itertools.pairwise(grid), itertools.pairwise(values), strict=True)
    return [float(brentq(imbalance, *ends, xtol=1e-20)) for ends, (low, high) in pairs if low < 0.0 <= high]


def two_roots() -> tuple[Interface, Cells, float]:
    """Half cells far too thick: pressed gently, little passes and the solute dams up; pressed through, it is swept."""
    face = Interface(Membrane(True, 2.6e-10, SPIEGLER_KEDEM, (5e-8,), (0.5,), (1.0,)))
    return face, Cells(2e-4, 7e-5, [1e-9], [1e-9], [300.0], [10.0], False, False), 1e6


def test_of_several_roots_the_one_nearest_the_last_accepted_flux_is_taken() -> None:
    face, cells, pressure = two_roots()
    slow, fast = crossings(face, cells, pressure)
    # L_p ν R T c/g, the sign that there may be several
    assert 2.6e-10 * 2 * RT * 300.0 * 2e-4 / 1e-9 > 4.0
    assert fast > 3 * slow > 0.0
    assert not face.several_roots
    for near, root in ((0.0, slow), (slow, slow), (0.9 * slow, slow), (1.2 * fast, fast), (fast, fast), (1.0, fast)):
        for guess in (near, slow, fast):
            assert solve(face, cells, pressure, guess, near) == pytest.approx(root, rel=1e-11)
    assert face.several_roots
    # from the other side
    other = Interface(face.membrane)
    assert solve(other, mirrored(cells), -pressure, -fast, -fast) == pytest.approx(-fast, rel=1e-11)
    assert other.several_roots


def test_a_finer_half_cell_leaves_one_root() -> None:
    face, cells, pressure = two_roots()
    fine = replace(cells, length_left=2e-6, length_right=2e-6)
    (root,) = crossings(face, fine, pressure)
    for near in (0.0, 1e-4, -1e-4):
        assert solve(face, fine, pressure, near, near) == pytest.approx(root, rel=1e-11)
    assert not face.several_roots
