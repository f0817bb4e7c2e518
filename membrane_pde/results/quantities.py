"""The table of results: each key of summary, series and profiles with its unit, meaning, and how it is computed.

All else follows from this table: the keys of the summary and their order, the series and the columns of ``series.csv``,
the columns that a fit understands, the columns of a sweep, and docs/results.md. A new number is one row here; what
takes more than a line to compute is a property of `observations.Reading` (from the states at the stored times) or of
`summary.Outcome` (at the end of the runs).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from membrane_pde import __version__

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from membrane_pde.input.case import Case
    from membrane_pde.results.summary import Outcome

TEXT = "text"  # used in place of a unit
SUMMARY = "summary"  # used in place of a unit for an object with the keys of a summary


class Quantity(NamedTuple):
    """One key of the summary, and of the series if it has a value at every stored time.

    Attributes
    ----------
    name : str
        The key; it ends in the unit.
    unit : str
        SI unit, "1" of a pure number; `TEXT` or `SUMMARY` where it is no number.
    of : str
        What it belongs to: the ``case``, the ``state`` at a time, the ``path`` up to there, or the ``computation``.
    meaning : str
        What it is, in ASCII: also the ``long_name`` of netCDF.
    more : str
        Further sentences for docs/results.md.
    by_solute : bool
        There is one value for each solute.
    read : callable, optional
        Reads it off states: array (run, time) or (run, time, solute). Then it is one of the series, and the summary has
        its last value. What belongs to a state is read off an `observations.StateReading`, also by `mp.steady`; the
        rest off an `observations.Reading`.
    value : callable, optional
        Of what is in the summary alone: one value for each run; without it, who makes the summary puts it in.
    applies : callable, optional
        Whether the summary of a case has it; None in the summary where it has not.
    measurable : bool
        Of a series: a column of measurements may have it.
    added : bool
        Results that earlier versions saved may lack it.
    """

    name: str
    unit: str
    of: str
    meaning: str
    more: str = ""
    by_solute: bool = False
    read: Callable[[Any], NDArray[np.float64]] | None = None
    value: Callable[[Outcome], Sequence[Any]] | None = None
    applies: Callable[[Case], bool] | None = None
    measurable: bool = True
    added: bool = False


def _has_membrane(case: Case) -> bool:
    return case.membrane.type != "none"


def _along(case: Case) -> bool:
    return case.module is not None


# In the order of the summary.
QUANTITIES = (
    Quantity(
        "title",
        TEXT,
        "case",
        "title of the case, with what was changed",
        "For example `…, changed: left.pressure = 55 bar`.",
        value=lambda at_end: [case.title for case in at_end.runs.cases],
    ),
    Quantity(
        "status",
        TEXT,
        "computation",
        "how the run ended: `completed`, `equilibrium`, `steady` or `failed`",
        "`completed` is after `run.duration`.",
        value=lambda at_end: [status for status, _, _ in at_end.runs.endings],
    ),
    Quantity(
        "message",
        TEXT,
        "computation",
        "remarks on the run; why it failed and what to try",
        value=lambda at_end: at_end.messages,
    ),
    Quantity(
        "end_time_s",
        "s",
        "path",
        "simulated time at which the run ended",
        value=lambda at_end: at_end.for_each(float(at_end.runs.times[-1])),
    ),
    Quantity(
        "process",
        TEXT,
        "path",
        "`osmosis`, `reverse osmosis`, `filtration`, `no flow` or `diffusion`",
        "By the net flow of water: osmosis goes to the side whose osmotic pressure at the membrane was higher at the "
        "start, reverse osmosis away from it, filtration is a flow without such a difference, diffusion is "
        "what happens without a membrane.",
        value=lambda at_end: at_end.processes,
    ),
    Quantity(
        "tonicity",
        TEXT,
        "case",
        "the left side compared with the right one: `isotonic`, `hypotonic` or `hypertonic`",
        "It compares the solutes that cannot pass the membrane, at the start. Null if all can pass, and without a "
        "membrane.",
        value=lambda at_end: at_end.for_each(at_end.tonicity),
    ),
    Quantity(
        "water_flux_m_per_s",
        "m/s",
        "state",
        "water flux through the membrane, left to right",
        read=lambda states: states.seen.water_flux,
    ),
    Quantity(
        "displaced_volume_m",
        "m",
        "path",
        "volume that has passed the membrane per initial membrane area, left to right",
        read=lambda states: states.displaced,
    ),
    Quantity(
        "solute_flux_mol_per_m2_s",
        "mol/m^2/s",
        "state",
        "solute flux through the membrane, left to right",
        by_solute=True,
        read=lambda states: states.seen.solute_flux,
    ),
    Quantity(
        "amount_transferred_mol_per_m2",
        "mol/m^2",
        "path",
        "amount that has passed the membrane per initial membrane area, left to right",
        by_solute=True,
        read=lambda states: states.passed,
    ),
    Quantity(
        "pressure_left_Pa",
        "Pa",
        "state",
        "hydrostatic pressure on the left",
        read=lambda states: states.seen.pressure_left,
    ),
    Quantity(
        "pressure_right_Pa",
        "Pa",
        "state",
        "hydrostatic pressure on the right",
        read=lambda states: states.seen.pressure_right,
    ),
    Quantity(
        "length_left_m",
        "m",
        "state",
        "depth of liquid on the left (volume / initial membrane area)",
        "Inside a sphere of radius R it is R/3 at the start, inside a cylinder R/2. Null in the summary of a stirred "
        "reservoir.",
        read=lambda states: states.seen.length_left,
        applies=lambda case: not case.left.without_end,
    ),
    Quantity(
        "length_right_m",
        "m",
        "state",
        "depth of liquid on the right (volume / initial membrane area)",
        "Null in the summary of a stirred reservoir.",
        read=lambda states: states.seen.length_right,
        applies=lambda case: not case.right.without_end,
    ),
    Quantity(
        "membrane_area_ratio",
        "1",
        "state",
        "area of the membrane ÷ initial area",
        "1 for a planar membrane, `(V/V_0)^(2/3)` for a sphere and `(V/V_0)^(1/2)` for a cylinder of volume V.",
        read=lambda states: states.seen.area_ratio,
        added=True,
    ),
    Quantity(
        "concentration_left_mol_per_m3",
        "mol/m^3",
        "state",
        "mean concentration on the left",
        "For a bath it includes the unstirred layer; for a reservoir it is that of the unstirred layer alone.",
        by_solute=True,
        read=lambda states: states.seen.mean_left,
    ),
    Quantity(
        "concentration_right_mol_per_m3",
        "mol/m^3",
        "state",
        "mean concentration on the right",
        "For a bath it includes the unstirred layer; for a reservoir it is that of the unstirred layer alone.",
        by_solute=True,
        read=lambda states: states.seen.mean_right,
    ),
    Quantity(
        "wall_concentration_left_mol_per_m3",
        "mol/m^3",
        "state",
        "concentration at the membrane on the left",
        by_solute=True,
        read=lambda states: states.seen.wall_left,
    ),
    Quantity(
        "wall_concentration_right_mol_per_m3",
        "mol/m^3",
        "state",
        "concentration at the membrane on the right",
        by_solute=True,
        read=lambda states: states.seen.wall_right,
    ),
    Quantity(
        "osmotic_pressure_left_Pa",
        "Pa",
        "state",
        "osmotic pressure at the mean concentrations on the left",
        "Null in a gas, as every osmotic pressure.",
        read=lambda states: states.osmotic(states.seen.osmotic_left),
    ),
    Quantity(
        "osmotic_pressure_right_Pa",
        "Pa",
        "state",
        "osmotic pressure at the mean concentrations on the right",
        read=lambda states: states.osmotic(states.seen.osmotic_right),
    ),
    Quantity(
        "wall_osmotic_pressure_left_Pa",
        "Pa",
        "state",
        "osmotic pressure at the membrane on the left",
        read=lambda states: states.osmotic(states.seen.osmotic_wall_left),
    ),
    Quantity(
        "wall_osmotic_pressure_right_Pa",
        "Pa",
        "state",
        "osmotic pressure at the membrane on the right",
        read=lambda states: states.osmotic(states.seen.osmotic_wall_right),
    ),
    Quantity(
        "polarization_modulus",
        "1",
        "state",
        "concentration at the membrane ÷ bulk concentration, on the side that the water leaves",
        "Null where (almost) no water flows, and without a membrane.",
        by_solute=True,
        read=lambda states: states.polarization,
        applies=_has_membrane,
    ),
    Quantity(
        "rejection",
        "1",
        "state",
        "observed rejection at this moment",
        "`1 − (J_s/J_v)/c` with `c` on the side that the water leaves (of a reservoir or a bath behind its layer). "
        "Above 1 the solute moves against the water; below 0 what passes is more concentrated than that side. Null "
        "where (almost) no water flows, and without a membrane.",
        by_solute=True,
        read=lambda states: states.rejection,
        applies=_has_membrane,
    ),
    Quantity(
        "collected_concentration_mol_per_m3",
        "mol/m^3",
        "path",
        "concentration of all that has passed the membrane so far, amount over volume",
        "`N/X`; what the receiving side held at the start is not included. Null where (almost) no water has passed, "
        "where its flow turned, where the solute went the other way, and without a membrane.",
        by_solute=True,
        read=lambda states: states.collected[0],
        applies=_has_membrane,
        added=True,
    ),
    Quantity(
        "collected_rejection",
        "1",
        "path",
        "1 − collected concentration ÷ mean concentration of the other side, with all that it was fed",
        "The mean is `(n_0 + n_fed)/(V_0 + V_fed)`; for a reservoir it is the concentration at its far edge.",
        by_solute=True,
        read=lambda states: states.collected[1],
        applies=_has_membrane,
        added=True,
    ),
    Quantity(
        "amount_error",
        "1",
        "computation",
        "error of the balance of amounts: the largest so far of any solute on either side, relative to what is held "
        "and fed",
        read=lambda states: states.amount_error,
        measurable=False,
    ),
    Quantity(
        "energy_J_per_m2",
        "J/m^2",
        "path",
        "work of the applied pressures",
        "`∫ (p_left − p_right) J_v (A/A_0) dt`, without hydrostatic heads and stretched walls. An ideal device is "
        "assumed to recover the energy of liquid that leaves under pressure, as a bleed or a permeate.",
        read=lambda states: states.seen.energy,
    ),
    Quantity(
        "specific_energy_J_per_m3",
        "J/m^3",
        "path",
        "work of the applied pressures over the volume of water that passed, with ideal energy recovery",
        value=lambda at_end: at_end.per_volume(at_end.work),
    ),
    Quantity(
        "throttled_energy_J_per_m3",
        "J/m^3",
        "path",
        "work over the volume of water that passed, without energy recovery",
        "Liquid that leaves a bath or an outflow under pressure is throttled through a valve, which loses "
        "`∫ p Q_out dt` (and `∫ −p Q_in dt` where liquid is drawn in below the pressure outside). Null where a "
        "reservoir is under pressure, because the flow past it is not part of the model.",
        value=lambda at_end: at_end.per_volume(at_end.work + at_end.throttled),
        added=True,
    ),
    Quantity(
        "minimum_energy_J_per_m3",
        "J/m^3",
        "path",
        "thermodynamic minimum of the work for the same separation, per volume of water that passed",
        "Negative where the mixing could deliver work.",
        value=lambda at_end: at_end.per_volume(at_end.least_work),
    ),
    Quantity(
        "second_law_efficiency",
        "1",
        "path",
        "minimum work ÷ actual work, with ideal energy recovery",
        "If mixing delivers work: delivered work ÷ the most that it could deliver.",
        value=lambda at_end: at_end.efficiencies,
    ),
    Quantity(
        "recovery",
        "1",
        "state",
        "fraction of the feed flow that passes the membrane, of all vessels and stages",
        applies=_along,
        added=True,
    ),
    Quantity(
        "area_m2",
        "m^2",
        "case",
        "membrane area of all elements",
        applies=_along,
        added=True,
    ),
    Quantity(
        "feed_flow_m3_per_s",
        "m^3/s",
        "state",
        "flow of the feed into all vessels of the first stage",
        applies=_along,
        added=True,
    ),
    Quantity(
        "permeate_flow_m3_per_s",
        "m^3/s",
        "state",
        "flow of water through the membrane, from the feeding side",
        applies=_along,
        added=True,
    ),
    Quantity(
        "concentrate_flow_m3_per_s",
        "m^3/s",
        "state",
        "flow of the feed's liquid out of all vessels of the last stage",
        applies=_along,
        added=True,
    ),
    Quantity(
        "permeate_concentration_mol_per_m3",
        "mol/m^3",
        "state",
        "concentration of all that passes the membrane, mixed",
        "`ΣA J_s/ΣA J_v`. Null where (almost) no water passes, or solute goes against it.",
        by_solute=True,
        applies=_along,
        added=True,
    ),
    Quantity(
        "concentrate_concentration_mol_per_m3",
        "mol/m^3",
        "state",
        "concentration of the feed's liquid where it leaves",
        by_solute=True,
        applies=_along,
        added=True,
    ),
    Quantity(
        "pressure_drop_left_Pa",
        "Pa",
        "state",
        "pressure drop along the left side: friction and interconnectors, without boosts",
        "Null where the permeate is drawn off.",
        applies=_along,
        added=True,
    ),
    Quantity(
        "pressure_drop_right_Pa",
        "Pa",
        "state",
        "pressure drop along the right side: friction and interconnectors",
        "For a dead end it is the largest of any element. Null where the permeate is drawn off.",
        applies=_along,
        added=True,
    ),
    Quantity(
        "clearance_m3_per_s",
        "m^3/s",
        "state",
        "clearance: feed flow that is completely cleared of the solute, `(Q_in c_in − Q_out c_out)/c_in`",
        by_solute=True,
        applies=_along,
        added=True,
    ),
    Quantity(
        "pump_energy_J_per_m3",
        "J/m^3",
        "state",
        "work of the pumps over the volume of permeate",
        "Gauge pressures, the feed is supplied at 0; without a pressure exchanger `Q_f p_f/(η Q_p)`, with one "
        "`[Q_p p_f + Q_c (p_f − η_x p_c)]/(η Q_p)`; a boost adds `boost · Q_stage/(η Q_p)`. Null where both sides "
        "flow.",
        applies=_along,
        added=True,
    ),
    Quantity(
        "power_density_W_per_m2",
        "W/m^2",
        "state",
        "mean of water flux times the pressure that it flows against: pressure-retarded osmosis",
        "Null where the water does not flow to the higher pressure.",
        applies=_along,
        added=True,
    ),
    Quantity(
        "backflow_area_share",
        "1",
        "state",
        "fraction of the membrane area through which water flows towards the feed",
        applies=_along,
        added=True,
    ),
    Quantity(
        "elements",
        SUMMARY,
        "state",
        "the elements of one vessel of each stage, in the order of the feed: one object each",
        "The same as in `elements.csv`: `stage`, `element` (its number in the vessel), `name`, what enters and leaves "
        "it, its fluxes, permeate and polarization, and `warning` where a limit of its maker is passed.",
        applies=_along,
        added=True,
    ),
    Quantity(
        "equilibrium",
        SUMMARY,
        "case",
        "analytic equilibrium, with the keys of the summary",
        "Null where a side is open.",
    ),
    Quantity(
        "distance_to_equilibrium",
        "1",
        "path",
        "distance to the analytic equilibrium: 1 at the start, 0 there",
        "The larger one of the water's, `abs(X/X_eq − 1)`, and the solutes', `Σ∫ abs(c − c_eq) dV` over its value at "
        "the start. `run` prints both separately.",
        read=lambda states: states.distance,
        measurable=False,
    ),
    Quantity(
        "cells",
        "1",
        "computation",
        "number of cells of the mesh, on both sides together",
        value=lambda at_end: at_end.for_each(at_end.runs.system.problem.mesh.cells),
    ),
    Quantity(
        "steps",
        "1",
        "computation",
        "number of time steps",
        value=lambda at_end: [steps for _, _, steps in at_end.runs.endings],
    ),
    Quantity("solve_time_s", "s", "computation", "how long the computation took"),
    Quantity(
        "version",
        TEXT,
        "computation",
        "version of membrane_pde",
        value=lambda at_end: at_end.for_each(__version__),
    ),
)

# What only a case with [module] has: numbers that a state along the membrane has.
ALONG = {each.name: each for each in QUANTITIES if each.applies is _along and each.unit != SUMMARY}
# What is no number, nor one for each solute.
OBJECTS = (*(each.name for each in QUANTITIES if each.unit == SUMMARY), "error_estimate")
# By name, in the order of the summary; the series in that of the columns of series.csv: what judges the run comes last.
SUMMARY_KEYS = {each.name: each for each in QUANTITIES}
SERIES = {each.name: each for each in sorted(QUANTITIES, key=lambda each: not each.measurable) if each.read is not None}


def attributes_of(quantity: Quantity) -> dict[str, str]:
    """Attributes of a variable in a dataset or a file; empty if it is not a number."""
    if quantity.unit in (TEXT, SUMMARY):
        return {}
    return {"units": quantity.unit, "long_name": quantity.meaning}


class Profile(NamedTuple):
    """A quantity with a value in every cell.

    Attributes
    ----------
    dimensions : tuple of str
        Of ``time``, ``solute`` and ``cell``.
    unit : str
        SI unit.
    meaning : str
        What it is.
    more : str
        Further sentences for docs/results.md.
    added : bool
        Results that earlier versions saved may lack it.
    """

    dimensions: tuple[str, ...]
    unit: str
    meaning: str
    more: str = ""
    added: bool = False


PROFILES = {
    "concentration": Profile(("time", "solute", "cell"), "mol/m^3", "concentration", "Mean of the cell."),
    "position": Profile(
        ("time", "cell"),
        "m",
        "distance of the middle of the cell from the membrane",
        "Negative on the left.",
    ),
    "width": Profile(("time", "cell"), "m", "width of the cell"),
    "volume": Profile(
        ("time", "cell"),
        "m",
        "volume of the cell per initial membrane area",
        "Of a planar side its width, in a support layer the porosity times its width. Times the concentration it is "
        "the amount in the cell.",
        added=True,
    ),
}
