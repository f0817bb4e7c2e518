"""An override completes or repairs a file: it is put in before anything is judged; errors say which value it was."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

import membrane_pde as mp
from membrane_pde import cli
from membrane_pde.input.overrides import is_written
from tests.bases import CASE

INCOMPLETE = CASE.replace('[left]\nlength = "1 mm"\n', "[left]\n")
WRONG = CASE.replace('"1 L/m^2/hour/bar"', '"1 L/m^2"')


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "mine.toml"
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (INCOMPLETE, {"left.length": "1 mm"}),
        (WRONG, {"membrane.water_permeability": "1 L/m^2/hour/bar"}),
        (CASE.replace('duration = "1 h"', ""), {"run.duration": "1 h"}),
        (CASE.replace('[run]\nduration = "1 h"\n', ""), {"run.duration": "1 h"}),
        (CASE.replace('concentration = { NaCl = "35 g/L" }\n', ""), {"left.concentration.NaCl": "35 g/L"}),
        (CASE.replace("reflection = 0.99", "reflection = 99"), {"membrane.solutes.NaCl.reflection": 0.99}),
        (CASE.replace('length = "1 mm"', 'length = "1,0 mm"'), {"left.length": "1 mm", "right.length": "1 mm"}),
    ],
)
def test_a_file_is_completed_and_repaired(file: Callable[[str], Path], text: str, values: dict[str, object]) -> None:
    path = file(text)
    with pytest.raises(mp.CaseError):
        mp.load_case(path)
    case = mp.load_case(path, values)
    assert case.model_copy(update={"title": "test"}) == mp.parse_case(CASE)
    assert mp.parse_case(text, values=values).left == case.left
    assert "changed: " in case.title
    changed = case.with_values({"left.pressure": "2 bar"})
    assert changed.left.pressure.values == (2e5,)
    assert "left.pressure = 2 bar" in changed.title


def test_of_a_right_file_it_is_what_with_values_makes(file: Callable[[str], Path]) -> None:
    path, values = file(CASE), {"left.pressure": "2 bar", "temperature": "20 degC"}
    assert mp.load_case(path, values) == mp.load_case(path).with_values(values)
    assert mp.load_case(path, values).title == mp.load_case(path).with_values(values).title
    assert mp.load_case(path, {}) == mp.load_case(path)
    assert mp.load_case("osmosis", values) == mp.load_case("osmosis").with_values(values)


@pytest.mark.parametrize(
    ("text", "values", "parts"),
    [
        (CASE, {"left.pressure": "5 m"}, ['mine.toml with left.pressure = "5 m" set: this is a length']),
        (CASE, {"left.presure": "5 bar"}, ['mine.toml with left.presure = "5 bar" set: left.presure: unknown key']),
        (CASE, {"left": "3"}, ['mine.toml with left = "3" set: expected a table']),
        (CASE, {"left.pressure.flux": "1 m"}, ["mine.toml with left.pressure.flux = ", "a volume flux"]),
        (INCOMPLETE, {"left.pressure": "5 bar"}, ["mine.toml: left.length is missing"]),
        (INCOMPLETE, {"right.length": "-1 m"}, ["mine.toml", "left.length is missing", "1 more problem"]),
        (WRONG, {"left.pressure": "5 bar"}, ['mine.toml: membrane.water_permeability = "1 L/m^2"']),
        (
            CASE,
            {"membrane.type": "none", "left.pressure": "1 bar"},
            ['with membrane.type = "none", left.pressure = "1 bar" set: left.pressure and right.pressure differ'],
        ),
        ("", {"left.pressure": "1 bar"}, ["mine.toml: solutes is missing"]),
        (
            CASE.replace('"1 mm"', '"5 degC"', 1),
            {"temperature": "20 degC"},
            ['mine.toml: left.length = "5 degC": this'],
        ),
        (CASE, {"temperature": "120 degC"}, ['with temperature = "120 degC" set: temperature = 120 degC: water boils']),
        (
            CASE,
            {"temperatur": "20 degC", "temperature": "20 degC"},
            ['toml with temperatur = "20 degC" set: temperatur:'],
        ),
    ],
)
def test_an_error_says_where_the_value_came_from(
    file: Callable[[str], Path], text: str, values: dict[str, object], parts: list[str]
) -> None:
    with pytest.raises(mp.CaseError) as error:
        mp.load_case(file(text), values)
    for part in parts:
        assert part in str(error.value)
    assert len(str(error.value).splitlines()) <= 2


@pytest.mark.parametrize(
    "words",
    [
        ["show", "{}", "--json"],
        ["run", "{}", "--no-save", "--json", "--set", "mesh.cells=4"],
        ["equilibrium", "{}", "--json"],
        ["sweep", "{}", "--vary", "left.pressure=0 bar; 1 bar", "--no-save", "--json", "--set", "mesh.cells=4"],
        ["compare", "{}", "osmosis", "--no-save", "--json", "--set", "mesh.cells=4", "--set", "run.duration=1 s"],
    ],
)
def test_every_command_completes_a_file(
    file: Callable[[str], Path], capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    path = str(file(INCOMPLETE.replace('"1 h"', '"1 s"')))
    command = [path if word == "{}" else word for word in words]
    with pytest.raises(SystemExit) as stop:
        cli.app(command, prog_name="membrane-pde")
    assert stop.value.code == 2
    assert "mine.toml: left.length is missing" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stop:
        cli.app([*command, "--set", "left.length=1 mm"], prog_name="membrane-pde")
    told = capsys.readouterr()
    assert stop.value.code in (0, None), told.err
    assert json.loads(told.out)


def test_a_fit_completes_a_file(
    file: Callable[[str], Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = str(file(INCOMPLETE.replace('"1 h"', '"1 s"')))
    data = tmp_path / "data.csv"
    data.write_text("left.pressure [bar],water_flux [L/m^2/hour]\n0,-29\n10,-19\n20,-9\n")
    words = ["fit", path, str(data), "--free", "membrane.water_permeability", "--no-save", "--json"]
    words += ["--set", "mesh.cells=4", "--set", "left.length=1 mm"]
    with pytest.raises(SystemExit) as stop:
        cli.app(words, prog_name="membrane-pde")
    told = capsys.readouterr()
    assert stop.value.code in (0, None), told.err
    assert json.loads(told.out)


def test_what_a_sweep_varies_completes_and_repairs(file: Callable[[str], Path]) -> None:
    whole = mp.sweep(file(CASE), {"left.length": ["1 mm", "2 mm"]}, workers=1)
    for text in (INCOMPLETE, CASE.replace('[left]\nlength = "1 mm"', '[left]\nlength = "1,0 mm"')):
        found = mp.sweep(file(text), {"left.length": ["1 mm", "2 mm"]}, workers=1)
        assert found["water_flux_m_per_s"].values == pytest.approx(whole["water_flux_m_per_s"].values, rel=1e-12, abs=0)
        assert found.attrs["title"] == whole.attrs["title"] == "test, varied: left.length"
    with pytest.raises(mp.CaseError, match=r"left\.length is missing"):
        mp.sweep(file(INCOMPLETE), {"right.length": ["1 mm", "2 mm"]}, workers=1)
    with pytest.raises(mp.CaseError, match=r'with left\.length = "5 bar" set: this is a pressure'):
        mp.sweep(file(INCOMPLETE), {"left.length": ["5 bar", "2 mm"]}, workers=1)


def test_what_the_command_varies_completes(file: Callable[[str], Path], capsys: pytest.CaptureFixture[str]) -> None:
    path = str(file(INCOMPLETE.replace('duration = "1 h"', "")))
    vary = ["--vary", "left.length=1 mm; 2 mm", "--workers", "1", "--json", "--no-save"]
    with pytest.raises(SystemExit) as stop:
        cli.app(["sweep", path, *vary, "--set", "run.duration=1 min"], prog_name="membrane-pde")
    told = capsys.readouterr()
    assert stop.value.code in (0, None), told.err
    assert [row["status"] for row in json.loads(told.out)["rows"]] == ["completed", "completed"]
    with pytest.raises(SystemExit) as stop:
        cli.app(["sweep", path, *vary], prog_name="membrane-pde")
    assert stop.value.code == 2
    assert "run.duration is missing" in capsys.readouterr().err


THICK = {"right.support.thickness": "0.4 mm", "right.support.porosity": 0.5, "right.support.tortuosity": 1.5}
FIBRES = {"left.channel.fibres": {"count": 1000, "inner_diameter": "0.2 mm"}}


def test_one_way_to_describe_a_support_layer_replaces_the_other() -> None:
    case = mp.load_case("forward_osmosis")
    for other in (case.with_values(THICK), mp.load_case("forward_osmosis", THICK)):
        assert other.right.support is not None
        assert other.right.support.thickness == 0.4e-3
        back = other.with_values({"right.support.structural_parameter": "1.14 mm"})
        assert back.right.support == case.right.support
    with pytest.raises(mp.CaseError, match="give structural_parameter alone, or thickness, porosity and tortuosity"):
        case.with_values({"right.support.porosity": 0.5})  # and this hint can be followed, as above


@pytest.mark.parametrize(
    ("name", "values", "gone"),
    [
        ("batch_ro", {"left.boundary": "piston"}, ["left.volume", "left.feed"]),
        ("batch_ro", {"left.boundary": "reservoir"}, ["left.volume"]),
        ("leaky", {"left.boundary": "piston"}, ["left.tube_area"]),
        ("plant_cell_turgor", {"left.boundary": "rigid"}, ["left.modulus"]),
        ("seawater_ro", {"left.boundary": "rigid"}, ["left.pressure"]),
        ("ro_element", {"membrane.type": "SW30HR", "module.area": "30 m^2", "module.length": "1 m"}, []),
        ("crossflow_cell", {"membrane.element": "SW30HR-380"}, ["membrane.type"]),
        ("crossflow_cell", FIBRES, ["left.channel.height", "left.channel.spacer_porosity", "module.width"]),
        ("dialyser", {"module.area": "1.5 m^2"}, ["module.length"]),
        ("dialyser", {"left.channel.height": "0.2 mm", "module.area": "1.5 m^2"}, ["left.channel.fibres"]),
    ],
)
def test_what_is_set_replaces_what_cannot_stand_beside_it(
    name: str, values: dict[str, object], gone: list[str]
) -> None:
    if name == "ro_element":
        values = values | {"left.channel.height": "0.7 mm"}
    before = mp.load_case(name).to_toml()
    case = mp.load_case(name)
    for found in (mp.load_case(name, values), case.with_values(values)):
        written = tomllib.loads(found.to_toml())
        for key in gone:
            assert not is_written(written, key), key
        assert mp.parse_case(found.to_toml()) == found
    assert case.to_toml() == before


def test_what_is_set_together_with_a_boundary_is_kept_and_judged() -> None:
    case = mp.load_case("batch_ro")
    with pytest.raises(mp.CaseError, match=r'left\.volume: only a "bath" takes it; left\.boundary is "piston"'):
        case.with_values({"left.volume": "1 mm", "left.boundary": "piston"})
    moved = case.with_values({"left.boundary": "bath", "left.volume": "7 mm"})
    assert moved.left.volume == 7e-3
    with pytest.raises(mp.CaseError, match=r"left\.volume is missing"):
        case.with_values({"left.boundary": "piston"}).with_values({"left.boundary": "bath"})
    found = mp.sweep(case.with_values({"run.duration": "1 s"}), {"left.boundary": ["piston", "bath"]}, workers=1)
    assert list(found["status"].values) == ["completed", "completed"]


def test_a_boundary_that_is_no_name_is_reported_as_it_is() -> None:
    with pytest.raises(mp.CaseError, match=r"left\.boundary"):
        mp.load_case("batch_ro", {"left.boundary": ["piston"]})


def test_where_a_key_would_have_to_go_the_message_says_how() -> None:
    with pytest.raises(mp.CaseError) as error:
        mp.load_case("forward_osmosis", {"membrane.type": "none"})
    assert "remove the table (a key of the file cannot be removed by --set: edit the file, or a" in str(error.value)
    with pytest.raises(mp.CaseError) as error:
        mp.load_case("nanofiltration", {"membrane.type": "SW30HR"})
    assert str(error.value).startswith('nanofiltration with membrane.type = "SW30HR" set: membrane.pore_radius: ')
    assert "remove one of the two keys (a key of the file cannot be removed by --set" in str(error.value)
    with pytest.raises(mp.CaseError) as error:
        mp.load_case("ro_element", {"left.stirred": True})
    assert "leave the key out" in str(error.value)  # the key that is set: it need not be
    assert "--set" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("forward_osmosis", {"right.support.structural_parameter": "200 um", "right.support.thickness": "0.1 mm"}),
        ("dialyser", {"right.channel.height": "1 mm", "right.channel.hydraulic_diameter": "1 mm"}),
    ],
)
def test_two_ways_that_are_set_together_are_refused_in_either_order(name: str, values: dict[str, str]) -> None:
    case = mp.load_case(name)
    for given in (values, dict(reversed(values.items()))):
        with pytest.raises(mp.CaseError):
            case.with_values(given)
