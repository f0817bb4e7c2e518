"""A suggestion that the program itself refuses is a fault: every one is tried out where it is made.

`suggestions.check_suggestions` does so for each wrong case of `test_bad_input`; here are wrong quantities at many keys.
"""

from __future__ import annotations

import pytest

import membrane_pde as mp
from membrane_pde.input.casefile import parse_case
from membrane_pde.input.wording import nearest
from membrane_pde.studies.measurements import read
from tests.bases import CASE, GAS
from tests.malformed import MALFORMED
from tests.suggestions import suggested

LIQUID = (
    CASE.replace("[left]\n", '[left]\nboundary = "bath"\nvolume = "1 cm"\nfeed = { NaCl = "1 g/L" }\n')
    .replace("[right]\n", '[right]\nboundary = "standpipe"\ntube_area = 1\n')
    .replace("dissociation", 'apparent_volume = "17 cm^3/mol"\nvirial = ["0.1 L/mol"]\ndissociation')
)
KEYS = [
    "temperature", "left.length", "left.pressure", "left.concentration.NaCl", "left.volume", "left.bleed",
    "left.feed.NaCl", "right.tube_area", "solutes.NaCl.molar_mass", "solutes.NaCl.diffusivity",
    "solutes.NaCl.apparent_volume", "solutes.NaCl.max_molality", "membrane.water_permeability",
    "membrane.activation_energy", "membrane.pore_radius", "membrane.porosity_over_thickness",
    "membrane.solutes.NaCl.permeability", "run.duration", "mesh.finest",
]  # fmt: skip
TEXTS = [text for text, _ in MALFORMED] + [
    "3.5 m%", "35 gr/L", "35,000 mg/L", "35 000 mg/L", "1,5 mm", "35 ppt", "35 psu", "0.9 w/v", "90 mg%", "9 g%",
    "150 mOsM", "150 mEq/L", "40 % v/v", "21 % w/w", "20 mol%", "300 ppmv", "5 MM", "5 mm", "5 mM", "3 m", "3 molal",
    "35 Mg/L", "1e6 cells/mL", "1 L/m2.h.bar", "1 L/m2 h bar", "20 L m−2 h−1", "20 lmh", "20 gal/ft2-day", "20 L/m2-h",
    "760 Torr", "760 torrs", "14.7 psia", "5 bara", "5 bar(a)", "5 barg", "10 kg/cm2", "100 lb/in2", "10 Ba", "10 pa",
    "5 Mpa", "5 mPA", "28 mil", "5 Mm", "5 A", "5 mu", "5 micro", "20 C", "20 F", "20 celcius", "20 Celsius", "20 ˚C",
    "25°", "25 deg", "298 k", "20 Kelvin", "40 kD", "18 amu", "18 u", "60 rpm", "0.1 rad/s", "1 H", "2 hrs", "2 Hours",
    "1 a", "1 D", "1 Day", "20 kj/mol", "20 KJ/mol", "5 Kcal/mol", "1.6e-5 cm^2/S", "1.6e-9 M^2/s", "5 L/L", "0.1 g/g",
    "17 ml/mol", "17 cc/mol", "17 CM^3/mol", "-5 mm", "0 mm", "-5 mPA", "-5 H", "0 H", "0 Mm", "-35 gr/L", "-1,000 mm",
    "1e-5 cm2/sec", "5 nM", "5 nanometer", "5 nano", "5 UM",
    "6 mol/KG", "6 Mol/kg", "35 G/L", "35 g/l", "35 gram/liter", "10 bar abs/abs", "10 bar g/g", "5 gfd/PSI", "2e5 1/M",
    "2e5 /M", "1 LMH bar", "1 lmh/bar", "1 L/m2/h/Bar", "nan g/L", "5 %/L", "5 %%", "5 % bar", "12345678.9 Mpa",
    "5 g/100 g", "5 mg per 100 g", "-5 g/100 g", "12 % ABV", "12 °Bx", "3.5 pct", "3.5 per cent", "35 per mille",
    "5 Pascal", "5 Gram/Liter", "35 gNaCl/L", "35 g/L g/g", "20 grad C",
]  # fmt: skip


@pytest.mark.parametrize("text", dict.fromkeys(TEXTS))
def test_what_is_suggested_for_a_quantity_is_accepted(text: str) -> None:
    liquid, gas = parse_case(LIQUID), parse_case(GAS)
    places = [(liquid, key) for key in KEYS]
    places += [(gas, key) for key in ("left.pressure", "left.concentration.A", "temperature", "left.length")]
    for case, key in places:
        try:
            case.with_values({key: text})
        except mp.CaseError as error:
            message = str(error)
        else:
            continue
        if not message.startswith(f'{key} = "'):
            continue  # right by itself; wrong beside the rest of the case
        for other in suggested(message.split(": ", 1)[1]):
            try:
                case.with_values({key: other})
            except mp.CaseError as error:
                assert not str(error).startswith(f'{key} = "{other}"'), f"{message}\n{error}"  # noqa: PT017


def test_a_name_of_a_substance_is_not_guessed_from_a_few_letters() -> None:
    with pytest.raises(mp.CaseError) as error:
        mp.osmotic_pressure({"DMSO": "1 mol/L"})
    assert "MgSO4" not in str(error.value).split("known")[0]
    for name, meant in {"Nacl": "NaCl", "sucros": "sucrose", "dextran": "dextran", "MgCl": "MgCl2"}.items():
        with pytest.raises(mp.CaseError, match=f'did you mean "{meant}'):
            mp.osmotic_pressure({name: "1 mol/L"})
    for name in ("NH4Cl", "Na2CO3", "KNO3", "galactose", "fructose", "CaSO4", "LiCl"):
        with pytest.raises(mp.CaseError) as error:
            mp.osmotic_pressure({name: "1 mol/L"})
        assert "did you mean" not in str(error.value), name


def test_nearest() -> None:
    assert nearest("presure", ["pressure", "length"]) == '; did you mean "pressure"?'
    assert nearest("DMSO", ["MgSO4"], substance=True) == ""


@pytest.mark.parametrize(
    "header",
    [
        "pressure [bar]",
        "left pressure [bar]",
        "left_pressure [bar]",
        "feed pressure [bar]",
        "applied_pressure [bar]",
        "feed concentration [g/L]",
        "cell temperature [degC]",
        "NaCl rejection [%]",
        "water permeability [LMH/bar]",
        "length [mm]",
        "right length [mm]",
        "waterflux [LMH]",
        "water flow [LMH]",
        "duration [h]",
        "times [min]",
    ],
)
def test_what_is_suggested_for_a_column_is_accepted(header: str) -> None:
    case = parse_case(CASE)
    good = {"left.pressure [bar]": [1, 2], "water_flux error [LMH]": [1, 1], "water_flux [LMH]": [1, 2]}
    with pytest.raises(mp.CaseError) as error:
        read(case, good | {header: [3, 4]})
    unit = header[header.index("[") :]
    others = suggested(str(error.value))
    assert others
    for other in others:
        columns = {key: cells for key, cells in good.items() if not key.startswith((f"{other} ", f"{other} error"))}
        if other == "time":
            columns.pop("left.pressure [bar]")
        if other == "water_flux":
            columns.pop("water_flux error [LMH]", None)
        assert read(case, columns | {f"{other} {unit}": [3, 4]})


@pytest.mark.parametrize("header", ["time_min", "water_flux_LMH", "salt_rejection"])
def test_what_is_suggested_for_a_column_without_a_unit_is_whole(header: str) -> None:
    case = parse_case(CASE)
    with pytest.raises(mp.CaseError) as error:
        read(case, {"left.pressure [bar]": [1, 2], header: [0.1, 0.2]})
    for other in suggested(str(error.value)):
        beside = {"pressure_left [bar]": [1, 2]} if other.startswith("time") else {"left.pressure [bar]": [1, 2]}
        assert read(case, {**beside, other: [0.1, 0.2]})


@pytest.mark.parametrize("unit", ["lmh", "Mpa", "L/m2.h", "gr/L", "Torrr", "bara", "H", "kD", "m%"])
def test_what_is_suggested_for_a_unit_of_a_column_is_accepted(unit: str) -> None:
    case = parse_case(CASE)
    for header, rest in {
        "water_flux": {"left.pressure [bar]": [1, 2]},
        "pressure_left": {"right.pressure [bar]": [1, 2]},
        "concentration_left[NaCl]": {"left.pressure [bar]": [1, 2]},
        "time": {"water_flux [LMH]": [1, 2]},
    }.items():
        with pytest.raises(mp.CaseError) as error:
            read(case, {f"{header} [{unit}]": [3, 4], **rest})
        others = suggested(str(error.value))
        assert others or unit != "gr/L" or not header.startswith("concentration")
        for other in others:
            assert read(case, {f"{header} [{other}]": [3, 4], **rest})
