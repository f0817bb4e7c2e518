"""Flow in the channel of one side along a membrane: Reynolds number, Sherwood number and friction.

A flat channel of height h between walls, with a spacer of porosity ε (1: empty), has the hydraulic diameter
``d_h = 4ε/(2/h + 8(1 − ε)/h)``; the liquid flows through the open area ``h w ε``, at the velocity ``u = Q/(h w ε)``,
on which Reynolds number and friction factor are based:

    Re = ρ |u| d_h/μ,   Sc = μ/(ρ D),   k = Sh D/d_h,   dp/dx = −f ρ u|u|/(2 d_h)   (f: Darcy friction factor)

While the concentration layer develops in laminar flow (Lévêque), the local Sherwood number falls with the distance x
from the inlet, ``Sh_x = a (Re Sc d_h/x)^(1/3)``; with Γ the gamma function ``a = (4/3)^(1/3)/Γ(4/3) = 1.2326`` in a
wide slit, whose shear rate is 12 u/d_h, and ``(8/9)^(1/3)/Γ(4/3) = 1.0767`` in a tube, 8 u/d_h; over a length from the
inlet the mean is 1.5 times as much, 1.849 and 1.615. It never falls below that of developed flow: 4.8607 in a slit with
one membrane, 7.5407 with two, 3.6568 in a tube.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

_LEVEQUE = 1.0 / math.gamma(4.0 / 3.0)


@dataclass(frozen=True)
class Shape:
    """Coefficients that depend on the shape of the cross-section of an empty channel.

    Attributes
    ----------
    entrance : float
        a of the local Sherwood number ``a (Re Sc d_h/x)^(1/3)``.
    developed : float
        Sherwood number of developed flow, which is the lower limit.
    friction : float
        Darcy friction factor of laminar flow times Re.
    """

    entrance: float
    developed: float
    friction: float


# Range of Reynolds numbers in which a correlation is valid. With a spacer: the range that WaterTAP allows (core/
# membrane_channel_base.py, bounds of N_Re), which uses the same correlation; the papers themselves were not at hand. In
# an empty channel: laminar flow, below 2000 in rectangular mini-channels (Forrest et al., as in the Modelica library
# DynTherM).
RANGES = {
    "guillen-hoek": (10.0, 5000.0),
    "schock-miquel": (10.0, 5000.0),
    "leveque": (0.0, 2000.0),
    "laminar": (0.0, 2000.0),
}


def range_remark(name: str, least: float, largest: float) -> str:
    """Remark on a correlation that is used outside its range of validity; "" if it is used within the range.

    Parameters
    ----------
    name : str
        Name of the correlation: a key of `RANGES`, or "" if its range is not known.
    least, largest : float
        Smallest and largest Reynolds number with which it is used.

    Returns
    -------
    str
        The predicate of a sentence: "is valid for …".
    """
    if name not in RANGES:
        return ""
    low, high = RANGES[name]
    if low <= least and largest <= high:
        return ""
    span = f"from {low:g} to {high:g}" if low else f"below {high:g}, in laminar flow"
    used = f"{largest:.3g}" if largest > high else f"{least:.3g}"
    return f"is valid for Reynolds numbers {span}, and is used at {used}"


SLIT_ONE_WALL = Shape(_LEVEQUE * (4.0 / 3.0) ** (1.0 / 3.0), 4.8607, 96.0)
SLIT_TWO_WALLS = Shape(_LEVEQUE * (4.0 / 3.0) ** (1.0 / 3.0), 7.5407, 96.0)
TUBE = Shape(_LEVEQUE * (8.0 / 9.0) ** (1.0 / 3.0), 3.6568, 64.0)


@dataclass(frozen=True)
class MassTransfer:
    """A law for the mass-transfer coefficient.

    Attributes
    ----------
    kind : {"none", "constant", "developing", "power"}
        No resistance; a constant coefficient; a developing concentration layer; ``Sh = a Re^b Sc^c``.
    name : str
        Name of a correlation with a known range (`RANGES`), else "".
    coefficient : float
        Coefficient of the kind "constant", m/s.
    a, b, c : float
        Coefficients of the kind "power".
    """

    kind: Literal["none", "constant", "developing", "power"]
    name: str = ""
    coefficient: float = math.nan
    a: float = math.nan
    b: float = math.nan
    c: float = math.nan


@dataclass(frozen=True)
class PressureDrop:
    """A law for the pressure drop along a channel.

    Attributes
    ----------
    kind : {"none", "constant", "friction", "measured"}
        No pressure drop; a constant pressure gradient along the flow; a Darcy friction factor ``f0 + f1/Re^n``; a
        pressure gradient measured at one flow, ``gradient (Q/at)^exponent``.
    name : str
        Name of a correlation with a known range (`RANGES`), else "".
    gradient : float
        Pressure gradient of the kinds "constant" and "measured", Pa/m.
    f0, f1, n : float
        Coefficients of the kind "friction"; n is at most 1.
    at : float
        Flow of the kind "measured", m^3/s.
    exponent : float
        Exponent of the kind "measured", at least 1.
    """

    kind: Literal["none", "constant", "friction", "measured"]
    name: str = ""
    gradient: float = 0.0
    f0: float = 0.0
    f1: float = 0.0
    n: float = 0.0
    at: float = math.nan
    exponent: float = math.nan


@dataclass(frozen=True)
class Geometry:
    """Dimensions of the channel of one side of one element.

    Attributes
    ----------
    length : float
        Along the membrane, m.
    width : float
        Membrane area ÷ (walls · length), m.
    section : float
        Reference area of the superficial velocity, m^2: height · width, the area of the lumens, or the given
        cross-section.
    open_area : float
        Area open to the flow, m^2: `section` without the spacer.
    hydraulic_diameter : float
        m.
    shape : Shape
    """

    length: float
    width: float
    section: float
    open_area: float
    hydraulic_diameter: float
    shape: Shape


@dataclass(frozen=True)
class Channel(Geometry):
    """The channel of one side of one element, with its laws.

    Attributes
    ----------
    role : {"channel", "dead end", "permeate"}
        Liquid flows through the channel; the channel is closed at the inlet end; or the permeate is withdrawn locally,
        which needs no dimensions.
    volume : float
        Volume of the liquid in the channel, m^3.
    mass_transfer : MassTransfer
    pressure_drop : PressureDrop
    dispersion : float
        Axial dispersion coefficient, m^2/s.
    """

    role: Literal["channel", "dead end", "permeate"]
    volume: float
    mass_transfer: MassTransfer
    pressure_drop: PressureDrop
    dispersion: float


def hydraulic_diameter(height: float, porosity: float) -> float:
    """Hydraulic diameter of a flat channel with a spacer, ``4ε/(2/h + 8(1 − ε)/h)``; 2h if it is empty.

    Parameters
    ----------
    height : float
        Distance between the walls, m.
    porosity : float
        ε of the spacer.

    Returns
    -------
    float
        d_h, m.
    """
    return 4.0 * porosity * height / (2.0 + 8.0 * (1.0 - porosity))


def reynolds(channel: Geometry, flow: ArrayLike, density: ArrayLike, viscosity: ArrayLike) -> Array:
    """Reynolds number ``ρ |u| d_h/μ`` with the velocity in the open area.

    Parameters
    ----------
    channel : Channel
    flow : array_like
        m^3/s, of either sign.
    density, viscosity : array_like
        kg/m^3, Pa s.

    Returns
    -------
    ndarray
    """
    speed = np.abs(np.asarray(flow, dtype=float)) / channel.open_area
    return np.asarray(density * speed * channel.hydraulic_diameter / viscosity)


def mean_inverse_cube_root(start: ArrayLike, end: ArrayLike) -> Array:
    """Mean of ``x^(−1/3)`` between two distances from an inlet, ``3/2 (x2^(2/3) − x1^(2/3))/(x2 − x1)``.

    Parameters
    ----------
    start, end : array_like
        Distances x1 < x2, m; x1 may be 0, where ``x^(−1/3)`` is infinite and its mean is not.

    Returns
    -------
    ndarray
        m^(−1/3).
    """
    x1, x2 = np.asarray(start, dtype=float), np.asarray(end, dtype=float)
    a, b = np.cbrt(x1), np.cbrt(x2)
    # (b² − a²)/(b³ − a³) without cancellation at a short station
    return np.asarray(1.5 * (a + b) / (a * a + a * b + b * b))


def flat(length: float, width: float, height: float, porosity: float, walls: int) -> Geometry:
    """A flat channel between two walls, of which one or both are membranes.

    Parameters
    ----------
    length, width, height : float
        m.
    porosity : float
        ε of the spacer.
    walls : {1, 2}
        Number of walls that are membranes.
    """
    diameter = hydraulic_diameter(height, porosity)
    shape = SLIT_TWO_WALLS if walls == 2 else SLIT_ONE_WALL
    return Geometry(length, width, height * width, height * width * porosity, diameter, shape)


def lumens(length: float, count: int, diameter: float) -> Geometry:
    """The lumens of parallel hollow fibres.

    Parameters
    ----------
    length : float
        m.
    count : int
    diameter : float
        Inner diameter, m.
    """
    area = 0.25 * math.pi * diameter * diameter * count
    return Geometry(length, math.pi * diameter * count, area, area, diameter, TUBE)


def duct(length: float, width: float, area: float, diameter: float) -> Geometry:
    """A channel of another shape, for example around fibres; correlations that depend on the shape use a tube.

    Parameters
    ----------
    length, width : float
        m; width is the membrane area ÷ length.
    area : float
        Cross-section open to the flow, m^2.
    diameter : float
        Hydraulic diameter, m.
    """
    return Geometry(length, width, area, area, diameter, TUBE)


def permeate(length: float, width: float, volume: float) -> Channel:
    """A permeate side whose liquid is withdrawn locally, without polarization and friction.

    Parameters
    ----------
    length, width : float
        m.
    volume : float
        Hold-up, m^3, which only determines how fast its concentration changes.
    """
    wide = (math.inf, math.inf, math.inf, SLIT_ONE_WALL)
    return Channel(length, width, *wide, "permeate", volume, MassTransfer("none"), PressureDrop("none"), 0.0)


def mass_transfer_law(name: str, coefficient: float, sherwood: tuple[float, ...]) -> MassTransfer:
    """The mass-transfer law with a name from a case file.

    Parameters
    ----------
    name : str
        "none", "constant", "leveque", "graetz" (two names of one law), "guillen-hoek", "schock-miquel" or "sherwood".
    coefficient : float
        Coefficient of "constant", m/s.
    sherwood : tuple of float
        a, b, c of "sherwood".

    Returns
    -------
    MassTransfer
    """
    if name == "none":
        return MassTransfer("none")
    if name == "constant":
        return MassTransfer("constant", coefficient=coefficient)
    if name in ("leveque", "graetz"):
        return MassTransfer("developing", name="leveque")
    powers = {"guillen-hoek": (0.46, 0.36, 0.36), "schock-miquel": (0.065, 0.875, 0.25)}
    a, b, c = powers.get(name, sherwood)
    return MassTransfer("power", name=name if name in powers else "", a=a, b=b, c=c)


def pressure_drop_law(
    name: str,
    shape: Shape,
    length: float,
    gradient: float,
    friction: tuple[float, ...],
    measured: tuple[float, float, float],
) -> PressureDrop:
    """The pressure-drop law with a name from a case file.

    Parameters
    ----------
    name : str
        "none", "constant", "laminar", "guillen-hoek", "friction" or "measured".
    shape : Shape
        Shape of the channel, for "laminar".
    length : float
        Length of one element, m, for "measured".
    gradient : float
        Pressure gradient of "constant", Pa/m.
    friction : tuple of float
        f0, f1, n of "friction".
    measured : tuple of float
        Flow (m^3/s), pressure drop over one element (Pa) and exponent of "measured".

    Returns
    -------
    PressureDrop
    """
    if name == "none":
        return PressureDrop("none")
    if name == "constant":
        return PressureDrop("constant", gradient=gradient)
    if name == "measured":
        at, drop, exponent = measured
        return PressureDrop("measured", gradient=drop / length, at=at, exponent=exponent)
    known = {"laminar": (0.0, shape.friction, 1.0), "guillen-hoek": (0.42, 189.3, 1.0)}
    f0, f1, n = known.get(name, friction)
    return PressureDrop("friction", name=name if name in known else "", f0=f0, f1=f1, n=n)
