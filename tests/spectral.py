"""An independent solution of a case: Chebyshev collocation on each side, SciPy's Radau in time.

Written from the equations of the model alone; nothing of the package's mesh, fluxes or integrators is used. Each side
has its own coordinate z from the membrane outwards, s is +1 on the right and −1 on the left, and the liquid of a side
moves with ``w = s J_v``:

    ∂c/∂t + (w − ζ dℓ/dt) ∂c/∂z = D ∂²c/∂z²,   ζ = z/ℓ

with ``dℓ/dt = w`` where the side is closed and 0 where liquid passes its far edge. At the membrane
``w c − D ∂c/∂z = s J_s``. Beside a curved membrane, of radius R(t), the liquid rests and the membrane moves at −J_v:
seen from the membrane that is the same w, and ``∂²c/∂z²`` becomes ``∂²c/∂z² + s (d − 1)/(R + s z) ∂c/∂z``, d = 2 of a
cylinder, 3 of a sphere. Volumes and amounts are per membrane area at the start. The points lie densely at the membrane:
``ζ = (e^{bξ} − 1)/(e^b − 1)`` of Chebyshev points ξ. Solutions are ideal, liquids incompressible.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from membrane_pde.input.case import Case

R = 8.31446261815324
DIMENSION = {"planar": 1, "cylindrical": 2, "spherical": 3}
GRAVITY = 9.80665
Array = np.ndarray[Any, np.dtype[np.float64]]


def chebyshev(n: int) -> tuple[Array, Array, Array]:
    """Points on [0, 1], the matrix of d/dξ there, and the weights of the integral (Trefethen 2000; Clenshaw-Curtis)."""
    k = np.arange(n + 1)
    x = np.cos(math.pi * k / n)
    c = np.where((k == 0) | (k == n), 2.0, 1.0) * (-1.0) ** k
    gap = x[:, None] - x[None, :] + np.eye(n + 1)
    d = np.outer(c, 1.0 / c) / gap
    d -= np.diag(d.sum(axis=1))
    moments = np.array([2.0 / (1.0 - j * j) if j % 2 == 0 else 0.0 for j in range(n + 1)])
    weights = np.linalg.solve(np.cos(np.outer(k, math.pi * k / n)), moments)
    return 0.5 * (1.0 - x), -2.0 * d, 0.5 * weights


@dataclass
class Side:
    """One side in numbers; `points` is None where it is stirred."""

    sign: float
    boundary: str
    length: float
    start: Array
    outside: Array | None
    diffusivity: Array
    stiffness: float
    bath: Any
    points: tuple[Array, Array, Array] | None

    @property
    def closed(self) -> bool:
        return self.boundary in ("piston", "standpipe", "elastic", "rigid")


def _side(case: Case, name: str, n: int) -> Side:
    one = getattr(case, name)
    names = list(case.solutes)
    start = np.array([float(one.concentration[s]) for s in names])
    diffusivity = np.array([case.solutes[s].diffusivity for s in names])
    outside = np.array([one.backflow[s] for s in names]) if one.boundary == "outflow" else None
    stiffness = 0.0
    if one.boundary == "elastic":
        stiffness = one.modulus / (one.length / DIMENSION[case.geometry])
    if one.boundary == "standpipe":
        stiffness = 997.047 * GRAVITY / one.tube_area  # water at 25 °C
    bath = None
    if one.boundary == "bath":
        fed = None if one.feed is None else np.array([one.feed.concentration[s] for s in names])
        bath = (one.volume, fed, None if one.feed is None else one.feed.flow, one.bleed)
    points = None
    if not one.stirred:
        crowd = min(max(math.log(one.length / math.sqrt(diffusivity.min() * case.run.duration)), 0.1) + 1.0, 6.0)
        xi, d, w = chebyshev(n)
        zeta, slope = np.expm1(crowd * xi) / math.expm1(crowd), crowd * np.exp(crowd * xi) / math.expm1(crowd)
        points = zeta, d / slope[:, None], w * slope
    sign = -1.0 if name == "left" else 1.0
    return Side(sign, one.boundary, one.length, start, outside, diffusivity, stiffness, bath, points)


class Spectral:
    """The equations of a case.

    State: of each side the concentrations at the inner points (solute by solute; one where it is stirred), of a bath
    its volume and concentrations; X; the amounts that passed.
    """

    def __init__(self, case: Case, n: int = 32) -> None:
        self.case, self.k = case, len(case.solutes)
        self.sides = [_side(case, name, n) for name in ("left", "right")]
        m = case.membrane
        self.bare, self.law, self.lp = m.type == "none", m.flux_law, m.water_permeability
        self.p = np.array([m.solutes[s].permeability if m.solutes else 0.0 for s in case.solutes])
        self.sigma = np.array([m.solutes[s].reflection if m.solutes else 0.0 for s in case.solutes])
        self.pull = self.sigma * np.array([s.dissociation for s in case.solutes.values()]) * R * case.temperature
        self.still = self.bare or self.lp == 0.0 or "rigid" in (case.left.boundary, case.right.boundary)
        self.flux = 0.0
        self.d, self.radius = DIMENSION[case.geometry], case.left.radius
        self.walls = [side.start.copy() for side in self.sides]

    # -- the state ---------------------------------------------------------------------------------------------------
    def start(self) -> Array:
        parts = []
        for side in self.sides:
            count = 1 if side.points is None else len(side.points[0]) - 2
            parts.append(np.repeat(side.start, count))
            if side.bath is not None and side.points is not None:
                parts.append(side.start)
            parts.append([side.bath[0] if side.bath is not None else 0.0])
        return np.concatenate([*parts, [0.0], np.zeros(self.k)])

    def split(self, y: Array) -> tuple[list[tuple[Array, Array, float]], float]:
        """(inner concentrations, those of the bath, its volume) of both sides; X."""
        found, at = [], 0
        for side in self.sides:
            count = 1 if side.points is None else len(side.points[0]) - 2
            inner = y[at : at + self.k * count].reshape(self.k, count)
            at += self.k * count
            bath = inner[:, 0]
            if side.bath is not None and side.points is not None:
                bath = y[at : at + self.k]
                at += self.k
            found.append((inner, bath, float(y[at])))
            at += 1
        return found, float(y[at])

    def lengths(self, x: float) -> list[float]:
        if self.radius is None:
            return [side.length + side.sign * x if side.closed else side.length for side in self.sides]
        radius = self.radius * (1.0 - x * self.d / self.radius) ** (1.0 / self.d)
        shell = self.sides[1].length
        return [radius, self.radius + shell - radius if self.sides[1].closed else shell]

    def areas(self, i: int, lengths: list[float], zeta: Array | float) -> Any:
        """Area at ζ of a side, over that of the membrane at the start."""
        if self.radius is None:
            return np.ones_like(zeta)
        return ((lengths[0] + self.sides[i].sign * lengths[i] * zeta) / self.radius) ** (self.d - 1)

    def volume(self, i: int, x: float) -> float:
        """Volume of a stirred side per membrane area at the start."""
        side = self.sides[i]
        if self.radius is None or side.boundary == "bath":
            start = side.length
        else:
            ends = sorted((self.radius, self.radius + side.length if i else 0.0))
            start = (ends[1] ** self.d - ends[0] ** self.d) / (self.d * self.radius ** (self.d - 1))
        return start + side.sign * x if side.closed else start

    # -- what holds at the membrane ----------------------------------------------------------------------------------
    def edges(self, s: int, water: float, parts: Any, lengths: list[float]) -> tuple[float, float, Array]:
        """Wall concentrations left and right, and the values at all points' ends, of a solute at a given J_v.

        The unknowns are the concentrations at the membrane and the far edge of each side; all conditions are linear in
        them, but for the logarithmic mean, which is iterated.
        """
        drag = (1.0 - self.sigma[s]) * water
        guess = self.walls[0][s], self.walls[1][s]
        for _ in range(60):
            a, b = self._coefficients(s, drag, guess)
            matrix, right = np.zeros((4, 4)), np.zeros(4)
            for i, side in enumerate(self.sides):
                inner, bath, _ = parts[i]
                wall, far = 2 * i, 2 * i + 1
                if side.points is None:
                    matrix[wall, wall] = matrix[far, far] = 1.0
                    right[wall] = right[far] = inner[s, 0]
                    continue
                w, g = side.sign * water, side.diffusivity[s] / lengths[i]
                d = side.points[1]
                if self.bare:
                    if i == 0:  # as much on both sides, and what leaves one enters the other
                        matrix[0, 0], matrix[0, 2] = 1.0, -1.0
                    else:
                        for j, other in enumerate(self.sides):
                            slope = other.diffusivity[s] / lengths[j] * other.points[1][0]
                            matrix[2, 2 * j] += slope[0]
                            matrix[2, 2 * j + 1] += slope[-1]
                            right[2] -= slope[1:-1] @ parts[j][0][s]
                else:
                    matrix[wall, wall] += w - g * d[0, 0]
                    matrix[wall, far] -= g * d[0, -1]
                    right[wall] += g * d[0, 1:-1] @ inner[s]
                    matrix[wall, 0] -= side.sign * a
                    matrix[wall, 2] += side.sign * b
                if side.boundary == "reservoir":
                    matrix[far, far], right[far] = 1.0, side.start[s]
                elif side.boundary == "bath":
                    matrix[far, far], right[far] = 1.0, bath[s]
                else:
                    matrix[far, wall] -= g * d[-1, 0]
                    matrix[far, far] -= g * d[-1, -1]
                    right[far] += g * d[-1, 1:-1] @ inner[s]
                    if side.boundary == "outflow" and w < 0.0:
                        matrix[far, far] += w
                        right[far] += w * side.outside[s]
            values = np.linalg.solve(matrix, right)
            new = float(values[0]), float(values[2])
            if self.bare or self.law != "kedem-katchalsky" or drag == 0.0:
                break
            if max(abs(p - q) for p, q in zip(new, guess, strict=True)) <= 1e-14 * max(map(abs, new)):
                break
            guess = new
        return new[0], new[1], values

    def _coefficients(self, s: int, drag: float, walls: tuple[float, float]) -> tuple[float, float]:
        """``J_s = a c_L − b c_R``."""
        p = self.p[s]
        if self.bare or drag == 0.0:
            return p, p
        if self.law == "spiegler-kedem":
            if p == 0.0:
                return max(drag, 0.0), max(-drag, 0.0)
            peclet = drag / p
            if abs(peclet) < 1e-8:
                return p + 0.5 * drag, p - 0.5 * drag
            if peclet > 600.0:
                return drag, 0.0
            if peclet < -600.0:
                return 0.0, -drag
            return drag / -math.expm1(-peclet), drag / math.expm1(peclet)
        left, right = walls
        if self.law == "kedem-katchalsky" and left > 0.0 and right > 0.0:
            ratio = math.log(left / right)
            mean = left if abs(ratio) < 1e-12 else (left - right) / ratio
            return p + drag * mean / (left + right), p - drag * mean / (left + right)
        return p, p

    def solve_flux(self, t: float, parts: Any, x: float, lengths: list[float]) -> float:
        """J_v that the pressures and the wall concentrations agree on."""
        if self.still:
            return 0.0
        for side, sign in ((self.case.left, 1.0), (self.case.right, -1.0)):
            if side.pressure.flux:
                return sign * side.pressure.at(t)
        pressed = 0.0
        for side, one in zip(self.sides, (self.case.left, self.case.right), strict=True):
            pressure = one.pressure.at(t) + side.stiffness * side.sign * x
            if side.boundary == "elastic":  # its wall presses on the liquid and does not pull
                pressure = max(pressure, 0.0)
            pressed -= side.sign * pressure

        def miss(water: float) -> float:
            walls = [self.edges(s, water, parts, lengths)[:2] for s in range(self.k)]
            return water - self.lp * (
                pressed - sum(pull * (a - b) for pull, (a, b) in zip(self.pull, walls, strict=True))
            )

        low, high, step = self.flux, self.flux, 1e-3 * abs(self.flux) + 1e-12
        first = miss(low)
        if first == 0.0:
            return low
        for _ in range(80):
            if first > 0.0:
                low -= step
                if miss(low) <= 0.0:
                    break
            else:
                high += step
                if miss(high) >= 0.0:
                    break
            step *= 4.0
        self.flux = brentq(miss, low, high, xtol=1e-22, rtol=1e-14)
        return self.flux

    # -- in time -----------------------------------------------------------------------------------------------------
    def look(self, t: float, y: Array) -> dict[str, Any]:
        """J_v, J_s, wall concentrations, lengths, and the values at all points."""
        parts, x = self.split(y)
        lengths = self.lengths(x)
        water = self.solve_flux(t, parts, x, lengths)
        values = np.empty((self.k, 4))
        passing = np.empty(self.k)
        for s in range(self.k):
            left, right, values[s] = self.edges(s, water, parts, lengths)
            self.walls[0][s], self.walls[1][s] = left, right
            if self.bare:
                side = self.sides[1]
                profile = np.concatenate([[values[s, 2]], parts[1][0][s], [values[s, 3]]])
                passing[s] = -side.diffusivity[s] / lengths[1] * (side.points[1][0] @ profile)
            else:
                a, b = self._coefficients(s, (1.0 - self.sigma[s]) * water, (left, right))
                passing[s] = a * left - b * right
        return {"water": water, "passing": passing, "values": values, "lengths": lengths, "parts": parts, "x": x}

    def rates(self, t: float, y: Array) -> Array:
        seen = self.look(t, y)
        water, passing, out = seen["water"], seen["passing"], []
        for i, side in enumerate(self.sides):
            inner, bath, volume = seen["parts"][i]
            w, length = side.sign * water, seen["lengths"][i]
            membrane = float(self.areas(i, seen["lengths"], 0.0))
            entering, volume_rate, far = side.sign * passing * membrane, 0.0, membrane
            if side.points is not None:
                zeta, d, _ = side.points
                c = np.column_stack([seen["values"][:, 2 * i], inner, seen["values"][:, 2 * i + 1]])
                slope = c @ d.T / length
                bend = slope @ d.T / length
                speed = w * (1.0 - zeta) if side.closed else w * np.ones_like(zeta)
                change = side.diffusivity[:, None] * bend - speed * slope
                if self.radius is not None:
                    r = seen["lengths"][0] + side.sign * length * zeta[1:-1]
                    change[:, 1:-1] += side.diffusivity[:, None] * side.sign * (self.d - 1) / r * slope[:, 1:-1]
                out.append(change[:, 1:-1].ravel())
                far = float(self.areas(i, seen["lengths"], 1.0))
                entering = far * (w * c[:, -1] - side.diffusivity * slope[:, -1])  # into the bath
            if side.bath is not None:
                _, fed, flow, bleed = side.bath
                q = -w * far
                if fed is None:
                    q_in, q_out = 0.0, bleed
                elif flow is None:
                    q_in, q_out = max(q + bleed, 0.0), max(bleed, -q)
                else:
                    q_in, q_out = flow, bleed
                brought = 0.0 if fed is None else q_in * fed
                volume_rate = q_in - q_out - q
                concentration = (brought - q_out * bath + entering - bath * volume_rate) / volume
                out.append(concentration)
            elif side.points is None:
                if side.boundary == "reservoir":
                    out.append(np.zeros(self.k))
                elif side.boundary == "outflow":
                    out.append((entering - w * (inner[:, 0] if w > 0.0 else side.outside)) / length)
                else:
                    out.append((entering - membrane * w * inner[:, 0]) / self.volume(i, seen["x"]))
            out.append(np.array([volume_rate]))
        membrane = float(self.areas(0, seen["lengths"], 0.0))
        return np.concatenate([*out, [membrane * water], membrane * passing])

    def run(self, rtol: float = 1e-7) -> dict[str, Any]:
        """The end of the case, under keys of a summary; of solutes an array."""
        duration, y = self.case.run.duration, self.start()
        kinks = {t for side in (self.case.left, self.case.right) for t in side.pressure.times if 0.0 < t < duration}
        times = [0.0, *sorted(kinks), duration]
        size = max(float(side.start.max()) for side in self.sides)
        width = min(side.length for side in self.sides)
        atol = np.full(len(y), 1e-2 * rtol * size)
        atol[-self.k :] *= width
        atol[-self.k - 1] = 1e-2 * rtol * width
        for start, end in itertools.pairwise(times):
            inside = end - 1e-13 * duration  # a step of the pressure belongs to what comes after it
            longest = min(side.pressure.period for side in (self.case.left, self.case.right)) / 20.0
            found = solve_ivp(self.rates, (start, inside), y, method="Radau", rtol=rtol, atol=atol, max_step=longest)
            assert found.success, found.message
            y = found.y[:, -1]
        seen = self.look(inside, y)
        means = []
        for i, side in enumerate(self.sides):
            inner, bath, volume = seen["parts"][i]
            if side.points is None:
                means.append(bath)
                continue
            c = np.column_stack([seen["values"][:, 2 * i], inner, seen["values"][:, 2 * i + 1]])
            held = seen["lengths"][i] * side.points[2] * self.areas(i, seen["lengths"], side.points[0])
            means.append((c @ held + bath * volume) / (held.sum() + volume))  # the volume is 0 without a bath
        return {
            "water_flux_m_per_s": seen["water"],
            "membrane_area_ratio": float(self.areas(0, seen["lengths"], 0.0)),
            "displaced_volume_m": seen["x"],
            "solute_flux_mol_per_m2_s": seen["passing"],
            "amount_transferred_mol_per_m2": y[-self.k :],
            "wall_concentration_left_mol_per_m3": seen["values"][:, 0],
            "wall_concentration_right_mol_per_m3": seen["values"][:, 2],
            "concentration_left_mol_per_m3": means[0],
            "concentration_right_mol_per_m3": means[1],
        }
