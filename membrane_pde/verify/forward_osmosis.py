"""Forward and pressure-retarded osmosis through a membrane on a support layer, against exact fluxes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from membrane_pde import analytic
from membrane_pde.input.build import build
from membrane_pde.reference import numbers, table
from membrane_pde.runs import run, steady
from membrane_pde.verify.cases import RT, at, one_solute, side, solve
from membrane_pde.verify.checks import Check, Panel, Series, at_most, near, worst
from membrane_pde.verify.exact import LOOSE, of

TABLE = "exact_forward_osmosis_flux: linear osmotic pressure, film theory on the side of the active layer"
LAPLACE = "analytic.growing_polarization: Laplace inversion"
EXACT = "analytic.forward_osmosis, which is checked against the table in `formulas`"
TIGHT = 1e-9  # a steady profile is exact on any mesh
OFF = {"steady": TIGHT, "in time": 1e-7}
MEASURED = (
    "Membranes 2021, 11, 153 (doi:10.3390/membranes11020153), table of app. C: 10 mM against 0.5 M NaCl, mean ± s"
)
ACHILLI = "Achilli, Cath & Childress 2009, J. Membrane Sci. 343, 42: 35 g/L NaCl against fresh water at 970 kPa; ± 10 %"


def forward_osmosis(quick: bool) -> Iterator[Check | Panel]:
    """Forward and pressure-retarded osmosis through a membrane on a support layer."""
    yield from _fluxes(quick)
    yield from _power(quick)
    yield from _growing(quick)
    yield from _filling(quick)
    yield from _measurements()


def on_support(r: dict[str, float], facing: str, *, pressure: float = 0.0, cells: int | None = None) -> dict[str, Any]:
    """A row of the table as a case: the feed on the left, the support on the side that the active layer does not face.

    The film on the side of the active layer has ``length = D/k``; beyond the support the solution is stirred.
    """
    film, stirred = {"boundary": "reservoir"}, {"boundary": "reservoir", "stirred": True}
    layer = {"support": {"structural_parameter": f"{r['S']!r} m"}}
    feed, draw = (film, stirred | layer) if facing == "feed" else (stirred | layer, film)
    thickness = r["D"] / r["kF"]
    return one_solute(
        side(thickness, r["cF"], **feed),
        side(thickness, r["cD"], **draw, pressure=f"{pressure!r} Pa"),
        water=r["A"],
        law="solution-diffusion",
        permeability=r["B"],
        diffusivity=r["D"],
        dissociation=2,
        mesh={} if cells is None else {"cells": cells},
        duration=100.0 * r["S"] ** 2 / r["D"],
        until="steady",
    )


def _exact(r: dict[str, float], facing: str) -> analytic.Osmosis:
    """The exact values of the same case."""
    return analytic.forward_osmosis(
        facing,
        water_permeability=r["A"],
        permeability=r["B"],
        structural_parameter=r["S"],
        diffusivity=r["D"],
        feed=r["cF"],
        draw=r["cD"],
        osmotic=2 * RT,
        **{f"{facing}_transfer": r["kF"]},
    )


def _fluxes(quick: bool) -> Iterator[Check | Panel]:
    """Fluxes of the table in the steady state, found by Newton's method and by running until nothing changes."""
    for row in table("exact_forward_osmosis_flux"):
        r, name = numbers(row), row["case"]
        for facing, column in (("feed", "ALFS"), ("draw", "ALDS")):
            case = build(on_support(r, facing), "check")
            exact = [r[f"Jw_{column}"], r[f"Js_{column}"]]
            found = {"steady": steady(case)} if quick else {"steady": steady(case), "in time": run(case).summary}
            for way, summary in found.items():
                got, off = [summary["water_flux_m_per_s"], -summary["solute_flux_mol_per_m2_s"]["S"]], OFF[way]
                where = f"{name}, facing the {'draw solution' if facing == 'draw' else 'feed'}, {way}"
                yield near(f"{where}: water flux", "m/s", exact[0], got[0], off * exact[0], TABLE)
                yield near(f"{where}: solute flux", "mol/m²/s", exact[1], got[1], off * exact[1], TABLE)
                ratio = r["A"] * 2 * RT / r["B"]
                law = "J_w/J_s = A ν R T/B, whatever the layers: at no pressure both are driven by Δc at the membrane"
                yield near(f"{where}: water per solute", "m³/mol", ratio, got[0] / got[1], 1e-8 * ratio, law)
    r, draws = numbers(table("exact_forward_osmosis_flux")[1]), np.linspace(100.0, 2000.0, 3 if quick else 8)
    curves = []
    for facing, name in (("feed", "facing the feed"), ("draw", "facing the draw solution")):
        fine = np.linspace(draws[0], draws[-1], 100)
        line = [_exact(r | {"cD": float(c)}, facing).at_pressure().water_flux for c in fine]
        got = [steady(build(on_support(r | {"cD": float(c)}, facing), "check"))["water_flux_m_per_s"] for c in draws]
        known = np.array([_exact(r | {"cD": float(c)}, facing).at_pressure().water_flux for c in draws])
        places = [f"{c:.4g} mol/m³" for c in draws]
        yield worst(f"strength of the draw solution, {name}", "m/s", known, got, TIGHT * known, EXACT, places)
        curves += [
            Series(f"{name}, exact", fine, line),
            Series(name, draws, got, ours=True, off=np.array(got) - known),
        ]
    yield Panel("Forward osmosis through a thin film on its support", "draw solution, mol/m³", "m/s", curves)


def _power(quick: bool) -> Iterator[Check | Panel]:
    """Pressure-retarded osmosis: optimal pressure of a sweep, and its power density."""
    curves = []
    for row in table("exact_forward_osmosis_flux")[:1] if quick else table("exact_forward_osmosis_flux"):
        r, name = numbers(row), row["case"]
        exact = _exact(r, "draw")
        best = exact.best()
        pressures = np.linspace(0.8, 1.2, 5) * best.pressure if quick else np.linspace(0.0, 1.6, 17) * best.pressure
        fluxes = [
            steady(build(on_support(r, "draw", pressure=float(p)), "check"))["water_flux_m_per_s"] for p in pressures
        ]
        power = pressures * np.array(fluxes)
        known = np.array([exact.at_pressure(float(p)).water_flux for p in pressures])
        where = [f"{p / 1e5:.4g} bar" for p in pressures]
        yield worst(f"{name}: water flux under pressure", "m/s", known, fluxes, TIGHT * known[0], EXACT, where)
        top = int(power.argmax())
        bend = np.polyfit(pressures[top - 2 : top + 3] / best.pressure - 1.0, power[top - 2 : top + 3], 4)
        found = _highest(bend)
        yield near(
            f"{name}: best pressure", "Pa", best.pressure, best.pressure * (1.0 + found), 1e-5 * best.pressure, EXACT
        )
        highest = float(np.polyval(bend, found))
        yield near(f"{name}: best power density", "W/m²", best.power_density, highest, 1e-6 * best.power_density, EXACT)
        fine = np.linspace(pressures[0], pressures[-1], 100)
        line = [exact.at_pressure(float(p)).power_density for p in fine]
        off = power - pressures * known
        curves += [Series(f"{name}, exact", fine, line), Series(name, pressures, power, ours=True, off=off)]
    yield Panel("Pressure-retarded osmosis", "pressure, Pa", "power density, W/m²", curves)


def _highest(coefficients: Any) -> float:
    """Position of the maximum of a polynomial near 0."""
    roots = np.roots(np.polyder(coefficients))
    return float(roots.real[np.abs(roots.imag) < 1e-9][np.abs(roots.real[np.abs(roots.imag) < 1e-9]).argmin()])


def _growing(quick: bool) -> Iterator[Check | Panel]:
    """Polarization that grows in a support layer under a held water flux, and how its error falls with the cells.

    A steady profile is exact on any mesh, as the flux between two cells is that of the exponential profile between
    them: only a profile that changes shows the order.
    """
    layer = {"thickness": 1.0, "porosity": 0.4, "tortuosity": 1.5}
    times, counts, curves = (0.1, 0.5, 2.0, 10.0), (20, 40) if quick else (20, 40, 80), []
    for water, what in ((0.2, "water enters the pores"), (-0.2, "water leaves the pores")):
        exact = analytic.growing_polarization(times, water_flux=water, diffusivity=1.0, concentration=1.0, **layer)
        errors, got = [], np.empty(len(times))
        for cells in counts:
            result = solve(_held(water, layer, cells))
            got = of(result, "wall_concentration_right_mol_per_m3", [at(result, time) for time in times])
            errors.append(float(np.abs(got - exact).max()))
        where = [f"t = {time:g}" for time in times]
        yield worst(f"{what}: at the membrane", "mol/m³", exact, got, (1e-3 if quick else 2e-4) * exact, LAPLACE, where)
        for n, coarse, fine in zip(counts[1:], errors, errors[1:], strict=False):
            yield near(f"{what}: order, {n // 2} to {n} cells", "", 2.0, float(np.log2(coarse / fine)), 0.1, LAPLACE)
        stored, walls = result.arrays["time"], of(result, "wall_concentration_right_mol_per_m3")
        some = np.unique(np.geomspace(at(result, times[0]), len(stored) - 1, 25).astype(int))
        known = analytic.growing_polarization(
            stored[some], water_flux=water, diffusivity=1.0, concentration=1.0, **layer
        )
        curves += [
            Series(f"{what}, exact", stored[some], known, off=walls[some] - known),
            Series(what, stored[some[0] :], walls[some[0] :], ours=True),
        ]
    yield Panel(
        "Concentration at the membrane behind a support layer", "time, s", "of that of the solution", curves, "x"
    )


def _held(water: float, layer: dict[str, float], cells: int) -> dict[str, Any]:
    """Water out of the left side (m/s) through an ideal membrane into a support layer before a stirred reservoir."""
    support = {"thickness": f"{layer['thickness']!r} m"} | {key: layer[key] for key in ("porosity", "tortuosity")}
    sides = [side(100.0, 0.0, stirred=True), side(1.0, 1.0, stirred=True, boundary="reservoir", support=support)]
    sides[0 if water > 0.0 else 1]["pressure"] = {"flux": f"{abs(water)!r} m/s"}
    uniform = {"cells": cells, "finest": f"{layer['thickness'] / cells!r} m"}
    return one_solute(*sides, water=1.0 / RT, mesh=uniform, duration=10.0, outputs=1001, rtol=1e-9)


def _filling(quick: bool) -> Iterator[Check | Panel]:
    """A solute that diffuses through two supports between two stirred, closed sides, where no water flows.

    In pores of a porosity ε and a tortuosity τ the concentration obeys ``∂c/∂t = (D/τ) ∂²c/∂x²``, and a flux of so much
    per membrane area is ε times that of free solution: slabs of D/τ with P/ε and baths of V/ε, on both sides alike.
    """
    thickness, tortuosity, volume, porosity, permeability, diffusivity = (
        (1.0, 0.7),
        (2.0, 1.5),
        (0.8, 1.2),
        0.4,
        0.3,
        1.0,
    )
    compartments = [
        side(volume[i], c, stirred=True)
        | {"support": {"thickness": f"{thickness[i]} m", "porosity": porosity, "tortuosity": tortuosity[i]}}
        for i, c in enumerate((1.0, 0.2))
    ]
    case = one_solute(
        *compartments,
        water=0.0,
        permeability=permeability,
        diffusivity=diffusivity,
        mesh={"cells": 80 if quick else 160},
        duration=4.0,
        outputs=401,
    )
    result = solve(case)
    columns = {
        "wall, left": ("wall_left", "wall_concentration_left_mol_per_m3", 1.0),
        "wall, right": ("wall_right", "wall_concentration_right_mol_per_m3", 1.0),
        "flux": ("flux", "solute_flux_mol_per_m2_s", porosity),
        "solution, left": ("left", "concentration_left_mol_per_m3", 1.0),
        "solution, right": ("right", "concentration_right_mol_per_m3", 1.0),
    }
    times = (0.05, 0.2, 1.0, 4.0)
    found: dict[str, list[float]] = {name: [] for name in columns}
    for time in times:
        slabs = analytic.two_slabs(
            time,
            length_left=thickness[0],
            length_right=thickness[1],
            diffusivity_left=diffusivity / tortuosity[0],
            diffusivity_right=diffusivity / tortuosity[1],
            permeability=permeability / porosity,
            concentration_left=1.0,
            concentration_right=0.2,
            bath_left=volume[0] / porosity,
            bath_right=volume[1] / porosity,
            distance_left=[thickness[0]],
            distance_right=[thickness[1]],
        )
        for name, (what, _, scale) in columns.items():
            value = getattr(slabs, what)
            found[name].append(scale * float(value if np.ndim(value) == 0 else value[0]))
    law = "analytic.two_slabs in the variables of the pores: Laplace inversion"
    curves = []
    for name, (_, key, _) in columns.items():
        got = [float(of(result, key, at(result, time))) for time in times]
        unit, places = "mol/m²/s" if name == "flux" else "mol/m³", [f"t = {time:g}" for time in times]
        yield worst(f"diffusion through two supports: {name}", unit, found[name], got, LOOSE, law, places)
        if name != "flux":
            curves += [Series(f"{name}, exact", times, found[name], off=np.array(got) - found[name])]
            curves += [Series(name, result.arrays["time"][1:], of(result, key)[1:], ours=True)]
    yield at_most("diffusion through two supports: balance", "", result.summary["amount_error"], 1e-12, "conservation")
    yield Panel("Diffusion through two supports", "time, s", "mol/m³", curves, "x")


def _measurements() -> Iterator[Check | Panel]:
    """Measured fluxes and power densities; A, B and S are those of the same membranes in the same sources."""
    film = {"boundary": "reservoir", "length": "50 um"}
    layer = {"support": {"structural_parameter": "1.14 mm"}}
    for facing, flux, spread, solute, scatter in (("feed", 8.51, 0.25, 2.74, 0.99), ("draw", 15.82, 2.01, 4.54, 2.44)):
        weak, strong = {"concentration": {"NaCl": "10 mmol/L"}}, {"concentration": {"NaCl": "0.5 mol/L"}}
        case = {
            "temperature": "25 degC",
            "osmotic_model": "pitzer",
            "solutes": {"NaCl": {}},
            "left": film | weak | (layer if facing == "draw" else {}),
            "right": film | strong | (layer if facing == "feed" else {}),
            "membrane": {"type": "HTI-TFC"},
            "run": {"duration": "6 h"},
        }
        summary = steady(build(case, "check"))
        got = summary["water_flux_m_per_s"] * 3.6e6
        where = f"HTI TFC, facing the {'draw solution' if facing == 'draw' else 'feed'}"
        # B has a spread of a third, S of a tenth
        yield near(f"{where}: water flux", "L/m²/h", flux, got, max(2.0 * spread, 0.1 * flux), MEASURED)
        leak = -summary["solute_flux_mol_per_m2_s"]["NaCl"] * 58.44 * 3600.0
        yield near(f"{where}: salt flux", "g/m²/h", solute, leak, scatter, MEASURED)
    case = {
        "temperature": "25 degC",
        "osmotic_model": "pitzer",
        "solutes": {"NaCl": {}},
        "left": {"boundary": "reservoir", "stirred": True, "concentration": {"NaCl": "0 g/L"}}
        | {"support": {"structural_parameter": "678 um"}},
        "right": {
            "boundary": "reservoir",
            "length": "19 um",
            "pressure": "970 kPa",
            "concentration": {"NaCl": "35 g/L"},
        },
        "membrane": {"type": "HTI-CTA"},
        "run": {"duration": "1 h"},
    }
    power = steady(build(case, "check"))["water_flux_m_per_s"] * 970e3
    yield near("HTI CTA at 970 kPa: power density", "W/m²", 2.7, power, 0.27, ACHILLI)
