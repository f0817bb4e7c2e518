"""Random but valid cases of every kind, drawn by Hypothesis as the dictionary of a case file."""

from __future__ import annotations

import math
import re
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from membrane_pde.input.build import build
from membrane_pde.input.properties import volumes_per_area

R = 8.31446261815324  # J/(mol K), exact by the definition of the mole and the kelvin
LMHB = 1e-3 / 3600 / 1e5  # m/s/Pa
LONGEST = 1e7  # s, of a closed run
GENERAL = settings(
    derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False
)


# -- cases, as a case file's dictionary ------------------------------------------------------------------------------
def decades(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(math.log10(low), math.log10(high)).map(lambda x: float(f"{10.0**x:.4g}"))


def between(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high).map(lambda x: round(x, 4))


def often(value: Any, other: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A special value in about a third of the cases."""
    return st.one_of(st.just(value), other, other)


def si(number: float, unit: str) -> str:
    return f"{number!r} {unit}"


CONCENTRATION = often(0.0, decades(1e-3, 3000.0)).map(lambda c: si(c, "mol/m^3"))
PRESSURE = st.one_of(st.just(0.0), between(-5.0, 60.0))  # bar
LIBRARY = ["NaCl", "KCl", "CaCl2", "MgSO4", "glucose", "sucrose", "urea", "glycerol"]


@st.composite
def solutes(draw: st.DrawFn, model: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name in "ABC"[: draw(st.integers(1, 3))]:
        if model == "pitzer" and draw(st.booleans()):
            found[draw(st.sampled_from([each for each in LIBRARY if each not in found]))] = {}
            continue
        own: dict[str, Any] = {
            "diffusivity": si(draw(decades(1e-11, 5e-9)), "m^2/s"),
            "dissociation": draw(st.sampled_from([1, 1, 2, 3, 1.86])),
        }
        if model == "virial":
            own["virial"] = [si(draw(often(0.0, decades(1e-3, 0.3))), "L/mol")]
        if model == "pitzer":
            own["apparent_volume"] = si(draw(often(0.0, between(5.0, 150.0))), "cm^3/mol")
            if draw(st.booleans()):
                own |= {"osmotic_coefficient": [draw(between(0.0, 0.1))], "max_molality": "3 mol/kg"}
        found[name] = own
    return found


@st.composite
def pressure(draw: st.DrawFn, duration: float, flux: float, kinds: list[str]) -> Any:
    """Applied pressure in any of its forms; `flux` is the size of one that may be held, m/s."""
    kind = draw(st.sampled_from(kinds))
    if kind == "constant":
        return si(draw(PRESSURE), "bar")
    if kind == "flux":
        return {"flux": si(flux * draw(between(-1.0, 1.0)), "m/s")}
    if kind == "oscillation":
        wave = {
            "mean": si(draw(PRESSURE), "bar"),
            "amplitude": si(draw(between(0.0, 20.0)), "bar"),
            "period": si(duration / draw(between(0.5, 12.0)), "s"),
            "shape": draw(st.sampled_from(["sine", "pulse"])),
        }
        return wave | ({"duty": draw(between(0.1, 0.9))} if wave["shape"] == "pulse" else {})
    times = sorted(draw(st.sets(st.integers(0, 12), min_size=1, max_size=4)))
    return {
        "schedule": [[si(duration * t / 10, "s"), si(draw(PRESSURE), "bar")] for t in times],
        "shape": draw(st.sampled_from(["step", "ramp"])),
    }


@st.composite
def side(draw: st.DrawFn, names: list[str], boundary: str, stirred: bool, least: float = 2e-6) -> dict[str, Any]:
    length = draw(decades(least, 0.05 if least < 1e-5 else 5e-3))
    levels: dict[str, Any] = {name: draw(CONCENTRATION) for name in names}
    found: dict[str, Any] = {"boundary": boundary, "length": si(length, "m"), "concentration": levels}
    if stirred:
        found["stirred"] = True
    elif draw(st.integers(0, 4)) == 0:
        points = [["0 m", draw(CONCENTRATION)], [si(0.4 * length, "m"), draw(CONCENTRATION)]]
        levels[names[0]] = {"profile": [*points, [si(length, "m"), draw(CONCENTRATION)]]}
    if draw(st.integers(0, 4)) == 0:
        found["diffusivity"] = {names[-1]: si(draw(decades(1e-11, 5e-9)), "m^2/s")}
    if boundary == "standpipe":
        found["tube_area"] = draw(decades(1e-4, 10.0))
    elif boundary == "elastic":
        found["modulus"] = si(draw(decades(1e-2, 200.0)), "bar")
    elif boundary == "bath":
        found["volume"] = si(length * draw(decades(0.1, 100.0)), "m")
        if stirred:
            del found["length"]
    return found


def in_and_out(draw: st.DrawFn, found: dict[str, Any], names: list[str], flux: float) -> None:
    """What an open end takes besides."""

    def solution() -> dict[str, str]:
        return {name: draw(CONCENTRATION) for name in names}

    if found["boundary"] == "outflow":
        backflow = draw(st.sampled_from(["", "last", "known"]))
        if backflow:
            found["backflow"] = "last" if backflow == "last" else solution()
    elif found["boundary"] == "bath":
        feed = draw(st.sampled_from(["", "make-up", "constant"]))
        if feed:
            constant = {"flow": si(flux * draw(between(0.0, 2.0)), "m/s"), "concentration": solution()}
            found["feed"] = solution() if feed == "make-up" else constant
        found["bleed"] = si(draw(often(0.0, between(0.0, 1.0).map(lambda x: x * flux))), "m/s")


@st.composite
def membrane(draw: st.DrawFn, names: list[str], slow: float) -> dict[str, Any]:
    """Numbers of many decades, `slow` of the slowest: permeability, m/s."""
    kind = draw(st.sampled_from(["numbers"] * 6 + ["ideal", "none", "pores"]))
    if kind == "none":
        return {"type": "none"}
    if kind == "ideal":
        return {"type": "ideal", "water_permeability": si(draw(decades(0.01, 100.0)), "L/m^2/hour/bar")}
    if kind == "pores":
        return {"pore_radius": si(draw(between(0.3, 5.0)), "nm"), "porosity_over_thickness": "2e5 1/m"}
    law = draw(st.sampled_from(["solution-diffusion", "kedem-katchalsky", "spiegler-kedem", "spiegler-kedem"]))
    water = draw(st.one_of(st.just(0.0), *[decades(1e-3 if slow < 1e-11 else 0.05, 1e3)] * 5))
    numbers = {}
    for name in names:
        numbers[name] = {"permeability": si(draw(often(0.0, decades(slow, 1e-3 if slow < 1e-11 else 1e-5))), "m/s")}
        if law != "solution-diffusion":
            numbers[name]["reflection"] = draw(st.one_of(st.just(0.0), st.just(1.0), between(0.0, 1.0)))
            if law == "kedem-katchalsky" and numbers[name]["permeability"].startswith("0.0 "):
                numbers[name]["reflection"] = 1.0  # else there may be many water fluxes, each searched for at length
        if water == 0.0:
            numbers[name]["partition"] = draw(often(1.0, decades(0.05, 20.0)))
    return {"flux_law": law, "water_permeability": si(water, "L/m^2/hour/bar"), "solutes": numbers}


def water_permeability(raw: dict[str, Any]) -> float:
    return float(raw["membrane"].get("water_permeability", "1 x").split()[0]) * LMHB


def slowest(raw: dict[str, Any]) -> float:
    """Time for diffusion along a side, s."""
    lengths = [float(raw[name].get("length", raw[name].get("volume")).split()[0]) for name in ("left", "right")]
    return max(lengths) ** 2 / 1e-9


def gentle(raw: dict[str, Any]) -> float:
    """A water flux that piles up a solute no further than what diffuses away from a membrane can keep up with, m/s."""
    case = build(raw | {"run": {"duration": "1 s"}}, "gentle")
    sides = case.left, case.right
    slowest = min(
        [s.diffusivity for s in case.solutes.values()] + [d for each in sides for d in each.diffusivity.values()]
    )
    return 5.0 * slowest / max(each.length for each in sides)


def end_time(raw: dict[str, Any]) -> float:
    """Time after which what can pass has passed, s: along the sides, and through the membrane."""
    case = build(raw | {"run": {"duration": "1 s"}}, "closed")
    sides = case.left, case.right
    length = max(volumes_per_area(case))
    speeds = [solute.diffusivity / length for solute in case.solutes.values()]
    speeds += [value / length for each in sides for value in each.diffusivity.values()]
    speeds += [numbers.permeability for numbers in case.membrane.solutes.values() if numbers.permeability > 0.0]
    if case.membrane.water_permeability > 0.0:  # by the osmotic pressure of the most dilute solution
        written = re.findall(r"([0-9.e-]+) mol/m", f"{raw['left']} {raw['right']}")
        dilute = min([float(c) for c in written if float(c) > 0.0], default=1.0)
        speeds.append(case.membrane.water_permeability * R * case.temperature * dilute)
    return length / min(speeds)


def top(draw: st.DrawFn, model: str, slow: float = 1e-13) -> dict[str, Any]:
    declared = draw(solutes(model))
    temperature = f"{draw(st.sampled_from([0, 4, 25, 37, 60, 100]))} degC"
    raw = {"temperature": temperature, "osmotic_model": model, "solutes": declared, "membrane": {}}
    raw["membrane"] = draw(membrane(list(declared), slow))
    if "pore_radius" in raw["membrane"]:
        for name, own in declared.items():
            if name in "ABC":
                own["radius"] = si(draw(between(0.1, 6.0)), "nm")
            else:
                own["radius"] = "0.3 nm"
    return raw


def numerics(draw: st.DrawFn) -> dict[str, Any]:
    cells = draw(st.one_of(st.none(), *[st.integers(1, 24)] * 3))
    return {} if cells is None else {"mesh": {"cells": cells}}


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """Any case of a liquid."""
    raw = top(draw, draw(st.sampled_from(["ideal", "ideal", "ideal", "virial", "pitzer"])))
    names, bare = list(raw["solutes"]), raw["membrane"].get("type") == "none"
    boundaries = ["piston", "rigid", "reservoir", "bath"]
    boundaries += [] if bare else ["standpipe", "elastic", "outflow"]
    left = draw(st.sampled_from(boundaries))
    at_most_once = left if left in ("rigid", "outflow") and not bare else ""
    right = draw(st.sampled_from([each for each in boundaries if each != at_most_once]))
    stirred = draw(st.sampled_from([(False, False)] * 4 + [(True, False), (False, True)] + [(True, True)] * (not bare)))
    for name, boundary, mixed in zip(("left", "right"), (left, right), stirred, strict=True):
        raw[name] = draw(side(names, boundary, mixed))
    duration = float(f"{slowest(raw) * draw(decades(1e-4, 30.0)):.4g}")
    flux = min(max(water_permeability(raw), LMHB / 10) * 10e5, gentle(raw))
    for name in ("left", "right"):
        in_and_out(draw, raw[name], names, flux)
    kinds, rigid = ["constant", "constant", "schedule", "oscillation"], "rigid" in (left, right)
    if bare:
        applied = draw(st.one_of(st.none(), pressure(duration, flux, kinds)))
        for name in ("left", "right"):
            if applied is not None:
                raw[name]["pressure"] = applied
    else:
        held = "" if rigid or water_permeability(raw) == 0.0 else draw(st.sampled_from(["", "", "", "left", "right"]))
        for name in ("left", "right"):
            if raw[name]["boundary"] != "rigid" and (name == held or draw(st.booleans())):
                raw[name]["pressure"] = draw(pressure(duration, flux, ["flux"] if name == held else kinds))
    wave = any("mean" in str(raw[name].get("pressure")) for name in ("left", "right"))
    raw["run"] = {
        "duration": si(duration, "s"),
        "until": draw(st.sampled_from(["duration"] if wave else ["duration", "duration", "steady", "equilibrium"])),
        "outputs": draw(st.integers(2, 25)),
        "rtol": draw(st.sampled_from([1e-6, 1e-6, 1e-4, 1e-8])),
        "solver": draw(st.sampled_from(["rosenbrock"] * 4 + ["cvode"])),
    }
    return raw | numerics(draw)


@st.composite
def gases(draw: st.DrawFn) -> dict[str, Any]:
    """Two gases, and perhaps a third that is not followed."""
    shares = [draw(between(0.0, 1.0)) for _ in range(2)]
    raw: dict[str, Any] = {
        "phase": "gas",
        "temperature": f"{draw(st.integers(-50, 400))} degC",
        "solutes": {name: {"diffusivity": "2e-5 m^2/s"} for name in "AB"},
        "membrane": {"type": "none"},
        "run": {"duration": si(draw(decades(1e-3, 1e5)), "s"), "until": draw(st.sampled_from(["duration", "steady"]))},
    }
    for name, share in zip(("left", "right"), shares, strict=True):
        rest = (1.0 - share) * draw(st.sampled_from([0.0, 0.5, 1.0]))
        fractions = {"A": si(share, "mol/mol"), "B": si(rest, "mol/mol")}
        raw[name] = {"length": si(draw(decades(1e-3, 1.0)), "m"), "pressure": "1 atm", "concentration": fractions}
    return raw | numerics(draw)


@st.composite
def closed_cases(draw: st.DrawFn) -> dict[str, Any]:
    """Nothing enters or leaves, what is applied stays, and there is time enough to come to the end."""
    raw = top(draw, draw(st.sampled_from(["ideal", "ideal", "virial", "pitzer"])), slow=1e-8)
    names, bare = list(raw["solutes"]), raw["membrane"].get("type") == "none"
    boundaries = ["piston", "rigid", "bath"] + ([] if bare else ["piston", "standpipe", "elastic"])
    left = draw(st.sampled_from(boundaries))
    right = draw(st.sampled_from([each for each in boundaries if bare or left != "rigid" or each != "rigid"]))
    for name, boundary in (("left", left), ("right", right)):
        raw[name] = draw(side(names, boundary, not (bare and name == "right") and draw(st.integers(0, 3)) == 0, 2e-5))
        if boundary != "rigid" and not bare and draw(st.booleans()):
            raw[name]["pressure"] = draw(pressure(1.0, 0.0, ["constant"]))
    # no step is shorter than 1e-14 of the duration: this leaves it short enough for the thinnest layer
    raw["run"] = {"duration": si(min(100.0 * end_time(raw), LONGEST), "s"), "until": "equilibrium", "outputs": 20}
    return raw | numerics(draw)
