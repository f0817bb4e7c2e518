"""Arrays over the chain of cells and faces at one state."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from membrane_pde.model.mesh import Array

CONCENTRATION, ALPHA, BETA, FLUX = range(4)
OUTSIDE, CELLS, PULL, LAYER = range(4)
# Entries of `Faces.scalars`, and rows of `Faces.metric`.
WATER, FLOW, DISPLACED, LEFT_STRETCH, RIGHT_STRETCH, AREA, LEFT_STEEPEST, RIGHT_STEEPEST = range(8)
PASSING, GAIN, WAY = range(3)


class Faces(NamedTuple):
    """All faces at one state: coefficients, fluxes and what they depend on; `set_faces` writes it.

    Few arrays, of several rows each: what compiling costs grows with their number.

    Attributes
    ----------
    scalars : ndarray, shape (8,)
        J_v (m/s); the flow q = dX/dt through the membrane per initial membrane area (m/s; in a planar chain J_v); X
        (m); liquid in the left and the right solution over that at the start; area of the membrane over that at the
        start; and on each side a bound of the Péclet numbers of its faces for q/D = 1 1/m (m).
    width : ndarray, shape (cells,)
        Liquid in the cells per initial membrane area, m.
    metric : ndarray, shape (3, faces)
        Share of q that passes a face; conductance per diffusivity, 1/m, and the share over it, m. Without meaning at
        the membrane and at far faces that no layer ends at.
    state : ndarray, shape (4, solutes, faces)
        Concentrations of the cells, mol/m^3; α and β of the faces, m/s; fluxes, mol/m^2/s.
    sides : ndarray, shape (4, 2, solutes)
        Concentrations that the far faces see, and of the two cells at the membrane, at least 0, mol/m^3; derivatives of
        Σσπ at the two walls with the concentrations there; conductances of the two half cells at the membrane, m/s.
    membrane, slopes : ndarray
        What `interface.set_face` and (for `set_slopes`) `interface.set_face_slopes` wrote.
    room : ndarray, shape (6, solutes)
        To work in.
    """

    scalars: Array
    width: Array
    metric: Array
    state: Array
    sides: Array
    membrane: Array
    slopes: Array
    room: Array

    @property
    def water_flux(self) -> float:
        """J_v, m/s."""
        return float(self.scalars[WATER])

    @property
    def stretch(self) -> tuple[float, float]:
        """Liquid in each solution over that at the start."""
        return float(self.scalars[LEFT_STRETCH]), float(self.scalars[RIGHT_STRETCH])

    @property
    def concentration(self) -> Array:
        """Concentrations (solutes, cells), mol/m^3."""
        return self.state[CONCENTRATION, :, :-1]

    @property
    def alpha(self) -> Array:
        """α of ``F = α c_P − β c_A`` (solutes, faces), m/s."""
        return self.state[ALPHA]

    @property
    def beta(self) -> Array:
        """β (solutes, faces), m/s."""
        return self.state[BETA]

    @property
    def flux(self) -> Array:
        """Fluxes (solutes, faces), mol/m^2/s."""
        return self.state[FLUX]

    @property
    def outside(self) -> Array:
        """Concentrations that the far faces see (2, solutes), mol/m^3."""
        return self.sides[OUTSIDE]

    @property
    def wall_left(self) -> Array:
        """Concentrations at the left of the membrane, mol/m^3."""
        return self.membrane[:, 0]

    @property
    def wall_right(self) -> Array:
        """Concentrations at the right of the membrane, mol/m^3."""
        return self.membrane[:, 1]


def new_faces(solutes: int, cells: int) -> Faces:
    """Room for `Faces`."""
    return Faces(
        scalars=np.zeros(8),
        width=np.zeros(cells),
        metric=np.zeros((3, cells + 1)),
        state=np.zeros((4, solutes, cells + 1)),
        sides=np.zeros((4, 2, solutes)),
        membrane=np.zeros((solutes, 5)),
        slopes=np.zeros((3, solutes, 5)),
        room=np.zeros((6, solutes)),
    )
