"""How time and memory of `mp.run` grow with cells, solutes and stored times; each run in a process of its own.

``scaling.py CELLS SOLUTES OUTPUTS`` prints one JSON object for one run; `measure` asks for a row of them, `draw` plots.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

RTOL = 1e-4
_BASE = {"cells": 500, "solutes": 1, "outputs": 21}  # what the others are while one grows, but for
_MORE = {"solutes": {"outputs": 201}}  # so that there is memory to see
_LABELS = {"cells": "cells, both sides together", "solutes": "solutes", "outputs": "stored times"}
_GROWING = {
    # cells are counted on each side: 10² to 10⁵ in all; few outputs, or their memory would be all that shows
    "cells": (50, 150, 500, 1500, 5000, 15_000, 50_000),
    "solutes": (1, 2, 5, 10, 20),
    "outputs": (11, 101, 1001, 10_001),
}
_DRAWN = (("seconds", "time, ms"), ("memory", "peak memory above\nidle process, MB"))
_GROWING_QUICK = {"cells": (50, 5000), "solutes": (1, 20), "outputs": (11, 1001)}


@dataclass(frozen=True)
class Row:
    """One quantity that grows: its values, seconds, and memory above the process at rest, MB."""

    quantity: str
    values: list[int]
    seconds: list[float]
    memory: list[float]

    def order(self, what: str) -> float:
        """Slope of the upper half of the range in the logarithmic plane: 1 is linear."""
        y = np.array(getattr(self, what))
        chosen = np.array(self.values) >= np.sqrt(self.values[0] * self.values[-1])
        chosen &= y > (1.0 if what == "memory" else 0.0)  # a MB: below, the allocator's steps show
        if chosen.sum() < 2:
            return float("nan")
        return float(np.polyfit(np.log(np.array(self.values)[chosen]), np.log(y[chosen]), 1)[0])


def measure(quick: bool) -> list[Row]:
    """All three rows."""
    rows = []
    for quantity, values in (_GROWING_QUICK if quick else _GROWING).items():
        found = []
        for value in values:
            arguments = {**_BASE, **_MORE.get(quantity, {}), quantity: value}
            command = [sys.executable, __file__, *(str(arguments[key]) for key in _BASE)]
            found.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
        drawn = [2 * value for value in values] if quantity == "cells" else list(values)
        rows.append(Row(quantity, drawn, [f["seconds"] for f in found], [f["memory"] for f in found]))
    return rows


def draw(rows: list[Row], file: Path) -> None:
    """Time and memory, logarithmic, with a line of slope 1 to compare with."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 5.6), layout="constrained")
    axes = figure.subplots(2, len(rows), sharey="row")
    figure.suptitle("membrane_pde: one mp.run, warm, against the size of the problem", fontsize=12)
    for column, row in enumerate(rows):
        for line, (what, label) in enumerate(_DRAWN):
            ax: Any = axes[line, column]
            x = np.array(row.values, dtype=float)
            y = np.array(getattr(row, what)) * (1e3 if what == "seconds" else 1.0)
            shown = y > (1.0 if what == "memory" else 0.0)
            ax.plot(x[shown], y[shown], "o-", color="#0b5fa5", markersize=4.5, zorder=3, label="measured")
            if shown.any():
                ax.plot(x, y[-1] * x / x[-1], "--", color="0.55", linewidth=1.1, zorder=2, label="slope 1")
            ax.set(xscale="log", yscale="log")
            ax.grid(alpha=0.25)
            ax.spines[["top", "right"]].set_visible(False)
            if column == 0:
                ax.set_ylabel(label)
            if line == 1:
                ax.set_xlabel(_LABELS[row.quantity])
    axes[0, 0].legend(frameon=False, fontsize=9)
    for line in range(2):  # the lines of slope 1 do not set the range
        points = [child.get_ydata() for ax in axes[line] for child in ax.lines if child.get_linestyle() == "-"]
        values = np.concatenate([np.asarray(p, dtype=float) for p in points if len(p)])
        if len(values):
            axes[line, 0].set_ylim(0.5 * values.min(), 2.0 * values.max())
    figure.savefig(file, dpi=130)


def main() -> None:
    """One run: the median time, and how far the peak rose above a small run."""
    cells, solutes, outputs = map(int, sys.argv[1:])
    os.environ["OMP_NUM_THREADS"] = "1"
    from memory import peak
    from ours import case_of
    from problem import problems

    import membrane_pde as mp

    problem = problems()[-1]
    mp.run(case_of(problem, RTOL, cells=10, outputs=11)).summary  # noqa: B018
    idle = peak()
    case = case_of(problem, RTOL, cells=cells, solutes=solutes, outputs=outputs)
    seconds: list[float] = []
    while len(seconds) < 2 or (len(seconds) < 7 and sum(seconds) < 0.5):
        start = time.perf_counter()
        mp.run(case).summary  # noqa: B018
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": statistics.median(seconds[1:]), "memory": peak() - idle}))


if __name__ == "__main__":
    main()
