"""The membrane: concentrations at its two faces, solute fluxes and water flux, computed from the cells beside it.

On each side the flux through the half cell between the last cell centre and the membrane is uniform, so that the
concentration profile there is exponential and is eliminated exactly. With Bernoulli functions ``B``, the conductance
``g`` between the centre of the cell and the membrane (``D/l`` of a half cell of length l, or a mass-transfer
coefficient), ``Pe = J_v/g``, and ``R = 1`` (``R = 0`` for a stirred side, whose wall value is the cell value and ``A =
B = 1``):

    left   B_L c_wL = A_L c_P − R_L J        A_L = g_L B(−Pe_L),  B_L = g_L B(Pe_L)
    right  A_R c_wR = B_R c_A + R_R J        A_R = g_R B(−Pe_R),  B_R = g_R B(Pe_R)
    face   M J = a c_wL − b c_wR             M = 1; without a membrane M = 0 and a = b = 1

Solved without cancellation (every term is positive):

    det  = M B_L A_R + a R_L A_R + b R_R B_L
    c_wL = [A_L c_P (M A_R + b R_R) + b R_L B_R c_A] / det
    c_wR = [a R_R A_L c_P + (M B_L + a R_L) B_R c_A] / det
    J    = [a A_L A_R c_P − b B_L B_R c_A] / det

What remains is one equation for the water flux, ``J_v = L_p [Δp − Σσπ(c_wL) + Σσπ(c_wR)]``, solved by a safeguarded
Newton iteration with the exact derivative.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from membrane_pde.kernels import kernel, part
from membrane_pde.physics.fluxes import (
    KEDEM_KATCHALSKY,
    bernoulli,
    linear_coefficients,
    logarithmic_mean,
    logarithmic_mean_slopes,
)
from membrane_pde.physics.osmotic import Osmotics, reflected

Array = NDArray[np.float64]
_Three = tuple[float, float, float]
_EPS = 2.0**-52
_CONVERGED = 1e-9  # relative change of J_v at which Newton's method has converged
_MAX_RATIO = 1e12  # largest ratio of downstream to upstream concentration for the logarithmic mean
_SMALLEST = 1e-200  # m/s; smallest coefficient of diffusion against the flow, so that no determinant vanishes
_LARGEST = 1e100  # mol/m^3; a higher concentration at the membrane means that the trial flux is far too large
_UNIQUE_BELOW = 4.0  # L_p ν R T c / g: below this the equation for J_v has one root even for σ < 1

# Entries of `memory` of `find_water_flux`. GUESS: initial guess of J_v; REFERENCE: J_v of the last accepted step (of
# several roots the one nearest to it is taken); SEVERAL: 1 if there have been several roots.
GUESS, REFERENCE, SEVERAL = range(3)


PERMEABILITY, REFLECTION, PARTITION, TRACE = range(4)  # rows of `FaceNumbers.table`; TRACE + 1 is the right side's
# Columns of the array that `set_face` writes; second and third: rows and columns of the array of `set_face_slopes`.
LEFT_WALL, RIGHT_WALL, THROUGH, FORWARD, BACKWARD = range(5)
OF_FLUX, OF_LEFT_WALL, OF_RIGHT_WALL = range(3)
BY_WATER, BY_LEFT_CELL, BY_RIGHT_CELL, BY_LEFT_LAYER, BY_RIGHT_LAYER = range(5)
_WALLS, _WALL_SLOPES, _OSMOTIC_SLOPES = 0, 2, 4  # rows of the scratch array of `_imbalance`; row + 1 is the right side


class NoSolution(Exception):
    """No water flux was found that is consistent with the concentrations at the membrane."""

    def __init__(self) -> None:
        super().__init__("no water flux was found that agrees with the concentrations at the membrane")


@dataclass(frozen=True)
class Membrane:
    """Coefficients of the flux laws of `membrane_pde.physics.fluxes` for each solute.

    Attributes
    ----------
    present : bool
        False: there is no membrane, and the face lies within a solution.
    water_permeability : float
        L_p, m/s/Pa; with 0 no water flows.
    flux_law : str
        Name of the flux law.
    permeability, reflection, partition : tuple of float
        P (m/s), σ and K = c_R/c_L at equilibrium, of each solute.
    """

    present: bool
    water_permeability: float
    flux_law: str
    permeability: tuple[float, ...]
    reflection: tuple[float, ...]
    partition: tuple[float, ...]


class FaceNumbers(NamedTuple):
    """The membrane and the solutions beside it as the kernels read them; arrays have one entry for each solute.

    Attributes
    ----------
    present, logarithmic, unique : bool
        `present`: there is a membrane. `logarithmic`: the flux law is that of Kedem and Katchalsky. `unique`: the
        equation for J_v always has exactly one root.
    water_permeability : float
        L_p, m/s/Pa.
    table : ndarray, shape (5, solutes)
        P (m/s), σ, K; and for the left and the right side the smallest concentration of a stirred solution in Kedem and
        Katchalsky's mean (mol/m^3, see `_law`).
    stirred : tuple of bool
        True for a side without a half cell or film: its concentration at the membrane is that of the cell.
    osmotics : Osmotics
        Osmotic pressure of the solutions.
    """

    present: bool
    logarithmic: bool
    unique: bool
    water_permeability: float
    table: Array
    stirred: tuple[bool, bool]
    osmotics: Osmotics


def face_numbers(
    membrane: Membrane,
    stirred: tuple[bool, bool],
    osmotics: Osmotics,
    solutes: int,
    trace: Array | None = None,
) -> FaceNumbers:
    """A membrane between two solutions, for the kernels; `trace` (2, solutes) fills the rows TRACE, by default 0."""
    traces = np.zeros((2, solutes)) if trace is None else trace

    def each(values: Sequence[float], without: float) -> Array:
        return np.array(values, dtype=float) if membrane.present else np.full(solutes, without)

    reflection = each(membrane.reflection, 0.0)
    return FaceNumbers(
        membrane.present,
        membrane.flux_law == KEDEM_KATCHALSKY,
        bool(np.all((reflection == 0.0) | (reflection == 1.0))),
        float(membrane.water_permeability),
        np.array([each(membrane.permeability, 0.0), reflection, each(membrane.partition, 1.0), *traces]),
        (bool(stirred[0]), bool(stirred[1])),
        osmotics,
    )


@kernel
def without_layers(p: FaceNumbers) -> FaceNumbers:
    """The same membrane between two stirred solutions."""
    return FaceNumbers(p.present, p.logarithmic, p.unique, p.water_permeability, p.table, (True, True), p.osmotics)


class _HalfCell(NamedTuple):
    """The half cell (or film) on one side of the membrane, at a water flux.

    Attributes
    ----------
    up, down : float
        ``g B(−Pe)`` and ``g B(Pe)``, m/s.
    up_slope, down_slope : float
        Their derivatives with respect to J_v.
    conductance_slope : float
        The derivative of both with respect to ln g, m/s.
    resistance : float
        R of the module's equations: 1, or 0 on a stirred side.
    """

    up: float
    down: float
    up_slope: float
    down_slope: float
    conductance_slope: float
    resistance: float


class _Law(NamedTuple):
    """Partial derivatives of the flux law ``M J = a c_wL − b c_wR`` with respect to c_wL, c_wR and J_v."""

    with_left: float
    with_right: float
    with_water: float


class _Walls(NamedTuple):
    """Concentrations at both faces of the membrane (mol/m^3), and α, β (m/s) of ``J = α c_P − β c_A``."""

    left: float
    right: float
    forward: float
    backward: float


@kernel
def _half_cell(conductance: float, water_flux: float, stirred: bool) -> _HalfCell:
    """The half cell of a conductance g (m/s) at a water flux (m/s)."""
    if stirred:
        return _HalfCell(1.0, 1.0, 0.0, 0.0, 0.0, 0.0)
    value, slope = bernoulli(abs(water_flux) / conductance)
    small = max(conductance * value, _SMALLEST)  # diffusion against the flow, without cancellation
    with_conductance = small - abs(water_flux) * slope
    up, down = small + max(water_flux, 0.0), small + max(-water_flux, 0.0)
    if water_flux < 0.0:
        slope = -1.0 - slope  # B'(−x) = −1 − B'(x)
    return _HalfCell(up, down, 1.0 + slope, slope, with_conductance, 1.0)


@kernel
def _forcing(left: _HalfCell, right: _HalfCell, law: _Law, walls: _Walls, c_p: float, c_a: float) -> _Three:
    """Derivatives with respect to J_v of the residuals of the three equations left, right, face."""
    return (
        c_p * left.up_slope - walls.left * left.down_slope,
        c_a * right.down_slope - walls.right * right.up_slope,
        law.with_water,
    )


@kernel
def _excess(r: float, drag: float, permeability: float, u: float, v: float, w: float) -> float:
    """Residual ``a(r) u + v − r w`` of the equation for the wall ratio; see `_wall_ratio`."""
    return ((permeability + drag * logarithmic_mean(1.0, r)) * u + v) - r * w


@kernel
def _wall_ratio(drag: float, permeability: float, u: float, v: float, w: float) -> float:
    """Ratio r of downstream to upstream wall concentration under Kedem and Katchalsky's logarithmic mean.

    The positive root of ``r w = a(r) u + v``, ``a(r) = P + drag·(r − 1)/ln r``: the right side is concave, rises with
    infinite slope at r = 0 and grows more slowly than r, so that the root is unique (for P = 0 it is the limit P → 0⁺).
    Bisection in ln r brackets it, Newton finishes.
    """
    low, high = 1.0, 1.0
    while _excess(high, drag, permeability, u, v, w) > 0.0:
        low, high = high, high * 16.0
        if high > 1e290:
            return high
    while _excess(low, drag, permeability, u, v, w) <= 0.0:
        low, high = low / 16.0, low
        if low < 1e-290:
            return 0.0
    r = math.sqrt(low) * math.sqrt(high)
    for _ in range(200):
        value = _excess(r, drag, permeability, u, v, w)
        if value > 0.0:
            low = r
        else:
            high = r
        slope = drag * logarithmic_mean_slopes(1.0, r)[1] * u - w
        new = r - value / slope if slope < 0.0 else 0.0
        if not low < new < high:
            new = math.sqrt(low) * math.sqrt(high)
        if abs(new - r) <= 4 * _EPS * r:
            return new
        r = new
    return r


@kernel
def _walls(present: bool, a: float, b: float, left: _HalfCell, right: _HalfCell, c_p: float, c_a: float) -> _Walls:
    """Both wall concentrations, and the α, β of ``J = α c_P − β c_A``."""
    m = 1.0 if present else 0.0
    up_l, down_l, r_l = left.up, left.down, left.resistance
    up_r, down_r, r_r = right.up, right.down, right.resistance
    det = m * down_l * up_r + a * r_l * up_r + b * r_r * down_l
    if det == 0.0:  # infinite Péclet number at a membrane that no solute passes; the caller reduces the trial flux
        return _Walls(math.inf, math.inf, 0.0, 0.0)
    wall_left = (up_l * c_p * (m * up_r + b * r_r) + b * r_l * down_r * c_a) / det
    wall_right = (a * r_r * up_l * c_p + (m * down_l + a * r_l) * down_r * c_a) / det
    return _Walls(wall_left, wall_right, a * up_l * up_r / det, b * down_r * down_l / det)


@kernel
def _law(
    p: FaceNumbers, s: int, water_flux: float, left: _HalfCell, right: _HalfCell, c_p: float, c_a: float
) -> tuple[_Law, _Walls]:
    """Derivatives of the flux law ``M J = a c_wL − b c_wR``, and the concentrations at the membrane.

    Kedem and Katchalsky's logarithmic mean has an infinite slope where the downstream side is empty. For this side
    ``dc/dt ~ 1/ln(1/c)`` then has two solutions: c = 0, and one that rises, which is the limit of P → 0 and of a start
    at c → 0. An integrator that starts at zero, or falls back to zero by its own error, would follow the first one. To
    select the second one, the concentration of a stirred side of finite volume enters the mean with at least `TRACE`,
    the smallest concentration that the tolerance resolves; the amount that this adds is below the tolerance. An
    unstirred side needs no such limit: its concentration at the membrane is the positive root of `_wall_ratio`.
    """
    if not p.present:
        walls = _walls(p.present, 1.0, 1.0, left, right, c_p, c_a)
        walls = _Walls(
            walls.left, walls.left, walls.forward, walls.backward
        )  # without a membrane the two wall concentrations are identical
        return _Law(1.0, -1.0, 0.0), walls
    permeability, reflection, partition = (
        float(p.table[PERMEABILITY, s]),
        float(p.table[REFLECTION, s]),
        float(p.table[PARTITION, s]),
    )
    if not p.logarithmic:
        a, b, da, db = linear_coefficients(permeability, reflection, partition, water_flux)
        walls = _walls(p.present, a, b, left, right, c_p, c_a)
        return _Law(a, -b, da * walls.left - db * walls.right), walls
    drag = (1.0 - reflection) * water_flux
    if drag == 0.0:
        a, b = permeability, permeability / partition
        walls = _walls(p.present, a, b, left, right, c_p, c_a)
        return _Law(a, -b, (1.0 - reflection) * logarithmic_mean(walls.left, walls.right / partition)), walls
    # logarithmic mean: exchange the sides if the water flows to the left, so that c_p is upstream; partition is 1 here
    up_l, down_l, r_l = left.up, left.down, left.resistance
    up_r, down_r, r_r = right.up, right.down, right.resistance
    if drag < 0.0:
        up_l, down_l, r_l, up_r, down_r, r_r = down_r, up_r, r_r, down_l, up_l, r_l
        c_p, c_a = c_a, c_p
    c_p, c_a = max(c_p, 0.0), max(c_a, 0.0)
    size = abs(drag)
    w = up_l * c_p * (up_r + permeability * r_r) + permeability * r_l * down_r * c_a
    mean, first, second = 0.0, 0.0, 0.0
    trace = float(p.table[TRACE + (1 if drag > 0.0 else 0), s])
    downstream = max(c_a, trace)
    u, v = r_r * up_l * c_p + r_l * down_r * downstream, down_l * down_r * downstream
    if c_a < trace and _excess(1.0, size, permeability, u, v, w) >= 0.0:
        # upstream is more dilute than TRACE: use the true downstream concentration, or equal sides if it is lower still
        downstream = c_a
        u, v = r_r * up_l * c_p + r_l * down_r * downstream, down_l * down_r * downstream
        if _excess(1.0, size, permeability, u, v, w) <= 0.0:
            mean = first = 1.0
    if mean == 0.0 and u + v > 0.0 and math.isfinite(u + v + w):
        # otherwise the mean is 0: both sides are empty, or the trial flux is far too large
        r = _wall_ratio(size, permeability, u, v, w) if w > 0.0 else math.inf
        if r > _MAX_RATIO:  # linearize through zero, so that an empty side stays empty
            mean = first = logarithmic_mean(1.0, _MAX_RATIO)
        else:
            mean = logarithmic_mean(1.0, r)
            if r > 0.0:
                first, second = logarithmic_mean_slopes(1.0, r)
            if downstream > c_a:  # mean of a wall concentration and the constant TRACE
                second = 0.0
    a, b = permeability + size * mean, permeability
    law_up, law_down = permeability + size * first, -permeability + size * second
    if drag < 0.0:
        walls = _walls(p.present, b, a, left, right, c_a, c_p)
        return _Law(-law_down, -law_up, (1.0 - reflection) * mean * walls.right), walls
    walls = _walls(p.present, a, b, left, right, c_p, c_a)
    return _Law(law_up, law_down, (1.0 - reflection) * mean * walls.left), walls


@kernel
def _response(present: bool, left: _HalfCell, right: _HalfCell, law: _Law, e1: float, e2: float, e3: float) -> _Three:
    """Changes of J, c_wL and c_wR for right-hand sides e1, e2, e3 of the three linearized equations (Cramer's rule)."""
    m = 1.0 if present else 0.0
    down_l, r_l, up_r, r_r = left.down, left.resistance, right.up, right.resistance
    law_l, law_r = law.with_left, law.with_right
    across = up_r * m - r_r * law_r
    det = down_l * across + r_l * up_r * law_l
    return (
        (down_l * (up_r * e3 + law_r * e2) + up_r * law_l * e1) / det,
        (e1 * across - r_l * (law_r * e2 + up_r * e3)) / det,
        (down_l * (e2 * m + r_r * e3) + law_l * (e1 * r_r + e2 * r_l)) / det,
    )


@kernel
def set_face(p: FaceNumbers, water_flux: float, layers: Array, cells: Array, state: Array) -> None:
    """Concentrations at the membrane and solute fluxes at a given water flux.

    Parameters
    ----------
    p : FaceNumbers
        Membrane and solutions.
    water_flux : float
        J_v, m/s.
    layers : ndarray, shape (2, solutes)
        Conductance g of the half cell (or of the film) on each side, m/s; not used on a stirred side.
    cells : ndarray, shape (2, solutes)
        Concentrations of the cells at the membrane, mol/m^3.
    state : ndarray, shape (solutes, 5)
        Written: LEFT_WALL, RIGHT_WALL, concentrations at the membrane; THROUGH, J; FORWARD, BACKWARD, α and β.
    """
    for s in range(cells.shape[1]):
        c_p, c_a = float(cells[0, s]), float(cells[1, s])
        left = _half_cell(float(layers[0, s]), water_flux, p.stirred[0])
        right = _half_cell(float(layers[1, s]), water_flux, p.stirred[1])
        _, walls = _law(p, s, water_flux, left, right, c_p, c_a)
        state[s, LEFT_WALL], state[s, RIGHT_WALL] = walls.left, walls.right
        state[s, THROUGH] = walls.forward * c_p - walls.backward * c_a
        state[s, FORWARD], state[s, BACKWARD] = walls.forward, walls.backward


@kernel
def set_face_slopes(p: FaceNumbers, water_flux: float, layers: Array, cells: Array, slopes: Array) -> None:
    """Derivatives of the concentrations at the membrane and of the solute fluxes.

    Parameters
    ----------
    p, water_flux, layers, cells
        As in `set_face`.
    slopes : ndarray, shape (3, solutes, 5)
        Written: derivatives of J and of the concentrations at the membrane with respect to the water flux, the
        concentrations of the two cells, and the logarithms of the two conductances.
    """
    for s in range(cells.shape[1]):
        c_p, c_a = float(cells[0, s]), float(cells[1, s])
        left = _half_cell(float(layers[0, s]), water_flux, p.stirred[0])
        right = _half_cell(float(layers[1, s]), water_flux, p.stirred[1])
        law, walls = _law(p, s, water_flux, left, right, c_p, c_a)
        forced = _forcing(left, right, law, walls, c_p, c_a)
        for j in range(5):
            e1, e2, e3 = 0.0, 0.0, 0.0
            if j == BY_WATER:
                e1, e2, e3 = forced
            elif j == BY_LEFT_CELL:
                e1 = left.up
            elif j == BY_RIGHT_CELL:
                e2 = right.down
            elif j == BY_LEFT_LAYER:
                e1 = (c_p - walls.left) * left.conductance_slope
            else:
                e2 = (c_a - walls.right) * right.conductance_slope
            flux, wall_left, wall_right = _response(p.present, left, right, law, e1, e2, e3)
            slopes[OF_FLUX, s, j], slopes[OF_LEFT_WALL, s, j], slopes[OF_RIGHT_WALL, s, j] = flux, wall_left, wall_right


@kernel
def _imbalance(
    p: FaceNumbers,
    water_flux: float,
    layers: Array,
    cells: Array,
    pressure: float,
    scratch: Array,
) -> _Three:
    """Residual ``J_v − L_p[Δp − ΔΣσπ]``, its derivative, and the sum of the magnitudes of its terms (for round-off)."""
    lp, solutes = p.water_permeability, cells.shape[1]
    for s in range(solutes):
        c_p, c_a = float(cells[0, s]), float(cells[1, s])
        left = _half_cell(float(layers[0, s]), water_flux, p.stirred[0])
        right = _half_cell(float(layers[1, s]), water_flux, p.stirred[1])
        law, walls = _law(p, s, water_flux, left, right, c_p, c_a)
        if not (abs(walls.left) < _LARGEST and abs(walls.right) < _LARGEST):
            return math.copysign(math.inf, water_flux), math.inf, math.inf
        e1, e2, e3 = _forcing(left, right, law, walls, c_p, c_a)
        _, slope_l, slope_r = _response(p.present, left, right, law, e1, e2, e3)
        scratch[_WALLS, s], scratch[_WALLS + 1, s] = walls.left, walls.right
        scratch[_WALL_SLOPES, s], scratch[_WALL_SLOPES + 1, s] = slope_l, slope_r
    pi_l = reflected(p.osmotics, scratch[_WALLS], p.table[REFLECTION], scratch[_OSMOTIC_SLOPES])
    pi_r = reflected(p.osmotics, scratch[_WALLS + 1], p.table[REFLECTION], scratch[_OSMOTIC_SLOPES + 1])
    value = water_flux - lp * (pressure - pi_l + pi_r)
    slope = 1.0
    for s in range(solutes):
        left_slope = float(scratch[_OSMOTIC_SLOPES, s]) * float(scratch[_WALL_SLOPES, s])
        slope += lp * (left_slope - float(scratch[_OSMOTIC_SLOPES + 1, s]) * float(scratch[_WALL_SLOPES + 1, s]))
    return value, slope, abs(water_flux) + lp * (abs(pressure) + abs(pi_l) + abs(pi_r))


@part
def find_water_flux(
    p: FaceNumbers, layers: Array, cells: Array, pressure: float, memory: Array, scratch: Array
) -> float:
    """Water flux that solves ``J_v = L_p [Δp − Σσπ(c_wL) + Σσπ(c_wR)]``.

    Parameters
    ----------
    p, layers, cells
        As in `set_face`.
    pressure : float
        Hydrostatic pressure difference p_L − p_R, Pa.
    memory : ndarray, shape (3,)
        GUESS: initial guess, replaced by the result (m/s); REFERENCE: J_v of the last accepted step (m/s); SEVERAL: set
        to 1 if there is more than one root.
    scratch : ndarray, shape (6, solutes)
        Scratch array.

    Returns
    -------
    float
        J_v, m/s, positive from left to right; nan if the iteration does not converge.
    """
    if p.water_permeability == 0.0 or not p.present:
        return 0.0
    found = math.nan
    if not p.unique and _multiplicity(p, layers, cells, scratch) >= _UNIQUE_BELOW:
        found = _nearest_root(p, layers, cells, pressure, scratch, memory)
    if math.isnan(found):
        guess = float(memory[GUESS])
        found = _newton(p, layers, cells, pressure, scratch, guess, -math.inf, math.inf)
    memory[GUESS] = 0.0 if math.isnan(found) else found
    return found


@kernel
def _newton(
    p: FaceNumbers,
    layers: Array,
    cells: Array,
    pressure: float,
    scratch: Array,
    guess: float,
    low: float,
    high: float,
) -> float:
    flux = guess
    before, visited_zero = math.inf, flux == 0.0
    for _ in range(400):
        value, slope, size = _imbalance(p, flux, layers, cells, pressure, scratch)
        if value == 0.0:
            return flux
        if value < 0.0:
            low = flux
        else:
            high = flux
        new = flux - value / slope if slope > 0.0 and math.isfinite(value) else math.nan
        near = abs(value) <= 1e-6 * size  # here Newton converges quadratically
        if near and abs(new - flux) <= max(_CONVERGED * abs(new), 2 * _EPS * size):
            return new
        slow = abs(value) > 0.25 * before  # where the residual is exponential, a Newton step changes Pe by about 1
        before = abs(value)
        if slow or not low < new < high:
            if math.isfinite(low) and math.isfinite(high):
                new = 0.5 * (low + high)
                if not low < new < high:
                    return flux
            elif not visited_zero:  # at J_v = 0 no exponential term remains
                new, visited_zero = 0.0, True
            else:  # move towards the root until it is bracketed
                reach = max(2.0 * abs(flux), size if math.isfinite(size) else 0.0, 1e-300)
                new = flux - math.copysign(reach, value)
        flux = new
    return math.nan


@part
def _multiplicity(p: FaceNumbers, layers: Array, cells: Array, scratch: Array) -> float:
    """Sum of ``L_p ν R T c / min(g)`` over the solutes with 0 < σ < 1; where it is small, J_v has only one root."""
    worst, solutes = 0.0, cells.shape[1]
    for s in range(solutes):
        sigma = float(p.table[REFLECTION, s])
        if sigma in (0.0, 1.0):
            continue
        resistance = 0.0
        if not p.stirred[0]:
            resistance = 1.0 / float(layers[0, s])
        if not p.stirred[1]:
            resistance = max(resistance, 1.0 / float(layers[1, s]))
        for other in range(solutes):
            scratch[0, other] = 0.0
        scratch[0, s] = max(float(cells[0, s]), float(cells[1, s]), 0.0)
        pressure = reflected(p.osmotics, scratch[0], p.table[REFLECTION], scratch[4])
        worst += p.water_permeability * pressure / sigma * resistance
    return worst


@part
def _nearest_root(
    p: FaceNumbers,
    layers: Array,
    cells: Array,
    pressure: float,
    scratch: Array,
    memory: Array,
) -> float:
    """The stable root (where the residual rises) nearest to the reference, bracketed on a grid of water fluxes."""
    reach = _imbalance(p, 0.0, layers, cells, pressure, scratch)[2]
    outside = False
    for _ in range(60):
        outside = True
        for sign in (1.0, -1.0):
            value = _imbalance(p, sign * reach, layers, cells, pressure, scratch)[0]
            outside = outside and sign * value > 0.0
        if outside:
            break
        reach *= 2.0
    count, best, reference, before = 0, math.nan, float(memory[REFERENCE]), 0.0
    for k in range(-100, 101):
        high = reach * (k / 100)
        value = _imbalance(p, high, layers, cells, pressure, scratch)[0]
        if before < 0.0 <= value:
            low = reach * ((k - 1) / 100)
            root = _newton(p, layers, cells, pressure, scratch, 0.5 * (low + high), low, high)
            count += 1
            if count == 1 or abs(root - reference) < abs(best - reference):
                best = root
        before = value
    if count > 1:
        memory[SEVERAL] = 1.0
    return best


@kernel
def wall_pressure(p: FaceNumbers, state: Array, walls: Array, osmotic_slope: Array) -> float:
    """``Σσπ(c_wL) − Σσπ(c_wR)`` at the state of `set_face`, Pa.

    `walls` (solutes,) is a scratch array; `osmotic_slope` (2, solutes) is overwritten by the derivatives of the two
    terms with respect to the concentrations.
    """
    difference, sign = 0.0, 1.0
    for side in range(2):
        for s in range(state.shape[0]):
            walls[s] = state[s, side]
        difference += sign * reflected(p.osmotics, walls, p.table[REFLECTION], osmotic_slope[side])
        sign = -1.0
    return difference
