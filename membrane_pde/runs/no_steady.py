"""What the inputs of a case say about its steady state, before anything is solved: why there is none."""

from __future__ import annotations

import math

from membrane_pde.input.case import Case
from membrane_pde.input.errors import CaseError
from membrane_pde.input.parts import SIDES, Compartment
from membrane_pde.input.properties import is_closed, side_of_held_flux

LEAST_GAIN = 1e-9  # volume change of a bath ÷ flows through it below which the volume counts as constant


class NoSteadyState(Exception):
    """There is no steady state; the message gives the reason."""


def check_constant(case: Case) -> None:
    """Raise a CaseError if a pressure or a flux changes with time."""
    for name in SIDES:
        pressure = getattr(case, name).pressure
        if pressure.oscillates and pressure.amplitude != 0.0:
            raise CaseError(f"{name}.pressure oscillates: a steady state needs constant inputs; give one pressure")
        if len(set(pressure.values)) > 1:
            key, last = f"{name}.pressure", f"{pressure.values[-1] * 1e-5:.4g} bar"
            if pressure.flux:
                key, last = f"{key}.flux", f"{pressure.values[-1] * 3.6e6:.4g} L/m^2/hour"
            raise CaseError(f'{key}: a schedule has no steady state; give one value, for example --set {key}="{last}"')


def net_flow(side: Compartment) -> float | None:
    """Feed minus bleed of a bath, m/s; None without a bath, or if a make-up feed keeps its volume constant."""
    if not side.far_end.tank:
        return None
    if side.feed is None:
        return -side.bleed
    return None if side.feed.flow is None else side.feed.flow - side.bleed


def flushed(side: Compartment) -> bool:
    """True for a bath of constant volume with a through-flow; without water flux it reaches its feed concentrations."""
    if side.feed is None or side.bleed == 0.0:
        return False
    return side.feed.flow is None or alike(side.feed.flow, side.bleed)


def dead_end(side: Compartment) -> bool:
    """True for a bath with a make-up feed and without a bleed."""
    return side.feed is not None and side.feed.flow is None and side.bleed == 0.0


def alike(one: float, other: float) -> bool:
    """True if two flows differ by no more than what counts as no change of volume."""
    return math.isclose(one, other, rel_tol=LEAST_GAIN)


def goes_on(name: str, side: Compartment) -> str:
    """The reason why a bath has no steady state: its volume keeps changing."""
    if side.feed is None:
        return f"the bath on the {name} runs dry: {name}.bleed draws from it, and nothing is fed"
    return (
        f"the volume of the bath on the {name} keeps changing: {name}.feed.flow, {name}.bleed and the flow through the "
        "membrane do not cancel"
    )


def check_held_flux(case: Case, flux: float) -> None:
    """Raise if a prescribed water flux empties a side or fills it without limit."""
    key = f"{side_of_held_flux(case)}.pressure.flux"
    for name, leaving in (("left", flux), ("right", -flux)):
        side = getattr(case, name)
        if is_closed(side):
            ends = "runs dry" if leaving > 0.0 else "takes up water without end"
            raise NoSteadyState(f"the {name} side {ends}: {key} prescribes the water flux")
        net = net_flow(side)
        if net is not None and not alike(net, leaving):
            raise NoSteadyState(goes_on(name, side))
        if dead_end(side):
            for solute, numbers in case.membrane.solutes.items():
                stays = numbers.permeability == 0.0 and numbers.reflection == 1.0
                if leaving > 0.0 and stays and side.feed.concentration[solute] > 0.0:
                    raise NoSteadyState(
                        f"{solute} accumulates in the bath on the {name} for ever: it comes with the feed, the "
                        f"membrane holds it back, and {key} prescribes the water flux. Give a {name}.bleed."
                    )


def with_baths_as_reservoirs(case: Case) -> tuple[str, Case]:
    """The case of an equilibrium beside a closed side, in which a bath with a through-flow is a reservoir of its feed.

    Returns
    -------
    bath : str
        The side of that bath, or "".
    case : Case

    Raises
    ------
    NoSteadyState
        If the end depends on the course of the run, or a bath keeps changing.
    """
    bath = ""
    for name, other in (SIDES, SIDES[::-1]):
        side, closed = getattr(case, name), is_closed(getattr(case, other))
        if not closed or is_closed(side):
            continue
        if side.far_end.drains:
            raise NoSteadyState(left_through(name))
        if not side.far_end.tank:
            continue
        if not flushed(side):
            if net_flow(side) is not None:
                raise NoSteadyState(goes_on(name, side))
            raise NoSteadyState(
                f"the end depends on how much is fed into the bath on the {name} until then, as nothing is drawn from "
                f"it: run the case, or give a {name}.bleed"
            )
        bath = name
        reservoir = side.model_copy(update={"boundary": "reservoir", "concentration": side.feed.concentration})
        case = case.model_copy(update={name: reservoir})
    return bath, case


def check_baths(case: Case) -> None:
    """Raise if the volume of a bath keeps changing where no water crosses the membrane."""
    for name in SIDES:
        side = getattr(case, name)
        if net_flow(side) and not flushed(side):
            raise NoSteadyState(goes_on(name, side))


def left_through(name: str) -> str:
    """The reason why there is no steady state that is known without the course of a run, beside an outflow."""
    return f"the end depends on how much has left through the outflow on the {name}: run the case"
