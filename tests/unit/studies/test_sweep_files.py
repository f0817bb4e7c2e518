"""A sweep from the command line: the values behind --vary, its folder, and going on after whatever ended it."""

from __future__ import annotations

import csv
import errno
import json
import logging
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray

import membrane_pde as mp
from membrane_pde import cli, kernels
from membrane_pde.studies import journal, sweepfile
from membrane_pde.studies.sweepfile import parse_values, unfolded
from membrane_pde.studies.sweeping import dataset, distributing, grid, resuming, rows
from membrane_pde.studies.sweeping.rows import BY_SOLUTE, NUMBERS, WORDS
from tests.bases import TWO_STIRRED

# a solute with a name that no file may have, and nothing of it that passes the membrane
TEXT = (
    TWO_STIRRED.replace("sugar", '"sugar/5"')
    .replace("100 mmol/L", "0 mmol/L")
    .replace("50 mmol/L", "0 mmol/L")
    .replace("1e-7 m/s", "0 m/s")
)
CASE = mp.parse_case(TEXT, "stirred")
GRID: dict[str, list[object]] = {  # the last run of each pressure fails: the right side runs dry
    "right.pressure": ["0 bar", "5.5 bar", "20 bar"],
    "left.concentration.sugar/5": ["0 mmol/L", "50 mmol/L"],
    "run.duration": ["1 s", "10 h"],
}
VARY = [
    "--vary",
    "right.pressure=0 bar; 5.5 bar; 20 bar",
    "--vary",
    "left.concentration.sugar/5=0 mmol/L; 50 mmol/L",
    "--vary",
    "run.duration=1 s; 10 h",
]
MANY: dict[str, list[object]] = {"right.pressure": [f"{p} bar" for p in range(20)], "left.stirred": [True, False]}
UNIX = pytest.mark.skipif(not hasattr(os, "killpg"), reason="no signals to end it with")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli.log, "handlers", [])
    (tmp_path / "stirred.toml").write_text(TEXT, encoding="utf-8")
    yield
    cli.log.setLevel(logging.NOTSET)


@pytest.fixture(scope="module")
def found() -> xarray.Dataset:
    return mp.sweep(CASE, GRID, workers=1)


@pytest.fixture
def solved(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """The points that are solved in this process, in place of a run: fast, and tells which point it was."""
    points: list[dict[str, object]] = []

    def point(values: Mapping[str, object]) -> dict[str, Any]:
        points.append(dict(values))
        rejection = {"salt": 1 / 3 + len(repr(values)), "sugar/5": None}
        words = {"title": "a ü", "status": "completed", "message": repr(values), "version": mp.__version__}
        return words | {"rejection": rejection}

    monkeypatch.setattr(rows, "_points", lambda case, chosen: [point(values) for values in chosen])
    monkeypatch.setattr(distributing, "_next_size", lambda size, seconds: 3)
    return points


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[Any, str, str]]:
    """Call the command in this process; gives exit status, stdout, stderr."""

    def run(*arguments: object) -> tuple[Any, str, str]:
        with pytest.raises(SystemExit) as stop:
            cli.app(["sweep", *map(str, arguments)], prog_name="membrane-pde")
        out, err = capsys.readouterr()
        return stop.value.code or 0, out, err

    return run


def same(a: xarray.Dataset, b: xarray.Dataset) -> None:
    """Bitwise the same but for the time it took."""
    xarray.testing.assert_identical(a.drop_vars("solve_time_s"), b.drop_vars("solve_time_s"))


def after(share: float, error: BaseException) -> Callable[[float], None]:
    """What ends a sweep when so much is done."""

    def progress(done: float) -> None:
        if done >= share:
            raise error

    return progress


def interrupted(share: float = 0.5, values: Mapping[str, Any] = MANY, **more: Any) -> Path:
    """The journal of a sweep into "out" that Ctrl-C has ended."""
    with pytest.raises(KeyboardInterrupt):
        mp.sweep(CASE, values, workers=1, out="out", progress=after(share, KeyboardInterrupt()), **more)
    return Path("out/sweep.unfinished")


def held() -> dict[str, bytes]:
    """Every file here, the hidden ones, too; of a journal, what it has."""
    files = [path for path in sorted(Path().rglob("*")) if path.is_file()]
    found = {str(path): path.read_bytes() for path in files if "sweep.unfinished" not in path.name}
    for path in files:
        if path.name == "sweep.unfinished":
            found[str(path)] = repr(stored(path)).encode()
    return found


def stored(path: Path, change: str = "") -> list[Any]:
    """Rows of a journal, as SQLite has them; changed before that, if asked to."""
    with closing(sqlite3.connect(path)) as database:
        if change:
            database.execute(change)
            database.commit()
        return database.execute("SELECT * FROM chunks ORDER BY start").fetchall()


# -- the values behind --vary ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "key", "values"),
    [
        ("left.pressure=0:80:5 bar", "left.pressure", ["0 bar", "20 bar", "40 bar", "60 bar", "80 bar"]),
        (" left.pressure = 0 : 1 : 3  bar ", "left.pressure", ["0 bar", "0.5 bar", "1 bar"]),
        ("left.pressure='0:80:2 bar'", "left.pressure", ["0 bar", "80 bar"]),
        ("left.pressure=0:80:2bar", "left.pressure", ["0 bar", "80 bar"]),
        ("x=.1:.4:4 m/s", "x", ["0.1 m/s", "0.2 m/s", "0.3 m/s", "0.4 m/s"]),
        ("x=1:-1:3 1/m", "x", ["1 1/m", "0 1/m", "-1 1/m"]),
        ("x=1e-9:3e-9:3 m^2/s", "x", ["1e-09 m^2/s", "2e-09 m^2/s", "3e-09 m^2/s"]),
        ("mesh.cells=10:30:3", "mesh.cells", ["10", "20", "30"]),
        ("left.pressure=0 bar; 50 bar", "left.pressure", ["0 bar", "50 bar"]),
        ("left.pressure=50 bar", "left.pressure", ["50 bar"]),
        ('left.pressure="0 bar"; "50 bar"', "left.pressure", ["0 bar", "50 bar"]),
        ("x=0:2:3 bar;10 bar", "x", ["0 bar", "1 bar", "2 bar", "10 bar"]),
        ("membrane.type=SW30HR; BW30", "membrane.type", ["SW30HR", "BW30"]),
        ("left.label=a:b:c", "left.label", ["a:b:c"]),
        ('x={ a = "1:2:3" }; {}', "x", ['{ a = "1:2:3" }', "{}"]),
        ("left.concentration.Na+=1 g/L", "left.concentration.Na+", ["1 g/L"]),
    ],
)
def test_values_as_people_write_them(text: str, key: str, values: list[str]) -> None:
    assert parse_values(text) == (key, values)


def test_numbers_are_spread_evenly_and_meet_both_ends() -> None:
    _, values = parse_values("x=0.1:17.3:1001 bar")
    numbers = np.array([float(value.removesuffix(" bar")) for value in values])
    np.testing.assert_allclose(numbers, np.linspace(0.1, 17.3, 1001), rtol=1e-15)
    assert numbers[[0, -1]].tolist() == [0.1, 17.3]
    assert max(map(len, values)) <= len("17.2828 bar")  # of numbers as short as these


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("left.pressure", '"left.pressure": expected KEY=VALUES, for example'),
        ("=1 bar; 2 bar", "expected KEY=VALUES"),
        ("left.pressure=", "a value is missing"),
        ("left.pressure=1 bar;;2 bar", "a value is missing"),
        ("left.pressure=1 bar;", "a value is missing"),
        ("left.pressure=0:80 bar", 'left.pressure = "0:80 bar": expected start:stop:count'),
        ("left.pressure=0:80:17:2 bar", "expected start:stop:count"),
        ("left.pressure=0 bar:80 bar:17", "expected start:stop:count"),
        ("left.pressure=0,5:80:17 bar", "with decimal points"),
        ("left.pressure=0:80:2.5 bar", "expected start:stop:count"),
        ("left.pressure=0:80:-3 bar", "expected start:stop:count"),
        ("left.pressure=0:80:bar", "expected start:stop:count"),
        ("left.pressure=0:nan:3 bar", "expected start:stop:count"),
        ("left.pressure=0:1e999:3 bar", "expected start:stop:count"),
        ("left.pressure=0:80:1 bar", "a count from 2, for both ends, to 1000000"),
        ("left.pressure=0:80:1000001 bar", "a count from 2, for both ends, to 1000000"),
        (f"left.pressure=0:80:{'9' * 5000} bar", "a count from 2, for both ends, to 1000000"),
    ],
)
def test_values_that_are_none(text: str, message: str) -> None:
    with pytest.raises(mp.CaseError, match=message):
        parse_values(text)


def test_values_that_are_too_many_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweepfile, "MAX_VALUES", 100)
    assert len(parse_values("x=0:1:60 bar;0:1:40 bar")[1]) == 100
    with pytest.raises(mp.CaseError, match="too many values; at most 100"):
        parse_values("x=0:1:60 bar;0:1:60 bar")


@pytest.mark.parametrize("text", ["x=0:1_0:3 bar", "x=0:１0:3 bar", "x=0:٣:3 bar"])
def test_numbers_are_those_of_ascii_digits(text: str) -> None:
    with pytest.raises(mp.CaseError, match="expected start:stop:count, three numbers"):
        parse_values(text)


# -- a table of runs ------------------------------------------------------------------------------------------------
TABLES = {
    "units in the header": "right.pressure [bar],membrane.flux_law,run.duration [s]\n"
    "0,spiegler-kedem,1\n5.5,kedem-katchalsky,2\n",
    "units in the cells": "right.pressure,membrane.flux_law,run.duration\n"
    "0 bar,spiegler-kedem,1 s\n5.5 bar,kedem-katchalsky,2 s\n",
    "semicolons and decimal commas": "right.pressure [bar];membrane.flux_law;run.duration [s]\n"
    "0,0;spiegler-kedem;1\n5,5;kedem-katchalsky;2\n",
}


@pytest.mark.parametrize("text", TABLES.values(), ids=TABLES.keys())
def test_the_runs_of_a_table(call: Callable[..., Any], tmp_path: Path, text: str) -> None:
    """A row a run; the table of the answer has the keys first, each with the unit that it was given in."""
    (tmp_path / "table.csv").write_text(text, encoding="utf-8")
    status, out, err = call("stirred.toml", "--vary-from", "table.csv", "--out", "out", "--workers", 1)
    assert (status, err) == (0, "")
    with open("out/sweep.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert [row[:3] for row in rows] == [
        ["right.pressure [bar]", "membrane.flux_law", "run.duration [s]"],
        ["0.0", "spiegler-kedem", "1.0"],
        ["5.5", "kedem-katchalsky", "2.0"],
    ]
    one = mp.run(CASE.with_values({"right.pressure": "5.5 bar", "run.duration": "2 s"})).summary
    assert float(rows[2][rows[0].index("water_flux_m_per_s")]) == one["water_flux_m_per_s"]
    assert len(out.splitlines()) == 5


def test_the_unit_is_the_one_that_was_given() -> None:
    """Not the one that is computed with; numbers in several units stay as they are written."""
    values = {"right.pressure": ["10 mbar", "5.5 bar"], "left.concentration.salt": ["1 mmol/L", "2 mmol/L"]}
    mp.sweep(CASE, {**values, "temperature": ["20 degC", "300 K"]}, workers=1, out="out", zipped=True)
    with open("out/sweep.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert [row[:3] for row in rows] == [
        ["right.pressure", "left.concentration.salt [mmol/L]", "temperature"],
        ["10 mbar", "1.0", "20 degC"],
        ["5.5 bar", "2.0", "300 K"],
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("right.pressure [bar],run.duration\n1,\n", "table.csv: line 2, run.duration: a value is missing"),
        ("right.pressure [bar]\n1\n2 bar\n", 'table.csv: line 3, right.pressure [bar] = "2 bar": expected a number'),
        ("right.pressure [bar]\n4_0\n", 'line 2, right.pressure [bar] = "4_0": expected a number'),
        ("right.pressure [bar],right.pressure [Pa]\n1,2\n", "two columns right.pressure"),
        ("right.pressure [bar] [Pa]\n1\n", "expected the path of a key"),
        ("right.pressure [bar]\n", "no rows"),
        ("right.presure [bar]\n1\n", 'right.presure: unknown key; did you mean "right.pressure"?'),
        ("right.pressure [K]\n1\n", 'right.pressure = "1 K": this is a temperature'),
        ("right.pressure\n1\n", 'right.pressure = "1": a number without a unit'),
        ("", "the file is empty"),
    ],
)
def test_a_table_that_is_none(
    call: Callable[..., Any], solved: list[Any], tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "table.csv").write_text(text, encoding="utf-8")
    status, out, err = call("stirred.toml", "--vary-from", "table.csv")
    assert (status, out) == (2, "")
    assert words in err
    assert len(err.splitlines()) == 1
    assert solved == []
    assert not Path("results").exists()


def test_a_table_and_vary_contradict_each_other(call: Callable[..., Any]) -> None:
    for arguments in ([], ["--vary-from", "table.csv", "--vary", "right.pressure=1 bar"]):
        status, _, err = call("stirred.toml", *arguments)
        assert status == 2
        assert "--vary" in err
        assert "--vary-from" in err


# -- the folder -----------------------------------------------------------------------------------------------------
def test_the_table_has_a_row_a_run(found: xarray.Dataset) -> None:
    same(mp.sweep(CASE, GRID, workers=2, out="out"), found)
    assert sorted(held()) == ["out/case.toml", "out/sweep.csv", "out/sweep.nc", "stirred.toml"]
    assert mp.load_case("out/case.toml") == CASE
    with open("out/sweep.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    keys = ["right.pressure [bar]", "left.concentration.sugar/5 [mmol/L]", "run.duration"]
    assert list(rows[0])[:5] == [*keys, "title", "status"]
    by_solute = [f"{name}[{solute}]" for name in BY_SOLUTE for solute in ("salt", "sugar/5")]
    assert set(rows[0]) == {*keys, *WORDS, *NUMBERS, *by_solute}
    points = ((i, j, k) for i in range(3) for j in range(2) for k in range(2))
    for row, (i, j, k) in zip(rows, points, strict=True):
        point = found.isel({"right.pressure": i, "left.concentration.sugar/5": j, "run.duration": k})
        assert [float(row[key]) for key in keys[:2]] == [point[key.split(" [")[0]].item() for key in keys[:2]]
        assert row["run.duration"] == ["1 s", "10 h"][k]
        assert row["status"] == point["status"].item()
        assert row["message"] == point["message"].item()
        for name in set(NUMBERS) - {"solve_time_s"}:
            assert (float(row[name]) if row[name] else np.nan) == pytest.approx(point[name].item(), abs=0, nan_ok=True)
            assert row[name] == "" or float(row[name]) == point[name].item()
        for name in BY_SOLUTE:
            for solute in ("salt", "sugar/5"):
                value, text = point[name].sel(solute=solute).item(), row[f"{name}[{solute}]"]
                assert np.isnan(value) if text == "" else float(text) == value
    assert {row["status"] for row in rows} == {"completed", "failed"}
    assert "" in {row["rejection[sugar/5]"] for row in rows}  # so that it is tested, too


def test_the_netcdf_is_the_dataset(found: xarray.Dataset) -> None:
    swept = mp.sweep(CASE, GRID, workers=1, out="out")
    again = sweepfile.load("out")
    assert again is not None
    xarray.testing.assert_identical(again, swept)
    with xarray.open_dataset("out/sweep.nc", engine="h5netcdf") as file:
        assert file["water_flux_m_per_s"].dims == ("right.pressure", "left.concentration.sugar∕5", "run.duration")
        np.testing.assert_array_equal(file["water_flux_m_per_s"], found["water_flux_m_per_s"])
        np.testing.assert_array_equal(file["message"].astype(str), found["message"].astype(str))
        assert file["right.pressure"].attrs["units"] == "bar"


def test_walked_together_it_comes_back_too() -> None:
    laws = ["kedem-katchalsky", "spiegler-kedem"]
    values = {"right.pressure": ["0 bar", "5 bar"], "run.duration": ["1 s", "2 s"], "membrane.flux_law": laws}
    swept = mp.sweep(CASE, values, workers=1, out="out", zipped=True)
    again = sweepfile.load("out")
    assert again is not None
    xarray.testing.assert_identical(again, swept)
    assert list(again.coords) == [*values, "solute"]  # in their order
    with open("out/sweep.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert [row[:3] for row in rows] == [
        ["right.pressure [bar]", "run.duration [s]", "membrane.flux_law"],
        ["0.0", "1.0", laws[0]],
        ["5.0", "2.0", laws[1]],
    ]


def test_a_long_table_is_written_in_blocks(solved: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweepfile, "_ROWS", 7)
    swept = mp.sweep(CASE, MANY, workers=1, out="out")
    with open("out/sweep.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["message"] for row in rows] == unfolded(swept)["message"].tolist()
    assert [row["right.pressure [bar]"] for row in rows] == [str(float(p)) for p in range(20) for _ in range(2)]
    assert [row["left.stirred"] for row in rows] == ["true", "false"] * 20


def test_ours_is_replaced_and_nothing_else(solved: list[Any], tmp_path: Path) -> None:
    mp.run(CASE).save("out")
    mp.sweep(CASE, MANY, workers=1, out="out")
    assert sorted(os.listdir("out")) == ["case.toml", "sweep.csv", "sweep.nc"]
    mp.sweep(CASE, {"mesh.cells": [4, 5]}, workers=1, out="out")
    mp.run(CASE).save("out")
    assert "summary.json" in os.listdir("out")
    solved.clear()
    for name, text in (("thesis.txt", "years of work"), ("sweep.nc", "not ours"), ("sweep.csv", "1,2")):
        folder = tmp_path / f"mine {name}"
        folder.mkdir()
        (folder / name).write_text(text)
        with pytest.raises(mp.CaseError, match=r"holds something that is not a result of membrane-pde"):
            mp.sweep(CASE, MANY, workers=1, out=folder)
        assert (folder / name).read_text() == text
    assert solved == []
    assert not list(tmp_path.rglob("*.unfinished"))


def test_a_folder_that_cannot_be_written_stops_before_solving(
    solved: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o500)
    if os.access(locked, os.W_OK):  # the superuser may write anywhere: let the system call refuse
        monkeypatch.setattr("tempfile.mkdtemp", refuse(errno.EACCES))
    with pytest.raises(mp.CaseError, match=r"out.*cannot be written.*[Pp]ermission"):
        mp.sweep(CASE, MANY, workers=1, out=locked / "out")
    assert solved == []
    assert list(locked.iterdir()) == []
    locked.chmod(0o700)


def refuse(number: int) -> Any:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise OSError(number, os.strerror(number))

    return fail


# -- going on -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("zipped", [False, True])
def test_what_is_done_is_not_done_again(solved: list[Any], zipped: bool) -> None:
    values = {"right.pressure": MANY["right.pressure"], "left.stirred": [True, False] * 10} if zipped else MANY
    whole = mp.sweep(CASE, values, workers=1, zipped=zipped)
    points = list(solved)
    solved.clear()
    path = interrupted(0.4, values, zipped=zipped)
    assert path.is_file()
    assert os.listdir("out") == [path.name]
    told: list[float] = []
    swept = mp.sweep(CASE, values, workers=1, zipped=zipped, out="out", resume=True, progress=told.append)
    assert solved == points  # each once, in their order
    assert told[0] > 0.4
    assert told[-1] == 1.0
    xarray.testing.assert_identical(swept, whole)
    xarray.testing.assert_identical(sweepfile.load("out"), whole)
    assert sorted(held()) == ["out/case.toml", "out/sweep.csv", "out/sweep.nc", "stirred.toml"]


def test_real_runs_agree_to_the_last_bit(found: xarray.Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributing, "_next_size", lambda size, seconds: 1)
    for share in (0.2, 0.5):
        with pytest.raises(KeyboardInterrupt):
            mp.sweep(CASE, GRID, workers=2, out="out", resume=True, progress=after(share, KeyboardInterrupt()))
    same(mp.sweep(CASE, GRID, workers=2, out="out", resume=True), found)


def test_gaps_are_filled(solved: list[Any]) -> None:
    """What several processes have done has holes."""
    whole = mp.sweep(CASE, MANY, workers=1)
    path = interrupted(1.0)
    assert len(stored(path)) > 10
    left = stored(path, "DELETE FROM chunks WHERE start % 2")
    solved.clear()
    xarray.testing.assert_identical(mp.sweep(CASE, MANY, workers=1, out="out", resume=True), whole)
    assert len(solved) == 40 - sum(len(json.loads(words)) for _, words, _, _ in left)


@pytest.mark.parametrize(
    "forged",
    [
        "UPDATE chunks SET numbers = zeroblob(length(numbers)) WHERE start = 10",
        "UPDATE chunks SET words = replace(words, 'completed', 'failed') WHERE start = 10",
        "UPDATE chunks SET words = '[' WHERE start = 10",
        "UPDATE chunks SET words = NULL, numbers = NULL WHERE start = 10",
        "UPDATE chunks SET checksum = 'a' WHERE start = 10",
        "UPDATE chunks SET start = 100 WHERE start = 10",
        "UPDATE chunks SET start = -3 WHERE start = 10",
        "INSERT INTO chunks SELECT start + 1, words, numbers, checksum FROM chunks WHERE start = 10",
    ],
)
def test_a_row_that_was_changed_is_not_believed(
    solved: list[Any], monkeypatch: pytest.MonkeyPatch, forged: str
) -> None:
    whole = mp.sweep(CASE, MANY, workers=1)
    path = interrupted(0.9)
    assert 10 in [start for start, *_ in stored(path)]
    stored(path, forged)
    solved.clear()
    xarray.testing.assert_identical(mp.sweep(CASE, MANY, workers=1, out="out", resume=True), whole)
    assert (dict(zip(MANY, ("5 bar", True), strict=True)) in solved) == ("INSERT" not in forged)


@pytest.mark.parametrize(
    "wrong",
    [
        (10, [["a ü", "completed", "", "", "", mp.__version__]] * 3, 5),  # too few numbers
        (38, [["a ü", "completed", "", "", "", mp.__version__]] * 3, 0),  # more points than there are
        (11, [["a ü", "completed", "", "", "", mp.__version__]] * 3, 0),  # what is known already
        (10, [["a ü", "completed", "", "", "", "0.0.1"]] * 3, 0),
        (10, [["a ü", "done", "", "", "", mp.__version__]] * 3, 0),
        (10, [["completed", "", "", "", mp.__version__]] * 3, 0),
        (10, [{"status": "completed"}] * 3, 0),
        (10, {"status": "completed"}, 0),
        (10, [], 0),
    ],
)
def test_a_row_that_cannot_be_is_not_believed(solved: list[Any], monkeypatch: pytest.MonkeyPatch, wrong: Any) -> None:
    """Though it has the right checksum."""
    whole = mp.sweep(CASE, MANY, workers=1)
    path, (start, words, fewer) = interrupted(0.4), wrong
    with journal.Journal(path) as forged:
        head = forged.head()
        assert head is not None
        if start == 10:
            forged.forget(10)
        width = len(NUMBERS) + 2 * len(BY_SOLUTE)
        forged.append(start, words, bytes(8 * (len(words) * width - fewer)))
    xarray.testing.assert_identical(mp.sweep(CASE, MANY, workers=1, out="out", resume=True), whole)


def test_nothing_in_a_journal_is_executed(solved: list[Any]) -> None:
    """Nor believed: a view or a trigger in place of what is expected."""
    path = interrupted(0.4)
    trigger = "CREATE TRIGGER t AFTER INSERT ON chunks BEGIN DELETE FROM chunks; END"
    for change in (trigger, "CREATE VIEW v AS SELECT 1"):
        stored(path, change)
        with pytest.raises(mp.CaseError, match="not a journal of membrane-pde, and left alone"):
            mp.sweep(CASE, MANY, workers=1, out="out", resume=True)
        stored(path, f"DROP {' '.join(change.split()[1:3])}")
    mp.sweep(CASE, MANY, workers=1, out="out", resume=True)


def test_a_journal_of_another_case_is_not_believed(solved: list[Any]) -> None:
    """The head is changed to the one of this sweep, the rows stay those of the other."""
    other = CASE.with_values({"left.pressure": "1 bar"})
    whole = mp.sweep(other, MANY, workers=1)
    path = interrupted(0.9)
    with closing(sqlite3.connect(path, timeout=0.0)) as database:  # not waiting for a sweep that uses it
        (text,) = database.execute("SELECT text FROM head").fetchone()
        head = json.loads(text) | {"case": other.to_toml()}
        database.execute("UPDATE head SET text = ?", (json.dumps(head),))
        database.commit()
    solved.clear()
    xarray.testing.assert_identical(mp.sweep(other, MANY, workers=1, out="out", resume=True), whole)
    assert len(solved) == 40


def test_a_journal_that_was_cut_or_damaged_is_told_or_gives_what_is_whole(
    solved: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweepfile, "save", lambda swept, folder: None)
    whole = mp.sweep(CASE, MANY, workers=1)
    path = interrupted(0.9)
    stored(path)
    data, chance, told = path.read_bytes(), random.Random(6), []
    damaged = [data[:cut] for cut in (0, 5, 100, 4096, len(data) // 2, len(data) - 1)]
    for _ in range(20):
        place = chance.randrange(len(data))
        damaged.append(data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :])
    for each in damaged:
        for left in path.parent.iterdir():
            left.unlink()
        path.write_bytes(each)
        try:
            xarray.testing.assert_identical(mp.sweep(CASE, MANY, workers=1, out="out", resume=True), whole)
        except mp.CaseError as error:
            told.append(str(error))
        path.parent.mkdir(exist_ok=True)
    assert len(told) < len(damaged)
    words = "damaged|not a journal|is of a sweep|cannot be written"
    assert all(re.match(rf"out.sweep\.unfinished.*({words})", each) for each in told), told


def test_an_unfinished_sweep_is_not_lost_by_beginning_another(solved: list[Any]) -> None:
    path = interrupted()
    before, done = held(), len(solved)
    for values in (MANY, GRID):
        with pytest.raises(mp.CaseError) as caught:
            mp.sweep(CASE, values, workers=1, out="out")
        message = str(caught.value)
        assert message.startswith(f"{path} has {done} runs of ")
        assert ("this sweep" if values is MANY else "over other values") in message
        for hint in ("--resume", "resume=True", "another folder", "remove the file"):
            assert hint in message
    assert (held(), len(solved)) == (before, done)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ({"case": CASE.with_values({"left.pressure": "1 bar"})}, "of a case with other values"),
        ({"case": mp.parse_case(TEXT, "other")}, 'of the case "stirred" and not "other"'),
        ({"values": {**MANY, "right.pressure": [f"{p} mbar" for p in range(20)]}}, "over other values"),
        ({"values": dict(reversed(MANY.items()))}, "over other values"),
        ({"zipped": True}, "combines the values in the other way"),
        ({"version": "0.0.7"}, rf"by version {mp.__version__} and not 0\.0\.7"),
    ],
)
@pytest.mark.parametrize("finished", [False, True])
def test_another_sweep_is_not_resumed(
    solved: list[Any], monkeypatch: pytest.MonkeyPatch, what: dict[str, Any], message: str, finished: bool
) -> None:
    values = {key: each[:2] for key, each in MANY.items()} if "zipped" in what else MANY
    if finished:
        mp.sweep(CASE, values, workers=1, out="out")
    else:
        interrupted(0.5, values)
    asked = {"case": CASE, "values": values, "workers": 1, "out": "out", "resume": True, **what}
    version = asked.pop("version", mp.__version__)
    for module in (grid, resuming):
        monkeypatch.setattr(module, "__version__", version)
    before, done = held(), len(solved)
    with pytest.raises(mp.CaseError, match=message):
        mp.sweep(**asked)
    assert (held(), len(solved)) == (before, done)


def test_a_finished_sweep_is_read(solved: list[Any]) -> None:
    swept = mp.sweep(CASE, MANY, workers=1, out="out", resume=True)  # nothing there yet: it begins
    before, done = held(), len(solved)
    assert done == 40
    xarray.testing.assert_identical(mp.sweep(CASE, MANY, workers=1, out="out", resume=True), swept)
    assert (held(), len(solved)) == (before, done)
    mp.sweep(CASE, MANY, workers=1, out="out")
    assert len(solved) == 2 * done


def test_resume_needs_a_folder() -> None:
    with pytest.raises(mp.CaseError, match="resume: give out"):
        mp.sweep(CASE, MANY, resume=True)


def test_nothing_is_left_of_a_sweep_that_did_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(case: mp.Case, chosen: Sequence[Mapping[str, object]]) -> list[dict[str, Any]]:
        raise KeyboardInterrupt

    monkeypatch.setattr(rows, "_points", interrupted)
    before = held()
    with pytest.raises(KeyboardInterrupt):
        mp.sweep(CASE, MANY, workers=1, out="out")
    assert held() == before


def test_what_is_kept_stays_though_it_was_not_yet_taken_in(solved: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C at the worst moment, between the journal and the table."""

    def put(*args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as between:
        between.setattr(dataset.Table, "put", put)
        with pytest.raises(KeyboardInterrupt) as caught:
            mp.sweep(CASE, MANY, workers=1, out="out")
    assert caught.value.__notes__[0].startswith("1 of 40 runs are kept in out/sweep.unfinished")
    mp.sweep(CASE, MANY, workers=1, out="out", resume=True)
    assert len(solved) == 40


def test_an_error_says_what_is_kept(solved: list[Any]) -> None:
    with pytest.raises(LookupError) as caught:
        mp.sweep(CASE, MANY, workers=1, out="out", progress=after(0.5, LookupError()))
    (note,) = caught.value.__notes__
    assert note == (
        f"{len(solved)} of 40 runs are kept in out/sweep.unfinished: the same command with --resume (in Python "
        "resume=True) continues from there"
    )


# -- two at once, and what else may stand there ---------------------------------------------------------------------
def test_two_at_once_in_one_process(solved: list[Any]) -> None:
    def progress(share: float) -> None:
        for resume in (False, True):
            with pytest.raises(mp.CaseError, match=r"out/sweep\.unfinished: in use by another sweep"):
                mp.sweep(CASE, GRID, workers=1, out="out", resume=resume)

    swept = mp.sweep(CASE, MANY, workers=1, out="out", progress=progress)
    xarray.testing.assert_identical(sweepfile.load("out"), swept)
    mp.sweep(CASE, MANY, workers=1, out="out")  # free again


@contextmanager
def under_way(*more: str, points: int = 8000) -> Iterator[subprocess.Popen[str]]:
    """A sweep into "out" in a process of its own that has done something, and will take a while."""
    command = [sys.executable, "-m", "membrane_pde", "sweep", "stirred.toml", "--out", "out", *more]
    vary = f"right.pressure=0:19:{points} bar"
    with subprocess.Popen(
        [*command, "--vary", vary], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            until, head = time.monotonic() + 60, 0
            while process.poll() is None and time.monotonic() < until and not 0 < head < length_of_log():
                time.sleep(0.02)
                if not head and length_of_log():
                    time.sleep(0.2)  # its first entries, what the sweep is, may take more than one write
                    head = length_of_log()
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def length_of_log() -> int:
    """Bytes that a sweep has written of what it is and has done, while its journal is in use."""
    log = Path("out/sweep.unfinished-wal")
    return log.stat().st_size if log.exists() else 0


def rows_kept() -> int:
    """Runs that are kept in a journal that is not in use any more; 0 if there is none."""
    try:
        return sum(len(json.loads(words)) for _, words, _, _ in stored(Path("out/sweep.unfinished")))
    except sqlite3.OperationalError:
        return 0


@UNIX
def test_two_at_once_in_two_processes_and_a_sudden_end() -> None:
    with under_way("--workers", "2") as process:
        with pytest.raises(mp.CaseError, match="in use"):
            mp.sweep(CASE, MANY, workers=1, out="out", resume=True)
        assert process.poll() is None
        process.kill()  # it alone: the workers may still have something to finish
        process.wait()
        with pytest.raises(mp.CaseError, match=r"has \d+ runs of a sweep over other values"):  # no longer in use
            mp.sweep(CASE, MANY, workers=1, out="out")
    assert not Path("out/sweep.nc").exists()


def test_a_journal_that_is_removed_meanwhile_takes_nothing_with_it(
    solved: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    """All is solved, so all is written; another sweep that has begun there since then keeps its own."""

    def remove(share: float) -> None:
        if share > 0.4 and not removed:
            removed.append(share)
            for path in Path("out").iterdir():
                path.unlink()

    def begin_another(share: float) -> None:
        remove(share)
        if share > 0.6 and len(removed) == 1:
            removed.append(share)
            other.append(journal.Journal(Path("out/sweep.unfinished")))
            other[0].begin({"case": "another"})

    whole = mp.sweep(CASE, MANY, workers=1)
    other: list[journal.Journal] = []
    for progress in (remove, begin_another):
        removed: list[float] = []
        caplog.clear()
        xarray.testing.assert_identical(mp.sweep(CASE, MANY, workers=1, out="out", progress=progress), whole)
        xarray.testing.assert_identical(sweepfile.load("out"), whole)
        (said,) = caplog.messages
        assert said.startswith("out/sweep.unfinished was removed: the sweep continues")
    assert other[0].head() == {"case": "another"}
    other[0].remove()
    assert sorted(os.listdir("out")) == ["case.toml", "sweep.csv", "sweep.nc"]


def test_the_whole_folder_is_removed_meanwhile(solved: list[Any]) -> None:
    whole = mp.sweep(CASE, MANY, workers=1)
    mp.sweep(CASE, MANY, workers=1, out="out", progress=lambda share: shutil.rmtree("out", ignore_errors=True))
    xarray.testing.assert_identical(sweepfile.load("out"), whole)


def test_a_run_does_not_write_where_a_sweep_is_kept(solved: list[Any]) -> None:
    interrupted()
    before = held()
    with pytest.raises(mp.CaseError, match=r"holds a sweep that was not finished \(sweep\.unfinished\)"):
        mp.run(CASE).save("out")
    assert held() == before


@pytest.mark.parametrize("text", ["years of work", "SQLite format 3, all about", "m!"])
def test_a_file_that_is_no_journal_is_left_alone(solved: list[Any], text: str) -> None:
    Path("out").mkdir()
    Path("out/sweep.unfinished").write_text(text)
    for resume in (False, True):
        with pytest.raises(mp.CaseError, match="not a journal of membrane-pde, and left alone"):
            mp.sweep(CASE, MANY, workers=1, out="out", resume=resume)
    assert Path("out/sweep.unfinished").read_text() == text
    assert solved == []


def test_somebody_elses_database_is_left_alone(solved: list[Any]) -> None:
    Path("out").mkdir()
    with closing(sqlite3.connect("out/sweep.unfinished")) as database:
        database.execute("CREATE TABLE chunks (years INTEGER)")
        database.commit()
    before = Path("out/sweep.unfinished").read_bytes()
    with pytest.raises(mp.CaseError, match="not a journal of membrane-pde, and left alone"):
        mp.sweep(CASE, MANY, workers=1, out="out", resume=True)
    assert Path("out/sweep.unfinished").read_bytes() == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_no_file_at_all(solved: list[Any], tmp_path: Path) -> None:
    path = tmp_path / "out" / "sweep.unfinished"
    path.parent.mkdir()
    for make in (
        lambda: os.mkfifo(path),
        lambda: path.mkdir(),
        lambda: path.symlink_to(tmp_path / "elsewhere"),
        lambda: path.symlink_to(tmp_path / "stirred.toml"),
    ):
        make()
        with pytest.raises(mp.CaseError, match=r"not a journal|cannot be written|not a result"):
            mp.sweep(CASE, MANY, workers=1, out="out")
        path.rmdir() if path.is_dir() else path.unlink()
    assert solved == []
    assert not (tmp_path / "elsewhere").exists()
    assert (tmp_path / "stirred.toml").read_text() == TEXT


# -- a full disk ----------------------------------------------------------------------------------------------------
def test_a_disk_that_fills_up_keeps_what_is_done(solved: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite says so itself when it may have no more pages."""
    whole = mp.sweep(CASE, MANY, workers=1)
    solved.clear()
    begin = journal.Journal.begin

    def small(self: journal.Journal, head: Mapping[str, str]) -> None:
        begin(self, head)
        self._database.execute("PRAGMA max_page_count = 6")

    with monkeypatch.context() as full:
        full.setattr(journal.Journal, "begin", small)
        with pytest.raises(mp.CaseError, match=r"sweep\.unfinished: cannot be written \(.*disk is full") as caught:
            mp.sweep(CASE, MANY, workers=1, out="out")
    assert "runs are kept in out/sweep.unfinished" in caught.value.__notes__[0]
    kept = int(caught.value.__notes__[0].split()[0])
    assert 0 < kept < 40
    solved.clear()
    xarray.testing.assert_identical(mp.sweep(CASE, MANY, workers=1, out="out", resume=True), whole)
    assert len(solved) == 40 - kept


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_disk_that_is_full_leaves_nothing(solved: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: journal.Journal, head: Mapping[str, str]) -> None:
        self._database.execute("PRAGMA max_page_count = 1")
        begin(self, head)

    begin = journal.Journal.begin
    monkeypatch.setattr(journal.Journal, "begin", full)
    before = held()
    with pytest.raises(mp.CaseError, match="disk is full"):
        mp.sweep(CASE, MANY, workers=1, out="out")
    assert held() == before
    assert not Path("out").exists()
    assert solved == []


@pytest.mark.parametrize("where", ["sweep.csv", "sweep.nc"])
def test_no_room_for_the_answer(solved: list[Any], monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """All runs are kept; only the writing is done again."""
    before = held()
    with monkeypatch.context() as full:
        full.setattr(*((csv, "writer") if where == "sweep.csv" else (Path, "write_bytes")), refuse(errno.ENOSPC))
        with pytest.raises(mp.CaseError, match=r"out: cannot be written \(No space left") as caught:
            mp.sweep(CASE, MANY, workers=1, out="out")
    assert caught.value.__notes__[0].startswith("40 of 40 runs are kept")
    assert sorted(held()) == sorted([*before, "out/sweep.unfinished"])
    solved.clear()
    assert len(unfolded(mp.sweep(CASE, MANY, workers=1, out="out", resume=True))["status"]) == 40
    assert solved == []
    assert sorted(held()) == sorted([*before, "out/case.toml", "out/sweep.csv", "out/sweep.nc"])


# -- the command ----------------------------------------------------------------------------------------------------
def test_the_command_prints_and_saves(call: Callable[..., Any], found: xarray.Dataset) -> None:
    status, out, err = call("stirred.toml", *VARY, "--workers", 1)
    assert status == 0  # some runs did not fail
    lines = out.splitlines()
    assert lines[0].split("  ")[0] == "right.pressure [bar]"
    assert "water flux [L/m²/h]" in lines[0]
    assert [line.split()[:3] for line in lines[1:3]] == [["0", "0", "1"], ["0", "0", "10"]]
    assert lines[-1] == "Results: results/stirred-sweep"
    assert len(lines) == 1 + 12 + 2
    failed = int((found["status"] == "failed").sum())
    assert 0 < failed < 12
    assert sum(" failed " in line for line in lines) == failed
    assert err.startswith(f"membrane-pde: {failed} of 12 runs failed; the first with right.pressure [bar] = ")
    assert "ran dry" in err
    swept = sweepfile.load("results/stirred-sweep")
    assert swept is not None
    same(swept, found)


def test_json_has_an_object_a_run(call: Callable[..., Any], found: xarray.Dataset) -> None:
    status, out, _ = call("stirred.toml", *VARY, "--workers", 1, "--json", "--no-save")
    assert status == 0
    answer = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert sorted(held()) == ["stirred.toml"]
    assert answer["units"] == {"right.pressure": "bar", "left.concentration.sugar/5": "mmol/L", "run.duration": None}
    assert answer["runs"] == 12
    assert answer["failed"] == int((found["status"] == "failed").sum())
    assert answer["case_name"] == "stirred"
    values = [(row["right.pressure"], row["left.concentration.sugar/5"], row["run.duration"]) for row in answer["rows"]]
    assert values == [(p, s, t) for p in (0.0, 5.5, 20.0) for s in (0.0, 50.0) for t in ("1 s", "10 h")]
    for row in answer["rows"]:
        given = {"right.pressure": f"{row['right.pressure']:g} bar", "run.duration": row["run.duration"]}
        given["left.concentration.sugar/5"] = f"{row['left.concentration.sugar/5']:g} mmol/L"
        (summary,) = rows._points(CASE, [given])
        for name in set(summary) - {"elements", "equilibrium", "solve_time_s"}:
            nothing = dict.fromkeys(row[name]) if isinstance(row[name], dict) else None  # what no solute has
            assert row[name] == (nothing if summary[name] is None else summary[name]), name
        assert set(row) == {*GRID, *summary} - {"elements", "equilibrium"}


def test_a_sweep_of_which_every_run_fails(call: Callable[..., Any]) -> None:
    status, out, err = call("stirred.toml", "--vary", "run.duration=10 h", "--set", "right.pressure=20 bar")
    assert status == 1
    assert "failed" in out
    assert err.startswith("membrane-pde: 1 of 1 runs failed; run.duration [h] = 10: At ")
    assert sorted(os.listdir("results/stirred-sweep")) == ["case.toml", "sweep.csv", "sweep.nc"]
    assert 'pressure = "20 bar"' in Path("results/stirred-sweep/case.toml").read_text(encoding="utf-8")


def test_walked_together(call: Callable[..., Any]) -> None:
    vary = ("--vary", "right.pressure=0:5:3 bar", "--vary", "run.duration=1:3:3 s")
    status, out, err = call("stirred.toml", *vary, "--zip", "--out", "out", "--workers", 1)
    assert (status, err) == (0, "")
    assert [line.split()[:2] for line in out.splitlines()[1:4]] == [["0", "1"], ["2.5", "2"], ["5", "3"]]


def test_tables_are_in_the_units_asked_for(call: Callable[..., Any]) -> None:
    given = ("--vary", "right.pressure=0:5:3 bar", "--no-save", "--workers", 1)
    _, out, _ = call("stirred.toml", *given, "--units", "SI")
    assert "right.pressure [bar]" in out  # as written
    assert "water flux [m/s]" in out
    _, out, _ = call("stirred.toml", *given)
    assert "water flux [L/m²/h]" in out


def test_of_many_runs_the_first_and_the_last_are_printed(call: Callable[..., Any], solved: list[Any]) -> None:
    status, out, _ = call("stirred.toml", "--vary", "right.pressure=0:99:100 bar", "--no-save", "--workers", 1)
    lines = out.splitlines()
    assert status == 0
    assert [line.split()[0] for line in lines[1:42]] == [*map(str, range(20)), "…", *map(str, range(80, 100))]
    assert lines[-1] == "100 runs, 40 of them shown."


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--vary", "left.presure=0:8:3 bar"], "left.presure: unknown key"),
        (["--vary", "left.pressure=0:8:3"], 'left.pressure = "0": a number without a unit'),
        (["--vary", "left.pressure=0:8:3 K"], "this is a temperature"),
        (["--vary", "left.pressure=0:8:3:1 bar"], "expected start:stop:count"),
        (["--vary", "membrane.type=SW30HR; BW31"], 'did you mean "BW30"?'),
        (["--vary", "left.pressure=1 bar", "--vary", "left.pressure=2 bar"], "given twice"),
        (["--vary", "left.pressure=0:8:3 bar", "--vary", "run.duration=1:2:2 s", "--zip"], "left.pressure has 3"),
        (["--vary", "left.pressure=0:8:3 bar", "--workers", "0"], "workers = 0: expected a whole number"),
        (["--vary", "left.pressure=0:8:3 bar", "--workers", "9999"], "workers = 9999: at most"),
        (["--vary", "left.pressure=0:8:3 bar", "--resume", "--no-save"], "resume"),
        (["--vary", "left.pressure=0:8:3 bar", "--out", "x", "--no-save"], "contradict"),
        (["--vary", "left.pressure=0:8:9999 bar", "--vary", "right.pressure=0:8:9999 bar"], "99980001 combinations"),
    ],
)
def test_bad_input(call: Callable[..., Any], solved: list[Any], arguments: list[str], words: str) -> None:
    status, out, err = call("stirred.toml", *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("membrane-pde: ")
    assert words in err
    assert len(err.splitlines()) == 1
    assert solved == []
    assert sorted(held()) == ["stirred.toml"]


def test_without_vary_it_says_what_is_missing(call: Callable[..., Any]) -> None:
    status, out, err = call("stirred.toml")
    assert (status, out) == (2, "")
    assert "--vary" in err


@UNIX
@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_leaves_what_can_be_gone_on_with(call: Callable[..., Any], workers: str) -> None:
    points = 6000 if kernels.wanted() else 500  # so many that it lasts, and not too long
    with under_way("--workers", workers, points=points) as process:
        assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers, too
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130, err  # a shell says 130 of both
    assert out == ""
    words, kept = (
        err.split(f" of {points} runs are kept in out/sweep.unfinished: the same command with --resume "),
        rows_kept(),
    )
    assert words[0].startswith("membrane-pde: interrupted; ")
    assert 0 < kept <= int(words[0].split()[-1]) < points
    assert len(err.splitlines()) == 1
    vary = ("--vary", f"right.pressure=0:19:{points} bar")
    status, _, err = call("stirred.toml", *vary, "--out", "out")
    assert status == 2
    assert "--resume" in err
    status, _, err = call("stirred.toml", *vary, "--out", "out", "--resume")
    assert (status, err) == (0, "")
    assert not Path("out/sweep.unfinished").exists()
    swept = sweepfile.load("out")
    assert swept is not None
    same(swept, mp.sweep(CASE, dict([parse_values(vary[1])]), workers=2))


# -- killed, and a disk that is full, for real ----------------------------------------------------------------------
def command(vary: str, workers: int) -> list[str]:
    """Begins, goes on, or reads what is finished, as there is."""
    start = [sys.executable, "-m", "membrane_pde", "sweep", "stirred.toml", "--vary", vary, "--out", "out"]
    return [*start, "--resume", "--json", "--workers", str(workers)]


def ends_before(seconds: float, arguments: list[str]) -> bool:
    """Run a command to its end, or kill it after some time; what it leaves is whole."""
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            _, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
    if Path("out").exists():  # what is done so far, or the whole sweep, to which its picture comes last
        begun = ("sweep.unfinished", ".membrane-pde-")  # and what a killed process was writing beside its final name
        held = {name for name in os.listdir("out") if not name.startswith(begun)}
        assert held - {"sweep.png"} in ({"case.toml", "sweep.csv", "sweep.nc"}, set())
    if process.returncode != -signal.SIGKILL:
        assert process.returncode == 0, err
        assert not Path("out/sweep.unfinished").exists()
    return process.returncode == 0


@UNIX
@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_killed_at_any_moment(workers: int) -> None:
    """Again and again: when it has hardly begun, while it solves, while it writes. In the end every bit agrees."""
    chance, vary = random.Random(workers), "right.pressure=0:19:8000 bar"
    whole = mp.sweep(CASE, dict([parse_values(vary)]), workers=2)
    began = time.perf_counter()
    assert ends_before(300.0, command(vary, workers))
    lasts = time.perf_counter() - began
    shutil.rmtree("out")
    kept, kills = 0, 0
    while kills < 12:  # when a sweep has ended, as what was kept is not solved again, a new one begins
        if ends_before(chance.uniform(0.0, 0.7) * lasts, command(vary, workers)):
            shutil.rmtree("out")
            kept = 0
            continue
        kills += 1
        if Path("out/sweep.unfinished").exists():
            assert rows_kept() >= kept
        kept = rows_kept()  # none if only the picture was missing: the next one begins anew
    assert ends_before(300.0, command(vary, workers))
    swept = sweepfile.load("out")
    assert swept is not None
    same(swept, whole)


@UNIX
@pytest.mark.slow
@pytest.mark.parametrize("before", ["nothing", "another sweep"])
def test_killed_while_it_writes(monkeypatch: pytest.MonkeyPatch, before: str) -> None:
    chance, vary, late = random.Random(8), "right.pressure=0:19:8000 bar", 0
    values = dict([parse_values(vary)])
    with monkeypatch.context() as full:
        full.setattr(sweepfile, "save", refuse(errno.ENOSPC))
        with pytest.raises(OSError, match="No space"):
            mp.sweep(CASE, values, workers=2, out="out")
    journal_of_all = Path("out/sweep.unfinished").read_bytes()
    began = time.perf_counter()
    assert ends_before(300.0, command(vary, 1))
    lasts = time.perf_counter() - began
    whole = sweepfile.load("out")
    assert whole is not None
    for _ in range(8):
        shutil.rmtree("out")
        if before != "nothing":
            mp.sweep(CASE, {"mesh.cells": [4, 5]}, workers=1, out="out")
        Path("out").mkdir(exist_ok=True)
        Path("out/sweep.unfinished").write_bytes(journal_of_all)
        if not ends_before(chance.uniform(0.6, 1.0) * lasts, command(vary, 1)):
            late += 1
            assert ends_before(300.0, command(vary, 1))
        swept = sweepfile.load("out")
        assert swept is not None
        xarray.testing.assert_identical(swept, whole)
    assert late > 0


@pytest.mark.slow
def test_a_limit_of_what_a_file_may_hold() -> None:
    resource = pytest.importorskip("resource")
    vary = "right.pressure=0:19:600 bar"
    whole = mp.sweep(CASE, dict([parse_values(vary)]), workers=2)
    limits = (
        (60_000, r"out/sweep\.unfinished: cannot be written"),
        (420_000, r"(--out out|out/sweep\.unfinished): cannot be written"),
    )
    for limit, words in limits:
        done = subprocess.run(
            command(vary, 2),
            preexec_fn=lambda most=limit: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
            **{"capture_output": True, "text": True, "timeout": 300, "check": False},
        )
        assert done.returncode == 1
        assert done.stdout == ""
        kept = r"\d+ of 600 runs are kept in out/sweep.unfinished"
        assert re.search(rf"^membrane-pde: {words} .*; {kept}", done.stderr), done.stderr
        assert {path for path in held() if not path.endswith("-wal")} == {"out/sweep.unfinished", "stirred.toml"}
    assert ends_before(300.0, command(vary, 2))
    swept = sweepfile.load("out")
    assert swept is not None
    same(swept, whole)
