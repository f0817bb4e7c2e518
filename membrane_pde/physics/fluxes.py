"""The membrane's flux laws for one solute.

Every law is written as ``J_s = a c_L − b c_R`` with coefficients that depend on the water flux alone, except the
logarithmic mean of Kedem and Katchalsky, whose coefficients also depend on the ratio of the two concentrations.
`c_L` and `c_R` are the concentrations **at the membrane wall**; fluxes are positive from left to right. A partition
coefficient ``K = c_R/c_L`` at equilibrium enters as ``c_R/K``.

Limits, all exact and finite (σ reflection coefficient, P permeability, J_v water flux):

========================= ======================================================================
``J_v → 0``               ``J_s → P (c_L − c_R/K)`` in every law
``P → 0``, ``σ < 1``      Spiegler-Kedem carries the upstream concentration: ``(1−σ) J_v c_up``
``σ → 1``                 ``J_s → P (c_L − c_R/K)``; with ``P = 0`` nothing passes
``J_v < 0``               the same laws seen from the other side
one side empty            the logarithmic mean is 0, Spiegler-Kedem stays linear
========================= ======================================================================

Sources: O. Kedem and A. Katchalsky (1958) and K. S. Spiegler and O. Kedem (1966), as the equations stand in the
project's design; the exponential half-cell profile is the Scharfetter-Gummel elimination.
"""

from __future__ import annotations

import math

from membrane_pde.kernels import kernel

KEDEM_KATCHALSKY = "kedem-katchalsky"

_LARGE = 700.0  # exp() of more than this overflows; every expression has reached its limit before
SMALL = 0.5  # below this the closed form loses digits to cancellation and the series is exact to round-off


@kernel
def bernoulli_series(x: float) -> float:
    """Taylor series of the Bernoulli function, for small x. Without branches, so that a loop over it is vectorised."""
    y = x * x
    tail = 1 / 47900160 + y * (-691 / 1307674368000 + y * (1 / 74724249600))
    return 1.0 - 0.5 * x + y * (1 / 12 + y * (-1 / 720 + y * (1 / 30240 + y * (-1 / 1209600 + y * tail))))


@kernel
def bernoulli_slope_series(x: float) -> float:
    """Taylor series of the derivative of the Bernoulli function, for small x."""
    y = x * x
    tail = 1 / 4790016 + y * (-691 / 108972864000 + y * (1 / 5337446400))
    return -0.5 + x * (1 / 6 + y * (-1 / 180 + y * (1 / 5040 + y * (-1 / 151200 + y * tail))))


@kernel
def bernoulli_value(x: float) -> float:
    """Bernoulli function ``B(x) = x / (e^x − 1)``; near 0 by its series, which is faster than the exponential."""
    if abs(x) < SMALL:
        return bernoulli_series(x)
    if x > _LARGE:
        return x * math.exp(-min(x, 745.0))
    return x / math.expm1(x)


@kernel
def bernoulli(x: float) -> tuple[float, float]:
    """Bernoulli function ``B(x) = x / (e^x − 1)`` and its derivative.

    ``B(−x) = B(x) + x`` and ``B'(x) = B(x) (1 − x − B(x)) / x``; near 0 the Taylor series, above 700 the limit.

    Parameters
    ----------
    x : float
        Péclet number, dimensionless.

    Returns
    -------
    tuple of float
        ``B(x)`` and ``B'(x)``.
    """
    value = bernoulli_value(x)
    if abs(x) < SMALL:
        return value, bernoulli_slope_series(x)
    if x > _LARGE:
        return value, (1.0 - x) * math.exp(-min(x, 745.0))
    return value, value * (1.0 - x - value) / x


@kernel
def linear_coefficients(
    permeability: float, reflection: float, partition: float, water_flux: float
) -> tuple[float, float, float, float]:
    """Coefficients of Spiegler-Kedem (and of solution-diffusion, which is its case σ = 1).

    ``J_s = (1−σ) J_v (c_L − c_R e^{−Pe}) / (1 − e^{−Pe})``, ``Pe = (1−σ) J_v / P``, equals
    ``a c_L − b c_R`` with ``a = P B(−Pe)``, ``b = P B(Pe)``.

    Parameters
    ----------
    permeability : float
        Solute permeability P, m/s.
    reflection : float
        Reflection coefficient σ, 0 to 1.
    partition : float
        Partition coefficient K = c_R/c_L at equilibrium; it divides b.
    water_flux : float
        J_v, m/s.

    Returns
    -------
    tuple of float
        ``a``, ``b`` (m/s) and their derivatives with respect to J_v (dimensionless).
    """
    passing = 1.0 - reflection
    drag = passing * water_flux
    if abs(drag) > _LARGE * permeability:  # convection alone: the limit P → 0
        a, b = (drag, 0.0) if drag > 0 else (0.0, -drag)
        da, db = (passing, 0.0) if drag > 0 else (0.0, -passing)
    elif permeability == 0.0:  # nothing passes
        return 0.0, 0.0, 0.0, 0.0
    else:
        value, slope = bernoulli(abs(drag) / permeability)
        small = permeability * value  # the coefficient against the flow, without cancellation
        a, b = small + max(drag, 0.0), small + max(-drag, 0.0)
        slope = slope if drag > 0.0 else -1.0 - slope  # B'(−x) = −1 − B'(x)
        da, db = passing * (1.0 + slope), passing * slope
    return a, b / partition, da, db / partition


def rejection(permeability: float, reflection: float, water_flux: float) -> float:
    """Real rejection by Spiegler-Kedem: the share of a solute that the membrane retains from a permeate drawn off.

    ``R = 1 − c_p/c_w`` with ``c_p = J_s/J_v``: ``R = σ (1 − F)/(1 − σ F)``, ``F = e^{−(1−σ) J_v/P}``, written with
    the b of `linear_coefficients` as ``R = σ J_v/(J_v + b)``: ``J_v → 0`` gives 0 (for P > 0), ``J_v → ∞`` gives σ.

    Parameters
    ----------
    permeability : float
        P, m/s.
    reflection : float
        σ, 0 to 1.
    water_flux : float
        J_v, m/s, positive.

    Returns
    -------
    float
        R, 0 to 1.
    """
    _, back, _, _ = linear_coefficients(permeability, reflection, 1.0, water_flux)
    return reflection * water_flux / (water_flux + back)


@kernel
def logarithmic_mean(first: float, second: float) -> float:
    """Logarithmic mean ``(c1 − c2) / ln(c1/c2)``; 0 when a side is empty, c when both are equal.

    A series in ``(c1 − c2)/(c1 + c2)`` when the two are close, where the quotient would lose its digits.
    """
    if first <= 0.0 or second <= 0.0:
        return 0.0
    ratio = first / second
    if ratio == 0.0 or ratio == math.inf:
        return 0.0
    half = (first - second) / (first + second)
    if abs(half) < 1e-2:
        h2 = half * half  # 2 artanh(h) = ln(c1/c2)
        return 0.5 * (first + second) / (1.0 + h2 * (1 / 3 + h2 * (1 / 5 + h2 * (1 / 7 + h2 / 9))))
    return (first - second) / math.log(ratio)


@kernel
def logarithmic_mean_slopes(first: float, second: float) -> tuple[float, float]:
    """Partial derivatives of the logarithmic mean with respect to its two arguments (both positive)."""
    half = (first - second) / (first + second)
    if abs(half) < 1e-2:
        h2 = half * half  # mean = (c1 + c2)/2 · h / artanh(h), whose series is
        even = 1.0 - h2 * (1 / 3 + h2 * (4 / 45 + h2 * (44 / 945)))
        slope = -half * (2 / 3 + h2 * (16 / 45 + h2 * (88 / 315)))
        total = first + second
        return 0.5 * even + slope * second / total, 0.5 * even - slope * first / total
    log = math.log(first / second)
    mean = (first - second) / log
    return (1.0 - mean / first) / log, (mean / second - 1.0) / log
