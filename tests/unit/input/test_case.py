"""The case: defaults, how values are understood, overrides, the way there and back."""

import re
import subprocess
import sys
import tomllib

import numpy as np
import pytest
from scipy.constants import N_A, R

from membrane_pde import library
from membrane_pde.input import casefile
from membrane_pde.input.build import build
from membrane_pde.input.casefile import case_names, case_text, load_case, parse_case
from membrane_pde.input.errors import CaseError
from membrane_pde.input.overrides import parse_override, set_values
from membrane_pde.input.values import Pressure, Profile
from membrane_pde.physics.temperature import diffusivity_scaling
from tests import bases

CASE = """
[solutes.A]
diffusivity = "1e-9 m^2/s"
molar_mass = "50 g/mol"
dissociation = 2

[left]
length = "1 mm"
concentration = { A = "1 mol/L" }

[right]
length = "2 mm"
concentration = { A = "0 mol/L" }

[membrane]
water_permeability = "3.6 L/m^2/hour/bar"

[membrane.solutes.A]
permeability = "1e-7 m/s"
reflection = 0.9

[run]
duration = "1 h"
"""

GAS = bases.GAS.replace("100 %", "0.5 mol/mol")


def changed(*pairs, text=CASE):
    return parse_case(bases.edited(*pairs, text=text))


def left(line):
    return changed(("[left]\n", f"[left]\n{line}\n"))


def initial(concentration):
    return changed(('"1 mol/L"', concentration)).left.concentration["A"]


def test_values_are_si():
    case = parse_case(CASE, "mine")
    assert case.name == "mine"
    assert case.solutes["A"].diffusivity == 1e-9
    assert case.solutes["A"].molar_mass == pytest.approx(0.05, rel=1e-15)
    assert case.left.length == 1e-3
    assert case.left.concentration == {"A": 1000.0}
    assert case.right.concentration == {"A": 0.0}
    assert case.membrane.water_permeability == pytest.approx(1e-11, rel=1e-14)
    assert case.membrane.solutes["A"].permeability == 1e-7
    assert case.membrane.solutes["A"].reflection == 0.9
    assert case.run.duration == 3600.0
    assert case.warnings == ()


def test_defaults():
    case = parse_case(CASE)
    assert case.name == "case"
    assert case.title == ""
    assert case.temperature == 298.15
    assert (case.osmotic_model, case.geometry, case.transport, case.phase) == ("ideal", "planar", "fick", "liquid")
    assert case.membrane.flux_law == "spiegler-kedem"
    assert case.membrane.solutes["A"].partition == 1
    for side in (case.left, case.right):
        assert side.boundary == "piston"
        assert side.pressure == Pressure((0.0,), (0.0,))
        assert side.stirred is False
        assert side.diffusivity == {}
        assert side.tube_area == 1
        assert side.backflow is None
    assert (case.left.label, case.right.label) == ("left", "right")
    assert (case.mesh.cells, case.mesh.finest) == (None, None)
    assert (case.run.until, case.run.outputs, case.run.rtol, case.run.solver) == ("duration", 200, 1e-6, "rosenbrock")


def test_case_is_frozen():
    case = parse_case(CASE)
    with pytest.raises(ValueError, match="frozen"):
        case.temperature = 300.0
    with pytest.raises(ValueError, match="frozen"):
        case.left.length = 1.0


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('"0.5 mol/L"', 500.0),
        ('"35 g/L"', 700.0),  # molar mass 50 g/mol
        ('"1e8/mL"', 1e14 / N_A),
        ('"300 mOsm/L"', 150.0),  # two particles
    ],
)
def test_kinds_of_concentration(written, expected):
    assert initial(written) == pytest.approx(expected, rel=1e-14)


def test_profile():
    profile = initial('{ profile = [["0 mm", "1 mol/L"], ["500 um", "100 g/L"]] }')
    assert profile == Profile((0.0, 5e-4), (1000.0, 2000.0))


def test_pressure_schedule():
    pressure = left('pressure = { schedule = [["1 s", "0 bar"], ["1 min", "60 bar"]], shape = "ramp" }').left.pressure
    assert pressure == Pressure((1.0, 60.0), (0.0, 6e6), "ramp")
    assert pressure.at(0) == 0
    assert pressure.at(30.5) == pytest.approx(3e6)
    assert pressure.at(1e9) == 6e6
    step = left('pressure = { schedule = [["1 s", "1 bar"], ["1 min", "60 bar"]] }').left.pressure
    assert step.shape == "step"
    assert [step.at(t) for t in (0, 1, 59.999, 60, 61)] == [1e5, 1e5, 1e5, 6e6, 6e6]


def test_suction_is_allowed():
    assert left('pressure = "-0.5 bar"').left.pressure.values == (-5e4,)


def test_boundary_keys():
    case = changed(
        ("[left]\n", '[left]\nboundary = "standpipe"\ntube_area = "0.5 m^2/m^2"\n'),
        ("[right]\n", '[right]\nboundary = "outflow"\nbackflow = { A = "5 g/L" }\n'),
    )
    assert case.left.tube_area == 0.5
    assert case.right.backflow == {"A": pytest.approx(100.0)}
    assert changed(("[left]\n", '[left]\nboundary = "standpipe"\ntube_area = 2\n')).left.tube_area == 2
    assert changed(("[right]\n", '[right]\nboundary = "outflow"\nbackflow = "last"\n')).right.backflow == "last"


def test_a_side_may_override_a_diffusivity():
    case = left('diffusivity = { A = "3e-10 m^2/s" }')
    assert case.left.diffusivity == {"A": 3e-10}
    assert case.solutes["A"].diffusivity == 1e-9


@pytest.mark.parametrize("boundaries", [("rigid", "outflow"), ("rigid", "standpipe"), ("reservoir", "reservoir")])
def test_boundaries_that_combine(boundaries):
    case = changed(
        ("[left]\n", f'[left]\nboundary = "{boundaries[0]}"\n'),
        ("[right]\n", f'[right]\nboundary = "{boundaries[1]}"\n'),
    )
    assert (case.left.boundary, case.right.boundary) == boundaries


# ------------------------------------------------------------------------------------------------- membrane


NUMBERS = CASE[CASE.index("[membrane]") : CASE.index("[run]")]


def membrane(text):
    return changed((NUMBERS, text + "\n"))


def test_ideal_membrane():
    ideal = membrane('[membrane]\ntype = "ideal"').membrane
    assert ideal.water_permeability == pytest.approx(1e-3 / 3600 / 1e5, rel=1e-14)
    assert (ideal.solutes["A"].permeability, ideal.solutes["A"].reflection) == (0, 1)
    assert (
        membrane('[membrane]\ntype = "ideal"\nwater_permeability = "1e-9 m/s/Pa"').membrane.water_permeability == 1e-9
    )


def test_no_membrane():
    none = membrane('[membrane]\ntype = "none"').membrane
    assert none.solutes == {}
    assert none.water_permeability == 0
    case = changed(("[membrane]\n", '[membrane]\ntype = "none"\n'))
    assert case.membrane.solutes == {}
    assert case.membrane.water_permeability == 0
    assert any("[membrane] has no effect" in warning for warning in case.warnings)


def test_solution_diffusion_has_a_reflection_of_one():
    law = '[membrane]\nflux_law = "solution-diffusion"\nwater_permeability = "1 LMH/bar"\n'
    assert membrane(law + '[membrane.solutes.A]\npermeability = "1e-7 m/s"').membrane.solutes["A"].reflection == 1


def test_without_water_the_reflection_plays_no_part():
    dry = (
        '[membrane]\nwater_permeability = "0 LMH/bar"\n[membrane.solutes.A]\npermeability = "1e-7 m/s"\npartition = 2\n'
    )
    assert membrane(dry).membrane.solutes["A"].reflection == 1
    assert membrane(dry).membrane.solutes["A"].partition == 2
    with_law = dry.replace("[membrane]\n", '[membrane]\nflux_law = "solution-diffusion"\n') + "reflection = 0.5"
    assert membrane(with_law).membrane.solutes["A"].reflection == 0.5


def library_case(**more):
    name = next(iter(library.membranes()))
    solute = next(iter(library.membranes()[name]["solutes"]))
    text = (
        f'[solutes."{solute}"]\n[left]\nlength = "1 mm"\nconcentration = {{ "{solute}" = "1 mol/L" }}\n'
        f'[right]\nlength = "1 mm"\nconcentration = {{ "{solute}" = "0 mol/L" }}\n'
        f'[membrane]\ntype = "{name}"\n[run]\nduration = "1 h"\n'
    )
    return parse_case(text), name, solute


def test_library_fills_what_is_left_out():
    case, name, solute = library_case()
    entry = library.membranes()[name]
    numbers = entry["solutes"][solute]
    assert case.membrane.solutes[solute].reflection == numbers["reflection"]["value"]
    assert case.solutes[solute].dissociation == library.solutes()[solute]["dissociation"]["value"]
    own = case.with_values({f"membrane.solutes.{solute}.permeability": "5e-8 m/s"})
    assert own.membrane.solutes[solute].permeability == 5e-8
    assert own.membrane.solutes[solute].reflection == case.membrane.solutes[solute].reflection
    assert own.membrane.water_permeability == case.membrane.water_permeability


def test_library_diffusivity_follows_the_temperature():
    case, _, solute = library_case()
    warm = case.with_values({"temperature": "35 degC"})
    assert warm.solutes[solute].diffusivity / case.solutes[solute].diffusivity == pytest.approx(
        float(diffusivity_scaling(308.15, 298.15)), rel=1e-12
    )
    own = case.with_values({"temperature": "35 degC", f"solutes.{solute}.diffusivity": "1e-9 m^2/s"})
    assert own.solutes[solute].diffusivity == 1e-9  # a number in a case holds at the case's temperature
    beside = own.with_values({f"solutes.{solute}.reference_temperature": "25 degC"})
    assert beside.solutes[solute].diffusivity == pytest.approx(1e-9 * float(diffusivity_scaling(308.15, 298.15)))


def test_library_is_not_changed_by_a_case():
    before = repr((library.solutes(), library.membranes()))
    library_case()[0].with_values({"temperature": "35 degC"})
    assert repr((library.solutes(), library.membranes())) == before


# ------------------------------------------------------------------------------------------------- gas


def test_gas():
    case = parse_case(GAS)
    total = 101325 / (R * 298.15)
    assert case.left.boundary == case.right.boundary == "rigid"
    assert case.left.concentration["A"] == pytest.approx(0.8 * total, rel=1e-12)
    assert case.right.concentration["B"] == pytest.approx(0.5 * total, rel=1e-12)
    assert case.warnings == ()
    assert parse_case(GAS.replace('"gas"', '"gas"\ntemperature = "-50 degC"', 1)).temperature == pytest.approx(223.15)


# ------------------------------------------------------------------------------------------------- warnings


IONS = """
[solutes."Na+"]
diffusivity = "1.3e-9 m^2/s"
dissociation = 1
charge = 1
[solutes."Cl-"]
diffusivity = "2e-9 m^2/s"
dissociation = 1
charge = -1
[left]
length = "1 mm"
concentration = { "Na+" = "100 mmol/L", "Cl-" = "100 mmol/L" }
[right]
length = "1 mm"
concentration = { "Na+" = "10 mmol/L", "Cl-" = "10 mmol/L" }
[membrane]
type = "ideal"
[run]
duration = "1 h"
"""


def test_ions_given_singly():
    case = parse_case(IONS)
    assert case.warnings == ()
    unbalanced = case.with_values({"left.concentration.Cl-": "98 mmol/L"})
    assert len(unbalanced.warnings) == 1
    assert "left.concentration" in unbalanced.warnings[0]
    assert "do not balance" in unbalanced.warnings[0]
    assert case.with_values({"left.concentration.Cl-": "99.5 mmol/L"}).warnings == ()
    sloping = case.with_values(
        {"left.concentration.Cl-": '{ profile = [["0 mm", "200 mmol/L"], ["1 mm", "0 mmol/L"]] }'}
    )
    assert sloping.warnings == ()  # the mean is 100 mmol/L
    passing = case.with_values({"membrane.solutes.Na+.permeability": "1e-7 m/s"})
    assert len(passing.warnings) == 1
    assert "Na+" in passing.warnings[0]
    assert "charge" in passing.warnings[0]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("membrane.water_permeability", "3.6 m/s/bar"),
        ("membrane.water_permeability", "1e-20 m/s/Pa"),
        ("membrane.solutes.A.permeability", "1 m/s"),
        ("solutes.A.diffusivity", "1 m^2/s"),
    ],
)
def test_unusual_magnitudes_are_warnings(path, value):
    warnings = parse_case(CASE).with_values({path: value}).warnings
    assert len(warnings) == 1
    assert warnings[0].startswith(f"{path} is ")
    assert "is the unit right?" in warnings[0]


def test_assumed_dissociation_is_a_warning():
    (warning,) = changed(("dissociation = 2\n", "")).warnings
    assert "solutes.A.dissociation" in warning
    assert changed(("dissociation = 2\n", "")).solutes["A"].dissociation == 1


def test_nondimensional_problems_are_legal():
    case = parse_case(CASE).with_values(
        {
            "solutes.A.diffusivity": "1 m^2/s",
            "left.length": "1 m",
            "right.length": "1 m",
            "left.concentration.A": "1 mol/m^3",
            "membrane.water_permeability": "0.5 m/s/Pa",
            "membrane.solutes.A.permeability": "1 m/s",
            "run.duration": "1 s",
        }
    )
    assert case.solutes["A"].diffusivity == 1


# ------------------------------------------------------------------------------------------------- overrides


def test_overrides():
    case = parse_case(CASE)
    other = case.with_values(
        {
            "left.pressure": "50 bar",
            "left.concentration.A": "35 g/L",
            "mesh.cells": "50",
            "mesh.finest": "0.2 um",
            "run.rtol": "1e-5",
            "run.until": "steady",
            "right.stirred": "true",
            "left.label": "[sea] water",
            "membrane.solutes.A.reflection": "0.99",
        }
    )
    assert other.left.pressure.values == (5e6,)
    assert other.left.concentration["A"] == pytest.approx(700)
    assert other.mesh.cells == 50
    assert other.mesh.finest == pytest.approx(2e-7)
    assert other.run.rtol == 1e-5
    assert other.run.until == "steady"
    assert other.right.stirred is True
    assert other.left.label == "[sea] water"
    assert other.membrane.solutes["A"].reflection == 0.99
    assert case == parse_case(CASE)  # untouched


# A changed case takes over the parts that are written as before; what they follow from may have changed all the same.
CHANGES = (
    {"left.length": "0.9 mm"},
    {"left.pressure": "3 bar"},
    {"right.pressure": "4 kPa", "left.pressure": {"mean": "5 bar", "amplitude": "1 bar", "period": "1 s"}},
    {"right.pressure": {"flux": "1 um/s"}},
    {"left.pressure": "2 bar", "left.label": "one"},
    {"right.pressure": "1 K"},
    {"run.duration": "7 min", "mesh.cells": 12},
    {"temperature": "31 degC"},
    {"right.concentration": None, "temperature": "12 degC"},
    {"membrane.water_permeability": "2 L/m^2/hour/bar"},
    {"osmotic_model": "ideal", "title": "other"},
    {"temperature": "25 degC"},
)


def case_or_error(make, *arguments):
    try:
        return make(*arguments)
    except CaseError as error:
        return str(error)


@pytest.mark.parametrize("name", case_names())
def test_a_change_is_what_reading_the_changed_case_gives(name):
    """Change after change, each from the last: the same as the text of each, read from the start; or the same error."""
    case = load_case(name)
    for change in CHANGES:
        if change.get("right.concentration", "") is None:
            some = {s: "0.01 mol/mol" if case.phase == "gas" else "0.2 mol/kg" for s in case.solutes}
            change = change | {"right.concentration": some}
        before, written = case.model_dump_json(), case.to_toml()
        raw = tomllib.loads(written)
        set_values(raw, change)
        if not isinstance(changed := case_or_error(case.with_values, change), str):
            raw["title"] = changed.title  # which says what was changed
        read = case_or_error(build, raw, name)
        assert changed == read
        assert (case.model_dump_json(), case.to_toml()) == (before, written)
        if isinstance(read, str):
            continue
        assert tomllib.loads(changed.to_toml()) == tomllib.loads(read.to_toml())
        # only the change knows of another temperature before it
        only_of_changes = ("still the value for", "without scaling, because")
        left = [each for each in changed.warnings if not any(words in each for words in only_of_changes)]
        assert left == [*read.warnings]
        assert changed.source_ranges == read.source_ranges
        for part in ("left", "right", "membrane"):
            assert getattr(changed, part).model_fields_set == getattr(read, part).model_fields_set
        case = changed


def test_what_a_change_was_made_of_may_be_changed_afterwards():
    case, concentration = parse_case(CASE), {"A": "2 mol/L"}
    changed = case.with_values({"left.concentration": concentration})
    concentration["A"] = "3 mol/L"
    assert changed.with_values({"temperature": "30 degC"}).left.concentration["A"] == 2000
    assert changed.with_values({"left.concentration.A": "4 mol/L"}).left.concentration["A"] == 4000
    assert changed.with_values({"title": "again"}).left.concentration["A"] == 2000
    assert case.with_values({"title": "again"}).left.concentration["A"] == 1000


@pytest.mark.parametrize("value", [50, 50.0, np.int64(50), np.float64(50), "50"])
def test_override_of_a_number(value):
    assert parse_case(CASE).with_values({"mesh.cells": value}).mesh.cells == 50


def test_override_with_toml():
    case = parse_case(CASE)
    schedule = [["0 s", "0 bar"], ["1 min", "60 bar"]]
    expected = Pressure((0.0, 60.0), (0.0, 6e6), "ramp")
    text = '{ schedule = [["0 s", "0 bar"], ["1 min", "60 bar"]], shape = "ramp" }'
    assert case.with_values({"left.pressure": text}).left.pressure == expected
    assert case.with_values({"left.pressure": {"schedule": schedule, "shape": "ramp"}}).left.pressure == expected
    whole = case.with_values({"left.pressure": text}).with_values({"left.pressure.shape": "step"})
    assert whole.left.pressure.shape == "step"
    assert case.with_values({"left.concentration": '{ A = "2 mol/L" }'}).left.concentration["A"] == 2000
    new = case.with_values({"membrane": '{ type = "ideal" }'})
    assert new.membrane.type == "ideal"


def test_override_of_names_with_signs():
    case = parse_case(IONS).with_values(dict([parse_override("left.concentration.Na+=101 mmol/L")]))
    assert case.left.concentration["Na+"] == pytest.approx(101)
    quoted = parse_case(IONS).with_values({'left.concentration."Na+"': "101 mmol/L"})
    assert quoted == case


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("left.pressure=50 bar", ("left.pressure", "50 bar")),
        ('left.pressure="50 bar"', ("left.pressure", "50 bar")),
        ("left.pressure = '50 bar'", ("left.pressure", "50 bar")),
        ("title=a=b", ("title", "a=b")),
        ("left.label=", ("left.label", "")),
    ],
)
def test_parse_override(text, expected):
    assert parse_override(text) == expected


@pytest.mark.parametrize("text", ["left.pressure", "=50 bar", ""])
def test_parse_override_refuses(text):
    with pytest.raises(CaseError, match="expected KEY=VALUE"):
        parse_override(text)


# ------------------------------------------------------------------------------------------------- there and back


@pytest.mark.parametrize("text", [CASE, GAS, IONS])
def test_round_trip(text):
    case = parse_case(text)
    again = parse_case(case.to_toml())
    assert again == case
    assert hash(again) == hash(case)
    assert case.source == case.to_toml()
    assert parse_case(case.with_values({"temperature": "30 degC"}).to_toml()).temperature == pytest.approx(303.15)


def test_round_trip_keeps_what_was_written():
    case = left('pressure = "55 bar"').with_values({"left.length": "50 um"})
    assert '"55 bar"' in case.to_toml()
    assert '"50 um"' in case.to_toml()
    assert "concentration" in case.to_toml()
    assert "tube_area" not in case.to_toml()  # what was not written stays out


def test_equality():
    case = parse_case(CASE, "a")
    assert case == parse_case(CASE.replace('"1 mm"', '"1000 um"'), "b")
    assert case != case.with_values({"left.length": "1.1 mm"})
    assert case != 3
    assert len({case, parse_case(CASE)}) == 1


def test_files(tmp_path):
    path = tmp_path / "my_case.toml"
    path.write_bytes(b"\xef\xbb\xbf" + CASE.replace("\n", "\r\n").encode())  # Windows: byte-order mark and CRLF
    assert load_case(path) == parse_case(CASE)
    assert load_case(str(path)).name == "my_case"


def test_shipped_cases(tmp_path, monkeypatch):
    monkeypatch.setattr(casefile, "_shipped", lambda: {"mine": tmp_path / "mine.toml"})
    (tmp_path / "mine.toml").write_text("# what it shows\n" + CASE)
    assert case_names() == ["mine"]
    assert case_text("mine").startswith("# what it shows")
    assert load_case("mine") == parse_case(CASE)
    with pytest.raises(CaseError, match='did you mean "mine"'):
        case_text("mne")
    with pytest.raises(CaseError, match='did you mean "mine"'):
        load_case("mne")


def test_reading_a_case_waits_for_nothing_heavy():
    code = "import sys, membrane_pde.input.casefile\nprint(*sorted(sys.modules))"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert not {"numpy", "scipy", "pint", "fipy", "matplotlib", "xarray"} & set(loaded)


# ------------------------------------------------------------------------------------------------- units people type

TYPED = """
osmotic_model = "pitzer"
temperature = "25 °C"
[solutes.NaCl]
[left]
length = "100 µm"
boundary = "reservoir"
pressure = "800 psi"
concentration = { NaCl = "32 g/kg" }
[right]
length = "100 um"
boundary = "outflow"
concentration = { NaCl = "0 ppm" }
[membrane]
water_permeability = "1 LMH/bar"
[membrane.solutes.NaCl]
permeability = "0.1 LMH"
reflection = 1
[run]
duration = "1 min"
"""
GALLON, FOOT, POUND_FORCE, INCH = 3.785411784e-3, 0.3048, 4.4482216152605, 0.0254  # SI, exact
PSI = POUND_FORCE / INCH**2
GFD = GALLON / FOOT**2 / 86400
M_NACL = 0.05844


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("left.pressure", "60 bar", 60e5),
        ("left.pressure", "60 barg", 60e5),
        ("left.pressure", "800 psi", 800 * PSI),
        ("left.pressure", "59 atm", 59 * 101325),
        ("left.pressure", "760 mmHg", 760 * 133.322387415),
        ("left.length", "50 µm", 50e-6),
        ("left.length", "50 μm", 50e-6),  # the Greek letter
        ("left.length", "50 um", 50e-6),
        ("temperature", "10 °C", 283.15),
        ("temperature", "10 degC", 283.15),
        ("temperature", "283.15 K", 283.15),
        ("temperature", "50 °F", 283.15),
        ("temperature", "50 degF", 283.15),
        ("membrane.water_permeability", "3 LMH/bar", 3 / 3.6e11),
        ("membrane.water_permeability", "3 L/m^2/h/bar", 3 / 3.6e11),
        ("membrane.water_permeability", "0.1 gfd/psi", 0.1 * GFD / PSI),
        ("membrane.solutes.NaCl.permeability", "0.2 LMH", 0.2 / 3.6e6),
        ("membrane.solutes.NaCl.permeability", "0.1 gfd", 0.1 * GFD),
        ("left.concentration.NaCl", "35 g/L", 35 / M_NACL),
        ("left.concentration.NaCl", "35000 mg/L", 35 / M_NACL),
        ("left.concentration.NaCl", "154 mmol/L", 154.0),
        ("left.concentration.NaCl", "308 mOsm/L", 154.0),
        # 1/ρ = (1 − w)/ρ_w + w v of the salt: 1019.508 kg/m^3 at 3.2 % and 25 degC
        ("left.concentration.NaCl", "32000 ppm", 0.032 * 1019.508 / M_NACL),
        ("left.concentration.NaCl", "3.2 %", 0.032 * 1019.508 / M_NACL),
        ("left.concentration.NaCl", "32 g/kg", 0.032 * 1019.508 / M_NACL),
        # per kg of water, which is ρ (1 − w)
        ("left.concentration.NaCl", f"{0.032 / 0.968 / M_NACL!r} mol/kg", 0.032 * 1019.508 / M_NACL),
        ("left.concentration.NaCl", f"{2000 * 0.032 / 0.968 / M_NACL!r} mOsm/kg", 0.032 * 1019.508 / M_NACL),
    ],
)
def test_units_people_type(path, text, expected):
    case = parse_case(TYPED).with_values({path: text})
    value = case
    for key in path.split("."):
        value = value[key] if isinstance(value, dict) else getattr(value, key)
    value = value.values[0] if path == "left.pressure" else value
    assert value == pytest.approx(expected, rel=1e-6 if re.search("/kg|%|ppm", text) else 1e-9)
