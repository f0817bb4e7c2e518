"""Steady states of the shipped modules with drawn pressures, flows, recoveries and concentrations: each is found."""

from __future__ import annotations

import math
import random
import re
from pathlib import Path
from typing import Any

import pytest

import membrane_pde as mp

CASES = Path(__file__).parents[2] / "cases"
ELEMENTS = ("ro_element", "ro_vessel", "brackish_two_stage", "pump_trip")
NAMES = (*ELEMENTS, "crossflow_cell", "forward_osmosis_module", "pressure_retarded_osmosis_module", "dialyser")
FLOW = {"ro_element": 8.0, "ro_vessel": 8.0, "brackish_two_stage": 11.0, "pump_trip": 8.0}  # m^3/h
BLOOD = {"urea": 25.0, "creatinine": 0.8, "vitamin_B12": 0.05}  # mmol/L


def spread(draw: random.Random, least: float, most: float) -> float:
    """A number whose logarithm is evenly distributed."""
    return math.exp(draw.uniform(math.log(least), math.log(most)))


def drawn(seed: int) -> tuple[str, str, dict[str, Any]]:
    """Name and text of a shipped case, and the values to change."""
    draw, name = random.Random(seed), NAMES[seed % len(NAMES)]
    text = (CASES / f"{name}.toml").read_text(encoding="utf-8")
    if name == "pump_trip":
        text = re.sub(r"(?s)\[run\].*", "", text)
    if name in (*ELEMENTS, "crossflow_cell"):
        text, values = pressed(draw, name, text)
    elif name == "dialyser":
        values = {f"{side}.channel.flow": f"{spread(draw, 20.0, 600.0):.3g} mL/min" for side in ("left", "right")}
        values |= {f"{side}.pressure": f"{spread(draw, 40.0, 200.0):.3g} mmHg" for side in ("left", "right")}
        values |= {f"right.concentration.{s}": f"{c * draw.uniform(0.0, 1.5):.3g} mmol/L" for s, c in BLOOD.items()}
    else:
        values = osmotic(draw, name)
    if name not in (*ELEMENTS, "crossflow_cell"):
        values["module.direction"] = draw.choice(["co-current", "counter-current"])
    if draw.random() < 0.2:
        values["osmotic_model"] = "ideal"
    return name, text, values


def pressed(draw: random.Random, name: str, text: str) -> tuple[str, dict[str, Any]]:
    """Reverse osmosis: a pressure, a recovery, a flux, or a recovery for which the flow is solved."""
    salt = spread(draw, 5.0, 45.0) if name in ("ro_element", "ro_vessel", "pump_trip") else spread(draw, 0.3, 8.0)
    osmotic_pressure, values = 0.8 * salt, {"left.concentration.NaCl": f"{salt:.3g} g/L"}  # about, bar
    held = draw.choice(["pressure", "recovery", "flux", "flow"]) if name != "pump_trip" else "pressure"
    if name in FLOW and held != "flow":
        values["left.channel.flow"] = f"{FLOW[name] * spread(draw, 0.3, 2.5):.3g} m^3/h"
    if name == "crossflow_cell":
        values["left.channel.velocity"] = f"{spread(draw, 0.01, 1.0):.3g} m/s"
    if held == "recovery":
        most = 0.2 if name == "crossflow_cell" else max(1.0 - osmotic_pressure / 90.0, 0.05)
        values["left.pressure"] = f'{{ recovery = "{100.0 * draw.uniform(0.02, most):.3g} %" }}'
    elif held == "flux":
        values["left.pressure"] = f'{{ flux = "{spread(draw, 1.0, 12.0):.3g} L/m^2/hour" }}'
    else:
        low = spread(draw, 0.3, 1.2) * osmotic_pressure
        high = 1.2 * osmotic_pressure + spread(draw, 2.0, 50.0)
        values["left.pressure"] = f"{high if held == 'flow' else draw.choice([low, high]):.4g} bar"
    if held == "flow":
        text = re.sub(r"\npressure = \{ recovery[^\n]*", "", text)
        most = 60.0 * (1.0 - osmotic_pressure / (1.2 * osmotic_pressure + 2.0))
        text, count = re.subn(
            r"(\[left\.channel\]\n)(flow|velocity|recovery) = [^\n]*",
            rf'\1recovery = "{draw.uniform(2.0, max(most, 3.0)):.3g} %"',
            text,
        )
        assert count == 1
        values.pop("left.channel.velocity", None)
    if draw.random() < 0.25 and name != "crossflow_cell":
        values["module.elements"] = str(draw.choice([1, 2, 4, 7, 12]))
    return text, values


def osmotic(draw: random.Random, name: str) -> dict[str, Any]:
    """Forward and pressure-retarded osmosis."""
    values: dict[str, Any]
    if name == "forward_osmosis_module":
        values = {
            "left.channel.velocity": f"{spread(draw, 1.5, 100.0):.3g} mm/s",
            "right.channel.velocity": f"{spread(draw, 0.5, 100.0):.3g} mm/s",
            "left.concentration.NaCl": f"{spread(draw, 0.05, 40.0):.3g} g/L",
            "right.concentration.NaCl": f"{spread(draw, 0.05, 4.0):.3g} mol/L",
            "left.pressure": f"{draw.choice([0.0, spread(draw, 0.1, 5.0)]):.3g} bar",
        }
    else:
        values = {f"{side}.channel.velocity": f"{spread(draw, 0.01, 0.3):.3g} m/s" for side in ("left", "right")}
        values |= {
            "left.concentration.NaCl": f"{spread(draw, 0.05, 5.0):.3g} g/L",
            "right.concentration.NaCl": f"{spread(draw, 10.0, 200.0):.3g} g/L",
            "right.pressure": f"{spread(draw, 1.0, 40.0):.3g} bar",
        }
    if draw.random() < 0.5:
        values |= {f"{side}.channel.pressure_drop": "laminar" for side in ("left", "right")}
    return values


def check(seed: int) -> None:
    name, text, values = drawn(seed)
    summary = mp.steady(mp.parse_case(text).with_values(values))
    assert summary["status"] == "steady", f"{seed}, {name} with {values}: {summary['message']}"


@pytest.mark.parametrize("seed", range(16))
def test_a_drawn_module_has_its_steady_state(seed: int) -> None:
    check(seed)


@pytest.mark.slow
def test_two_hundred_drawn_modules_have_their_steady_states() -> None:
    for seed in range(16, 216):
        check(seed)
