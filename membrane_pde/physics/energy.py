"""Free energy of solutions, and the least work of separation, from their osmotic pressure alone.

The solvent is incompressible and the solutes have no volume (McMillan-Mayer), as everywhere in the model. So the
osmotic pressure gives the derivative of the free energy with respect to the volume, ``-dG/dV = pi``. The part of G that
it does not determine is linear in the amounts and cancels where amounts are conserved. The exchange with an infinite
reservoir follows from its chemical potentials, the derivatives of G.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from membrane_pde.physics.constants import GAS_CONSTANT

Array = NDArray[np.float64]
# concentrations (..., solute), mol/m^3 -> pressure of the solution (...,), Pa; None: ideal, R T sum_s nu_s c_s
Osmotic = Callable[[Array], Array] | None
Parcel = tuple[ArrayLike, ArrayLike]  # volumes (...,), m^3 or m^3/m^2, and amounts (..., solute), mol or mol/m^2
Reservoir = tuple[ArrayLike, ArrayLike, ArrayLike]  # its concentrations (solute,); volume, amounts that it gains

# Gauss-Legendre quadrature over sqrt(u) in (0, 1): an electrolyte's osmotic pressure is a smooth function of the square
# root of its concentration.
_node, _weight = np.polynomial.legendre.leggauss(24)
_ROOTS, _WEIGHTS = 0.5 * (_node + 1.0), 0.5 * _weight
_ROUND_OFF = 1e-14  # a sum smaller than this fraction of its terms counts as zero
_STEP = 1e-3  # relative step in a concentration, for the difference quotient of the excess free energy


def _excess(concentration: Array, osmotic: Osmotic, slope: Array) -> Array:
    """Excess free energy per volume, over that of an ideal solution, J/m^3; shape (...,)."""
    if osmotic is None:
        return np.zeros(concentration.shape[:-1])
    thinned = _ROOTS[:, None] ** 2 * concentration[..., None, :]
    difference = osmotic(thinned) - thinned @ slope
    return np.asarray((2.0 * difference / _ROOTS**3) @ _WEIGHTS)


def free_energy(
    volume: ArrayLike, amount: ArrayLike, osmotic: Osmotic, particles: ArrayLike, temperature: float
) -> Array:
    """Free energy of volumes of solution, relative to pure solvent and to ideal solutes at 1 mol/m^3.

    ``G = R T sum_s nu_s n_s (ln c_s - 1) + V int_0^1 [pi(u c) - pi_ideal(u c)] / u^2 du`` with ``c = n/V`` in mol/m^3,
    which is ``-pi`` integrated over the volume from infinite dilution. The second term vanishes for an ideal solution;
    with ``u = s^2`` its integrand is smooth also where pi has a term in ``c^(3/2)`` (Debye and Hueckel's limiting law).

    Parameters
    ----------
    volume : array_like, shape (...,)
        V, m^3 (or m^3 per m^2); may be 0.
    amount : array_like, shape (..., solute)
        n, mol (or mol per m^2), not negative.
    osmotic : callable or None
        Osmotic pressure (Pa) of concentrations (mol/m^3), ``(..., solute) -> (...,)``; that of an ideal solution at
        infinite dilution. None: of an ideal solution everywhere.
    particles : array_like, shape (solute,)
        Particles per formula unit, nu.
    temperature : float
        K.

    Returns
    -------
    ndarray, shape (...,)
        J (or J per m^2).
    """
    v, n = np.asarray(volume, dtype=float), np.asarray(amount, dtype=float)
    slope = np.asarray(particles) * (GAS_CONSTANT * temperature)
    c = n / np.where(v > 0.0, v, 1.0)[..., None]  # 0 in an empty volume
    logarithm = np.log(np.where(c > 0.0, c, 1.0)) - 1.0
    return np.asarray((n * logarithm) @ slope + v * _excess(c, osmotic, slope))


def chemical_potential(concentration: ArrayLike, osmotic: Osmotic, particles: ArrayLike, temperature: float) -> Array:
    """Chemical potential of each solute, ``dG/dn_s`` of `free_energy`.

    ``mu_s = R T nu_s ln c_s + int_0^1 [dpi/dc_s(u c) - R T nu_s] / u du``, the integral as the derivative of the excess
    with ``c_s``, by a difference quotient of fourth order over 0.1 % of ``c_s``.

    Parameters
    ----------
    concentration : array_like, shape (solute,)
        mol/m^3.
    osmotic, particles, temperature
        As in `free_energy`.

    Returns
    -------
    ndarray, shape (solute,)
        J/mol; -inf where a solute is absent.
    """
    c = np.asarray(concentration, dtype=float)
    slope = np.asarray(particles) * (GAS_CONSTANT * temperature)
    steps = np.array([-2.0, -1.0, 1.0, 2.0])[:, None, None] * _STEP * np.diag(c)  # (step, solute, solute)
    change = np.array([1.0, -8.0, 8.0, -1.0]) / (12.0 * _STEP) @ _excess(c + steps, osmotic, slope)
    potential = np.full(len(c), -np.inf)
    there = c > 0.0
    potential[there] = slope[there] * np.log(c[there]) + change[there] / c[there]
    return potential


def least_work(
    before: Iterable[Parcel],
    after: Iterable[Parcel],
    osmotic: Osmotic,
    particles: ArrayLike,
    temperature: float,
    reservoirs: Iterable[Reservoir] = (),
) -> Array:
    """Least work that turns some solutions into others at constant temperature; negative where work can be gained.

    ``W = sum G(after) - sum G(before) + sum_r (sum_s mu_s dn_s - pi dV)``, the last sum over infinite reservoirs that
    gain the volume dV and the amounts dn at constant concentrations. Volumes and amounts must be conserved.

    Parameters
    ----------
    before, after : iterable of (volume, amount)
        Well-mixed solutions, given as the arguments of `free_energy`: `before`, the initial contents and the feed;
        `after`, the final contents and what was collected. The last axis of the volumes is for several solutions that
        are not mixed with each other, of which some may be empty; the axes before it are for several processes.
    osmotic, particles, temperature
        As in `free_energy`.
    reservoirs : iterable of (concentration, volume, amount)
        Concentrations (solute,), and the volume (...,) and amounts (..., solute) gained.

    Returns
    -------
    ndarray, shape (...,)
        J (or J per m^2); nan where it is not finite, because a reservoir gains a solute that it does not contain.
    """
    signs, volumes, amounts = [], [], []
    for sign, parcels in ((-1.0, before), (1.0, after)):
        for volume, amount in parcels:
            v, n = np.asarray(volume, dtype=float), np.asarray(amount, dtype=float)
            if v.ndim == 0:
                v, n = v[None], n[None]
            volumes.append(v)
            amounts.append(n)
            signs += [sign] * v.shape[-1]
    terms = []
    if signs:
        shape = np.broadcast_shapes(*(v.shape[:-1] for v in volumes))
        v, n = np.empty((*shape, len(signs))), np.empty((*shape, len(signs), amounts[0].shape[-1]))
        stop = 0
        for volume, amount in zip(volumes, amounts, strict=True):
            start, stop = stop, stop + volume.shape[-1]
            v[..., start:stop], n[..., start:stop, :] = volume, amount
        n[v <= 0.0] = 0.0
        terms.append(np.array(signs) * free_energy(v, n, osmotic, particles, temperature))
    for concentration, gained, amount in reservoirs:
        c, dn = np.asarray(concentration, dtype=float), np.asarray(amount, dtype=float)
        potential = chemical_potential(c, osmotic, particles, temperature)
        pressure = np.asarray(particles) @ c * (GAS_CONSTANT * temperature) if osmotic is None else osmotic(c)
        exchanged = np.where(dn != 0.0, potential, 0.0) * dn
        terms.append(np.concatenate([exchanged, -np.asarray(gained)[..., None] * float(pressure)], axis=-1))
    shape = np.broadcast_shapes(*(each.shape[:-1] for each in terms))
    whole = terms[0] if len(terms) == 1 else np.concatenate([each + np.zeros((*shape, 1)) for each in terms], axis=-1)
    sums = np.array([_sum(row) for row in whole.reshape(-1, whole.shape[-1]).tolist()])
    return sums.reshape(shape)


def _sum(terms: list[float]) -> float:
    """Sum of the terms; 0 where it is round-off, nan where a term is not finite."""
    size = sum(map(abs, terms))
    if not math.isfinite(size):
        return math.nan
    total = math.fsum(terms)
    return total if abs(total) > _ROUND_OFF * size else 0.0


def second_law_efficiency(work: float, least: float) -> float | None:
    """Least work ÷ actual work of a separation; for mixing, delivered work ÷ largest possible delivered work.

    Parameters
    ----------
    work : float
        Work done on the process; negative if the process delivers work.
    least : float
        Least work from `least_work`, in the same unit.

    Returns
    -------
    float or None
        At most 1 by the second law. None where the two have different signs or one is 0.
    """
    if work > 0.0 and least > 0.0:
        return least / work
    if work < 0.0 and least < 0.0:
        return work / least
    return None
