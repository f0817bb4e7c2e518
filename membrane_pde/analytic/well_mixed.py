"""Well-mixed compartments over time: an infinite bath, two pistons, a U-tube; ideal solutions.

Amounts are in osmol (dissociation number times mol). Volumes, amounts and rates are all totals, or all per membrane
area.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from membrane_pde.analytic.end_volumes import two_pistons_equilibrium, u_tube_equilibrium

Array = NDArray[np.float64]


def well_mixed_bath(time: ArrayLike, *, volume: float, amount: float, outside: float, rate: float) -> Array:
    """Volume of a well-mixed compartment in an infinite bath.

    ``dV/dt = rate (n/V - c_out)``. With ``V_inf = n/c_out``, ``v = V/V_inf``:
    ``v = 1 + W0((v0 - 1) exp((v0 - 1) - rate n t/V_inf^2))``; for ``c_out = 0``: ``V = sqrt(V0^2 + 2 rate n t)``.

    Parameters
    ----------
    time : array_like
        s.
    volume, amount : float
        V0 > 0; n > 0, osmol.
    outside : float
        Osmolarity of the bath plus the excess pressure inside over ``sigma R T``, not below zero.
    rate : float
        ``k = A L_p sigma R T``.

    Returns
    -------
    ndarray
        V, in the shape of ``time``.

    Raises
    ------
    ValueError
        If ``outside < 0``: the compartment would swell without limit, and another closed form would hold.
    """
    import scipy

    t = np.asarray(time, float)
    if outside < 0:
        raise ValueError(f"outside = {outside}: the closed form needs an osmolarity of zero or more")
    if outside == 0:
        return np.sqrt(volume**2 + 2 * rate * amount * t)
    end = amount / outside
    y0 = volume / end - 1
    if y0 == 0:
        return np.full(t.shape, volume)
    s = rate * amount * t / end**2
    if y0 > 0:
        return end * (1 + scipy.special.wrightomega(y0 + np.log(y0) - s))
    target = _shortfall(volume / end) + s
    v = 1 + scipy.special.lambertw(-np.exp(-1 - target)).real
    # near -1/e, where v is near 0, W0 loses half its digits: Newton's method on -v - ln(1 - v) = target instead
    small = target < 1
    v = np.where(target < 1e-3, np.sqrt(2 * target), v)
    for _ in range(6):
        step = (_shortfall(np.where(small, v, 0.5)) - target) * (1 - v) / v
        v = np.where(small, v - step, v)
    return end * v


def _shortfall(v: ArrayLike) -> Array:
    """``-v - ln(1 - v)``, by its series for small v, where the terms cancel."""
    v = np.asarray(v, float)
    series = v**2 * np.polynomial.polynomial.polyval(v, 1 / np.arange(2.0, 16.0))
    return np.where(v < 0.05, series, -v - np.log1p(-v))


def well_mixed_two_pistons(
    time: ArrayLike,
    *,
    amount_left: float,
    amount_right: float,
    volume_left: float,
    total_volume: float,
    excess: float = 0.0,
    rate: float = 1.0,
) -> Array:
    """Left volume during osmosis between two well-mixed pistons, impermeable solutes.

    ``dV/dt = rate (n1/V - n2/(V_T - V) - g)``. The right-hand side vanishes at ``V_eq`` and equals
    ``-rate (V - V_eq) [n1/(V V_eq) + n2/((V_T - V)(V_T - V_eq))]`` exactly. The logarithm of ``V - V_eq`` is
    integrated, so the distance to equilibrium keeps its relative accuracy at all times. For g = 0 this is the implicit
    relation ``V_eq W_eq ln(y/y0) + (W_eq - V_eq)(y - y0) - (y^2 - y0^2)/2 = -rate N t``, ``y = V - V_eq``.

    Parameters
    ----------
    time : array_like
        s, from 0.
    amount_left, amount_right, volume_left, total_volume : float
        n1, n2 (osmol, both above zero), V(0), V_T.
    excess : float
        ``g = (p_L - p_R)/(sigma R T)``.
    rate : float
        ``A L_p sigma R T``.

    Returns
    -------
    ndarray
        V, in the shape of ``time``.

    Raises
    ------
    ValueError
        If a side contains no solute.
    """
    n1, n2 = amount_left, amount_right
    if n1 <= 0 or n2 <= 0:
        raise ValueError("a side without solute may run dry: both amounts must be above zero")
    end = two_pistons_equilibrium(n1, n2, total_volume, excess)
    rest = two_pistons_equilibrium(n2, n1, total_volume, -excess)

    def decay_rate(v: float) -> float:
        return rate * (n1 / (v * end) + n2 / ((total_volume - v) * rest))

    return _relax(time, volume_left, end, decay_rate)


def well_mixed_utube(
    time: ArrayLike,
    *,
    amount_left: float,
    amount_right: float,
    volume_left: float,
    volume_right: float,
    area_left: float,
    area_right: float,
    membrane_area: float,
    water_permeability: float,
    weight: float,
    rt: float,
    pressure: float = 0.0,
) -> Array:
    """Left volume during osmosis in a well-mixed U-tube, impermeable solutes.

    ``dV1/dt = A L_p [R T (n1/V1 - n2/V2) - rho g (V1/a1 - V2/a2) - p]``, integrated like
    `well_mixed_two_pistons`: the distance to the root of the cubic (`u_tube_equilibrium`) is a factor.

    Parameters
    ----------
    time : array_like
        s, from 0.
    amount_left, amount_right, volume_left, volume_right : float
        n1, n2 (osmol), V1, V2 at the start (m^3).
    area_left, area_right, membrane_area : float
        a1, a2, A, m^2.
    water_permeability : float
        L_p, m/(s Pa).
    weight, rt, pressure : float
        rho g (Pa/m), sigma R T (J/mol), applied on the left (Pa).

    Returns
    -------
    ndarray
        V1, m^3, in the shape of ``time``.

    Raises
    ------
    ValueError
        If an arm runs dry before the forces balance.
    """
    total = volume_left + volume_right
    end = u_tube_equilibrium(
        amount_left=amount_left,
        amount_right=amount_right,
        total_volume=total,
        area_left=area_left,
        area_right=area_right,
        weight=weight,
        rt=rt,
        pressure=pressure,
    )
    stiffness = weight * (1 / area_left + 1 / area_right)

    def decay_rate(v: float) -> float:
        osmotic = rt * (amount_left / (v * end) + amount_right / ((total - v) * (total - end)))
        return membrane_area * water_permeability * (osmotic + stiffness)

    return _relax(time, volume_left, end, decay_rate)


def _relax(time: ArrayLike, start: float, end: float, rate: Callable[[float], float]) -> Array:
    """Solve ``dV/dt = -(V - end) rate(V)`` by ``s = -ln((V - end)/(start - end))``, ``ds/dt = rate``."""
    import scipy

    t = np.asarray(time, float)
    times, index = np.unique(t, return_inverse=True)
    if start == end:
        return np.full(t.shape, start)
    solution = scipy.integrate.solve_ivp(
        lambda _, s: [rate(end + (start - end) * np.exp(-s[0]))],
        (0.0, max(float(times[-1]), 0.0)),
        [0.0],
        method="DOP853",
        t_eval=times,
        rtol=1e-13,
        atol=1e-14,
    )
    return end + (start - end) * np.exp(-solution.y[0][index.reshape(t.shape)])
