"""Results of a state along a membrane: the summary of a case with [module], its elements, and its message.

Totals are those of all vessels and stages; fluxes, concentrations and polarization are means over the membrane's area.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from membrane_pde import __version__
from membrane_pde.input import mixture
from membrane_pde.input.case import Case
from membrane_pde.input.module_warnings import correlation_remarks
from membrane_pde.input.parts import SIDES
from membrane_pde.input.properties import LEAST, osmotic_pressures, solute_flux_scales, solution_of
from membrane_pde.physics import energy
from membrane_pde.physics.constants import STANDARD_ATMOSPHERE
from membrane_pde.physics.osmotic import IDEAL
from membrane_pde.results.messages import has_range
from membrane_pde.results.quantities import SUMMARY_KEYS
from membrane_pde.results.summary import process_of

Vector = np.ndarray[Any, np.dtype[np.float64]]


class Streams:
    """Totals of a state along the membrane.

    Parameters
    ----------
    case : Case
        A case with [module].
    seen : Readings
        Observations of the state; see `membrane_pde.model.station_readings`.
    """

    def __init__(self, case: Case, seen: Any) -> None:
        self.case, self.seen, self.plant = case, seen, case.plant
        self.feed = SIDES.index(self.plant.feed)
        self.towards = 1.0 if self.feed == 0 else -1.0  # of a flux away from the feed
        self.area = float(seen.area.sum())
        self.water = float(seen.area @ seen.water_flux)
        self.solutes = seen.area @ seen.solute_flux
        first, last = seen.entering[self.feed, 0], seen.leaving[self.feed, -1]
        self.fed, self.left = float(seen.vessels[0] * first[0]), float(seen.vessels[-1] * last[0])
        self.into, self.out_of = first[2:], last[2:]
        self.feed_pressure, self.end_pressure = float(first[1]), float(last[1])
        largest = max(abs(self.feed_pressure), float(osmotic_pressures(case)(self.into).sum()), 1.0)
        permeability = max(element.membrane.water_permeability for _, element in self.plant.elements)
        self.least = LEAST * permeability * largest
        if not self.flows:
            self.water = 0.0
        self.permeate = self.towards * self.water
        self.solutes[np.abs(self.solutes) <= LEAST * self.area * solute_flux_scales(case)] = 0.0

    def mean(self, values: Vector) -> Any:
        """Mean over the membrane area of a quantity with a value at every station (stations, ...)."""
        return self.seen.area @ values / self.area

    @property
    def flows(self) -> bool:
        """True if water passes the membrane."""
        return abs(self.water) / self.area > self.least

    @property
    def permeate_concentration(self) -> list[float | None]:
        """Mixed concentration of the permeate, mol/m^3."""
        if not self.flows:
            return [None] * len(self.case.solutes)
        mixed = self.solutes / self.water
        return [float(c) if c >= 0.0 else None for c in mixed]

    def pressure_drop(self, side: int) -> float | None:
        """Pressure drop along a side, Pa."""
        channel = getattr(next(self.plant.elements)[1], SIDES[side])
        if channel.role == "permeate":
            return None
        drops = self.seen.drop[side]
        if channel.role == "dead end":
            return float(drops.max())
        lost = sum(len(stage.elements) - 1 for stage in self.plant.stages) * self.plant.interconnector
        return float(drops.sum()) + lost

    @property
    def pump_energy(self) -> float | None:
        """Work of the pumps over the volume of permeate, J/m^3."""
        if len(self.plant.flowing) > 1 or self.permeate <= 0.0 or not self.flows:
            return None
        pump, exchanger = self.case.energy.pump, self.case.energy.pressure_exchanger.efficiency
        boosts, n = 0.0, 0
        for stage in self.plant.stages:
            into = float(self.seen.entering[self.feed, n, 0]) * stage.vessels
            boosts += stage.boost * into
            n += len(stage.elements)
        pressure = self.feed_pressure - self.plant.stages[0].boost
        side = getattr(self.case, self.plant.feed)
        if side.far_end.tank:  # a closed circuit under pressure: what is fed, and friction
            supply = self.permeate + side.bleed * self.area
            if side.feed is not None and side.feed.flow is not None:
                supply = side.feed.flow * self.area
            work = supply * pressure + self.fed * (self.feed_pressure - self.end_pressure)
        elif exchanger == 0.0:
            work = self.fed * pressure
        else:
            work = self.permeate * pressure + self.left * (pressure - exchanger * self.end_pressure)
        return (work + boosts) / (pump * self.permeate)

    @property
    def least_work(self) -> float | None:
        """Minimum work to separate the inflows into the outflows, per volume of permeate, J/m^3."""
        if not self.flows:
            return None
        case, seen = self.case, self.seen
        shares = osmotic_pressures(case)
        osmotic = None if case.osmotic_model == IDEAL and not case.properties.given else _total(shares)
        before, after = [(self.fed, self.fed * self.into)], [(self.left, self.left * self.out_of)]
        if len(self.plant.flowing) > 1:
            other = 1 - self.feed
            ends = (-1, 0) if self.plant.counter_current else (0, -1)
            for flows, end, into in ((seen.entering, ends[0], before), (seen.leaving, ends[1], after)):
                flow = flows[other, end]
                volume = seen.vessels[end] * float(flow[0])
                into.append((volume, volume * flow[2:]))
        elif self.permeate > 0.0:
            after.append((self.permeate, np.maximum(self.towards * self.solutes, 0.0)))
        else:
            return None
        particles = [solute.dissociation for solute in case.solutes.values()]
        work = float(energy.least_work(before, after, osmotic, particles, case.temperature))
        return work / abs(self.permeate) if math.isfinite(work) else None

    @property
    def power_density(self) -> float | None:
        """Mean of water flux times opposing pressure difference, W/m^2."""
        against = self.seen.pressure[1] - self.seen.pressure[0]
        power = float(self.mean(self.seen.water_flux * against))
        return power if power > 0.0 and self.flows else None


def _total(shares: Any) -> Any:
    return lambda concentration: shares(concentration).sum(axis=-1)


def state_values(totals: Streams) -> dict[str, Any]:
    """Values of one state for the summary and the series of a case with [module].

    Parameters
    ----------
    totals : Streams
        Of the state.

    Returns
    -------
    dict
        By the keys of the summary; per-solute values by name.
    """
    case, seen = totals.case, totals.seen
    found: dict[str, Any] = {}
    names, pressure = list(case.solutes), osmotic_pressures(case)

    def by_name(values: Any) -> dict[str, float | None]:
        return {name: None if v is None else float(v) for name, v in zip(names, values, strict=True)}

    found["water_flux_m_per_s"] = totals.water / totals.area
    found["solute_flux_mol_per_m2_s"] = by_name(totals.solutes / totals.area)
    for side, name in enumerate(SIDES):
        found[f"pressure_{name}_Pa"] = _pressure(totals, side)
        means = [totals.mean(each[side]) for each in (seen.concentration, seen.wall)]
        for prefix, mean in zip(("", "wall_"), means, strict=True):
            found[f"{prefix}concentration_{name}_mol_per_m3"] = by_name(mean)
            found[f"{prefix}osmotic_pressure_{name}_Pa"] = float(pressure(mean).sum())
        found[f"pressure_drop_{name}_Pa"] = totals.pressure_drop(side)
    found["membrane_area_ratio"] = 1.0
    found["polarization_modulus"] = by_name(_polarization(totals, np.ones(len(seen.area), dtype=bool)))
    mixed = totals.permeate_concentration
    found["rejection"] = by_name(
        [
            None if c is None or not fed > 0.0 else 1.0 - c / float(fed)
            for c, fed in zip(mixed, totals.into, strict=True)
        ]
    )
    found["recovery"] = totals.permeate / totals.fed if totals.fed > 0.0 else None
    found["area_m2"] = totals.area
    found["feed_flow_m3_per_s"], found["permeate_flow_m3_per_s"] = totals.fed, totals.permeate
    found["concentrate_flow_m3_per_s"] = totals.left
    found["permeate_concentration_mol_per_m3"] = by_name(mixed)
    found["concentrate_concentration_mol_per_m3"] = by_name(totals.out_of)
    cleared = [
        (totals.fed * fed - totals.left * left) / fed if fed > 0.0 else None
        for fed, left in zip(totals.into.tolist(), totals.out_of.tolist(), strict=True)
    ]
    found["clearance_m3_per_s"] = by_name(cleared)
    found["pump_energy_J_per_m3"] = totals.pump_energy
    found["power_density_W_per_m2"] = totals.power_density
    back = totals.towards * seen.water_flux < -totals.least
    found["backflow_area_share"] = float(seen.area[back].sum()) / totals.area
    return found


def along_summary(case: Case, seen: Any, *, steps: int) -> dict[str, Any]:
    """The summary of a steady state along the membrane.

    Parameters
    ----------
    case : Case
        A case with [module].
    seen : Readings
        Observations of the state; see `membrane_pde.model.station_readings`.
    steps : int
        Of Newton's method.

    Returns
    -------
    dict
        The keys of a summary; what depends on a course in time is None.
    """
    totals = Streams(case, seen)
    summary: dict[str, Any] = dict.fromkeys(SUMMARY_KEYS) | state_values(totals)
    summary |= {"title": case.title, "version": __version__, "status": "steady", "steps": steps}
    summary["process"] = process_of(case, summary["water_flux_m_per_s"], totals.flows)
    work, least = totals.pump_energy, totals.least_work
    summary["minimum_energy_J_per_m3"] = least
    if work is not None and least is not None and work > 0.0 and least > 0.0:
        summary["second_law_efficiency"] = least / work
    summary["elements"] = elements_of(totals)
    summary["cells"] = 2 * len(seen.area)
    summary["message"] = " ".join([*remarks(totals, summary), *case.away_from_source])
    return summary


def _pressure(totals: Streams, side: int) -> float:
    """The pressure at the inlet of a side; at the outlet for a dead end and for a withdrawn permeate."""
    seen, plant = totals.seen, totals.plant
    if SIDES[side] == plant.feed:
        return totals.feed_pressure
    if SIDES[side] in plant.flowing:
        return float(seen.entering[side, -1 if plant.counter_current else 0, 1])
    return float(seen.leaving[side, -1, 1])


def _polarization(totals: Streams, there: Any) -> list[float | None]:
    """Mean over some stations of the concentration at the membrane ÷ bulk, on the side that the water leaves."""
    seen, found = totals.seen, []
    side = 0 if float(seen.area[there] @ seen.water_flux[there]) >= 0.0 else 1
    for s in range(seen.solute_flux.shape[1]):
        bulk, wall, area = seen.concentration[side, there, s], seen.wall[side, there, s], seen.area[there]
        held = bulk > 0.0
        found.append(float(area[held] @ (wall[held] / bulk[held]) / area[held].sum()) if held.any() else None)
    return found


def elements_of(totals: Streams) -> list[dict[str, Any]]:
    """One object for each element of one vessel of each stage, in the order of the feed."""
    seen, feed, found = totals.seen, totals.feed, []
    number, before = 0, -1
    for n, (stage, element) in enumerate(totals.plant.elements):
        number = 1 if stage != before else number + 1
        before, there = stage, seen.element == n
        share = seen.area[there] / seen.vessels[n]
        water = totals.towards * float(share @ seen.water_flux[there])
        passed = totals.towards * (share @ seen.solute_flux[there])
        enters, leaves = seen.entering[feed, n], seen.leaving[feed, n]
        mixed = passed / water if water > totals.least * element.area else np.full(len(passed), -1.0)
        one: dict[str, Any] = {
            "stage": stage + 1,
            "element": number,
            "name": element.name,
            "vessels": int(seen.vessels[n]),
            "feed_flow_m3_per_s": float(enters[0]),
            "feed_pressure_Pa": float(enters[1]),
            "pressure_drop_Pa": float(seen.drop[feed, n]),
            "water_flux_m_per_s": totals.towards * water / element.area,
            "permeate_flow_m3_per_s": water,
            "recovery": water / float(enters[0]) if enters[0] > 0.0 else None,
        }
        for key, values in (
            ("feed_concentration_mol_per_m3", enters[2:]),
            ("concentrate_concentration_mol_per_m3", leaves[2:]),
            ("permeate_concentration_mol_per_m3", mixed),
            ("polarization_modulus", _polarization(totals, there)),
        ):
            one[key] = {
                name: None if v is None or v < 0.0 else float(v)
                for name, v in zip(totals.case.solutes, values, strict=True)
            }
        one |= _other_side(totals, n)
        one["warning"] = _exceeded_limits(element.limits, one)
        found.append(one)
    return found


def _other_side(totals: Streams, n: int) -> dict[str, Any]:
    """Outlet flow and concentrations of an element on the other side; None if no liquid flows through that side."""
    other, flows = 1 - totals.feed, len(totals.plant.flowing) > 1
    leaving = totals.seen.leaving[other, n]
    return {
        "other_side_flow_m3_per_s": float(leaving[0]) if flows else None,
        "other_side_concentration_mol_per_m3": {
            name: float(c) if flows else None for name, c in zip(totals.case.solutes, leaving[2:], strict=True)
        },
    }


def _exceeded_limits(limits: Any, one: dict[str, Any]) -> str:
    """Limits of the manufacturer that an element exceeds; "" if there are none."""
    sentences = []
    for key, value, limit, size, unit in (
        ("pressure", one["feed_pressure_Pa"], limits.pressure, 1e-5, "bar"),
        ("feed flow", one["feed_flow_m3_per_s"], limits.feed_flow, 3600.0, "m³/h"),
        ("pressure drop", one["pressure_drop_Pa"], limits.pressure_drop, 1e-5, "bar"),
        ("recovery", one["recovery"] or 0.0, limits.recovery, 100.0, "%"),
    ):
        if value > limit * (1.0 + 1e-9):
            sentences.append(f"{key} {value * size:.3g} {unit} is above the maker's {limit * size:.3g} {unit}")
    return "; ".join(sentences)


def remarks(totals: Streams, summary: dict[str, Any]) -> list[str]:
    """Sentences about a state along the membrane: backflow, the maker's limits, ranges of correlations and data."""
    case, seen, parts = totals.case, totals.seen, []
    share = summary["backflow_area_share"]
    if share > 0.0 and len(totals.plant.flowing) == 1:
        where = "everywhere" if share > 1.0 - 1e-9 else f"on {100.0 * share:.3g} % of the area"
        other = SIDES[1 - totals.feed]
        osmotic, applied = (
            float(each[totals.feed] - each[1 - totals.feed])
            for each in (
                [summary[f"wall_osmotic_pressure_{side}_Pa"] for side in SIDES],
                totals.mean(seen.pressure.T),
            )
        )
        why = "the osmotic pressure there is higher than the applied pressure"
        if osmotic < -applied:
            why = f"the pressure there is lower than on the {other}"
        parts.append(f"Water flows back into the {totals.plant.feed} side {where}: {why}.")
    for row, side in enumerate(SIDES):
        lowest = min(float(seen.leaving[row, :, 1].min()), float(seen.entering[row, :, 1].min()))
        if side in totals.plant.flowing and lowest < -STANDARD_ATMOSPHERE:  # gauge
            held = getattr(case, side).pressure.held
            more = f"raise {side}.pressure" if held == "pressure" else f"ask for more in {side}.pressure.{held}"
            parts.append(
                f"The pressure on the {side} falls to {lowest * 1e-5:.3g} bar, below vacuum, where no liquid flows: "
                f"{more}, or take less flow or friction."
            )
    beyond = [one for one in summary["elements"] if one["warning"]]
    if beyond:
        first, several = beyond[0], len(totals.plant.stages) > 1
        name = f"Element {first['element']}" + (f" of stage {first['stage']}" if several else "")
        more = f" ({len(beyond) - 1} more elements exceed a limit, too)" if len(beyond) > 1 else ""
        parts.append(f"{name}: {first['warning']}{more}.")
    for row, side in enumerate(SIDES):
        if side in totals.plant.flowing:
            ends = np.sort(np.abs([seen.entering[row, :, 0], seen.leaving[row, :, 0]]), axis=0)
            moving = zip((element for _, element in totals.plant.elements), *ends.tolist(), strict=True)
            sentences = correlation_remarks(case, side, [each for each in moving if each[1] > 0.0])
            parts += [f"{each}." for each in sentences if each not in case.warnings]
    if has_range(case) and not case.properties.osmotic_coefficient.polynomial:
        found = np.concatenate(
            [seen.wall.reshape(-1, len(case.solutes)), seen.concentration.reshape(-1, len(case.solutes))]
        )
        parts += mixture.out_of_range(case, solution_of(case), found.tolist())
    return parts
