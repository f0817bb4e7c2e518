"""Planar, cylindrical and spherical membranes: volumes per membrane area, and area as a function of the volume inside.

With the dimension d = 1 (planar), 2 (cylindrical), 3 (spherical), the area of a membrane of radius R is proportional to
``R^(d−1)``, and the enclosed volume per area is ``R/d``. All volumes here are per area of that membrane, m.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from membrane_pde.kernels import kernel

if TYPE_CHECKING:
    import numpy as np

    Number = TypeVar("Number", float, np.ndarray[Any, np.dtype[np.float64]])

Geometry = Literal["planar", "cylindrical", "spherical"]
DIMENSION: dict[Geometry, int] = {"planar": 1, "cylindrical": 2, "spherical": 3}
CURVED: tuple[Geometry, ...] = ("cylindrical", "spherical")


def enclosed_volume(radius: float, geometry: Geometry) -> float:
    """Volume inside a membrane per membrane area: ``R/d``; for a planar membrane the depth itself.

    Parameters
    ----------
    radius : float
        R, m.
    geometry : {"planar", "cylindrical", "spherical"}
        Shape of the membrane.

    Returns
    -------
    float
        m.
    """
    return radius / DIMENSION[geometry]


def shell_volume(radius: float, thickness: Number, geometry: Geometry) -> Number:
    """Volume of a shell around a membrane, per area of that membrane.

    ``((R + h)^d − R^d)/(d R^(d−1))``, written without a difference: ``h``, ``h + h²/(2R)``, ``h + h²/R + h³/(3R²)``.
    For negative h it is minus the volume of a shell inside the membrane.

    Parameters
    ----------
    radius : float
        R, m; not used for a planar membrane.
    thickness : float or ndarray
        h, m.
    geometry : {"planar", "cylindrical", "spherical"}
        Shape of the membrane.

    Returns
    -------
    float or ndarray
        m, in the shape of the thickness.
    """
    if geometry == "planar":
        return thickness
    share = thickness / radius
    return thickness * (1.0 + 0.5 * share if geometry == "cylindrical" else 1.0 + share + share * share / 3.0)


def shell_thickness(radius: float, volume: float, geometry: Geometry) -> float:
    """Thickness of a shell of this volume around a membrane, m: the inverse of `shell_volume`.

    ``R ((1 + d V/R)^(1/d) − 1)``.

    Parameters
    ----------
    radius, volume : float
        R, m; V per area of the membrane, m.
    geometry : {"planar", "cylindrical", "spherical"}
        Shape of the membrane.

    Returns
    -------
    float
        m.
    """
    d = DIMENSION[geometry]
    return radius * math.expm1(math.log1p(d * volume / radius) / d)


def radius_ratio(volume_ratio: Number, geometry: Geometry) -> Number:
    """Radius of a membrane ÷ radius at the start: ``(V/V_0)^(1/d)`` of the volume inside; 1 if planar.

    Parameters
    ----------
    volume_ratio : float or ndarray
        V/V_0 of the volume inside the membrane.
    geometry : {"planar", "cylindrical", "spherical"}
        Shape of the membrane.

    Returns
    -------
    float or ndarray
        In the shape given.
    """
    return volume_ratio ** (0.0 if geometry == "planar" else 1.0 / DIMENSION[geometry])


def area_ratio(volume_ratio: Number, geometry: Geometry) -> Number:
    """Area of a membrane ÷ area at the start: ``A/A_0 = (V/V_0)^((d−1)/d)`` of the volume inside; 1 if planar.

    Parameters
    ----------
    volume_ratio : float or ndarray
        V/V_0 of the volume inside the membrane.
    geometry : {"planar", "cylindrical", "spherical"}
        Shape of the membrane.

    Returns
    -------
    float or ndarray
        In the shape given.
    """
    return volume_ratio ** ((DIMENSION[geometry] - 1) / DIMENSION[geometry])


@kernel
def diffusion_distance(inner: float, outer: float, radius: float, power: int) -> float:
    """Diffusion distance ``∫ (R/r)^k dr`` in a cylinder or a sphere, m: D times the resistance to steady diffusion.

    The resistance is that per area at R: ``R ln(r_2/r_1)`` in a cylinder, ``R² (1/r_1 − 1/r_2)`` in a sphere.

    Parameters
    ----------
    inner, outer : float
        r_1 and r_2, m.
    radius : float
        R, m.
    power : int
        k: 1 for a cylinder, 2 for a sphere.

    Returns
    -------
    float
        m.
    """
    if power == 1:
        return radius * math.log1p((outer - inner) / inner)
    return radius * radius * (outer - inner) / (inner * outer)


@kernel
def layer_gain(radius: float, now: float, thickness: float, power: int) -> float:
    """Volume that a layer of constant thickness gains as the membrane in it grows, per membrane area at the start, m.

    ``((r + h)^(k+1) − r^(k+1) − (R + h)^(k+1) + R^(k+1))/((k + 1) R^k)``, written without cancellation.

    Parameters
    ----------
    radius, now : float
        R at the start and r now, m.
    thickness : float
        h, m.
    power : int
        k: 1 of a cylinder, 2 of a sphere.

    Returns
    -------
    float
        m.
    """
    gain = thickness * (now - radius) / radius
    return gain if power == 1 else gain * (now + radius + thickness) / radius
