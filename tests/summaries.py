"""The numbers of a summary, and the scale of each: its largest magnitude during the run."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import membrane_pde as mp

# every key in its order (DESIGN §5), written out: the contract must not follow the code
SUMMARY_KEYS = [
    "title",
    "status",
    "message",
    "end_time_s",
    "process",
    "tonicity",
    "water_flux_m_per_s",
    "displaced_volume_m",
    "solute_flux_mol_per_m2_s",
    "amount_transferred_mol_per_m2",
    "pressure_left_Pa",
    "pressure_right_Pa",
    "length_left_m",
    "length_right_m",
    "membrane_area_ratio",
    "concentration_left_mol_per_m3",
    "concentration_right_mol_per_m3",
    "wall_concentration_left_mol_per_m3",
    "wall_concentration_right_mol_per_m3",
    "osmotic_pressure_left_Pa",
    "osmotic_pressure_right_Pa",
    "wall_osmotic_pressure_left_Pa",
    "wall_osmotic_pressure_right_Pa",
    "polarization_modulus",
    "rejection",
    "collected_concentration_mol_per_m3",
    "collected_rejection",
    "amount_error",
    "energy_J_per_m2",
    "specific_energy_J_per_m3",
    "throttled_energy_J_per_m3",
    "minimum_energy_J_per_m3",
    "second_law_efficiency",
    "recovery",
    "area_m2",
    "feed_flow_m3_per_s",
    "permeate_flow_m3_per_s",
    "concentrate_flow_m3_per_s",
    "permeate_concentration_mol_per_m3",
    "concentrate_concentration_mol_per_m3",
    "pressure_drop_left_Pa",
    "pressure_drop_right_Pa",
    "clearance_m3_per_s",
    "pump_energy_J_per_m3",
    "power_density_W_per_m2",
    "backflow_area_share",
    "elements",
    "equilibrium",
    "distance_to_equilibrium",
    "cells",
    "steps",
    "solve_time_s",
    "version",
]
# what is left out of `numbers`
NOT_NUMBERS = ("title", "status", "message", "process", "tonicity", "elements", "equilibrium", "version")
ABOUT_THE_RUN = ("cells", "steps", "solve_time_s", "amount_error")


def numbers(result: mp.Result) -> dict[str, float]:
    """Every number by ``key[solute]``, or ``key[]`` where there is one for all solutes; NaN for what is None."""
    found = {}
    for key, value in result.summary.items():
        if key in NOT_NUMBERS + ABOUT_THE_RUN:
            continue
        for name, one in value.items() if isinstance(value, dict) else [("", value)]:
            found[f"{key}[{name}]"] = math.nan if one is None else one
    return found


def largest(result: mp.Result, key: str) -> float:
    """Largest magnitude of a number during the run, its end included."""
    name, _, solute = key.rstrip("]").partition("[")
    values: Any = result.arrays.get(name, np.zeros(1))
    if solute and values.ndim == 2:
        values = values[:, result.solutes.index(solute)]
    end = numbers(result)[key]
    return max(float(np.abs(values[np.isfinite(values)]).max(initial=0.0)), 0.0 if math.isnan(end) else abs(end))
