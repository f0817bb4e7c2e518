"""Sentences and tables of `steady` and `run` where nothing, or hardly anything, crosses the membrane."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pytest

import membrane_pde as mp
from membrane_pde.results.remarks import NOT_FOUND
from membrane_pde.show.report_steady import fluxes_table, show_steady
from membrane_pde.show.sentences import no_steady_state, sentence

RESERVOIRS = {"left.boundary": "reservoir", "right.boundary": "reservoir"}
LEAK = """
title = "a membrane that all passes"
[solutes.NaCl]
[left]
length = "1 mm"
concentration = { NaCl = "10 g/L" }
[right]
length = "1 mm"
concentration = { NaCl = "10 g/L" }
[membrane]
water_permeability = "1 L/m^2/hour/bar"
[membrane.solutes.NaCl]
permeability = "1e-7 m/s"
reflection = 0.9
[mesh]
cells = 8
[run]
duration = "10 min"
outputs = 5
"""


def printed(case: mp.Case) -> str:
    """What `steady` prints."""
    console = SimpleNamespace(is_terminal=False, file=io.StringIO())
    show_steady(console, case, mp.steady(case))
    return " ".join(console.file.getvalue().split())


@pytest.mark.parametrize(
    "case",
    [
        mp.load_case("isotonic", RESERVOIRS),
        mp.load_case("forward_osmosis", {"left.boundary": "outflow", "left.backflow": "last"}),
        mp.parse_case(LEAK, values=RESERVOIRS),
        mp.load_case("two_gases"),
    ],
    ids=["isotonic", "outflow", "leak", "gases"],
)
def test_round_off_is_no_flux(case: mp.Case) -> None:
    """Nothing flows: 0 in the summary, no rows of fluxes, and the words say so."""
    summary = mp.steady(case)
    assert summary["status"] == "steady"
    assert summary["water_flux_m_per_s"] == 0.0
    assert set(summary["solute_flux_mol_per_m2_s"].values()) == {0.0}
    assert fluxes_table(case, summary) == []
    text = printed(case)
    assert "In the steady state nothing flows." in text
    assert "still" not in text


def test_a_small_flux_is_one() -> None:
    """A difference of concentration of 1e-7 lets solute and water cross, P·Δc and L_p·σ·Δπ, and is told."""
    case = mp.parse_case(LEAK, values=RESERVOIRS | {"left.stirred": True, "right.stirred": True})
    case = case.with_values({"right.concentration.NaCl": "10.000001 g/L"})
    summary, numbers = mp.steady(case), case.membrane.solutes["NaCl"]
    left, right = case.left.concentration["NaCl"], case.right.concentration["NaCl"]
    water = case.membrane.water_permeability * 0.9 * 2 * 8.31446 * 298.15 * (right - left)
    assert summary["water_flux_m_per_s"] == pytest.approx(water, rel=1e-5)
    passing = numbers.permeability * (left - right) + 0.1 * water * left
    assert summary["solute_flux_mol_per_m2_s"]["NaCl"] == pytest.approx(passing, rel=1e-5)
    assert "of water flows from the left to the right" in printed(case)
    assert len(fluxes_table(case, summary)) > 1


def test_solutes_that_cross_without_water_are_told() -> None:
    case = mp.parse_case(LEAK, values=RESERVOIRS | {"membrane.water_permeability": "0 m/s/Pa"})
    case = case.with_values({"right.concentration.NaCl": "10.00001 g/L"})
    assert "no water flows, but solutes still cross the membrane" in printed(case)


def test_without_a_membrane_solutes_diffuse() -> None:
    case = mp.load_case("cold_and_warm", RESERVOIRS)
    assert "In the steady state solutes diffuse from one side to the other." in printed(case)


def test_a_state_that_was_not_found_may_exist() -> None:
    reason = f"{NOT_FOUND}: Newton's method did not converge; run the case"
    assert no_steady_state(reason) == ("No steady state was found: Newton's method did not converge; run the case.")
    assert no_steady_state("The left side runs dry.") == "There is no steady state: the left side runs dry."
    assert no_steady_state(None) == "There is no steady state."


def test_any_displaced_volume_is_no_absence_of_an_equilibrium() -> None:
    for concentration in ("10 g/L", "20 g/L"):
        result = mp.run(mp.parse_case(LEAK, values={"right.concentration.NaCl": concentration}))
        text = sentence(result.summary)
        assert "every solute can pass, so any displaced volume is an equilibrium" in text
        assert "no equilibrium" not in text


def test_a_run_tells_of_no_crossing_at_the_size_of_round_off() -> None:
    result = mp.run(mp.parse_case(LEAK))
    assert 0.0 <= abs(result.summary["amount_transferred_mol_per_m2"]["NaCl"]) < 1e-12
    assert "Solutes crossed" not in sentence(result.summary)


def test_a_flow_that_has_died_out_goes_against_nothing() -> None:
    """The feed has taken up the salt of the draw solution: at the end nothing flows but what the steps leave."""
    case = mp.load_case("forward_osmosis", {"left.boundary": "outflow", "left.backflow": "last", "mesh.cells": 20})
    result = mp.run(case)
    water = np.abs(result.arrays["water_flux_m_per_s"])
    assert water[-1] < 1e-4 * water.max()
    assert "against the water" not in sentence(result.summary)
    before = mp.run(case.with_values({"run.duration": "1 min", "run.until": "duration"}))
    assert "the NaCl goes against the water" in sentence(before.summary)


def test_along_a_membrane_nothing_passes_between_equal_streams() -> None:
    case = mp.load_case("forward_osmosis_module", {"right.concentration.NaCl": "10 mmol/L"})
    case = case.with_values({"left.concentration.NaCl": "10 mmol/L"})
    summary = mp.steady(case)
    assert summary["water_flux_m_per_s"] == summary["permeate_flow_m3_per_s"] == 0.0
    assert summary["solute_flux_mol_per_m2_s"] == {"NaCl": 0.0}
    assert summary["cells"] <= 64  # not as many stations as a share of round-off would ask for
    assert "No water passes the membrane." in printed(case)


def test_a_pure_feed_is_sucked_back_by_no_osmotic_pressure() -> None:
    values = {"left.pressure": "0 bar", "left.concentration.NaCl": "0 g/L"}
    assert "everywhere: the pressure there is lower than on the right." in printed(
        mp.load_case("crossflow_cell", values)
    )
    salty = mp.load_case("crossflow_cell", {"left.pressure": "0 bar"})
    assert "the osmotic pressure there is higher than the applied pressure." in printed(salty)
