"""Nonsense in: mutated case files, arguments and saved results. One message, exit status 2; no traceback, no hang.

Every mutant is made from its number, so that the one that fails can be made again.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import membrane_pde as mp
from membrane_pde import cli, runs
from membrane_pde.input.case import Case
from membrane_pde.input.casefile import case_names, case_text, load_case, parse_case
from membrane_pde.results.loading import load_result
from membrane_pde.results.result import Result
from membrane_pde.show import report_case
from membrane_pde.solvers import integrate

LONGEST = 60  # s: far more than any of this takes; what takes longer hangs
SMALL = {"mesh.cells": 4, "run.outputs": 3}


@contextmanager
def no_hang(what: object) -> Iterator[None]:
    def stop(*_: Any) -> None:
        pytest.fail(f"hangs: {what}")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LONGEST)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


# -- case files -------------------------------------------------------------------------------------------------------
NUMBERS = [
    "0", "-1", "1e308", "-1e308", "1e-308", "5e-324", "1e400", "nan", "inf", "1e30", "1e-30", "0.5", "2", "64", "65",
    "1000000000", "100001", "9" * 400, "9" * 5000, "1_000", "0x10", "1,5", "+3", "007", "1e", ".5", "-0.0", "1e15",
]  # fmt: skip
UNITS = [
    "bar", "Pa", "m", "um", "s", "h", "d", "degC", "K", "C", "mol/L", "g/L", "mol/m^3", "mol/kg", "ppm", "%", "m/s",
    "L/m^2/hour/bar", "L/m^2/hour", "m^2/s", "1/mL", "m^2/m^2", "mOsm/L", "kDa", "x", "m^", "^2", "((((", "m*" * 40,
    "𝓂", "__import__('os')", "m/s/s/s/s", "degF", "Å", "", " ",
]  # fmt: skip
VALUES = [
    "true",
    "false",
    "[]",
    "{}",
    "[[]]",
    "[1, 2]",
    '""',
    "''",
    "1979-05-27",
    "07:32:00",
    '"last"',
    '"none"',
    '"ideal"',
    '"NaCl"',
    "{ NaCl = 1 }",
    '{ profile = [["0 mm", "1 g/L"]] }',
    '{ schedule = [["0 s", "1 bar"], ["1 s", "2 bar"]] }',
    '{ mean = "1 bar", amplitude = "1 bar", period = "1 s" }',
    '{ flux = "1e-6 m/s" }',
    '"rigid"',
    '"bath"',
    '"outflow"',
    '"reservoir"',
    '"standpipe"',
    '"elastic"',
    '"pitzer"',
    '"virial"',
    '"gas"',
    '"steady"',
    '"equilibrium"',
    '"cvode"',
    '"kedem-katchalsky"',
    '"solution-diffusion"',
    '"\\u0000"',
    '"\\u001b[2J"',
    '"' + "x" * 3000 + '"',
    "[" * 50 + "]" * 50,
    '"""',
    "'''",
    "{ a = { a = { a = 1 } } }",
    '"$\\\\frac{1$"',
]
KEYS = [
    "title", "phase", "temperature", "osmotic_model", "geometry", "transport", "solutes", "left", "right", "membrane",
    "mesh", "run", "label", "boundary", "length", "stirred", "pressure", "concentration", "diffusivity", "tube_area",
    "modulus", "volume", "feed", "bleed", "backflow", "type", "flux_law", "water_permeability", "activation_energy",
    "reference_temperature", "pore_radius", "porosity_over_thickness", "permeability", "reflection", "partition",
    "cells", "finest", "duration", "until", "outputs", "rtol", "solver", "dissociation", "charge", "ions", "virial",
    "osmotic_coefficient", "apparent_volume", "max_molality", "radius", "molar_mass", "diffusion_volume", "NaCl",
    '"Na+"', "Na+", "x", "__class__", '""', "a.b.c", "model_config", "_origin",
]  # fmt: skip
TABLES = [
    "[left]", "[right]", "[membrane]", "[mesh]", "[run]", "[solutes.NaCl]", "[solutes.x]", "[membrane.solutes.x]",
    "[left.concentration]", "[[left]]", "[flow]", "[left.support]", "[x", "[]", "[left.feed]", "[solutes]",
]  # fmt: skip


def quantity(dice: random.Random) -> str:
    return f'"{dice.choice(NUMBERS)}{dice.choice(["", " "])}{dice.choice(UNITS)}"'


def mutated(text: str, dice: random.Random) -> str:
    """A text with one thing wrong, or odd."""
    lines = text.split("\n")
    written = [i for i, line in enumerate(lines) if line.split("#")[0].strip()] or [0]
    i, j = dice.choice(written), dice.choice(written)
    key, equals, value = lines[i].partition("=")

    def number(match: re.Match[str]) -> str:
        return dice.choice(NUMBERS)

    def another(match: re.Match[str]) -> str:
        return f"{float(match.group()) * 10.0 ** dice.randrange(-9, 10):.3g}"

    what = dice.randrange(30)
    if what == 0:
        del lines[i]
    elif what == 1:
        lines.insert(j, lines[i])
    elif what == 2:
        lines[i], lines[j] = lines[j], lines[i]
    elif what == 3:
        lines[i] = re.sub(r"[0-9.]+(e-?[0-9]+)?", number, lines[i], count=1)
    elif what == 4 and equals:
        lines[i] = re.sub(r'"[^"]*"', lambda _: quantity(dice), lines[i], count=1)
    elif what == 5 and equals:
        lines[i] = f"{key}= {dice.choice(VALUES)}"
    elif what == 6 and equals:
        lines[i] = f"{key}= {dice.choice(NUMBERS)}"
    elif what == 7 and equals:
        lines[i] = f"{dice.choice(KEYS)} ={value}"
    elif what == 8:
        lines.insert(i, f"{dice.choice(KEYS)} = {dice.choice([*VALUES, quantity(dice), dice.choice(NUMBERS)])}")
    elif what == 9:
        lines.insert(i, dice.choice(TABLES))
    elif what == 10:
        at = dice.randrange(len(lines[i]) + 1)
        lines[i] = lines[i][:at] + dice.choice("\0\x1b\t\"'{}[]=,.#\\é\u202e𝓂+-e0") + lines[i][at:]
    elif what == 11:
        at = dice.randrange(len(lines[i]) + 1)
        lines[i] = lines[i][:at] + lines[i][at + dice.randrange(1, 4) :]
    elif what == 12:
        return text[: dice.randrange(len(text) + 1)]
    elif what == 13:
        lines[i] = re.sub(r" [A-Za-z/^0-9*]+\"", lambda _: f' {dice.choice(UNITS)}"', lines[i], count=1)
    elif what == 14 and equals:
        lines[i] = f"{key}= {quantity(dice)}"
    elif what > 16 and equals:
        lines[i] = f"{key}={re.sub(r'(?<![A-Za-z^])[0-9]+([.][0-9]+)?(e-?[0-9]+)?', another, value, count=1)}"
    else:
        name = re.search(r"[A-Za-z_]+", lines[i])
        if name:
            lines[i] = lines[i].replace(name.group(), dice.choice(KEYS), 1)
    return "\n".join(lines)


def check_message(error: Exception) -> None:
    found = str(error)
    assert 1 <= len(found.splitlines()) <= 3, found
    assert 10 < len(found) < 900, found
    assert "Traceback" not in found


def along(case: Case) -> str:
    """What a case with [module] comes to: a steady state, words why there is none, or words why it is not sought."""
    try:
        found = mp.steady(case.with_values({"module.stations": 2}))
    except mp.CaseError as error:
        check_message(error)
        return "understood"
    json.dumps(found, allow_nan=False, default=float)
    assert found["status"] == "steady" or found["message"]
    return "along"


def try_out(text: str) -> str:
    """What a case file comes to: refused with words, or understood, shown, and (small) solved or failed with words."""
    try:
        case = parse_case(text)
    except mp.CaseError as error:
        check_message(error)
        return "refused"
    assert isinstance(case.warnings, tuple)
    assert parse_case(case.to_toml()) == case
    assert report_case.case_table(case, runs.mesh_of(case))
    json.dumps(report_case.case_values(case), allow_nan=False)
    if case.module is not None:
        return along(case)
    json.dumps(runs.equilibrium(case), allow_nan=False)
    try:
        small = case.with_values(SMALL)
    except mp.CaseError as error:  # cells and outputs may not go with the rest
        check_message(error)
        return "understood"
    if small.left.pressure.oscillates or small.right.pressure.oscillates:
        small = small.with_values({"run.duration": f"{min(small.run.duration, 1.0)!r} s"})
    try:
        result = mp.run(small)
    except mp.RunError as error:
        check_message(error)
        result = error.result
        assert result.summary["status"] == "failed"
    json.dumps(result.summary, allow_nan=False)
    return str(result.summary["status"])


TEXTS = {name: case_text(name) for name in case_names()}


def fuzz_cases(numbers: range, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """What became of the mutants; each has one to three mutations of a shipped case."""
    monkeypatch.setattr(integrate, "MAX_STEPS", 400)  # enough for a small case; the limit itself is tested elsewhere
    seen: Counter[str] = Counter()
    for n in numbers:
        dice = random.Random(n)
        text = TEXTS[dice.choice(sorted(TEXTS))]
        for _ in range(dice.randrange(1, 4)):
            text = mutated(text, dice) or "x"
        try:
            with no_hang(n):
                seen[try_out(text)] += 1
        except Exception as error:
            raise AssertionError(f"mutant {n}: {type(error).__name__}: {error}\n{text}") from error
    return seen


def test_mutated_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = fuzz_cases(range(300), monkeypatch)
    assert seen["refused"] > 100
    assert seen["completed"] > 10


@pytest.mark.slow
def test_ten_thousand_mutated_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = fuzz_cases(range(300, 10_300), monkeypatch)
    print(dict(seen))
    assert sum(seen.values()) == 10_000


SLIPS = {
    "deep nesting of lists": "a = " + "[" * 100_000,
    "deep nesting of tables": "a = " + "{ a = " * 3_000 + "1" + " }" * 3_000,
    "a key of a million parts": "a." * 1_000_000 + "a = 1",
    "a table of a million parts": "[" + "a . " * 1_000_000 + "a]",
    "a quoted key of a million parts": '"a".' * 1_000_000 + "a = 1",
    "a hundred thousand solutes": "".join(f"[solutes.s{i}]\n" for i in range(100_000)),
    "a hundred thousand keys": "".join(f"k{i} = 1\n" for i in range(100_000)),
    "a million quotes": 'title = "' + '\\"' * 1_000_000,
    "a million single quotes": "title = 1 " + "' " * 1_000_000,
    "a million braces": "a = " + "{" * 1_000_000,
    "a long line of plus signs": "+" * 1_000_000 + " = 1",
    "a long number": "a = " + "1" * 1_000_000,
    "a long key": "x" * 5_000_000 + " = 1",
    "a long title": 'title = "' + "x" * 5_000_000 + '"',
    "a long unit": 'temperature = "1 ' + "m*" * 1_000_000 + 'm"',
    "only spaces": " " * 5_000_000,
    "zeros": "\0" * 1_000_000,
}


@pytest.mark.parametrize("name", SLIPS)
def test_huge_and_deep_texts(name: str) -> None:
    with no_hang(name), pytest.raises(mp.CaseError) as caught:
        parse_case(SLIPS[name])
    check_message(caught.value)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"mesh.cells": 10**9}, ("mesh.cells = 1000000000", "at most 1000000")),
        ({"mesh.cells": 10**400}, ("mesh.cells",)),
        ({"run.outputs": 100_001}, ("run.outputs = 100001", "at most 100000")),
        ({"left.length": "1e308 m"}, ("left.length", "too large")),
        ({"left.length": "1e-308 m"}, ("left.length", "too small")),
        ({"run.duration": "1e400 s"}, ("run.duration", "too large")),
        ({"run.rtol": 1e308}, ("run.rtol", "at most 0.01")),
        ({"left.pressure": "[" * 100_000}, ("left.pressure", "nested too deeply")),
        ({"left.pressure": "{a" * 100_000}, ("left.pressure", "not valid TOML")),
        ({"title": "one\ntwo"}, ("title", "one line")),
        ({"left.label": "\x1b[2J"}, ("left.label", "one line")),
        ({"left.label": "x" * 61}, ("left.label", "at most 60")),
    ],
)  # fmt: skip
def test_limits(values: dict[str, object], words: tuple[str, ...]) -> None:
    case = load_case("osmosis")
    with no_hang(values), pytest.raises(mp.CaseError) as caught:
        case.with_values(values)
    check_message(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_the_limit_of_what_is_stored_is_named() -> None:
    """It is known when the mesh is."""
    with no_hang("outputs"), pytest.raises(mp.CaseError) as caught:
        mp.run(load_case("osmosis").with_values({"run.outputs": 10**5, "mesh.cells": 10**5}))
    check_message(caught.value)
    assert "run.outputs = 100000" in str(caught.value)
    assert "GB" in str(caught.value)


def test_the_limit_of_solutes_is_named() -> None:
    with pytest.raises(mp.CaseError, match="solutes: 65 solutes; at most 64"):
        parse_case("".join(f"[solutes.s{i}]\n" for i in range(65)))


# -- files that bite --------------------------------------------------------------------------------------------------
def bites(folder: Path) -> dict[str, tuple[Path, str]]:
    """Files of every kind that is no case file, and a word of what is said of each."""

    def held(name: str, data: bytes) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    text = case_text("osmosis")
    os.mkfifo(folder / "pipe.toml")
    (folder / "folder.toml").mkdir()
    (folder / "round.toml").symlink_to(folder / "around.toml")
    (folder / "around.toml").symlink_to(folder / "round.toml")
    (folder / "dangling.toml").symlink_to(folder / "nowhere")
    (folder / "zero.toml").symlink_to("/dev/zero")
    found = {
        "latin-1": (held("latin.toml", text.replace("water", "wässer").encode("latin-1")), "UTF-8"),
        "utf-16": (held("wide.toml", text.encode("utf-16")), "UTF-8"),
        "nul": (held("nul.toml", text.replace("[left]", "\0[left]").encode()), "not valid TOML"),
        "binary": (held("binary.toml", bytes(range(256)) * 100), "UTF-8"),
        "too large": (held("large.toml", b"#" * 10_000_001), "10 MB"),
        "pipe": (folder / "pipe.toml", "a pipe or a device"),
        "folder": (folder / "folder.toml", "is a folder"),
        "circle": (folder / "round.toml", "no such file"),
        "dangling": (folder / "dangling.toml", "no such file"),
        "endless": (folder / "zero.toml", "a pipe or a device"),
        "terminal": (Path("/dev/tty"), ""),
        "long name": (folder / ("x" * 5000), "no such file"),
        "nul in the name": (folder / "a\0b", "no such file"),
        "below a file": (folder / "latin.toml" / "x.toml", "no such file"),
    }
    if Path("/proc/self/pagemap").exists():  # regular, says it is empty, and goes on for terabytes
        found["endless regular"] = (Path("/proc/self/pagemap"), "")
    return found


def test_files_that_bite(tmp_path: Path) -> None:
    for name, (path, word) in bites(tmp_path).items():
        with no_hang(name), pytest.raises(mp.CaseError) as caught:
            load_case(path)
        assert word in str(caught.value), name
        assert len(str(caught.value).splitlines()) <= 2


def test_a_byte_order_mark_and_windows_line_ends_are_no_slips(tmp_path: Path) -> None:
    path = tmp_path / "osmosis.toml"
    path.write_bytes(b"\xef\xbb\xbf" + case_text("osmosis").replace("\n", "\r\n").encode())
    assert load_case(path) == load_case("osmosis")


# -- the commands -----------------------------------------------------------------------------------------------------
CALLS = [
    ["list"], ["list", "--solutes", "NaCl"], ["list", "--membranes"], ["new", "osmosis"], ["new", "u_tube", "a.toml"],
    ["show", "osmosis"], ["show", "leaky", "--set", 'left.pressure="5 bar"', "--json"], ["schema"], ["--version"],
    ["run", "osmosis", "--no-save", "--json"], ["run", "leaky", "--no-plots", "--out", "out"], ["run", "u_tube"],
    ["equilibrium", "leaky", "--json"], ["equilibrium", "osmosis", "--set", "left.length=1 cm"], ["--help"], [],
    ["compare", "osmosis", "u_tube", "--no-save"], ["compare", "leaky", "leaky", "--no-plots", "--json"],
    ["osmotic-pressure", "NaCl=35 g/L", "--temperature", "25 degC"], ["-q", "show", "two_gases"],
    ["osmotic-pressure", "urea=1 mol/L", "--membrane", "red-blood-cell", "--against", "NaCl=9 g/L"],
]  # fmt: skip
WORDS = [
    "--set", "--out", "--json", "--no-save", "--no-plots", "--model", "--temperature", "-v", "-q", "-h", "--", "-", "=",
    "osmosis", "osmosi", "seawater_ro", "nowhere.toml", "/", ".", "..", "/dev/null", "/dev/null/x", "", " ", "x" * 3000,
    "left.pressure", "left.pressure=", "=1 bar", "left.pressure=1e400 bar", "left.length=-1 m", "mesh.cells=1e9",
    "mesh.cells=0", "run.until=never", "left={}", "left.concentration.NaCl=[]", "left..x=1", "a.b.c.d.e=1",
    "run.rtol=nan", "title=\x1b[2J", "left.pressure={flux='1 m/s'}", "run.solver=fipy", "NaCl=1e400 g/L", "NaCl=-1 g/L",
    "NaCl=9999 g/L", "pitzer", "virial", "1e9 K", "ideal", "none", "SW30HR", "日本", "\n", "%s%n", "$(id)",
]  # fmt: skip


def fuzz_arguments(numbers: range, call: Callable[[list[str]], tuple[int, str, str]]) -> Counter[int]:
    seen: Counter[int] = Counter()
    for n in numbers:
        dice = random.Random(n)
        words = list(dice.choice(CALLS))
        for _ in range(dice.randrange(1, 4)):
            at = dice.randrange(len(words) + 1)
            what = dice.randrange(4)
            if what == 0:
                words.insert(at, dice.choice(WORDS))
            elif what == 1 and words:
                words[at - 1] = dice.choice(WORDS)
            elif what == 2 and words:
                del words[at - 1]
            elif words and words[at - 1]:
                i = dice.randrange(len(words[at - 1]))
                words[at - 1] = words[at - 1][:i] + dice.choice("=.\"'x 0-[") + words[at - 1][i + 1 :]
        with no_hang(words):
            status, out, err = call(words)
        told = f"call {n}: {words}\n{status}\n{out[:300]}\n{err[:1000]}"
        assert status in (0, 1, 2), told
        assert "Traceback" not in err, told
        assert "shows where" not in err, told  # what the command says of an error nobody foresaw
        if status == 2:
            assert out == "" or not words or words[-1:] == ["-q"], told
            assert err.strip() or not words, told
        if status == 1:
            assert "failed" in err, told
        seen[status] += 1
    return seen


@pytest.fixture
def call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[[list[str]], tuple[int, str, str]]]:
    """The command in this process, with small runs and without pictures: exit status, stdout, stderr."""
    from membrane_pde import plot

    solve = mp.run

    def small(case: mp.Case, progress: Any = None) -> Result:
        return solve(case.with_values(SMALL | {"run.solver": "rosenbrock"}))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runs, "run", small)
    for name in ("save_all", "save_comparison"):
        monkeypatch.setattr(plot, name, lambda *_, **__: None)
    monkeypatch.setattr(cli.log, "handlers", [])

    def run(words: list[str]) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            cli.app(words, prog_name="membrane-pde")
        out, err = capsys.readouterr()
        code = stop.value.code
        return (code if isinstance(code, int) else 1 if code else 0), out, err

    yield run
    cli.log.setLevel(0)


def test_mutated_arguments(call: Callable[[list[str]], tuple[int, str, str]]) -> None:
    seen = fuzz_arguments(range(150), call)
    assert seen[2] > 30
    assert seen[0] > 10


@pytest.mark.slow
def test_two_thousand_mutated_arguments(call: Callable[[list[str]], tuple[int, str, str]]) -> None:
    print(dict(fuzz_arguments(range(150, 2150), call)))


# -- saved results ----------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved") / "out"
    return mp.run(mp.load_case("leaky").with_values(SMALL)).save(folder)


def damaged(whole: bytes, dice: random.Random) -> bytes:
    data, what = bytearray(whole), dice.randrange(4)
    at = dice.randrange(len(data))
    if what == 0:
        return bytes(data[:at])
    if what == 1:
        data[at] ^= 1 << dice.randrange(8)
    elif what == 2:
        for _ in range(dice.randrange(1, 60)):
            data[dice.randrange(len(data))] = dice.randrange(256)
    else:
        data[at : at + 500] = bytes(dice.randrange(500))
    return bytes(data)


def fuzz_results(numbers: range, saved: Path, folder: Path) -> Counter[str]:
    whole, seen = (saved / "result.nc").read_bytes(), Counter[str]()
    for n in numbers:
        (folder / "result.nc").write_bytes(damaged(whole, random.Random(n)))
        with no_hang(n):
            try:
                seen[load_result(folder).summary["process"]] += 1  # bits of a number can be anything
            except mp.CaseError as error:
                check_message(error)
                seen["refused"] += 1
    return seen


def test_damaged_results(saved: Path, tmp_path: Path) -> None:
    assert fuzz_results(range(150), saved, tmp_path)["refused"] > 50


@pytest.mark.slow
def test_two_thousand_damaged_results(saved: Path, tmp_path: Path) -> None:
    print(dict(fuzz_results(range(150, 2150), saved, tmp_path)))


def without(name: str) -> Callable[[Any], None]:
    return lambda file: file.pop(name)


def replaced(name: str, values: Any) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        del file[name]
        file[name] = values

    return change


def attribute(name: str, value: Any) -> Callable[[Any], None]:
    return lambda file: file.attrs.__setitem__(name, value)


def unending(file: Any) -> None:
    del file["time"]
    file.create_dataset("time", (10**12,), "f8", chunks=(10**6,))


@pytest.mark.parametrize(
    "change",
    [
        without("concentration"), without("time"), without("side"), replaced("time", [1.0]), replaced("time", "now"),
        replaced("side", [1, 2]), replaced("concentration", np.zeros((3, 3))), replaced("rejection", 1.0), unending,
        replaced("width", np.zeros((3, 8), dtype=complex)), attribute("summary", "{"), attribute("summary", "[]"),
        attribute("summary", 7), attribute("summary", '{"title": 1}'), attribute("case", "[[["), attribute("case", 7),
        attribute("case", ""), attribute("case", np.zeros(3)), lambda file: file.attrs.pop("case_name"),
        attribute("case", "[" * 100_000), attribute("summary", "[" * 100_000),
    ],
)  # fmt: skip
def test_a_result_that_is_not_whole(saved: Path, tmp_path: Path, change: Callable[[Any], None]) -> None:
    import h5py

    path = tmp_path / "result.nc"
    path.write_bytes((saved / "result.nc").read_bytes())
    with h5py.File(path, "r+") as file:
        change(file)
    with no_hang("damaged"), pytest.raises(mp.CaseError, match="not a result of membrane-pde, or damaged"):
        load_result(tmp_path)


# -- nothing of what is read is run -----------------------------------------------------------------------------------
SPY = """
import sys
import numpy, h5py
import membrane_pde as mp
from membrane_pde import runs
from membrane_pde.show import report_case
from membrane_pde.input.casefile import parse_case, case_text, load_case
from membrane_pde.results.loading import load_result
text = case_text("osmosis")
parse_case(text).with_values({"left.length": "1 cm"})
load_result(sys.argv[1])
BAD = ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "pickle.find_class", "socket.connect")
BAD += ("urllib.Request", "os.remove", "os.rename", "shutil.rmtree")
def spy(event, arguments):
    if event in BAD or (event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")):
        print(event)
    if event in ("compile", "exec") and "evil" in str(arguments):
        print(event)
sys.addaudithook(spy)
evil = "__import__('os').system('touch evil')"
for bad in (evil, "1 " + evil, "1 m*" + evil, "$(touch evil)", "`touch evil`", "!!python/object/apply:os.system []"):
    for key in ("title", "temperature", "left.length", "left.pressure", "left.concentration.NaCl", "membrane.type"):
        try:
            case = parse_case(text).with_values({key: bad})
            runs.equilibrium(case), report_case.case_table(case, runs.mesh_of(case))
        except mp.CaseError:
            pass
for folder in sys.argv[2:]:
    try:
        load_result(folder)
    except mp.CaseError:
        pass
"""


def test_nothing_that_is_read_is_run(saved: Path, tmp_path: Path) -> None:
    import pickle

    import h5py

    class Evil:
        def __reduce__(self) -> Any:
            return os.system, ("touch evil",)

    folders = []
    for i, name in enumerate(("case", "summary", "concentration")):
        folder = tmp_path / str(i)
        folder.mkdir()
        (folder / "result.nc").write_bytes((saved / "result.nc").read_bytes())
        with h5py.File(folder / "result.nc", "r+") as file:
            code = np.void(pickle.dumps(Evil()))
            if name == "concentration":
                del file[name]
                file[name] = code
            else:
                file.attrs[name] = code
        folders.append(str(folder))
    done = subprocess.run(
        [sys.executable, "-c", SPY, str(saved), *folders], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
    assert not (tmp_path / "evil").exists()
