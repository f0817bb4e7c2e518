"""Random but valid cases: whatever is asked, physics holds (DESIGN §3a).

What a check needs of physics stands here again, in the simplest form. The examples are the same in every run.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, settings

import membrane_pde as mp
from membrane_pde.input.build import build
from membrane_pde.input.properties import volumes_per_area
from membrane_pde.results.result import Result
from tests.drawn import GENERAL, R, cases, closed_cases, gases

NAMED = {
    "ran dry": "a side ran dry",
    "no concentration at the membrane could be found": "a flux that is held piles up solute",
    "in through the outflow": "an outflow turned",
    "Something changes too fast for it": "CVODE found no step",
}
FEW, MANY = settings(GENERAL, max_examples=50), settings(GENERAL, max_examples=1000)


# -- what holds ------------------------------------------------------------------------------------------------------
def run(raw: dict[str, Any]) -> Result:
    try:
        return mp.run(build(raw, "random"))
    except mp.RunError as error:
        return error.result


def array(result: Result, name: str) -> np.ndarray:
    return np.asarray(result.arrays[name])


def both(result: Result, name: str) -> tuple[np.ndarray, np.ndarray]:
    return array(result, name.format("left")), array(result, name.format("right"))


def scales(result: Result) -> np.ndarray:
    """The largest concentration of each solute anywhere at the start or outside, which its tolerance is counted in."""
    found = np.zeros(len(result.solutes))
    for one in (result.case.left, result.case.right):
        for outside in (one.concentration, one.backflow, one.feed and one.feed.concentration):
            if isinstance(outside, dict):
                values = [outside[name] for name in result.solutes]
                highest = [value if isinstance(value, float) else max(value.value) for value in values]
                found = np.maximum(found, highest)
    found[found == 0.0] = found.max() or 1.0
    return found


def tolerance(result: Result) -> float:
    run = result.case.run
    return run.rtol if run.until == "duration" else min(run.rtol, 1e-9)


def check_end(result: Result) -> None:
    """It finished, or stopped for a reason that has a name and is true."""
    summary, case = result.summary, result.case
    if summary["status"] != "failed":
        assert summary["status"] in ("completed", "equilibrium", "steady")
        assert summary["end_time_s"] <= case.run.duration
        return
    reason = next((name for words, name in NAMED.items() if words in summary["message"]), None)
    assert reason, summary["message"]
    event(reason)
    assert re.search(r"Try |Give |backflow = \"last\"", summary["message"])
    sides = {"left": case.left, "right": case.right}
    if reason == "a side ran dry":
        name = next(name for name in sides if re.search(f"^At [^ ]+ [a-z]+ the {name} side", summary["message"]))
        rest = summary[f"length_{name}_m"] - (sides[name].length if sides[name].boundary == "bath" else 0.0)
        bath = sides[name].boundary == "bath"
        if bath and sides[name].stirred:
            rest = summary[f"length_{name}_m"]
        whole = sides[name].volume if bath else sides[name].length
        assert rest == pytest.approx((1e-6 if bath else 1e-3) * whole, rel=1e-2, abs=1e-12 * sides[name].length)
    elif reason == "CVODE found no step":
        assert case.run.solver == "cvode"
        assert 'run.solver = "rosenbrock"' in summary["message"]
    else:
        name = "left" if case.left.boundary == "outflow" else "right"
        assert sides[name].backflow is None
        if summary["end_time_s"] == 0.0:  # shown is the flux between the walls before anything has moved
            return
        into = summary["water_flux_m_per_s"] * (1.0 if name == "left" else -1.0)
        assert into >= -1e-6 * np.abs(array(result, "water_flux_m_per_s")).max()


def check_amounts(result: Result) -> None:
    assert 0.0 <= result.summary["amount_error"] <= 1e-10


def check_bounds(result: Result) -> None:
    """No concentration below −10 atol; in a cell that has shrunk, of the width that its amount's tolerance is of."""
    width = array(result, "width")[:, None, :]
    held = array(result, "concentration") * width
    assert np.isfinite(held).all()
    lowest = (held / np.maximum(width, width[0])).min(axis=(0, 2))
    assert (lowest >= -10.0 * tolerance(result) * scales(result)).all(), lowest / scales(result) / tolerance(result)


def particles(result: Result) -> np.ndarray:
    return np.array([s.dissociation for s in result.case.solutes.values()]) * R * result.case.temperature


def wall_shares(result: Result) -> tuple[np.ndarray, np.ndarray]:
    """Each solute's share of the osmotic pressure at the membrane, by its particles (DESIGN §3a): (time, solute)."""
    shares = []
    totals = both(result, "wall_osmotic_pressure_{}_Pa")
    for c, total in zip(both(result, "wall_concentration_{}_mol_per_m3"), totals, strict=True):
        number = c * particles(result)
        if result.case.osmotic_model == "ideal":
            shares.append(number)
            continue
        whole = number.sum(axis=1, keepdims=True)
        shares.append(total[:, None] * np.divide(number, whole, out=np.zeros_like(number), where=whole != 0.0))
    return shares[0], shares[1]


def check_water(result: Result) -> None:
    """Water flows along its summed driving force, as fast as the membrane lets it."""
    case, flux = result.case, array(result, "water_flux_m_per_s")
    if case.membrane.type == "none" or case.membrane.water_permeability == 0.0:
        assert (flux == 0.0).all()
        return
    left, right = wall_shares(result)
    reflection = np.array([case.membrane.solutes[name].reflection for name in result.solutes])
    applied = np.subtract(*both(result, "pressure_{}_Pa"))
    drive = applied - (reflection * (left - right)).sum(axis=1)
    size = np.abs(np.stack(both(result, "pressure_{}_Pa"))).sum(axis=0)
    size = size + (reflection * (np.abs(left) + np.abs(right))).sum(axis=1)
    if "rigid" in (case.left.boundary, case.right.boundary):
        assert (flux == 0.0).all()
        assert (np.abs(drive) <= 1e-9 * size.max()).all()
        return
    noise = 1e-9 * size
    if case.osmotic_model != "ideal":  # what is below zero, within the tolerance, has no share in a real solution
        walls = np.stack(both(result, "wall_concentration_{}_mol_per_m3"))
        noise += 2.0 * (np.maximum(-walls, 0.0) * particles(result)).sum(axis=(0, 2))
    assert (flux * drive >= -np.abs(flux) * noise).all()
    miss = np.abs(flux - case.membrane.water_permeability * drive)
    # the flux is found to 1e-9 of itself, and a wall that piles up feels that times the Péclet number of its half cell
    allowed = 1e-7 * np.abs(flux) + case.membrane.water_permeability * (noise + 1e-7 * size)
    assert (miss <= allowed).all(), float((miss - allowed).max())


def check_second_law(result: Result) -> None:
    """``J_v (Δp − Δπ) + Σ J_s ν_s R T ln(c_wL/c_wR) ≥ −1e-10`` of its largest term, with ideal π (DESIGN §3a)."""
    case = result.case
    if case.membrane.type == "none" or case.osmotic_model != "ideal":
        return
    left, right = both(result, "wall_concentration_{}_mol_per_m3")
    right = right / np.array([case.membrane.solutes[name].partition for name in result.solutes])
    water, solute = array(result, "water_flux_m_per_s"), array(result, "solute_flux_mol_per_m2_s")
    applied = np.subtract(*both(result, "pressure_{}_Pa"))
    there = (left > 0.0) & (right > 0.0)
    solute = np.where(np.abs(left - right) <= 1e-14 * np.maximum(left, right), 0.0, solute)  # level, but for round-off
    share = solute * particles(result) * np.log(np.where(there, left, 1.0) / np.where(there, right, 1.0))
    terms = np.column_stack([water * applied, -water[:, None] * particles(result) * (left - right), share])
    noise = 1e-15 * np.abs(water) * ((np.abs(left) + np.abs(right)) * particles(result)).sum(axis=1)
    fine = terms.sum(axis=1) >= -1e-10 * np.abs(terms).max(axis=1) - noise
    # into a side that holds none of it the loss is infinite; below zero, within the tolerance, it has no logarithm
    assert (fine | ~there.all(axis=1)).all()
    none = np.minimum(left, right) == 0.0
    into_nothing = np.where(left > right, solute, -solute)[none & (np.maximum(left, right) > 0.0)]
    assert (into_nothing >= 0.0).all()


def check(raw: dict[str, Any]) -> None:
    result = run(raw)
    event(result.summary["status"])
    check_end(result)
    check_amounts(result)
    check_bounds(result)
    if result.case.phase == "liquid":
        check_water(result)
        check_second_law(result)


def check_equilibrium(raw: dict[str, Any]) -> None:
    """The end of a closed run: nothing that can pass is driven any more, and it is where the analysis says."""
    result = run(raw)
    summary, case, end = result.summary, result.case, result.summary["equilibrium"]
    check_end(result)
    check_amounts(result)
    if summary["status"] == "failed":  # a side may run dry on the way, or for want of an equilibrium
        event("dry" if "runs dry" in end["message"] else "dry on the way")
        return
    if summary["status"] == "completed":
        event("no time to come to the end")
        return
    assert "runs dry" not in end["message"]
    if end["displaced_volume_m"] is None or end["concentration_left_mol_per_m3"] is None:
        event(f"no unique end: {summary['status']}")
        return
    event(summary["status"])
    if summary["distance_to_equilibrium"] is None:  # there from the start: nothing to measure the way by
        assert summary["status"] == "steady"
    else:
        assert summary["status"] == "equilibrium", summary["message"]
    left, right = (np.array(list(summary[f"concentration_{name}_mol_per_m3"].values())) for name in ("left", "right"))
    held = array(result, "concentration") * array(result, "width")[:, None, :]
    whole = float(
        held[0].sum() + sum(map(float, (case.left.volume or 0.0, case.right.volume or 0.0))) * scales(result).sum()
    )
    for name, volume in zip(("left", "right"), volumes_per_area(case), strict=True):  # the distance begins with the end
        whole += volume * sum(end[f"concentration_{name}_mol_per_m3"].values())
    for name in ("left", "right"):
        expected = end[f"concentration_{name}_mol_per_m3"]
        near = 1e-6 + 1e-7 * abs(end["displaced_volume_m"]) / end[f"length_{name}_m"]  # where little is left
        size = 1e-7 * whole / summary[f"length_{name}_m"]  # the distance counts all amounts together
        assert summary[f"concentration_{name}_mol_per_m3"] == pytest.approx(expected, rel=near, abs=size)
        assert summary[f"length_{name}_m"] == pytest.approx(end[f"length_{name}_m"], rel=near)
    bare = case.membrane.type == "none"
    for i, name in enumerate(result.solutes):
        if bare or case.membrane.solutes[name].permeability > 0.0:
            ratio = 1.0 if bare else case.membrane.solutes[name].partition
            assert right[i] == pytest.approx(
                ratio * left[i], rel=1e-6, abs=2e-7 * whole / min(summary["length_left_m"], summary["length_right_m"])
            )
    if bare or case.membrane.water_permeability == 0.0:
        return
    shares = wall_shares(result)
    reflection = np.array([case.membrane.solutes[name].reflection for name in result.solutes])
    pull = float(((shares[0] - shares[1])[-1] * reflection).sum())
    applied = summary["pressure_left_Pa"] - summary["pressure_right_Pa"]
    size = float(np.abs(np.stack(both(result, "pressure_{}_Pa"))).max())
    size += float(((np.abs(shares[0]) + np.abs(shares[1]))[-1] * reflection).sum())
    loose = 2e-7 * whole / min(summary["length_left_m"], summary["length_right_m"])
    for name in ("left", "right"):  # a side that has nearly run dry feels the last of the water that moves
        size *= 1.0 + 1e-2 * abs(end["displaced_volume_m"]) / end[f"length_{name}_m"]
    assert applied == pytest.approx(pull, abs=1e-5 * size + float(loose * particles(result).max()))


@FEW
@given(cases())
def test_any_case(raw: dict[str, Any]) -> None:
    check(raw)


@settings(FEW, max_examples=10)
@given(gases())
def test_gases(raw: dict[str, Any]) -> None:
    check(raw)


@FEW
@given(closed_cases())
def test_closed_cases_end_at_equilibrium(raw: dict[str, Any]) -> None:
    check_equilibrium(raw)


@pytest.mark.slow
@MANY
@given(cases())
def test_a_thousand_cases(raw: dict[str, Any]) -> None:
    check(raw)


@pytest.mark.slow
@MANY
@given(closed_cases())
def test_a_thousand_closed_cases(raw: dict[str, Any]) -> None:
    check_equilibrium(raw)
