"""Along the membrane: how long an element, a vessel, a transient and a sweep of vessels take.

``python benchmarks/along.py [--quick]`` prints what `make bench` writes into results.md: medians of warm runs.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"

import statistics
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import membrane_pde as mp

_WORKERS = 2
_VESSELS = 1000


class Row(NamedTuple):
    """Something that was timed, and what it may take, s."""

    what: str
    seconds: float
    most: float


def _median(run: Callable[[], object], rounds: int) -> float:
    run()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _in_time() -> mp.Case:
    """Ten residence times of an element, whose feed grows saltier and is pressed harder on the way."""
    case = mp.load_case("ro_element").with_values({"left.channel.flow": "13.5 m^3/h"})
    assert case.plant is not None
    element = case.plant.stages[0].elements[0]
    residence = element.left.volume / (13.5 / 3600.0)
    times = [f"{share * residence:.4g} s" for share in (0.0, 3.0, 5.0)]
    salt = f'{{ schedule = [["{times[0]}", "32000 ppm"], ["{times[1]}", "36000 ppm"]], shape = "step" }}'
    pressure = f'{{ schedule = [["{times[0]}", "50 bar"], ["{times[2]}", "55 bar"]], shape = "step" }}'
    return case.with_values(
        {"run.duration": f"{10.0 * residence:.4g} s", "left.inlet.NaCl": salt, "left.pressure": pressure}
    )


def measure(quick: bool) -> list[Row]:
    """All times."""
    rounds, vessels = (3, 20) if quick else (15, _VESSELS)
    element, vessel, in_time = mp.load_case("ro_element"), mp.load_case("ro_vessel"), _in_time()
    rows = [
        Row("an element's steady state", _median(lambda: mp.steady(element), rounds), 20e-3),
        Row("a vessel of seven elements, the pressure solved for", _median(lambda: mp.steady(vessel), rounds), 100e-3),
        Row("an element over ten residence times, with two jumps", _median(lambda: mp.run(in_time), rounds), 0.5),
    ]
    recoveries = [f"{30.0 + 20.0 * k / (vessels - 1):.5g} %" for k in range(vessels)]
    start = time.perf_counter()
    mp.sweep(vessel, {"left.pressure.recovery": recoveries}, workers=_WORKERS)
    spent = (time.perf_counter() - start) * _VESSELS / vessels
    return [*rows, Row(f"{_VESSELS:,} vessels by `sweep` on {_WORKERS} workers", spent, 60.0)]


if __name__ == "__main__":
    for row in measure("--quick" in sys.argv):
        print(f"{row.what}: {row.seconds:.3g} s (at most {row.most:g} s)")
