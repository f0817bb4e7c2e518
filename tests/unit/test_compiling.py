"""Kernels: what marks them, when machine code is used, where it is kept; and that it answers as plain Python does."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from membrane_pde import compiling
from membrane_pde.compiling import compiled, kernel


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
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Path]]:
    """Empty folders to keep machine code in, and nothing said in the environment."""
    monkeypatch.delenv("MEMBRANE_PDE_COMPILE", raising=False)
    here = tmp_path / "package" / "kernels-new", tmp_path / "user" / "kernels-new"
    monkeypatch.setattr(compiling, "_folders", lambda: here)
    caches = (compiling._cache_folder, compiling._machine_code, compiling._inner)
    for cache in caches:
        cache.cache_clear()
    yield here
    for cache in caches:
        cache.cache_clear()


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


def test_machine_code_is_wanted_once_it_has_been_kept(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for choice, plain in (("", False), ("0", False), ("1", True)):
        monkeypatch.setenv("MEMBRANE_PDE_COMPILE", choice)
        assert compiling.wanted() is plain
    for folder in reversed(folders):
        folder.mkdir(parents=True)
        monkeypatch.setenv("MEMBRANE_PDE_COMPILE", "")
        assert compiling.wanted() is (folder == folders[0])  # a folder alone says nothing
        (folder / "whole").touch()
        for choice, kept in (("", True), ("0", False), ("1", True)):
            monkeypatch.setenv("MEMBRANE_PDE_COMPILE", choice)
            assert compiling.wanted() is kept


def test_keeping_removes_what_earlier_versions_kept(folders: tuple[Path, Path]) -> None:
    old, other = folders[0].parent / "kernels-old", folders[0].parent / "module.pyc"
    old.mkdir(parents=True)
    (old / "code").touch()
    other.touch()
    assert compiling.keep() == folders[0]
    assert (folders[0] / "whole").is_file()
    assert compiling.wanted()
    assert not old.exists()
    assert other.exists()


def test_code_is_kept_in_the_users_cache_where_the_package_cannot_be_written(folders: tuple[Path, Path]) -> None:
    folders[0].parent.write_text("a file, where a folder should be")
    assert compiling.keep() == folders[1]
    assert (folders[1] / "whole").is_file()


def test_without_any_folder_nothing_is_kept(folders: tuple[Path, Path]) -> None:
    for folder in folders:
        folder.parent.write_text("a file, where a folder should be")
    assert compiling.keep() is None
    assert not compiling.wanted()


def test_the_folder_is_named_after_what_is_compiled() -> None:
    package, user = compiling._folders.__wrapped__()
    assert package.name == user.name
    assert package.name.startswith("kernels-")
    assert package.parent == Path(compiling.__file__).parent / "__pycache__"


def test_without_numba_kernels_stay_plain(folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMBRANE_PDE_COMPILE", "1")
    monkeypatch.setattr(compiling, "_numba", lambda: None)
    assert not compiling.available()
    assert _entry(np.array([1.0, 2.0])) == 6.0
    assert compiling._machine_code(_sum_of_twice) is _sum_of_twice


def test_a_kernel_that_calls_a_kernel_compiled(folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    values = np.linspace(0.1, 1.7, 9)
    plain = _entry(values)
    compiling._machine_code.cache_clear()
    monkeypatch.setenv("MEMBRANE_PDE_COMPILE", "1")
    assert _entry(values) == plain
    assert compiling._machine_code(_sum_of_twice) is not _sum_of_twice
    assert any(folders[0].iterdir())  # kept where it was asked to be


PROGRAM = """
import json, sys
from pathlib import Path
from membrane_pde import compiling

compiling._folders = lambda: (Path(sys.argv[1]),)
import membrane_pde as mp

few = {"mesh.cells": 20, "run.until": "duration", "run.outputs": 11}
cases = {name: mp.load_case(name).with_values(few) for name in sys.argv[2:]}
print(compiling.wanted(), json.dumps({name: mp.run(case).summary for name, case in cases.items()}))
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
