"""Volumes of dissolved solutes: conversion between amount per volume of solution, molality and mass fraction.

A cubic metre of solution holds W kg of water and the solutes, whose apparent volumes are additive:

    W/ρ_w + Σ c_i V_i = 1,    m_i = c_i/W,    ρ = W + Σ c_i M_i

``V_i`` (m^3/mol) is a constant, or depends on the mass fraction w of all solutes as Laliberté and Cooper found:
``V = M (w + a2 + a3 t)/((a0 w + a1) exp(1e-6 (t + a4)^2))``, t in degC. At a given temperature both have the form
``(p w + a)/(b w + d)``; the functions below take these four coefficients.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from membrane_pde.kernels import kernel
from membrane_pde.physics.constants import ZERO_CELSIUS

Array = NDArray[np.float64]

_EPS = 2.0**-52

Volume = tuple[float, float, float, float]

_MASS, _P, _A, _B, _D = range(5)  # positions within a solute's block in the data of `water_and_slopes`
_NUMBERS = 5  # length of a solute's block


def apparent_volume(coefficients: Sequence[float], scale: float, temperature: float) -> Volume:
    """Apparent molar volume of a solute at one temperature, ``V(w) = (p w + a)/(b w + d)``.

    Parameters
    ----------
    coefficients : sequence of float
        One: the volume itself, m^3/mol or m^3/kg. Five: a0 … a4 of Laliberté and Cooper (a0, a1 in kg/m^3; a3 in
        1/degC; a4 in degC), for m^3/kg.
    scale : float
        1 for a volume per mol; for a volume per mass the molar mass, kg/mol.
    temperature : float
        K.

    Returns
    -------
    tuple of float
        p, a, b, d; V in m^3/mol.

    References
    ----------
    Laliberté and Cooper 2004; coefficients of Laliberté 2009 as tabulated in the Python package chemicals 1.5.2
    (Electrolytes/Laliberte2009.tsv).
    """
    if len(coefficients) == 1:
        return 0.0, scale * coefficients[0], 0.0, 1.0
    a0, a1, a2, a3, a4 = coefficients
    t = temperature - ZERO_CELSIUS
    size = math.exp(1e-6 * (t + a4) ** 2)
    return scale, scale * (a2 + a3 * t), a0 * size, a1 * size


def molarity(molality: float, volume: Volume, molar_mass: float, water_density: float) -> float:
    """Concentration (mol/m^3) of a solution of one solute from its molality (mol/kg).

    ``c = m/(1/ρ_w + m V(w))`` with ``w = m M/(1 + m M)``.
    """
    p, a, b, d = volume
    w = molality * molar_mass / (1.0 + molality * molar_mass)
    return molality / (1.0 / water_density + molality * (p * w + a) / (b * w + d))


def water_content(
    concentration: Sequence[float], volume: Sequence[Volume], molar_mass: Sequence[float], water_density: float
) -> tuple[float, list[float]]:
    """Mass of water in a cubic metre of solution, and its derivatives; calls the kernel `water_and_slopes`.

    Parameters
    ----------
    concentration : sequence of float
        mol/m^3.
    volume : sequence of tuple
        From `apparent_volume`.
    molar_mass : sequence of float
        kg/mol.
    water_density : float
        Density of pure water, kg/m^3.

    Returns
    -------
    water : float
        W, kg/m^3.
    slopes : list of float
        dW/dc_i, kg/mol.
    """
    rows = np.array([(m, *numbers) for m, numbers in zip(molar_mass, volume, strict=True)]).ravel()
    slopes = np.empty(len(concentration))
    water = water_and_slopes(np.array(concentration, dtype=float), rows, 0, water_density, slopes)
    return water, slopes.tolist()


@kernel
def mass_fraction_and_slopes(
    concentration: float, molar_mass: float, data: Array, start: int, terms: int
) -> tuple[float, float, float, float]:
    """Mass fraction of a single solute whose solution density is a polynomial in the mass fraction.

    Newton's iteration for w in ``w ρ(w) = c M``, from ``w = c M/(c M + ρ(0))``.

    Parameters
    ----------
    concentration : float
        c, mol/m^3.
    molar_mass : float
        M, kg/mol.
    data : ndarray
        From index `start` on it has `terms` coefficients of ρ(w) in ascending order, kg/m^3.
    start, terms : int

    Returns
    -------
    w, slope : float
        The mass fraction, and dw/dc, m^3/mol.
    density, steepness : float
        ρ(w), kg/m^3, and dρ/dc, kg/mol.
    """
    mass = concentration * molar_mass
    w = mass / (mass + float(data[start]))
    slope, rho, steep = 1.0, 0.0, 0.0
    for _ in range(50):
        rho, steep = 0.0, 0.0
        for n in range(terms - 1, -1, -1):
            steep = steep * w + rho
            rho = rho * w + float(data[start + n])
        slope = rho + w * steep
        change = (mass - w * rho) / slope
        w += change
        if abs(change) <= 4.0 * _EPS:
            break
    return w, molar_mass / slope, rho, steep * molar_mass / slope


@kernel
def water_and_slopes(concentration: Array, data: Array, start: int, water_density: float, slopes: Array) -> float:
    """Mass of water in a cubic metre of solution.

    Newton's iteration for W in ``W/ρ_w + Σ c_i V_i(w) = 1``, ``w = S/(W + S)``, ``S = Σ c_i M_i``.

    Parameters
    ----------
    concentration : ndarray, shape (solute,)
        mol/m^3.
    data : ndarray
        From index `start` on it has five numbers for each solute: the molar mass (kg/mol) and the four coefficients of
        `apparent_volume`.
    start : int
        Index of the first number.
    water_density : float
        Density of pure water, kg/m^3.
    slopes : ndarray, shape (solute,)
        Written: dW/dc_i, kg/mol.

    Returns
    -------
    float
        W, kg/m^3.
    """
    solutes = len(concentration)
    mass = dissolved = 0.0
    n = start
    for i in range(solutes):
        c = float(concentration[i])
        mass += c * float(data[n + _MASS])
        dissolved += c * float(data[n + _A]) / float(data[n + _D])  # at infinite dilution
        n += _NUMBERS
    water = water_density * (1.0 - dissolved if dissolved < 0.9 else 0.1)
    slope = steeper = 0.0
    for _ in range(50):
        whole = water + mass
        w = mass / whole
        taken = steeper = 0.0
        n = start
        for i in range(solutes):
            c = float(concentration[i])
            p, a, b, d = float(data[n + _P]), float(data[n + _A]), float(data[n + _B]), float(data[n + _D])
            bottom = b * w + d
            taken += c * (p * w + a) / bottom
            steeper += c * (p * d - a * b) / (bottom * bottom)
            n += _NUMBERS
        slope = 1.0 / water_density - steeper * mass / (whole * whole)
        change = (1.0 - water / water_density - taken) / slope
        water += change
        if abs(change) <= 4.0 * _EPS * water_density:
            break
    whole = water + mass
    w, lean = mass / whole, steeper * water / (whole * whole)
    n = start
    for i in range(solutes):
        p, a, b, d = float(data[n + _P]), float(data[n + _A]), float(data[n + _B]), float(data[n + _D])
        slopes[i] = -((p * w + a) / (b * w + d) + lean * float(data[n + _MASS])) / slope
        n += _NUMBERS
    return water


def of_polynomial(number: float, kind: str, density: Sequence[float], molar_mass: float) -> float:
    """Concentration of a single solute whose solution density is a polynomial in the mass fraction.

    ``c = w ρ(w)/M``, with ``w = m M/(1 + m M)`` for a molality m.

    Parameters
    ----------
    number : float
        The mass fraction, or the molality, mol/kg.
    kind : {"mass fraction", "molality"}
    density : sequence of float
        Coefficients of ρ(w) in ascending order, kg/m^3.
    molar_mass : float
        kg/mol.

    Returns
    -------
    float
        mol/m^3.

    Raises
    ------
    ValueError
        If the solute leaves no space for water, or the density is not positive at this composition.
    """
    w = number if kind == "mass fraction" else number * molar_mass / (1.0 + number * molar_mass)
    if w >= 1.0:
        raise ValueError("a mass fraction of 1 or more leaves no water")
    rho = sum([a * w**i for i, a in enumerate(density)])
    if rho <= 0.0:
        raise ValueError(f"the density is {rho:.4g} kg/m^3 there")
    return w * rho / molar_mass


def concentrations(
    written: Sequence[tuple[float, str]], volume: Sequence[Volume], molar_mass: Sequence[float], water_density: float
) -> list[float]:
    """Concentrations in a mixture, from amounts per volume, molalities and mass fractions.

    Parameters
    ----------
    written : sequence of (float, str)
        For each solute a value and its kind: "amount" (mol/m^3), "molality" (mol/kg of water) or "mass fraction" (of
        the solution).
    volume, molar_mass, water_density
        As in `water_content`.

    Returns
    -------
    list of float
        mol/m^3.

    Raises
    ------
    ValueError
        If the solutes leave no space for water.
    """
    fraction = sum([number for number, kind in written if kind == "mass fraction"])
    fixed = sum([number * m for (number, kind), m in zip(written, molar_mass, strict=True) if kind == "amount"])
    bound = sum([number * m for (number, kind), m in zip(written, molar_mass, strict=True) if kind == "molality"])
    if fraction >= 1.0:
        raise ValueError("the mass fractions add up to 1 or more, which leaves no water")

    def solution(water: float) -> tuple[list[float], float]:
        """Concentrations (mol/m^3) for this mass of water (kg/m^3), and the volume of water and solutes."""
        density = (water * (1.0 + bound) + fixed) / (1.0 - fraction)
        dissolved = 1.0 - water / density if density > 0.0 else 1.0
        amounts, taken = [], water / water_density
        for (number, kind), m, (p, a, b, d) in zip(written, molar_mass, volume, strict=True):
            c = number if kind == "amount" else number * (water if kind == "molality" else density / m)
            amounts.append(c)
            taken += c * (p * dissolved + a) / (b * dissolved + d)
        return amounts, taken

    low, high = 0.0, 2.0 * water_density
    if solution(low)[1] >= 1.0:
        raise ValueError("the solutes alone take up more than the solution's volume, which leaves no water")
    while low < (middle := 0.5 * (low + high)) < high:
        low, high = (middle, high) if solution(middle)[1] < 1.0 else (low, middle)
    return solution(high)[0]
