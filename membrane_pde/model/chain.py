"""Arrays over the cells and faces of the chain at one state."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from membrane_pde.model.interface import LEFT_WALL, RIGHT_WALL
from membrane_pde.model.mesh import Array

CONCENTRATION, ALPHA, BETA, FLUX = range(4)
OUTSIDE, CELLS, OSMOTIC_SLOPE, LAYER = range(4)
# Entries of `Faces.scalars`, and rows of `Faces.metric`.
WATER, FLOW, DISPLACED, LEFT_STRETCH, RIGHT_STRETCH, AREA, LEFT_PECLET_LENGTH, RIGHT_PECLET_LENGTH = range(8)
FLOW_FRACTION, CONDUCTANCE, PECLET_LENGTH = range(3)


class Faces(NamedTuple):
    """Coefficients and fluxes of all faces at one state, and the quantities on which they depend; see `set_faces`.

    They are packed into a few arrays of several rows, because the time to compile grows with the number of arrays.

    Attributes
    ----------
    scalars : ndarray, shape (8,)
        J_v (m/s); the flow q = dX/dt through the membrane per initial membrane area (m/s; in a planar chain J_v); X
        (m); volume of the left and of the right solution ÷ volume at the start; area of the membrane ÷ area at the
        start; and for each side the largest Péclet length of its faces (m), an upper bound on a planar side.
    width : ndarray, shape (cells,)
        Liquid in the cells per initial membrane area, m.
    metric : ndarray, shape (3, faces)
        FLOW_FRACTION: fraction of q that passes a face; CONDUCTANCE: conductance of the face ÷ diffusivity, 1/m;
        PECLET_LENGTH: their quotient, m, which times q/D is the Péclet number. Not used at the membrane and at far
        faces without a layer.
    state : ndarray, shape (4, solutes, faces)
        Concentrations in the cells, mol/m^3; α and β of the faces, m/s; fluxes, mol/m^2/s.
    sides : ndarray, shape (4, 2, solutes)
        OUTSIDE: concentrations outside the far faces; CELLS: those in the two cells at the membrane, not below 0,
        mol/m^3; OSMOTIC_SLOPE: derivatives of Σσπ at both faces of the membrane with respect to the concentrations;
        LAYER: conductances of the two half cells at the membrane, m/s.
    membrane, slopes : ndarray
        Written by `interface.set_face` and (for `set_slopes`) by `interface.set_face_slopes`.
    scratch : ndarray, shape (6, solutes)
        Scratch array.
    """

    scalars: Array
    width: Array
    metric: Array
    state: Array
    sides: Array
    membrane: Array
    slopes: Array
    scratch: Array

    @property
    def water_flux(self) -> float:
        """J_v, m/s."""
        return float(self.scalars[WATER])

    @property
    def stretch(self) -> tuple[float, float]:
        """Volume of liquid in each solution ÷ volume at the start."""
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
        """Concentrations outside the far faces (2, solutes), mol/m^3."""
        return self.sides[OUTSIDE]

    @property
    def wall_left(self) -> Array:
        """Concentrations at the left face of the membrane, mol/m^3."""
        return self.membrane[:, LEFT_WALL]

    @property
    def wall_right(self) -> Array:
        """Concentrations at the right face of the membrane, mol/m^3."""
        return self.membrane[:, RIGHT_WALL]


def new_faces(solutes: int, cells: int) -> Faces:
    """Arrays of `Faces`."""
    return Faces(
        scalars=np.zeros(8),
        width=np.zeros(cells),
        metric=np.zeros((3, cells + 1)),
        state=np.zeros((4, solutes, cells + 1)),
        sides=np.zeros((4, 2, solutes)),
        membrane=np.zeros((solutes, 5)),
        slopes=np.zeros((3, solutes, 5)),
        scratch=np.zeros((6, solutes)),
    )
