"""Pitzer's ion-interaction equations: the osmotic coefficient of any mixture of ions, and its derivatives.

With molalities m_i (mol/kg of water), charges z_i, ``I = ½ Σ m_i z_i²``, ``Z = Σ m_i |z_i|``:

    Σm φ = Σm + 2 [ −A_φ I^1.5/(1 + b √I) + Σ_ca m_c m_a (B_ca + Z C_ca)
                    + Σ_cc' m_c m_c' (Φ_cc' + Σ_a m_a ψ_cc'a) + Σ_aa' m_a m_a' (Φ_aa' + Σ_c m_c ψ_caa') ]
    B_ca = β0 + β1 exp(−α1 √I) + β2 exp(−α2 √I),   C_ca = C^φ/(2 √|z_c z_a|)
    Φ_ij = θ_ij + E_ij + I dE_ij/dI
    E_ij = z_i z_j/(4 I) [J(x_ij) − J(x_ii)/2 − J(x_jj)/2],   x_ij = 6 z_i z_j A_φ √I

E, the unsymmetrical mixing of like charges of different size, vanishes for equal charges.

References
----------
Pitzer's equations as the program PHREEQC 3.8.6 has them (src/phreeqcpp/pitzer.cpp, which was read together with its
parameter file); J by equation 47 of Pitzer 1975, as in the Python package pytzer 0.6.0 (unsymmetrical.py), which was
read.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from membrane_pde.kernels import kernel
from membrane_pde.physics.constants import AVOGADRO, GAS_CONSTANT
from membrane_pde.physics.temperature import water_density

Array = NDArray[np.float64]

_B = 1.2  # kg^½/mol^½
_ALPHA1, _ALPHA2 = 2.0, 12.0
_ALPHA1_DIVALENT = 1.4  # for a 2-2 salt
_REFERENCE = 298.15  # K
_DILUTE = 1e-40  # mol/kg; below it sqrt(I) is beneath round-off, and 1/I^2 would overflow

# Exact by definition of the SI of 2019, and CODATA 2022; a test compares them with scipy.constants.
_ELEMENTARY_CHARGE = 1.602176634e-19  # C
_VACUUM_PERMITTIVITY = 8.8541878188e-12  # F/m

# Bradley and Pitzer 1979, J. Phys. Chem. 83, 1599: the dielectric constant of water, as in PHREEQC 3.8.6
# (src/phreeqcpp/utilities.cpp, calc_dielectrics), which was read.
_DIELECTRIC = (3.4279e2, -5.0866e-3, 9.469e-7, -2.0525, 3.1159e3, -1.8289e2, -8.0325e3, 4.2142e6, 2.1417)


def dielectric_constant(temperature: float, pressure: float = 1.01325) -> float:
    """Dielectric constant of liquid water at a temperature (K) and a pressure (bar)."""
    u1, u2, u3, u4, u5, u6, u7, u8, u9 = _DIELECTRIC
    high = u1 * math.exp(temperature * (u2 + temperature * u3))
    c = u4 + u5 / (u6 + temperature)
    b = u7 + u8 / temperature + u9 * temperature
    return high + c * math.log((b + pressure) / (b + 1000.0))


def debye_hueckel(temperature: float) -> float:
    """Debye-Hückel slope of the osmotic coefficient, kg^½/mol^½.

    ``A_φ = ⅓ √(2π N_A ρ_w) (e²/(4π ε_0 ε k T))^{3/2}``.

    Parameters
    ----------
    temperature : float
        K.
    """
    energy = GAS_CONSTANT / AVOGADRO * temperature
    bjerrum = _ELEMENTARY_CHARGE**2 / (4.0 * math.pi * _VACUUM_PERMITTIVITY * dielectric_constant(temperature) * energy)
    return math.sqrt(2.0 * math.pi * AVOGADRO * float(water_density(temperature))) * bjerrum**1.5 / 3.0


def _at(coefficients: Sequence[float], temperature: float) -> float:
    """A parameter at a temperature (K).

    ``a0 + a1(1/T − 1/T0) + a2 ln(T/T0) + a3(T − T0) + a4(T² − T0²) + a5(1/T² − 1/T0²)``
    """
    t, t0 = temperature, _REFERENCE
    terms = (1.0, 1 / t - 1 / t0, math.log(t / t0), t - t0, t * t - t0 * t0, 1 / t**2 - 1 / t0**2)
    return sum([a * term for a, term in zip(coefficients, terms, strict=False)])


@kernel
def _mixing(x: float) -> tuple[float, float]:
    """``x J'`` and ``x d(x J')/dx`` of ``J = x/(4 + c1 x^−c2 exp(−c3 x^c4))``."""
    if x <= 0.0:
        return 0.0, 0.0
    power = 0.0120 * x**0.528
    h = 4.581 * x**-0.7237 * math.exp(-power)
    first, second = -0.7237 - 0.528 * power, -(0.528**2) * power  # d ln h/d ln x, and its derivative
    bottom = 4.0 + h
    change = h * first / bottom
    slope = 1.0 - change  # d ln J/d ln x
    unsymmetrical_slope = change * change - h * (first * first + second) / bottom
    j = x / bottom
    return j * slope, j * (slope * slope + unsymmetrical_slope)


# The data of `sum_with_slopes`: the numbers at its start, those of a pair, of a like, of a ψ.
_SLOPE, _IONS, _PAIRS, _LIKES, _CHARGES = range(5)
_CATION, _ANION, _BETA0, _BETA1, _BETA2, _C, _ALPHA = range(7)
_FIRST, _SECOND, _THETA, _PSIS = range(4)
_THIRD, _PSI = range(2)
_OF_PAIR, _OF_LIKE, _OF_PSI = 7, 4, 2


@dataclass(frozen=True)
class Pitzer:
    """The equations for a fixed list of ions at one temperature; an ion is given by its index in the list.

    Attributes
    ----------
    numbers : tuple of float
        A_φ (kg^½/mol^½), and the numbers of ions, of pairs (cation and anion) and of likes (two ions whose charges
        have the same sign); then, one after another:
        the charges of the ions;
        of each pair: cation, anion, β0, β1, β2, C, α1;
        of each like: i, j, θ and the number of its ψ; likes of equal product of charges stand together;
        the ψ of the likes, in their order: third ion, ψ.
    """

    numbers: tuple[float, ...]

    @classmethod
    def of(cls, ions: Mapping[str, int], parameters: Mapping[str, Any], temperature: float) -> Pitzer:
        """The equations for named ions.

        Parameters
        ----------
        ions : mapping of str to int
            Charge of each ion, in the order of the molalities.
        parameters : mapping
            Rows "pair", "theta" and "psi", as in library/pitzer.toml.
        temperature : float
            K.
        """
        names = list(ions)
        index = {name: i for i, name in enumerate(names)}
        charges = list(ions.values())
        pairs = []
        for row in parameters["pair"]:
            if not all(name in index for name in row["ions"]):
                continue
            c, a = (index[name] for name in row["ions"])
            beta0, beta1, beta2, cphi = (
                _at(row.get(key, ()), temperature) for key in ("beta0", "beta1", "beta2", "Cphi")
            )
            product = abs(charges[c] * charges[a])
            alpha1 = _ALPHA1_DIVALENT if charges[c] == 2 and charges[a] == -2 else _ALPHA1
            pairs.append((c, a, beta0, beta1, beta2, cphi / (2.0 * math.sqrt(product)), alpha1))
        theta, psi = (
            {frozenset(row["ions"]): _at(row["value"], temperature) for row in parameters[key]}
            for key in ("theta", "psi")
        )
        likes, triples = [], []
        two = [(i, j) for i, j in itertools.combinations(range(len(names)), 2) if charges[i] * charges[j] > 0]
        for i, j in sorted(two, key=lambda like: charges[like[0]] * charges[like[1]]):
            both = frozenset((names[i], names[j]))
            third = [(k, psi[both | {name}]) for k, name in enumerate(names) if both | {name} in psi]
            likes.append((i, j, theta.get(both, 0.0), len(third)))
            triples += third
        numbers = [debye_hueckel(temperature), len(names), len(pairs), len(likes), *charges]
        return cls(tuple(map(float, itertools.chain(numbers, *pairs, *likes, *triples))))

    def osmolality(self, molality: Sequence[float]) -> tuple[float, list[float]]:
        """``Σ m_i φ`` (mol/kg) of the ions and its derivatives: calls the kernel `sum_with_slopes`."""
        gradient = np.empty(len(molality))
        return sum_with_slopes(np.array(self.numbers), 0, np.array(molality, dtype=float), gradient), gradient.tolist()


@kernel
def sum_with_slopes(data: Array, start: int, molality: Array, gradient: Array) -> float:
    """``Σ m_i φ`` of the ions, mol/kg.

    Parameters
    ----------
    data : ndarray
        `Pitzer.numbers` from `start` on.
    start : int
        Index of the first one.
    molality : ndarray, shape (ion,)
        mol/kg, none negative.
    gradient : ndarray, shape (ion,)
        Written: the derivative with respect to each molality.

    Returns
    -------
    float
        mol/kg.
    """
    slope, ions = float(data[start + _SLOPE]), int(data[start + _IONS])
    pairs, likes = int(data[start + _PAIRS]), int(data[start + _LIKES])
    charges = start + _CHARGES
    n = charges + ions
    total, strength, charge = 0.0, 0.0, 0.0
    for i in range(ions):
        m, z = float(molality[i]), float(data[charges + i])
        total += m
        strength += 0.5 * m * z * z
        charge += m * abs(z)
    if strength < _DILUTE:
        for i in range(ions):
            gradient[i] = 1.0
        return total
    for i in range(ions):
        gradient[i] = 0.0
    root = math.sqrt(strength)
    far = 1.0 + _B * root
    value = -slope * strength * root / far
    with_strength = -slope * root * (1.5 + _B * root) / (far * far)
    with_charge = 0.0
    fade, fade_divalent, fade2 = (
        math.exp(-_ALPHA1 * root),
        math.exp(-_ALPHA1_DIVALENT * root),
        math.exp(-_ALPHA2 * root),
    )
    fading = 0.0
    for _ in range(pairs):
        c, a, alpha1, cphi = int(data[n + _CATION]), int(data[n + _ANION]), float(data[n + _ALPHA]), float(data[n + _C])
        m_c, m_a = float(molality[c]), float(molality[a])
        one = float(data[n + _BETA1]) * (fade if alpha1 == _ALPHA1 else fade_divalent)
        two = float(data[n + _BETA2]) * fade2
        each = float(data[n + _BETA0]) + one + two + charge * cphi
        both = m_c * m_a
        value += both * each
        fading += both * (alpha1 * one + _ALPHA2 * two)
        with_charge += both * cphi
        gradient[c] = float(gradient[c]) + m_a * each
        gradient[a] = float(gradient[a]) + m_c * each
        n += _OF_PAIR
    with_strength -= fading / (2.0 * root)
    of = unsymmetrical = unsymmetrical_slope = 0.0
    t = n + _OF_LIKE * likes
    for _ in range(likes):
        i, j, each = int(data[n + _FIRST]), int(data[n + _SECOND]), float(data[n + _THETA])
        m_i, m_j, z_i, z_j = float(molality[i]), float(molality[j]), float(data[charges + i]), float(data[charges + j])
        both = m_i * m_j
        if z_i != z_j:
            if z_i * z_j != of:
                of = z_i * z_j
                unsymmetrical, unsymmetrical_slope = _unsymmetrical(slope, abs(z_i), abs(z_j), root)
            each += unsymmetrical
            with_strength += both * unsymmetrical_slope
        for _ in range(int(data[n + _PSIS])):
            k, psi = int(data[t + _THIRD]), float(data[t + _PSI])
            each += float(molality[k]) * psi
            gradient[k] = float(gradient[k]) + both * psi
            t += _OF_PSI
        value += both * each
        gradient[i] = float(gradient[i]) + m_j * each
        gradient[j] = float(gradient[j]) + m_i * each
        n += _OF_LIKE
    for i in range(ions):
        z = float(data[charges + i])
        gradient[i] = 1.0 + 2.0 * (float(gradient[i]) + 0.5 * z * z * with_strength + abs(z) * with_charge)
    return total + 2.0 * value


@kernel
def _unsymmetrical(slope: float, z_i: float, z_j: float, root: float) -> tuple[float, float]:
    """``E + I dE/dI`` of two like charges, and its derivative with respect to I."""
    x = 6.0 * slope * root
    first, second = _mixing(x * z_i * z_j)
    for z in (z_i, z_j):
        one, two = _mixing(x * z * z)
        first -= 0.5 * one
        second -= 0.5 * two
    size = z_i * z_j / (8.0 * root * root)
    return size * first, size / (root * root) * (0.5 * second - first)
