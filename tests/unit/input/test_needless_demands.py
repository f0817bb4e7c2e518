"""What a case need not say: the length of a stirred reservoir, who gives way where no water passes, the units of a
problem without any."""

from __future__ import annotations

import json

import jsonschema
import pytest

import membrane_pde as mp
from membrane_pde.input.schema import json_schema
from membrane_pde.show import report, report_case

RESERVOIR = """
[solutes.NaCl]
[left]
boundary = "reservoir"
stirred = true
pressure = "55 bar"
concentration = { NaCl = "32 g/L" }
[right]
boundary = "outflow"
stirred = true
length = "1 mm"
concentration = { NaCl = "0 g/L" }
[membrane]
type = "SW30HR"
[run]
duration = "1 min"
outputs = 5
"""


def test_a_stirred_reservoir_needs_no_length() -> None:
    case = mp.parse_case(RESERVOIR)
    jsonschema.validate({"left": {"boundary": "reservoir", "stirred": True, "concentration": {}}}, part_of_schema())
    summary = mp.run(case).summary
    assert summary["length_left_m"] is None
    assert summary["length_right_m"] == pytest.approx(1e-3)
    json.dumps(summary, allow_nan=False)
    for length in ("1 nm", "20 um", "1 m"):  # a number changes nothing
        other = mp.run(case.with_values({"left.length": length})).summary
        for key in ("water_flux_m_per_s", "displaced_volume_m", "energy_J_per_m2"):
            assert other[key] == pytest.approx(summary[key], rel=1e-8)
        assert other["concentration_left_mol_per_m3"] == summary["concentration_left_mol_per_m3"]
    rows = report.sides_table(mp.run(case))
    depth = next(row for row in rows if row[1] == "mm")
    assert depth[2:4] == ("–", "–")
    assert not any(row[0] == "left.length" for row in report_case.case_table(case))


def part_of_schema() -> dict[str, object]:
    """What the JSON schema demands of the left side alone."""
    schema = json_schema()
    without_module = {**schema["then"], "required": ["left"]}  # type: ignore[dict-item]
    return {**schema, "required": ["left"], "then": without_module}


def test_an_unstirred_reservoir_needs_one() -> None:
    with pytest.raises(mp.CaseError, match=r"left\.length is missing"):
        mp.parse_case(RESERVOIR.replace("stirred = true\npressure", "pressure"))


TWO_RIGID = """
[solutes.NaCl]
[left]
boundary = "rigid"
length = "2 mm"
concentration = { NaCl = "10 g/L" }
[right]
boundary = "rigid"
length = "1 mm"
concentration = { NaCl = "1 g/L" }
[membrane]
water_permeability = "0 m/s/Pa"
flux_law = "solution-diffusion"
solutes.NaCl = { permeability = "1e-5 m/s", reflection = 1.0 }
[run]
duration = "30 d"
until = "equilibrium"
"""


def test_two_rigid_sides_exchange_solutes_where_no_water_passes() -> None:
    case = mp.parse_case(TWO_RIGID)
    ends = {}
    for solver in ("rosenbrock", "cvode"):
        summary = mp.run(case.with_values({"run.solver": solver})).summary
        assert summary["status"] == "equilibrium"
        assert summary["displaced_volume_m"] == 0.0
        assert summary["pressure_left_Pa"] == summary["pressure_right_Pa"] == 0.0
        assert summary["amount_error"] < 1e-12
        ends[solver] = summary
        for side in ("left", "right"):  # (2 · 10 + 1 · 1)/3 g/L on both sides
            level = summary[f"concentration_{side}_mol_per_m3"]["NaCl"]
            assert level == pytest.approx(7.0 / case.solutes["NaCl"].molar_mass, rel=1e-6)
    assert mp.equilibrium(case)["concentration_left_mol_per_m3"] == pytest.approx(
        ends["rosenbrock"]["concentration_left_mol_per_m3"], rel=1e-6
    )
    piston = mp.run(case.with_values({"left.boundary": "piston"})).summary  # gives way to nothing
    assert piston["end_time_s"] == pytest.approx(ends["rosenbrock"]["end_time_s"], rel=1e-6)


def test_two_rigid_sides_are_refused_where_water_passes() -> None:
    with pytest.raises(mp.CaseError, match=r"unless membrane.water_permeability is 0"):
        mp.parse_case(TWO_RIGID.replace('"0 m/s/Pa"', '"1e-12 m/s/Pa"'))


WITHOUT_UNITS = """
[solutes.A]
diffusivity = "1 m^2/s"
dissociation = 1
[left]
length = "1 m"
concentration = { A = "1 mol/m^3" }
[right]
length = "1 m"
concentration = { A = "0 mol/m^3" }
[membrane]
water_permeability = "1e-4 m/s/Pa"
solutes.A = { permeability = "1 m/s", reflection = 0.5 }
[run]
duration = "1 s"
"""


def test_a_problem_without_units_is_not_warned_of() -> None:
    assert mp.parse_case(WITHOUT_UNITS).warnings == ()
    for change in ({"left.length": "50 um"}, {"solutes.A.diffusivity": "1e-9 m^2/s"}):  # a real problem, a wrong unit
        warnings = mp.parse_case(WITHOUT_UNITS).with_values(change).warnings
        assert any("more than a thousand times outside" in each for each in warnings)
