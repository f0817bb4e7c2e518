"""Bad input: every message names the key, the value, what was expected and what is near, in one or two lines."""

import re
from pathlib import Path

import pytest

from membrane_pde.input.casefile import load_case, parse_case
from membrane_pde.input.errors import CaseError
from membrane_pde.input.number_at import number_at
from tests.bases import CASE, GAS, NUMBERS, edited
from tests.suggestions import check_suggestions

LEFT = ("[left]\n", "[left]\n")


def message(text):
    with pytest.raises(CaseError) as error:
        parse_case(text)
    found = str(error.value)
    assert 1 <= len(found.splitlines()) <= 2
    assert len(found) < 500
    assert "Traceback" not in found
    check_suggestions(text, found)
    return found


def left(line):
    return edited(("[left]\n", f"[left]\n{line}\n"))


def top(line):
    return f"{line}\n{CASE}"


def run(line):
    return CASE + line + "\n"


def membrane(text):
    return edited((NUMBERS, text + "\n"))


def check(text, *parts):
    found = message(text)
    for part in parts:
        assert part in found


# ------------------------------------------------------------------------------------------------- keys


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (left('presure = "50 bar"'), ["left.presure: unknown key", 'did you mean "left.pressure"?']),
        (left('Pressure = "50 bar"'), ["left.Pressure: unknown key", 'did you mean "left.pressure"?']),
        (left("zzz = 1"), ["left.zzz: unknown key", "known: label, boundary, length"]),
        (top('titel = "x"'), ["titel: unknown key", 'did you mean "title"?']),
        (top('name = "x"'), ["name: unknown key"]),
        (top("warnings = []"), ["warnings: unknown key"]),
        (run("output = 10"), ["run.output: unknown key", 'did you mean "run.outputs"?']),
        (edited(("length", "lenght")), ["left.lenght: unknown key", 'did you mean "left.length"?', "1 more problem"]),
        (
            edited(("dissociation", "disociation")),
            ["solutes.NaCl.disociation", 'did you mean "solutes.NaCl.dissociation"?'],
        ),
        (
            edited(("reflection", "reflexion")),
            ["membrane.solutes.NaCl.reflexion", 'did you mean "membrane.solutes.NaCl.reflection"?'],
        ),
        (edited(("[run]", "[rum]")), ["rum: unknown key", 'did you mean "run"?']),
    ],
)
def test_unknown_key(text, parts):
    check(text, *parts)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (edited(('length = "1 mm"\n', "")), ["left.length is missing", 'length = "1 mm"']),
        (edited(('duration = "1 h"\n', "")), ["run.duration is missing", 'duration = "2 h"']),
        (edited(('[run]\nduration = "1 h"\n', "")), ["run is missing", "[run]"]),
        (edited((NUMBERS, "")), ["membrane is missing", "[membrane]"]),
        (
            edited(('diffusivity = "1.6e-9 m^2/s"\n', "")).replace("NaCl", "dextran"),
            ["solutes.dextran.diffusivity is missing"],
        ),
        (edited(("NaCl = ", "")), ["line 8: not valid TOML"]),
        (edited(('{ NaCl = "35 g/L" }', "{ }")), ["left.concentration.NaCl is missing", '"0 mol/L"']),
        (edited(('concentration = { NaCl = "0 g/L" }\n', "")), ["right.concentration.NaCl is missing"]),
        (membrane("[membrane]"), ["membrane.water_permeability is missing", '"ideal"', '"none"']),
        (
            membrane('[membrane]\nwater_permeability = "1 LMH/bar"'),
            ["membrane.solutes.NaCl is missing", "permeability"],
        ),
        (edited(("reflection = 0.99\n", "")), ["membrane.solutes.NaCl.reflection is missing", "spiegler-kedem"]),
        (edited(('permeability = "1e-8 m/s"\n', "")), ["membrane.solutes.NaCl.permeability is missing", '"0 m/s"']),
    ],
)
def test_missing(text, parts):
    check(text, *parts)


def test_solute_not_in_the_library_says_what_is():
    text = edited(('[solutes.NaCl]\ndiffusivity = "1.6e-9 m^2/s"\n', "[solutes.NaCL]\n"))
    check(text, "membrane.solutes.NaCl", '"NaCl" is not a declared solute', 'did you mean "NaCL"?')
    text = edited((NUMBERS, '[membrane]\ntype = "ideal"\n'), text=text)
    check(text, "solutes.NaCL.diffusivity is missing", 'nearest there: "NaCl"')


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (left('diffusivity = { NaCL = "1e-9 m^2/s" }'), ["left.diffusivity.NaCL", 'did you mean "NaCl"?']),
        (edited(('{ NaCl = "35 g/L"', '{ Nacl = "35 g/L"')), ["left.concentration.Nacl", 'did you mean "NaCl"?']),
        (edited(('"35 g/L"', '"35 g/L", urea = "1 g/L"')), ["left.concentration.urea", "[solutes.urea]"]),
        (edited(('"35 g/L"', '"35 g/L", "K+" = "1 g/L"')), ["left.concentration.K+", '[solutes."K+"]']),
        (edited(("[membrane.solutes.NaCl]", "[membrane.solutes.Nacl]")), ["membrane.solutes.Nacl", '"NaCl"?']),
        (left('boundary = "outflow"\nbackflow = { X = "1 g/L" }'), ["left.backflow.X", "not a declared solute"]),
        (left('boundary = "outflow"\nbackflow = {}'), ["left.backflow.NaCl is missing", '"last"']),
    ],
)
def test_undeclared_solute(text, parts):
    check(text, *parts)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[solutes.NaCl]\n[solutes.nacl]\n", ["solutes.NaCl", "solutes.nacl", "capital letters only"]),
        ('[solutes."a.b"]\n', ['solutes."a.b"', "without dots"]),
        ('[solutes.""]\n', ["a solute's name"]),
        ('[solutes." "]\n', ["a solute's name"]),
        ('[solutes."a\\nb"]\n', ["a solute's name"]),
        (f"[solutes.{'x' * 51}]\n", ["1 to 50 characters"]),
        ("[solutes]\n", ["solutes is empty", "[solutes.NaCl]"]),
        ("solutes = 3\n", ["solutes = 3", "expected a table"]),
        ('solutes = { NaCl = "x" }\n', ['solutes.NaCl = "x"', "expected a table, [solutes.NaCl]"]),
        ("".join(f"[solutes.s{i}]\n" for i in range(65)), ["65 solutes; at most 64"]),
    ],
)
def test_solute_names(text, parts):
    start, end = CASE.index("[solutes"), CASE.index("[left]")
    check(CASE[:start] + text + CASE[end:], *parts)


# ------------------------------------------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (left('pressure = "50 m"'), ['left.pressure = "50 m"', "this is a length", "a pressure", '"50 bar"']),
        (left("pressure = 50"), ["left.pressure = 50", "a number without a unit", '"50 bar"']),
        (left('pressure = "50"'), ['left.pressure = "50"', "a number without a unit", '"50 bar"']),
        (
            left('pressure = "1,5 bar"'),
            ['left.pressure = "1,5 bar"', 'decimal point, and no commas; did you mean "1.5 bar"?'],
        ),
        (left('pressure = "bar"'), ['left.pressure = "bar"', "a unit without a number", '"1 bar"']),
        (left('pressure = "nan bar"'), ['left.pressure = "nan bar"', "not a finite number"]),
        (left("pressure = nan"), ["left.pressure = nan", "a number without a unit"]),
        (left('pressure = "inf bar"'), ["left.pressure", "not a finite number"]),
        (left('pressure = "50 Bar"'), ['did you mean "50 bar"? (units are case-sensitive)']),
        (left("pressure = true"), ["left.pressure = true", "expected a pressure"]),
        (left("pressure = 1979-05-27"), ["left.pressure = 1979-05-27", "expected a pressure"]),
        (left(f'pressure = "{"5" * 5000} bar"'), ["left.pressure = ", "…", "longer than 100 characters"]),
        (edited(('"1 mm"', '"-1 mm"')), ['left.length = "-1 mm"', "must be more than zero"]),
        (edited(('"1 mm"', '"0 mm"')), ['left.length = "0 mm"', "must be more than zero"]),
        (edited(('"35 g/L"', '"-35 g/L"')), ['left.concentration.NaCl = "-35 g/L"', "must not be negative"]),
        (edited(('"35 g/L"', '"nan g/L"')), ['left.concentration.NaCl = "nan g/L"', "not a finite number"]),
        (edited(('"35 g/L"', "35")), ["left.concentration.NaCl = 35", "without a unit", '"35 g/L"']),
        (edited(('"35 g/L"', '"35 bar"')), ["left.concentration.NaCl", "this is a pressure", "a concentration"]),
        (edited(('{ NaCl = "35 g/L" }', '"35 g/L"')), ["left.concentration", "expected a table, [left.concentration]"]),
        (edited(('"1e-8 m/s"', '"-1e-8 m/s"')), ["membrane.solutes.NaCl.permeability", "must not be negative"]),
        (edited(('"1 L/m^2/hour/bar"', '"-1 LMH/bar"')), ["membrane.water_permeability", "must not be negative"]),
        (edited(('"58.44 g/mol"', '"0 g/mol"')), ["solutes.NaCl.molar_mass", "must be more than zero"]),
        (edited(('"1 h"', '"0 s"')), ['run.duration = "0 s"', "must be more than zero"]),
        (edited(('"1 h"', '"-1 h"')), ["run.duration", "must be more than zero"]),
        (edited(('"1 h"', '"1 H"')), ["run.duration", "an inductance", 'did you mean "1 h"?']),
        (edited(("0.99", "1.2")), ["membrane.solutes.NaCl.reflection = 1.2", "from 0 to 1"]),
        (edited(("0.99", "-0.1")), ["membrane.solutes.NaCl.reflection = -0.1", "from 0 to 1"]),
        (edited(("0.99", "nan")), ["membrane.solutes.NaCl.reflection = nan", "a finite number"]),
        (edited(("0.99", '"0.99"')), ['reflection = "0.99"', "expected a number, without quotes"]),
        (edited(("dissociation = 2", "dissociation = 0")), ["solutes.NaCl.dissociation = 0", "more than 0"]),
        (edited(("dissociation = 2", "dissociation = inf")), ["solutes.NaCl.dissociation", "a finite number"]),
        (edited(("dissociation = 2", "dissociation = 2\ncharge = 1.5")), ["solutes.NaCl.charge", "a whole number"]),
        (left('stirred = "true"'), ['left.stirred = "true"', "expected true or false, without quotes"]),
        (left("label = 3"), ["left.label = 3", "a text in quotes"]),
        (left('boundary = "pistn"'), ['left.boundary = "pistn"', '"standpipe"', 'did you mean "piston"?']),
        (left('boundary = "standpipe"\ntube_area = -1'), ["left.tube_area = -1", "above zero"]),
        (left('boundary = "standpipe"\ntube_area = 1' + "0" * 400), ["left.tube_area = 1000", "finite"]),
        (left('boundary = "standpipe"\ntube_area = 1e400'), ["left.tube_area", "finite"]),
        (edited(("dissociation = 2", "dissociation = 2\ncharge = 1" + "0" * 400)), ["solutes.NaCl.charge"]),
        (left('boundary = "standpipe"\ntube_area = nan'), ["left.tube_area = nan", "finite"]),
        (left('boundary = "standpipe"\ntube_area = "1 m^2"'), ["left.tube_area", "this is an area", "a ratio"]),
        (run('until = "equilbrium"'), ['run.until = "equilbrium"', 'did you mean "equilibrium"?']),
        (run('solver = "ida"'), ['run.solver = "ida"', '"cvode" or "fipy"']),
        (run("outputs = 1"), ["run.outputs = 1", "at least 2"]),
        (run("outputs = 100001"), ["run.outputs = 100001", "at most 100000"]),
        (run("rtol = 0"), ["run.rtol = 0", "at least 1e-12"]),
        (run("[mesh]\ncells = 0"), ["mesh.cells = 0", "at least 1"]),
        (run("[mesh]\ncells = 10.5"), ["mesh.cells = 10.5", "a whole number"]),
        (run("[mesh]\ncells = 500001"), ["mesh.cells = 500001", "1000002 unknowns", "at most 1000000"]),
        (run('[mesh]\ncells = 100\nfinest = "0.1 mm"'), ["mesh.finest = 0.0001 m", "100 equal cells", "1e-05 m"]),
    ],
)
def test_values(text, parts):
    check(text, *parts)


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ('"-5 degC"', ["temperature = -5 degC", "frozen", "0 to 100 degC"]),
        ('"272 K"', ["frozen"]),
        ('"101 degC"', ["temperature = 101 degC", "boils"]),
        ('"-300 degC"', ["absolute zero"]),
        ('"20 C"', ['temperature = "20 C"', 'did you mean "20 degC"?']),
        ("25", ["temperature = 25", '"25 degC"']),
    ],
)
def test_temperature(value, parts):
    check(top(f"temperature = {value}"), *parts)


def test_a_solution_without_water():
    check(edited(('"35 g/L"', '"100 %"')), "left.concentration: the mass fractions add up to 1", "no water")


def test_freezing_and_boiling_are_allowed():
    for value in ("0 degC", "32 degF", "100 degC", "273.15 K"):
        parse_case(top(f'temperature = "{value}"'))


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ('{ profile = [["0 mm", "1 g/L"], ["1 mm", "1 mol/kg"]] }', ["either per volume, per mass of water"]),
        ('"0.5 mol/mol"', ["a mole fraction is for a gas", "mol/L, g/L"]),
        ('{ profile = [["0 mm", "1 g/L"], ["2 mm", "1 g/L"]] }', ["0.002 m", "beyond left.length, 0.001 m"]),
        ('{ profile = [["1 mm", "1 g/L"], ["0 mm", "1 g/L"]] }', ["distances must increase", "entry 2"]),
        ('{ profile = [["0 mm", "1 g/L"], ["0 mm", "1 g/L"]] }', ["distances must increase"]),
        ('{ profile = [["-1 mm", "1 g/L"]] }', ["must not be negative"]),
        ('{ profile = [["0 mm", "-1 g/L"]] }', ['entry 1, "-1 g/L"', "must not be negative"]),
        ('{ profile = [["0 mm", "1 bar"]] }', ['entry 1, "1 bar"', "this is a pressure"]),
        ('{ profile = [["0 s", "1 g/L"]] }', ['entry 1, "0 s"', "this is a time", "a length"]),
        ("{ profile = [] }", ["a list of pairs"]),
        ('{ profile = ["1 g/L", "2 g/L"] }', ["a list of pairs"]),
        ('{ profil = [["0 mm", "1 g/L"]] }', ['unknown key "profil"', 'did you mean "profile"?']),
    ],
)
def test_concentrations(value, parts):
    check(edited(('"35 g/L"', value)), "left.concentration.NaCl", *parts)


def test_mass_per_volume_needs_the_molar_mass():
    text = edited(
        ('molar_mass = "58.44 g/mol"\n', ""), ("solutes.NaCl]", "solutes.A]"), ("solutes.NaCl]", "solutes.A]")
    )
    check(text.replace("{ NaCl", "{ A"), "left.concentration.A", "solutes.A.molar_mass", '"58.44 g/mol"')


def test_profile_in_a_stirred_side():
    text = edited(('"35 g/L"', '{ profile = [["0 mm", "1 g/L"]] }'), ("[left]\n", "[left]\nstirred = true\n"))
    check(text, "left.concentration.NaCl", "stirred")


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ('{ schedule = [["1 min", "0 bar"], ["0 s", "60 bar"]] }', ["must increase", "entry 2"]),
        ('{ schedule = [["1 s", "0 bar"], ["1 s", "60 bar"]] }', ["must increase"]),
        ('{ schedule = [["-1 s", "0 bar"]] }', ["the first time must not be negative"]),
        ('{ schedule = [["0 s", "5 m"]] }', ['entry 1, "5 m"', "this is a length"]),
        ('{ schedule = [["0 bar", "0 s"]] }', ['entry 1, "0 bar"', "expected a time"]),
        ('{ schedule = [["0 s", 5]] }', ["entry 1, 5", "without a unit"]),
        ("{ schedule = [] }", ["a list of pairs"]),
        ('{ schedule = "60 bar" }', ["a list of pairs"]),
        ('{ schedule = [["0 s", "1 bar", "2 bar"]] }', ["a list of pairs"]),
        ('{ shape = "ramp" }', ["a list of pairs"]),
        ('{ schedule = [["0 s", "1 bar"]], shape = "rmp" }', ['"step" or "ramp"', '"rmp"']),
        ('{ schedul = [["0 s", "1 bar"]] }', ['unknown key "schedul"', 'did you mean "schedule"?']),
    ],
)
def test_schedules(value, parts):
    check(left(f"pressure = {value}"), "left.pressure", *parts)


# ------------------------------------------------------------------------------------------------- the model


def sides(one, other, *pairs):
    return edited(
        ("[left]\n", f'[left]\nboundary = "{one}"\n'), ("[right]\n", f'[right]\nboundary = "{other}"\n'), *pairs
    )


NONE = (NUMBERS, '[membrane]\ntype = "none"\n')


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (sides("outflow", "outflow"), ["left.boundary and right.boundary", '"outflow"', "at most one"]),
        (sides("rigid", "rigid"), ["left.boundary and right.boundary", '"rigid"', "at most one"]),
        (sides("rigid", "piston", LEFT, ("boundary", 'pressure = "1 bar"\nboundary')), ["left.pressure", "rigid"]),
        (left("tube_area = 2"), ["left.tube_area", '"standpipe"', 'left.boundary is "piston"']),
        (left('backflow = "last"'), ["left.backflow", '"outflow"', 'left.boundary is "piston"']),
        (left('boundary = "outflow"\nbackflow = "first"'), ['left.backflow = "first"', '"last"']),
        (sides("standpipe", "piston", NONE), ['left.boundary = "standpipe"', "without a membrane", '"reservoir"']),
        (sides("piston", "outflow", NONE), ['right.boundary = "outflow"', "without a membrane"]),
        (edited(NONE, ("[left]\n", '[left]\npressure = "1 bar"\n')), ["left.pressure and right.pressure differ"]),
        (
            edited(NONE, ("[left]\n", '[left]\npressure = { schedule = [["0 s", "0 bar"], ["1 s", "1 bar"]] }\n')),
            ["left.pressure and right.pressure differ"],
        ),
        (
            edited(NONE, ("[left]\n", "[left]\nstirred = true\n"), ("[right]\n", "[right]\nstirred = true\n")),
            ["left.stirred and right.stirred", "expected stirred = false"],
        ),
        (membrane('[membrane]\ntype = "SW30"'), ['membrane.type = "SW30"', 'did you mean "SW30HR"?']),
        (membrane('[membrane]\ntype = "idael"'), ['membrane.type = "idael"', 'did you mean "ideal"?']),
        (membrane('[membrane]\ntype = "zzzz"'), ['membrane.type = "zzzz"', "known: ideal, none"]),
        (membrane("[membrane]\ntype = 3"), ["membrane.type = 3", "a text in quotes"]),
        (
            edited(("[membrane]\n", '[membrane]\nflux_law = "solution-diffusion"\n')),
            ["membrane.solutes.NaCl.reflection = 0.99", "solution-diffusion means a reflection of 1", "spiegler-kedem"],
        ),
        (
            edited(("reflection = 0.99", "reflection = 0.99\npartition = 2")),
            ["membrane.solutes.NaCl.partition = 2", "water_permeability"],
        ),
        (
            edited(('"1.6e-9 m^2/s"\n', '"1.6e-9 m^2/s"\nreference_temperature = "-5 degC"\n')),
            ["solutes.NaCl.reference_temperature", "0 to 100 degC"],
        ),
        (
            edited(('diffusivity = "1.6e-9 m^2/s"\n', 'reference_temperature = "20 degC"\n')),
            ["solutes.NaCl.reference_temperature", "beside a diffusivity"],
        ),
    ],
)
def test_combinations(text, parts):
    check(text, *parts)


BRINE = CASE.replace("NaCl", "brine")  # the library has none


@pytest.mark.parametrize("written", ['"1 mol/kg"', '"300 mOsm/kg"', '"32000 ppm"', '"3.5 %"', '"35 g/kg"'])
def test_what_a_density_needs(written):
    text = BRINE.replace('"35 g/L"', written)
    kind = "per mass of water" if '/kg"' in written and "g/kg" not in written else "a mass fraction"
    check(
        text, "solutes.brine.apparent_volume is missing", '"20 cm^3/mol"', f"left.concentration.brine is {kind}", "g/L"
    )
    with_volume = text.replace("dissociation", 'apparent_volume = "17 cm^3/mol"\ndissociation')
    assert parse_case(with_volume).left.concentration["brine"] > 0
    if kind == "a mass fraction":
        check(
            with_volume.replace('molar_mass = "58.44 g/mol"\n', ""), "a mass fraction needs", "solutes.brine.molar_mass"
        )


def solute(line):
    return BRINE.replace("dissociation", f"{line}\ndissociation")


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ('apparent_volume = "1 bar"', ["solutes.brine.apparent_volume", "this is a pressure", "a molar volume"]),
        ("apparent_volume = 20", ["without a unit", '"16.6 cm^3/mol"']),
        ("apparent_volume = [1, 2]", ["the five numbers of Laliberté and Cooper"]),
        ("apparent_volume = [1, 0, 0, 0, 0]", ["the second above zero"]),
        ("apparent_volume = [1, 1, 0, 0, nan]", ["the five numbers"]),
        ("apparent_volume = [1, 1, 0, 0, 1e6]", ["all below 2e4"]),
        ("osmotic_coefficient = 0.1", ["a list of numbers"]),
        ('osmotic_coefficient = ["0.1"]', ["a list of numbers"]),
        ("osmotic_coefficient = [inf]", ["a list of numbers"]),
        ('virial = "0.1 L/mol"', ["one or two coefficients"]),
        ('virial = ["0.1 L"]', ['entry 1, "0.1 L"', "a molar volume"]),
        ('virial = ["0.1 L/mol", "0.1 L/mol"]', ["entry 2", "L^2/mol^2"]),
        ('max_molality = "6 mol/L"', ["solutes.brine.max_molality", "a molality"]),
        ('max_molality = "0 mol/kg"', ["more than zero"]),
        ('ions = { "Na+" = 1, "Br-" = 1 }', ["solutes.brine.ions.Br-", "no data of this ion", "HCO3-", "ideally"]),
        ('ions = { "Na+" = 0, "Cl-" = 1 }', ['solutes.brine.ions."Na+" = 0', "more than 0"]),
        ('ions = { "Ca2+" = 1, "Cl-" = 1 }', ["solutes.brine.ions", "add up to 1", "expected 0"]),
        ('charge = 1\nions = { "Cl-" = 1 }', ["add up to -1", "expected 1"]),
        ('ions = ["Na+"]', ["solutes.brine.ions"]),
    ],
)
def test_data_of_real_solutions(line, parts):
    check(solute(line), *parts)


@pytest.mark.parametrize(
    ("model", "line", "parts"),
    [
        ("pitzer", "", ["solutes.brine.apparent_volume is missing", '"20 cm^3/mol"', "pitzer", '"0 cm^3/mol"']),
        ("virial", "", ["solutes.brine.virial is missing", '["0.1 L/mol"]', '["0 L/mol"]']),
        (
            "pitzer",
            'charge = 1\nions = { "Na+" = 1 }\napparent_volume = "1 cm^3/mol"',
            ["left.concentration", "do not balance", "needs neutral solutions"],
        ),
    ],
)
def test_what_an_osmotic_model_needs(model, line, parts):
    check(f'osmotic_model = "{model}"\n' + solute(line), *parts)


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ('type = "none"', 'type = "ideal"', ["membrane.type", 'expected type = "none"']),
        ("[left]\n", '[left]\nboundary = "piston"\n', ['left.boundary = "piston"', 'expected "rigid"']),
        ("[left]\n", '[left]\nboundary = "reservoir"\n', ['left.boundary = "reservoir"', 'expected "rigid"']),
        ('pressure = "1 atm"', 'pressure = "2 atm"', ["left.pressure and right.pressure differ"]),
        ('pressure = "1 atm"\n', "", ["left.pressure is missing", "absolute", '"1 atm"']),
        ('"1 atm"', '"0 atm"', ["left.pressure = 0 Pa", "absolute"]),
        ('"1 atm"', '"1 barg"', ['left.pressure = "1 barg"', "absolute"]),
        ('"1 atm"', '{ schedule = [["0 s", "1 atm"], ["1 s", "1 atm"]] }', ["left.pressure", "one constant pressure"]),
        ('"80 %"', '"101 %"', ["left.concentration", "add up to 1.01", "at most 1"]),
        ('"80 %"', '"35 g/kg"', ["left.concentration.A", "a mass fraction", '"0.5 mol/mol"']),
        ('"80 %"', '"1 mol/kg"', ["left.concentration.A", "a molality", '"0.5 mol/mol"']),
        ("2e-5", "3e-5", ["solutes.B.diffusivity", "solutes.A.diffusivity", "one common diffusivity"]),
        ("[left]\n", '[left]\ndiffusivity = { A = "1e-5 m^2/s" }\n', ["left.diffusivity.A", "one common diffusivity"]),
        (
            'diffusivity = "2e-5 m^2/s"',
            'reference_temperature = "20 degC"',
            ["solutes.A.reference_temperature", "beside a diffusivity"],
        ),
        ('phase = "gas"', 'phase = "gass"', ['phase = "gass"', 'did you mean "gas"?']),
    ],
)
def test_gas(old, new, parts):
    check(edited((old, new), text=GAS), *parts)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        (top('transport = "nernst-planck"'), 'transport = "nernst-planck"'),
        (edited(("[membrane]\n", '[membrane]\nfixed_charge = "1 mol/L"\n')), "membrane.fixed_charge"),
    ],
)
def test_planned(text, start):
    found = message(text)
    assert found.startswith(start)
    assert "not available in this version" in found


# ------------------------------------------------------------------------------------------------- TOML


@pytest.mark.parametrize(
    ("text", "number", "parts"),
    [
        (
            edited(('{ NaCl = "35 g/L" }', '{ Na+ = "35 g/L" }')),
            8,
            ['write a name with a sign in quotes: "Na+"', "Na+ = "],
        ),
        (edited(("[solutes.NaCl]", "[solutes.Ca2+]")), 2, ['write a name with a sign in quotes: "Ca2+"']),
        (edited(('{ NaCl = "35 g/L" }', '{ \n NaCl = "35 g/L" }')), 8, ["an inline table", "on one line"]),
        (edited(('{ NaCl = "35 g/L" }', '{ NaCl = "35 g/L",\n }')), 8, ["an inline table", "on one line"]),
        (edited(('"1 h"', "1 h")), 18, ['write a quantity in quotes: "1 h"', "duration = 1 h"]),
        (edited(('"35 g/L"', "35 g/L")), 8, ['write a quantity in quotes: "35 g/L"']),
        (edited(('"1 h"', '"1 h')), 18, ['duration = "1 h']),
        (edited(("[run]", "[run")), 17, ["[run"]),
        (edited(("[run]", "[run]\n[run]")), 18, ["[run]"]),
        (edited(('length = "1 mm"', 'length = "1 mm"\nlength = "2 mm"')), 8, ['length = "2 mm"']),
        ("duration 3\n", 1, ["duration 3"]),
        ("a = " + "[" * 100000, 1, ["nested too deeply"]),
        ("a = " + "1" * 5000, 1, ["not valid TOML"]),
    ],
)
def test_invalid_toml(text, number, parts):
    found = message(text)
    assert found.startswith(f"line {number}: not valid TOML: ")
    for part in parts:
        assert part in found


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (edited(("dissociation = 2", 'title = "x"')), ["solutes.NaCl.title", "above the first [table]"]),
        (
            edited(('title = "test"\n', ""), ("[left]\n", '[left]\ntitle = "x"\n')),
            ["left.title", "above the first [table]"],
        ),
        (run('temperature = "25 degC"'), ["run.temperature", "above the first [table]"]),
        (run('[left.x]\n[mesh]\nosmotic_model = "ideal"'), ["left.x"]),
        (edited(("[solutes.NaCl]", '[solutes]\ntitle = "x"\n[solutes.NaCl]')), ["solutes.title", "above the first"]),
        (
            edited(('concentration = { NaCl = "35 g/L" }', '[left.concentration]\nNaCl = "35 g/L"\nlabel = "sea"')),
            ["left.concentration.label", "belongs to [left]", "above [left.concentration]"],
        ),
        (
            edited(
                ('concentration = { NaCl = "35 g/L" }', '[left.concentration]\nNaCl = "35 g/L"\npressure = "5 bar"')
            ),
            ["left.concentration.pressure", "belongs to [left]"],
        ),
    ],
)
def test_misplaced_key(text, parts):
    check(text, *parts)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n"])
def test_empty(text):
    check(text, "the case is empty")


@pytest.mark.parametrize(
    "text", ["\x00", "[[[", "a" * 10000, "=", "a = 1", "left = 1\nright = 2", "[left]\n[right]\n[run]"]
)
def test_rubbish(text):
    message(text)


def test_many_problems_are_counted():
    found = message("[left]\n[right]\n[run]\n")
    assert re.search(r"\(\d more problems after this one\)", found)


# ------------------------------------------------------------------------------------------------- files


def file_message(path):
    with pytest.raises(CaseError) as error:
        load_case(path)
    return str(error.value)


def test_file_that_is_not_there(tmp_path, monkeypatch):
    (tmp_path / "mine.toml").write_text(CASE)
    assert 'did you mean "mine.toml"?' in file_message(tmp_path / "mime.toml")
    assert "no such file" in file_message(tmp_path / "other" / "mine.toml")
    shipped = {"osmosis": tmp_path / "mine.toml"}
    monkeypatch.setattr("membrane_pde.input.casefile._shipped", lambda: shipped)
    assert 'did you mean "osmosis"?' in file_message("osmosi")
    assert "membrane-pde list" in file_message("zzzz")
    assert "no such file" in file_message("x" * 5000)
    assert "no such file" in file_message("a\0b")


def test_folder(tmp_path):
    assert "is a folder" in file_message(tmp_path)


def test_not_utf8(tmp_path):
    path = tmp_path / "latin.toml"
    path.write_bytes(CASE.replace("test", "Entsalzung für alle").encode("latin-1"))
    assert "not a text in UTF-8" in file_message(path)
    assert str(path) in file_message(path)


def test_too_large(tmp_path):
    path = tmp_path / "large.toml"
    path.write_text("#" * 10_000_001)
    assert "larger than 10 MB" in file_message(path)
    with pytest.raises(CaseError, match="larger than 10 MB"):
        parse_case("#" * 10_000_001)


def test_message_names_the_file(tmp_path):
    path: Path = tmp_path / "empty.toml"
    path.write_text("")
    assert file_message(path) == f"{path}: the case is empty: " + file_message(path).split("the case is empty: ")[1]
    path.write_text(left('presure = "1 bar"'))
    assert file_message(path).startswith(f"{path}: left.presure: unknown key")


# ------------------------------------------------------------------------------------------------- overrides


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        ("left.presure", "1 bar", ["left.presure: unknown key", 'did you mean "left.pressure"?']),
        ("lefft.pressure", "1 bar", ["lefft: unknown key", 'did you mean "left"?']),
        ("solutes.NaCl.difusivity", "1 m^2/s", ["solutes.NaCl.difusivity", 'did you mean "solutes.NaCl.diffusivity"?']),
        ("left.length.x", "1 m", ["left.length.x", "left.length is not a table"]),
        ("left.pressure", "5 m", ['left.pressure = "5 m"', "this is a length"]),
        ("left.pressure", 5, ["left.pressure = 5", "without a unit"]),
        ("left.pressure", "{ schedule = [ }", ["left.pressure", "not valid TOML"]),
        ("left.concentration.NaCl.profile", '[["0 mm", "1 g/L"]]', ['"35 g/L", not a table', "give it whole"]),
        ("left.concentration.Nacl", "1 g/L", ["left.concentration.Nacl", 'did you mean "NaCl"?']),
        ("left", "3", ['left = "3"', "expected a table"]),
        ("mesh.cells", "many", ['mesh.cells = "many"', "a whole number"]),
        ("mesh.cells", 10.5, ["mesh.cells = 10.5", "a whole number"]),
        ("mesh.cells", True, ["mesh.cells = true", "a whole number"]),
        ("mesh.cells", None, ["mesh.cells = None", "expected a value"]),
        ("left.stirred", "yes", ['left.stirred = "yes"', "true or false"]),
        ("left.support", "1 m/s", ["left.support", "expected a table"]),
        ("", "1", ["expected the path of a key"]),
        ("left.", "1", ["left"]),
        ("_raw", "1", ["_raw: unknown key"]),
        ("name", "x", ["name: unknown key"]),
        ("x" * 1000, "1", ["…: unknown key"]),
    ],
)
def test_overrides(path, value, parts):
    case = parse_case(CASE)
    with pytest.raises(CaseError) as error:
        case.with_values({path: value})
    for part in parts:
        assert part in str(error.value)
    assert case == parse_case(CASE)


# ------------------------------------------------------------------------------------------------- what people write


@pytest.mark.parametrize("written", ["40 % v/v", "40 vol%", "0.4 v/v", "0.4 L/L"])
def test_a_volume_fraction_of_a_liquid_is_no_mass_fraction(written):
    text = edited(('"35 g/L"', f'"{written}"')).replace("NaCl", "ethanol")
    text = text.replace('molar_mass = "58.44 g/mol"\n', "").replace("dissociation = 2\n", "")
    # the library's density is the CRC Handbook's, 789.3 kg/m^3 at 20 degC
    assert parse_case(text).left.concentration["ethanol"] == pytest.approx(0.4 * 789.3 / 0.046069, rel=1e-9)
    own = text.replace("[solutes.ethanol]\n", '[solutes.ethanol]\ndensity = "0.789 g/mL"\n')
    assert parse_case(own).left.concentration["ethanol"] == pytest.approx(6851, abs=0.5)  # mmol/L
    unknown = text.replace("ethanol", "brine")
    check(unknown, "left.concentration.brine", "needs solutes.brine.density", '"0.789 g/mL"', "% w/v")
    check(text.replace(written, "1 L/L"), "left.concentration.ethanol", "leaves no water")
    check(own.replace("density =", "solid = true\ndensity ="), "left.concentration.ethanol", "pure ethanol is a solid")
    heavy = unknown.replace("[solutes.brine]\n", '[solutes.brine]\ndensity = "0.789 g/mL"\n')
    check(heavy, "left.concentration.brine", "needs solutes.brine.molar_mass")


@pytest.mark.parametrize("solute", ["NaCl", "urea", "sucrose", "lactose", "albumin", "MgSO4"])
@pytest.mark.parametrize("written", ["3.5 % v/v", "35 mL/L", "50 ppmv"])
def test_a_volume_fraction_of_a_solid_is_refused(solute, written):
    text = edited(('"35 g/L"', f'"{written}"')).replace("NaCl", solute)
    text = text.replace('molar_mass = "58.44 g/mol"\n', "").replace("dissociation = 2\n", "")
    check(text, f"left.concentration.{solute}", f"pure {solute} is a solid", "% w/v")


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("0.9 % w/v", "9 g/L"),
        ("3.5 % w/w", "35 g/kg"),
        ("3.5 wt%", "3.5 %"),
        ("35 ‰", "35 g/kg"),
        ("35000 ppb", "35 mg/kg"),
        ("0.9 g/100 mL", "9 g/L"),
        ("300 ppm w/v", "300 mg/L"),
        ("200 mOsM", "200 mOsm/L"),
    ],
)
def test_a_share_of_a_liquid(written, same):
    a, b = (
        parse_case(edited(('"35 g/L"', f'"{text}"'), ("dissociation", 'apparent_volume = "17 cm^3/mol"\ndissociation')))
        for text in (written, same)
    )
    assert a.left.concentration["NaCl"] == pytest.approx(b.left.concentration["NaCl"], rel=1e-14)


@pytest.mark.parametrize(
    "written", ["80 %", "80 mol%", "80 vol%", "80 % v/v", "0.8 L/L", "800 ‰", "8e5 ppm", "8e5 ppmv"]
)
def test_a_share_of_a_gas_is_a_mole_fraction(written):
    left = parse_case(edited(('"80 %"', f'"{written}"'), text=GAS)).left
    assert left.concentration["A"] == pytest.approx(0.8 * 101325 / (8.31446261815324 * 298.15), rel=1e-12)


@pytest.mark.parametrize("written", ["21 % w/w", "21 wt%", "21 g/100 g", "35 psu", "3 molal", "300 mOsm/L"])
def test_a_mass_fraction_of_a_gas_is_refused(written):
    found = message(edited(('"80 %"', f'"{written}"'), text=GAS))
    assert "left.concentration.A" in found
    assert '"35 g/L"' not in found
    assert '"35 g/kg"' not in found
    assert "mol/kg" not in found
    assert '"0.2 mol/mol"' in found or '"0.5 mol/mol"' in found


@pytest.mark.parametrize(
    "written", ["14.6959487755 psia", "1.01325 bara", "1.01325 bar(a)", "1.01325 bar abs", "760 Torr"]
)
def test_a_gas_takes_absolute_pressures(written):
    text = GAS.replace('"1 atm"', f'"{written}"')
    case = parse_case(text)
    assert case.left.pressure.values[0] == pytest.approx(101325, rel=1e-9)
    assert written in case.to_toml()
    assert number_at(case, "left.pressure").value == pytest.approx(101325, rel=1e-9)
    assert case.with_values({"temperature": "20 celsius"}).left.pressure == case.left.pressure


@pytest.mark.parametrize("written", ["1 barg", "1 bar(g)", "15 psig", "15 psi gauge"])
def test_a_gas_takes_no_gauge_pressures(written):
    check(edited(('"1 atm"', f'"{written}"'), text=GAS), f'left.pressure = "{written}"', "absolute pressure", '"1 atm"')


def test_every_place_reads_temperatures_alike():
    celsius = parse_case(top('temperature = "1.2 celsius"'))
    assert celsius.temperature == 274.35
    assert celsius.with_values({"temperature": "21.8 celsius"}).temperature == 294.95
    gas = parse_case(GAS).with_values({"temperature": "21.8 degree_Celsius"})
    assert gas.temperature == 294.95
    text = GAS.replace('diffusivity = "2e-5 m^2/s"', 'diffusivity = "2e-5 m^2/s", reference_temperature = "20 celsius"')
    scaled = parse_case(text).with_values({"temperature": "40 fahrenheit"})
    kelvin = (40 + 459.67) * 5 / 9
    assert scaled.solutes["A"].diffusivity == pytest.approx(2e-5 * (kelvin / 293.15) ** 1.75, rel=1e-12)
