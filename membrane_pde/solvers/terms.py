"""The same discretisation through FiPy's own terms and solvers: one implicit step.

The unknown of FiPy's equation is the amount per *reference* volume, ``q = c · stretch``, on the grid that never moves.
A face's ``F = α c_P − β c_A`` becomes ``α' q_P − β' q_A`` with ``α' = α/stretch_P``, ``β' = β/stretch_A``, which is one
diffusion and one central-difference convection term:

    D_face = (α' + β')/2 · d,    u_face = α' − β'      (d the distance of the cell centres in FiPy's mesh)
"""

from __future__ import annotations

import numpy as np

from membrane_pde.model.chain import Faces
from membrane_pde.model.mesh import Array, import_fipy
from membrane_pde.model.system import System

fipy = import_fipy()

_FIXED = 1e12
_TIGHT = 1e-14  # FiPy's default tolerance of 1e-5 would skip the solve when a step changes little


class Equation:
    """FiPy's equation of one solute; its variables are set anew for every solve, which spares FiPy most of its work.

    ``∂q/∂t = ∂/∂x(D_face ∂q/∂x) − ∂(u_face q)/∂x − leaving · q + entering``, the last two for the far boundaries.
    """

    def __init__(self, system: System) -> None:
        self.system = system
        grid = system.problem.mesh.grid
        self.q = fipy.CellVariable(mesh=grid, hasOld=True)
        self.diffusion = fipy.FaceVariable(mesh=grid)
        self.convection = fipy.FaceVariable(mesh=grid, rank=1)
        self.leaving, self.entering = fipy.CellVariable(mesh=grid), fipy.CellVariable(mesh=grid)
        self.balance = (
            fipy.DiffusionTerm(coeff=self.diffusion)
            - fipy.CentralDifferenceConvectionTerm(coeff=self.convection)
            - fipy.ImplicitSourceTerm(coeff=self.leaving)
            + self.entering
        )
        self.transient = fipy.TransientTerm() == self.balance
        self.solver = fipy.LinearLUSolver(tolerance=_TIGHT)

    def _set(self, faces: Faces, solute: int) -> None:
        """Give FiPy's coefficients the values of one solute."""
        mesh = self.system.problem.mesh
        m = mesh.membrane
        stretch = faces.width / mesh.width
        forward, backward = np.zeros(mesh.cells + 1), np.zeros(mesh.cells + 1)
        forward[1:-1] = faces.alpha[solute, 1:-1] / stretch[:-1]
        backward[1:-1] = faces.beta[solute, 1:-1] / stretch[1:]
        leaving, entering = np.zeros(mesh.cells), np.zeros(mesh.cells)
        for side, cell, inward, outward in (
            (0, 0, faces.alpha[solute, 0], faces.beta[solute, 0]),
            (1, -1, faces.beta[solute, -1], faces.alpha[solute, -1]),
        ):
            if self.system.endless(side):  # FiPy's idiom for a cell of fixed value: a source that outweighs the rest
                inward = outward = _FIXED * max(forward[m], backward[m], mesh.width[cell])
                outside = faces.concentration[solute, cell]
            else:
                outside = faces.outside[side, solute]
            leaving[cell] += outward / faces.stretch[side] / mesh.width[cell]
            entering[cell] += inward * outside / mesh.width[cell]
        self.diffusion.setValue(0.5 * (forward + backward) * mesh.grid._cellDistances)
        self.convection.setValue((forward - backward)[None, :])
        self.leaving.setValue(leaving)
        self.entering.setValue(entering)

    def step(self, faces: Faces, y: Array, dt: float) -> Array:
        """Concentrations after one backward-Euler step with given face coefficients.

        Parameters
        ----------
        faces : Faces
            Coefficients at the new time, from `System.faces`.
        y : ndarray
            State at the old time.
        dt : float
            Step, s.

        Returns
        -------
        ndarray, shape (solutes, cells)
            Concentrations at the new time, mol/m^3.
        """
        mesh = self.system.problem.mesh
        new = np.empty_like(faces.concentration)
        old = self.system.amounts(y) / mesh.width
        for s in range(self.system.solutes):
            self._set(faces, s)
            self.q.setValue(old[s])
            self.q.updateOld()
            self.transient.solve(var=self.q, dt=dt, solver=self.solver)
            new[s] = self.q.value
        return np.asarray(new * mesh.width / faces.width)

    def matrix(self, faces: Faces, solute: int) -> tuple[Array, Array]:
        """Matrix L and vector b that FiPy assembles for ``V dq/dt = −L q + b``.

        Returns
        -------
        ndarray, shape (cells, cells), and ndarray, shape (cells,)
            In m/s and mol/m^2/s.
        """
        self._set(faces, solute)
        self.q.setValue(faces.concentration[solute])
        self.balance.cacheMatrix()
        self.balance.cacheRHSvector()
        self.balance.justResidualVector(self.q, dt=1.0)
        return -self.balance.matrix.matrix.toarray(), -np.asarray(self.balance.RHSvector)
