"""PyBaMM: the problem as a `pybamm.BaseModel`, its own finite volumes, IDAKLU.

Under https://docs.pybamm.org/en/stable/source/: examples/notebooks/spatial_methods/finite-volumes.html for the way from
a model to a discretised one; examples/notebooks/performance/02-input-parameters.html for `InputParameter`;
api/solvers/idaklu_solver.html for `output_variables`, `compile`, and a list of inputs solved with `num_threads`.

Same unknowns, same graded cells (`UserSupplied1DSubMesh`); between cells its own central differences. J_v is an
algebraic unknown: IDA solves such systems. The half cells at the membrane are exact, as everywhere here.
"""

from __future__ import annotations

import os
import shutil

os.environ.setdefault("PYBAMM_DISABLE_TELEMETRY", "true")

import numpy as np
import pybamm
from problem import CELLS, END, TIMES, TOLERANCES, Array, Method, Problem, Read, Solve, exact_rows, graded

pybamm.set_logging_level("ERROR")
_WANTED = ("L1", "c1w", "c2w")
_COMPILER = shutil.which("cc") is not None  # faster here, where there is one


def model_of(problem: Problem) -> pybamm.BaseModel:
    """Discretised model; what is applied is the input ``applied``."""
    half = [0.5 * float(graded(length)[0]) for length in problem.length]
    model = pybamm.BaseModel()
    displaced, flux = pybamm.Variable("X"), pybamm.Variable("J_v")
    applied = pybamm.InputParameter("applied")
    walls = []
    edges = {}
    for side, (sign, length, diffusivity, start) in enumerate(
        zip((1.0, -1.0), problem.length, problem.diffusivity, problem.concentration, strict=True)
    ):
        domain = f"side {side}"
        # from the far end to the membrane, so both look alike; seen from there the flux on the right is negative
        y = pybamm.SpatialVariable(f"y{side}", domain=domain, coord_sys="cartesian")
        at_edges = pybamm.SpatialVariableEdge(f"y{side}", domain=domain, coord_sys="cartesian")
        q = pybamm.Variable(f"q{side}", domain=domain)
        s = 1.0 - sign * displaced / length
        speed = sign * flux / s
        passing = speed / length * at_edges * q - diffusivity / s**2 * pybamm.grad(q)
        model.rhs[q] = -pybamm.div(passing)
        model.initial_conditions[q] = pybamm.Scalar(start)
        # nothing passes the membrane: what flows there and what diffuses cancel, with the edge value of `passing`
        edge = pybamm.BoundaryValue(q, "right", order="linear")
        model.boundary_conditions[q] = {
            "left": (pybamm.Scalar(0.0), "Neumann"),
            "right": (speed * s**2 / diffusivity * edge, "Neumann"),
        }
        cell = pybamm.BoundaryValue(q, "right", order="constant")
        walls.append(cell / s * pybamm.exp(sign * flux * half[side] * s / diffusivity))
        points = np.concatenate([[0.0], np.cumsum(graded(length)[::-1])])
        points[-1] = length  # but for round-off
        edges[domain] = (y, points, length)
    model.rhs[displaced] = flux
    model.initial_conditions[displaced] = pybamm.Scalar(0.0)
    model.algebraic[flux] = flux - problem.a * (applied - walls[0] + walls[1])
    left, right = problem.concentration
    model.initial_conditions[flux] = problem.a * (applied - left + right)
    model.variables = {"L1": problem.length[0] - displaced, "c1w": walls[0], "c2w": walls[1]}
    geometry = {domain: {y: {"min": 0.0, "max": length}} for domain, (y, _, length) in edges.items()}
    meshes = {
        domain: pybamm.MeshGenerator(pybamm.UserSupplied1DSubMesh, {"edges": points})
        for domain, (_, points, _) in edges.items()
    }
    mesh = pybamm.Mesh(geometry, meshes, {y: CELLS for y, _, _ in edges.values()})
    pybamm.Discretisation(mesh, {domain: pybamm.FiniteVolume() for domain in edges}).process_model(model)
    return model


def solver_of(rtol: float, threads: int = 1) -> pybamm.IDAKLUSolver:
    """Solver that returns L1 and the wall concentrations."""
    options = {"num_threads": threads, "num_solvers": threads, "compile": _COMPILER}
    return pybamm.IDAKLUSolver(rtol=rtol, atol=rtol, output_variables=list(_WANTED), options=options)


def _prepare(problem: Problem, rtol: float) -> tuple[Solve, Read]:
    model, solver, rows = model_of(problem), solver_of(rtol), exact_rows(problem)

    def solve() -> pybamm.Solution:
        return solver.solve(model, [0.0, END], t_interp=TIMES, inputs={"applied": problem.applied})

    def read(solution: pybamm.Solution) -> Array:
        return np.array([np.interp(TIMES[rows], solution.t, solution[name].data) for name in _WANTED])

    return solve, read


def methods() -> list[Method]:
    """One case after the other, warm."""
    return [Method(f"PyBaMM, IDAKLU{', compiled' if _COMPILER else ''}", TOLERANCES, _prepare)]
