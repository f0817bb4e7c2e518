"""Spheres and long cylinders: swelling of a well-mixed one, diffusion out of one behind a membrane."""

import itertools
import math
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from membrane_pde.analytic.numerics import FINEST

Array = NDArray[np.float64]
Curved = Literal["cylindrical", "spherical"]


def swelling(time: ArrayLike, *, geometry: Curved, radius: float, inside: float, outside: float, rate: float) -> Array:
    """Volume of a well-mixed sphere or cylinder in an endless bath, over its volume at the start.

    The membrane grows with what it encloses. ``dV/dt = A(V) k (n/V - c)`` with ``V = A r/d`` and d = 2 or 3 is
    ``dr/dt = k (c_0 (R/r)^d - c)``, so that with ``u = r/r_inf``, ``r_inf = R (c_0/c)^(1/d)``,

    ``k c t/r_inf = F(u) - F(u_0)``, ``F(u) = -u + int du/(1 - u^d)``,

    cylinder ``int = (1/2) ln |(1 + u)/(1 - u)|``; sphere
    ``int = (1/6) ln[(u^2 + u + 1)/(u - 1)^2] + arctan[(2 u + 1)/sqrt(3)]/sqrt(3)``. It is solved for
    ``ln |1 - u|``, so the distance to equilibrium keeps its relative accuracy. For c = 0:
    ``r^(d+1) = R^(d+1) (1 + (d + 1) k c_0 t/R)``.

    Parameters
    ----------
    time : array_like
        s, from 0.
    geometry : {"cylindrical", "spherical"}
        Shape of the membrane.
    radius : float
        R at the start, m.
    inside : float
        c_0 > 0, osmolarity inside at the start, osmol/m^3; the solute cannot pass.
    outside : float
        c, osmolarity of the bath plus the excess pressure inside over ``sigma R T``, not below zero.
    rate : float
        ``k = L_p sigma R T``, m/s per osmol/m^3.

    Returns
    -------
    ndarray
        V/V_0, in the shape of ``time``.

    Raises
    ------
    ValueError
        If ``outside < 0``: it would swell without end, and the closed form is another one.
    """
    import scipy

    if outside < 0:
        raise ValueError(f"outside = {outside}: the closed form needs an osmolarity of zero or more")
    d, t = {"cylindrical": 2, "spherical": 3}[geometry], np.asarray(time, float)
    if outside == 0:
        return (1.0 + (d + 1) * rate * inside * t / radius) ** (d / (d + 1))
    end = (inside / outside) ** (1.0 / d)  # over the radius at the start
    u0 = 1.0 / end
    if u0 == 1.0:
        return np.ones(t.shape)

    def elapsed(s: float) -> float:
        """Time from u_0 to ``1 - u = (1 - u_0) exp(-s)``, over ``r_inf/(k c)``."""
        gone = -(1.0 - u0) * math.expm1(-s)
        u = u0 + gone
        if d == 2:
            return 0.5 * (s + math.log1p(gone / (1.0 + u0))) - gone
        logarithms = s / 3.0 + math.log1p(gone * (u + u0 + 1.0) / (u0 * u0 + u0 + 1.0)) / 6.0
        first, last = ((2.0 * each + 1.0) / math.sqrt(3.0) for each in (u0, u))
        return logarithms + (math.atan(last) - math.atan(first)) / math.sqrt(3.0) - gone

    def volume(seconds: float) -> float:
        target = seconds * rate * outside / (radius * end)
        if target <= 0.0:
            return 1.0
        most = 1.0
        while elapsed(most) < target:
            most *= 2.0
        s = scipy.optimize.brentq(lambda s: elapsed(s) - target, 0.0, most, xtol=1e-15, rtol=FINEST)
        return float((end * (u0 - (1.0 - u0) * math.expm1(-s))) ** d)

    return np.vectorize(volume, otypes=[float])(t)


def behind_membrane(
    position: ArrayLike,
    time: float,
    *,
    geometry: Curved,
    radius: float,
    diffusivity: float,
    permeability: float,
    inside: float = 1.0,
    outside: float = 0.0,
) -> Array:
    """Concentration in a sphere or cylinder whose membrane passes the solute but no water, in an endless bath.

    ``-D dc/dr = P (c - c_out)`` at r = a, with ``L = P a/D``. Crank's series: for the sphere
    ``(c - c_out)/(c_in - c_out) = (2 L a/r) sum_n sin(b r/a)/sin(b) exp(-b^2 D t/a^2)/(b^2 + L (L - 1))``,
    ``b cot b + L - 1 = 0``; for the cylinder
    ``2 L sum_n J_0(b r/a)/J_0(b) exp(-b^2 D t/a^2)/(b^2 + L^2)``, ``b J_1(b) = L J_0(b)``.

    J. Crank, The Mathematics of Diffusion, 2nd edition, Clarendon Press 1975 (surface evaporation); the tests compare
    the series with the inverse of its Laplace transform.

    Parameters
    ----------
    position : array_like
        Distance from the centre, m.
    time : float
        s, above zero. The smaller it is, the more terms it takes: about ``2 a/sqrt(D t)``.
    geometry : {"cylindrical", "spherical"}
        Shape of the membrane.
    radius, diffusivity, permeability : float
        a (m), D (m^2/s), P (m/s).
    inside, outside : float
        Concentrations: inside at the start, and of the bath.

    Returns
    -------
    ndarray
        In the shape of ``position``.

    Raises
    ------
    ValueError
        If the time is not above zero.
    """
    import scipy

    roots, weights = _series(geometry, time, radius, diffusivity, permeability)
    along = np.asarray(position, float)[..., None] / radius * roots
    shape = np.sinc(along / np.pi) if geometry == "spherical" else scipy.special.j0(along)
    return outside + (inside - outside) * np.asarray(shape @ weights)


def behind_membrane_mean(
    inner: ArrayLike,
    outer: ArrayLike,
    time: float,
    *,
    geometry: Curved,
    radius: float,
    diffusivity: float,
    permeability: float,
    inside: float = 1.0,
    outside: float = 0.0,
) -> Array:
    """Mean of `behind_membrane` over shells between two distances from the centre, each term integrated.

    From 0 to a it is that of the whole: ``(c - c_out)/(c_in - c_out)`` of a sphere is
    ``6 L^2 sum_n exp(-b^2 D t/a^2)/(b^2 (b^2 + L (L - 1)))``, of a cylinder
    ``4 L^2 sum_n exp(-b^2 D t/a^2)/(b^2 (b^2 + L^2))``.

    Parameters
    ----------
    inner, outer : array_like
        Distances from the centre, m. The other parameters are those of `behind_membrane`.

    Returns
    -------
    ndarray
        In the broadcast shape of ``inner`` and ``outer``.
    """
    import scipy

    roots, weights = _series(geometry, time, radius, diffusivity, permeability)
    low, high = np.broadcast_arrays(np.asarray(inner, float) / radius, np.asarray(outer, float) / radius)
    if geometry == "spherical":

        def held(x: Array) -> Array:  # int x^2 sin(b x)/(b x) dx
            along = x[..., None] * roots
            return np.asarray((np.sin(along) - along * np.cos(along)) / roots**3)

        whole = (high**3 - low**3) / 3.0
    else:

        def held(x: Array) -> Array:  # int x J_0(b x) dx
            return np.asarray(x[..., None] * scipy.special.j1(x[..., None] * roots) / roots)

        whole = (high**2 - low**2) / 2.0
    shape = (held(high) - held(low)) @ weights / whole
    return outside + (inside - outside) * np.asarray(shape)


def _series(
    geometry: Curved, time: float, radius: float, diffusivity: float, permeability: float
) -> tuple[Array, Array]:
    """Roots b of the series, and the weights of ``sin(b r/a)/(b r/a)`` or ``J_0(b r/a)`` at this time."""
    import scipy

    if time <= 0:
        raise ValueError(f"time {time}: the series needs a time above zero")
    spread, share = diffusivity * time / radius**2, permeability * radius / diffusivity
    count = math.ceil(math.sqrt(40.0 / spread) / math.pi) + 2
    equation: Callable[[float], float]
    if geometry == "spherical":
        edges = np.pi * np.arange(count + 1)

        def equation(b: float) -> float:
            return b * math.cos(b) + (share - 1.0) * math.sin(b)
    else:
        edges = np.concatenate([[0.0], scipy.special.jn_zeros(1, count)])

        def equation(b: float) -> float:
            return float(b * scipy.special.j1(b) - share * scipy.special.j0(b))

    edges[0] = 1e-9
    b = np.array(
        [scipy.optimize.brentq(equation, low, high, xtol=1e-15, rtol=FINEST) for low, high in itertools.pairwise(edges)]
    )
    decay = 2.0 * share * np.exp(-(b**2) * spread)
    if geometry == "spherical":
        return b, decay * b / np.sin(b) / (b**2 + share * (share - 1.0))
    return b, decay / scipy.special.j0(b) / (b**2 + share**2)
