"""A module in SI units: stages, vessels, elements and their channels."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from membrane_pde import library
from membrane_pde.input import units
from membrane_pde.input.completion import put
from membrane_pde.input.errors import CaseError
from membrane_pde.input.module_defaults import values
from membrane_pde.input.parts import SIDES, Compartment, Membrane
from membrane_pde.input.values import Schedule, Total
from membrane_pde.physics import channel as flow_in

if TYPE_CHECKING:
    from membrane_pde.input.case import Case
    from membrane_pde.input.module_parts import Channel

Side = Literal["left", "right"]
MAX_STATIONS = 100_000


@dataclass(frozen=True)
class Limits:
    """Limits that the maker of an element gives; infinite if unknown.

    Attributes
    ----------
    pressure : float
        Of the feed, Pa.
    feed_flow : float
        m^3/s.
    pressure_drop : float
        Along one element, Pa.
    recovery : float
        Of one element.
    """

    pressure: float = math.inf
    feed_flow: float = math.inf
    pressure_drop: float = math.inf
    recovery: float = math.inf


@dataclass(frozen=True)
class Element:
    """One element.

    Attributes
    ----------
    name : str
        Of the library, or "".
    area, length : float
        Of its membrane, m^2 and m.
    membrane : Membrane
        At the case's temperature, with the factors of flow and salt passage in it.
    left, right : physics.channel.Channel
        The channels of the two sides.
    limits : Limits
    """

    name: str
    area: float
    length: float
    membrane: Membrane
    left: flow_in.Channel
    right: flow_in.Channel
    limits: Limits


@dataclass(frozen=True)
class Stage:
    """Vessels in parallel: how many, the pressure added at their feed (Pa), the elements of each in order."""

    vessels: int
    boost: float
    elements: tuple[Element, ...]


@dataclass(frozen=True)
class Plant:
    """The module of a case: stages, elements, channels and specified quantities.

    Attributes
    ----------
    feed : {"left", "right"}
        The side that is fed; where both flow, the left.
    flowing : tuple of str
        The sides into which liquid flows.
    counter_current : bool
        The other side's liquid flows from the feed's outlet to its inlet.
    flow : dict of str to Schedule
        What flows into each vessel of the stage that a side's liquid meets first, by flowing side, m^3/s; not of a side
        with a solved flow.
    recovery : float or None
        Permeate over feed for which the feed's flow is solved.
    interconnector : float
        Pressure lost between two elements, Pa.
    stages : tuple of Stage
    """

    feed: Side
    flowing: tuple[Side, ...]
    counter_current: bool
    flow: dict[str, Schedule]
    recovery: float | None
    interconnector: float
    stages: tuple[Stage, ...]

    @property
    def other(self) -> Side:
        """The side that receives the permeate."""
        return "right" if self.feed == "left" else "left"

    @property
    def area(self) -> float:
        """Total membrane area of all elements, m^2."""
        return sum(stage.vessels * element.area for stage in self.stages for element in stage.elements)

    def entered_stage(self, name: Side) -> Stage:
        """The stage that the liquid of a side enters first; in counter-current flow the last one for the other side."""
        return self.stages[-1 if self.counter_current and name != self.feed else 0]

    def first_element(self, name: Side) -> Element:
        """The element that the liquid of a side enters first."""
        return self.entered_stage(name).elements[-1 if self.counter_current and name != self.feed else 0]

    def last_stage(self, name: Side) -> Stage:
        """The stage that the liquid of a side leaves last."""
        return self.stages[0 if self.counter_current and name != self.feed else -1]

    @property
    def elements(self) -> Iterator[tuple[int, Element]]:
        """Every element of one vessel of each stage, with the number of its stage, from 0."""
        return ((i, element) for i, stage in enumerate(self.stages) for element in stage.elements)


def resolve(case: Case, raw: dict[str, Any], build_other: Callable[[dict[str, Any]], Case]) -> Plant:
    """The plant of a case with [module].

    Parameters
    ----------
    case : Case
        Validated; volumes and flows of its tanks that are given as totals become those per membrane area.
    raw : dict
        The case as written.
    build_other : callable
        Builds a case of a dict as written, for elements of another kind.

    Returns
    -------
    Plant

    Raises
    ------
    CaseError
        What cannot be.
    """
    assert case.module is not None
    feed, flowing = _sides(case)
    _check_side_keys(case, raw)
    _check_held(case, feed)
    first = _element(case, feed)
    kinds = {first.name: first}
    stages = []
    for i, stage in enumerate(case.module.stage or [None]):
        listed = case.module.elements if stage is None or stage.elements is None else stage.elements
        usual = (stage.element if stage else None) or case.membrane.element or ""
        names = (usual,) * listed if isinstance(listed, int) else listed
        for name in names:
            if name not in kinds:
                path = "module" if stage is None else f"module.stage.{i}"
                kinds[name] = _other_kind(name, path, raw, build_other)
        vessels = case.module.vessels if stage is None or stage.vessels is None else stage.vessels
        stages.append(Stage(vessels, stage.boost if stage else 0.0, tuple(kinds[name] for name in names)))
    plant = Plant(
        feed=feed,
        flowing=flowing,
        counter_current=case.module.direction == "counter-current",
        flow={},
        recovery=None,
        interconnector=case.module.interconnector,
        stages=tuple(stages),
    )
    flow, recovery = _flows(case, plant)
    plant = replace(plant, flow=flow, recovery=recovery)
    stations = (case.module.stations or 0) * sum(len(stage.elements) for stage in stages)
    if stations > MAX_STATIONS:
        raise CaseError(f"module.stations: {stations} stations in all; at most {MAX_STATIONS}")
    for name in SIDES:
        _tank_per_area(getattr(case, name), plant.area)
    _check_cycle(case, feed)
    return plant


def _other_kind(name: str, path: str, raw: dict[str, Any], build_other: Callable[[dict[str, Any]], Case]) -> Element:
    """An element of another kind, resolved as the only element of the same case."""
    if name not in library.elements():
        from membrane_pde.input.wording import nearest

        raise CaseError(
            f'{path}: "{name}" is no element of the library{nearest(name, library.elements(), always=True)}'
        )
    module = {key: each for key, each in raw["module"].items() if key not in ("stage", "elements")}
    other = raw | {"module": module, "membrane": raw.get("membrane", {}) | {"element": name}}
    try:
        return build_other(other).plant.stages[0].elements[0]
    except CaseError as error:
        raise CaseError(f"{path}: with the element {name}, {error}") from None


def _sides(case: Case) -> tuple[Side, tuple[Side, ...]]:
    """The feed side, and the sides through which liquid flows."""
    channels = {name: getattr(case, name).channel for name in SIDES if getattr(case, name).channel is not None}
    if not channels:
        raise CaseError(
            "left.channel is missing: at least one side of a [module] flows, for example [left.channel] with "
            'flow = "8 m^3/h"'
        )
    flowing: list[Side] = [name for name in SIDES if name in channels and not _dead_end(channels[name])]
    if not flowing:
        name = next(iter(channels))
        key = "velocity" if channels[name].velocity is not None else "flow"
        raise CaseError(
            f"{name}.channel.{key} is 0: a dead end is possible on the receiving side only; give the flow of the feed, "
            f'for example {name}.channel.flow = "8 m^3/h"'
        )
    return flowing[0], tuple(flowing)


def _dead_end(channel: Channel) -> bool:
    """True for a dead end, whose inlet flow is always zero."""
    return channel.velocity == 0.0 or (channel.flow is not None and channel.flow.largest == 0.0)


def _check_side_keys(case: Case, raw: dict[str, Any]) -> None:
    """Check keys of a side that have no meaning along a membrane."""
    if case.phase == "gas":
        raise CaseError(
            'module: phase = "gas" is not available with a [module]; remove that table, or take phase = "liquid"'
        )
    if case.membrane.type == "none":
        raise CaseError('membrane.type = "none": a module needs a membrane; give its element, or its coefficients')
    for name in SIDES:
        side, written = getattr(case, name), raw.get(name, {})
        with_channel = side.channel is not None
        if side.stirred:
            raise CaseError(f"{name}.stirred: no side of a module is stirred; leave the key out")
        if with_channel and "length" in written:
            raise CaseError(f"{name}.length: the dimensions of a channel stand in [{name}.channel]; leave the key out")
        if any(not isinstance(each, float) for each in side.concentration.values()):
            raise CaseError(
                f"{name}.concentration: a module starts with a uniform concentration; give numbers, no profile"
            )


def _check_held(case: Case, feed: Side) -> None:
    """Check a target recovery, permeate flow or flux for which the feed pressure or flow is solved."""
    for name in SIDES:
        held = getattr(case, name).pressure.held
        if held == "pressure":
            channel = getattr(case, name).channel
            if channel is not None and channel.recovery is not None and case.membrane.water_permeability == 0.0:
                raise CaseError(
                    f"{name}.channel.recovery: membrane.water_permeability is 0, so that no pressure drives water "
                    "through; give one above 0"
                )
            continue
        if name != feed:
            raise CaseError(
                f"{name}.pressure.{held}: only the pressure of the feed side, {feed}, can be computed; give a pressure"
            )
        if case.membrane.water_permeability == 0.0:
            raise CaseError(
                f"{name}.pressure.{held}: membrane.water_permeability is 0, so that no pressure drives water through; "
                "give one above 0"
            )
        if getattr(case, name).channel.recovery is not None:
            raise CaseError(
                f"{name}.pressure.{held} and {name}.channel.recovery: only one of pressure and flow is computed; give "
                "the other"
            )


def _dimensions(case: Case, feed: Side) -> tuple[float, float, float]:
    """Area, length and width of one element's membrane, m^2 and m."""
    assert case.module is not None
    given = {key: value for key in ("area", "length", "width") if (value := getattr(case.module, key)) is not None}
    units_of = {"area": "m^2", "length": "m", "width": "m"}
    fibres = [getattr(case, name).channel.fibres for name in SIDES if getattr(case, name).channel is not None]
    fibres = [each for each in fibres if each is not None]
    if len(fibres) == 2:
        raise CaseError(
            "left.channel.fibres and right.channel.fibres: only one side can flow inside the fibres; remove one"
        )
    if fibres:
        around = math.pi * fibres[0].inner_diameter * fibres[0].count
        if len(given) != 1 or "width" in given:
            sizes = (
                ", ".join(f"module.{key} = {value:.6g} {units_of[key]}" for key, value in given.items()) or "neither"
            )
            raise CaseError(
                f"module: with fibres give exactly one of area and length, not {sizes}; the other follows from "
                f"the circumference of all fibres, {around:.6g} m"
            )
        length = given.get("length", given.get("area", 0.0) / around)
        return around * length, length, around
    walls = getattr(case, feed).channel.walls
    if len(given) == 3:
        made = walls * given["width"] * given["length"]
        raise CaseError(
            f"module: area, length and width are all given; {walls} wall{'s' * (walls > 1)} · width · length is "
            f"{made:.6g} m^2, and area {given['area']:.6g} m^2: leave one of them out"
        )
    if len(given) < 2:
        missing = next(key for key in ("area", "length", "width") if key not in given)
        example = {"area": "37 m^2", "length": "1 m", "width": "18 m"}[missing]
        raise CaseError(
            f"module.{missing} is missing: two of area, length and width are needed, for example "
            f'{missing} = "{example}"; or an element of the library (membrane.element)'
        )
    if "area" not in given:
        return walls * given["width"] * given["length"], given["length"], given["width"]
    if "length" not in given:
        return given["area"], given["area"] / (walls * given["width"]), given["width"]
    return given["area"], given["length"], given["area"] / (walls * given["length"])


def _element(case: Case, feed: Side) -> Element:
    """The element of a case, or the first of several."""
    assert case.module is not None
    area, length, width = _dimensions(case, feed)
    put(case.module, area=area, length=length, width=width)
    channels = {name: _channel(case, name, feed, area, length) for name in SIDES}
    for name, channel in channels.items():
        put(getattr(case, name), length=channel.volume / area)
    limits = library.elements()[case.membrane.element].get("limits", {}) if case.membrane.element else {}
    known = {key: _limit(key, text) for key, text in values(limits).items()}
    return Element(
        case.membrane.element or "", area, length, case.membrane, channels["left"], channels["right"], Limits(**known)
    )


def _limit(key: str, text: str) -> float:
    dimension = {"pressure": "pressure", "feed_flow": "flow", "pressure_drop": "pressure", "recovery": "share"}[key]
    return units.parse(text, dimension)


def _channel(case: Case, name: Side, feed: Side, area: float, length: float) -> flow_in.Channel:
    """The channel of one side of one element."""
    side: Compartment = getattr(case, name)
    written = side.channel
    if written is None:
        return flow_in.permeate(length, area / length, side.length * area)
    geometry = _geometry(written, f"{name}.channel", area, length)
    law, drop = written.mass_transfer, written.pressure_drop
    return flow_in.Channel(
        **geometry.__dict__,
        role="dead end" if _dead_end(written) else "channel",
        volume=geometry.open_area * length,
        mass_transfer=flow_in.mass_transfer_law(law.law, law.coefficient, law.sherwood),
        pressure_drop=flow_in.pressure_drop_law(
            drop.law, geometry.shape, length, drop.gradient, drop.friction, (drop.at, drop.drop, drop.exponent)
        ),
        dispersion=written.dispersion,
    )


def _geometry(written: Channel, path: str, area: float, length: float) -> flow_in.Geometry:
    """Dimensions of a channel, of whichever kind it is."""
    kinds = {
        "height": written.height is not None,
        "hydraulic_diameter": written.hydraulic_diameter is not None or written.cross_section is not None,
        "fibres": written.fibres is not None,
    }
    given = [key for key, there in kinds.items() if there]
    if not given:
        raise CaseError(
            f'{path}.height is missing: give it, for example "0.7 mm", or fibres = {{ count = …, inner_diameter = … }}'
            ", or hydraulic_diameter and cross_section"
        )
    if len(given) > 1:
        raise CaseError(
            f"{path}: {' and '.join(given)} are given, and each of them describes the channel; leave one out"
        )
    if given[0] != "height":
        for key, plain in (("spacer_porosity", 1.0), ("walls", 1)):
            if getattr(written, key) != plain:
                raise CaseError(f"{path}.{key}: only a flat channel, which has a height, takes this key; leave it out")
    if written.height is not None:
        width = area / (written.walls * length)
        return flow_in.flat(length, width, written.height, written.spacer_porosity, written.walls)
    if written.fibres is not None:
        return flow_in.lumens(length, written.fibres.count, written.fibres.inner_diameter)
    if written.hydraulic_diameter is None or written.cross_section is None:
        key, example = (
            ("hydraulic_diameter", "0.3 mm") if written.hydraulic_diameter is None else ("cross_section", "5 cm^2")
        )
        raise CaseError(f'{path}.{key} is missing: such a channel needs both, for example {key} = "{example}"')
    return flow_in.duct(length, area / length, written.cross_section, written.hydraulic_diameter)


def _flows(case: Case, plant: Plant) -> tuple[dict[str, Schedule], float | None]:
    """The flow into a vessel on each flowing side, and the recovery for which the feed's flow is computed."""
    flows: dict[str, Schedule] = {}
    recovery: float | None = None
    for name in SIDES:
        channel = getattr(case, name).channel
        if channel is None:
            continue
        given = [key for key in ("flow", "velocity", "recovery") if getattr(channel, key) is not None]
        path = f"{name}.channel"
        if not given:
            raise CaseError(
                f'{path}.flow is missing: give it, for example "8 m^3/h" into each vessel, or velocity, for example '
                '"0.15 m/s", or recovery'
            )
        if len(given) > 1:
            raise CaseError(f"{' and '.join(f'{path}.{key}' for key in given)} are given: give exactly one of them")
        if given == ["recovery"]:
            if name != plant.feed:
                raise CaseError(
                    f"{path}.recovery: only the flow of the feed side, {plant.feed}, can be computed; give a flow"
                )
            recovery = channel.recovery
        elif name in plant.flowing:
            entered = plant.entered_stage(name)
            if channel.flow is None:
                flows[name] = Schedule((0.0,), (channel.velocity * getattr(plant.first_element(name), name).section,))
                continue
            shared = plant.stages[0].vessels / entered.vessels
            flows[name] = replace(channel.flow, values=tuple(shared * each for each in channel.flow.values))
    return flows, recovery


def _tank_per_area(side: Compartment, area: float) -> None:
    """Convert the total volume and flows of a tank to values per membrane area."""
    volume, bleed, feed = (
        each.value / area if isinstance(each, Total) else each
        for each in (side.volume, side.bleed, side.feed.flow if side.feed else None)
    )
    put(side, volume=volume, bleed=bleed)
    if side.feed is not None:
        put(side, feed=replace(side.feed, flow=feed))


def _check_cycle(case: Case, feed: Side) -> None:
    """Check closed-circuit operation."""
    assert case.module is not None
    if case.module.cycle is None:
        return
    side: Compartment = getattr(case, feed)
    if not side.far_end.tank:
        raise CaseError(
            f'module.cycle: closed-circuit operation needs a tank; give {feed}.boundary = "bath", its volume and feed'
        )
    if side.feed is None:
        raise CaseError(
            f'{feed}.feed is missing: in a cycle it replaces the permeate, for example {{ NaCl = "2 g/L" }}'
        )
    if case.run.duration is None:
        raise CaseError('run.duration is missing: a cycle has no steady state; give it, for example duration = "1 h"')
