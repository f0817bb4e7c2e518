"""Where the time goes: one warm `mp.run` of the benchmark problem by function, and a cold one by stage.

``python benchmarks/where_time_goes.py [RTOL]`` prints what `make bench` writes into profile.md. The warm run is
measured with cProfile, C functions counted with who calls them, and scaled to the time without it: small functions that
are called often look dearer than they are. Shown is what takes 3 % of the whole, and more.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"

import cProfile
import json
import pstats
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ours import case_of
from problem import problems

import membrane_pde as mp

_LEAST = 0.03  # share of the whole that is shown
_RUNS = 100
_DEEPEST = 6
_COLD = """
import json, tempfile, time
at = [time.perf_counter()]
def passed():
    at.append(time.perf_counter())
import membrane_pde.cli; passed()
import membrane_pde as mp; case = mp.load_case("osmosis"); passed()
result = mp.run(case); passed()
mp.run(case); passed()
with tempfile.TemporaryDirectory() as folder:
    result.save(folder + "/first"); passed()
print(json.dumps([b - a for a, b in zip(at, at[1:])]))
"""
_STAGES = ("import the command line", "read the case", "first run", "second run", "save, without pictures")

Function = tuple[str, int, str]


def _name(function: Function) -> str:
    file, line, name = function
    path = Path(file)
    return f"{'/'.join(path.parts[-2:]) if path.suffix else file} {name}" if line else name


def warm(rtol: float) -> list[str]:
    """The tree of one warm run, without, then with the profile."""
    case = case_of(problems()[-1], rtol)

    def run() -> None:
        mp.run(case).summary  # noqa: B018

    for _ in range(5):
        run()
    bare = []
    for _ in range(_RUNS):
        start = time.perf_counter()
        run()
        bare.append(time.perf_counter() - start)
    profile = cProfile.Profile(builtins=False)
    profile.enable()
    for _ in range(_RUNS):
        run()
    profile.disable()
    stats: dict[Function, Any] = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    root = next(function for function in stats if function[2] == "run" and function[0] == run.__code__.co_filename)
    whole = stats[root][3]
    median = statistics.median(bare)
    head = f"one mp.run, rtol {rtol:g}: {1e3 * median:.2f} ms (with the profile {1e3 * whole / _RUNS:.2f} ms)"

    def below(function: Function, seen: tuple[Function, ...]) -> Iterator[str]:
        callees = [(entry[4][function], callee) for callee, entry in stats.items() if function in entry[4]]
        for (_, calls, _, spent), callee in sorted(callees, key=lambda each: -each[0][3]):
            share = spent / whole
            if share < _LEAST or callee in seen:
                continue
            name = "  " * len(seen) + _name(callee)
            yield f"{1e3 * median * share:8.3f} {100 * share:4.0f} {calls / _RUNS:6.0f}  {name}"
            if len(seen) < _DEEPEST:
                yield from below(callee, (*seen, callee))

    return [head, "", f"{'ms':>8} {'%':>4} {'calls':>6}  with all it calls", *below(root, ())]


def cold() -> list[str]:
    """Stages of a process that runs one shipped case, medians of five; with what has been compiled, and plain."""
    columns = []
    for more in ({}, {"MEMBRANE_PDE_COMPILE": "0"}):
        runs = []
        for _ in range(6):
            start = time.perf_counter()
            answer = subprocess.run(
                [sys.executable, "-c", _COLD], check=True, capture_output=True, text=True, env={**os.environ, **more}
            )
            spent = json.loads(answer.stdout)
            runs.append([*spent, time.perf_counter() - start - sum(spent)])
        columns.append([statistics.median(each) for each in zip(*runs[1:], strict=True)])
    lines = [f"{'s, as it is':>12} {'s, plain':>9}"]
    for name, *seconds in zip((*_STAGES, "start and end of Python"), *columns, strict=True):
        lines.append(f"{seconds[0]:12.3f} {seconds[1]:9.3f}  {name}")
    return lines


def report(rtol: float) -> str:
    """Both, as a page."""
    return "\n".join(
        [
            "# Where the time goes",
            "",
            "Written by benchmarks/run.py; `python benchmarks/where_time_goes.py` prints the same.",
            "",
            "## One warm run of the benchmark problem",
            "",
            "```",
            *warm(rtol),
            "```",
            "",
            "## A cold process that runs and saves `osmosis`",
            "",
            "```",
            *cold(),
            "```",
            "",
        ]
    )


if __name__ == "__main__":
    print(report(float(sys.argv[1]) if len(sys.argv) > 1 else 3e-6))
