"""What a person sees of a case and a result in Python and in a notebook, and that a case may be given by its name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import membrane_pde as mp
from membrane_pde.show import notebook, report

SHORT = {"run.duration": "1 s"}


@pytest.fixture(scope="module")
def result() -> mp.Result:
    return mp.run(mp.load_case("nanofiltration").with_values(SHORT))


def test_text_is_one_line(result: mp.Result) -> None:
    for text in (repr(result), str(result), repr(result.case), str(result.case)):
        assert "nanofiltration" in text
        assert "glycerol" in text
        assert "\n" not in text
        assert len(text) < 250


def test_html_has_every_cell_of_the_command_line(result: mp.Result) -> None:
    shown = notebook.of_result(result)
    rows = [*report.sides_table(result), *report.membrane_table(result)]
    for row in rows:
        for cell in row:
            assert cell.replace("&", "&amp;").replace("<", "&lt;") in shown
    assert shown.count("<tr>") == len(rows) + 2
    assert len(notebook.of_case(result.case)) < 30_000


def test_ipython_shows_the_tables() -> None:
    code = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("import membrane_pde as mp; case = mp.load_case('osmosis').with_values({'run.duration': '1 s'})")
shell.run_cell("result = mp.run(case)")
for value in (shell.user_ns["result"], shell.user_ns["result"].case):
    shown, _ = shell.display_formatter.format(value)
    assert "<table>" in shown["text/html"], shown
    assert len(shown["text/plain"]) < 250, shown
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_case_may_be_given_by_name_or_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(mp.load_case("osmosis").with_values(SHORT).to_toml(), encoding="utf-8")
    expected = mp.run(mp.load_case(path)).summary["displaced_volume_m"]
    assert mp.run(path).summary["displaced_volume_m"] == expected
    assert mp.run(str(path)).summary["displaced_volume_m"] == expected
    assert mp.equilibrium(path)["displaced_volume_m"] == mp.equilibrium("osmosis")["displaced_volume_m"]
    compared = mp.compare([str(path), mp.run(path)])
    assert compared["displaced_volume_m"].values.tolist() == [expected] * 2
    swept = mp.sweep(path, {"right.pressure": ["0 bar", "1 bar"]}, workers=1)
    assert swept["displaced_volume_m"].values[0] == pytest.approx(expected)
    assert mp.explore(path).png().startswith(b"\x89PNG")


@pytest.mark.parametrize("case", [None, 3, {"title": "a case"}, ["osmosis"]])
def test_what_is_no_case_is_refused_in_words(case: Any) -> None:
    for ask in (
        mp.run,
        mp.equilibrium,
        mp.explore,
        lambda each: mp.sweep(each, {"left.pressure": ["1 bar"]}),
        lambda each: mp.fit(each, {}, ["membrane.water_permeability"]),
        lambda each: mp.compare([each]),
    ):
        with pytest.raises(mp.CaseError, match=r"expected a case .* a file's path, or the name of a shipped case"):
            ask(case)
    with pytest.raises(mp.CaseError, match="compare takes a list"):
        mp.compare("osmosis")  # type: ignore[arg-type]
    with pytest.raises(mp.CaseError, match="no_such_case"):
        mp.run("no_such_case")


def test_what_is_no_file_and_no_values_is_refused_in_words() -> None:
    for wrong in (3, None, {"left": 1}):
        with pytest.raises(mp.CaseError, match=r"expected a file's path, or the name of a shipped case"):
            mp.load_case(wrong)  # type: ignore[arg-type]
        if wrong != {"left": 1}:
            with pytest.raises(mp.CaseError, match="expected values by key"):
                mp.sweep("osmosis", wrong)  # type: ignore[arg-type]
