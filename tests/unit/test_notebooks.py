"""The committed notebooks are executed, clean and small; what executes and compares them sees what is wrong."""

from __future__ import annotations

import copy
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from notebooks import execute
from tests.places import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CAN_EXECUTE = all(importlib.util.find_spec(name) for name in ("nbclient", "ipykernel"))


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def code(source: str, *outputs: dict[str, Any], count: int | None = 1) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": count,
        "id": "cell-01",
        "metadata": {},
        "source": source,
        "outputs": list(outputs),
    }


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def shown(**data: str) -> dict[str, Any]:
    kinds = {"png": "image/png", "plain": "text/plain", "html": "text/html"}
    return {"output_type": "display_data", "metadata": {}, "data": {kinds[kind]: text for kind, text in data.items()}}


def notebook(*cells: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


# -- as committed ---------------------------------------------------------------------------------------------------
def test_there_are_notebooks_and_the_page_names_them_all() -> None:
    page = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
    assert NOTEBOOKS
    for path in NOTEBOOKS:
        assert f"[{path.stem}]({path.name})" in page


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_committed_notebook_is_executed_and_clean(path: Path) -> None:
    committed = read(path)
    assert execute.faults(committed, path.stat().st_size) == []
    first, *others = committed["cells"]
    assert first["cell_type"] == "markdown"
    assert "".join(first["source"]).startswith("# ")
    cells = [cell for cell in others if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert any("image/png" in output.get("data", {}) for cell in cells for output in cell["outputs"])
    assert committed["metadata"] == {"kernelspec": execute.KERNEL, "language_info": {"name": "python"}}
    assert all(cell["metadata"] == {} for cell in committed["cells"])


# -- what is compared -----------------------------------------------------------------------------------------------
OLD = notebook(
    code("run()", stream("flux 1.833 L/m²/h, 200 times\n"), shown(png="AAAA", plain="<Figure size 800x500>")),
    code("table()", shown(html="<td>0.003667</td>", plain="   0.003667")),
)


def test_last_digits_and_pixels_may_differ() -> None:
    new = copy.deepcopy(OLD)
    new["cells"][0]["outputs"] = [
        stream("flux 1.834  L/m²/h, 200 times\n"),
        shown(png="BBBB", plain="<Figure size 800x500>"),
    ]
    new["cells"][1]["outputs"] = [shown(html="<td>0.003666</td>", plain="  0.003666")]
    assert execute.differences(OLD, new) == []


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("1.833", "1.837"),
        ("1.833", "-1.833"),
        ("1.833", "1.83"),
        ("1.833", "about 1.833"),
        ("L/m²/h", "m/s"),
        ("200 times", "201 times"),
        ("times\n", "times\nand more\n"),
        ("flux 1.833 L/m²/h, 200 times\n", ""),
    ],
)
def test_other_words_and_numbers_are_seen(was: str, now: str) -> None:
    new = copy.deepcopy(OLD)
    output = new["cells"][0]["outputs"][0]
    output["text"] = output["text"].replace(was, now)
    (difference,) = execute.differences(OLD, new)
    assert "after 'run()'" in difference


@pytest.mark.parametrize(("was", "now"), [("5.09e-07", "5.11e-07"), ("−60.0", "−60.2"), ("1e-10", "3e-10")])
def test_two_units_of_the_last_digit_are_allowed_and_no_more(was: str, now: str) -> None:
    one, other, far = (
        notebook(code("x", stream(text))) for text in (was, now, now.replace("1", "4").replace("2", "5"))
    )
    assert execute.differences(one, other) == []
    assert far == other or execute.differences(one, far)


def test_other_outputs_and_other_cells_are_seen() -> None:
    new = copy.deepcopy(OLD)
    del new["cells"][0]["outputs"][1]
    assert "another number of them" in execute.differences(OLD, new)[0]
    new = copy.deepcopy(OLD)
    new["cells"][0]["source"] = "run(faster=True)"
    assert execute.differences(OLD, new) == ["the cells are not those that were executed"]


# -- what should not be there ---------------------------------------------------------------------------------------
FAILED = {"output_type": "error", "ename": "RunError", "evalue": "ran dry", "traceback": []}


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (FAILED, "RunError: ran dry"),
        (stream("odd\n", "stderr"), "on stderr: odd"),
        (stream("RuntimeWarning: overflow\n"), "RuntimeWarning"),
        (shown(plain="Traceback (most recent call last):"), "Traceback"),
        (stream("saved in " + "/" + "tmp/x/results"), "of a machine"),
    ],
)
def test_what_is_wrong_is_named_with_its_cell(output: dict[str, Any], told: str) -> None:
    (fault,) = execute.faults(notebook(code("run()\nmore()", output)))
    assert "after 'run()'" in fault
    assert told in fault


def test_an_error_inside_a_widget_is_seen() -> None:
    state = {"state": {"1": {"model_name": "OutputModel", "state": {"outputs": [FAILED]}}}}
    widgets = {"application/vnd.jupyter.widget-state+json": state}
    assert execute.faults(notebook(code("interact(f)"), widgets=widgets)) == ["in a widget: ran dry"]


def test_a_file_that_is_too_large_is_named() -> None:
    assert execute.faults(OLD, execute.LARGEST) == []
    assert "at most 400000" in execute.faults(OLD, execute.LARGEST + 1)[0]


def test_what_differs_from_run_to_run_is_left_out() -> None:
    widget = {"output_type": "display_data", "metadata": {}, "data": {execute.WIDGET: {"model_id": "1f"}}}
    cell = code("run()", widget, stream("done\n"), count=17) | {"metadata": {"execution": {"iopub": "now"}}}
    clean = execute.cleaned(notebook(cell, widgets={}, language_info={"name": "python", "version": "3.11.2"}))
    assert clean["metadata"] == {"kernelspec": execute.KERNEL, "language_info": {"name": "python"}}
    assert clean["cells"][0]["metadata"] == {}
    assert clean["cells"][0]["execution_count"] == 1
    assert clean["cells"][0]["outputs"] == [stream("done\n")]


# -- the command ----------------------------------------------------------------------------------------------------
@pytest.mark.skipif(not CAN_EXECUTE, reason="the extra `notebooks` is not installed")
def test_the_command_writes_and_checks(tmp_path: Path) -> None:
    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOT / "notebooks" / "execute.py"), str(path), *arguments],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    path = tmp_path / "small.ipynb"
    source = (
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nopen('x.txt', 'w').close()\nprint(2.5)"
    )
    path.write_text(json.dumps(notebook(code(source, count=None))), encoding="utf-8")
    assert command().returncode == 0
    first = path.read_bytes()
    assert b"image/png" in first
    assert b"2.5" in first
    assert command().returncode == 0
    assert path.read_bytes() == first, "not the same from run to run"
    assert [each.name for each in tmp_path.iterdir()] == ["small.ipynb"], "a notebook's files stay where it runs"

    path.write_bytes(first.replace(b'"2.5\\n"', b'"2.9\\n"'))
    other = command("--check")
    assert other.returncode == 1
    assert "was '2.9', is '2.5'" in other.stdout

    failing = first.replace(b"print(2.5)", b"print(1 / 0)")
    path.write_bytes(failing)
    assert "ZeroDivisionError" in command().stdout
    assert path.read_bytes() == failing
