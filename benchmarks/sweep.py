"""Many cases at once, in a process of its own: ``sweep.py (ours | pybamm) CASES RTOL WORKERS`` prints one JSON object.

Case C3 with as many applied pressures between 0 and its own. PyBaMM as it documents it: a list of inputs, and
`num_threads` (https://docs.pybamm.org/en/stable/source/api/solvers/idaklu_solver.html).
"""

from __future__ import annotations

import json
import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
from memory import peak, peak_of_children
from problem import END, TIMES, Problem, problems


def kept_ready() -> None:
    """Wait until the processes that are kept have loaded what they need, as those of PyBaMM have."""
    from membrane_pde.studies import workers

    for team in workers._idle:
        for each in team.ready:
            each.result()


def ours(problem: Problem, applied: list[float], rtol: float, workers: int) -> tuple[float, float]:
    """Seconds, and L1 at the end of the last case."""
    from ours import case_of, pressure

    import membrane_pde as mp

    case = case_of(problem, rtol)
    values = {"left.pressure": [pressure(value) for value in applied]}
    mp.sweep(case, values, workers=workers)  # starts the other processes, which stay
    kept_ready()
    mp.sweep(case, values, workers=workers)
    start = time.perf_counter()
    found = mp.sweep(case, values, workers=workers)
    seconds = time.perf_counter() - start
    assert set(np.unique(found["status"].values)) == {"completed"}
    return seconds, float(found["length_left_m"].values[-1])


def pybamm(problem: Problem, applied: list[float], rtol: float, workers: int) -> tuple[float, float]:
    """The same of PyBaMM."""
    from peer_pybamm import model_of, solver_of

    model, solver = model_of(problem), solver_of(rtol, workers)
    inputs = [{"applied": value} for value in applied]
    solver.solve(model, [0.0, END], t_interp=TIMES, inputs=inputs[:4])
    start = time.perf_counter()
    solutions = solver.solve(model, [0.0, END], t_interp=TIMES, inputs=inputs)
    last = [float(solution["L1"].data[-1]) for solution in solutions]
    return time.perf_counter() - start, last[-1]


def main() -> None:
    who, cases, rtol, workers = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    problem = problems()[-1]
    applied = np.linspace(0.0, problem.applied, cases).tolist()
    seconds, end = {"ours": ours, "pybamm": pybamm}[who](problem, applied, rtol, workers)
    assert abs(end - problem.exact.length_left[-1]) < 1e-3, end
    print(json.dumps({"seconds": seconds, "peak": peak(), "child": peak_of_children()}))


if __name__ == "__main__":
    main()
