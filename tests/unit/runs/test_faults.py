"""What goes wrong around a run: no space, no permission, Ctrl-C, a kill, another run into the same folder.

Under its final name a result is whole or it is not there.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import membrane_pde as mp
from membrane_pde.model.system import System
from membrane_pde.results.folders import check_output
from membrane_pde.results.loading import load_result
from membrane_pde.results.result import Result

RUN = [sys.executable, "-m", "membrane_pde", "run", "osmosis", "--set", "mesh.cells=20"]
FILES = {"summary.json", "series.csv", "result.nc", "case.toml"}
# a case that does not end by itself: its pressure oscillates
LONG = [*RUN, *(f"--set=left.{k}" for k in ('pressure={ mean = "1 bar", amplitude = "1 bar", period = "1 s" }',))]
LONG += ["--set=run.duration=90000 s", "--set=run.until=duration"]


def small(**values: Any) -> Result:
    return mp.run(mp.load_case("osmosis").with_values({"mesh.cells": 4, "run.outputs": 3} | values))


def is_whole(folder: Path) -> bool:
    """The files of one run, and only of one."""
    result = load_result(folder)
    assert json.loads((folder / "summary.json").read_text(encoding="utf-8")) == result.summary
    assert mp.load_case(folder / "case.toml") == result.case
    rows = (folder / "series.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == len(result.arrays["time"]) + 1
    names = {path.name for path in folder.iterdir() if path.suffix != ".png"}
    return {name for name in names if not name.startswith(".membrane-pde-")} == FILES  # what a kill leaves is hidden


def left_beside(folder: Path) -> list[str]:
    """What lies around beside what is expected there."""
    return sorted(path.name for path in folder.iterdir() if path.name not in ("out", "link"))


# -- no space, no permission ------------------------------------------------------------------------------------------
def limited(size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("size", [0, 3000])  # nothing fits, some
def test_a_full_disk(tmp_path: Path, size: int) -> None:
    small().save(tmp_path / "out")
    before = load_result(tmp_path / "out").summary
    words = [*RUN, "--out", "out", "--json", "--no-plots"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False, preexec_fn=limited(size))
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "out: cannot be written (File too large)" in done.stderr
    assert json.loads(done.stdout)["status"] == "completed"  # what was computed is not lost to who reads it
    assert load_result(tmp_path / "out").summary == before
    assert left_beside(tmp_path) == []


def test_a_full_disk_without_room_for_the_pictures(tmp_path: Path) -> None:
    """The numbers are there, and whole; that there are no pictures is a warning."""
    words = [*RUN, "--set=mesh.cells=4", "--set=run.outputs=3", "--out", "out", "--json"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False, preexec_fn=limited(60_000))
    assert done.returncode == 0, done.stderr
    (said,) = [line for line in done.stderr.splitlines() if "matplotlib" not in line.lower()]
    assert said.startswith("membrane-pde: warning: no pictures (")
    assert said.endswith("); the numbers are in out")
    assert is_whole(tmp_path / "out")
    assert not list((tmp_path / "out").glob("*.png"))


@pytest.mark.parametrize("backend", ["nonsense", "tkagg"])
def test_whatever_backend_of_matplotlib_is_asked_for_pictures_go_to_files(tmp_path: Path, backend: str) -> None:
    words = [*RUN, "--set=mesh.cells=4", "--set=run.outputs=3", "--out", "out", "--json"]
    environment = {**os.environ, "MPLBACKEND": backend}
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert is_whole(tmp_path / "out")
    assert {"profiles.png", "history.png"} <= {path.name for path in (tmp_path / "out").iterdir()}


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.skipif(not Path("/bin/sh").exists(), reason="no shell that closes a stream")
def test_a_stream_that_is_closed(tmp_path: Path, closed: str) -> None:
    """What would go there goes nowhere, and above all not into a file that is opened then; also in a sweep."""
    run = " ".join([*RUN, "--set=mesh.cells=4", "--set=run.outputs=3"])
    sweep = f"{run} --vary right.pressure=0:1:30:bar --workers 2".replace(" run ", " sweep ").replace(":bar", "' bar'")
    for words, out in ((f"{run} --no-plots", "out"), (sweep, "swept")):
        command = ["/bin/sh", "-c", f"{words} --out {out} {closed}"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        assert (done.stdout == "") == closed.startswith((">", "<"))
    assert is_whole(tmp_path / "out")
    assert {each.name for each in (tmp_path / "swept").iterdir()} == {"sweep.csv", "sweep.nc", "sweep.png", "case.toml"}


def test_a_full_disk_under_the_output() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    with open("/dev/full", "w") as full:
        done = subprocess.run([*RUN[:3], "schema"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("membrane-pde: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("where", ["file/out", "/proc/out", "round/out", "x" * 300])
def test_a_folder_that_cannot_be(tmp_path: Path, where: str) -> None:
    """Permissions do not stop the superuser; these do. It is found out before anything is solved."""
    if where.startswith("/") and not Path(where).parent.exists():
        pytest.skip(f"no {where} on this system")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "round").symlink_to(tmp_path / "around")
    (tmp_path / "around").symlink_to(tmp_path / "round")
    done = subprocess.run(
        [*LONG, "--out", where], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(f"membrane-pde: --out {where}: ")
    assert len(done.stderr.splitlines()) == 1
    assert left_beside(tmp_path) == ["around", "file", "round"]
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("permissions do not stop the superuser")
    tmp_path.chmod(0o500)
    try:
        done = subprocess.run([*RUN, "--out", "out"], cwd=tmp_path, capture_output=True, text=True, check=False)
    finally:
        tmp_path.chmod(0o700)
    assert done.returncode == 2
    assert "cannot be written (Permission denied)" in done.stderr
    assert list(tmp_path.iterdir()) == []


# -- links ------------------------------------------------------------------------------------------------------------
def test_links_lead_nothing_out_of_the_folder(tmp_path: Path) -> None:
    """A link as the folder is followed; links inside it are replaced, and what they lead to is left alone."""
    result = small()
    result.save(tmp_path / "real" / "out")
    thesis = tmp_path / "thesis"
    thesis.mkdir()
    for name in ("summary.json", "history.png"):
        (thesis / name).write_bytes((tmp_path / "real" / "out" / "summary.json").read_bytes())
        (tmp_path / "real" / "out" / name).unlink(missing_ok=True)
        (tmp_path / "real" / "out" / name).symlink_to(thesis / name)
    before = {path: path.read_bytes() for path in thesis.iterdir()}
    (tmp_path / "link").symlink_to(tmp_path / "real" / "out")
    result.save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert is_whole(tmp_path / "real" / "out")
    assert not any(path.is_symlink() for path in (tmp_path / "real" / "out").iterdir())
    assert {path: path.read_bytes() for path in thesis.iterdir()} == before
    (tmp_path / "real" / "out" / "more.png").symlink_to(thesis)
    with pytest.raises(mp.CaseError, match=r"more\.png"):  # a folder, whatever it is called
        result.save(tmp_path / "link")


# -- stopped on the way -----------------------------------------------------------------------------------------------
def started(words: list[str], cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(words, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def running(process: subprocess.Popen[str]) -> bool:
    """Wait until it solves: Python, the case and all that is loaded take less than four seconds of a processor."""
    used, ticks = 0.0, os.sysconf("SC_CLK_TCK")
    while used < 4.0 and process.poll() is None:
        time.sleep(0.05)
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
            used = (int(fields[11]) + int(fields[12])) / ticks
    return process.poll() is None


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="how long a process has worked is not told here")
@pytest.mark.parametrize(
    ("number", "status", "said"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_stopped_while_it_solves(tmp_path: Path, number: signal.Signals, status: int, said: str) -> None:
    with started([*LONG, "--out", "a/out"], tmp_path) as process:
        assert running(process), process.communicate()
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == status, err
    assert out == ""
    assert err == f"membrane-pde: {said}; no half-written file is left\n"
    assert list(tmp_path.iterdir()) == []


def test_a_refused_command_leaves_nothing(tmp_path: Path) -> None:
    result = small()
    check_output(tmp_path / "results" / "out")
    assert list(tmp_path.iterdir()) == []
    result.save(tmp_path / "results" / "out")
    assert is_whole(tmp_path / "results" / "out")


def test_cvode_says_nothing_beside_the_answer(capfd: pytest.CaptureFixture[str]) -> None:
    """What it prints when it gives up would stand in the JSON."""
    case = mp.load_case("osmosis").with_values({"mesh.cells": 4, "run.solver": "cvode"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(System, "rhs", lambda self, t, y, out, segment: out.fill(np.nan))
        with pytest.raises(mp.RunError, match="the time integration failed"):
            mp.run(case)
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_stopped_at_random_moments(tmp_path: Path, number: signal.Signals) -> None:
    """There is the old result or the new one, whole; only a kill leaves rubbish behind, hidden and in its folder."""
    words, dice, seen = [*RUN, "--out", "out"], random.Random(1), {"new": 0, "stopped": 0}
    begun = time.perf_counter()
    subprocess.run(words, cwd=tmp_path, capture_output=True, check=True)
    whole = time.perf_counter() - begun
    for _ in range(25):
        small().save(tmp_path / "out")
        cells = load_result(tmp_path / "out").summary["cells"]
        with started(words, tmp_path) as process:
            time.sleep(dice.uniform(0.3, 1.2) * whole)
            process.send_signal(number)
            _, err = process.communicate(timeout=60)
        assert is_whole(tmp_path / "out")
        seen["new" if load_result(tmp_path / "out").summary["cells"] != cells else "stopped"] += 1
        if number != signal.SIGKILL and "Traceback" not in err:  # before Python has come to the command it is Python's
            assert process.returncode in (0, 128 + number, -number), err
        assert left_beside(tmp_path) == []
        assert number == signal.SIGKILL or not list((tmp_path / "out").glob(".*"))
    print(number.name, seen)
    assert seen["stopped"]


# -- two at once ------------------------------------------------------------------------------------------------------
def save_often(folder: str, pressure: int, times: int) -> None:
    result = small(**{"right.pressure": f"{pressure} bar"})
    for _ in range(times):
        result.save(folder)


def test_runs_into_one_folder_at_once_do_not_mix(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    runs = [context.Process(target=save_often, args=(str(tmp_path / "out"), p, 20)) for p in (1, 2)]
    for each in runs:
        each.start()
    for each in runs:
        each.join()
    assert [each.exitcode for each in runs] == [0, 0]
    assert is_whole(tmp_path / "out")
    assert left_beside(tmp_path) == []


# -- a run that fails is a result -------------------------------------------------------------------------------------
FAILURES = {
    "a side runs dry": (
        ["osmosis", "--set=left.concentration.NaCl=0 g/L", "--set=run.duration=100 h"],
        ["the left side", "ran dry", "Try a shorter run.duration"],
    ),
    "an outflow turns round": (
        ["seawater_ro", '--set=left.pressure={ schedule = [["0 s", "60 bar"], ["20 s", "0 bar"]], shape = "ramp" }'],
        ["water began to flow back in through the outflow", "right.backflow"],
    ),
}


@pytest.mark.parametrize(("name", "solver"), [("a side runs dry", "rosenbrock"), ("an outflow turns round", "cvode")])
def test_a_failure_is_told_and_saved(tmp_path: Path, name: str, solver: str) -> None:
    words, told = FAILURES[name]
    words = [*RUN[:4], *words, f"--set=run.solver={solver}", "--set=run.outputs=20", "--no-plots", "--out", "out"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "The run failed after" in done.stdout
    for word in ("failed: At ", *told):
        assert word in done.stderr
    assert is_whole(tmp_path / "out")
    result = load_result(tmp_path / "out")
    assert result.summary["status"] == "failed"
    assert result.summary["message"] in done.stderr
    assert 0.0 < result.summary["end_time_s"] == result.arrays["time"][-1] < result.case.run.duration
    assert len(result.arrays["time"]) > 5  # how it came to that


@pytest.mark.parametrize("solver", ["rosenbrock", "cvode", "fipy"])
def test_a_run_that_takes_too_many_steps_says_so(tmp_path: Path, solver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from membrane_pde.solvers import integrate

    monkeypatch.setattr(integrate, "MAX_STEPS", 2 if solver == "cvode" else 20)  # CVODE may take ten times as many
    with pytest.raises(mp.RunError) as caught:
        small(**{"run.solver": solver, "run.rtol": 1e-8})
    message = str(caught.value)
    assert "20 steps" in message
    assert "Try " in message
    assert f'run.solver = "{solver}"' not in message  # which it has taken already
    assert caught.value.result.summary["status"] == "failed"
    assert caught.value.result.summary["end_time_s"] > 0.0
    assert is_whole(caught.value.result.save(tmp_path / "out"))
