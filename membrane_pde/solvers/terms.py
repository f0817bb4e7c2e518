"""The same discretisation with FiPy's own terms and solvers: one implicit stage of a step.

The unknown of FiPy's equation is the amount per *reference* volume, ``q = c · stretch``, on a fixed grid. The chains of
all solutes, with the baths at their ends, lie one after another on this grid, with closed faces between them, so that
one linear solve covers all solutes. A face's ``F = α c_P − β c_A`` becomes ``α' q_P − β' q_A`` with
``α' = α/stretch_P``, ``β' = β/stretch_A``, which is one diffusion and one central-difference convection term:

    D_face = (α' + β')/2 · d,    u_face = α' − β'      (d the distance of the cell centres in FiPy's mesh)

A stirred reservoir is a cell of constant concentration: FiPy's fluxes into it are zero, and for the cell on the other
side of the membrane it is a given outer concentration.
"""

from __future__ import annotations

import numpy as np

from membrane_pde.model.chain import Faces
from membrane_pde.model.fipy_import import import_fipy
from membrane_pde.model.mesh import Array
from membrane_pde.model.system import System

fipy = import_fipy()

_TIGHT = 1e-12  # with FiPy's default tolerance of 1e-5 a step with little change would not be solved


class Equation:
    """FiPy's equation of all solutes. It is built once; each solve only sets the values of its variables.

    ``∂q/∂t − ∂/∂x(D_face ∂q/∂x) + ∂(u_face q)/∂x + leaving · q − entering = 0``, the last two terms at the far ends.
    """

    def __init__(self, system: System) -> None:
        self.system = system
        width = np.tile(system.width, system.solutes)
        grid = fipy.Grid1D(dx=width)
        self.width, self.distance = width, np.array(grid._cellDistances)
        self.q = fipy.CellVariable(mesh=grid, hasOld=True)
        self.minus_diffusion = fipy.FaceVariable(mesh=grid)
        self.convection = fipy.FaceVariable(mesh=grid, rank=1)
        self.leaving, self.entering = fipy.CellVariable(mesh=grid), fipy.CellVariable(mesh=grid)
        spreads = fipy.DiffusionTerm(coeff=self.minus_diffusion)
        carries = fipy.CentralDifferenceConvectionTerm(coeff=self.convection)
        # The grid has no boundary constraints. FiPy would evaluate the empty constraints in every solve, which takes a
        # third of its time; they are replaced by zeros.
        nothing = fipy.CellVariable(mesh=grid)
        spreads.constraintL[self.q] = spreads.constraintB[self.q] = nothing
        carries.constraintL = carries.constraintB = nothing
        inner = spreads + carries
        self.passing = inner + fipy.ImplicitSourceTerm(coeff=self.leaving) - self.entering
        self.transient = fipy.TransientTerm() + self.passing
        self.closed = fipy.TransientTerm() + inner  # for a chain with two closed far ends
        self.solver = fipy.LinearLUSolver(tolerance=_TIGHT)

    def _set(self, faces: Faces) -> bool:
        """Set FiPy's coefficients; return True if a solute can pass a far end."""
        system = self.system
        k, n = system.solutes, system.cells
        stretch = faces.width / system.width
        forward, backward = np.zeros((k, n + 1)), np.zeros((k, n + 1))
        forward[:, 1:-1] = faces.alpha[:, 1:-1] / stretch[:-1]
        backward[:, 1:-1] = faces.beta[:, 1:-1] / stretch[1:]
        leaving, entering = np.zeros((k, n)), np.zeros((k, n))
        for side, cell, inward, outward in (
            (0, 0, faces.alpha[:, 0], faces.beta[:, 0]),
            (1, n - 1, faces.beta[:, -1], faces.alpha[:, -1]),
        ):
            if not system.infinite(side):
                leaving[:, cell] += outward / stretch[cell]
                entering[:, cell] += inward * faces.outside[side]
        for side, cell, other, face in ((0, 0, 1, 1), (1, n - 1, n - 2, n - 1)):
            if not system.infinite(side):
                continue
            into, back = (forward, backward) if side == 0 else (backward, forward)
            if not (system.infinite(1 - side) and n == 2):
                leaving[:, other] += back[:, face]
                entering[:, other] += into[:, face] * faces.concentration[:, cell]
            forward[:, face] = backward[:, face] = 0.0
        # the last face of a chain is also the first face of the next chain; it is closed
        diffusion, convection = np.zeros(k * n + 1), np.zeros(k * n + 1)
        diffusion[:-1].reshape(k, n)[:] = 0.5 * (forward + backward)[:, :-1]
        convection[:-1].reshape(k, n)[:] = (forward - backward)[:, :-1]
        self.minus_diffusion.setValue(-diffusion * self.distance)
        self.convection.setValue(convection[None, :])
        if not (leaving.any() or entering.any()):
            return False
        self.leaving.setValue(leaving.ravel() / self.width)
        self.entering.setValue(entering.ravel() / self.width)
        return True

    def step(self, faces: Faces, amounts: Array, dt: float) -> Array:
        """Concentrations after one backward-Euler step with given face coefficients.

        Parameters
        ----------
        faces : Faces
            Coefficients at the new time, from `System.faces`.
        amounts : ndarray, shape (solutes, cells)
            Amounts at the old time, mol/m^2.
        dt : float
            Step, s.

        Returns
        -------
        ndarray, shape (solutes, cells)
            Concentrations at the new time, mol/m^3.
        """
        equation = self.transient if self._set(faces) else self.closed
        self.q.setValue(amounts.ravel() / self.width)
        self.q.updateOld()
        equation.solve(var=self.q, dt=dt, solver=self.solver)
        new = (self.q.value * self.width).reshape(amounts.shape)
        return np.asarray(new / faces.width)

    def matrix(self, faces: Faces) -> tuple[Array, Array]:
        """Matrix L and vector b that FiPy assembles for ``V dq/dt = −L q + b``, the solutes one after another.

        Returns
        -------
        ndarray, shape (solutes · cells, solutes · cells), and ndarray, shape (solutes · cells,)
            In m/s and mol/m^2/s.
        """
        if not self._set(faces):
            self.leaving.setValue(0.0)
            self.entering.setValue(0.0)
        self.q.setValue(faces.concentration.ravel())
        self.passing.cacheMatrix()
        self.passing.cacheRHSvector()
        self.passing.justResidualVector(self.q, dt=1.0)
        return self.passing.matrix.matrix.toarray(), np.asarray(self.passing.RHSvector)
