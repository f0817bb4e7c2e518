"""Five solutes without charge along one membrane: steady and in time, with every flux law, balanced to round-off."""

from __future__ import annotations

from typing import Any

import pytest

import membrane_pde as mp

SOLUTES = {  # molar mass (g/mol), diffusivity (m^2/s), what is fed (mmol/L), permeability (m/s), reflection
    "a": (60, 1.4e-9, 40.0, 4e-6, 0.1),
    "b": (110, 9e-10, 20.0, 1e-6, 0.4),
    "c": (180, 6.9e-10, 10.0, 3e-7, 0.7),
    "d": (342, 5.2e-10, 5.0, 5e-8, 0.95),
    "e": (1350, 2.6e-10, 1.0, 0.0, 1.0),
}
LAWS = ("solution-diffusion", "kedem-katchalsky", "spiegler-kedem")


def case_of(law: str, both: bool, run: str = "") -> mp.Case:
    """A module of five solutes; with `both`, the other side flows against the feed."""
    solutes = "".join(
        f'[solutes.{s}]\nmolar_mass = "{m} g/mol"\ndiffusivity = "{d} m^2/s"\ndissociation = 1\n'
        for s, (m, d, *_) in SOLUTES.items()
    )
    fed = ", ".join(f'{s} = "{each[2]} mmol/L"' for s, each in SOLUTES.items())
    beside = ", ".join(f'{s} = "{0.2 * each[2]:.6g} mmol/L"' for s, each in SOLUTES.items())
    passing = "".join(
        f'[membrane.solutes.{s}]\npermeability = "{each[3]} m/s"\n'
        f"reflection = {1.0 if law == 'solution-diffusion' else each[4]}\n"
        for s, each in SOLUTES.items()
    )
    other = f'concentration = {{ {beside} }}\n[right.channel]\nflow = "20 L/h"\nheight = "1 mm"\n' if both else ""
    return mp.parse_case(
        f'temperature = "25 degC"\n{solutes}'
        f'[left]\npressure = "8 bar"\nconcentration = {{ {fed} }}\n[left.channel]\nflow = "30 L/h"\nheight = "1 mm"\n'
        f"[right]\n{other}"
        f'[membrane]\nflux_law = "{law}"\nwater_permeability = "3 L/m^2/hour/bar"\n{passing}'
        f'[module]\narea = "0.5 m^2"\nlength = "1 m"\nelements = 2\nstations = 8\n'
        f'direction = "{"counter-current" if both else "co-current"}"\n{run}'
    )


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("law", LAWS)
def test_five_solutes_balance_in_the_steady_state(law: str, both: bool) -> None:
    case = case_of(law, both)
    summary = mp.steady(case)
    assert summary["status"] == "steady"
    fed, left = summary["feed_flow_m3_per_s"], summary["concentrate_flow_m3_per_s"]
    into = case.plant.flow["right"].values[0] if both else 0.0
    for s, (*_, c, _, _) in SOLUTES.items():
        came = fed * c + into * 0.2 * c
        went = left * summary["concentrate_concentration_mol_per_m3"][s]
        if both:
            first = summary["elements"][0]
            went += first["other_side_flow_m3_per_s"] * first["other_side_concentration_mol_per_m3"][s]
        else:
            went += summary["permeate_flow_m3_per_s"] * summary["permeate_concentration_mol_per_m3"][s]
        assert went == pytest.approx(came, rel=1e-10)
    assert summary["solute_flux_mol_per_m2_s"]["e"] == pytest.approx(0.0, abs=1e-18)
    if not both:  # the larger, the less of it passes
        rejected = [summary["rejection"][s] for s in SOLUTES]
        assert rejected == sorted(rejected)
        assert rejected[-1] == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(("law", "both"), [("spiegler-kedem", False), ("kedem-katchalsky", True)])
def test_five_solutes_balance_in_time_and_come_to_the_steady_state(law: str, both: bool) -> None:
    summary: dict[str, Any] = mp.run(case_of(law, both, '[run]\nduration = "40 min"\noutputs = 3\n')).summary
    assert summary["amount_error"] < 1e-10
    steady = mp.steady(case_of(law, both))
    assert summary["permeate_flow_m3_per_s"] == pytest.approx(steady["permeate_flow_m3_per_s"], rel=2e-3)
    for s in SOLUTES:
        assert summary["concentrate_concentration_mol_per_m3"][s] == pytest.approx(
            steady["concentrate_concentration_mol_per_m3"][s], rel=5e-3
        )
