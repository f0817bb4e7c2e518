"""This package as a user calls it: a case in, a result with its summary out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from problem import CELLS, END, FINEST, TIMES, TOLERANCES, Array, Method, Problem, Read, Solve

import membrane_pde as mp

_RT = 8.31446261815324 * 298.15  # so that an osmotic pressure of 1 mol/m³ drives a m/s


def pressure(applied: float) -> str:
    """What is applied on the left, as a case file says it."""
    return f"{applied * _RT!r} Pa"


def case_of(
    problem: Problem,
    rtol: float,
    solver: str = "",
    *,
    solutes: int = 1,
    cells: int = CELLS,
    outputs: int = len(TIMES),
) -> mp.Case:
    """The problem as a case in SI units: lengths in m, times in s.

    With more than one solute each has its share of the concentrations, and the answer stays the same.
    """
    names = [f"S{number}" for number in range(1, solutes + 1)]
    left, right = problem.length
    finest = min(FINEST, left / cells, right / cells)
    lines = [
        'title = "benchmark"',
        'temperature = "298.15 K"',
        *_table("left", left, problem.concentration[0], names, f'pressure = "{pressure(problem.applied)}"'),
        *_table("right", right, problem.concentration[1], names, _each(names, problem.diffusivity[1])),
        "[membrane]",
        f'water_permeability = "{problem.a / _RT!r} m/s/Pa"',
        'flux_law = "spiegler-kedem"',
        f'[mesh]\ncells = {cells}\nfinest = "{finest!r} m"',
        f'[run]\nduration = "{END!r} s"\noutputs = {outputs}\nrtol = {rtol!r}',
    ]
    if solver:
        lines.append(f'solver = "{solver}"')
    for name in names:
        lines += [f'[solutes.{name}]\ndiffusivity = "{problem.diffusivity[0]!r} m^2/s"']
        lines += [f'[membrane.solutes.{name}]\npermeability = "0 m/s"\nreflection = 1.0']
    return mp.parse_case("\n".join(lines))


def _table(side: str, length: float, concentration: float, names: Sequence[str], more: str) -> list[str]:
    shares = ", ".join(f'{name} = "{concentration / len(names)!r} mol/m^3"' for name in names)
    return [f"[{side}]", 'boundary = "piston"', f'length = "{length!r} m"', f"concentration = {{ {shares} }}", more]


def _each(names: Sequence[str], diffusivity: float) -> str:
    return "diffusivity = { " + ", ".join(f'{name} = "{diffusivity!r} m^2/s"' for name in names) + " }"


def _with(label: str, solver: str, settings: tuple[float, ...]) -> Method:
    def prepare(problem: Problem, rtol: float) -> tuple[Solve, Read]:
        case = case_of(problem, rtol, solver)

        def solve() -> mp.Result:
            result = mp.run(case)
            assert result.summary["status"] == "completed"
            return result

        def read(result: mp.Result) -> Array:
            series = result.series
            rows = [int(np.argmin(np.abs(series.time.values - time))) for time in problem.exact.time]
            assert np.allclose(series.time.values[rows], problem.exact.time)
            wanted = ("length_left_m", "wall_concentration_left_mol_per_m3", "wall_concentration_right_mol_per_m3")
            return np.array([series[name].values[rows].ravel() for name in wanted])

        return solve, read

    return Method(label, settings, prepare)


def methods() -> list[Method]:
    """The default, and SUNDIALS for comparison."""
    return [
        _with("membrane_pde", "", (1e-2, 3e-3, *TOLERANCES)),
        _with('membrane_pde, solver = "cvode"', "cvode", TOLERANCES),
    ]
