"""Diffusion without flow: two gases in a box, two slabs beside a membrane, each with a bath behind it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from membrane_pde.analytic.numerics import invert_laplace

Array = NDArray[np.float64]


def two_gases(
    x: ArrayLike,
    time: float,
    *,
    diffusivity: float,
    length: float,
    step: float,
    left: float = 1.0,
    right: float = 0.0,
) -> Array:
    """Concentration in a closed box after the partition at ``step`` is removed.

    ``c = mean + sum_n 2 (left - right)/(n pi) sin(n pi a/L) cos(n pi x/L) exp(-D (n pi/L)^2 t)``; at small times,
    where this series converges slowly, a sum of images: ``(left - right)/2 sum_m [erf((x + a - 2 m L)/(2 sqrt(D t))) -
    erf((x - a - 2 m L)/(2 sqrt(D t)))] + right``.

    Parameters
    ----------
    x : array_like
        Position from the left end, m.
    time : float
        s, zero or more. At zero the result is the step itself, with the mean of both values at ``step``.
    diffusivity, length, step : float
        D (m^2/s), L (m), a (m).
    left, right : float
        Concentrations at the start.

    Returns
    -------
    ndarray
        In the shape of ``x`` and the unit of ``left``.
    """
    position = np.asarray(x, float)
    spread = diffusivity * time
    if spread == 0:
        return right + (left - right) * np.heaviside(step - position, 0.5)
    if spread < 0.05 * length**2:
        c = np.zeros(position.shape)
        for image in 2 * length * np.arange(-2, 3):
            near, far = (np.array([-step, step])[:, *[None] * position.ndim] + position - image) / (2 * np.sqrt(spread))
            c += 0.5 * _erf_difference(near, far)
        return right + (left - right) * c
    k = np.arange(1, 40) * np.pi / length
    weights = 2 / (k * length) * np.sin(k * step) * np.exp(-spread * k**2)
    return right + (left - right) * (step / length + np.cos(position[..., None] * k) @ weights)


def _erf_difference(low: Array, high: Array) -> Array:
    """``erf(high) - erf(low)`` for low <= high, without cancellation in the tails."""
    import scipy

    flip = high < 0
    low, high = np.where(flip, -high, low), np.where(flip, -low, high)
    return np.where(
        low > 0, scipy.special.erfc(low) - scipy.special.erfc(high), scipy.special.erf(high) - scipy.special.erf(low)
    )


def two_gases_mean(
    x1: ArrayLike,
    x2: ArrayLike,
    time: float,
    *,
    diffusivity: float,
    length: float,
    step: float,
    left: float = 1.0,
    right: float = 0.0,
) -> Array:
    """Mean of `two_gases` over each cell from ``x1`` to ``x2``, in closed form.

    Each term is integrated: ``sin(n pi x/L) L/(n pi)`` for the series, and for the images
    ``int erf = u erf(u) + exp(-u^2)/sqrt(pi)``. The other parameters are those of `two_gases`.

    Returns
    -------
    ndarray
        In the broadcast shape of ``x1`` and ``x2``.
    """
    import scipy

    a, b = np.broadcast_arrays(np.asarray(x1, float), np.asarray(x2, float))
    spread = diffusivity * time
    if spread == 0:
        return right + (left - right) * np.clip((step - a) / (b - a), 0, 1)
    if spread < 0.05 * length**2:
        width = 2 * np.sqrt(spread)

        def primitive(x: Array) -> Array:
            u = x / width
            return width * (u * scipy.special.erf(u) + np.exp(-(u**2)) / np.sqrt(np.pi))

        c = np.zeros(a.shape)
        for image in 2 * length * np.arange(-2, 3):
            c += primitive(b + step - image) - primitive(a + step - image)
            c -= primitive(b - step - image) - primitive(a - step - image)
        return right + (left - right) * c / (2 * (b - a))
    k = np.arange(1, 40) * np.pi / length
    weights = 2 / (k * length) * np.sin(k * step) * np.exp(-spread * k**2)
    middle, half = 0.5 * (a + b)[..., None] * k, 0.5 * (b - a)[..., None] * k
    return right + (left - right) * (step / length + (np.cos(middle) * np.sin(half) / half) @ weights)


def degree_of_mixing(dt_over_l2: ArrayLike) -> Array:
    """Difference between the mean concentrations of the two halves of a closed box (Loschmidt's experiment).

    ``f = (8/pi^2) sum_k exp(-(2k+1)^2 pi^2 D t/L^2)/(2k+1)^2``, relative to its initial value: 1 at the start, 0 when
    mixed. It is computed from the means of `two_gases_mean`, which converge at small times, too.

    Parameters
    ----------
    dt_over_l2 : array_like
        ``D t/L^2`` with L the length of the whole box.

    Returns
    -------
    ndarray
        In the shape given.
    """

    def difference(tau: float) -> float:
        halves = two_gases_mean([0.0, 0.5], [0.5, 1.0], tau, diffusivity=1.0, length=1.0, step=0.5)
        return float(halves[0] - halves[1])

    return np.vectorize(difference, otypes=[float])(np.asarray(dt_over_l2, float))


@dataclass(frozen=True)
class TwoSlabs:
    """Two slabs at one time: concentrations at the membrane, flux (left to right), means, requested profiles."""

    wall_left: float
    wall_right: float
    flux: float
    mean_left: float
    mean_right: float
    left: Array
    right: Array


def two_slabs(
    time: float,
    *,
    length_left: float,
    length_right: float,
    diffusivity_left: float,
    diffusivity_right: float,
    permeability: float,
    concentration_left: float,
    concentration_right: float,
    partition: float = 1.0,
    distance_left: ArrayLike = (),
    distance_right: ArrayLike = (),
    bath_left: float = 0.0,
    bath_right: float = 0.0,
) -> TwoSlabs:
    """Two closed, unstirred slabs on the two sides of a membrane that passes the solute but no water.

    ``dc/dt = D d2c/dx2`` in each slab, with a well-stirred bath at the far end, ``V dc_b/dt = -D dc/dn`` (V = 0: an
    impermeable wall), and ``J = P (c_1w - c_2w/K)`` at the membrane. In Laplace space
    ``J = P (c_10 - c_20/K)/z / (1 + P R_1 + P R_2/K)``, and with ``q = sqrt(z/D)``, ``h = q V`` the profiles are
    ``c_0 -+ J (cosh(q (L - d)) + h sinh(q (L - d)))/(D q (sinh(q L) + h cosh(q L)))`` at the distance d from the
    membrane; R is the factor of J at d = 0. `invert_laplace` inverts them along a parabola. The final state is
    ``c_1 = (c_10 l_1 + c_20 l_2)/(l_1 + K l_2)``, ``c_2 = K c_1``, ``l = L + V``.

    Parameters
    ----------
    time : float
        s, above zero.
    length_left, length_right, diffusivity_left, diffusivity_right : float
        L (m) and D (m^2/s) of each slab.
    permeability, partition : float
        P (m/s) and K.
    concentration_left, concentration_right : float
        At the start, uniform, mol/m^3.
    distance_left, distance_right : array_like
        Distances from the membrane of the points of the profiles, m.
    bath_left, bath_right : float
        Volumes V of the baths per membrane area, m. A bath starts at the concentration of its slab, and the means
        include it.

    Returns
    -------
    TwoSlabs
        Accurate to about 1e-13 of the largest concentration.

    Raises
    ------
    ValueError
        If the time is not above zero.
    """
    c1, c2, p, k = concentration_left, concentration_right, permeability, partition
    d1, d2 = np.asarray(distance_left, float), np.asarray(distance_right, float)

    def response(z: NDArray, length: float, diffusivity: float, bath: float, distance: Array) -> NDArray:
        """Concentration per flux at a distance from the membrane, written with exponentials that decay."""
        q = np.sqrt(z / diffusivity)[:, None]
        mirror = (1 - q * bath) / (1 + q * bath)
        both = np.exp(-q * distance) + mirror * np.exp(-q * (2 * length - distance))
        return both / ((1 - mirror * np.exp(-2 * q * length)) * diffusivity * q)

    def transform(z: NDArray) -> NDArray:
        left = response(z, length_left, diffusivity_left, bath_left, np.append(d1, 0.0))
        right = response(z, length_right, diffusivity_right, bath_right, np.append(d2, 0.0))
        flux = p * (c1 - c2 / k) / z / (1 + p * left[:, -1] + p * right[:, -1] / k)
        return np.column_stack([flux, flux / z, flux[:, None] * left, flux[:, None] * right])

    values = invert_laplace(transform, time)
    flux, passed = float(values[0]), float(values[1])
    left, right = c1 - values[2 : d1.size + 3], c2 + values[d1.size + 3 :]
    return TwoSlabs(
        wall_left=float(left[-1]),
        wall_right=float(right[-1]),
        flux=flux,
        mean_left=c1 - passed / (length_left + bath_left),
        mean_right=c2 + passed / (length_right + bath_right),
        left=left[:-1],
        right=right[:-1],
    )
