"""Where the time of one `mp.run` goes: the benchmark problem, warm, by function, down to 3 % of the whole.

``python benchmarks/where_time_goes.py [RTOL]`` prints a tree. Measured with cProfile, C functions counted with who
calls them, and scaled to the time without it: small functions that are called often look dearer than they are.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"

import cProfile
import pstats
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from ours import case_of
from problem import problems

import membrane_pde as mp

_LEAST = 0.03  # share of the whole that is shown
_RUNS = 100
_DEEPEST = 6

Function = tuple[str, int, str]


def _name(function: Function) -> str:
    file, line, name = function
    path = Path(file)
    return f"{'/'.join(path.parts[-2:]) if path.suffix else file} {name}" if line else name


def main() -> None:
    """Time without, then with the profile."""
    rtol = float(sys.argv[1]) if len(sys.argv) > 1 else 1e-4
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
    print(f"one mp.run, rtol {rtol:g}: {1e3 * median:.2f} ms (with the profile {1e3 * whole / _RUNS:.2f} ms)\n")
    print(f"{'ms':>8} {'%':>4} {'calls':>6}  with all it calls")

    def show(function: Function, seen: tuple[Function, ...]) -> None:
        below = [(entry[4][function], callee) for callee, entry in stats.items() if function in entry[4]]
        for (_, calls, _, spent), callee in sorted(below, key=lambda each: -each[0][3]):
            share = spent / whole
            if share < _LEAST or callee in seen:
                continue
            name = "  " * len(seen) + _name(callee)
            print(f"{1e3 * median * share:8.3f} {100 * share:4.0f} {calls / _RUNS:6.0f}  {name}")
            if len(seen) < _DEEPEST:
                show(callee, (*seen, callee))

    show(root, ())


if __name__ == "__main__":
    main()
