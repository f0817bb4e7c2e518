"""A run with neither [mesh] nor rtol is within 1e-4 of its own fine solution, in every number, in every case.

The fine solution has each cell cut in four, and a tolerance of 1e-9. A number is compared with the largest
magnitude it had during the run; what is nothing but round-off beside what could be (the flux of a balance) with a
millionth of that.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import membrane_pde as mp
from membrane_pde.input.case import Case
from membrane_pde.input.properties import pressure_scale, total_length
from membrane_pde.runs import build
from tests.shipped import CASES
from tests.summaries import largest, numbers

# Until equilibrium or a steady state: when an exponential has fallen to 1e-8 hangs on the last digits of it, and what
# flows on until then with it.
HANGS_ON_THE_END = ("end_time_s", "displaced_volume_m", "amount_transferred_mol_per_m2", "energy_J_per_m2")
# How long a run goes on until a steady state hangs on the tolerance itself, and with it all that flows on meanwhile.
FLOWS_ON = (
    *HANGS_ON_THE_END,
    "minimum_energy_J_per_m3",
    "second_law_efficiency",
    "collected_concentration_mol_per_m3",
    "collected_rejection",
)


def solve(case: Case) -> mp.Result:
    try:
        return mp.run(case)
    except mp.RunError as error:
        return error.result


def scale(result: mp.Result, key: str) -> float:
    """Largest magnitude during the run, and at least a millionth of what could be."""
    case = result.case
    pressure, length = pressure_scale(case), total_length(case)
    could_be = {
        "water_flux_m_per_s": case.membrane.water_permeability * pressure,
        "displaced_volume_m": length,
        "energy_J_per_m2": pressure * length,
    }
    return max(largest(result, key), 1e-6 * could_be.get(key.partition("[")[0], 0.0))


@pytest.mark.parametrize("name", CASES)
def test_default_accuracy(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = mp.load_case(name)
    assert case.mesh.cells is None, "the case chooses its own mesh: then it answers for itself"
    result = solve(case)
    chosen = build.side_widths

    def finer(case: Case, index: int) -> np.ndarray[Any, Any]:
        widths = chosen(case, index)
        return widths if len(widths) == 1 else np.repeat(widths / 4.0, 4)

    monkeypatch.setattr(build, "side_widths", finer)
    fine = solve(case.with_values({"run.rtol": 1e-9}))
    ends = case.run.until != "duration"
    got, expected = numbers(result), numbers(fine)
    assert got.keys() == expected.keys()
    worst = {}
    for key, value in expected.items():
        if case.run.until == "steady" and key.partition("[")[0] in FLOWS_ON:
            continue
        size = scale(fine, key) if math.isfinite(value) else 1.0
        off = 0.0 if value == got[key] or (math.isnan(value) and math.isnan(got[key])) else abs(got[key] - value) / size
        loose = ends and key.partition("[")[0] in HANGS_ON_THE_END
        worst[key] = off / (200.0 if loose else 1.0)
    largest = max(worst, key=lambda key: worst[key])
    print(f"{name}: {result.summary['cells']} cells, {result.summary['steps']} steps, {worst[largest]:.1e} {largest}")
    assert worst[largest] < 1e-4, largest
