"""Flow along a membrane: mass-transfer coefficient and pressure drop in a channel, with exact derivatives.

    Re = ρ v d_h/μ,   Sc = μ/(ρ D),   v = Q/S (S open cross-section)
    k  = Sh D/d_h,    Sh = max(a Re^b Sc^c, Sh_developed)
    −dp/dx = f ρ v|v|/(2 d_h),   f = f_0 + f_1/Re^n (Darcy)

In laminar flow f = 96/Re in a slit and 64/Re in a tube; Lévêque's solution for the entrance region,
``Sh ~ (Re Sc d_h/x)^(1/3)``, has b = c = 1/3 and an a that depends on the station. The functions are kernels.
"""

from __future__ import annotations

import math

from membrane_pde.kernels import kernel

# kinds of mass transfer: no resistance at all, a given coefficient, a correlation
NO_FILM, GIVEN_COEFFICIENT, CORRELATION = 0, 1, 2
# kinds of pressure drop: none, a given gradient, a friction factor, a power of the flow
NO_DROP, GIVEN_GRADIENT, FRICTION, POWER = 0, 1, 2, 3

_Five = tuple[float, float, float, float, float]
_Four = tuple[float, float, float, float]
_MIN_REYNOLDS = 1e-12  # Reynolds number below which Sh = 0 is used, to keep derivatives finite


@kernel
def film_coefficient(
    kind: int,
    a: float,
    b: float,
    c: float,
    least: float,
    section: float,
    diameter: float,
    flow: float,
    density: float,
    viscosity: float,
    diffusivity: float,
) -> _Five:
    """Mass-transfer coefficient of one solute, and its derivatives.

    Parameters
    ----------
    kind : int
        `GIVEN_COEFFICIENT` (k is `a`, m/s) or `CORRELATION`.
    a, b, c, least : float
        ``Sh = max(a Re^b Sc^c, least)``.
    section, diameter : float
        Open cross-section S (m^2) and hydraulic diameter d_h (m).
    flow : float
        Q, m^3/s, of either sign.
    density, viscosity, diffusivity : float
        ρ (kg/m^3), μ (Pa s), D (m^2/s).

    Returns
    -------
    tuple of float
        k (m/s), and the derivatives of ln k with respect to Q (s/m^3), ln ρ, ln μ and ln D.
    """
    if kind == GIVEN_COEFFICIENT:
        return a, 0.0, 0.0, 0.0, 0.0
    reynolds = abs(flow) * density * diameter / (section * viscosity)
    schmidt = viscosity / (density * diffusivity)
    sherwood = 0.0
    if reynolds > _MIN_REYNOLDS:
        sherwood = a * math.pow(reynolds, b) * math.pow(schmidt, c)
    if not sherwood > least:
        return least * diffusivity / diameter, 0.0, 0.0, 0.0, 1.0
    return sherwood * diffusivity / diameter, b / flow, b - c, c - b, 1.0 - c


@kernel
def pressure_gradient(
    kind: int,
    first: float,
    second: float,
    power: float,
    section: float,
    diameter: float,
    flow: float,
    density: float,
    viscosity: float,
) -> _Four:
    """Pressure gradient along a channel (pressure drop per length), and its derivatives.

    Parameters
    ----------
    kind : int
        `NO_DROP`; `GIVEN_GRADIENT` (`first`, Pa/m, along the flow); `FRICTION` (``f = first + second/Re^power``); or
        `POWER` (``first (Q/second)^power``, Pa/m).
    first, second, power : float
        See `kind`.
    section, diameter : float
        Open cross-section S (m^2) and hydraulic diameter d_h (m).
    flow : float
        Q, m^3/s.
    density, viscosity : float
        ρ (kg/m^3), μ (Pa s).

    Returns
    -------
    tuple of float
        −dp/dx (Pa/m), of the sign of Q; its derivatives with Q (Pa s/m^4), ln ρ and ln μ (Pa/m).
    """
    size, sign = abs(flow), 1.0 if flow >= 0.0 else -1.0
    if kind == NO_DROP:
        return 0.0, 0.0, 0.0, 0.0
    if kind == GIVEN_GRADIENT:
        return (sign * first if size > 0.0 else 0.0), 0.0, 0.0, 0.0
    if kind == POWER:
        if size == 0.0:
            return 0.0, (first / second if power == 1.0 else 0.0), 0.0, 0.0
        value = first * math.pow(size / second, power)
        return sign * value, power * value / size, 0.0, 0.0
    speed = size / section
    inertial = 0.5 * first * density * speed * speed / diameter
    # f_1 ρ v²/(2 d_h Re^n) = f_1 ρ^(1−n) μ^n v^(2−n)/(2 d_h^(1+n))
    scale = 0.5 * second * density / diameter * math.pow(viscosity / (density * diameter), power)
    if size == 0.0:
        return 0.0, (scale / section if power == 1.0 else 0.0), 0.0, 0.0
    viscous = scale * math.pow(speed, 2.0 - power)
    return (
        sign * (inertial + viscous),
        (2.0 * inertial + (2.0 - power) * viscous) / size,
        sign * (inertial + (1.0 - power) * viscous),
        sign * power * viscous,
    )
