"""Kernels: what marks them, when machine code is used, where it is kept; and that it answers as plain Python does."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from membrane_pde import cli, drafts, kernels
from membrane_pde.kernels import compiled, kernel


@kernel
def _twice(x: float) -> float:
    return 2.0 * x


@kernel
def _sum_of_twice(values: np.ndarray) -> float:
    total = 0.0
    for i in range(values.shape[0]):
        total += _twice(float(values[i]))
    return total


_entry = compiled(_sum_of_twice)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to keep machine code in, not there yet, and nothing said in the environment."""
    monkeypatch.delenv("MEMBRANE_PDE_COMPILE", raising=False)
    place = tmp_path / "user" / "kernels-new"
    monkeypatch.setattr(kernels, "_folder", lambda: place)
    kernels.forget()
    yield place
    kernels.give_up()
    kernels.forget()


@pytest.fixture
def kept(folder: Path) -> Path:
    """The same with machine code of `_entry` in it."""
    pytest.importorskip("numba")
    kernels.begin()
    assert _entry(np.array([1.0, 2.0])) == 6.0
    assert kernels.keep() == folder
    return folder


def machine_code(caplog: pytest.LogCaptureFixture) -> tuple[bool, str]:
    """Whether `_entry` runs as machine code, and what was said."""
    kernels.forget()
    caplog.clear()
    assert _entry(np.array([1.0, 2.0])) == 6.0
    assert _entry(np.array([1.0, 3.0])) == 8.0
    return kernels._code[_sum_of_twice] is not _sum_of_twice, "\n".join(caplog.messages)


def test_a_kernel_is_the_function_itself() -> None:
    def function(x: float) -> float:
        return x

    assert kernel(function) is function
    assert _sum_of_twice(np.array([1.0, 2.0])) == 6.0


def test_an_entry_point_keeps_its_name_and_words() -> None:
    def entry(x: float) -> float:
        """Say what it does."""
        return x

    assert compiled(entry).__name__ == "entry"
    assert compiled(entry).__doc__ == entry.__doc__


# -- when it is used ------------------------------------------------------------------------------------------------
def test_machine_code_is_wanted_once_it_has_been_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    for choice, plain in (("", False), ("0", False), ("1", True)):
        monkeypatch.setenv("MEMBRANE_PDE_COMPILE", choice)
        assert kernels.wanted() is plain
    monkeypatch.delenv("MEMBRANE_PDE_COMPILE")
    request.getfixturevalue("kept")
    for choice, there in (("", True), ("0", False), ("1", True)):
        monkeypatch.setenv("MEMBRANE_PDE_COMPILE", choice)
        assert kernels.wanted() is there


def test_what_is_kept_is_loaded_and_not_made_again(kept: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert machine_code(caplog) == (True, "")
    code: Any = kernels._code[_sum_of_twice]
    assert sum(code.stats.cache_hits.values()) == 1
    assert not sum(code.stats.cache_misses.values())
    assert {path.suffix for path in kept.rglob("*") if path.is_file()} == {".nbi", ".nbc", ".json"}


def test_arguments_of_another_type_are_compiled_and_kept_too(kept: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As on another processor, which shares the home: made once, and whole afterwards."""
    kernels.forget()
    assert _entry(np.array([1, 2])) == 6.0
    kernels.forget()
    assert _entry(np.array([1, 2])) == 6.0
    assert sum(kernels._code[_sum_of_twice].stats.cache_hits.values()) == 1  # type: ignore[attr-defined]
    assert machine_code(caplog) == (True, "")


def test_several_threads_load_it_once(kept: Path) -> None:
    kernels.forget()
    numba = pytest.importorskip("numba")
    before = numba.config.CACHE_DIR
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda i: _entry(np.full(i, 1.0)), range(50)))
    assert answers == [2.0 * i for i in range(50)]
    after = numba.config.CACHE_DIR
    assert after == before


# -- kernels inside an entry point ----------------------------------------------------------------------------------
@pytest.mark.parametrize("drafted", [True, False])
def test_machine_code_is_written_for_the_entry_point_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch, drafted: bool
) -> None:
    """Where Numba lets the kernels in it be drafts; its usual way, which writes all of them, gives the same answers."""
    pytest.importorskip("numba")
    from numba.core.codegen import JITCodeLibrary

    written: list[str] = []
    write = JITCodeLibrary._finalize_specific

    def noted(library: Any) -> None:
        written.append(library.name)
        write(library)

    monkeypatch.setattr(JITCodeLibrary, "_finalize_specific", noted)
    if not drafted:
        monkeypatch.setattr(drafts, "options", lambda: {})
    kernels.begin()
    assert _entry(np.array([1.0, 2.0])) == 6.0
    assert [name for name in written if name.startswith("_sum_of_twice")]
    assert bool([name for name in written if name.startswith("_twice")]) is not drafted
    kernels.keep()
    assert _entry(np.array([1.0, 3.0])) == 8.0


# -- a cache that is damaged ----------------------------------------------------------------------------------------
DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "one bit": lambda data: data[:99] + bytes([data[99] ^ 1]) + data[100:],
    "other bytes": lambda data: bytes(len(data)),
    "longer": lambda data: data + b"x",
}


@pytest.mark.parametrize("suffix", [".nbi", ".nbc", ".json"])
@pytest.mark.parametrize("how", [*DAMAGE, "missing"])
def test_damaged_it_is_told_and_plain_python_runs(
    kept: Path, caplog: pytest.LogCaptureFixture, suffix: str, how: str
) -> None:
    for path in [path for path in kept.rglob(f"*{suffix}")]:
        path.write_bytes(DAMAGE[how](path.read_bytes())) if how in DAMAGE else path.unlink()
    used, said = machine_code(caplog)
    assert not used
    assert len(said.splitlines()) == 1
    assert str(kept) in said
    assert "`membrane-pde compile` compiles it again" in said
    kernels.begin()  # as `membrane-pde compile` does
    _entry(np.array([1.0, 2.0]))
    assert kernels.keep() == kept
    assert machine_code(caplog) == (True, "")
    assert os.listdir(kept.parent) == [kept.name]


def test_emptied_it_is_told_too(kept: Path, caplog: pytest.LogCaptureFixture) -> None:
    shutil.rmtree(kept)
    kept.mkdir()
    used, said = machine_code(caplog)
    assert not used
    assert str(kept) in said


def test_what_numba_cannot_load_is_told_too(
    kept: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of whatever kind the error is; for example where the folder may only be read."""

    def refused(*args: object, **options: object) -> None:
        raise RuntimeError("cannot cache function")

    monkeypatch.setattr(kernels, "_twin", refused)
    used, said = machine_code(caplog)
    assert not used
    assert "cannot be used (RuntimeError: cannot cache function)" in said


def test_compiling_that_is_interrupted_leaves_nothing(folder: Path) -> None:
    pytest.importorskip("numba")
    kernels.begin()
    _entry(np.array([1.0, 2.0]))
    kernels.give_up()
    assert list(folder.parent.iterdir()) == []
    assert not kernels.wanted()


# -- where it is kept -----------------------------------------------------------------------------------------------
def test_keeping_removes_what_has_not_been_used_for_a_month(kept: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Other folders may be those of other copies of the package, and in use."""
    long_ago = time.time() - 40 * 86400
    for name, used, created in (("kernels-old", long_ago, long_ago), ("kernels-used", time.time(), long_ago)):
        (kept.parent / name).mkdir()
        (kept.parent / name / "whole.json").touch()
        os.utime(kept.parent / name / "whole.json", (used, used))
        os.utime(kept.parent / name, (created, created))
    for name in ("kernels-young", "others"):
        (kept.parent / name).mkdir()
    os.utime(kept.parent / "others", (long_ago, long_ago))
    kernels.begin()
    _entry(np.array([1.0, 2.0]))
    kernels.keep()
    assert sorted(os.listdir(kept.parent)) == ["kernels-new", "kernels-used", "kernels-young", "others"]
    os.utime(kept / "whole.json", (long_ago, long_ago))
    assert machine_code(caplog) == (True, "")
    assert time.time() - (kept / "whole.json").stat().st_mtime < 3600  # used today


def test_a_home_that_cannot_be_written_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("numba")
    folder.parent.write_text("a file, where a folder should be")
    with pytest.raises(SystemExit) as stop:
        cli.app(["compile"], prog_name="membrane-pde")
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert "user's cache, which cannot be written" in said
    assert "XDG_CACHE_HOME" in said
    assert not kernels.wanted()


def test_it_is_the_users_cache_and_named_after_what_is_compiled(tmp_path: Path) -> None:
    """So that nothing is left in the package's folder; another copy of the package has a folder of its own."""
    pytest.importorskip("numba")
    code = "from membrane_pde import kernels; print(kernels._folder())"
    copy, package = tmp_path / "copy", Path(kernels.__file__).parent
    shutil.copytree(package, copy / "membrane_pde", ignore=shutil.ignore_patterns("__pycache__"))
    places = []
    for path in (package.parent, copy):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(path)},
            **{"cwd": tmp_path, "capture_output": True, "text": True, "check": True},
        )
        places.append(Path(done.stdout.strip()))
    if sys.platform.startswith("linux"):
        assert [place.parent for place in places] == [tmp_path / "cache" / "membrane_pde"] * 2
    assert places[0] != places[1]
    assert all(place.name.startswith("kernels-") for place in places)


# -- the hint -------------------------------------------------------------------------------------------------------
def test_numba_without_machine_code_is_told_once(
    folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("numba")
    other = compiled(_twice)
    for _ in range(3):
        _entry(np.array([1.0, 2.0]))
        other(1.0)
    (said,) = caplog.messages
    assert "`membrane-pde compile` compiles it once" in said
    monkeypatch.setenv("MEMBRANE_PDE_COMPILE", "0")
    assert machine_code(caplog) == (False, "")


def test_without_numba_kernels_stay_plain(
    folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "_numba", lambda: None)
    monkeypatch.setattr(kernels, "available", lambda: False)
    assert machine_code(caplog) == (False, "")
    monkeypatch.setenv("MEMBRANE_PDE_COMPILE", "1")
    assert machine_code(caplog) == (False, "")


def test_asked_for_in_the_environment_it_is_compiled_for_this_process(
    folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("numba")
    monkeypatch.setenv("MEMBRANE_PDE_COMPILE", "1")
    assert machine_code(caplog) == (True, "")
    assert not folder.exists()


@pytest.mark.parametrize("command", [["run", "osmosis", "--json", "--no-save"], ["-q", "run", "osmosis", "--no-save"]])
def test_the_command_tells_it_on_stderr(command: list[str], tmp_path: Path) -> None:
    pytest.importorskip("numba")
    environment = {name: value for name, value in os.environ.items() if name != "MEMBRANE_PDE_COMPILE"}
    few = ["--set", "mesh.cells=4", "--set", "run.duration=1 s", "--set", "run.until=duration"]
    done = subprocess.run(
        [sys.executable, "-m", "membrane_pde", *command, *few],
        env={**environment, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        **{"cwd": tmp_path, "capture_output": True, "text": True, "check": True},
    )
    assert "compile" not in done.stdout
    assert done.stderr.count("`membrane-pde compile`") == (0 if "-q" in command else 1)
    assert len(done.stderr.splitlines()) == (0 if "-q" in command else 1)


# -- the same answers -----------------------------------------------------------------------------------------------
PROGRAM = """
import json, sys
from pathlib import Path
from membrane_pde import cli, kernels

kernels._folder = lambda: Path(sys.argv[1])
import membrane_pde as mp

few = {"mesh.cells": 20, "run.until": "duration", "run.outputs": 11}
cases = {name: mp.load_case(name).with_values(few) for name in sys.argv[2:]}
print(kernels.wanted(), json.dumps({name: mp.run(case).summary for name, case in cases.items()}))
"""
SHIPPED = ["osmosis", "sweet_to_salty", "dialysis", "brackish_ro", "batch_ro"]  # Pitzer, bath, outflow, held flux


def flat(summary: dict[str, Any]) -> dict[str, Any]:
    """Its entries, and theirs, but for what round-off and the clock make."""
    out: dict[str, Any] = {}
    for key, value in summary.items():
        if isinstance(value, dict):
            out |= {f"{key}.{inner}": each for inner, each in flat(value).items()}
        elif key not in ("solve_time_s", "amount_error"):
            out[key] = value
    return out


@pytest.mark.slow
def test_shipped_cases_compiled_and_plain(tmp_path: Path) -> None:
    pytest.importorskip("numba")
    answers = []
    for choice in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(tmp_path / "kernels"), *SHIPPED],
            env={**os.environ, "MEMBRANE_PDE_COMPILE": choice, "NUMBA_CACHE_DIR": str(tmp_path / "numba")},
            capture_output=True,
            text=True,
            timeout=1800,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        wanted, _, text = done.stdout.partition(" ")
        assert wanted == str(choice == "1")
        answers.append(json.loads(text))
    for name in SHIPPED:
        plain, machine = (flat(answer[name]) for answer in answers)
        assert machine.keys() == plain.keys()
        for key, value in plain.items():
            expected = pytest.approx(value, rel=1e-9, abs=1e-13) if isinstance(value, float) else value
            assert machine[key] == expected, (name, key)
