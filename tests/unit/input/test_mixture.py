"""`mp.osmotic_pressure`: every key, its units, tonicity, what is out of range, and errors."""

from __future__ import annotations

from typing import Any

import pytest

import membrane_pde as mp
from membrane_pde.input import mixture
from membrane_pde.physics.temperature import water_density

R = 8.31446261815324
T = 298.15
RHO = float(water_density(T))
ALWAYS = {
    "osmotic_pressure_Pa",
    "osmotic_pressure_bar",
    "osmotic_pressure_atm",
    "osmotic_pressure_mmHg",
    "ideal_osmotic_pressure_Pa",
    "osmolarity_mOsm_per_L",
    "osmolality_mOsm_per_kg",
    "osmotic_coefficient",
    "concentration_mol_per_m3",
    "molality_mol_per_kg",
    "density_kg_per_m3",
    "message",
}
EFFECTIVE = {"effective_osmotic_pressure_Pa", "effective_osmolality_mOsm_per_kg"}


def test_every_key_and_how_they_hang_together() -> None:
    found = mp.osmotic_pressure({"NaCl": "35 g/L"})
    assert set(found) == ALWAYS
    pi = found["osmotic_pressure_Pa"]
    assert found["osmotic_pressure_bar"] == pytest.approx(pi / 1e5, rel=1e-14)
    assert found["osmotic_pressure_atm"] == pytest.approx(pi / 101325, rel=1e-14)
    assert found["osmotic_pressure_mmHg"] == pytest.approx(pi / 133.322387415, rel=1e-9)
    c = 35.0 / 0.05844
    assert found["concentration_mol_per_m3"] == {"NaCl": pytest.approx(c, rel=1e-13)}
    assert found["osmolarity_mOsm_per_L"] == pytest.approx(2 * c, rel=1e-13)
    assert found["ideal_osmotic_pressure_Pa"] == pytest.approx(2 * R * T * c, rel=1e-13)
    molality = found["molality_mol_per_kg"]["NaCl"]
    assert found["density_kg_per_m3"] == pytest.approx(c / molality + 35.0, rel=1e-13)  # water and salt
    assert found["osmolality_mOsm_per_kg"] == pytest.approx(
        1000 * found["osmotic_coefficient"] * 2 * molality, rel=1e-13
    )
    assert pi == pytest.approx(R * T * RHO * found["osmolality_mOsm_per_kg"] / 1000, rel=1e-13)
    assert found["message"] == ""
    assert mp.osmotic_pressure is mixture.osmotic_pressure
    assert "osmotic_pressure" in mp.__all__


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("35 g/L", "35000 mg/L"),
        ("32 g/kg", "32000 ppm"),
        ("32 g/kg", "3.2 %"),
        ("150 mmol/L", "300 mOsm/L"),
        ("0.15 mol/kg", "300 mOsm/kg"),
    ],
)
def test_one_concentration_in_two_units(written: str, same: str) -> None:
    one, other = (mp.osmotic_pressure({"NaCl": text}) for text in (written, same))
    assert one["osmotic_pressure_Pa"] == pytest.approx(other["osmotic_pressure_Pa"], rel=1e-12)


def test_round_trip_through_what_it_says() -> None:
    one = mp.osmotic_pressure({"NaCl": "0.4 mol/L", "sucrose": "100 g/L"}, temperature="40 degC")
    again = mp.osmotic_pressure(
        {name: f"{m!r} mol/kg" for name, m in one["molality_mol_per_kg"].items()}, temperature="40 degC"
    )
    for key in ("osmotic_pressure_Pa", "density_kg_per_m3", "osmotic_coefficient"):
        assert again[key] == pytest.approx(one[key], rel=1e-12)
    assert again["concentration_mol_per_m3"] == pytest.approx(one["concentration_mol_per_m3"], rel=1e-12)


def test_models() -> None:
    found = {m: mp.osmotic_pressure({"sucrose": "0.5 mol/L"}, model=m) for m in ("ideal", "virial", "pitzer")}
    pi = {m: each["osmotic_pressure_Pa"] for m, each in found.items()}
    assert pi["ideal"] == pytest.approx(500 * R * T, rel=1e-13)
    assert pi["ideal"] == found["pitzer"]["ideal_osmotic_pressure_Pa"]
    assert pi["ideal"] < pi["virial"] < pi["pitzer"]
    assert pi["virial"] == pytest.approx(pi["pitzer"], rel=0.02)


def test_what_needs_a_density_is_none_without_one() -> None:
    found = mp.osmotic_pressure({"lactose": "0.1 mol/L"}, model="ideal")
    assert found["osmotic_coefficient"] is found["molality_mol_per_kg"] is found["density_kg_per_m3"] is None
    assert found["osmotic_pressure_Pa"] == pytest.approx(100 * R * T, rel=1e-13)
    own = {"lactose": {"apparent_volume": "0.62 mL/g"}}
    assert mp.osmotic_pressure({"lactose": "0.1 mol/L"}, solutes=own)["density_kg_per_m3"] > RHO


def test_water() -> None:
    found = mp.osmotic_pressure({"NaCl": "0 g/L"})
    assert found["osmotic_pressure_Pa"] == 0.0
    assert found["osmotic_coefficient"] is None
    assert found["density_kg_per_m3"] == pytest.approx(RHO, rel=1e-14)


# -- membranes and tonicity -------------------------------------------------------------------------------------------
def test_a_membrane() -> None:
    found = mp.osmotic_pressure({"NaCl": "9 g/L"}, membrane="ideal")
    assert set(found) == ALWAYS | EFFECTIVE
    assert found["effective_osmotic_pressure_Pa"] == found["osmotic_pressure_Pa"]
    assert found["effective_osmolality_mOsm_per_kg"] == pytest.approx(found["osmolality_mOsm_per_kg"], rel=1e-13)
    leaky = mp.osmotic_pressure({"NaCl": "9 g/L"}, membrane="SW30HR")  # lets a little through: nothing lasts
    assert leaky["effective_osmotic_pressure_Pa"] == 0.0
    assert leaky["message"].startswith("NaCl crosses the membrane, so it does not count for the tonicity.")
    assert found["message"] == ""


@pytest.mark.parametrize(
    ("this", "against", "word"),
    [
        ({"NaCl": "9 g/L"}, {"NaCl": "9 g/L"}, "isotonic"),
        ({"NaCl": "9 g/L"}, {"NaCl": "9.005 g/L"}, "isotonic"),  # within 1e-3
        ({"NaCl": "9 g/L"}, {"NaCl": "10 g/L"}, "hypotonic"),
        ({"NaCl": "9 g/L"}, {"sucrose": "0.2 mol/L"}, "hypertonic"),
        ({"NaCl": "0 g/L"}, {"sucrose": "0.2 mol/L"}, "hypotonic"),
        ({"NaCl": "150 mmol/L"}, {"sucrose": "300 mmol/L"}, "hypotonic"),  # as many particles: real solutions differ
    ],
)
def test_tonicity(this: dict[str, str], against: dict[str, str], word: str) -> None:
    found = mp.osmotic_pressure(this, membrane="ideal", against=against)
    assert set(found) == ALWAYS | EFFECTIVE | {"tonicity"}
    assert found["tonicity"] == word
    back = mp.osmotic_pressure(against, membrane="ideal", against=this)["tonicity"]
    assert back == {"hypotonic": "hypertonic", "hypertonic": "hypotonic"}.get(word, word)


# -- out of range -----------------------------------------------------------------------------------------------------
def message(*args: Any, **kwargs: Any) -> str:
    return str(mp.osmotic_pressure(*args, **kwargs)["message"])


def test_temperature_out_of_range() -> None:
    told = message({"sucrose": "10 g/L"}, temperature="10 degC")
    assert told.count("solutes.sucrose.osmotic_coefficient holds at 25 degC, and is used at 10 degC.") == 1
    assert told.count("solutes.sucrose.apparent_volume holds at 15 to 55 degC") == 1
    assert message({"sucrose": "10 g/L"}, temperature="25.4 degC") == ""
    assert message({"NaCl": "10 g/L"}, temperature="60 degC") == ""
    assert message({"NaCl": "10 g/L"}, temperature="70 degC") == (
        "solutes.NaCl.ions holds at 0 to 60 degC, and is used at 70 degC."
    )
    # where a solute says less than the file of parameters, its word counts
    assert "solutes.CaCl2.ions holds at 25 to 60 degC, and is used at 20 degC." in message(
        {"CaCl2": "10 g/L"}, temperature="20 degC"
    )
    assert message({"sucrose": "10 g/L"}, temperature="10 degC", model="ideal") == ""
    assert message({"sucrose": "10 g/L"}, temperature="10 degC", model="virial") == (
        "solutes.sucrose.virial holds at 25 degC, and is used at 10 degC."
    )
    own = {"sucrose": {"osmotic_coefficient": [0.07], "apparent_volume": "211 cm^3/mol"}}
    assert message({"sucrose": "10 g/L"}, temperature="10 degC", solutes=own) == ""


def test_virial_coefficients_that_let_the_pressure_fall() -> None:
    """``c (1 + B c)`` with ``B = −0.25 L/mol`` is highest at 2 mol/L."""
    attracting = {"sucrose": {"virial": ["-0.25 L/mol"]}}
    assert message({"sucrose": "1.99 mol/L"}, model="virial", solutes=attracting) == ""
    told = message({"sucrose": "2.01 mol/L"}, model="virial", solutes=attracting)
    assert told.startswith("With the virial coefficients of sucrose the osmotic pressure falls")
    assert told.count("2010 mol/m^3") == 1


def test_molality_out_of_range() -> None:
    assert message({"NaCl": "5.99 mol/kg"}) == ""
    told = message({"NaCl": "6.1 mol/kg", "urea": "1 mmol/L"})
    assert told.startswith("The osmotic data of NaCl are known up to 6 mol/kg (5.302 mol/L if alone); ")
    assert "the solution went beyond (5.378 mol/L), where the osmotic pressure is taken as proportional" in told
    assert "urea" not in told
    assert "of glucose are known up to 2.3 mol/kg" in message(
        {"glucose": "0 g/L"}, membrane="ideal", against={"glucose": "3 mol/kg"}
    )
    ions = message({"Na+": "7 mol/kg", "Cl-": "7 mol/kg"})
    assert "of Na+ are known up to 6 mol/kg" in ions
    bulky = message({"x": "3 mol/L"}, solutes={"x": {"apparent_volume": "200 cm^3/mol"}})
    assert "of x end where it fills half of the volume" in bulky


def test_what_has_no_osmotic_coefficient() -> None:
    assert message({"ethanol": "5 %"}) == "No osmotic coefficient of ethanol is known: counted as ideal."
    own = {"ethanol": {"osmotic_coefficient": [0.0]}}
    assert message({"ethanol": "5 %"}, solutes=own) == ""  # meant so
    assert message({"ethanol": "5 %"}, model="ideal") == ""


# -- errors -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (({},), ["no solute", 'NaCl="35 g/L"']),
        (({"Nacl": "1 mol/L"},), ['no solute "Nacl"', 'did you mean "NaCl"?']),
        (({"unobtainium": "1 mol/L"},), ['"unobtainium"', "describe it"]),
        (({"NaCl": "35 bar"},), ['concentration.NaCl = "35 bar"', "this is a pressure"]),
        (({"NaCl": "35"},), ["concentration.NaCl", "without a unit"]),
        (("NaCl=35 g/L",), ["concentration = 'NaCl=35 g/L'", "by solute"]),
        (({"NaCl": 35},), ["NaCl: expected one concentration", '"35 g/L"']),
        (({"NaCl": {"profile": []}},), ["NaCl: expected one concentration"]),
        (({"NaCl": "-1 g/L"},), ["must not be negative"]),
        (({"Na+": "1 mol/L"},), ["concentration: positive charges", "needs neutral solutions", "ideal"]),
        (({"lactose": "1 g/L"},), ["solutes.lactose.apparent_volume is missing", '"20 cm^3/mol"', '"0 cm^3/mol"']),
        (({"bacterium": "1 g/L"},), ["solutes.bacterium.molar_mass"]),
        (({"sucrose": "5 mol/L"},), ["concentration.sucrose", "of sucrose dissolve in water at 25 degC"]),
        (({"sucrose": "100 %"},), ["concentration: the mass fractions add up to 1"]),
    ],
)
def test_errors(arguments: tuple[Any], parts: list[str]) -> None:
    with pytest.raises(mp.CaseError) as error:
        mp.osmotic_pressure(*arguments)
    text = str(error.value)
    assert "left" not in text
    assert len(text.splitlines()) <= 2
    for part in parts:
        assert part in text


def test_a_description_that_is_no_table() -> None:
    with pytest.raises(mp.CaseError, match=r"solutes\.X = 3: expected a table"):
        mp.osmotic_pressure({"X": "1 mol/L"}, solutes={"X": 3})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"temperature": "20 C"}, ["temperature", 'did you mean "20 degC"?']),
        ({"temperature": "-5 degC"}, ["frozen"]),
        ({"model": "pitzr"}, ['did you mean "pitzer"?']),
        ({"model": "virial"}, ["solutes.NaCl.virial is missing", '["0.1 L/mol"]']),
        ({"membrane": "SW30"}, ['did you mean "SW30HR"?']),
        ({"membrane": "none"}, ['membrane = "none"', '"ideal"']),
        ({"against": {"NaCl": "1 g/L"}}, ["tonicity depends on the membrane"]),
        ({"membrane": "ideal", "against": {"NaCl": "1 bar"}}, ['against.NaCl = "1 bar"']),
        ({"solutes": {"NaCl": {"densty": "1 g/L"}}}, ["solutes.NaCl.densty: unknown key"]),
    ],
)
def test_wrong_options(options: dict[str, Any], parts: list[str]) -> None:
    with pytest.raises(mp.CaseError) as error:
        mp.osmotic_pressure({"NaCl": "9 g/L"}, **options)
    for part in parts:
        assert part in str(error.value)


# -- a solute that the library does not know at the membrane ----------------------------------------------------------
CELL = {"membrane": "red-blood-cell", "against": {"NaCl": "0.9 %"}}


def test_what_can_be_answered_is_answered_where_the_library_lacks_a_solute() -> None:
    found = mp.osmotic_pressure({"glucose": "5 %"}, **CELL)
    assert set(found) == ALWAYS | EFFECTIVE | {"tonicity"}
    alone = mp.osmotic_pressure({"glucose": "5 %"})
    assert found["osmotic_pressure_Pa"] == alone["osmotic_pressure_Pa"]
    assert [found[key] for key in (*EFFECTIVE, "tonicity")] == [None, None, None]
    assert (
        'The library does not say whether glucose can pass "red-blood-cell" (it has urea, glycerol, NaCl'
        in found["message"]
    )
    assert "If it is held back, the solution is hypertonic; if it passes, hypotonic in the end." in found["message"]


@pytest.mark.parametrize(
    ("solution", "against", "word"),
    [
        ({"glucose": "1 %"}, {"NaCl": "0.9 %"}, "hypotonic"),  # 56 mOsm even if all of it is held back
        ({"CaCl2": "1 %", "NaCl": "2 %"}, {"NaCl": "0.9 %"}, "hypertonic"),  # by its NaCl alone
        ({"NaCl": "0.9 %"}, {"glucose": "1 %"}, "hypertonic"),
    ],
)
def test_tonicity_that_holds_either_way(solution: dict[str, str], against: dict[str, str], word: str) -> None:
    found = mp.osmotic_pressure(solution, membrane="red-blood-cell", against=against)
    assert found["tonicity"] == word
    assert f"The solution is {word} whether it passes or not." in found["message"]


def test_an_unknown_solute_on_the_other_side_leaves_this_one_known() -> None:
    found = mp.osmotic_pressure({"NaCl": "0.9 %"}, membrane="red-blood-cell", against={"glucose": "5 %"})
    assert found["effective_osmotic_pressure_Pa"] == pytest.approx(found["osmotic_pressure_Pa"], rel=1e-12)
    assert found["tonicity"] is None


def test_pores_know_what_has_a_radius() -> None:
    known = mp.osmotic_pressure({"glucose": "5 %"}, membrane="NF270-pores")
    assert known["effective_osmotic_pressure_Pa"] is not None
    odd = {"molar_mass": "180 g/mol", "apparent_volume": "110 cm^3/mol"}
    unknown = mp.osmotic_pressure({"odd": "5 %"}, membrane="NF270-pores", solutes={"odd": odd})
    assert unknown["effective_osmotic_pressure_Pa"] is None
