"""The reason why no steady state was found along a membrane, with numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from membrane_pde.input.case import Case
from membrane_pde.input.parts import SIDES
from membrane_pde.input.properties import solution_of
from membrane_pde.results.remarks import NOT_FOUND
from membrane_pde.runs.stations import inlets

if TYPE_CHECKING:
    from membrane_pde.input.plant import Side
    from membrane_pde.model.station_system import StationSystem
    from membrane_pde.solvers.steady_stations import Found

Vector = np.ndarray[Any, np.dtype[np.float64]]
_ENOUGH = 16  # number of stations of an element above which a computed dry channel is reliable
_TRACE = 1e-6  # flow ÷ its scale below which the flow counts as zero
_FASTEST = 2.0  # P·area/flow of a station above which the concentrations fall too much between two stations


class Reason(NamedTuple):
    """Why no steady state was found.

    Attributes
    ----------
    message : str
        The reason, without a full stop at its end.
    certain : bool
        True if there is no steady state with any number of stations.
    stations : int
        Number of stations of an element with which a steady state may be found; 0 if that is not the reason.
    """

    message: str
    certain: bool = True
    stations: int = 0


def transfer(case: Case, flows: dict[str, float]) -> float:
    """Largest P·area/flow of all solutes and elements: number of e-foldings by which a concentration may fall.

    Parameters
    ----------
    case : Case
        A case with [module].
    flows : dict of str to float
        Flow into a vessel on each flowing side, m^3/s.

    Returns
    -------
    float
    """
    most = 0.0
    for stage in case.plant.stages:
        for name in SIDES:
            through = flows.get(name, 0.0) * case.plant.entered_stage(name).vessels / stage.vessels
            for element in stage.elements:
                fastest = max(each.permeability for each in element.membrane.solutes.values())
                most = max(most, fastest * element.area / through if through > 0.0 else 0.0)
    return most


def flow_in_case_units(flow: float) -> str:
    """A flow (m^3/s) as a case file may have it: in m^3/h, that of a small module in mL/min."""
    return f"{flow * 3600.0:.4g} m^3/h" if flow * 3600.0 >= 0.05 else f"{flow * 6e7:.4g} mL/min"


def explanation(case: Case, system: StationSystem, found: Found) -> Reason:
    """Explain why no steady state was found.

    Parameters
    ----------
    case : Case
        A case with [module].
    system : StationSystem
        Its stations.
    found : Found
        The unsuccessful result.

    Returns
    -------
    Reason
        See there.
    """
    feed, plant = SIDES.index(case.plant.feed), case.plant
    side = getattr(case, plant.feed)
    fed = inlets(case, 0.0)[feed]
    target = plant.recovery
    if side.pressure.held == "recovery":
        target = side.pressure.values[0]
    if side.pressure.held in ("permeate", "flux"):
        permeate = side.pressure.values[0] * (plant.area if side.pressure.held == "flux" else 1.0)
        target = permeate / (plant.stages[0].vessels * float(fed[0]))
    enough, unknown = system.stations >= _ENOUGH * system.elements, _reason_not_converged(case, system, found)
    if target is None:
        return Reason(_reason_dry_side(case, SIDES[found.dry]), enough) if found.dry >= 0 else unknown
    if plant.recovery is None and (reason := _reason_boost(case, system, target)):
        return Reason(reason)
    reason = "" if unknown.stations > 0 else _reason_recovery(case, found, target)
    return Reason(reason, enough) if reason else unknown


def _reason_boost(case: Case, system: StationSystem, target: float) -> str:
    """Reason that the boost pressure alone exceeds the target recovery; "" if it does not."""
    feed, boosts = SIDES.index(case.plant.feed), max(stage.boost for stage in case.plant.stages)
    if boosts <= 0.0 or system.recovery(system.start(0.0, float(inlets(case, 0.0)[feed, 0]))) <= target:
        return ""
    return (
        f"with no pressure at the feed the boost of {boosts * 1e-5:.4g} bar alone makes more permeate than "
        f"{100 * target:.4g} % of the feed: give less boost (module.stage), or ask for more recovery"
    )


def _reason_recovery(case: Case, found: Found, target: float) -> str:
    """Reason why no pressure, or no flow, gives the target recovery; "" if none is known."""
    feed, plant = SIDES.index(case.plant.feed), case.plant
    side, fed = getattr(case, plant.feed), inlets(case, 0.0)[feed]
    if found.dry == 1 - feed and plant.other not in plant.flowing:
        outlet = float(inlets(case, 0.0)[1 - feed, 1]) * 1e-5
        return (
            f"at {100 * target:.4g} % recovery liquid would have to come in through the outlet of "
            f"{plant.other}.channel, a dead end: somewhere its pressure, {outlet:.4g} bar, exceeds that of the feed; "
            f"lower {plant.other}.pressure, or ask for more"
        )
    brine = float(solution_of(case).shares(fed[2:] / max(1.0 - target, 1e-6)).sum())
    reason = f"at {100 * target:.4g} % recovery the concentrate's osmotic pressure is up to {brine * 1e-5:.3g} bar"
    if plant.recovery is not None:
        pressure = f"{plant.feed}.pressure is {side.pressure.values[0] * 1e-5:.4g} bar"
        if brine >= side.pressure.values[0] and len(plant.flowing) == 1:
            return (
                f"{reason}, and {pressure}, the same for every flow: raise {plant.feed}.pressure or ask for less "
                "recovery"
            )
        if not found.reached:
            return ""
        least, most = (f"{100 * each:.3g} %" for each in found.reached)
        span = f"only {least}" if least == most else f"from {least} to {most}"
        return (
            f"{pressure}, and with it the recovery is {span} at every flow that was tried, not {100 * target:.4g} %: "
            f"change {plant.feed}.pressure, or the recovery"
        )
    limit = min(element.limits.pressure for _, element in plant.elements)
    if brine < limit < np.inf:
        return (
            f"{reason}, less than the {limit * 1e-5:.3g} bar that the element allows, but no pressure was found that "
            f"drives it: try a smaller {plant.feed}.channel.flow, more recovery, or more stations (module.stations)"
        )
    if np.isfinite(limit):
        reason += f"; the element allows {limit * 1e-5:.3g} bar"
    return f"{reason}: ask for less recovery, or a larger flow along the membrane"


def _reason_dry_side(case: Case, name: Side) -> str:
    """Reason for a side that loses its whole inflow through the membrane."""
    plant, row = case.plant, SIDES.index(name)
    fed = inlets(case, 0.0)
    other = SIDES[1 - row]
    pressure, against = (float(fed[i, 1]) * 1e-5 for i in (row, 1 - row))
    if name not in plant.flowing:
        return (
            f"liquid would have to come in through the outlet of {name}.channel, a dead end: its pressure, "
            f"{pressure:.4g} bar, drives water to the {other}; lower {name}.pressure or raise {other}.pressure"
        )
    vessels = plant.entered_stage(name).vessels
    through = f"{flow_in_case_units(vessels * plant.flow[name].at(0.0))} that enter"
    own, beside = (_inlet_osmotic_pressure(case, fed[i]) * 1e-5 for i in (row, 1 - row))
    if other not in plant.flowing or pressure - against >= beside - own:
        place = f"at {pressure:.4g} bar" + (f" against {against:.4g} bar" if other in plant.flowing else "")
        return (
            f"the channel on the {name} runs dry: {place} the membrane would take all of the {through}; lower "
            f"{name}.pressure, or raise {name}.channel.{_flow_key(case, name)}"
        )
    return (
        f"the channel on the {name} runs dry: the osmotic pressure of what enters on the {other}, {beside:.3g} bar "
        f"against {own:.3g} bar, would draw all of the {through}; raise {name}.channel.{_flow_key(case, name)}, or "
        f"lower {other}.channel.{_flow_key(case, other)} or {other}.concentration"
    )


def _inlet_osmotic_pressure(case: Case, inlet: Vector) -> float:
    """Effective osmotic pressure Σσπ of the inflow at the membrane of the first element, Pa."""
    membrane = case.plant.stages[0].elements[0].membrane
    reflection = [membrane.solutes[name].reflection for name in case.solutes]
    return float(np.dot(reflection, solution_of(case).shares(inlet[2:])))


def _flow_key(case: Case, name: Side) -> str:
    """The key of the case file that gives the flow of a side."""
    return "velocity" if getattr(case, name).channel.velocity is not None else "flow"


def _reason_not_converged(case: Case, system: StationSystem, found: Found) -> Reason:
    """Reason if Newton's method has not converged: too few stations, or unknown."""
    entered = [found.state[system.entry_indices(i)[:, 0]] for i in range(2)]
    flows: dict[str, float] = {}
    for i, name in enumerate(SIDES):
        flow = float(entered[i][0 if system.numbers.direction[i] > 0 else -1])
        if name in case.plant.flowing and flow > _TRACE * float(system.scales[system.flow_indices(i)[0]]):
            flows[name] = flow
    fastest, each = transfer(case, flows), system.stations // system.elements
    if fastest / each > _FASTEST and np.isfinite(fastest):
        needed = int(2 ** np.ceil(np.log2(fastest)))
        return Reason(
            f"{NOT_FOUND} at {each} stations an element: the membrane removes a solute within "
            f"{each / fastest:.2g} of a station's length; use at least {needed} (module.stations), or leave the key "
            "out",
            False,
            needed,
        )
    return Reason(
        f"{NOT_FOUND}: Newton's method did not converge; try another pressure or flow, or more stations "
        "(module.stations)",
        False,
    )
