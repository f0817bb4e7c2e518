"""Osmotic pressure of a real mixture, with its exact derivatives.

    ideal    π = R T Σ ν_i c_i
    virial   π = R T Σ ν_i c_i (1 + B_i c_i + C_i c_i²)
    pitzer   π = −(R T/V_w) ln a_w = R T ρ_w O,   O = [Σm φ]_ions + Σ m_i φ_i(m_i) + Σ ν_k m_k
    polynomial  π = R T ρ_w φ(w) ν m, of one solute whose φ is given as a polynomial in its mass fraction w

In `pitzer` the three parts of O (mol of particles per kg of water) are the ions by Pitzer's equations, molecules whose
osmotic coefficient ``φ = 1 + Σ_n a_n m^n`` is known, and the rest ideally; m follows from c through the apparent
volumes (`membrane_pde.physics.density`). A solute's share of the pressure is ``π_i = π ν_i c_i/Σ ν_k c_k``.

Above the highest concentration of the data of a solute, the pressure is extrapolated proportionally to the
concentration at constant composition, so that it is finite and increasing in a trial step of a solver that leaves the
range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from membrane_pde.kernels import compiled, kernel
from membrane_pde.physics.constants import GAS_CONSTANT
from membrane_pde.physics.density import Volume, mass_fraction_and_slopes, water_and_slopes
from membrane_pde.physics.pitzer import Pitzer, sum_with_slopes

Array = NDArray[np.float64]

IDEAL, VIRIAL, PITZER, POLYNOMIAL = "ideal", "virial", "pitzer", "polynomial"
_MODELS = (IDEAL, VIRIAL, PITZER, POLYNOMIAL)
_IDEAL, _VIRIAL, _PITZER = 0, 1, 2  # indices in _MODELS
MOST_DISSOLVED = 0.5  # upper validity limit of a polynomial, as a mass fraction
# Positions in the data of a real solution: its first entries; then the entries for each kind of ion of a solute.
_WATER_DENSITY, _DEGREE, _IONS, _DENSITY, _FIRST = range(5)
_ION, _COUNT = range(2)
_OF_ION = 2
# Positions in the data of a polynomial: the density of water is followed by the molar mass and the volume of the
# solute, the numbers of coefficients, and the coefficients.
_MASS, _DENSITY_TERMS, _TERMS, _COEFFICIENTS = 1, 6, 7, 8


class Osmotics(NamedTuple):
    """A `Solution` in the form that kernels take: a few arguments, of the same types for every model.

    Attributes
    ----------
    model : int
        0 ideal, 1 virial, 2 pitzer, 3 polynomial.
    gas : float
        R T, J/mol.
    dissociation : ndarray, shape (solute,)
        ν.
    data : ndarray
        Further parameters of the model, in the order that `Solution.numbers` gives.
    """

    model: int
    gas: float
    dissociation: Array
    data: Array


@kernel
def reflected(numbers: Osmotics, concentration: Array, reflection: Array, gradient: Array) -> float:
    """``Σ σ_i π_i`` with the shares ``π_i = π ν_i c_i/Σ ν_k c_k``, and its derivatives.

    Parameters
    ----------
    numbers : Osmotics
        From `Solution.numbers`.
    concentration : ndarray, shape (solute,)
        mol/m^3. A negative concentration (the undershoot of a solver) is treated as that of an ideal solute.
    reflection : ndarray, shape (solute,)
        σ.
    gradient : ndarray, shape (solute,)
        Written: the derivative with respect to each concentration, Pa m^3/mol.

    Returns
    -------
    float
        Pa.
    """
    gas, nu = numbers.gas, numbers.dissociation
    solutes = len(nu)
    value = 0.0
    if numbers.model == _IDEAL:
        for i in range(solutes):
            slope = gas * float(nu[i]) * float(reflection[i])
            gradient[i] = slope
            value += slope * float(concentration[i])
        return value
    if numbers.model == _VIRIAL:
        degree = len(numbers.data) // solutes
        for i in range(solutes):
            c, ideal = float(concentration[i]), gas * float(nu[i])
            c = 0.0 if c < 0.0 else c
            phi, slope = _osmotic_coefficient(numbers.data, degree * i, degree, c)
            value += ideal * c * phi
            gradient[i] = ideal * slope
    elif numbers.model == _PITZER:
        value = _real(numbers, concentration, gradient)
    else:
        value = _measured(numbers, concentration, gradient)
    first, same = float(reflection[0]), True
    particles = held = below = 0.0
    for i in range(solutes):
        c, sigma, ideal = float(concentration[i]), float(reflection[i]), gas * float(nu[i])
        if c < 0.0:
            gradient[i] = ideal
            value += ideal * c
            below += sigma * ideal * c
        else:
            particles += ideal * c
            held += sigma * ideal * c
        same = same and sigma == first
    if same or particles == 0.0:
        for i in range(solutes):
            gradient[i] = float(gradient[i]) * float(reflection[i])
        return first * value if same else below
    share = held / particles
    for i in range(solutes):
        slope = share * float(gradient[i])
        if concentration[i] > 0.0:
            slope += value * gas * float(nu[i]) * (float(reflection[i]) - share) / particles
        gradient[i] = slope
    return share * value


@kernel
def _osmotic_coefficient(data: Array, start: int, degree: int, x: float) -> tuple[float, float]:
    """``φ = 1 + Σ_n a_n x^n`` and ``d(x φ)/dx``; the a_n are the entries of `data` from `start` on."""
    phi, slope = 0.0, 0.0
    for n in range(degree, 0, -1):  # Horner's scheme: a coefficient of 0 contributes nothing, however large x is
        a = float(data[start + n - 1])
        phi = (phi + a) * x
        slope = (slope + (n + 1) * a) * x
    return 1.0 + phi, 1.0 + slope


@kernel
def _real(numbers: Osmotics, concentration: Array, gradient: Array) -> float:
    """Osmotic pressure of a real solution; negative concentrations count as 0. Writes its derivatives to `gradient`."""
    nu, data = numbers.dissociation, numbers.data
    water_density, degree = float(data[_WATER_DENSITY]), int(data[_DEGREE])
    ions, dense = int(data[_IONS]), int(data[_DENSITY])
    solutes = len(nu)
    limit = _FIRST + dense
    volume = limit + solutes
    coefficients = volume + 5 * solutes
    composition = coefficients + degree * solutes
    molality, lost, ion_molality, with_ion = np.empty(solutes), np.empty(solutes), np.empty(ions), np.empty(ions)
    far = 0.0  # Solution.reach
    for i in range(solutes):
        c = float(concentration[i])
        c = 0.0 if c < 0.0 else c
        molality[i] = c
        far += c / float(data[limit + i])
    if far > 1.0:
        for i in range(solutes):
            molality[i] = float(molality[i]) / far
    if dense > 0:  # of one solute
        c, mass = float(molality[0]), float(data[volume])
        _, _, whole, steepness = mass_fraction_and_slopes(c, mass, data, _FIRST, dense)
        water = whole - c * mass
        lost[0] = steepness - mass
    else:
        water = water_and_slopes(molality, data, volume, water_density, lost)
    for ion in range(ions):
        ion_molality[ion] = 0.0
    t = composition
    for i in range(solutes):
        m, kinds = float(molality[i]) / water, int(data[t])
        molality[i] = m
        t += 1
        for _ in range(kinds):
            ion = int(data[t + _ION])
            ion_molality[ion] = float(ion_molality[ion]) + float(data[t + _COUNT]) * m
            t += _OF_ION
    total = sum_with_slopes(data, t, ion_molality, with_ion)
    t = composition
    along = 0.0
    for i in range(solutes):
        m, kinds, slope = float(molality[i]), int(data[t]), 0.0
        t += 1
        for _ in range(kinds):
            slope += float(data[t + _COUNT]) * float(with_ion[int(data[t + _ION])])
            t += _OF_ION
        if kinds == 0:
            phi, slope = _osmotic_coefficient(data, coefficients + degree * i, degree, m)
            total += float(nu[i]) * m * phi
            slope *= float(nu[i])
        gradient[i] = slope
        along += slope * m
    scale = numbers.gas * water_density
    value = scale * total
    rest = value
    for i in range(solutes):  # m_i = c_i/W: dm_i/dc_j = δ_ij/W − m_i/W dW/dc_j
        slope = scale * (float(gradient[i]) - along * float(lost[i])) / water
        gradient[i] = slope
        rest -= slope * float(molality[i]) * water
    if far > 1.0:
        value *= far
        for i in range(solutes):
            gradient[i] = float(gradient[i]) + rest / float(data[limit + i])
    return value


@kernel
def _measured(numbers: Osmotics, concentration: Array, gradient: Array) -> float:
    """Osmotic pressure of a single solute whose osmotic coefficient is a polynomial; `gradient` is written."""
    data = numbers.data
    mass, density_terms, terms = float(data[_MASS]), int(data[_DENSITY_TERMS]), int(data[_TERMS])
    first, end = _COEFFICIENTS + density_terms, _COEFFICIENTS + density_terms + terms
    densities, coefficients = data[_COEFFICIENTS:first], data[first:end]
    c = max(float(concentration[0]), 0.0)
    far = max(c / float(data[end]), 1.0)
    c /= far
    if density_terms > 0:
        w = c * mass / float(densities[0])
        density, rise = _series(densities, w)
        for _ in range(50):
            change = (c * mass - w * density) / (density + w * rise)
            w += change
            density, rise = _series(densities, w)
            if abs(change) <= 1e-15 * w:
                break
        with_concentration = mass / (density + w * rise)
    else:
        one, lost = np.empty(1), np.empty(1)
        one[0] = c
        water = water_and_slopes(one, data, _MASS, float(data[_WATER_DENSITY]), lost)
        whole = water + c * mass
        w = c * mass / whole
        with_concentration = mass * (water - c * float(lost[0])) / (whole * whole)
    phi, phi_slope = _series(coefficients, w)
    scale = numbers.gas * float(data[_WATER_DENSITY]) * float(numbers.dissociation[0]) / mass
    ratio = w / (1.0 - w)
    value = scale * phi * ratio
    gradient[0] = scale * (phi_slope * ratio + phi / ((1.0 - w) * (1.0 - w))) * with_concentration
    if far > 1.0:
        gradient[0] = value / c
    return value * far


@kernel
def _series(coefficients: Array, x: float) -> tuple[float, float]:
    """``Σ_n a_n x^n`` and its derivative."""
    value, slope = 0.0, 0.0
    for n in range(coefficients.shape[0] - 1, -1, -1):
        slope = slope * x + value
        value = value * x + float(coefficients[n])
    return value, slope


@compiled
def total_pressures(numbers: Osmotics, concentration: Array) -> Array:
    """Osmotic pressure of many solutions of the same solutes.

    Parameters
    ----------
    numbers : Osmotics
        From `Solution.numbers`.
    concentration : ndarray, shape (row, solute)
        mol/m^3.

    Returns
    -------
    ndarray, shape (row,)
        Pa.
    """
    rows, solutes = concentration.shape
    totals, gradient, everything = np.empty(rows), np.empty(solutes), np.empty(solutes)
    for i in range(solutes):
        everything[i] = 1.0
    for r in range(rows):
        totals[r] = reflected(numbers, concentration[r], everything, gradient)
    return totals


@dataclass(frozen=True)
class Solution:
    """Water and solutes at one temperature; every tuple has one entry for each solute.

    Attributes
    ----------
    model : str
        ``"ideal"``, ``"virial"``, ``"pitzer"`` or ``"polynomial"``.
    temperature : float
        K.
    dissociation : tuple of float
        Particles per formula unit, ν.
    virial : tuple of tuple of float
        B (m^3/mol) and C (m^6/mol^2), or fewer. `virial` only.
    molar_mass, volume : tuple
        kg/mol, and `density.apparent_volume`. `pitzer` only.
    water_density : float
        Of pure water, kg/m^3.
    ions : Pitzer or None
        The ions into which the solutes dissociate.
    composition : tuple of (int, int, float)
        Solute, ion, number of these ions in a formula unit.
    polynomial : tuple of tuple of float
        a_1, a_2, … of the osmotic coefficient of molecules (kg/mol to the power of the index).
    limit : tuple of float
        Concentration up to which the data hold, mol/m^3; inf where there is none.
    coefficient, density : tuple of float
        a_0, a_1, … of the osmotic coefficient and of the density (kg/m^3) of the one solute, in its mass fraction;
        without a density it follows from the apparent volume. The coefficient in `polynomial` only, the density in
        `pitzer`, too.
    """

    model: str
    temperature: float
    dissociation: tuple[float, ...]
    virial: tuple[tuple[float, ...], ...] = ()
    molar_mass: tuple[float, ...] = ()
    volume: tuple[Volume, ...] = ()
    water_density: float = 0.0
    ions: Pitzer | None = None
    composition: tuple[tuple[int, int, float], ...] = ()
    polynomial: tuple[tuple[float, ...], ...] = ()
    limit: tuple[float, ...] = ()
    coefficient: tuple[float, ...] = ()
    density: tuple[float, ...] = ()

    def reach(self, concentration: Sequence[float]) -> float:
        """Concentrations over the highest of the data, ``Σ c_i/limit_i``; above 1 the mixture is beyond the data."""
        return sum([max(c, 0.0) / end for c, end in zip(concentration, self.limit, strict=False)])

    @cached_property
    def numbers(self) -> Osmotics:
        """The solution in the form that kernels take.

        Of a virial solution `data` has the coefficients. Of a real one it has, one after another: the density of water,
        the number of coefficients of a solute, of ions, and of terms of a given density; these terms; the limits;
        molar masses and volumes, as `density.water_and_slopes` takes them; the coefficients; for each solute the number
        of kinds of its ions, and of each kind index and count; and `Pitzer.numbers`.
        """
        known = self.virial or self.polynomial
        degree = max([len(row) for row in known], default=0)
        padded = [row + (0.0,) * (degree - len(row)) for row in known]
        if self.model == PITZER:
            ions = self.ions.numbers if self.ions else (0.0,) * 4
            volumes = [(m, *volume) for m, volume in zip(self.molar_mass, self.volume, strict=True)]
            made = [[row[1:] for row in self.composition if row[0] == i] for i in range(len(self.dissociation))]
            members = [(len(kinds), *chain(*kinds)) for kinds in made]
            counts = degree, ions[1], len(self.density)
            rows = chain(*volumes, *padded, *members)
            data = [self.water_density, *counts, *self.density, *self.limit, *rows, *ions]
        elif self.model == POLYNOMIAL:
            data = self._polynomials()
        else:
            data = [*chain(*padded)]
        gas = float(GAS_CONSTANT * self.temperature)
        nu = np.array(self.dissociation, dtype=float)
        return Osmotics(_MODELS.index(self.model), gas, nu, np.array(data, dtype=float))

    def _polynomials(self) -> list[float]:
        """Density of water; molar mass and volume; how many coefficients; the coefficients; how far they count."""
        mass, volume = self.molar_mass[0], self.volume[0] if self.volume else (0.0, 0.0, 0.0, 1.0)
        counts = [float(len(self.density)), float(len(self.coefficient))]
        w = MOST_DISSOLVED
        density = sum(a * w**n for n, a in enumerate(self.density)) if self.density else self.water_density
        most = self.limit[0] if self.limit else w * density / mass
        return [self.water_density, mass, *volume, *counts, *self.density, *self.coefficient, most]

    @cached_property
    def _slopes(self) -> Array:
        """Osmotic pressure over concentration at infinite dilution, Pa m^3/mol."""
        return np.array(self.dissociation) * (GAS_CONSTANT * self.temperature)

    def pressure(self, concentration: Sequence[float]) -> tuple[float, list[float]]:
        """Osmotic pressure (Pa) and its derivatives (Pa m^3/mol): `reflected` with every σ = 1."""
        return self.reflected(concentration, [1.0] * len(self.dissociation))

    def reflected(self, concentration: Sequence[float], reflection: Sequence[float]) -> tuple[float, list[float]]:
        """``Σ σ_i π_i`` (Pa) and its derivatives (Pa m^3/mol): the kernel `reflected` of this solution."""
        gradient = np.empty(len(self.dissociation))
        value = reflected(
            self.numbers, np.array(concentration, dtype=float), np.array(reflection, dtype=float), gradient
        )
        return value, gradient.tolist()

    def shares(self, concentration: ArrayLike) -> NDArray[np.float64]:
        """Each solute's share of the osmotic pressure.

        Parameters
        ----------
        concentration : array_like, shape (..., solute)
            mol/m^3.

        Returns
        -------
        ndarray, shape (..., solute)
            Pa. The sum over the last axis is the solution's osmotic pressure.
        """
        c = np.asarray(concentration, dtype=float)
        if self.model == IDEAL:
            return c * self._slopes
        particles = c * np.array(self.dissociation)
        rows = particles.reshape(-1, c.shape[-1])
        in_order = np.array(c.reshape(rows.shape), order="C")  # as the compiled code expects
        totals = total_pressures(self.numbers, in_order)
        number = rows.sum(axis=1)
        number[number == 0.0] = 1.0
        return (rows * (totals / number)[:, None]).reshape(c.shape)
