"""A made-up but plausible Result, in closed form: plots and reports are tested on it without a solver.

Not physics: the displaced volume relaxes exponentially, and the profiles carry an exponential layer at the membrane
that follows the flux. Amounts are conserved, so means and lengths agree.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from membrane_pde.input.boundaries import BOUNDARIES, Kind

GAS_CONSTANT, TEMPERATURE = 8.314462618, 298.15
MOLAR_MASS = {"NaCl": 0.05844, "glucose": 0.18016, "urea": 0.06006, "bacterium": None}
DISSOCIATION = {"NaCl": 2.0}


def _pressure(value: float) -> SimpleNamespace:
    return SimpleNamespace(times=(0.0,), values=(value,), shape="step", flux=False, at=lambda time: value)


def case(
    left: dict[str, float],
    right: dict[str, float],
    *,
    name: str = "osmosis",
    title: str = "Osmosis: fresh water against salt water",
    labels: tuple[str, str] = ("fresh", "saline"),
    pressures: tuple[float, float] = (0.0, 0.0),
    boundaries: tuple[Kind, Kind] = ("piston", "piston"),
    lengths: tuple[float, float] = (0.01, 0.01),
    membrane: str | None = "ideal",
    phase: str = "liquid",
) -> SimpleNamespace:
    """What Case offers to those who read it, without its validation."""
    sides = [
        SimpleNamespace(
            label=label,
            boundary=boundary,
            far_end=BOUNDARIES[boundary],
            length=length,
            radius=None,
            volume=None,
            stirred=False,
            without_end=False,
            support=None,
            pressure=_pressure(p),
            concentration=c,
        )
        for label, boundary, length, p, c in zip(labels, boundaries, lengths, pressures, (left, right), strict=True)
    ]
    return SimpleNamespace(
        name=name,
        title=title,
        temperature=TEMPERATURE,
        osmotic_model="ideal",
        geometry="planar",
        phase=phase,
        warnings=(),
        solutes={
            s: SimpleNamespace(molar_mass=MOLAR_MASS.get(s), dissociation=DISSOCIATION.get(s, 1.0), diffusivity=1e-9)
            for s in left
        },
        left=sides[0],
        right=sides[1],
        membrane=SimpleNamespace(
            solutes={}, type=membrane, water_permeability=0.0 if membrane == "none" else 2.8e-12, pore_radius=None
        ),
        run=SimpleNamespace(duration=7200.0),
        module=None,
    )


def result(
    left: dict[str, float] | None = None,
    right: dict[str, float] | None = None,
    *,
    displaced: float = 0.0041,
    duration: float = 7200.0,
    status: str = "completed",
    message: str = "",
    process: str = "osmosis",
    equilibrium_displaced: float | None = 0.0044,
    cells: int = 60,
    outputs: int = 201,
    **case_arguments: Any,
) -> Any:
    """What Result offers to those who read it; names and shapes are those of `Result.arrays`, mol/m^3."""
    left, right = left or {"NaCl": 8.6}, right or {"NaCl": 598.0}
    the_case = case(left, right, **case_arguments)
    solutes = list(left)
    time = np.linspace(0.0, duration, outputs)
    tau = duration / 2.6
    shape = (1 - np.exp(-time / tau)) / (1 - np.exp(-duration / tau))
    fixed = [s.boundary in ("reservoir", "outflow") for s in (the_case.left, the_case.right)]
    volume = displaced * shape
    flux = displaced * np.exp(-time / tau) / tau / (1 - np.exp(-duration / tau))
    fading = np.sign(displaced) * np.exp(-time / tau) * (1 - np.exp(-time / (0.02 * duration)))
    dissociation = np.array([the_case.solutes[s].dissociation for s in solutes])

    position, concentration, mean, wall, length, width = [], [], [], [], [], []
    for sign, side, start, is_fixed in zip((-1, 1), (the_case.left, the_case.right), (left, right), fixed, strict=True):
        l_t = np.full_like(time, side.length) if is_fixed else side.length + sign * volume
        eta = (np.arange(cells) + 0.5) / cells
        x = l_t[:, None] * eta
        delta = (0.05 * side.length + np.minimum(np.sqrt(1e-9 * time), 0.3 * side.length))[:, None]
        layer = np.exp(-x / delta)
        c0 = np.array([start[s] for s in solutes])
        bulk = c0 * (side.length / l_t)[:, None]
        amplitude = -0.35 * sign * fading[:, None] * bulk
        average = layer.mean(axis=1)
        concentration.append(bulk[:, :, None] + amplitude[:, :, None] * (layer - average[:, None])[:, None, :])
        wall.append(bulk + amplitude * (1 - average)[:, None])
        mean.append(bulk)
        length.append(l_t)
        width.append(np.repeat(l_t[:, None] / cells, cells, axis=1))
        position.append(sign * x)
    # cells in the order of position: the left side from its far end to the membrane
    position[0], concentration[0] = position[0][:, ::-1], concentration[0][:, :, ::-1]

    def osmotic(c: np.ndarray) -> np.ndarray:
        nothing = np.nan if the_case.phase == "gas" else 1.0
        return nothing * GAS_CONSTANT * TEMPERATURE * (c @ dissociation)

    zeros = np.zeros((time.size, len(solutes)))
    series = {
        "water_flux_m_per_s": flux,
        "displaced_volume_m": volume,
        "solute_flux_mol_per_m2_s": zeros,
        "amount_transferred_mol_per_m2": zeros,
        "pressure_left_Pa": np.full_like(time, the_case.left.pressure.values[0]),
        "pressure_right_Pa": np.full_like(time, the_case.right.pressure.values[0]),
        "length_left_m": length[0],
        "length_right_m": length[1],
        "concentration_left_mol_per_m3": mean[0],
        "concentration_right_mol_per_m3": mean[1],
        "wall_concentration_left_mol_per_m3": wall[0],
        "wall_concentration_right_mol_per_m3": wall[1],
        "osmotic_pressure_left_Pa": osmotic(mean[0]),
        "osmotic_pressure_right_Pa": osmotic(mean[1]),
        "wall_osmotic_pressure_left_Pa": osmotic(wall[0]),
        "wall_osmotic_pressure_right_Pa": osmotic(wall[1]),
        "polarization_modulus": wall[0] / np.where(mean[0] == 0, np.nan, mean[0]),
        "rejection": zeros + (1.0 if displaced else np.nan),
        "membrane_area_ratio": np.ones_like(time),
        "energy_J_per_m2": volume * (the_case.left.pressure.values[0] - the_case.right.pressure.values[0]),
        "distance_to_equilibrium": np.full_like(time, np.nan)
        if not equilibrium_displaced
        else np.abs(volume - equilibrium_displaced) / abs(equilibrium_displaced),
    }

    arrays = series | {
        "time": time,
        "concentration": np.concatenate(concentration, axis=2),
        "position": np.concatenate(position, axis=1),
        "width": np.concatenate(width, axis=1),
        "volume": np.concatenate(width, axis=1),
        "side": np.array(["left"] * cells + ["right"] * cells, dtype=object),
    }
    return SimpleNamespace(
        case=the_case,
        summary=_summary(the_case, time, series, process, status, message, equilibrium_displaced, 2 * cells),
        solutes=solutes,
        arrays=arrays,
    )


def _summary(
    the_case: Any,
    time: np.ndarray,
    series: dict[str, np.ndarray],
    process: str,
    status: str,
    message: str,
    equilibrium_displaced: float | None,
    cells: int,
) -> dict[str, Any]:
    def at_end(key: str) -> Any:
        values = series[key][-1]
        if series[key].ndim == 1:
            return None if np.isnan(values) else float(values)
        return {s: None if np.isnan(v) else float(v) for s, v in zip(the_case.solutes, values, strict=True)}

    summary: dict[str, Any] = {
        "title": the_case.title,
        "status": status,
        "message": message,
        "end_time_s": float(time[-1]),
        "process": process,
        "tonicity": "hypotonic",
        **{k: at_end(k) for k in series},
    }
    moved = abs(summary["displaced_volume_m"])
    summary["collected_concentration_mol_per_m3"] = summary["collected_rejection"] = None
    summary["specific_energy_J_per_m3"] = summary["energy_J_per_m2"] / moved if moved else None
    summary["throttled_energy_J_per_m3"] = summary["specific_energy_J_per_m3"]
    pressed = summary["energy_J_per_m2"] > 0.0
    summary["minimum_energy_J_per_m3"] = 3.6e6 if pressed else -1.8e6 if moved else None  # 1 kWh/m^3, or half of it
    summary["second_law_efficiency"] = 3.6e6 / summary["specific_energy_J_per_m3"] if pressed else None
    summary["amount_error"] = 3e-16
    summary["equilibrium"] = (
        None
        if not equilibrium_displaced
        else {**summary, "displaced_volume_m": equilibrium_displaced, "end_time_s": None, "equilibrium": None}
    )
    return {**summary, "cells": cells, "steps": 321, "solve_time_s": 0.031, "version": "0.1.0"}


def osmosis(**overrides: Any) -> Any:
    return result(**overrides)


def reverse_osmosis(**overrides: Any) -> Any:
    arguments: dict[str, Any] = {
        "name": "reverse_osmosis",
        "title": "Reverse osmosis: the same two liquids, pressed on the salt side",
        "pressures": (0.0, 60e5),
        "displaced": -0.0036,
        "equilibrium_displaced": -0.0039,
        "process": "reverse osmosis",
    }
    return result(**(arguments | overrides))


def three_solutes(**overrides: Any) -> Any:
    arguments: dict[str, Any] = {
        "left": {"NaCl": 77.0, "glucose": 5.0, "urea": 20.0},
        "right": {"NaCl": 140.0, "glucose": 5.0, "urea": 0.0},
        "name": "hypotonic",
        "title": "Hypotonic: a cell in a dilute bath swells",
        "labels": ("bath", "cell"),
        "lengths": (5e-4, 5e-5),
        "displaced": 2.2e-5,
        "duration": 60.0,
        "equilibrium_displaced": 2.4e-5,
    }
    return result(**(arguments | overrides))


def two_gases(**overrides: Any) -> Any:
    arguments: dict[str, Any] = {
        "left": {"nitrogen": 40.9, "carbon dioxide": 0.0},
        "right": {"nitrogen": 0.0, "carbon dioxide": 40.9},
        "name": "two_gases",
        "title": "Two gases mix when the partition is taken out",
        "labels": ("nitrogen", "carbon dioxide"),
        "boundaries": ("rigid", "rigid"),
        "lengths": (0.1, 0.1),
        "pressures": (101325.0, 101325.0),
        "displaced": 0.0,
        "equilibrium_displaced": None,
        "membrane": "none",
        "phase": "gas",
        "process": "diffusion",
    }
    return result(**(arguments | overrides))
