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

import numpy as np
from numpy.typing import ArrayLike, NDArray

from membrane_pde.physics.constants import GAS_CONSTANT
from membrane_pde.physics.density import Volume, water_content
from membrane_pde.physics.pitzer import Pitzer

IDEAL, VIRIAL, PITZER = "ideal", "virial", "pitzer"


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
        return sum([max(c, 0.0) / end for c, end in zip(concentration, self.limit, strict=False)])

    def pressure(self, concentration: Sequence[float]) -> tuple[float, list[float]]:
        """Osmotic pressure and its derivative with each concentration.

        Parameters
        ----------
        concentration : sequence of float, one a solute
            mol/m^3. A negative one, the undershoot of a solver, counts ideally.

        Returns
        -------
        float, and list of float
            Pa; Pa m^3/mol.
        """
        rt = GAS_CONSTANT * self.temperature
        if self.model == IDEAL:
            slopes = [rt * nu for nu in self.dissociation]
            return sum([k * c for k, c in zip(slopes, concentration, strict=True)]), slopes
        there = [max(c, 0.0) for c in concentration]
        if self.model == VIRIAL:
            value, gradient = self._virial(there)
        else:
            far = self.reach(there)
            if far <= 1.0:
                value, gradient = self._real(there)
            else:
                edge = [c / far for c in there]
                at, slopes = self._real(edge)
                rest = at - sum([k * c for k, c in zip(slopes, edge, strict=True)])
                value, gradient = far * at, [k + rest / end for k, end in zip(slopes, self.limit, strict=True)]
        for i, c in enumerate(concentration):
            if c < 0.0:
                gradient[i] = rt * self.dissociation[i]
                value += gradient[i] * c
        return value, gradient

    def _virial(self, c: Sequence[float]) -> tuple[float, list[float]]:
        rt = GAS_CONSTANT * self.temperature
        value, gradient = 0.0, []
        for x, nu, coefficients in zip(c, self.dissociation, self.virial, strict=True):
            phi, slope, power = 1.0, 1.0, 1.0
            for n, coefficient in enumerate(coefficients):
                power *= x
                phi += coefficient * power
                slope += (n + 2) * coefficient * power
            value += rt * nu * x * phi
            gradient.append(rt * nu * slope)
        return value, gradient

    def _real(self, c: Sequence[float]) -> tuple[float, list[float]]:
        water, lost = water_content(c, self.volume, self.molar_mass, self.water_density)
        molality = [x / water for x in c]
        total, with_molality = self.osmolality(molality)
        # m_i = c_i/W: dm_i/dc_j = δ_ij/W − m_i/W dW/dc_j
        along = sum([k * m for k, m in zip(with_molality, molality, strict=True)])
        scale = GAS_CONSTANT * self.temperature * self.water_density
        return scale * total, [scale * (k - along * loss) / water for k, loss in zip(with_molality, lost, strict=True)]

    def osmolality(self, molality: Sequence[float]) -> tuple[float, list[float]]:
        """``O = −ln a_w/M_w`` in mol of particles per kg of water, and its derivative with each molality (mol/kg)."""
        total, gradient = 0.0, []
        charged = set()
        if self.ions is not None:
            amounts = [0.0] * len(self.ions.charges)
            for solute, ion, count in self.composition:
                amounts[ion] += count * molality[solute]
                charged.add(solute)
            total, with_ion = self.ions.osmolality(amounts)
        for i, (m, nu, coefficients) in enumerate(zip(molality, self.dissociation, self.polynomial, strict=True)):
            if i in charged:
                gradient.append(sum([count * with_ion[ion] for solute, ion, count in self.composition if solute == i]))
                continue
            phi, slope, power = 1.0, 1.0, 1.0
            for n, coefficient in enumerate(coefficients):
                power *= m
                phi += coefficient * power
                slope += (n + 2) * coefficient * power
            total += nu * m * phi
            gradient.append(nu * slope)
        return total, gradient

    def reflected(self, concentration: Sequence[float], reflection: Sequence[float]) -> tuple[float, list[float]]:
        """``Σ σ_i π_i`` with the shares ``π_i = π ν_i c_i/Σ ν_k c_k``, and its derivatives.

        Parameters
        ----------
        concentration : sequence of float
            mol/m^3.
        reflection : sequence of float
            σ.

        Returns
        -------
        float, and list of float
            Pa; Pa m^3/mol.
        """
        value, gradient = self.pressure(concentration)
        first = reflection[0]
        if all(sigma == first for sigma in reflection):
            return first * value, [first * k for k in gradient]
        particles = [nu * max(c, 0.0) for nu, c in zip(self.dissociation, concentration, strict=True)]
        number = sum(particles)
        if self.model == IDEAL or number <= 0.0:  # linear
            slopes = [sigma * k for sigma, k in zip(reflection, gradient, strict=True)]
            return sum([k * c for k, c in zip(slopes, concentration, strict=True)]), slopes
        share = sum([sigma * each for sigma, each in zip(reflection, particles, strict=True)]) / number
        return share * value, [
            share * k + (value * nu * (sigma - share) / number if c > 0.0 else 0.0)
            for k, nu, sigma, c in zip(gradient, self.dissociation, reflection, concentration, strict=True)
        ]

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
        totals = np.array([self.pressure(row)[0] for row in c.reshape(rows.shape).tolist()])
        number = rows.sum(axis=1)
        number[number == 0.0] = 1.0
        return (rows * (totals / number)[:, None]).reshape(c.shape)
