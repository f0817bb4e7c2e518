"""Execute the notebooks beside this file, each in a kernel of its own, in an empty folder.

    python notebooks/execute.py            writes them back with their outputs
    python notebooks/execute.py --check    leaves them alone; status 1 if one fails, warns, is larger than 400 kB, or
                                           shows other words or numbers than when it was written

What is written is the same from run to run: no times, versions, paths, or state of widgets.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LARGEST = 400_000  # bytes of a file
TIMEOUT = 120  # s for a cell
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
WIDGET = "application/vnd.jupyter.widget-view+json"

_SPOILT = re.compile(r"\w*Warning\b|Traceback \(most recent call last\)")
_PLACE = re.compile(r"(?<![\w.])/(?:home|root|tmp|usr|work|Users|private|opt)/\S*")
_NUMBER = re.compile(r"(?<![\w.])[-−+]?\d+(?:\.\d+)?(?:e[-−+]?\d+)?")

Notebook = dict[str, Any]


# -- execute --------------------------------------------------------------------------------------------------------
def executed(path: Path) -> Notebook:
    """The notebook with the outputs that it gives now.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails.
    """
    import nbclient
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as empty:
        client = nbclient.NotebookClient(
            notebook,
            kernel_name=KERNEL["name"],
            resources={"metadata": {"path": empty}},
            timeout=TIMEOUT,
            record_timing=False,
            coalesce_streams=True,
            extra_arguments=["--log-level=ERROR"],
        )
        client.execute()
    return json.loads(nbformat.writes(notebook))


def cleaned(notebook: Notebook) -> Notebook:
    """The notebook without what differs from run to run."""
    cells = []
    for cell in notebook["cells"]:
        kept = {"cell_type": cell["cell_type"], "id": cell["id"], "metadata": {}, "source": _text(cell["source"])}
        if cell["cell_type"] == "code":
            kept["execution_count"] = 1 + sum(before["cell_type"] == "code" for before in cells)
            kept["outputs"] = [_cleaned(output, kept["execution_count"]) for output in _shown(cell)]
        cells.append(kept)
    return {
        "cells": cells,
        "metadata": {"kernelspec": KERNEL, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _shown(cell: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Outputs that a page can show: a widget needs a kernel, what it moves is drawn beside it."""
    return (output for output in cell["outputs"] if WIDGET not in output.get("data", {}))


def _cleaned(output: dict[str, Any], count: int) -> dict[str, Any]:
    kept = {key: value for key, value in output.items() if key not in ("metadata", "execution_count")}
    if "data" in kept:
        kept["data"] = {
            kind: _repacked(_text(value)) if kind == "image/png" else _text(value)
            for kind, value in kept["data"].items()
        }
        kept["metadata"] = {}
    if kept["output_type"] == "execute_result":
        kept["execution_count"] = count
    if "text" in kept:
        kept["text"] = _text(kept["text"])
    return kept


def _text(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else value


def _repacked(picture: str) -> str:
    """A PNG, as base64, in 256 colours and without the words in it (the name and version of what drew it)."""
    import numpy as np
    from PIL import Image

    with Image.open(io.BytesIO(base64.b64decode(picture))) as image:
        plain = image.convert("RGB")
    colours = plain.quantize(256, Image.Quantize.MAXCOVERAGE, 1)  # those of thin lines, too
    palette = np.array(colours.getpalette()).reshape(-1, 3)
    white = int(palette.sum(axis=1).argmax())
    palette[white] = 255
    colours.putpalette(palette.ravel().tolist())
    pixels = np.array(plain.quantize(palette=colours, dither=Image.Dither.FLOYDSTEINBERG))
    pixels[(np.asarray(plain) == 255).all(axis=2)] = white  # which takes the nearest colour only roughly
    few = Image.fromarray(pixels)
    few.putpalette(palette.ravel().tolist())
    file = io.BytesIO()
    few.save(file, format="PNG", optimize=True, dpi=(100, 100))
    return base64.b64encode(file.getvalue()).decode("ascii")


def written(notebook: Notebook) -> str:
    """The text of the file."""
    import nbformat

    return nbformat.writes(nbformat.from_dict(notebook)).rstrip("\n") + "\n"


# -- judge ----------------------------------------------------------------------------------------------------------
def faults(notebook: Notebook, size: int = 0) -> list[str]:
    """What should not be in an executed notebook; with its size in bytes, if it is written."""
    found = [f"{size} bytes: at most {LARGEST}, draw less"] if size > LARGEST else []
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            where = f"after {_first_line(cell)!r}"
            if output["output_type"] == "error":
                found.append(f"{where}: {output['ename']}: {output['evalue']}")
            elif output.get("name") == "stderr":
                found.append(f"{where}: on stderr: {_text(output['text']).strip()}")
            for text in _words(output).values():
                found += [f"{where}: {spoilt[0]}" for spoilt in _SPOILT.finditer(text)]
                found += [f"{where}: the place {place[0]} of a machine" for place in _PLACE.finditer(text)]
    # what a widget shows is not among the outputs, but in its state
    for widget in notebook["metadata"].get("widgets", {}).values():
        for state in widget.get("state", {}).values():
            for output in state.get("state", {}).get("outputs", ()):
                if output["output_type"] == "error" or output.get("name") == "stderr":
                    found.append(f"in a widget: {output.get('evalue') or _text(output['text']).strip()}")
    return found


def differences(old: Notebook, new: Notebook) -> list[str]:
    """Where two executed notebooks show something else: other words, or numbers that differ beyond their last digits.

    Two units of the last digit are allowed, and none of a whole number; pictures are only counted.
    """
    before, after = ([cell for cell in each["cells"] if cell["cell_type"] == "code"] for each in (old, new))
    if [_text(cell["source"]) for cell in before] != [_text(cell["source"]) for cell in after]:
        return ["the cells are not those that were executed"]
    found = []
    for one, other in zip(before, after, strict=True):
        shown = [[_words(output) for output in cell["outputs"]] for cell in (one, other)]
        if [list(words) for words in shown[0]] != [list(words) for words in shown[1]]:
            found.append(f"after {_first_line(one)!r}: other kinds of outputs, or another number of them")
            continue
        for was, now in zip(*shown, strict=True):
            found += [
                f"after {_first_line(one)!r}: {difference}"
                for kind in was
                if (difference := _difference(was[kind], now[kind]))
            ]
    return found


def _words(output: dict[str, Any]) -> dict[str, str]:
    """The texts of an output by their kind; of a picture none but that there is one."""
    if "text" in output:
        return {output["name"]: _text(output["text"])}
    return {
        kind: "" if kind.startswith("image/") else _text(value)
        for kind, value in output.get("data", {}).items()
        if kind == "text/plain" or kind.startswith(("text/", "image/"))
    }


def _difference(was: str, now: str) -> str:
    """The first line in which two texts differ, or nothing."""
    for line, other in zip(was.splitlines(), now.splitlines(), strict=False):
        if not _same(line, other):
            return f"was {line.strip()!r}, is {other.strip()!r}"
    lines = len(was.splitlines()), len(now.splitlines())
    return "" if lines[0] == lines[1] else f"had {lines[0]} lines, has {lines[1]}"


def _same(line: str, other: str) -> bool:
    """Whether two lines have the same words, and the same numbers up to two units of the last digit that is written."""
    if _NUMBER.sub("#", line).split() != _NUMBER.sub("#", other).split():
        return False
    pairs = zip(_NUMBER.findall(line), _NUMBER.findall(other), strict=True)
    return all(abs(_value(a) - _value(b)) <= 2.0000001 * _last_digit(a, b) for a, b in pairs)


def _value(number: str) -> float:
    return float(number.replace("−", "-"))


def _last_digit(*numbers: str) -> float:
    """What 1 is in the last place of the longest of these numbers; 0 of whole ones: they count something."""
    places = []
    for number in numbers:
        mantissa, _, power = number.replace("−", "-").partition("e")
        _, point, decimals = mantissa.partition(".")
        if point or power:
            places.append(10.0 ** (int(power or 0) - len(decimals)))
    return min(places, default=0.0)


def _first_line(cell: dict[str, Any]) -> str:
    return _text(cell["source"]).strip().partition("\n")[0]


# -- command --------------------------------------------------------------------------------------------------------
def refresh(path: Path) -> list[str]:
    """Execute a notebook and write it back; what is wrong with it, in which case it is left as it was."""
    return _run(path, check=False)


def check(path: Path) -> list[str]:
    """Execute a copy of a notebook; what is wrong with it."""
    return _run(path, check=True)


def _run(path: Path, check: bool) -> list[str]:
    import nbclient

    try:
        raw = executed(path)
    except nbclient.exceptions.CellExecutionError as error:
        return [re.sub(r"\x1b\[[\d;]*m", "", str(error)).strip()]
    fresh = cleaned(raw)
    text = written(fresh)
    found = faults(raw) + faults(fresh, len(text.encode()))
    if check:
        committed = path.read_text(encoding="utf-8")
        found += faults(json.loads(committed), len(committed.encode())) + differences(json.loads(committed), fresh)
    elif not found:
        path.write_text(text, encoding="utf-8")
    return list(dict.fromkeys(found))


def main() -> int:
    """Read the arguments, execute two notebooks at a time, say what is wrong; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all of this folder")
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    arguments = parser.parse_args()
    paths = arguments.notebooks or sorted(HERE.glob("*.ipynb"))
    with ThreadPoolExecutor(2) as pool:
        each = list(pool.map(check if arguments.check else refresh, paths))
    for path, found in zip(paths, each, strict=True):
        print(f"{path.name}: {'as it was' if arguments.check else 'written'}" if not found else f"{path.name}:")
        for fault in found:
            print(f"  {fault}")
    if any(each) and arguments.check:
        print("If what they show now is right: make notebooks, look at them, and commit them.")
    return int(any(each))


if __name__ == "__main__":
    sys.exit(main())
