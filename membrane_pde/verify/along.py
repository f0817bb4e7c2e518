"""Along a membrane: elements, dialysers and forward-osmosis modules against exact solutions and another program."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from membrane_pde import analytic
from membrane_pde.input.casefile import parse_case
from membrane_pde.reference import numbers, table
from membrane_pde.runs import steady
from membrane_pde.verify.cases import RT
from membrane_pde.verify.checks import Check, Panel, Series, near, worst

_ELEMENT = """
title = "An element"
temperature = "25 degC"
[solutes.NaCl]
[left]
concentration = { NaCl = "100 mol/m^3" }
pressure = "20 bar"
[left.channel]
flow = "1e-4 m^3/s"
height = "1 mm"
mass_transfer = "none"
pressure_drop = "none"
[right]
[membrane]
flux_law = "solution-diffusion"
water_permeability = "5e-12 m/s/Pa"
solutes.NaCl = { permeability = "0 m/s", reflection = 1.0 }
[module]
area = "8 m^2"
length = "1 m"
"""

# WaterTAP's ReverseOsmosis1D with its own closures, as quoted in issue 19: absolute pressures, 25 degC.
_WATERTAP = """
title = "WaterTAP's one-dimensional model"
temperature = "25 degC"
[solutes.NaCl]
diffusivity = "1.5e-9 m^2/s"
[left]
concentration = { NaCl = "3.5 %" }
pressure = "50 bar"
[left.channel]
flow = "1e-3 m^3/s"
height = "1 mm"
spacer_porosity = 0.85
mass_transfer = "guillen-hoek"
pressure_drop = "guillen-hoek"
[right]
pressure = "101325 Pa"
[membrane]
flux_law = "solution-diffusion"
water_permeability = "4.2e-12 m/s/Pa"
solutes.NaCl = { permeability = "3.5e-8 m/s", reflection = 1.0 }
[module]
length = "8 m"
width = "6.25 m"
[properties]
density = { polynomial = [995, 756], unit = "kg/m^3" }
viscosity = { polynomial = [9.80e-4, 2.15e-3], unit = "Pa*s" }
diffusivity = { polynomial = [1.51e-9, -2.00e-9, 3.01e-8, -1.22e-7, 1.53e-7], unit = "m^2/s" }
osmotic_coefficient = { polynomial = [PHI], unit = "" }
"""
_WATER = 997.047  # kg/m^3 at 25 degC; the other program uses 1000 for the osmotic pressure
_FIGURES = ((50e5, 16.87, 24.06, 48.45), (60e5, 23.93, 34.13, 58.57))  # Pa; L/m²/h, % recovered, bar of the brine

_TWO_FLOWS = """
title = "Two flows"
temperature = "25 degC"
[solutes.X]
diffusivity = "DIFFUSIVITY m^2/s"
molar_mass = "58 g/mol"
dissociation = 2
[left]
concentration = { X = "FEED mol/m^3" }
[left.channel]
flow = "LEFT m^3/s"
height = "1 mm"
mass_transfer = TRANSFER_LEFT
pressure_drop = "none"
[right]
concentration = { X = "DRAW mol/m^3" }
[right.channel]
flow = "RIGHT m^3/s"
height = "1 mm"
mass_transfer = TRANSFER_RIGHT
pressure_drop = "none"
SUPPORT
[membrane]
flux_law = "solution-diffusion"
water_permeability = "WATER m/s/Pa"
solutes.X = { permeability = "SOLUTE m/s", reflection = 1.0 }
[module]
area = "1 m^2"
length = "1 m"
direction = "DIRECTION"
"""


def _two_flows(**values: Any) -> dict[str, Any]:
    text = _TWO_FLOWS
    given = {"TRANSFER_LEFT": '"none"', "TRANSFER_RIGHT": '"none"', "SUPPORT": "", "DIRECTION": "co-current"}
    for key, value in sorted((given | values).items(), key=lambda each: -len(each[0])):
        text = text.replace(key, str(value))
    changes = values.get("changes", {})
    return steady(parse_case(text, name="two_flows").with_values(changes))


def modules(quick: bool) -> Iterator[Check | Panel]:
    """Along the membrane: elements, dialysers, forward-osmosis modules."""
    yield from _element(quick)
    yield from _watertap()
    yield from _dialyser(quick)
    yield from _forward_osmosis()


def _element(quick: bool) -> Iterator[Check]:
    source = "dQ = −L_p (Δp − π_0 Q_0/Q) dA, integrated"
    case = parse_case(_ELEMENT, name="element")
    exact = 1e-4 - analytic.rejecting_element(8.0, 5e-12, 20e5, 1e-4, 200.0 * RT)
    got = steady(case)["permeate_flow_m3_per_s"]
    yield near("element without polarization: permeate, default stations", "m³/s", exact, got, 2e-4 * exact, source)
    if not quick:
        fine = steady(case.with_values({"module.stations": 256}))["permeate_flow_m3_per_s"]
        yield near("the same with 256 stations", "m³/s", exact, fine, 1e-6 * exact, source)
    errors = [
        abs(steady(case.with_values({"module.stations": n}))["permeate_flow_m3_per_s"] / exact - 1.0)
        for n in (8, 16, 32)
    ]
    order = min(math.log2(errors[0] / errors[1]), math.log2(errors[1] / errors[2]))
    yield Check("order in the number of stations", "", 2.0, order, 1.9, 4.0, source)


def _watertap() -> Iterator[Check]:
    source = "WaterTAP's one-dimensional model, which balances mass where volume is balanced here"
    phi = ", ".join(f"{a * 1000.0 / _WATER:.9g}" for a in (0.918, 0.0889, 4.92))
    case = parse_case(_WATERTAP.replace("PHI", phi), name="watertap")
    fed = 1.0 / (995.0 + 756.0 * 0.035)
    case = case.with_values({"left.channel.flow": f"{fed:.9g} m^3/s"})
    expected, got, off = [], [], []
    for pressure, flux, recovery, brine in _FIGURES:
        found = steady(case.with_values({"left.pressure": f"{pressure} Pa"}))
        end = found["pressure_left_Pa"] - found["pressure_drop_left_Pa"]
        expected += [flux, recovery, brine]
        got += [found["water_flux_m_per_s"] * 3.6e6, 100 * found["recovery"], end * 1e-5]
        off += [5e-3 * flux, 5e-3 * recovery, 1e-3 * brine]
    at = [f"{what} at {p * 1e-5:.0f} bar" for p, *_ in _FIGURES for what in ("mean flux", "recovery", "brine")]
    yield worst("element with WaterTAP's closures", "L/m²/h, %, bar", expected, got, off, source, at)


def _dialyser(quick: bool) -> Iterator[Check | Panel]:
    source = "Michaels 1966, constant K₀"
    blood, dialysate = 200e-6 / 60, 500e-6 / 60
    for direction in ("counter-current", "co-current"):
        exact = analytic.dialyser_clearance(9e-6, blood, dialysate, direction == "counter-current")
        found = _two_flows(
            DIFFUSIVITY=1e-9, FEED=10, DRAW=0, LEFT=blood, RIGHT=dialysate, WATER=0, SOLUTE=9e-6, DIRECTION=direction,
            changes={"module.stations": 32 if quick else 64},
        )  # fmt: skip
        got, off = found["clearance_m3_per_s"]["X"], (3e-5 if quick else 1e-5) * exact
        yield near(f"dialyser, {direction}: clearance", "m³/s", exact, got, off, source)
    flows = np.linspace(100.0, 800.0, 4 if quick else 8)
    both = {"DIFFUSIVITY": 1e-9, "FEED": 10, "DRAW": 0, "LEFT": blood, "WATER": 0, "SOLUTE": 9e-6}
    ours = [
        _two_flows(**both, RIGHT=each * 1e-6 / 60, DIRECTION="counter-current")["clearance_m3_per_s"]["X"] * 6e7
        for each in flows
    ]
    known = [analytic.dialyser_clearance(9e-6, blood, each * 1e-6 / 60, True) * 6e7 for each in flows]
    curves = [Series("Michaels", flows, known), Series("membrane_pde", flows, ours, ours=True)]
    yield Panel("Clearance of a dialyser, 200 mL/min of blood", "dialysate, mL/min", "clearance, mL/min", curves)


def _forward_osmosis() -> Iterator[Check]:
    source = "exact_forward_osmosis_flux"
    exact: list[float] = []
    got: list[float] = []
    for row in table(source):
        r = numbers(row)
        both = {
            "DIFFUSIVITY": r["D"], "FEED": r["cF"], "DRAW": r["cD"], "LEFT": 10.0, "RIGHT": 10.0, "WATER": r["A"],
            "SOLUTE": r["B"],
        }  # fmt: skip
        support = f'[SIDE.support]\nstructural_parameter = "{r["S"]} m"'
        film = f'"{r["kF"]} m/s"'
        facing_feed = _two_flows(**both, TRANSFER_LEFT=film, SUPPORT=support.replace("SIDE", "right"))
        facing_draw = _two_flows(**both, TRANSFER_RIGHT=film, SUPPORT=support.replace("SIDE", "left"))
        exact += [r["Jw_ALFS"], r["Js_ALFS"], r["Jw_ALDS"], r["Js_ALDS"]]
        for found in (facing_feed, facing_draw):
            got += [found["water_flux_m_per_s"], -found["solute_flux_mol_per_m2_s"]["X"]]
    off = 1e-5 * np.abs(exact)
    yield worst("forward-osmosis module, fast flow: fluxes", "m/s, mol/m²/s", exact, got, off, source)
    draw, water = 1000.0, 1e-12
    osmotic = 2.0 * draw * RT
    best = _two_flows(
        DIFFUSIVITY=1e-9, FEED=0, DRAW=draw, LEFT=1.0, RIGHT=1.0, WATER=water, SOLUTE=0,
        changes={"right.pressure": f"{0.5 * osmotic} Pa"},
    )["power_density_W_per_m2"]  # fmt: skip
    expected = water * osmotic**2 / 4.0
    yield near("pressure-retarded osmosis: largest power", "W/m²", expected, best, 1e-5 * expected, "L_p Δπ²/4 at Δπ/2")
