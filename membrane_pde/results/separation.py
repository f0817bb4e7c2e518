"""The separation by a run: streams at the far ends, collected permeate, work, and minimum work.

All quantities are per membrane area, in SI units. A side exchanges liquid with its surroundings through the streams
``Q_in`` and ``Q_out`` (m/s): feed and bleed of a bath, inflow or outflow through an outflow boundary. A closed side has
no streams; those of an infinite reservoir are not part of the model.

Work of the pressures, ``W = ∫ (p_L − p_R) J_v dt`` (``energy_J_per_m2``): on a bath it is ``∫ p (Q_in − Q_out) dt`` and
``−∫ p dV``, which is ``∫ p q dt`` for the flow ``q`` from the bath to the membrane. So every stream counts with its
pressure energy: an ideal device recovers the energy of liquid that leaves under pressure. Where the liquid is throttled
through a valve instead, or is drawn in below the pressure outside, that energy is lost:

    W_throttled = W + Σ_sides ∫ [max(p, 0) Q_out + max(−p, 0) Q_in] dt

with gauge pressures p. Both are divided by the volume of water that has moved, ``|X|``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from membrane_pde.input.case import Case
from membrane_pde.input.parts import Compartment
from membrane_pde.input.values import Pressure, Profile
from membrane_pde.physics import energy

Array = NDArray[np.float64]
_NOTHING = 1e-12  # fraction of an amount below which a value is round-off


class Side(NamedTuple):
    """One side of some runs of one model, and its streams between the stored times.

    Attributes
    ----------
    case : Compartment
        The side in the case.
    sign : float
        Sign of the volume gain with X: −1 left, 1 right.
    volume : float
        Initial volume within the mesh, m.
    parcels : list of (volumes, amounts)
        Initial solutions, a bath included: one entry if the side was uniform, else one for each cell and the bath.
    amount : ndarray, shape (solute,)
        Initial amounts within the mesh, mol/m^2.
    held : (float, ndarray)
        Total initial volume (m) and amounts (solute,), a bath included.
    entering, leaving : ndarray, shape (run, interval)
        Volumes of Q_in and Q_out, m; 0 for a reservoir, whose streams are not modelled.
    brought : ndarray, shape (run, interval, solute)
        Amounts that entered with Q_in, mol/m^2.
    through : ndarray, shape (run, solute)
        Net amounts that entered through the far edge, mol/m^2.
    edge : ndarray, shape (solute,), or None
        Concentrations of a reservoir, mol/m^3.
    """

    case: Compartment
    sign: float
    volume: float
    parcels: list[tuple[Array, Array]]
    amount: Array
    held: tuple[float, Array]
    entering: Array
    leaving: Array
    brought: Array
    through: Array
    edge: Array | None


def sides_of(case: Case, system: Any, times: Array, states: Array) -> tuple[Side, Side]:
    """Both sides of the runs of a model.

    Parameters
    ----------
    case : Case
        The case of any of the runs; they differ only in the applied pressures, which are not used.
    system : model.system.System
        The model of the runs.
    times : ndarray, shape (times,)
        Stored times, s.
    states : ndarray, shape (run, times, size)
        States at these times.
    """
    m, inside = system.membrane, system.inside
    left = _side(case.left, -1.0, 0, slice(inside.start, m), system.far_left, system, times, states)
    right = _side(case.right, 1.0, 1, slice(m, inside.stop), system.far_right, system, times, states)
    return left, right


def _side(
    side: Compartment, sign: float, index: int, cells: slice, far: slice, system: Any, times: Array, states: Array
) -> Side:
    start, width = states[0, 0], system.width
    amounts = system.amounts(start)[:, cells]
    volume, amount = float(width[cells].sum()), amounts.sum(axis=1)
    parcels = [(np.asarray(volume), amount)]
    if any(isinstance(value, Profile) for value in side.concentration.values()):
        parcels = [(width[cells], amounts.T)]
    port = system.ports[index]
    if (place := system.bath[index]) is not None:
        parcels.append((np.asarray(port.volume), start[place]))
    inwards, carried = (-sign * (states[:, 1:, passed] - states[:, :-1, passed]) for passed in (system.x, far))
    entering, leaving, brought = port.streams(inwards, carried, times[1:] - times[:-1])
    edge = port.outside if side.far_end.endless else None
    through = -sign * (states[:, -1, far] - states[:, 0, far])
    held = volume, amount
    if len(parcels) > 1:
        held = volume + float(parcels[1][0]), amount + parcels[1][1]
    return Side(side, sign, volume, parcels, amount, held, entering, leaving, brought, through, edge)


# -- collected permeate ---------------------------------------------------------------------------------------------
def collected(
    case: Case, sides: tuple[Side, Side], displaced: Array, passed: Array, kept: NDArray[np.bool_]
) -> tuple[Array, Array]:
    """Concentration of the permeate collected so far, and its rejection.

    ``c_collected = N/X`` is the amount ÷ volume that has passed the membrane since the start; the initial contents of
    the receiving side do not count. The rejection is ``1 − c_collected/c_supplied``, where ``c_supplied`` is the mean
    concentration of the initial contents and the feed of the other side, ``(n_0 + n_fed)/(V_0 + V_fed)``; for a
    reservoir it is the concentration of its far edge.

    Parameters
    ----------
    case : Case
    sides : pair of Side
    displaced : ndarray, shape (run, time)
        X, m.
    passed : ndarray, shape (run, time, solute)
        N, mol/m^2.
    kept : ndarray of bool, shape (run, time)
        True where water has passed the membrane without reversing, so that the permeate can be kept separate.

    Returns
    -------
    concentration, rejection : ndarray, shape (run, time, solute)
        mol/m^3 and 1; nan without a membrane, where (almost) no water has passed, where the flow has reversed (so that
        no permeate was kept separate), or where the solute moved against the water; the rejection is also nan where
        none of the solute was supplied.
    """
    concentration, passage = np.full(passed.shape, np.nan), np.full(passed.shape, np.nan)
    if case.membrane.type == "none" or case.membrane.water_permeability == 0.0:
        return concentration, passage
    displaced = displaced[..., None]
    supplied = np.where(displaced > 0.0, _supplied(sides[0], passed), _supplied(sides[1], passed))
    volume = np.abs(displaced)
    carried = np.where(displaced < 0.0, -passed, passed)
    carried[np.abs(carried) <= _NOTHING * supplied * volume] = 0.0
    np.divide(carried, volume, out=concentration, where=kept[..., None] & (carried >= 0.0))
    np.divide(concentration, supplied, out=passage, where=supplied > 0.0)
    return concentration, 1.0 - passage


def _supplied(side: Side, passed: Array) -> Array:
    """Mean concentration of initial contents and feed of a side, mol/m^3: (run, time, solute) or (solute,)."""
    if side.edge is not None:
        return side.edge
    held, dissolved = side.held
    if not side.entering.any():
        return dissolved / held
    volume = np.full(passed.shape[:2], held)
    amount = np.zeros(passed.shape) + dissolved
    volume[:, 1:] += np.cumsum(side.entering, axis=1)
    amount[:, 1:] += np.cumsum(side.brought, axis=1)
    return np.asarray(amount / volume[..., None])


def turned(displaced: Array, least: Array) -> NDArray[np.bool_]:
    """True where |X| has fallen by more than 5 % of its largest value so far (run, time).

    `least` (run,) is the displaced volume that counts as zero, m.
    """
    steps = np.diff(displaced, axis=1)
    if (steps >= 0.0).all() or (steps <= 0.0).all():
        return np.zeros(displaced.shape, dtype=bool)
    high, low = (each.accumulate(displaced, axis=1) for each in (np.maximum, np.minimum))
    largest = np.maximum(np.abs(high), np.abs(low))
    back = np.maximum.accumulate(np.where(high > 0.0, high - displaced, 0.0), axis=1)
    forth = np.maximum.accumulate(np.where(low < 0.0, displaced - low, 0.0), axis=1)
    return np.asarray((largest > least[:, None]) & (np.maximum(back, forth) > 0.05 * largest))


# -- work -----------------------------------------------------------------------------------------------------------
def lost_by_throttling(
    cases: Sequence[Case], sides: tuple[Side, Side], times: Array, displaced: Array, work: Array
) -> Array:
    """``Σ ∫ [max(p, 0) Q_out + max(−p, 0) Q_in] dt`` of each run, J/m^2.

    In each interval between stored times the mean pressure is multiplied by the mean flow, which is exact if one of
    them is constant (where a side prescribes the water flux, if that flux is constant). The mean pressure on an outflow
    is weighted with its flow.

    Parameters
    ----------
    cases : sequence of Case
        The case of each run.
    sides : pair of Side
    times : ndarray, shape (times,)
        s.
    displaced, work : ndarray, shape (run, time)
        X, m, and W, J/m^2; where W is nan between the first and the last time, one mean over the run is used.

    Returns
    -------
    ndarray, shape (run,)
        nan where a reservoir is under pressure, because the flow past it is not part of the model.
    """
    lost, weighted = np.zeros(len(cases)), [side.case.far_end.drains for side in sides]
    for r, case in enumerate(cases):
        applied = case.left.pressure, case.right.pressure
        if not any(pressure.largest for pressure in applied):
            continue
        for side, pressure in zip(sides, applied, strict=True):
            if side.edge is not None and (pressure.flux or pressure.largest):
                lost[r] = np.nan
        streaming = any((side.entering[r] + side.leaving[r]).any() for side in sides)
        if np.isnan(lost[r]) or not streaming:
            continue
        means = _mean_pressures(applied, times, displaced[r], work[r])
        for i, side in enumerate(sides):
            pressed = means[2 + i] if weighted[i] else means[i]
            energies = np.maximum(pressed, 0.0) * side.leaving[r] + np.maximum(-pressed, 0.0) * side.entering[r]
            lost[r] += float(energies.sum())
    return lost


def _mean_pressures(applied: tuple[Pressure, Pressure], times: Array, displaced: Array, work: Array) -> list[Array]:
    """Time means of the pressures left and right in each interval, and means weighted with the water flux."""
    pick = slice(None) if np.isfinite(work).all() else slice(None, None, len(times) - 1)
    moved, done, span = (np.diff(each[pick]) for each in (displaced, work, times))
    left, right = (
        None if pressure.flux else np.diff([pressure.integral(t) for t in times[pick].tolist()]) / span
        for pressure in applied
    )
    flowing = moved != 0.0
    drop = np.divide(done, moved, out=np.zeros_like(done), where=flowing)  # p_L − p_R, weighted with J_v
    if left is None:
        assert right is not None
        found = [right + drop, right, right + drop, right]
    elif right is None:
        found = [left, left - drop, left, left - drop]
    else:
        rest = np.where(flowing, drop - (left - right), 0.0)  # change of the mean difference due to the weights
        share = [0.5 * float(len(set(each.values)) > 1 or each.amplitude != 0.0) for each in applied]
        if sum(share) == 0.5:  # only one of the two pressures varies
            share = [2.0 * each for each in share]
        found = [left, right, left + share[0] * rest, right - share[1] * rest]
    count = len(displaced) - 1
    return [each if len(each) == count else np.full(count, each[0]) for each in found]


def least_works(
    case: Case,
    sides: tuple[Side, Side],
    end: Array,
    passed: Array,
    moved: NDArray[np.bool_],
    osmotic: energy.Osmotic,
) -> Array:
    """Least work (J/m^2) that brings about the same separation: from the start to the mixed contents of each side.

    What ran out of an outflow is collected with what is in it, what flowed back into it was fed from elsewhere, and a
    reservoir takes in its unstirred layer. What was bled from a bath is collected by itself. nan where no water moved,
    or where it has no meaning.

    Parameters
    ----------
    case : Case
    sides : pair of Side
    end : ndarray, shape (run,)
        X at the end, m.
    passed : ndarray, shape (run, solute)
        N at the end, mol/m^2.
    moved : ndarray of bool, shape (run,)
        Of the runs in which water moved.
    osmotic : callable or None
        As in `energy.least_work`.
    """
    works = np.full(len(end), np.nan)
    if case.membrane.type == "none" or case.phase == "gas" or not moved.any():
        return works
    before: list[energy.Parcel] = []
    after: list[energy.Parcel] = []
    reservoirs: list[energy.Reservoir] = []

    def put(parcels: list[energy.Parcel], volume: Array, amount: Array) -> None:
        parcels.append((volume[:, None], amount[:, None, :]))

    for side in sides:
        before += side.parcels
        volume, amount = side.volume + side.sign * end, side.amount + side.sign * passed
        if side.edge is not None:
            trace = _NOTHING * (np.abs(passed) + sides[0].held[1] + sides[1].held[1])
            reservoirs.append((side.edge, volume, np.where(np.abs(amount) > trace, amount, 0.0)))
            continue
        fed, brought = side.entering.sum(axis=1), side.brought.sum(axis=1)
        if side.case.far_end.tank:
            if len(side.parcels) > 1:
                held, dissolved = side.parcels[1]
                volume, amount = volume + held, amount + dissolved
            bled, taken = side.leaving.sum(axis=1), np.maximum(brought - side.through, 0.0)
            put(before, fed, brought)
            put(after, bled, taken)
            volume, amount = volume + fed - bled, amount + brought - taken
        elif side.case.far_end.drains:
            before.append((side.entering, side.brought))
            volume, amount = volume + fed, amount + brought
        put(after, volume, np.maximum(amount, 0.0))
    particles = [solute.dissociation for solute in case.solutes.values()]
    found = energy.least_work(before, after, osmotic, particles, case.temperature, reservoirs)
    works[moved] = found[moved]
    return works
