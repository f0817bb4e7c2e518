"""Warnings about a case with [module]: its channels at their inlet flow, an integrator without effect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from membrane_pde.input.parts import SIDES
from membrane_pde.physics import channel as flow_in
from membrane_pde.physics.temperature import water_density, water_viscosity

if TYPE_CHECKING:
    from membrane_pde.input.case import Case
    from membrane_pde.input.plant import Element, Side


def correlation_remarks(case: Case, side: Side, flows: Iterable[tuple[Element, float, float]]) -> list[str]:
    """Sentences about the correlations of one side that are used outside their ranges.

    Parameters
    ----------
    case : Case
        With [module].
    side : {"left", "right"}
    flows : iterable of (Element, float, float)
        An element, and the least and the largest flow through its channel, m^3/s.

    Returns
    -------
    list of str
        At most one for each of mass transfer and pressure drop, each without a full stop.
    """
    density, viscosity = float(water_density(case.temperature)), float(water_viscosity(case.temperature))
    remarks: dict[str, str] = {}
    for element, *ends in flows:
        channel: flow_in.Channel = getattr(element, side)
        least, largest = (float(flow_in.reynolds(channel, flow, density, viscosity)) for flow in ends)
        for key, law in (("mass_transfer", channel.mass_transfer), ("pressure_drop", channel.pressure_drop)):
            if key not in remarks and (text := flow_in.range_remark(law.name, least, largest)):
                remarks[key] = f"{side}.channel.{key}: {law.name} {text}"
    return list(remarks.values())


def solver_warnings(case: Case) -> Iterator[str]:
    """A warning about an integrator that is given although nothing is integrated in time."""
    if case.steady_only and case.run.solver != "rosenbrock":
        yield (
            f'run.solver = "{case.run.solver}" has no effect: without run.duration the answer of a [module] is the '
            "steady state, which Newton's method finds"
        )


def channel_warnings(case: Case) -> Iterator[str]:
    """Warnings about correlations outside their range, and about the maker's limits that the inlet values exceed."""
    plant, (element, *_) = case.plant, case.plant.stages[0].elements
    for name in SIDES:
        written, channel = getattr(case, name).channel, getattr(element, name)
        if written is None:
            continue
        if written.spacer_porosity < 1.0 and channel.mass_transfer.name == "leveque":
            yield (
                f"{name}.channel.mass_transfer: Lévêque's law holds for an empty channel, and this one has a spacer; "
                '"guillen-hoek" holds for spacers'
            )
        if name not in plant.flow:
            continue
        flow = max(plant.flow[name].values)
        yield from correlation_remarks(case, name, [(plant.first_element(name), flow, flow)])
    limits = element.limits
    if plant.feed in plant.flow and max(plant.flow[plant.feed].values) > limits.feed_flow:
        given = max(plant.flow[plant.feed].values)
        yield (
            f"{plant.feed}.channel: a feed of {given * 3600.0:.3g} m^3/h is more than the maker of {element.name} "
            f"allows, {limits.feed_flow * 3600.0:.3g} m^3/h"
        )
    pressure = getattr(case, plant.feed).pressure
    if pressure.held == "pressure" and pressure.largest > limits.pressure:
        yield (
            f"{plant.feed}.pressure: {pressure.largest * 1e-5:.4g} bar is more than the maker of {element.name} "
            f"allows, {limits.pressure * 1e-5:.4g} bar"
        )
