"""Impossible concentrations: refused where given, told of where computed; and the end of the ideal law."""

from typing import Any

import pytest

import membrane_pde as mp
from membrane_pde.input import limits
from membrane_pde.input.concentrations import known_volume
from membrane_pde.input.errors import CaseError

CASE = """
temperature = "25 degC"
[solutes.NaCl]
[left]
boundary = "reservoir"
length = "50 um"
concentration = { NaCl = "1 g/L" }
[right]
boundary = "outflow"
length = "50 um"
concentration = { NaCl = "1 g/L" }
backflow = { NaCl = "1 g/L" }
[membrane]
type = "ideal"
[run]
duration = "1 s"
outputs = 2
"""
ALBUMIN = """
temperature = "20 degC"
[solutes.albumin]
[left]
boundary = "reservoir"
length = "30 um"
pressure = "2 bar"
concentration.albumin = "50 g/L"
[right]
boundary = "outflow"
stirred = true
length = "1 mm"
concentration.albumin = "0 g/L"
[membrane]
type = "FX100"
[mesh]
cells = 40
[run]
duration = "1 h"
until = "steady"
"""


def refused(case: mp.Case, **values: Any) -> str:
    with pytest.raises(CaseError) as error:
        case.with_values({key.replace("__", "."): value for key, value in values.items()})
    return str(error.value)


# saturated: 36.1 g NaCl in 100 g of water at 30 degC (the larger neighbour of 25 degC), 317.7 g/L; 5 % more are granted
TOO_MUCH = ["35 g/mL", "350 g/L", "6 mol/L", "7 mol/kg", "30 %", "300000 ppm", "12 Osm/L", "14 Osm/kg"]
FINE = ["35 g/L", "310 g/L", "5.3 mol/L", "6.15 mol/kg", "26 %", "260000 ppm", "10.6 Osm/L"]


@pytest.mark.parametrize("written", TOO_MUCH)
def test_every_way_to_write_what_does_not_dissolve(written: str) -> None:
    case = mp.parse_case(CASE)
    message = refused(case, left__concentration__NaCl=written)
    assert message.startswith("left.concentration.NaCl: ")
    assert (
        "is impossible: no more than about 318 g/L of NaCl dissolve in water at 25 degC; is the unit right?" in message
    )
    assert "backflow.NaCl: " in refused(case, right__backflow={"NaCl": written})
    profile = {"profile": [["0 um", "1 g/L" if "g/L" in written else written], ["50 um", written]]}
    if "kg" not in written and "%" not in written and "ppm" not in written:
        profile["profile"][0][1] = written.replace(written.split()[0], "0.001")
    assert "left.concentration" in refused(case, left__concentration__NaCl=profile)
    bath = {"boundary": "bath", "volume": "1 mm", "length": "50 um", "concentration": {"NaCl": "1 g/L"}}
    assert "left.feed.NaCl: " in refused(case, left=bath | {"feed": {"NaCl": written}})
    with pytest.raises(CaseError, match=r"concentration\.NaCl: .* is impossible"):
        mp.osmotic_pressure({"NaCl": written})
    with pytest.raises(CaseError, match=r"against\.NaCl: .* is impossible"):
        mp.osmotic_pressure({"NaCl": "1 g/L"}, membrane="ideal", against={"NaCl": written})


@pytest.mark.parametrize("written", FINE)
def test_what_dissolves_passes(written: str) -> None:
    mp.parse_case(CASE).with_values({"left.concentration.NaCl": written})


@pytest.mark.parametrize(
    ("solution", "part"),
    [
        ({"sucrose": "80 %"}, "of sucrose dissolve in water at 25 degC"),
        ({"albumin": "2429 g/L"}, "2429 g/L is impossible: pure albumin has 1362 g/L"),
        ({"ethanol": "850 g/L"}, "pure ethanol has 789.3 g/L"),
        ({"lactose": "1.6 kg/L"}, "pure lactose has 1547 g/L"),
        ({"glucose": "1700 g/L"}, "concentration: the solutes alone take up more than the solution's volume"),
        ({"bacterium": "1e13/mL"}, "the solutes alone take up more"),
        ({"sucrose": "900 g/L", "ethanol": "400 g/L"}, "the solutes alone take up more"),
        ({"dextran70": "30 g/mL"}, "the densest substance, osmium, has 22587 g/L"),
    ],
)
def test_other_solutes(solution: dict[str, str], part: str) -> None:
    with pytest.raises(CaseError) as error:
        mp.osmotic_pressure(solution, model="ideal")
    assert part in str(error.value)


def test_solutes_of_a_case_have_the_limits_that_it_gives() -> None:
    own = CASE.replace("[solutes.NaCl]", '[solutes.NaCl]\nsolubility = "8 mol/kg"')  # supersaturated, on purpose
    mp.parse_case(own).with_values({"left.concentration.NaCl": "7 mol/kg"})
    table = [["10 degC", "1 mol/kg"], ["40 degC", "2 mol/kg"]]
    some = mp.parse_case(CASE).with_values({"solutes.NaCl.solubility": table})
    assert "is impossible" in refused(some, left__concentration__NaCl="2.2 mol/kg")
    some.with_values({"left.concentration.NaCl": "2.05 mol/kg"})
    some.with_values({"left.concentration.NaCl": "2.2 mol/kg", "temperature": "60 degC"})  # none is known there
    unknown = CASE.replace("NaCl", "X").replace("[solutes.X]", '[solutes.X]\ndiffusivity = "1e-9 m^2/s"')
    mp.parse_case(unknown.replace('"1 g/L"', '"100 mol/L"'))  # dimensionless problems have no molar mass
    heavy = unknown.replace("[solutes.X]", '[solutes.X]\ndissociation = 1\nmolar_mass = "100 g/mol"')
    assert "osmium" in refused(mp.parse_case(heavy), left__concentration__X="35 g/mL")
    dense = heavy.replace("[solutes.X]", '[solutes.X]\ndensity = "1.5 g/mL"')
    assert "pure X has 1500 g/L" in refused(mp.parse_case(dense), left__concentration__X="1.6 g/mL")


@pytest.mark.parametrize(
    "solubility", ["6 g", "-1 mol/kg", [], [["20 degC", "6 mol/kg"]], [["40 degC", "6 mol/kg"]] * 2]
)
def test_wrong_solubilities(solubility: Any) -> None:
    assert "solutes.NaCl.solubility" in refused(mp.parse_case(CASE), solutes__NaCl__solubility=solubility)


def test_no_limit_below_what_a_library_s_tables_hold() -> None:
    """Saturated solutions of the CRC Handbook (NaCl) and the ends of its table of densities pass, at 20 degC."""
    case = mp.parse_case(CASE)
    for celsius, molality in ((10, 6.11), (20, 6.136), (25, 6.153), (40, 6.222)):
        case.with_values({"temperature": f"{celsius} degC", "left.concentration.NaCl": f"{molality} mol/kg"})
    ends = {"KCl": 24, "CaCl2": 40, "MgCl2": 30, "MgSO4": 26, "sucrose": 66, "urea": 46, "glycerol": 99, "ethanol": 96}
    for solute, percent in ends.items():
        mp.osmotic_pressure({solute: f"{percent} %"}, temperature="20 degC", model="ideal")
    assert limits.limit("NaCl", case.solutes["NaCl"], None, 298.15) is not None
    assert known_volume(case.solutes["NaCl"], 298.15) is not None


def test_albumin_at_a_wall_is_told_of() -> None:
    """2.4 kg/L of a protein whose pure substance has 1.36."""
    summary = mp.run(mp.parse_case(ALBUMIN)).summary
    assert summary["wall_concentration_left_mol_per_m3"]["albumin"] * 66.430 == pytest.approx(2429, rel=2e-3)
    assert (
        "albumin reached 2429 g/L at the membrane on the left, which is impossible: pure albumin has 1362 g/L"
        in (summary["message"])
    )


def test_an_equilibrium_beyond_saturation_is_told_of() -> None:
    case = mp.load_case("reverse_osmosis").with_values({"right.pressure": "700 bar"})
    told = mp.equilibrium(case)["message"]
    assert (
        "NaCl reached 825.6 g/L on the right, which is impossible: no more than about 318 g/L of NaCl dissolve" in told
    )
    assert mp.equilibrium(mp.load_case("reverse_osmosis"))["message"] == ""


# -- the ideal law -----------------------------------------------------------------------------------------------------
def test_sixty_percent_sucrose() -> None:
    found = mp.osmotic_pressure({"sucrose": "60 %"}, model="ideal")
    assert found["osmotic_pressure_bar"] == pytest.approx(55.8, abs=0.1)
    assert mp.osmotic_pressure({"sucrose": "60 %"})["osmotic_pressure_bar"] == pytest.approx(152, abs=1)
    assert "it makes an osmotic pressure of 55.8 bar; the real solution has 152 bar" in found["message"]
    assert 'osmotic_model = "pitzer"' in found["message"]


def test_the_ideal_law_in_a_run_is_told_of_once_and_only_far_out() -> None:
    short = {"run.duration": "1 s", "run.outputs": 2}
    salty = mp.load_case("osmosis").with_values({"right.concentration.NaCl": "300 g/L"} | short)
    message = mp.run(salty).summary["message"]
    assert message.count("The ideal law is far off: of 300 g/L NaCl") == 1
    assert mp.run(salty.with_values({"osmotic_model": "pitzer"})).summary["message"] == ""
    for dilute in ("9 g/L", "35 g/L", "58 g/L"):
        assert mp.run(salty.with_values({"right.concentration.NaCl": dilute})).summary["message"] == ""
    unknown = salty.with_values(
        {"solutes.X.diffusivity": "1e-9 m^2/s", "solutes.X.dissociation": 1}
        | {f"{side}.concentration.X": "1 mmol/L" for side in ("left", "right")}
    )
    assert mp.run(unknown).summary["message"] == ""  # no real solution is known to compare with


def test_a_sweep_says_the_same() -> None:
    case = mp.load_case("osmosis").with_values({"right.concentration.NaCl": "300 g/L", "run.duration": "1 s"})
    table = mp.sweep(case, {"right.pressure": ["0 bar", "10 bar"]}, workers=1)
    assert all("The ideal law is far off" in text for text in table["message"].values.tolist())
