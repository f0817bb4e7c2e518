"""Concentration polarization: reverse osmosis behind a film, and a wall below an unstirred half-space."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from membrane_pde.analytic.numerics import FINEST, invert_laplace

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FilmReverseOsmosis:
    """Steady reverse osmosis behind a film: water flux (m/s), concentrations (mol/m^3), rejections."""

    water_flux: float
    wall: float
    permeate: float
    observed_rejection: float
    real_rejection: float


def film_reverse_osmosis(
    law: str,
    *,
    water_permeability: float,
    pressure: float,
    concentration: float,
    mass_transfer: float,
    reflection: float,
    permeability: float,
    osmotic: float,
) -> FilmReverseOsmosis:
    """Steady reverse osmosis behind a film; the permeate drains freely (``c_p = J_s/J_v``).

    ``J_v = L_p [dP - sigma nu R T (c_w - c_p)]`` and ``(c_w - c_p)/(c_b - c_p) = exp(J_v/k)``. The flux law
    gives ``c_p/c_w`` from J_v alone: Spiegler-Kedem ``(1 - sigma)/(1 - sigma F)``,
    ``F = exp(-(1 - sigma) J_v/P_s)``, and Kedem-Katchalsky the root of
    ``J_v c_p = P_s (c_w - c_p) + (1 - sigma) J_v c_mean`` with the logarithmic or the arithmetic mean.
    One scalar equation for J_v remains, bracketed by ``0 < J_v < L_p dP``.

    Parameters
    ----------
    law : {"spiegler-kedem", "solution-diffusion", "kedem-katchalsky", "kedem-katchalsky-arithmetic"}
        Solution-diffusion is Spiegler-Kedem with sigma = 1; "kedem-katchalsky" uses the logarithmic mean.
    water_permeability, pressure : float
        L_p (m/(s Pa)) and dP (Pa).
    concentration, mass_transfer : float
        c_b (mol/m^3) and k = D/thickness (m/s).
    reflection, permeability : float
        sigma and P_s (m/s).
    osmotic : float
        nu R T, J/mol.

    Returns
    -------
    FilmReverseOsmosis

    Raises
    ------
    ValueError
        For another law, sigma != 1 in solution-diffusion, or a pressure too low for reverse osmosis.
    """
    import scipy

    if law == "solution-diffusion" and reflection != 1:
        raise ValueError(f"solution-diffusion means a reflection coefficient of 1, not {reflection}")
    laws = {
        "solution-diffusion": _passed_spiegler_kedem,
        "spiegler-kedem": _passed_spiegler_kedem,
        "kedem-katchalsky": _passed_kedem_katchalsky,
        "kedem-katchalsky-arithmetic": _passed_kedem_katchalsky_arithmetic,
    }
    if law not in laws:
        raise ValueError(f"unknown flux law {law!r}: expected one of {', '.join(laws)}")

    def state(flux: float) -> tuple[float, float]:
        passed = laws[law](flux, reflection, permeability)
        return concentration / (passed + (1 - passed) * np.exp(-flux / mass_transfer)), passed

    def excess(flux: float) -> float:
        wall, passed = state(flux)
        return water_permeability * (pressure - reflection * osmotic * wall * (1 - passed)) - flux

    most = water_permeability * pressure
    if not (most > 0 and excess(1e-12 * most) > 0):
        raise ValueError(f"a pressure of {pressure} Pa presses nothing through: there is no reverse osmosis")
    flux = scipy.optimize.brentq(excess, 1e-12 * most, most, xtol=1e-18 * most, rtol=FINEST)
    wall, passed = state(flux)
    permeate = wall * passed
    return FilmReverseOsmosis(flux, wall, permeate, 1 - permeate / concentration, 1 - passed)


def _passed_spiegler_kedem(flux: float, sigma: float, permeability: float) -> float:
    """``c_p/c_w = 1/(1 + sigma (1 - F)/(1 - sigma))``, including the limit sigma -> 1."""
    if permeability == 0:
        return 1 - sigma
    peclet = (1 - sigma) * flux / permeability
    mean = 1.0 if peclet == 0 else -np.expm1(-peclet) / peclet
    return 1 / (1 + sigma * flux / permeability * mean)


def _passed_kedem_katchalsky_arithmetic(flux: float, sigma: float, permeability: float) -> float:
    drag = (1 - sigma) * flux / 2
    return (permeability + drag) / (flux + permeability - drag)


def _passed_kedem_katchalsky(flux: float, sigma: float, permeability: float) -> float:
    """``c_p/c_w = exp(-y)``, the positive root; for P = 0 there is another one, c_p = 0."""
    import scipy

    p, drag = permeability / flux, 1 - sigma
    if p + drag == 0:
        return 0.0
    if sigma == 0:
        return 1.0

    def imbalance(y: float) -> float:  # divided by exp(-y), which may underflow
        return 1 - np.expm1(y) * (p + drag / y)

    high = 1.0
    while imbalance(high) > 0 and high < 600:
        high += 1.0
    return float(np.exp(-scipy.optimize.brentq(imbalance, 1e-300, high, xtol=1e-16, rtol=FINEST)))


def film_ideal_membrane(
    *, water_permeability: float, pressure: float, osmotic_pressure: float, mass_transfer: float
) -> float:
    """Steady water flux through a film and a membrane that rejects every solute.

    ``J_v = L_p dP - k W0[(L_p pi_b/k) exp(L_p dP/k)]``, from ``J_v = L_p (dP - pi_b exp(J_v/k))``.

    Parameters
    ----------
    water_permeability, pressure : float
        L_p (m/(s Pa)) and dP (Pa).
    osmotic_pressure : float
        pi_b of the bulk, above zero, Pa.
    mass_transfer : float
        k, m/s.

    Returns
    -------
    float
        J_v, m/s; negative (osmosis) below the osmotic pressure.
    """
    import scipy

    k = mass_transfer
    # wrightomega(x) is W0(exp(x)) without overflow
    omega = scipy.special.wrightomega(
        np.log(water_permeability * osmotic_pressure / k) + water_permeability * pressure / k
    )
    return float(water_permeability * pressure - k * omega)


def unstirred_semi_infinite_wall(scaled_time: ArrayLike, rejection: float = 1.0) -> Array:
    """Concentration at the membrane divided by the bulk's: constant flux from an unstirred half-space.

    With ``T = J^2 t/D`` and complete rejection,
    ``c_w/c_b = 1 + T/2 + (1 + T/2) erf(sqrt(T)/2) + sqrt(T/pi) exp(-T/4)``. With a constant rejection R < 1,
    ``c_w/c_b = 1 + R/(z (m - R))`` in Laplace space, ``m = (1 + sqrt(1 + 4 z))/2``, which is inverted numerically; the
    limit at long times is ``1/(1 - R)``.

    Parameters
    ----------
    scaled_time : array_like
        T, zero or more.
    rejection : float
        R from 0 to 1: the fraction of the arriving solute that the membrane rejects.

    Returns
    -------
    ndarray
        In the shape of ``scaled_time``.
    """
    import scipy

    t = np.asarray(scaled_time, float)
    if rejection == 1:
        return 1 + t / 2 + (1 + t / 2) * scipy.special.erf(np.sqrt(t) / 2) + np.sqrt(t / np.pi) * np.exp(-t / 4)

    def transform(z: NDArray) -> NDArray:
        return (rejection / (z * ((1 + np.sqrt(1 + 4 * z)) / 2 - rejection)))[:, None]

    def wall(tau: float) -> float:
        return 1.0 if tau == 0 else 1 + float(invert_laplace(transform, tau)[0])

    return np.vectorize(wall, otypes=[float])(t)
