"""Defaults of a case with [module]: from its element of the library, and for missing keys of a side."""

from __future__ import annotations

from typing import Any

from membrane_pde import library
from membrane_pde.input.errors import CaseError, UnitError
from membrane_pde.input.module_values import read_flow
from membrane_pde.input.parts import SIDES
from membrane_pde.input.readers import read_quantity
from membrane_pde.input.wording import nearest, show

_SIZES = ("area", "length", "width")


def merge_module(merged: dict[str, Any]) -> None:
    """Merge the values of a case with [module] into those of its first element, and into the defaults of its sides.

    A side without a channel needs no table at all; where it has no concentrations, none of any solute is in it. A case
    without a duration asks for the steady state.

    Parameters
    ----------
    merged : dict
        A case as written; changed.
    """
    module = merged["module"]
    membrane = merged.get("membrane", {})
    if not isinstance(module, dict) or not isinstance(membrane, dict):
        return  # validation reports it
    if (shape := merged.get("geometry", "planar")) != "planar":
        raise CaseError(f"geometry = {show(shape)}: along a [module] the membrane is planar; leave the key out")
    name = first_element(module, membrane)
    if name:
        merged["membrane"] = membrane | {"element": name}
    entry = element(name) if name else {}
    merged["module"] = _sizes(entry, merged) | module
    feed = feeding_side(merged)
    for side in SIDES:
        own = merged.get(side, {})
        if isinstance(own, dict):
            _check_boundary(own, side)
            merged[side] = _side(own, entry.get("feed" if side == feed else "permeate", {}), merged.get("solutes"))
    run = merged.get("run", {})
    if isinstance(run, dict):
        _check_until(run)
        _check_solver(run)
        merged["run"] = {"duration": None} | run


def _check_boundary(side: dict[str, Any], name: str) -> None:
    """Refuse a boundary that a side of a module cannot have."""
    with_channel = "channel" in side
    if side.get("boundary", "bath" if with_channel else "outflow") != ("bath" if with_channel else "outflow"):
        place = (
            f'a side with [{name}.channel] can only have "bath", a tank'
            if with_channel
            else "the permeate of a module is drawn off, so that this side has no far end"
        )
        raise CaseError(f"{name}.boundary = {show(side['boundary'])}: {place}; leave the key out")


def _check_until(run: dict[str, Any]) -> None:
    """Refuse a stop condition that cannot occur along a membrane, or that is given without a transient run."""
    until = run.get("until")
    if until == "equilibrium":
        raise CaseError(
            'run.until = "equilibrium": in a module something always flows; take "steady", or leave the key out'
        )
    if until == "duration" and "duration" not in run:
        raise CaseError(
            'run.until = "duration": run.duration is missing; give it, for example "10 min", or leave the key out for '
            "the steady state"
        )


def _check_solver(run: dict[str, Any]) -> None:
    """Refuse an integrator that is not available along a membrane."""
    if run.get("solver") == "fipy" and "duration" in run:
        raise CaseError(
            'run.solver = "fipy": along a [module] nothing is solved by FiPy; expected "rosenbrock" or "cvode"'
        )


def first_element(module: dict[str, Any], membrane: dict[str, Any]) -> str:
    """The name of the first element that the feed enters; "" if no element of the library is named."""
    stages = module.get("stage")
    stage = stages[0] if isinstance(stages, list) and stages and isinstance(stages[0], dict) else {}
    elements = stage.get("elements", module.get("elements"))
    named = elements[0] if isinstance(elements, list) and elements else stage.get("element", membrane.get("element"))
    return named if isinstance(named, str) else ""


def element(name: str) -> dict[str, Any]:
    """An element of the library by its name."""
    known = library.elements()
    if name not in known:
        raise CaseError(
            f"membrane.element = {show(name)}: no element of the library{nearest(name, known, always=True)}"
        )
    return known[name]


def values(table: dict[str, Any]) -> dict[str, Any]:
    """A table of a library entry without the sources."""
    return {key: each["value"] if isinstance(each, dict) and "value" in each else each for key, each in table.items()}


def feeding_side(merged: dict[str, Any]) -> str:
    """The feed side: the side with a channel that is not a dead end (the left one of two); "" if there is none."""
    with_channel = [
        side for side in SIDES if isinstance(merged.get(side), dict) and isinstance(merged[side].get("channel"), dict)
    ]
    flowing = [side for side in with_channel if not _is_dead_end(merged[side]["channel"])]
    return next(iter(flowing or with_channel), "")


def _is_dead_end(channel: dict[str, Any]) -> bool:
    """True if the given velocity or flow is always 0."""
    try:
        if "velocity" in channel:
            return read_quantity(channel["velocity"], "velocity") == 0.0
        return "flow" in channel and read_flow(channel["flow"]).largest == 0.0
    except UnitError:  # validation reports it
        return False


def _sizes(entry: dict[str, Any], merged: dict[str, Any]) -> dict[str, Any]:
    """The sizes of the library's element that are consistent with the given sizes."""
    known = {key: each for key, each in values(entry).items() if key in ("area", "length")}
    written = [key for key in _SIZES if key in merged["module"]]
    if len(written) > 1 or any("fibres" in _channel(merged, side) for side in SIDES):
        return {}
    return {
        key: each for key, each in known.items() if key not in written and not (written == ["width"] and key == "area")
    }


def _channel(merged: dict[str, Any], side: str) -> dict[str, Any]:
    table = merged.get(side)
    channel = table.get("channel") if isinstance(table, dict) else None
    return channel if isinstance(channel, dict) else {}


_DIMENSIONS = ("height", "hydraulic_diameter", "cross_section", "fibres")


def _side(own: dict[str, Any], known: dict[str, Any], solutes: Any) -> dict[str, Any]:
    """A side with the channel data of the library's element; or a permeate side."""
    side = {"length": "1 mm"} | own
    channel = own.get("channel")
    if channel is None:
        side = {"boundary": "outflow"} | side
        if side["boundary"] == "outflow":
            side = {"backflow": "collected"} | side
        zeros = dict.fromkeys(solutes, "0 mol/L") if isinstance(solutes, dict) else {}
        given = own.get("concentration", {})
        return side | {"concentration": zeros | given} if isinstance(given, dict) else side
    if isinstance(channel, dict):
        known = values(known)
        if any(key in channel for key in _DIMENSIONS):
            flat = "height" in channel
            known = {
                key: each for key, each in known.items() if key not in _DIMENSIONS and (flat or key == "pressure_drop")
            }
        channel = known | channel
        spacer = channel.get("spacer_porosity", 1.0)
        side["channel"] = {"mass_transfer": "guillen-hoek" if spacer != 1.0 else "leveque"} | channel
    return side
