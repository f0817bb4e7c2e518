"""Runs of cases: this package combines case, model, integrators, exact end states and results."""

from membrane_pde.results.result import Result
from membrane_pde.runs.accuracy import check_accuracy
from membrane_pde.runs.build import mesh_of
from membrane_pde.runs.compiling import compile_kernels
from membrane_pde.runs.running import RunError, compare, equilibrium, run, summarize, summarize_all
from membrane_pde.runs.steady_state import steady

__all__ = [
    "Result",
    "RunError",
    "check_accuracy",
    "compare",
    "compile_kernels",
    "equilibrium",
    "mesh_of",
    "run",
    "steady",
    "summarize",
    "summarize_all",
]
