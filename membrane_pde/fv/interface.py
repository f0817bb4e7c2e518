"""The membrane face: wall concentrations, solute fluxes and the water flux that agree with one another.

On each side the half cell between the last cell centre and the membrane carries a uniform flux, so its profile is
exponential and is eliminated exactly. With Bernoulli functions ``B``, conductances ``g = D/l`` (l half cell) and
``Pe = J_v l/D``, and ``R = 1`` (``R = 0`` for a stirred side, whose wall value is the cell value and ``A = B = 1``):

    left   B_L c_wL = A_L c_P − R_L J        A_L = g_L B(−Pe_L),  B_L = g_L B(Pe_L)
    right  A_R c_wR = B_R c_A + R_R J        A_R = g_R B(−Pe_R),  B_R = g_R B(Pe_R)
    face   M J = a c_wL − b c_wR             M = 1; without a membrane M = 0 and a = b = 1

Solved without cancellation (every term is positive):

    det  = M B_L A_R + a R_L A_R + b R_R B_L
    c_wL = [A_L c_P (M A_R + b R_R) + b R_L B_R c_A] / det
    c_wR = [a R_R A_L c_P + (M B_L + a R_L) B_R c_A] / det
    J    = [a A_L A_R c_P − b B_L B_R c_A] / det

What is left is one equation for the water flux, ``J_v = L_p [Δp − Σσπ(c_wL) + Σσπ(c_wR)]``, solved by a safeguarded
Newton iteration with the exact derivative. Plain floats: there are few solutes, and this runs in every call.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from membrane_pde.physics.fluxes import (
    KEDEM_KATCHALSKY,
    bernoulli,
    linear_coefficients,
    logarithmic_mean,
    logarithmic_mean_slopes,
)

# Σ_s σ_s π_s (Pa) of a list of wall concentrations, and its derivative with respect to each of them
WallPressure = Callable[[Sequence[float]], tuple[float, Sequence[float]]]

_Floats = tuple[float, ...]
_EPS = 2.0**-52
_SETTLED = 1e-9
_UNIQUE_BELOW = 4.0  # L_p ν R T c / g: below this the equation for J_v has one root even for σ < 1


class NoSolution(Exception):
    """The water flux and the wall concentrations that it makes could not be brought to agree."""


@dataclass(frozen=True)
class Membrane:
    """A membrane in numbers: the laws of `membrane_pde.physics.fluxes` for each solute.

    Attributes
    ----------
    present : bool
        False: the partition is gone, the face is an ordinary one.
    water_permeability : float
        L_p, m/s/Pa. 0 keeps the water still.
    flux_law : str
        Name of the flux law.
    permeability, reflection, partition : tuple of float
        P (m/s), σ and K = c_R/c_L at equilibrium, one a solute.
    """

    present: bool
    water_permeability: float
    flux_law: str
    permeability: tuple[float, ...]
    reflection: tuple[float, ...]
    partition: tuple[float, ...]


@dataclass
class HalfCells:
    """The half cell on either side of the membrane, one entry a solute.

    Attributes
    ----------
    length_left, length_right : float
        Distance from cell centre to membrane, m.
    diffusivity_left, diffusivity_right : sequence of float
        m^2/s.
    concentration_left, concentration_right : sequence of float
        Cell values, mol/m^3.
    stirred_left, stirred_right : bool
        No wall resistance.
    """

    length_left: float
    length_right: float
    diffusivity_left: Sequence[float]
    diffusivity_right: Sequence[float]
    concentration_left: Sequence[float]
    concentration_right: Sequence[float]
    stirred_left: bool
    stirred_right: bool


@dataclass
class Face:
    """State of the membrane face at one water flux; lists with one entry a solute.

    `alpha`, `beta` are the coefficients of ``J = α c_P − β c_A``; the `d…` entries are derivatives of the solute flux J
    with respect to the water flux, the two cell values, and the logarithms of the two half-cell lengths (at fixed cell
    values); `dwall_…` those of the wall concentrations with respect to the same five.
    """

    water_flux: float
    wall_left: list[float]
    wall_right: list[float]
    flux: list[float]
    alpha: list[float]
    beta: list[float]
    dflux: list[tuple[float, float, float, float, float]]
    dwall_left: list[tuple[float, float, float, float, float]]
    dwall_right: list[tuple[float, float, float, float, float]]


def _half_cell(diffusivity: float, length: float, water_flux: float, stirred: bool) -> _Floats:
    """``g B(−Pe), g B(Pe)``, their derivatives with J_v, with ln l (the same for both), and R."""
    if stirred:
        return 1.0, 1.0, 0.0, 0.0, 0.0, 0.0
    conductance = diffusivity / length
    value, slope = bernoulli(abs(water_flux) / conductance)
    small = conductance * value  # the coefficient against the flow, without cancellation
    stretch = abs(water_flux) * slope - small
    up, down = small + max(water_flux, 0.0), small + max(-water_flux, 0.0)
    if water_flux < 0.0:
        slope = -1.0 - slope  # B'(−x) = −1 − B'(x)
    return up, down, 1.0 + slope, slope, stretch, 1.0


def _forcing(
    left: _Floats, right: _Floats, law: tuple[float, float, float], walls: _Floats, c_p: float, c_a: float
) -> tuple[float, float, float]:
    """What a change of the water flux does to the three equations of the face."""
    return (
        c_p * left[2] - walls[0] * left[3],
        c_a * right[3] - walls[1] * right[2],
        law[2],
    )


def _wall_ratio(drag: float, permeability: float, u: float, v: float, w: float) -> float:
    """Ratio r of downstream to upstream wall concentration under Kedem and Katchalsky's logarithmic mean.

    The positive root of ``r w = a(r) u + v``, ``a(r) = P + drag·(r − 1)/ln r``: the right side is concave, rises with
    infinite slope at r = 0 and grows more slowly than r, so that the root is unique (for P = 0 it is the limit P → 0⁺).
    Bisection in ln r brackets it, Newton finishes.
    """

    def excess(r: float) -> float:
        return ((permeability + drag * logarithmic_mean(1.0, r)) * u + v) - r * w

    low, high = 1.0, 1.0
    while excess(high) > 0.0:
        low, high = high, high * 16.0
        if high > 1e290:
            return high
    while excess(low) <= 0.0:
        low, high = low / 16.0, low
        if low < 1e-290:
            return 0.0
    r = math.sqrt(low) * math.sqrt(high)
    for _ in range(200):
        value = excess(r)
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


class Interface:
    """Solves the membrane face for the water flux and everything that follows from it."""

    def __init__(self, membrane: Membrane, wall_pressure: WallPressure) -> None:
        self.membrane = membrane
        self.wall_pressure = wall_pressure
        self.several_roots = False  # set once the equation for J_v may have had more than one root

    # -- one solute at a given water flux -----------------------------------------------------------------------
    def _law(
        self, s: int, water_flux: float, left: _Floats, right: _Floats, c_p: float, c_a: float
    ) -> tuple[tuple[float, float, float], tuple[float, float, float, float]]:
        """Partial derivatives of the flux law ``M J = a c_wL − b c_wR`` with c_wL, c_wR and J_v; and `_walls`."""
        m = self.membrane
        if not m.present:
            return (1.0, -1.0, 0.0), self._walls(1.0, 1.0, left, right, c_p, c_a)
        permeability, reflection, partition = m.permeability[s], m.reflection[s], m.partition[s]
        if m.flux_law != KEDEM_KATCHALSKY:
            a, b, da, db = linear_coefficients(permeability, reflection, partition, water_flux)
            walls = self._walls(a, b, left, right, c_p, c_a)
            return (a, -b, da * walls[0] - db * walls[1]), walls
        drag = (1.0 - reflection) * water_flux
        if drag == 0.0:
            a, b = permeability, permeability / partition
            walls = self._walls(a, b, left, right, c_p, c_a)
            return (a, -b, (1.0 - reflection) * logarithmic_mean(walls[0], walls[1] / partition)), walls
        # logarithmic mean: look along the water flux, so that drag > 0; partition is 1 wherever water moves
        up_l, down_l, r_l = left[0], left[1], left[5]
        up_r, down_r, r_r = right[0], right[1], right[5]
        if drag < 0.0:
            up_l, down_l, r_l, up_r, down_r, r_r = down_r, up_r, r_r, down_l, up_l, r_l
            c_p, c_a = c_a, c_p
        c_p, c_a = max(c_p, 0.0), max(c_a, 0.0)
        size = abs(drag)
        u = r_r * up_l * c_p + r_l * down_r * c_a
        v = down_l * down_r * c_a
        w = up_l * c_p * (up_r + permeability * r_r) + permeability * r_l * down_r * c_a
        mean = first = second = 0.0
        if w > 0.0 and u + v > 0.0 and math.isfinite(u + v + w):  # else an empty side, or a trial flux far too large
            r = _wall_ratio(size, permeability, u, v, w)
            mean = logarithmic_mean(1.0, r)
            if r > 0.0:
                first, second = logarithmic_mean_slopes(1.0, r)
        a, b = permeability + size * mean, permeability
        law_up, law_down = permeability + size * first, -permeability + size * second
        if drag < 0.0:
            walls = self._walls(b, a, left, right, c_a, c_p)
            return (-law_down, -law_up, (1.0 - reflection) * mean * walls[1]), walls
        walls = self._walls(a, b, left, right, c_p, c_a)
        return (law_up, law_down, (1.0 - reflection) * mean * walls[0]), walls

    def _walls(
        self, a: float, b: float, left: _Floats, right: _Floats, c_p: float, c_a: float
    ) -> tuple[float, float, float, float]:
        """Both wall concentrations, and the α, β of ``J = α c_P − β c_A``."""
        m = 1.0 if self.membrane.present else 0.0
        up_l, down_l, r_l = left[0], left[1], left[5]
        up_r, down_r, r_r = right[0], right[1], right[5]
        det = m * down_l * up_r + a * r_l * up_r + b * r_r * down_l
        if det == 0.0:  # an endless Péclet number in front of a tight membrane; the caller steps back
            return math.inf, math.inf, 0.0, 0.0
        wall_left = (up_l * c_p * (m * up_r + b * r_r) + b * r_l * down_r * c_a) / det
        wall_right = (a * r_r * up_l * c_p + (m * down_l + a * r_l) * down_r * c_a) / det
        return wall_left, wall_right, a * up_l * up_r / det, b * down_r * down_l / det

    def _solute(
        self, s: int, water_flux: float, cells: HalfCells
    ) -> tuple[_Floats, _Floats, tuple[float, float, float], tuple[float, float, float, float]]:
        """Both half cells, the law's partial derivatives, and the walls of one solute."""
        c_p, c_a = cells.concentration_left[s], cells.concentration_right[s]
        left = _half_cell(cells.diffusivity_left[s], cells.length_left, water_flux, cells.stirred_left)
        right = _half_cell(cells.diffusivity_right[s], cells.length_right, water_flux, cells.stirred_right)
        return left, right, *self._law(s, water_flux, left, right, c_p, c_a)

    def _response(
        self, left: _Floats, right: _Floats, law: tuple[float, float, float], e1: float, e2: float, e3: float
    ) -> tuple[float, float, float]:
        """Change of J, c_wL, c_wR when the three linear equations are forced by e1, e2, e3 (Cramer's rule)."""
        m = 1.0 if self.membrane.present else 0.0
        down_l, r_l, up_r, r_r = left[1], left[5], right[0], right[5]
        law_l, law_r, _ = law
        across = up_r * m - r_r * law_r
        det = down_l * across + r_l * up_r * law_l
        return (
            (down_l * (up_r * e3 + law_r * e2) + up_r * law_l * e1) / det,
            (e1 * across - r_l * (law_r * e2 + up_r * e3)) / det,
            (down_l * (e2 * m + r_r * e3) + law_l * (e1 * r_r + e2 * r_l)) / det,
        )

    def face(self, water_flux: float, cells: HalfCells, derivatives: bool = True) -> Face:
        """Walls, fluxes and their derivatives at a given water flux.

        Parameters
        ----------
        water_flux : float
            J_v, m/s.
        cells : HalfCells
            What stands on both sides.
        derivatives : bool
            Without them their lists stay empty: the right-hand side does not need them.

        Returns
        -------
        Face
            See there.
        """
        out = Face(water_flux, [], [], [], [], [], [], [], [])
        for s in range(len(cells.concentration_left)):
            c_p, c_a = cells.concentration_left[s], cells.concentration_right[s]
            left, right, law, walls = self._solute(s, water_flux, cells)
            wall_l, wall_r, alpha, beta = walls
            out.wall_left.append(wall_l)
            out.wall_right.append(wall_r)
            out.flux.append(alpha * c_p - beta * c_a)
            out.alpha.append(alpha)
            out.beta.append(beta)
            if not derivatives:
                continue
            responses = [
                self._response(left, right, law, e1, e2, e3)
                for e1, e2, e3 in (
                    _forcing(left, right, law, walls, c_p, c_a),  # with J_v
                    (left[0], 0.0, 0.0),  # with c_P
                    (0.0, right[1], 0.0),  # with c_A
                    ((c_p - wall_l) * left[4], 0.0, 0.0),  # with ln l_L
                    (0.0, (c_a - wall_r) * right[4], 0.0),  # with ln l_R
                )
            ]
            dflux, dwall_l, dwall_r = zip(*responses, strict=True)
            out.dflux.append(dflux)
            out.dwall_left.append(dwall_l)
            out.dwall_right.append(dwall_r)
        return out

    # -- the water flux -----------------------------------------------------------------------------------------
    def _imbalance(self, water_flux: float, cells: HalfCells, pressure: float) -> tuple[float, float, float]:
        """``J_v − L_p[Δp − ΔΣσπ]``, its derivative, and the size of what was subtracted (for round-off)."""
        lp = self.membrane.water_permeability
        walls_l, walls_r, slopes_l, slopes_r = [], [], [], []
        for s in range(len(cells.concentration_left)):
            left, right, law, walls = self._solute(s, water_flux, cells)
            if not (math.isfinite(walls[0]) and math.isfinite(walls[1])):
                return math.copysign(math.inf, water_flux), math.inf, math.inf
            forcing = _forcing(left, right, law, walls, cells.concentration_left[s], cells.concentration_right[s])
            _, slope_l, slope_r = self._response(left, right, law, *forcing)
            walls_l.append(walls[0])
            walls_r.append(walls[1])
            slopes_l.append(slope_l)
            slopes_r.append(slope_r)
        pi_l, grad_l = self.wall_pressure(walls_l)
        pi_r, grad_r = self.wall_pressure(walls_r)
        value = water_flux - lp * (pressure - pi_l + pi_r)
        slope = 1.0
        for s in range(len(walls_l)):
            slope += lp * (grad_l[s] * slopes_l[s] - grad_r[s] * slopes_r[s])
        return value, slope, abs(water_flux) + lp * (abs(pressure) + abs(pi_l) + abs(pi_r))

    def water_flux(self, cells: HalfCells, pressure: float, guess: float, reference: float) -> float:
        """Water flux that the pressures and the wall concentrations it makes agree on.

        Parameters
        ----------
        cells : HalfCells
            What stands on both sides.
        pressure : float
            Hydrostatic pressure difference p_L − p_R, Pa.
        guess : float
            Where to start, m/s.
        reference : float
            Where there is more than one root, the one nearest to this is taken: J_v of the last accepted step, m/s.

        Returns
        -------
        float
            J_v, m/s, positive from left to right.

        Raises
        ------
        NoSolution
            If the iteration does not settle.
        """
        if self.membrane.water_permeability == 0.0 or not self.membrane.present:
            return 0.0
        if self._multiplicity(cells) >= _UNIQUE_BELOW:
            roots = self._all_roots(cells, pressure)
            if len(roots) > 1:
                self.several_roots = True
            if roots:
                return min(roots, key=lambda root: abs(root - reference))
        return self._newton(cells, pressure, guess, -math.inf, math.inf)

    def _newton(self, cells: HalfCells, pressure: float, guess: float, low: float, high: float) -> float:
        flux = guess
        before, visited_zero = math.inf, flux == 0.0
        for _ in range(400):
            value, slope, size = self._imbalance(flux, cells, pressure)
            if value == 0.0:
                return flux
            if value < 0.0:
                low = flux
            else:
                high = flux
            new = flux - value / slope if slope > 0.0 and math.isfinite(value) else math.nan
            near = abs(value) <= 1e-6 * size  # where Newton doubles the digits with each step
            if near and abs(new - flux) <= max(_SETTLED * abs(new), 2 * _EPS * size):
                return new
            slow = abs(value) > 0.25 * before  # up an exponential Newton takes steps of one in the Péclet number
            before = abs(value)
            if slow or not low < new < high:
                if math.isfinite(low) and math.isfinite(high):
                    new = 0.5 * (low + high)
                    if not low < new < high:
                        return flux
                elif not visited_zero:  # no exponentials there
                    new, visited_zero = 0.0, True
                else:  # walk on in the direction of the root until it is bracketed
                    reach = max(2.0 * abs(flux), size if math.isfinite(size) else 0.0, 1e-300)
                    new = flux - math.copysign(reach, value)
            flux = new
        raise NoSolution("the water flux and the wall concentrations that it makes could not be brought to agree")

    def _multiplicity(self, cells: HalfCells) -> float:
        """``L_p ν R T c / min(g)`` over the solutes the membrane lets through with the water."""
        m = self.membrane
        if all(sigma == 1.0 for sigma in m.reflection):
            return 0.0
        worst = 0.0
        for s, sigma in enumerate(m.reflection):
            if sigma in (0.0, 1.0):
                continue
            resistance = 0.0
            if not cells.stirred_left:
                resistance = cells.length_left / cells.diffusivity_left[s]
            if not cells.stirred_right:
                resistance = max(resistance, cells.length_right / cells.diffusivity_right[s])
            alone = [0.0] * len(m.reflection)
            alone[s] = max(cells.concentration_left[s], cells.concentration_right[s], 0.0)
            pressure, _ = self.wall_pressure(alone)
            worst += m.water_permeability * pressure / sigma * resistance
        return worst

    def _all_roots(self, cells: HalfCells, pressure: float) -> list[float]:
        """Every sign change of the imbalance from − to + on a fine grid of water fluxes, refined."""
        _, _, size = self._imbalance(0.0, cells, pressure)
        reach = size
        for _ in range(60):
            if self._imbalance(reach, cells, pressure)[0] > 0 and self._imbalance(-reach, cells, pressure)[0] < 0:
                break
            reach *= 2.0
        grid = [reach * (k / 100) for k in range(-100, 101)]
        values = [self._imbalance(flux, cells, pressure)[0] for flux in grid]
        roots = []
        for k in range(200):
            if values[k] < 0.0 <= values[k + 1]:
                roots.append(self._newton(cells, pressure, 0.5 * (grid[k] + grid[k + 1]), grid[k], grid[k + 1]))
        return roots
