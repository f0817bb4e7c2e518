"""Density, viscosity and diffusivity of the liquid in a channel at its local composition, with exact derivatives.

Polynomials in the mass fraction w of the one solute, where a case gives them (`[properties]`), and otherwise a density
that is linear in the concentrations, a viscosity and diffusivities that do not depend on them. The mass fraction
follows from the concentration c by ``w ρ(w) = c M``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from membrane_pde.kernels import kernel

Array = NDArray[np.float64]

# rows of what `set_liquid` writes: density and viscosity (first column), their logarithmic derivatives with each
# concentration, the diffusivities, and their logarithmic derivatives with the own concentration
DENSITY, VISCOSITY, DENSITY_SLOPE, VISCOSITY_SLOPE, DIFFUSIVITY, DIFFUSIVITY_SLOPE = range(6)
ROWS = 6
_STEPS = 50


class Liquid(NamedTuple):
    """The liquid on both sides, for kernels.

    Attributes
    ----------
    given : ndarray of bool, shape (3,)
        Whether density, viscosity, diffusivity are polynomials in the mass fraction.
    polynomials : ndarray, shape (3, degree + 1)
        Their coefficients in ascending order.
    molar_mass : ndarray, shape (solutes,)
        kg/mol.
    density : ndarray, shape (solutes + 1,)
        Density of pure water (kg/m^3) and its derivatives with respect to each concentration (kg/mol), unless it is a
        polynomial.
    viscosity : float
        Viscosity, Pa s, unless it is a polynomial.
    diffusivity : ndarray, shape (2, solutes)
        Diffusivities on the left and on the right, m^2/s, unless they are polynomials.
    """

    given: NDArray[np.bool_]
    polynomials: Array
    molar_mass: Array
    density: Array
    viscosity: float
    diffusivity: Array


def liquid_of(
    density: Array,
    viscosity: float,
    diffusivity: Array,
    molar_mass: Array,
    polynomials: tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]] = ((), (), ()),
) -> Liquid:
    """A liquid for kernels.

    Parameters
    ----------
    density : ndarray, shape (solutes + 1,)
        Density of pure water, kg/m^3, and its derivatives with respect to each concentration, kg/mol.
    viscosity : float
        Viscosity, Pa s.
    diffusivity : ndarray, shape (2, solutes)
        On the left and on the right, m^2/s.
    molar_mass : ndarray, shape (solutes,)
        kg/mol.
    polynomials : tuple of three tuples of float, optional
        Coefficients of density (kg/m^3), viscosity (Pa s) and diffusivity (m^2/s) in the mass fraction of the one
        solute; empty where the model above holds.

    Returns
    -------
    Liquid
        See there.
    """
    degree = max([len(row) for row in polynomials] + [1])
    table = np.array([list(row) + [0.0] * (degree - len(row)) for row in polynomials], dtype=float)
    return Liquid(
        np.array([bool(row) for row in polynomials]),
        table,
        np.asarray(molar_mass, dtype=float),
        np.asarray(density, dtype=float),
        float(viscosity),
        np.asarray(diffusivity, dtype=float),
    )


@kernel
def polynomial(coefficients: Array, x: float) -> tuple[float, float]:
    """Value and derivative of ``Σ a_n x^n``."""
    value, slope = 0.0, 0.0
    for n in range(coefficients.shape[0] - 1, -1, -1):
        slope = slope * x + value
        value = value * x + float(coefficients[n])
    return value, slope


@kernel
def mass_fraction(p: Liquid, concentration: float) -> tuple[float, float]:
    """Mass fraction w of the one solute, ``w ρ(w) = c M``, and dw/dc (m^3/mol)."""
    mass = concentration * float(p.molar_mass[0])
    if not p.given[0]:
        density = float(p.density[0]) + float(p.density[1]) * concentration
        w = mass / density
        return w, (float(p.molar_mass[0]) - w * float(p.density[1])) / density
    w = mass / float(p.polynomials[0, 0])
    density, slope = polynomial(p.polynomials[0], w)
    for _ in range(_STEPS):
        change = (mass - w * density) / (density + w * slope)
        w += change
        density, slope = polynomial(p.polynomials[0], w)
        if abs(change) <= 1e-15 * abs(w):
            break
    return w, float(p.molar_mass[0]) / (density + w * slope)


@kernel
def set_liquid(p: Liquid, side: int, concentration: Array, out: Array) -> None:
    """Write density, viscosity and diffusivities at a composition.

    Parameters
    ----------
    p : Liquid
        From `liquid_of`.
    side : int
        0 left, 1 right.
    concentration : ndarray, shape (solutes,)
        mol/m^3.
    out : ndarray, shape (6, solutes)
        Written: rows `DENSITY` (first entry, kg/m^3), `VISCOSITY` (first entry, Pa s), the derivatives of their
        logarithms with each concentration, the diffusivities (m^2/s), and the derivatives of their logarithms with the
        own concentration (m^3/mol).
    """
    solutes = concentration.shape[0]
    density = float(p.density[0])
    for s in range(solutes):
        density += float(p.density[1 + s]) * float(concentration[s])
    for s in range(solutes):
        out[DENSITY_SLOPE, s] = float(p.density[1 + s]) / density
        out[VISCOSITY_SLOPE, s] = 0.0
        out[DIFFUSIVITY, s], out[DIFFUSIVITY_SLOPE, s] = p.diffusivity[side, s], 0.0
    out[DENSITY, 0], out[VISCOSITY, 0] = density, p.viscosity
    if not (p.given[0] or p.given[1] or p.given[2]):
        return
    w, with_concentration = mass_fraction(p, float(concentration[0]))
    if p.given[0]:
        value, slope = polynomial(p.polynomials[0], w)
        out[DENSITY, 0], out[DENSITY_SLOPE, 0] = value, slope * with_concentration / value
    if p.given[1]:
        value, slope = polynomial(p.polynomials[1], w)
        out[VISCOSITY, 0], out[VISCOSITY_SLOPE, 0] = value, slope * with_concentration / value
    if p.given[2]:
        value, slope = polynomial(p.polynomials[2], w)
        out[DIFFUSIVITY, 0], out[DIFFUSIVITY_SLOPE, 0] = value, slope * with_concentration / value
