"""`run.solver = "cvode"` in a process that does other things too: stdout, threads, Ctrl-C; and how it gives up."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import membrane_pde as mp
from membrane_pde.model.interface import NoSolution
from membrane_pde.model.system import System

BLOCKED = 3000.0  # s


def small(**more: str) -> mp.Case:
    return mp.load_case("osmosis").with_values({"run.solver": "cvode", "mesh.cells": 10, **more})


def block(monkeypatch: pytest.MonkeyPatch) -> None:
    """From some time on there is no water flux."""
    real = System.rhs

    def rhs(self, t, y, out, segment):
        if t > BLOCKED:
            raise NoSolution
        real(self, t, y, out, segment)

    monkeypatch.setattr(System, "rhs", rhs)


def test_stdout_is_left_alone_in_threads() -> None:
    """It is the whole process's: other threads write to it while this one solves, and later."""
    ours, seen = sys.stdout, []

    def watched() -> None:
        mp.run(small(), progress=lambda share: seen.append(sys.stdout is ours))

    threads = [threading.Thread(target=watched) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(seen) > 3
    assert all(seen)
    assert sys.stdout is ours


def test_it_gives_up_in_words_and_prints_nothing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    block(monkeypatch)
    with pytest.raises(mp.RunError, match="time integration failed: its steps became too short") as caught:
        mp.run(small())
    assert capfd.readouterr().out == ""
    result = caught.value.result
    assert result.summary["end_time_s"] == pytest.approx(BLOCKED)  # where it happened
    times = result.arrays["time"]
    assert len(times) > 10  # what was reached before is shown
    assert times[-1] == result.summary["end_time_s"]


def test_what_a_library_prints_does_not_come_among_the_results(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from membrane_pde import cli, runs

    def prints(case, progress=None):
        print("[CVode, Error: -3] At t = 1")
        return real(case, progress)

    real = runs.run
    monkeypatch.setattr(runs, "run", prints)
    with pytest.raises(SystemExit) as end:
        cli.app(["run", "osmosis", "--set", "mesh.cells=4", "--no-save", "--json"])
    assert end.value.code == 0
    out, err = capfd.readouterr()
    assert out.startswith("{")
    assert err.startswith("[CVode")


def test_a_step_that_fails_for_good_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """CVODE makes seven attempts at a step; a kink that takes more is passed by a new start."""
    real, tried = System.rhs, []

    def rhs(self, t, y, out, segment):
        if 3000.0 < t < 3000.1 or (t >= 3000.1 and len(tried) < 12):
            tried.append(t)
            raise NoSolution
        real(self, t, y, out, segment)

    free = mp.run(small())
    monkeypatch.setattr(System, "rhs", rhs)
    found = mp.run(small())
    assert found.summary["status"] == "completed"
    assert found.summary["displaced_volume_m"] == pytest.approx(free.summary["displaced_volume_m"], rel=1e-5)


LONG = """
import sys
from membrane_pde.cli import main
from membrane_pde.model.system import System

real, calls = System.rhs, []

def rhs(*args):
    calls.append(None)
    if len(calls) == 100:
        print("solving", file=sys.stderr, flush=True)
    return real(*args)

System.rhs = rhs
sys.argv = ["membrane-pde", "run", "osmosis", "--no-save", "--json", "--set", "run.solver=cvode",
            "--set", "mesh.cells=20000", "--set", "run.rtol=1e-9"]
main()
"""


def test_ctrl_c_is_heard() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LONG], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "solving\n"
        time.sleep(0.3)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, ""), err
    assert "interrupted" in err


@pytest.mark.parametrize(("name", "call"), [("rhs", 1), ("rhs", 2), ("jacobian", 1), ("rhs", 50)])
def test_ctrl_c_before_the_first_linear_equations_are_solved(name: str, call: int) -> None:
    """In a process of its own: scikit-sundae frees what has not been made yet, which would end this one."""
    script = f"""
import gc
import membrane_pde as mp
from membrane_pde.model.system import System

real, calls = System.{name}, []

def interrupted(*args):
    calls.append(None)
    if len(calls) == {call}:
        raise KeyboardInterrupt
    return real(*args)

System.{name} = interrupted
try:
    mp.run(mp.load_case("osmosis").with_values({{"run.solver": "cvode", "mesh.cells": 10}}))
except KeyboardInterrupt:
    gc.collect()
    print("heard")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout.strip()) == (0, "heard"), done.stderr
