"""Frames a second of the live explorer: a slider is dragged by a program, each value solved and drawn.

``python benchmarks/explorer.py [FRAMES]`` prints a table. Where the machine has other work, the time of the processor
says what a quiet one would take. What the browser takes to show a picture is not in it.
"""

from __future__ import annotations

import statistics
import sys
import time

import numpy as np

import membrane_pde as mp
from membrane_pde.show import explorer

DRAGS = (
    ("reverse_osmosis", "right.pressure", 60.0, 20.0),
    ("osmosis", "right.concentration.NaCl", 35.0, 10.0),
    ("seawater_ro", "left.pressure", 60.0, 45.0),
    ("hypotonic", "membrane.water_permeability", 0.5, 2.0),
    ("dialysis", "temperature", 37.0, 20.0),
    ("semipermeable", "left.length", 1.0, 3.0),
    ("two_gases", "temperature", 20.0, 80.0),
)


def measure(name: str, path: str, first: float, last: float, frames: int) -> tuple[float, float, float, float]:
    """Median seconds of a frame, of the processor for it and of the solving in it; share of frames with new axes."""
    shown = mp.explore(mp.load_case(name))
    whole, worked, solving, plain = [], [], [], explorer.run

    def run(case: mp.Case) -> mp.Result:
        begun = time.perf_counter()
        result = plain(case)
        solving.append(time.perf_counter() - begun)
        return result

    explorer.run, before = run, shown._live.backgrounds
    try:
        for value in np.linspace(first, last, frames + 1)[1:]:
            begun, busy = time.perf_counter(), time.process_time()
            shown.sliders[path].value = float(value)
            if len(solving) > len(whole):  # the first may be the case's own
                whole.append(time.perf_counter() - begun)
                worked.append(time.process_time() - busy)
    finally:
        explorer.run = plain
    axes = (shown._live.backgrounds - before) / len(whole)
    return statistics.median(whole), statistics.median(worked), statistics.median(solving), axes


def main() -> None:
    """Measure and print."""
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    print(f"{frames} values of one slider for each case; medians")
    print(f"{'case':<18}{'slider':<30}{'solve ms':>9}{'frame ms':>9}{'CPU ms':>8}{'frames/s':>9}{'new axes':>9}")
    for name, path, first, last in DRAGS:
        whole, worked, solving, axes = measure(name, path, first, last, frames)
        numbers = f"{1e3 * solving:>9.1f}{1e3 * whole:>9.1f}{1e3 * worked:>8.1f}{1 / whole:>9.1f}{100 * axes:>8.0f}%"
        print(f"{name:<18}{path:<30}{numbers}", flush=True)


if __name__ == "__main__":
    main()
