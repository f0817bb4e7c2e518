"""The problem that all solve: osmosis between two compartments whose volumes move, cases C1 and C3.

Two compartments of lengths L1 and L2 hold a solute that the membrane between them keeps back (σ = 1, impermeable):

    ∂c/∂t + ∂(J_v c)/∂x = ∂/∂x (D ∂c/∂x),   dL1/dt = −J_v,  dL2/dt = J_v,
    J_v = a (ΔΠ − (c1w − c2w)),   J_v c_w − D ∂c/∂x = 0 at the membrane, no flux at the far ends,

everything non-dimensional. Exact values: `exact.csv`. Each compartment is mapped onto its length at the start, and the
unknowns are the amounts per *that* length, ``q = c L/L0``, cell by cell from the far left to the far right, and the
displaced volume ``X = ∫ J_v dt`` behind them: all of order one, so that one absolute tolerance fits all.

The scheme, wherever a peer leaves it to us: finite volumes on cells graded towards the membrane, exponential fluxes

    F = v (c_P + c_A)/2 − D/d S(v d/D) (c_A − c_P),   S(x) = x/2 coth(x/2),

and the half cells at the membrane eliminated exactly, ``c_w = c_P exp(± J_v l/D)``, which leaves one scalar equation
for J_v. `rhs` and `jacobian` are written for NumPy in such a way that Numba compiles them as they stand.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix

Array = NDArray[np.float64]

CELLS = 100  # in each compartment
FINEST = 0.004  # width of the cells at the membrane, of the length 1
END = 1.0
TOLERANCES = (1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6, 3e-7, 1e-7)
TIMES = np.linspace(0.0, END, 21)  # what everyone stores; the exact ones are among them


@dataclass(frozen=True)
class Exact:
    """What is known at the times of the table: length on the left and both concentrations at the membrane."""

    time: Array
    length_left: Array
    wall_left: Array
    wall_right: Array


@dataclass(frozen=True)
class Problem:
    """One case of the table. Lengths and concentrations at the start, diffusivities, a, and what is applied."""

    name: str
    length: tuple[float, float]
    diffusivity: tuple[float, float]
    concentration: tuple[float, float]
    a: float
    applied: float
    exact: Exact

    @cached_property
    def arrays(self) -> Arrays:
        """Numbers and arrays of the scheme, see `Arrays`."""
        return discretise(self)

    @cached_property
    def start(self) -> Array:
        """State at t = 0."""
        left, right = self.concentration
        return np.concatenate([np.full(CELLS, left), np.full(CELLS, right), [0.0]])

    def read(self, states: Array) -> Array:
        """Length on the left and both wall concentrations (3, time) of states (time, unknown)."""
        return np.array([_read(state, self) for state in states]).T


Solve = Callable[[], Any]
Read = Callable[[Any], Array]


@dataclass(frozen=True)
class Method:
    """One way of solving it.

    `prepare(problem, setting)` does what is done once, and returns `solve`, which is timed, and `read`, which makes of
    the answer L1, c1w and c2w at the times of the table, shape (3, time), and is not.
    """

    name: str
    settings: tuple[float, ...]  # tolerances, or numbers of steps
    prepare: Callable[[Problem, float], tuple[Solve, Read]]
    setting: str = "rtol"
    slow: bool = False  # one run is enough


def problems() -> list[Problem]:
    """C1 and C3 from `exact.csv`."""
    with (Path(__file__).parent / "exact.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    found = []
    for name in sorted({row["case"] for row in rows}):
        mine = [row for row in rows if row["case"] == name]
        first = {key: float(text) for key, text in mine[0].items() if key != "case"}
        columns = {key: np.array([float(row[key]) for row in mine]) for key in ("t", "L1", "c1_wall", "c2_wall")}
        found.append(
            Problem(
                name=name,
                length=(first["L10"], first["L20"]),
                diffusivity=(first["D1"], first["D2"]),
                concentration=(first["c10"], first["c20"]),
                a=first["a"],
                applied=first["dPi"],
                exact=Exact(columns["t"], columns["L1"], columns["c1_wall"], columns["c2_wall"]),
            )
        )
    return found


def error(problem: Problem, got: Array) -> float:
    """Largest deviation of L1, c1w, c2w (3, time) from the table."""
    exact = problem.exact
    return float(np.max(np.abs(got - np.array([exact.length_left, exact.wall_left, exact.wall_right]))))


def exact_rows(problem: Problem) -> NDArray[np.intp]:
    """Where the times of the table stand in `TIMES`."""
    rows = np.searchsorted(TIMES, problem.exact.time - 1e-9)
    assert np.allclose(TIMES[rows], problem.exact.time)
    return rows


# -- the scheme -----------------------------------------------------------------------------------------------------
def graded(length: float) -> Array:
    """Cell widths from the membrane outwards: a geometric row from `FINEST` that fills the length."""
    low, high = 1.0, 2.0
    for _ in range(100):
        ratio = 0.5 * (low + high)
        if FINEST * np.sum(ratio ** np.arange(CELLS)) > length:
            high = ratio
        else:
            low = ratio
    widths = FINEST * low ** np.arange(CELLS)
    return np.asarray(widths * (length / widths.sum()))


# what `rhs` and `jacobian` want. Of the cells: widths, and what their stretch L/L0 changes by with X. Of the faces
# between cells: D/d, d/D, their share of J_v, and what their stretch changes by with X; at the membrane all but the
# last are zero, so that nothing passes there. Half cells over D; what s1, s2 change by with X; a; what is applied;
# cells on the left
Arrays = tuple[Array, Array, Array, Array, Array, Array, tuple[float, float], tuple[float, float], float, float, int]


def discretise(problem: Problem) -> Arrays:
    """The arrays of the scheme, once for each case."""
    left, right = graded(problem.length[0])[::-1], graded(problem.length[1])
    width = np.concatenate([left, right])
    diffusivity = np.repeat(problem.diffusivity, CELLS)[1:]
    distance = 0.5 * (width[1:] + width[:-1])
    conductance, per_speed = diffusivity / distance, distance / diffusivity
    position = np.cumsum(width)[:-1]
    total = problem.length[0] + problem.length[1]
    reach = np.where(
        position <= problem.length[0], position / problem.length[0], (total - position) / problem.length[1]
    )
    for each in (conductance, per_speed, reach):
        each[CELLS - 1] = 0.0
    by_x = (-1.0 / problem.length[0], 1.0 / problem.length[1])
    return (
        width,
        np.repeat(by_x, CELLS),
        conductance,
        per_speed,
        reach,
        np.repeat(by_x, CELLS)[1:],
        (0.5 * left[-1] / problem.diffusivity[0], 0.5 * right[0] / problem.diffusivity[1]),
        by_x,
        problem.a,
        problem.applied,
        CELLS,
    )


def water_flux(y: Array, arrays: Arrays) -> tuple[float, float, float]:
    """J_v, and ``exp(J_v l1/D1)`` and ``exp(−J_v l2/D2)``: wall concentrations over those of the cells beside them."""
    half, stretching, a, applied, m = arrays[6], arrays[7], arrays[8], arrays[9], arrays[10]
    x = y[2 * m]
    s1, s2 = 1.0 + x * stretching[0], 1.0 + x * stretching[1]
    c1, c2 = y[m - 1] / s1, y[m] / s2
    k1, k2 = half[0] * s1, half[1] * s2
    flux = a * (applied - c1 + c2) / (1.0 + a * (c1 * k1 + c2 * k2))
    for _ in range(20):
        e1, e2 = math.exp(flux * k1), math.exp(-flux * k2)
        step = (flux - a * (applied - c1 * e1 + c2 * e2)) / (1.0 + a * (c1 * k1 * e1 + c2 * k2 * e2))
        flux -= step
        if abs(step) <= 1e-14 * (1.0 + abs(flux)):
            break
    return flux, math.exp(flux * k1), math.exp(-flux * k2)


def _read(state: Array, problem: Problem) -> tuple[float, float, float]:
    m, (x1, x2), x = CELLS, problem.arrays[7], state[-1]
    _, e1, e2 = water_flux(state, problem.arrays)
    return problem.length[0] - x, state[m - 1] / (1.0 + x * x1) * e1, state[m] / (1.0 + x * x2) * e2


def rhs(y: Array, dydt: Array, arrays: Arrays) -> None:
    """Fill dq/dt and dX/dt."""
    width, stretching, conductance, per_speed, reach, face_stretching, _, _, _, _, m = arrays
    n = 2 * m
    flux, _, _ = water_flux(y, arrays)
    c = y[:n] / (1.0 + y[n] * stretching)
    s = 1.0 + y[n] * face_stretching
    v = flux * reach
    z = v * s * per_speed  # Péclet numbers; S(z) = z/2 coth(z/2) by its series: |z| < 0.03 here, exact to round-off
    z *= z
    passing = 0.5 * v * (c[:-1] + c[1:]) - conductance / s * (1.0 + z / 12.0 - z * z / 720.0) * (c[1:] - c[:-1])
    dydt[: n - 1] = -passing
    dydt[n - 1] = 0.0
    dydt[1:n] += passing
    dydt[:n] /= width
    dydt[n] = flux


def jacobian(y: Array, pieces: Array, arrays: Arrays) -> None:
    """Fill the exact Jacobian, as rows of `pieces` (7, unknowns).

    0 to 2: the tridiagonal part, d(dq_k/dt)/dq of k, of k - 1 and of k + 1; 3 and 4: what the cells at the membrane do
    to every cell, mostly through J_v; 5: what X does, and last d(dX/dt)/dX; 6: its first two entries are d(dX/dt)/dq of
    the cells at the membrane. `layout` says where they belong.
    """
    width, stretching, conductance, per_speed, reach, face_stretching, half, (x1, x2), a, _, m = arrays
    n = 2 * m
    flux, e1, e2 = water_flux(y, arrays)
    s1, s2 = 1.0 + y[n] * x1, 1.0 + y[n] * x2
    c1, c2 = y[m - 1] / s1, y[m] / s2
    slope = 1.0 + a * (c1 * half[0] * s1 * e1 + c2 * half[1] * s2 * e2)
    flux_left, flux_right = -a * e1 / s1 / slope, a * e2 / s2 / slope  # dJ_v/dq of the cells at the membrane
    change1 = c1 * e1 * (1.0 / s1 - flux * half[0]) * x1  # minus dc_w/dX: concentration, and thickness of the half cell
    change2 = c2 * e2 * (1.0 / s2 + flux * half[1]) * x2
    flux_x = a * (change1 - change2) / slope

    c = y[:n] / (1.0 + y[n] * stretching)
    s = 1.0 + y[n] * face_stretching
    v = flux * reach
    peclet = v * s * per_speed
    z = peclet * peclet
    diffusing = conductance / s
    stretch, turn = 1.0 + z / 12.0 - z * z / 720.0, peclet * (1.0 / 6.0 - z / 180.0)  # S and its derivative
    forward, backward = 0.5 * v + diffusing * stretch, diffusing * stretch - 0.5 * v
    drop = c[:-1] - c[1:]
    by_flux = reach * (0.5 * (c[:-1] + c[1:]) + turn * drop)
    by_stretch = drop * diffusing * (peclet * turn - stretch) - forward * c[:-1] + backward * c[1:]
    by_x = by_flux * flux_x + by_stretch / s * face_stretching
    forward /= s
    backward /= s
    pieces[:] = 0.0
    pieces[0, : n - 1] = -forward
    pieces[0, 1:n] -= backward
    pieces[1, 1:n] = forward
    pieces[2, : n - 1] = backward
    pieces[3, : n - 1] = -by_flux * flux_left
    pieces[3, 1:n] += by_flux * flux_left
    pieces[4, : n - 1] = -by_flux * flux_right
    pieces[4, 1:n] += by_flux * flux_right
    pieces[5, : n - 1] = -by_x
    pieces[5, 1:n] += by_x
    pieces[3, m - 1] += pieces[0, m - 1]  # the tridiagonal part of these two columns
    pieces[3, m - 2] += pieces[2, m - 2]
    pieces[4, m] += pieces[0, m]
    pieces[4, m + 1] += pieces[1, m + 1]
    pieces[:6, :n] /= width
    pieces[5, n] = flux_x
    pieces[6, 0], pieces[6, 1] = flux_left, flux_right


@dataclass(frozen=True)
class Layout:
    """Where the entries of the Jacobian stand: in compressed columns, and in the raveled pieces."""

    indices: NDArray[np.int32]
    indptr: NDArray[np.int32]
    take: NDArray[np.intp]
    shape: tuple[int, int]

    def matrix(self, pieces: Array) -> csc_matrix:
        """Sparse matrix of the pieces."""
        return csc_matrix((pieces.ravel()[self.take], self.indices, self.indptr), shape=self.shape)


def layout() -> Layout:
    """Sparsity of the Jacobian: tridiagonal, and three full columns."""
    m, n = CELLS, 2 * CELLS
    size = n + 1
    entries = []  # column, row, index into the pieces
    for k in range(n):
        if k in (m - 1, m):
            entries += [(k, row, (3 if k < m else 4) * size + row) for row in range(n)]
            entries.append((k, n, 6 * size + (0 if k < m else 1)))
            continue
        first, last = (0, m) if k < m else (m, n)
        entries.append((k, k, k))
        if k - 1 >= first:
            entries.append((k, k - 1, 2 * size + k - 1))
        if k + 1 < last:
            entries.append((k, k + 1, size + k + 1))
    entries += [(n, row, 5 * size + row) for row in range(size)]
    entries.sort()
    columns, rows, take = (np.array(each) for each in zip(*entries, strict=True))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=size))])
    return Layout(rows.astype(np.int32), indptr.astype(np.int32), take, (size, size))
