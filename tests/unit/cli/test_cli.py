"""The command line: what stands on stdout and stderr, the exit status, the files."""

import csv
import json
import logging
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

from membrane_pde import cli
from membrane_pde.input.casefile import load_case
from membrane_pde.runs import mesh_of
from tests.summaries import SUMMARY_KEYS

FAST = ("--set", "mesh.cells=20", "--set", "run.outputs=10")
PICTURES = ("schematic.png", "profiles.png", "history.png")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """Nothing may depend on the folder of the clone, and nothing is written there; `-q` is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli.log, "handlers", [])
    yield
    cli.log.setLevel(logging.NOTSET)


@pytest.fixture
def call(capsys):
    """Call the command in this process; gives exit status, stdout, stderr."""

    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            cli.app([str(a) for a in arguments], prog_name="membrane-pde")
        out, err = capsys.readouterr()
        return stop.value.code or 0, out, err

    return run


def command(*arguments, **options):
    """Call it as a user does, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "membrane_pde", *arguments], capture_output=True, text=True, check=False, **options
    )


def is_bad_input(status, out, err, *expected):
    assert status == 2
    assert out == ""
    assert err.startswith("membrane-pde: ")
    assert len(err.strip().splitlines()) <= 2
    assert "Traceback" not in err
    for text in expected:
        assert text in err


def test_help_imports_nothing_heavy():
    done = command("--help")
    assert done.returncode == 0
    for name in (
        "list", "new", "show", "run", "compare", "sweep", "fit", "equilibrium", "steady", "osmotic-pressure",
        "validate", "schema",
    ):  # fmt: skip
        assert f"\n  {name} " in done.stdout
    code = "import sys, membrane_pde.cli\nprint(*sorted(sys.modules))"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "pydantic", "pint", "fipy", "matplotlib", "xarray", "rich", "scipy"} & set(modules)


def test_version(call):
    from membrane_pde import __version__

    assert call("--version") == (0, f"membrane-pde {__version__}\n", "")


def test_list_prints_a_line_a_case(call):
    status, out, err = call("list")
    assert (status, err) == (0, "")
    lines = dict(line.split("  ", 1) for line in out.splitlines())
    assert {"osmosis", "reverse_osmosis", "two_gases", "seawater_ro"} <= set(lines)
    assert all(title.strip() for title in lines.values())


def test_list_library(call):
    import tomllib

    from membrane_pde import library

    for option, file in (("--solutes", "solutes.toml"), ("--membranes", "membranes.toml")):
        status, out, err = call("list", option)
        assert (status, err) == (0, "")
        assert max(map(len, out.splitlines())) <= 100
        entries = tomllib.loads((Path(library.__file__).parent / file).read_text(encoding="utf-8"))
        flowing = " ".join(out.split())

        def sources(table):
            for value in table.values():
                if isinstance(value, dict):
                    yield from [value["source"]] if "source" in value else sources(value)

        for name, entry in entries.items():
            assert f"\n{name}: {entry['name']}\n" in "\n" + out
            for source in sources(entry):
                assert " ".join(source.split()) in flowing
        assert json.loads(call("list", option, "--json")[1]) == entries
    status, out, _ = call("list", "--membranes", "red-blood-cell")
    assert "  water_permeability: 0.528 L/m^2/hour/bar at 23 degC\n" in out
    assert "  urea, permeability: 2.60e-6 m/s at 25 degC\n" in out
    assert "SW30HR-380\n" not in out
    assert "follow from its test" in out  # the head that the sources refer to
    status, out, _ = call("list", "--solutes", "NaCl", "sucrose", "--json")
    assert list(json.loads(out)) == ["NaCl", "sucrose"]
    is_bad_input(*call("list", "--solutes", "NaCL"), "solute", "NaCL", 'did you mean "NaCl"')
    is_bad_input(*call("list", "--membranes", "SW31HR"), 'did you mean "SW30HR"')
    is_bad_input(*call("list", "osmosis"), "--solutes", "--membranes")
    is_bad_input(*call("list", "--solutes", "--membranes"), "one of them")
    status, out, _ = call("list", "--elements", "BW30-400")
    assert status == 0
    assert "test, permeate_flow: 40 m^3/d" in out
    assert "feed, height: 0.8636 mm" in out
    assert "NaCl, permeability: 4.434e-8 m/s at 25 degC" in out
    is_bad_input(*call("list", "--elements", "BW30"), 'did you mean "BW30-400"')


def test_osmotic_pressure(call):
    import membrane_pde as mp

    status, out, err = call("osmotic-pressure", "NaCl=35 g/L", "sucrose='0.1 mol/L'", "--json")
    assert (status, err) == (0, "")
    answer = json.loads(out)
    assert answer == mp.osmotic_pressure({"NaCl": "35 g/L", "sucrose": "0.1 mol/L"})
    assert answer["osmotic_pressure_bar"] == pytest.approx(answer["osmotic_pressure_Pa"] / 1e5)
    assert answer["osmotic_pressure_atm"] == pytest.approx(answer["osmotic_pressure_Pa"] / 101325)
    assert answer["osmotic_pressure_mmHg"] == pytest.approx(answer["osmotic_pressure_Pa"] / 133.322387415)
    assert answer["osmolarity_mOsm_per_L"] == pytest.approx(2 * 35e3 / 58.44 + 100, rel=1e-4)
    status, out, err = call("osmotic-pressure", "NaCl=32000 ppm")
    assert (status, err) == (0, "")
    rows = {line[:24].strip() or line.split()[0]: line.split() for line in out.splitlines()[1:]}
    assert rows["bar"] == ["bar", "25.81", "27.68"]  # Robinson & Stokes: 25.79
    assert rows["osmotic coefficient"][-2:] == ["0.9231", "1"]
    _, out, _ = call("osmotic-pressure", "albumin=40 g/L", "--model", "ideal")
    assert out.splitlines()[0].split() == ["unit", "ideal"]  # not beside itself


def test_osmotic_pressure_at_a_membrane(call):
    """Urea enters a red cell: 0.3 mol/L has the osmolality of plasma and is hypotonic; sucrose is not."""
    cell = ("--membrane", "red-blood-cell", "--against", "NaCl=9 g/L", "--json")
    urea = json.loads(call("osmotic-pressure", "urea=0.3 mol/L", *cell)[1])
    assert urea["osmolality_mOsm_per_kg"] == pytest.approx(300, rel=0.03)
    assert urea["effective_osmolality_mOsm_per_kg"] == 0
    assert urea["tonicity"] == "hypotonic"
    assert json.loads(call("osmotic-pressure", "sucrose=0.35 mol/L", *cell)[1])["tonicity"] == "hypertonic"
    assert json.loads(call("osmotic-pressure", "NaCl=9 g/L", *cell)[1])["tonicity"] == "isotonic"
    _, out, _ = call("osmotic-pressure", "urea=0.3 mol/L", *cell[:-1], "--temperature", "37 degC")
    assert "hypotonic" in out
    assert "is used at 37 degC" in out  # beyond the data of urea


def test_osmotic_pressure_of_bad_input(call):
    def wrong(*arguments):
        return call("osmotic-pressure", *arguments)

    is_bad_input(*wrong("NaCl"), '"NaCl"', "SOLUTE=CONCENTRATION", '"35 g/L"')
    is_bad_input(*wrong("=35 g/L"), "SOLUTE=CONCENTRATION")
    is_bad_input(*wrong("NaCl=1 g/L", "NaCl=2 g/L"), "NaCl", "twice", "2 g/L")
    is_bad_input(*wrong("NaCl=35"), 'concentration.NaCl = "35"', "unit", "35 g/L")
    is_bad_input(*wrong("NaCl=35 bar"), "pressure", "concentration")
    is_bad_input(*wrong("nacl=35 g/L"), 'did you mean "NaCl"')
    is_bad_input(*wrong("raffinose=0.1 mol/L"), "raffinose", "library")
    is_bad_input(*wrong("O2=1 mg/L"), "O2.apparent_volume", "or take --model ideal")
    is_bad_input(*wrong("O2=1 mg/L", "--model", "virial"), "O2.virial", "or take --model ideal")
    is_bad_input(*wrong("Na+=9 g/L"), "do not balance")
    is_bad_input(*wrong("NaCl=9 g/L", "--model", "pizter"), 'did you mean "pitzer"')
    is_bad_input(*wrong("NaCl=9 g/L", "--temperature", "25"), "temperature", "degC")
    is_bad_input(*wrong("NaCl=9 g/L", "--membrane", "SW31HR"), "SW31HR", "SW30HR")
    is_bad_input(*wrong("NaCl=9 g/L", "--against", "NaCl=1 g/L"), "membrane")
    is_bad_input(*wrong("NaCl=9 g/L", "--membrane", "ideal", "--against", "NaCl"), "SOLUTE=CONCENTRATION")
    is_bad_input(*wrong("NaCl=9 g/L", "--membrane", "ideal", "--against", "NaCl=1"), "against.NaCl", "unit")
    status, out, err = wrong("O2=1 mg/L", "--model", "ideal")
    assert (status, err) == (0, "")
    assert "–" in out  # the density is not known


@pytest.fixture
def two_groups(monkeypatch):
    """Groups that take no time: one passes, and one of the other's two checks does not."""
    from membrane_pde import verify

    def good(quick):
        """What is right."""
        yield verify.Check("fewer cells" if quick else "good", "bar", 2.0, 2.1, 1.8, 2.2, "a table")
        yield verify.Panel("right", "x", "y", [verify.Series("known", [1, 2], [1, 2])])

    def bad(quick):
        """What is wrong."""
        yield verify.Check("even", "m", 0.0, 1e-12, 0.0, 1e-10, "a law")
        yield verify.Check("odd", "", 1.0, 1.5, 0.9, 1.1, "another")

    monkeypatch.setattr(verify, "GROUPS", {"good": good, "bad": bad})
    monkeypatch.setattr(cli.checks, "CHECK_GROUPS", ("good", "bad"))


def test_validate(call, two_groups):
    status, out, err = call("validate")
    assert (status, err) == (1, "")
    assert "1 of 3 checks failed." in out
    assert "good: What is right" in out
    assert "[1] a table" in out
    rows = [line.split() for line in out.splitlines() if line]
    assert ["good", "bar", "2", "2.1", "5", "%", "±", "10", "%", "pass", "[1]"] in rows
    assert ["even", "m", "0", "1e-12", "1e-12", "≤", "1e-10", "pass", "[1]"] in rows
    assert ["odd", "1", "1.5", "50", "%", "±", "10", "%", "FAIL", "[2]"] in rows
    assert ["bad", "1", "of", "2", "odd", "50", "%", "±", "10", "%"] in rows  # of the groups
    status, out, _ = call("validate", "--json")
    assert status == 1
    values = json.loads(out)
    assert [(row["group"], row["passed"]) for row in values] == [("good", True), ("bad", True), ("bad", False)]
    keys = {"group", "what", "unit", "expected", "got", "error", "low", "high", "passed", "source"}
    assert set(values[0]) == keys


def test_validate_only_some(call, is_bad_input_of, two_groups):
    status, out, _ = call("validate", "--only", "good", "--quick")
    assert status == 0
    assert "All 1 checks passed." in out
    assert "fewer cells" in out
    assert call("validate", "--only", "bad", "--only", "good")[1] == call("validate")[1]
    is_bad_input_of("validate", "--only", "goud", parts=['did you mean "good"', "good, bad"])


def test_validate_writes_a_page(call, is_bad_input_of, two_groups, tmp_path):
    page = tmp_path / "new" / "page.html"
    status, out, _ = call("validate", "--out", str(page))
    assert status == 1
    assert out.endswith(f"Page: {page}\n")
    assert "1 of 3 checks failed." in page.read_text(encoding="utf-8")
    assert [each.name for each in page.parent.iterdir()] == ["page.html"]
    assert call("validate", "--only", "good", "--out", str(page))[0] == 0  # its own page is replaced
    assert "All 1 checks passed." in page.read_text(encoding="utf-8")
    mine = tmp_path / "mine.html"
    mine.write_text("mine")
    is_bad_input_of("validate", "--out", str(mine), parts=["mine.html", "left alone"])
    assert mine.read_text() == "mine"
    is_bad_input_of("validate", "--out", str(tmp_path), parts=["folder", "page.html"])
    is_bad_input_of("validate", "--out", str(mine / "page.html"), parts=["cannot be written"])


@pytest.fixture
def is_bad_input_of(call):
    def check(*arguments, parts):
        is_bad_input(*call(*arguments), *parts)

    return check


def test_unknown_command_and_option(call):
    status, out, err = call("osmose")
    assert (status, out) == (2, "")
    assert "No such command 'osmose'" in err
    status, out, err = call("run", "osmosis", "--fast")
    assert (status, out) == (2, "")
    assert "--fast" in err


def test_new_copies_with_comments_and_never_overwrites(call, tmp_path):
    from membrane_pde.input.casefile import case_text, load_case

    status, out, _ = call("new", "osmosis")
    assert status == 0
    assert "osmosis.toml" in out
    assert (tmp_path / "osmosis.toml").read_text(encoding="utf-8") == case_text("osmosis")
    assert load_case(tmp_path / "osmosis.toml").name == "osmosis"
    (tmp_path / "osmosis.toml").write_text("mine", encoding="utf-8")
    is_bad_input(*call("new", "osmosis"), "osmosis.toml exists already")
    assert (tmp_path / "osmosis.toml").read_text(encoding="utf-8") == "mine"
    assert call("new", "osmosis", "other.toml")[0] == 0
    status, out, _ = call("new", "crossflow_cell", "cell.toml")
    assert status == 0
    assert "bench.csv: measurements" in out
    assert (tmp_path / "bench.csv").read_text(encoding="utf-8").startswith("# Made up")
    assert (tmp_path / "other.toml").exists()
    is_bad_input(*call("new", "osmosis", tmp_path / "nowhere" / "x.toml"), "cannot write")
    is_bad_input(*call("new", "osmosi"), "osmosi", '"osmosis"')
    assert not (tmp_path / "osmosi.toml").exists()


def test_show(call):
    status, out, _ = call("show", "reverse_osmosis")
    assert status == 0
    rows = {line.split()[0]: line for line in out.splitlines() if line}
    assert rows["temperature"].split()[1:] == ["298.15", "K"]
    assert rows["right.pressure"].endswith("Pa")
    assert rows["run.rtol"].split()[1] == "1e-6"  # a default
    assert rows["left.concentration.NaCl"].endswith("mol/m³")
    cells = len(mesh_of(load_case("reverse_osmosis"))["left_widths"])
    assert f"{cells} cells" in rows["mesh.left"]
    status, out, _ = call("show", "reverse_osmosis", "--json")
    values = json.loads(out)
    assert values["temperature"] == 298.15
    assert values["mesh"]["cells"] is None  # as many as it takes
    assert len(values["mesh"]["left_widths"]) == cells
    assert sum(values["mesh"]["left_widths"]) == pytest.approx(values["left"]["length"])


def test_schema_is_json(call):
    status, out, _ = call("schema")
    assert status == 0
    assert "properties" in json.loads(out)


def test_bad_input(call, tmp_path):
    is_bad_input(*call("run", "osmosi"), "osmosi", '"osmosis"')
    is_bad_input(*call("show", "nowhere.toml"), "nowhere.toml")
    is_bad_input(*call("run", "osmosis", "--no-save", "--set", "left.presure=50 bar"), "presure", "pressure")
    is_bad_input(*call("run", "osmosis", "--no-save", "--set", "left.pressure=50 m"), "left.pressure", "pressure")
    is_bad_input(*call("equilibrium", "osmosis", "--set", "left.pressure"), "KEY=VALUE")
    is_bad_input(*call("run", "osmosis", "--no-save", "--out", "there"), "--out", "--no-save")
    is_bad_input(*call("compare", "osmosis", "--no-save"), "two cases")
    is_bad_input(*call("compare", "osmosis", "nowhere.toml", "--no-save"), "nowhere.toml")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_ours_stops_before_solving(call, tmp_path, monkeypatch):
    from membrane_pde import runs

    monkeypatch.setattr(runs, "run", lambda *a, **k: pytest.fail("solved first"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work", encoding="utf-8")
    is_bad_input(*call("run", "osmosis", "--out", "mine"), "mine", "thesis.txt")
    is_bad_input(*call("compare", "osmosis", "reverse_osmosis", "--out", "mine"), "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text(encoding="utf-8") == "years of work"


def test_run_saves_where_it_says_and_speaks_plainly(call, tmp_path):
    status, out, err = call("run", "osmosis", *FAST)
    assert (status, err) == (0, "")
    assert "Water moved from the left (" in out
    assert ": osmosis, " in out
    assert "L/m²/h" in out
    assert out.endswith(f"Results: {Path('results') / 'osmosis'}\n")
    files = {p.name for p in (tmp_path / "results" / "osmosis").iterdir()}
    assert files == {"summary.json", "series.csv", "result.nc", "case.toml", *PICTURES}
    status, _, _ = call("run", "osmosis", *FAST, "--no-plots")
    assert status == 0
    files = {p.name for p in (tmp_path / "results" / "osmosis").iterdir()}
    assert files == {"summary.json", "series.csv", "result.nc", "case.toml"}  # ours: replaced


def test_run_json_is_one_object_with_the_keys_of_the_design(call, tmp_path):
    status, out, err = call("run", "osmosis", *FAST, "--json", "--no-save")
    assert (status, err) == (0, "")
    summary = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert sorted(summary) == sorted(SUMMARY_KEYS)
    assert summary["process"] == "osmosis"
    assert summary["displaced_volume_m"] > 0
    assert set(summary["equilibrium"]) <= set(SUMMARY_KEYS)
    assert not list(tmp_path.iterdir())


def test_set_reaches_the_case(call):
    _, out, _ = call("run", "reverse_osmosis", *FAST, "--set", 'right.pressure="0 bar"', "--json", "--no-save")
    assert json.loads(out)["process"] == "osmosis"


def test_an_outer_folder_and_a_case_file(call, tmp_path):
    call("new", "reverse_osmosis", "my.toml")
    status, _, _ = call("run", "my.toml", *FAST, "--no-plots", "--out", tmp_path / "deep" / "er")
    assert status == 0
    summary = json.loads((tmp_path / "deep" / "er" / "summary.json").read_text(encoding="utf-8"))
    assert summary["process"] == "reverse osmosis"
    assert summary["displaced_volume_m"] < 0


def test_a_failed_run_saves_what_there_is(call, tmp_path, monkeypatch):
    from membrane_pde import runs

    solve = runs.run

    def fails(case, progress=None):
        result = solve(case, progress)
        result.summary |= {"status": "failed", "message": "At 12 min the left side ran dry. Try a shorter run."}
        raise runs.RunError(result.summary["message"], result)

    monkeypatch.setattr(runs, "run", fails)
    status, out, err = call("run", "osmosis", *FAST, "--no-plots")
    assert status == 1
    assert err == "membrane-pde: osmosis failed: At 12 min the left side ran dry. Try a shorter run.\n"
    assert "The run failed" in out
    saved = json.loads((tmp_path / "results" / "osmosis" / "summary.json").read_text(encoding="utf-8"))
    assert saved["status"] == "failed"
    status, out, err = call("run", "osmosis", *FAST, "--no-save", "--json")
    assert status == 1
    assert json.loads(out)["status"] == "failed"
    status, out, err = call("compare", "osmosis", "osmosis", "--no-save", "--json")
    assert status == 1
    assert list(json.loads(out)["cases"]) == ["osmosis", "osmosis-2"]
    assert "osmosis-2 failed: At 12 min" in err


def test_compare_prints_and_writes_one_table(call, tmp_path):
    status, out, err = call("compare", "osmosis", "reverse_osmosis")
    assert (status, err) == (0, "")
    assert out.splitlines()[0].split() == ["unit", "osmosis", "reverse_osmosis"]
    assert "osmosis: Water moved from the left" in out
    assert "reverse_osmosis: Water was pressed from the right" in out
    folder = tmp_path / "results" / "compare"
    assert {p.name for p in folder.iterdir()} == {"summary.json", "comparison.csv", "comparison.png"}
    cases = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["cases"]
    assert list(cases) == ["osmosis", "reverse_osmosis"]
    assert cases["osmosis"]["displaced_volume_m"] > 0 > cases["reverse_osmosis"]["displaced_volume_m"]
    with (folder / "comparison.csv").open(encoding="utf-8", newline="") as file:
        rows = {row[0]: row[1:] for row in csv.reader(file)}
    assert float(rows["displaced_volume_m"][1]) == cases["reverse_osmosis"]["displaced_volume_m"]
    status, _, _ = call("compare", "osmosis", "reverse_osmosis", "--no-plots", "--out", "elsewhere")
    assert status == 0
    assert {p.name for p in (tmp_path / "elsewhere").iterdir()} == {"summary.json", "comparison.csv"}


def test_equilibrium(call):
    status, out, _ = call("equilibrium", "osmosis")
    assert status == 0
    assert "At equilibrium" in out
    assert "of water has moved from the left" in out
    _, out, _ = call("equilibrium", "osmosis", "--json")
    summary = json.loads(out)
    assert set(summary) <= set(SUMMARY_KEYS)
    assert summary["displaced_volume_m"] > 0
    _, out, _ = call("equilibrium", "osmosis", "--json", "--set", "left.length=40 mm")
    assert json.loads(out)["displaced_volume_m"] > summary["displaced_volume_m"]


def test_steady(call):
    status, out, _ = call("steady", "seawater_ro", "--set", "mesh.cells=20")
    assert status == 0
    assert "In the steady state 27.2 L/m²/h of water flows from the left (sea water) to the right (permeate)." in out
    assert "NaCl rejection" in out
    _, out, _ = call("steady", "seawater_ro", "--set", "mesh.cells=20", "--json")
    summary = json.loads(out)
    assert set(summary) == set(SUMMARY_KEYS)
    assert summary["status"] == "steady"
    assert summary["displaced_volume_m"] is None
    _, out, _ = call("steady", "osmosis", "--units", "physiology")
    assert "In the steady state nothing flows." in out
    assert "mmHg" in out
    status, out, _ = call("steady", "swelling_sphere", "--set", "membrane.solutes.KCl.permeability=1e-6 m/s")
    assert status == 0
    assert "any displaced volume is an equilibrium" in out
    for row in ("radius of the membrane", "volume ÷ membrane area at the start"):
        (values,) = (line.split("mm")[1].split() for line in out.splitlines() if line.startswith(row))
        assert values == ["–", "–"]
    status, out, _ = call("steady", "swelling_sphere", "--set", "right.stirred=false", "--set", "right.length=5 mm")
    assert status == 1
    assert "the right side runs dry before the forces balance" in out
    assert "and the bath holds 20 mm" in out

    status, out, _ = call("steady", "batch_ro")
    assert status == 1
    assert "There is no steady state: the left side runs dry" in out
    status, out, _ = call("steady", "batch_ro", "--json")
    assert status == 1
    assert json.loads(out)["status"] is None
    dry = ("--set", "left.concentration.NaCl=100 ppm", "--set", "left.channel.flow=0.1 m^3/h")
    for command in (("run", "--no-save"), ("steady",)):
        status, out, err = call(command[0], "ro_element", *command[1:], *dry)
        assert status == 1
        assert "runs dry" in out + err
    is_bad_input(*call("steady", "closed_circuit_ro"), 'left.pressure="22 bar"')


def test_equilibrium_says_why_there_is_none(call):
    status, out, _ = call("equilibrium", "seawater_ro")
    assert status == 0
    assert "open" in out
    assert "–" not in out  # no table of nothing
    _, out, _ = call("equilibrium", "seawater_ro", "--json")
    assert json.loads(out)["displaced_volume_m"] is None


def test_an_unexpected_error_is_short_and_v_shows_the_traceback(call, monkeypatch):
    from membrane_pde import runs

    def breaks(*args, **kwargs):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(runs, "run", breaks)
    status, out, err = call("run", "osmosis", "--no-save")
    assert (status, out) == (1, "")
    assert err == "membrane-pde: ZeroDivisionError: oh (`membrane-pde -v …` shows where)\n"
    status, _, err = call("-v", "run", "osmosis", "--no-save")
    assert status == 1
    assert "Traceback" in err


def test_interrupt(call, monkeypatch):
    from membrane_pde import runs

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "run", interrupted)
    status, _, err = call("run", "osmosis", "--no-save")
    assert status == 130
    assert "interrupted" in err


def test_warnings_go_to_stderr_and_q_hides_them(call, monkeypatch):
    fake = types.SimpleNamespace(warnings=("a permeability a thousand times the known range",))
    monkeypatch.setattr("membrane_pde.input.casefile.load_case", lambda *a: fake)
    monkeypatch.setattr("membrane_pde.runs.equilibrium", lambda case: {"title": "x"})
    status, out, err = call("equilibrium", "osmosis", "--json")
    assert (status, json.loads(out)) == (0, {"title": "x"})
    assert err == "membrane-pde: warning: a permeability a thousand times the known range\n"
    assert call("-q", "equilibrium", "osmosis", "--json")[2] == ""


def test_progress_only_on_a_terminal(monkeypatch):
    with cli.output.progress_bar("x") as progress:
        assert progress is None
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with cli.output.progress_bar("x") as progress:
        assert progress is not None
        progress(0.5)


def test_a_closed_pipe_is_quiet():
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "membrane_pde", "schema"],
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(write)
    assert done.stderr == ""
    assert done.returncode == 0


def test_fipy_does_not_see_our_arguments(tmp_path):
    # FiPy's parser would end the process on --cache
    done = command("run", "osmosis", *FAST, "--no-plots", "--out", "--cache", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "--cache" / "summary.json").exists()


def test_a_terminal_without_arrows_gets_question_marks():
    done = command(
        "compare", "osmosis", "reverse_osmosis", "--no-save", env={**os.environ, "PYTHONIOENCODING": "ascii"}
    )
    assert done.returncode == 0, done.stderr
    assert "L/m?" in done.stdout
