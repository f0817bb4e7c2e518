"""Osmotic pressure of a real mixture, with its exact derivatives.

    ideal    π = R T Σ ν_i c_i
    virial   π = R T Σ ν_i c_i (1 + B_i c_i + C_i c_i²)
    pitzer   π = −(R T/V_w) ln a_w = R T ρ_w O,   O = [Σm φ]_ions + Σ m_i φ_i(m_i) + Σ ν_k m_k

In `pitzer` the three parts of O (mol of particles per kg of water) are the ions by Pitzer's equations, molecules whose
osmotic coefficient ``φ = 1 + Σ_n a_n m^n`` is known, and the rest ideally; m follows from c through the apparent
volumes (`membrane_pde.physics.density`). A solute's share of the pressure is ``π_i = π ν_i c_i/Σ ν_k c_k``.

Beyond the molality up to which a solute's data hold, nothing is known; there the osmotic coefficient per volume is
held: along a ray of compositions the pressure goes on in proportion to the concentration. So a trial step of a solver
that leaves the range finds a finite, rising pressure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from membrane_pde.compiling import compiled, kernel
from membrane_pde.physics.constants import GAS_CONSTANT
from membrane_pde.physics.density import Volume, water_and_slopes
from membrane_pde.physics.pitzer import Pitzer, sum_with_slopes

Array = NDArray[np.float64]

IDEAL, VIRIAL, PITZER = "ideal", "virial", "pitzer"
_MODELS = (IDEAL, VIRIAL, PITZER)
_IDEAL, _VIRIAL = 0, 1  # places in _MODELS


class Osmotics(NamedTuple):
    """A `Solution` for kernels: arrays and plain numbers, of the same types for every model.

    Attributes
    ----------
    model : int
        0 ideal, 1 virial, 2 pitzer.
    gas : float
        R T, J/mol.
    water_density : float
        Of pure water, kg/m^3. From here on but for the dissociation and virial coefficients: `pitzer` only.
    slope : float
        A_φ, kg^½/mol^½.
    dissociation : ndarray, shape (solute,)
        ν.
    coefficients : ndarray, shape (solute, n)
        Of c, c², … in the osmotic coefficient (virial), or of m, m², … (molecules of pitzer).
    limit : ndarray, shape (solute,)
        mol/m^3.
    molar_mass : ndarray, shape (solute,)
        kg/mol.
    volume : ndarray, shape (solute, 4)
        As `density.apparent_volume` gives it.
    molecules : ndarray of int
        The solutes that make no ions.
    composition : ndarray of int, shape (n, 3)
        Solute, ion, ions a formula unit.
    charges, pairs, likes, triples : ndarray
        As in `pitzer.Pitzer`.
    """

    model: int
    gas: float
    water_density: float
    slope: float
    dissociation: Array
    coefficients: Array
    limit: Array
    molar_mass: Array
    volume: Array
    molecules: NDArray[np.int64]
    composition: NDArray[np.int64]
    charges: Array
    pairs: Array
    likes: Array
    triples: Array


@kernel
def reflected(numbers: Osmotics, concentration: Array, reflection: Array, gradient: Array) -> float:
    """``Σ σ_i π_i`` with the shares ``π_i = π ν_i c_i/Σ ν_k c_k``, and its derivatives.

    Parameters
    ----------
    numbers : Osmotics
        From `Solution.numbers`.
    concentration : ndarray, shape (solute,)
        mol/m^3. A negative one, the undershoot of a solver, counts ideally.
    reflection : ndarray, shape (solute,)
        σ.
    gradient : ndarray, shape (solute,)
        The derivative with each concentration, Pa m^3/mol, is written here.

    Returns
    -------
    float
        Pa.
    """
    nu = numbers.dissociation
    if numbers.model == _IDEAL:
        total = 0.0
        for i in range(len(nu)):
            slope = numbers.gas * float(nu[i]) * float(reflection[i])
            gradient[i] = slope
            total += slope * float(concentration[i])
        return total
    value = _pressure(numbers, concentration, gradient)
    number, held, first, same = 0.0, 0.0, float(reflection[0]), True
    for i in range(len(nu)):
        sigma, particles = float(reflection[i]), float(nu[i]) * max(float(concentration[i]), 0.0)
        number += particles
        held += sigma * particles
        same = same and sigma == first
    if same:
        for i in range(len(nu)):
            gradient[i] *= first
        return first * value
    if number <= 0.0:  # linear
        total = 0.0
        for i in range(len(nu)):
            gradient[i] *= reflection[i]
            total += float(gradient[i]) * float(concentration[i])
        return total
    share = held / number
    for i in range(len(nu)):
        slope = share * float(gradient[i])
        if concentration[i] > 0.0:
            slope += value * float(nu[i]) * (float(reflection[i]) - share) / number
        gradient[i] = slope
    return share * value


@kernel
def _pressure(numbers: Osmotics, concentration: Array, gradient: Array) -> float:
    """Osmotic pressure of a virial or a real solution; its derivatives are written into `gradient`."""
    there = np.empty(len(concentration))
    for i in range(len(there)):
        there[i] = max(float(concentration[i]), 0.0)
    if numbers.model == _VIRIAL:
        value = _virial(numbers, there, gradient)
    else:
        far = _reach(numbers.limit, concentration)
        if far <= 1.0:
            value = _real(numbers, there, gradient)
        else:
            for i in range(len(there)):
                there[i] /= far
            at = _real(numbers, there, gradient)
            rest = at
            for i in range(len(there)):
                rest -= float(gradient[i]) * float(there[i])
            for i in range(len(there)):
                gradient[i] += rest / float(numbers.limit[i])
            value = far * at
    for i in range(len(there)):
        c = float(concentration[i])
        if c < 0.0:
            slope = numbers.gas * float(numbers.dissociation[i])
            gradient[i] = slope
            value += slope * c
    return value


@kernel
def _reach(limit: Array, concentration: Array) -> float:
    far = 0.0
    for i in range(len(limit)):
        far += max(float(concentration[i]), 0.0) / float(limit[i])
    return far


@kernel
def _virial(numbers: Osmotics, concentration: Array, gradient: Array) -> float:
    value = 0.0
    for i in range(len(concentration)):
        c, ideal = float(concentration[i]), numbers.gas * float(numbers.dissociation[i])
        phi, slope = _osmotic_coefficient(numbers.coefficients, i, c)
        value += ideal * c * phi
        gradient[i] = ideal * slope
    return value


@kernel
def _osmotic_coefficient(coefficients: Array, solute: int, x: float) -> tuple[float, float]:
    """``φ = 1 + Σ_n a_n x^n`` and ``d(x φ)/dx``."""
    phi, slope = 0.0, 0.0
    for n in range(coefficients.shape[1], 0, -1):  # Horner: what pads a row stays 0, however large x is
        a = float(coefficients[solute, n - 1])
        phi = (phi + a) * x
        slope = (slope + (n + 1) * a) * x
    return 1.0 + phi, 1.0 + slope


@kernel
def _real(numbers: Osmotics, concentration: Array, gradient: Array) -> float:
    lost = np.empty(len(concentration))
    water = water_and_slopes(concentration, numbers.volume, numbers.molar_mass, numbers.water_density, lost)
    molality = np.empty(len(concentration))
    for i in range(len(concentration)):
        molality[i] = float(concentration[i]) / water
    total = osmolality(numbers, molality, gradient)
    # m_i = c_i/W: dm_i/dc_j = δ_ij/W − m_i/W dW/dc_j
    along = 0.0
    for i in range(len(concentration)):
        along += float(gradient[i]) * float(molality[i])
    scale = numbers.gas * numbers.water_density
    for i in range(len(concentration)):
        gradient[i] = scale * (float(gradient[i]) - along * float(lost[i])) / water
    return scale * total


@kernel
def osmolality(numbers: Osmotics, molality: Array, gradient: Array) -> float:
    """``O = −ln a_w/M_w`` in mol of particles per kg of water; derivatives with molalities into `gradient`."""
    ions = len(numbers.charges)
    total = 0.0
    if ions > 0:
        amounts, with_ion = np.zeros(ions), np.empty(ions)
        for n in range(len(numbers.composition)):
            solute, ion, count = numbers.composition[n, 0], numbers.composition[n, 1], numbers.composition[n, 2]
            amounts[ion] += count * molality[solute]
        total = sum_with_slopes(
            numbers.charges, numbers.slope, numbers.pairs, numbers.likes, numbers.triples, amounts, with_ion
        )
        for i in range(len(molality)):
            gradient[i] = 0.0
        for n in range(len(numbers.composition)):
            solute, ion, count = numbers.composition[n, 0], numbers.composition[n, 1], numbers.composition[n, 2]
            gradient[solute] += count * with_ion[ion]
    for n in range(len(numbers.molecules)):
        i = numbers.molecules[n]
        m, nu = float(molality[i]), float(numbers.dissociation[i])
        phi, slope = _osmotic_coefficient(numbers.coefficients, i, m)
        total += nu * m * phi
        gradient[i] = nu * slope
    return total


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
    totals, gradient, everything = np.empty(rows), np.empty(solutes), np.ones(solutes)
    for r in range(rows):
        totals[r] = reflected(numbers, concentration[r], everything, gradient)
    return totals


@dataclass(frozen=True)
class Solution:
    """Water and solutes at one temperature; every tuple has one entry a solute.

    Attributes
    ----------
    model : str
        ``"ideal"``, ``"virial"`` or ``"pitzer"``.
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
        The ions that the solutes make.
    composition : tuple of (int, int, int)
        Solute, ion, ions a formula unit.
    polynomial : tuple of tuple of float
        a_1, a_2, … of the osmotic coefficient of molecules (kg/mol to the power of the index).
    limit : tuple of float
        Concentration up to which the data hold, mol/m^3; inf where there is none.
    """

    model: str
    temperature: float
    dissociation: tuple[float, ...]
    virial: tuple[tuple[float, ...], ...] = ()
    molar_mass: tuple[float, ...] = ()
    volume: tuple[Volume, ...] = ()
    water_density: float = 0.0
    ions: Pitzer | None = None
    composition: tuple[tuple[int, int, int], ...] = ()
    polynomial: tuple[tuple[float, ...], ...] = ()
    limit: tuple[float, ...] = ()

    def reach(self, concentration: Sequence[float]) -> float:
        """How far a mixture goes to the end of its data, ``Σ c_i/limit_i``: beyond 1 nothing is known."""
        return _reach(self.numbers.limit, np.array(concentration, dtype=float))

    @cached_property
    def numbers(self) -> Osmotics:
        """The same for kernels."""
        solutes, ions = len(self.dissociation), self.ions
        known = self.virial or self.polynomial
        coefficients = np.zeros((solutes, max([len(row) for row in known], default=0)))
        for row, given in zip(coefficients, known, strict=False):
            row[: len(given)] = given
        charged = {solute for solute, _, _ in self.composition}
        nothing = np.empty((0, 0))
        return Osmotics(
            _MODELS.index(self.model),
            float(GAS_CONSTANT * self.temperature),
            float(self.water_density),
            ions.slope if ions else 0.0,
            np.array(self.dissociation, dtype=float),
            coefficients,
            np.array(self.limit, dtype=float),
            np.array(self.molar_mass, dtype=float),
            np.array(self.volume, dtype=float).reshape(-1, 4),
            np.array([i for i in range(solutes) if i not in charged], dtype=np.int64),
            np.array(self.composition, dtype=np.int64).reshape(-1, 3),
            ions.charges if ions else np.empty(0),
            ions.pairs if ions else nothing,
            ions.likes if ions else nothing,
            ions.triples if ions else nothing,
        )

    def pressure(self, concentration: Sequence[float]) -> tuple[float, list[float]]:
        """Osmotic pressure (Pa) and its derivatives (Pa m^3/mol): `reflected` by a membrane that holds all back."""
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
        particles = c * np.array(self.dissociation)
        if self.model == IDEAL:
            return particles * (GAS_CONSTANT * self.temperature)
        rows = particles.reshape(-1, c.shape[-1])
        totals = total_pressures(self.numbers, np.array(c.reshape(rows.shape), order="C"))  # one type for the compiler
        number = rows.sum(axis=1)
        number[number == 0.0] = 1.0
        return (rows * (totals / number)[:, None]).reshape(c.shape)
