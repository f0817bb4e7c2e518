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
    """A `Solution` for kernels: plain numbers and flat arrays, of the same types for every model.

    Where there are several numbers a solute, an ion or a pair, they stand one after the other: plain Python reads from
    one axis twice as fast as from two.

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
    coefficients : ndarray, shape (n · solute,)
        In the osmotic coefficient: of c, then of c², … (virial), or of m, m², … (molecules of pitzer) of every solute.
    limit : ndarray, shape (solute,)
        mol/m^3.
    molar_mass : ndarray, shape (solute,)
        kg/mol.
    volume : ndarray, shape (4 · solute,)
        The four numbers of `density.apparent_volume`, of one solute after the other.
    composition : ndarray of int
        Solute, ion, ions a formula unit; solute, ion, …: in the order of the solutes.
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
        coefficients = numbers.coefficients
        for i in range(solutes):
            c, ideal = float(concentration[i]), gas * float(nu[i])
            c = 0.0 if c < 0.0 else c
            phi, slope = _osmotic_coefficient(coefficients, solutes, i, c)
            value += ideal * c * phi
            gradient[i] = ideal * slope
    else:
        value = _real(numbers, concentration, gradient)
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
            gradient[i] *= float(reflection[i])
        return first * value if same else below
    share = held / particles
    for i in range(solutes):
        slope = share * float(gradient[i])
        if concentration[i] > 0.0:
            slope += value * gas * float(nu[i]) * (float(reflection[i]) - share) / particles
        gradient[i] = slope
    return share * value


@kernel
def _osmotic_coefficient(coefficients: Array, solutes: int, solute: int, x: float) -> tuple[float, float]:
    """``φ = 1 + Σ_n a_n x^n`` and ``d(x φ)/dx``."""
    phi, slope = 0.0, 0.0
    for n in range(len(coefficients) // solutes, 0, -1):  # Horner: a coefficient of 0 plays no part, however large x is
        a = float(coefficients[(n - 1) * solutes + solute])
        phi = (phi + a) * x
        slope = (slope + (n + 1) * a) * x
    return 1.0 + phi, 1.0 + slope


@kernel
def _real(numbers: Osmotics, concentration: Array, gradient: Array) -> float:
    """Osmotic pressure of a real solution without what is negative; its derivatives are written into `gradient`."""
    nu, limit, coefficients, composition = (
        numbers.dissociation,
        numbers.limit,
        numbers.coefficients,
        numbers.composition,
    )
    solutes, ions = len(nu), len(numbers.charges)
    molality, lost, ion_molality, with_ion = np.empty(solutes), np.empty(solutes), np.empty(ions), np.empty(ions)
    far = 0.0  # Solution.reach
    for i in range(solutes):
        c = float(concentration[i])
        c = 0.0 if c < 0.0 else c
        molality[i] = c
        far += c / float(limit[i])
    if far > 1.0:
        for i in range(solutes):
            molality[i] /= far
    water = water_and_slopes(molality, numbers.volume, numbers.molar_mass, numbers.water_density, lost)
    for i in range(solutes):
        molality[i] /= water
    for i in range(ions):
        ion_molality[i] = 0.0
    for t in range(0, len(composition), 3):
        ion_molality[composition[t + 1]] += float(composition[t + 2]) * float(molality[composition[t]])
    total = sum_with_slopes(
        numbers.charges, numbers.slope, numbers.pairs, numbers.likes, numbers.triples, ion_molality, with_ion
    )
    t, along = 0, 0.0
    for i in range(solutes):
        m, slope = float(molality[i]), 0.0
        if t < len(composition) and composition[t] == i:
            while t < len(composition) and composition[t] == i:
                slope += float(composition[t + 2]) * float(with_ion[composition[t + 1]])
                t += 3
        else:
            phi, slope = _osmotic_coefficient(coefficients, solutes, i, m)
            total += float(nu[i]) * m * phi
            slope *= float(nu[i])
        gradient[i] = slope
        along += slope * m
    scale = numbers.gas * numbers.water_density
    value = scale * total
    rest = value
    for i in range(solutes):  # m_i = c_i/W: dm_i/dc_j = δ_ij/W − m_i/W dW/dc_j
        slope = scale * (float(gradient[i]) - along * float(lost[i])) / water
        gradient[i] = slope
        rest -= slope * float(molality[i]) * water
    if far > 1.0:
        value *= far
        for i in range(solutes):
            gradient[i] += rest / float(limit[i])
    return value


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
        Solute, ion, ions a formula unit, in the order of the solutes.
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
        return sum([max(c, 0.0) / end for c, end in zip(concentration, self.limit, strict=False)])

    @cached_property
    def numbers(self) -> Osmotics:
        """The same for kernels."""
        solutes, ions = len(self.dissociation), self.ions
        known = self.virial or self.polynomial
        coefficients = np.zeros((max([len(row) for row in known], default=0), solutes))
        for i, row in enumerate(known):
            coefficients[: len(row), i] = row
        nothing = np.empty(0)
        return Osmotics(
            _MODELS.index(self.model),
            float(GAS_CONSTANT * self.temperature),
            float(self.water_density),
            ions.slope if ions else 0.0,
            np.array(self.dissociation, dtype=float),
            coefficients.ravel(),
            np.array(self.limit, dtype=float),
            np.array(self.molar_mass, dtype=float),
            np.array(self.volume, dtype=float).ravel(),
            np.array(self.composition, dtype=np.int64).ravel(),
            ions.charges if ions else nothing,
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
