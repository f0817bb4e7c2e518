"""Linear solver for one chain of cells: ``(I − h γ J) δ = r`` with the Jacobian J of the semi-discrete model.

J is tridiagonal for each solute, with additional columns and rows for the water flux and the three scalars
(`slopes.Slopes`). With T the tridiagonal part, u and w the derivatives of the rates of the amounts with respect to J_v
and to X, q the derivatives of the rates of X and of the volumes V of the baths with respect to J_v, g the derivatives
of J_v, and ``τ = h γ``,

    (I − τ T) δm' = r_m − c_b r_V + τ (u − c_b q_V) δJ + τ w δX,    δX = r_X + τ q_X δJ,    δV = r_V + τ q_V δJ,
    δJ = Σ g_m δm' + g_X δX,    δm = δm' + c_b δV

so that ``δm' = a + b δJ`` follows from two tridiagonal solves (b is the same for all right-hand sides), and δJ from one
scalar equation. c_b is the concentration of a bath, in the cell of the bath only: m' is the change of the amounts
without that of a volume at constant concentration, on which no flux depends. (In terms of m the fluxes between a bath
and a thin layer would be large and cancel almost completely.) The counters (amounts that have passed the membrane and
the far faces, the work) follow from the other unknowns.

The amount that passes the membrane in a step is a difference, ``τ F = τ (∂F/∂m_P δm_P + ∂F/∂m_A δm_A + …)``. In a
step much longer than the time in which a cell at the membrane empties, both terms are far larger than their difference,
which is lost to round-off. It is then computed from the balance of one side: the gain of its cells minus what entered
through its far face.

The elimination is that of Grassmann, Taksar and Heyman for Markov chains. A cell loses what its neighbours gain, so the
matrix is an M-matrix: no pivoting is needed, and each pivot is a sum of terms of one sign (1, what leaves the chain,
and what goes on to the next cell) instead of a difference. So amounts are conserved in long steps over thin cells, too.
The elimination runs from both far ends to the membrane and back, as two independent recurrences at the same time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from membrane_pde.kernels import kernel, part
from membrane_pde.model.layout import DRIVING, LEFT_VOLUME, RIGHT_VOLUME, SCALARS, layout_of
from membrane_pde.model.mesh import Array
from membrane_pde.model.problem import Numbers
from membrane_pde.model.slopes import (
    BEFORE,
    BEHIND,
    FLOW_WITH_SCALAR,
    OF_FLOW,
    OF_WORK,
    OTHERS,
    RATES_WITH_FLOW,
    WITH_FLUX,
    WITH_SCALAR,
    WORK_WITH_FLOW,
    WORK_WITH_SCALAR,
    Slopes,
)

OUTER, INVERSE, INNER, RESPONSE = range(4)  # rows of `Factors.table`
TAU, BORDER = range(2)  # entries of `Factors.scalars`
_LONG = 1e3  # τ ÷ time in which a cell at the membrane empties, above which the balance of one side is used


class Factors(NamedTuple):
    """Factors of ``I − τ J``, which `factorize` writes.

    Attributes
    ----------
    table : ndarray, shape (4, solutes, cells)
        OUTER, multipliers of the elimination of the neighbour farther from the membrane; INVERSE, reciprocals of the
        pivots; INNER, entries of the neighbour nearer to the membrane (at the membrane: across it) times these;
        RESPONSE, b, the derivative of the amounts with respect to δJ.
    scalars : ndarray, shape (2,)
        τ (s), and the coefficient of δJ in its scalar equation.
    """

    table: Array
    scalars: Array


def new_factors(solutes: int, cells: int) -> Factors:
    """Arrays of `Factors`."""
    return Factors(np.zeros((4, solutes, cells)), np.zeros(2))


@kernel
def _substitute(outer: Array, inverse: Array, inner: Array, m: int, x: Array) -> None:
    """Solve the tridiagonal system of a solute in place."""
    n = x.shape[0]
    both = min(m, n - m)
    left, right = float(x[0]), float(x[n - 1])
    for i in range(1, both):
        j = n - 1 - i
        left = x[i] - outer[i] * left
        right = x[j] - outer[j] * right
        x[i], x[j] = left, right
    for i in range(both, m):
        left = x[i] - outer[i] * left
        x[i] = left
    for j in range(n - 1 - both, m - 1, -1):
        right = x[j] - outer[j] * right
        x[j] = right
    left = left * inverse[m - 1]
    right = right * inverse[m] - inner[m] * left
    left = left - inner[m - 1] * right
    x[m - 1], x[m] = left, right
    for k in range(1, both):
        i, j = m - 1 - k, m + k
        left = x[i] * inverse[i] - inner[i] * left
        right = x[j] * inverse[j] - inner[j] * right
        x[i], x[j] = left, right
    for i in range(m - 1 - both, -1, -1):
        left = x[i] * inverse[i] - inner[i] * left
        x[i] = left
    for j in range(m + both, n):
        right = x[j] * inverse[j] - inner[j] * right
        x[j] = right


@kernel
def _add_scalar_effect(d: Slopes, s: int, tau: float, scale: float, scalars: Array, x: Array) -> None:
    """Add to the amounts x of a solute the effect of `scale` times a change of the scalars over τ.

    The effect of the volumes of the baths is subtracted; see c_b in the equations of the module.
    """
    n = x.shape[0]
    for j in range(DRIVING):
        moved, through = scale * tau * float(scalars[j]), d.faces[WITH_SCALAR + j, s]
        for i in range(n):
            x[i] += moved * (through[i] - through[i + 1])
    x[0] -= d.baths[0, s] * scale * float(scalars[LEFT_VOLUME])
    x[n - 1] -= d.baths[1, s] * scale * float(scalars[RIGHT_VOLUME])


@kernel
def _flux_change(d: Slopes, s: int, face: int, water: float, scalars: Array) -> float:
    """Change of a solute's flux through a face due to the water flux and the scalars, at constant amounts."""
    change = d.faces[WITH_FLUX, s, face] * water
    for j in range(DRIVING):
        change += d.faces[WITH_SCALAR + j, s, face] * scalars[j]
    return float(change)


@part
def factorize(p: Numbers, d: Slopes, tau: float, f: Factors) -> None:
    """Factorize ``I − τ J``."""
    solutes, n = f.table.shape[1], f.table.shape[2]
    m, held = p.membrane, 0.0
    for s in range(solutes):
        outer, inverse = f.table[OUTER, s], f.table[INVERSE, s]
        inner, response = f.table[INNER, s], f.table[RESPONSE, s]
        before, behind, with_flux = d.faces[BEFORE, s], d.faces[BEHIND, s], d.faces[WITH_FLUX, s]
        for i in range(n):
            response[i] = tau * (with_flux[i] - with_flux[i + 1])
        # `stays / whole` is the fraction of the flow from a cell to the next one, towards the membrane, that does not
        # return. Both are computed from cell to cell without a division and are rescaled every eight cells.
        stays_left, stays_right, whole_left, whole_right, last_left, last_right = 1.0, 1.0, 1.0, 1.0, 0.0, 0.0
        both = min(m, n - m - 1)
        for i in range(both):
            j = n - 1 - i
            outer[i], outer[j] = -tau * before[i] * last_left, tau * behind[j + 1] * last_right
            stays_left, stays_right = (
                whole_left - tau * behind[i] * stays_left,
                whole_right + tau * before[j + 1] * stays_right,
            )
            now_left, now_right = (
                stays_left + tau * before[i + 1] * whole_left,
                stays_right - tau * behind[j] * whole_right,
            )
            last_left, last_right = whole_left / now_left, whole_right / now_right
            inverse[i], inverse[j] = last_left, last_right
            inner[i], inner[j] = tau * behind[i + 1] * last_left, -tau * before[j] * last_right
            whole_left, whole_right = now_left, now_right
            if i == 0 and p.infinite[0]:
                inverse[0], inner[0], last_left, stays_left, whole_left = 1.0, 0.0, 1.0, 1.0, 1.0
            if i == 0 and p.infinite[1]:
                inverse[j], inner[j], last_right, stays_right, whole_right = 1.0, 0.0, 1.0, 1.0, 1.0
            if i % 8 == 7:
                stays_left, stays_right = stays_left / whole_left, stays_right / whole_right
                whole_left = whole_right = 1.0
        left, right = stays_left / whole_left, stays_right / whole_right
        for i in range(both, m):
            stays_left = 1.0 - tau * behind[i] * left
            outer[i] = -tau * before[i] * last_left
            last_left = 1.0 / (stays_left + tau * before[i + 1])
            inverse[i], inner[i], left = last_left, tau * behind[i + 1] * last_left, stays_left * last_left
            if i == 0 and p.infinite[0]:
                inverse[0], inner[0], last_left, left = 1.0, 0.0, 1.0, 1.0
        for j in range(n - 1 - both, m, -1):
            stays_right = 1.0 + tau * before[j + 1] * right
            outer[j] = tau * behind[j + 1] * last_right
            last_right = 1.0 / (stays_right - tau * behind[j])
            inverse[j], inner[j], right = last_right, -tau * before[j] * last_right, stays_right * last_right
            if j == n - 1 and p.infinite[1]:
                inverse[j], inner[j], last_right, right = 1.0, 0.0, 1.0, 1.0
        # the first cell on the right, coupled to the eliminated left side
        outer[m] = tau * behind[m + 1] * last_right
        inverse[m] = 1.0 / (1.0 + tau * before[m + 1] * right - tau * behind[m] * left)
        inner[m] = -tau * before[m] * inverse[m]
        if p.infinite[1] and m == n - 1:
            inverse[m], inner[m] = 1.0, 0.0
        _add_scalar_effect(d, s, tau, tau, d.scalars[RATES_WITH_FLOW], response)
        _substitute(outer, inverse, inner, m, response)
        held += d.walls[OF_FLOW, 0, s] * response[m - 1] + d.walls[OF_FLOW, 1, s] * response[m]
    for j in range(DRIVING):
        held += tau * d.scalars[FLOW_WITH_SCALAR, j] * d.scalars[RATES_WITH_FLOW, j]
    f.scalars[TAU], f.scalars[BORDER] = tau, 1.0 - held


@kernel
def _balanced_side(p: Numbers, d: Slopes, s: int, tau: float) -> int:
    """Side (0, 1) whose balance gives the amount that passed the membrane; -1 to compute it from the flux."""
    m = p.membrane
    if not tau * max(float(d.faces[BEFORE, s, m]), -float(d.faces[BEHIND, s, m])) > _LONG:
        return -1
    if p.infinite[0]:  # the reservoir cell is constant
        return -1 if p.infinite[1] else 1
    if p.infinite[1]:
        return 0
    left, right = p.length[0] + p.bath[0].volume, p.length[1] + p.bath[1].volume
    return 1 if right <= left else 0  # the side with the smaller amounts


@kernel
def _side_total(side: int, m: int, x: Array) -> float:
    """Sum over the cells of a side, with the sign of a transfer from left to right."""
    total = 0.0
    own = x[m:] if side == 1 else x[:m]
    for i in range(own.shape[0]):
        total += float(own[i])
    return total if side == 1 else -total


@kernel
def _add_to_counters(p: Numbers, s: int, amount: float, totals: Array) -> None:
    """Add an amount that passed the membrane to the counters, and to those of the far face of an infinite cell."""
    solutes = p.diffusivity.shape[1]
    totals[s] += amount
    if p.infinite[0] and p.pores[0] == 0:
        totals[solutes + s] += amount
    if p.infinite[1] and p.pores[1] == 0:
        totals[2 * solutes + s] += amount


@part
def solve(p: Numbers, d: Slopes, f: Factors, x: Array) -> None:
    """Solve ``(I − τ J) x = r``; x holds r, and is overwritten."""
    solutes, n = f.table.shape[1], f.table.shape[2]
    m, at, tau = p.membrane, layout_of(solutes, n), float(f.scalars[TAU])
    scalars = x[at.displaced : at.displaced + SCALARS]
    water = 0.0
    for s in range(solutes):
        own = x[s * n : (s + 1) * n]
        side = _balanced_side(p, d, s, tau)
        if side >= 0:
            _add_to_counters(p, s, -_side_total(side, m, own), x[at.passed :])
        _add_scalar_effect(d, s, tau, 1.0, scalars, own)
        _substitute(f.table[OUTER, s], f.table[INVERSE, s], f.table[INNER, s], m, own)
        water += d.walls[OF_FLOW, 0, s] * own[m - 1] + d.walls[OF_FLOW, 1, s] * own[m]
    for j in range(DRIVING):
        water += d.scalars[FLOW_WITH_SCALAR, j] * scalars[j]
    water = float(water / f.scalars[BORDER])
    for j in range(SCALARS):
        scalars[j] += tau * d.scalars[RATES_WITH_FLOW, j] * water
    done = d.scalars[OTHERS, WORK_WITH_FLOW] * water
    for s in range(solutes):
        own = x[s * n : (s + 1) * n]
        response = f.table[RESPONSE, s]
        for i in range(n):
            own[i] += response[i] * water
        from_left, from_right = d.faces[BEHIND, s, 0] * own[0], d.faces[BEFORE, s, n] * own[n - 1]
        from_left += _flux_change(d, s, 0, water, scalars)
        from_right += _flux_change(d, s, n, water, scalars)
        through = d.faces[BEFORE, s, m] * own[m - 1] + d.faces[BEHIND, s, m] * own[m]
        through += _flux_change(d, s, m, water, scalars)
        if p.infinite[0]:  # outflow of the reservoir cell through its inner face
            from_left += d.faces[BEHIND, s, 1] * own[1] + d.faces[BEFORE, s, 1] * own[0]
        if p.infinite[1]:
            from_right += d.faces[BEFORE, s, n - 1] * own[n - 2] + d.faces[BEHIND, s, n - 1] * own[n - 1]
        if not p.infinite[0] or p.pores[0] > 0:
            x[at.far_left + s] += tau * from_left
        if not p.infinite[1] or p.pores[1] > 0:
            x[at.far_right + s] += tau * from_right
        done += d.walls[OF_WORK, 0, s] * own[m - 1] + d.walls[OF_WORK, 1, s] * own[m]
        own[0] += d.baths[0, s] * scalars[LEFT_VOLUME]
        own[n - 1] += d.baths[1, s] * scalars[RIGHT_VOLUME]
        side = _balanced_side(p, d, s, tau)
        if side >= 0:
            _add_to_counters(
                p, s, _side_total(side, m, own) + tau * (from_left if side == 0 else from_right), x[at.passed :]
            )
        else:
            _add_to_counters(p, s, tau * through, x[at.passed :])
    for j in range(DRIVING):
        done += d.scalars[WORK_WITH_SCALAR, j] * scalars[j]
    x[at.work] += tau * done
