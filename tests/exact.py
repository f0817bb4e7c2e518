"""Exact solutions for baths and elastic walls, against which the tests of the boundaries compare.

Ideal solutions; amounts are in osmol (dissociation number times mol), and left is 1, right is 2.
"""

from __future__ import annotations

import math

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from membrane_pde.analytic import u_tube_equilibrium
from membrane_pde.analytic.numerics import FINEST

Array = NDArray[np.float64]


def fed_bath(
    time: ArrayLike,
    *,
    volume: float,
    concentration: float,
    flux: float,
    feed: float = 0.0,
    flow: float = 0.0,
    bleed: float = 0.0,
) -> tuple[Array, Array]:
    """Volume and concentration of a bath from which water permeates at a constant rate; the solute is rejected.

    ``dV/dt = Q_f - b - J = r``, ``d(V c)/dt = Q_f c_f - b c``. With ``theta = int dt/V``, which is
    ``ln(V/V_0)/r`` (``t/V_0`` for r = 0):
    ``V c = V_0 [c_0 e^(-b theta) + Q_f c_f e^(-b theta) (e^((b + r) theta) - 1)/(b + r)]``. Batch reverse osmosis
    (``Q_f = b = 0``) is ``c = c_0 V_0/(V_0 - J t)``; a make-up feed (``Q_f = J + b``) holds the volume, and
    without bleed (closed circuit) ``c = c_0 + J c_f t/V_0``.

    Parameters
    ----------
    time : array_like
        s, before the bath runs dry.
    volume, concentration : float
        V_0 and c_0.
    flux : float
        J, volume that leaves through the membrane per time (and per membrane area if the volume is).
    feed, flow : float
        c_f and Q_f.
    bleed : float
        b.

    Returns
    -------
    tuple of ndarray
        V and c, each in the shape of ``time``.
    """
    t = np.asarray(time, float)
    growth = flow - bleed - flux
    theta = np.log1p(growth * t / volume) / growth if growth else t / volume
    rate = bleed + growth
    fed = flow * feed * (np.expm1(rate * theta) / rate if rate else theta)
    now = volume + growth * t
    return now, volume * np.exp(-bleed * theta) * (concentration + fed) / now


def two_baths(
    time: ArrayLike,
    *,
    volume_left: float,
    volume_right: float,
    concentration_left: float,
    concentration_right: float,
    permeability: float,
) -> tuple[Array, Array]:
    """Concentrations of two well-mixed volumes that exchange a solute through a membrane without water flow.

    The difference decays as ``exp(-P (1/V1 + 1/V2) t)``, and ``V1 c1 + V2 c2`` is constant.

    Parameters
    ----------
    time : array_like
        s.
    volume_left, volume_right : float
        Per membrane area, m.
    concentration_left, concentration_right : float
        At the start.
    permeability : float
        P, m/s.

    Returns
    -------
    tuple of ndarray
        c1 and c2, each in the shape of ``time``.
    """
    t, whole = np.asarray(time, float), volume_left + volume_right
    decay = np.exp(-permeability * (1 / volume_left + 1 / volume_right) * t)
    difference = (concentration_left - concentration_right) * decay
    level = (volume_left * concentration_left + volume_right * concentration_right) / whole
    return level + difference * volume_right / whole, level - difference * volume_left / whole


def elastic_equilibrium(
    *,
    amount_left: float,
    amount_right: float,
    volume_left: float,
    volume_right: float,
    modulus_left: float,
    modulus_right: float,
    rt: float,
    pressure: float = 0.0,
) -> float:
    """Left volume at which osmosis between two elastic vessels ends.

    It is the root in ``(0, V1_0 + V2_0)`` of
    ``R T (n1/V1 - n2/V2) = p + E1 (V1/V1_0 - 1) - E2 (V2/V2_0 - 1)``: the cubic of `u_tube_equilibrium` with
    ``rho g/a = E/V_0``. Without elasticity it is `two_pistons_equilibrium`.

    Parameters
    ----------
    amount_left, amount_right : float
        n1, n2, osmol, at least one of them above zero.
    volume_left, volume_right : float
        Unstrained volumes V1_0, V2_0, also those at the start, m^3 (or per area).
    modulus_left, modulus_right : float
        E1, E2, Pa; 0 for a piston.
    rt : float
        sigma R T, J/mol.
    pressure : float
        Applied on the left minus that on the right, Pa.

    Returns
    -------
    float
        V1.

    Raises
    ------
    ValueError
        If no root leaves liquid on both sides.
    """
    return u_tube_equilibrium(
        amount_left=amount_left,
        amount_right=amount_right,
        total_volume=volume_left + volume_right,
        area_left=volume_left / modulus_left if modulus_left else math.inf,
        area_right=volume_right / modulus_right if modulus_right else math.inf,
        weight=1.0,
        rt=rt,
        pressure=pressure - modulus_left + modulus_right,
    )


def turgor_volume(*, volume: float, inside: float, outside: float, modulus: float, pressure: float = 0.0) -> float:
    """Volume of an elastic cell at osmotic equilibrium with an infinite bath.

    With ``v = V/V_0``: ``pi_in/v = pi_out + p + E (v - 1)``. v is the positive root of
    ``E v^2 + (pi_out + p - E) v - pi_in = 0``.

    Parameters
    ----------
    volume : float
        Unstrained volume V_0, also that at the start.
    inside, outside : float
        Osmotic pressures pi_in (at V_0) and pi_out, Pa.
    modulus : float
        E > 0, Pa.
    pressure : float
        Applied inside minus that outside, Pa.

    Returns
    -------
    float
        V.
    """
    b = outside + pressure - modulus
    root = float(np.hypot(b, 2 * np.sqrt(modulus * inside)))
    return volume * (2 * inside / (b + root) if b > 0 else (root - b) / (2 * modulus))


def layer_and_bath(
    x: ArrayLike, time: float, *, diffusivity: float, length: float, bath: float, inner: float, outer: float
) -> Array:
    """Concentration in a layer between an impermeable wall (x = 0) and a well-stirred bath (x = L).

    ``dc/dt = D d2c/dx2``, ``dc/dx(0) = 0``, ``V dc_b/dt = -D dc/dx(L)``, ``c_b = c(L)``. The modes ``cos(k x)`` with
    ``tan(k L) = -k V`` are orthogonal under ``int f g dx + V f(L) g(L)``. From a linear profile at the start,
    ``inner`` at the wall and ``outer`` at x = L and in the bath,
    ``c = outer + (inner - outer) [L/(2 (L + V)) + sum_n a_n cos(k_n x) exp(-D k_n^2 t)]``,
    ``a_n = (1 - cos k_n L)/(k_n^2 L) / (L/2 + sin(2 k_n L)/(4 k_n) + V cos^2(k_n L))``.

    Parameters
    ----------
    x : array_like
        Distance from the wall, m; the bath is at L.
    time : float
        s.
    diffusivity, length, bath : float
        D (m^2/s), L (m), V (volume per area of the layer, m) > 0.
    inner, outer : float
        Concentrations at the start.

    Returns
    -------
    ndarray
        In the shape of ``x``.
    """
    share = bath / length

    def mode(n: int) -> float:  # between (n - 1/2) pi and n pi
        low, high = (n - 0.5) * np.pi, n * np.pi
        return float(
            scipy.optimize.brentq(lambda b: np.sin(b) + b * share * np.cos(b), low, high, xtol=1e-15, rtol=FINEST)
        )

    k = np.array([mode(n) for n in range(1, 2001)]) / length
    edge = np.cos(k * length)
    norm = 0.5 * length + np.sin(2 * k * length) / (4 * k) + bath * edge**2
    weights = (1 - edge) / (k**2 * length) / norm * np.exp(-diffusivity * k**2 * time)
    shape = 0.5 * length / (length + bath) + np.cos(np.asarray(x, float)[..., None] * k) @ weights
    return np.asarray(outer + (inner - outer) * shape)
