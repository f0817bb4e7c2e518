"""Laws that hold for every case: conservation, limits, symmetry, independence of units and scales."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np

from membrane_pde import analytic
from membrane_pde.input.casefile import case_names, load_case
from membrane_pde.runs import run
from membrane_pde.verify.cases import RT, one_solute, side, solve
from membrane_pde.verify.checks import Check, Panel, Series, at_most, near

CONSERVED = "amounts held, less what was there and what came through the boundaries"
COMPARED = (
    "water_flux_m_per_s",
    "displaced_volume_m",
    "solute_flux_mol_per_m2_s",
    "amount_transferred_mol_per_m2",
    "pressure_left_Pa",
    "pressure_right_Pa",
    "length_left_m",
    "length_right_m",
    "concentration_left_mol_per_m3",
    "concentration_right_mol_per_m3",
    "wall_concentration_left_mol_per_m3",
    "wall_concentration_right_mol_per_m3",
    "energy_J_per_m2",
)
SIGNED = COMPARED[:4]  # positive from left to right, so that the sign changes when the sides are exchanged
FEW = {"cells": 8}


def values(summary: dict[str, Any]) -> dict[str, float]:
    """Numbers of a summary that can be compared, with separate entries for each solute."""
    found: dict[str, float] = {}
    for key in COMPARED:
        value = summary[key]
        if isinstance(value, dict):
            found |= {f"{key}, {name}": each for name, each in value.items() if each is not None}
        elif value is not None:
            found[key] = value
    return found


def gap(one: dict[str, float], other: dict[str, float], least: float = 0.0) -> tuple[float, str]:
    """Largest difference of two sets of `values` ÷ largest value of its kind (or `least`), and its key."""
    kinds: dict[str, float] = {}
    for key in one:
        kinds[_kind(key)] = max(kinds.get(_kind(key), least), abs(one[key]), abs(other[key]))
    largest, place = 0.0, ""
    for key in one:
        if one[key] != other[key] and not abs(one[key] - other[key]) <= largest * kinds[_kind(key)]:
            largest, place = abs(one[key] - other[key]) / kinds[_kind(key)], key
    return largest, place


def _kind(key: str) -> str:
    """Kind of a value, the same for both sides and all solutes."""
    return key.partition(",")[0].replace("left", "").replace("right", "")


# -- conservation -----------------------------------------------------------------------------------------------------
def conservation(quick: bool) -> Iterator[Check | Panel]:
    """No solute is lost or made: every case that comes with the package, every flux law and solver."""
    names = ("osmosis", "leaky") if quick else case_names()
    found = {}
    for name in names:
        case = load_case(name)
        if quick:
            case = case.with_values({"mesh.cells": 12})
        error = run(case).summary["amount_error"]
        if error is not None:  # a steady state along a membrane has no amounts that were there before
            found[name] = error
            yield at_most(name, "", error, 1e-10, CONSERVED)
    for law in ("solution-diffusion", "kedem-katchalsky", "spiegler-kedem"):
        for solver in ("rosenbrock", "cvode", "fipy"):
            if quick and solver == "fipy" and law != "spiegler-kedem":
                continue
            span, rtol = ("0.5 s", 1e-2) if solver == "fipy" else ("20 s", 1e-4)  # FiPy takes its time
            raw = leaky(law) | {"run": {"duration": span, "outputs": 2, "solver": solver, "rtol": rtol}}
            found[f"{law}, {solver}"] = solve(raw).summary["amount_error"]
            yield at_most(f"{law}, {solver}", "", found[f"{law}, {solver}"], 1e-10, CONSERVED)
    yield _below("Imbalance of the amounts", list(found), list(found.values()), 1e-10)


def _below(title: str, names: list[str], sizes: list[float], limit: float) -> Panel:
    """Checks of magnitudes that should be zero, with their upper bounds."""
    places = list(range(len(sizes)))
    allowed = Series("allowed", places, [limit] * len(places))
    ours = Series("package", places, [max(size, 1e-17) for size in sizes], ours=True)
    return Panel(title, "", "", [ours, allowed], "y", names)


def leaky(law: str = "spiegler-kedem", **more: Any) -> dict[str, Any]:
    """Salt that leaks against sugar that does not, under pressure: water and both solutes move."""
    sigma = 1.0 if law == "solution-diffusion" else 0.7
    return {
        "temperature": "298.15 K",
        "solutes": {
            "A": {"diffusivity": "1.5e-9 m^2/s", "dissociation": 2},
            "B": {"diffusivity": "7e-10 m^2/s", "dissociation": 1},
        },
        "left": {
            "length": "0.0002 m",
            "concentration": {"A": "20 mol/m^3", "B": "50 mol/m^3"},
            "pressure": "200000 Pa",
        },
        "right": {"length": "0.0001 m", "concentration": {"A": "120 mol/m^3", "B": "10 mol/m^3"}},
        "membrane": {
            "flux_law": law,
            "water_permeability": "4e-12 m/s/Pa",
            "solutes": {
                "A": {"permeability": "2e-7 m/s", "reflection": sigma},
                "B": {"permeability": "5e-8 m/s", "reflection": 1.0},
            },
        },
        "mesh": FEW,
        "run": {"duration": "60 s", "outputs": 9},
        **more,
    }


# -- limits -----------------------------------------------------------------------------------------------------------
def limits(quick: bool) -> Iterator[Check | Panel]:
    """The limits of the laws are reached, and reached smoothly: J_v → 0, P → 0 and ∞, σ → 0 and 1, an empty side."""
    timed: dict[str, Any] = {"mesh": FEW, "duration": 0.2, "outputs": 3, "rtol": 1e-7}
    apart = "the same case with the limit itself"
    laws = ("spiegler-kedem", "kedem-katchalsky")

    def case(water: float, right: float = 0.2, pressure: float = 0.0, **more: Any) -> dict[str, Any]:
        left = side(1.0, 1.0, pressure=f"{pressure * RT!r} Pa")
        return one_solute(left, side(1.0, right), water=water / RT, **(timed | more))

    def both(what: str, limit: dict[str, Any], nearly: dict[str, Any], off: float) -> Check:
        difference, place = gap(values(solve(limit).summary), values(solve(nearly).summary), least=1.0)
        return at_most(f"{what}: largest difference{f', {place}' if place else ''}", "", difference, off, apart)

    for law in laws:
        given: dict[str, Any] = {"law": law, "permeability": 0.5, "reflection": 0.4}
        yield both(f"J_v → 0, {law}", case(0.0, **given), case(1e-12, **given), 1e-9)
        for sigma in (0.4, 1.0):
            given = {"law": law, "reflection": sigma, "pressure": 1.0}
            yield both(
                f"P → 0, σ = {sigma:g}, {law}",
                case(1.0, permeability=0.0, **given),
                case(1.0, permeability=1e-14, **given),
                1e-8,
            )
        for sigma in (0.0, 1.0):
            given = {"law": law, "permeability": 0.5, "pressure": 1.0}
            close = abs(sigma - 1e-10)
            yield both(
                f"σ → {sigma:g}, {law}",
                case(1.0, reflection=sigma, **given),
                case(1.0, reflection=close, **given),
                1e-7,
            )
        given = {"law": law, "permeability": 0.5, "reflection": 0.6, "pressure": 1.0}
        yield both(f"an empty side, {law}", case(1.0, 0.0, **given), case(1.0, 1e-13, **given), 1e-8)
    given = {"permeability": 0.5, "pressure": 1.0}
    diffusing = case(1.0, law="solution-diffusion", **given)
    yield both("σ = 1 is solution-diffusion", diffusing, case(1.0, law="spiegler-kedem", **given), 1e-9)

    box = case(0.0)
    box["membrane"] = {"type": "none"}
    free, wide = solve(box).summary, solve(case(0.0, permeability=1e9)).summary
    partition = "the partition removed"
    for which in ("left", "right"):
        mean, got = (s[f"concentration_{which}_mol_per_m3"]["S"] for s in (free, wide))
        yield near(f"P → ∞: mean, {which}", "mol/m³", mean, got, 1e-8, partition)
    walls = [wide[f"wall_concentration_{which}_mol_per_m3"]["S"] for which in ("left", "right")]
    yield near("P → ∞: wall, right, as the left one", "mol/m³", walls[0], walls[1], 1e-8, partition)
    flux = solve(case(0.3, pressure=1.0, permeability=0.5, reflection=0.0)).summary["water_flux_m_per_s"]
    yield near("σ = 0: water flux", "m/s", 0.3, flux, 1e-12, "J_v = L_p Δp")

    mixed = {"stirred": True}
    for pressing in (30.0, 300.0):
        squeezed = one_solute(
            side(1.0, 1.0, **mixed, pressure=f"{pressing * RT!r} Pa"),
            side(1.0, 0.2, **mixed),
            water=1.0 / RT,
            duration=5.0,
            outputs=3,
            rtol=1e-9,
        )
        end = analytic.two_pistons_equilibrium(1.0, 0.2, 2.0, pressing)
        got = solve(squeezed).summary["length_left_m"]
        closed = "the root in (0, V_T) of g V² − (g V_T + N) V + n1 V_T = 0"
        yield near(f"squeezed to {end:.2g} of its volume", "m", end, got, 1e-6 * end, closed)
    some = np.geomspace(0.1, 300.0, 6 if quick else 18)
    ends = [analytic.two_pistons_equilibrium(1.0, 0.2, 2.0, float(g)) for g in some]
    raw = one_solute(side(1.0, 1.0, **mixed), side(1.0, 0.2, **mixed), water=1.0 / RT, duration=50.0, outputs=3)
    lengths = []
    for g in some:
        raw["left"]["pressure"] = f"{float(g) * RT!r} Pa"
        lengths.append(solve(raw).summary["length_left_m"])
    curves = [Series("quadratic", some, ends), Series("package", some, lengths, ours=True)]
    yield Panel("Left of two pistons at its end", "pressure over R T, mol/m³", "m", curves, "xy")


# -- symmetry, units, scales -------------------------------------------------------------------------------------------
def turned(raw: dict[str, Any]) -> dict[str, Any]:
    """The same case with left and right exchanged."""
    other = copy.deepcopy(raw)
    other["left"], other["right"] = other["right"], other["left"]
    return other


def _turned_values(summary: dict[str, Any]) -> dict[str, float]:
    """`values` with left and right exchanged."""
    found = {}
    for key, value in values(summary).items():
        swapped = key.replace("left", "*").replace("right", "left").replace("*", "right")
        found[swapped] = -value if key.startswith(SIGNED) else value
    return found


def some_cases() -> dict[str, dict[str, Any]]:
    """Cases that differ in everything that may differ between left and right."""
    pump = {"schedule": [["0 s", "0 bar"], ["20 s", "8 bar"]], "shape": "ramp"}
    film = leaky()
    film["left"] |= {"boundary": "reservoir", "pressure": "20 bar"}
    film["right"] |= {"boundary": "outflow", "backflow": {"A": "0 mol/m^3", "B": "0 mol/m^3"}}
    walls = leaky()
    walls["left"] |= {"boundary": "elastic", "modulus": "500000 Pa"}
    walls["right"] |= {"boundary": "elastic", "modulus": "900000 Pa", "pressure": pump}
    tube = leaky()
    tube["left"] |= {"boundary": "standpipe", "tube_area": 0.01}
    bath = leaky("kedem-katchalsky")
    bath["right"] |= {"boundary": "bath", "volume": "0.002 m"}
    return {
        "pistons": leaky(),
        "pistons, logarithmic mean": leaky("kedem-katchalsky"),
        "reservoir and outflow": film,
        "elastic walls, ramp of pressure": walls,
        "standpipe": tube,
        "bath": bath,
    }


def symmetry(quick: bool) -> Iterator[Check | Panel]:
    """With left and right exchanged all results are the same, except for the signs of directed quantities."""
    curves = []
    for name, raw in some_cases().items():
        here, there = solve(raw), solve(turned(raw))
        difference, place = gap(values(here.summary), _turned_values(there.summary))
        what = f"{name}: largest difference{f', {place}' if place else ''}"
        yield at_most(what, "", difference, 1e-9, "the same case, turned round")
        t = here.arrays["time"] / here.arrays["time"][-1]
        curves.append(Series(f"{name}, turned", t, -there.arrays["displaced_volume_m"]))
        curves.append(Series(name, t, here.arrays["displaced_volume_m"], ours=True))
    yield Panel("Displaced volume, that of the turned case with the other sign", "time, of the run", "m", curves)


def scaling(quick: bool) -> Iterator[Check | Panel]:
    """Results do not depend on units, nor on the scales of length, time and concentration."""
    source = "the same case in SI units"
    one = leaky()
    other = copy.deepcopy(one)
    other["temperature"] = "25 degC"
    for name, value in (("A", "1.5e-5 cm^2/s"), ("B", "700 um^2/s")):
        other["solutes"][name]["diffusivity"] = value
    other["left"] |= {"length": "200 um", "pressure": "2 bar", "concentration": {"A": "20 mmol/L", "B": "0.05 mol/L"}}
    other["right"] |= {"length": "0.1 mm", "concentration": {"A": "0.12 mol/L", "B": "10 mM"}}
    other["membrane"]["water_permeability"] = "1.44 L/m^2/hour/bar"
    for name, value in (("A", "0.72 L/m^2/h"), ("B", "0.05 um/s")):
        other["membrane"]["solutes"][name]["permeability"] = value
    other["run"]["duration"] = "1 min"
    here = values(solve(one).summary)
    difference, place = gap(here, values(solve(other).summary))
    yield at_most(f"other units: largest difference, {place}", "", difference, 1e-11, source)

    again = "the same problem without dimensions"
    sizes = {f"other units: {place}": difference}
    for length in (1e-3, 37.0) if quick else (1e-3, 37.0, 1e4):
        for time in (1e-4, 1e3):
            what = f"lengths × {length:g}, times × {time:g}"
            found = _unscaled(values(solve(_scaled(one, length, time, 1.0)).summary), length, time, 1.0)
            sizes[what], _ = gap(here, found)
            yield at_most(what, "", sizes[what], 1e-9, again)
    for amount in (1e-3, 10.0):
        what = f"concentrations and pressures × {amount:g}"
        found = _unscaled(values(solve(_scaled(one, 1.0, 1.0, amount)).summary), 1.0, 1.0, amount)
        sizes[what], _ = gap(here, found)
        yield at_most(what, "", sizes[what], 1e-9, again)
    yield _below("What is left of units and scales", list(sizes), list(sizes.values()), 1e-9)


# powers of the scales of length, time and concentration
POWERS = {
    "m": (1, 0, 0),
    "s": (0, 1, 0),
    "m/s": (1, -1, 0),
    "m^2/s": (2, -1, 0),
    "mol/m^3": (0, 0, 1),
    "Pa": (0, 0, 1),
    "m/s/Pa": (1, -1, -1),
}


def _scaled(raw: Any, length: float, time: float, amount: float) -> Any:
    """A case in SI units with every quantity multiplied by its powers of the scales."""
    if isinstance(raw, dict):
        return {
            key: value if key == "temperature" else _scaled(value, length, time, amount) for key, value in raw.items()
        }
    if not isinstance(raw, str) or " " not in raw:
        return raw
    number, unit = raw.split(" ")
    powers = POWERS[unit]
    return f"{float(number) * length ** powers[0] * time ** powers[1] * amount ** powers[2]!r} {unit}"


def _unscaled(found: dict[str, float], length: float, time: float, amount: float) -> dict[str, float]:
    """The results, divided by the powers of the scales of their units."""
    scales = {
        "water_flux": length / time,
        "displaced": length,
        "length": length,
        "solute_flux": amount * length / time,
        "amount": amount * length,
        "pressure": amount,
        "concentration": amount,
        "wall": amount,
        "energy": amount * length,
    }
    return {
        key: value / next(s for start, s in scales.items() if key.startswith(start)) for key, value in found.items()
    }
