"""The chain of cells across the membrane, made of regions: solutions, and the pores of support layers.

From left to right: the left solution, the pores of its support layer, the membrane, the pores of the support layer on
the right, the right solution. A region has the properties that its cells share: the share of their volume that is
liquid (porosity), the length of the way through the pores over the thickness (tortuosity), and whether it stretches
with its liquid or is rigid. `model.mesh` cuts the regions into cells, `model.discretize` adds the cells of baths, and
`model.metric` has the volumes of the cells as functions of the displaced volume.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Pores(NamedTuple):
    """A support layer: a rigid porous medium beside the membrane.

    Attributes
    ----------
    widths : ndarray
        Cell widths, m, the one at the membrane first.
    porosity, tortuosity : float
        ε, share of the volume that is liquid; τ, length of the way through the pores over the thickness. Of the
        diffusivity D in free solution ``ε D/τ`` is left.
    """

    widths: NDArray[np.float64]
    porosity: float
    tortuosity: float


@dataclass(frozen=True)
class Region:
    """Neighbouring cells of one material.

    Attributes
    ----------
    side : str
        ``"left"`` or ``"right"``.
    cells : slice
        Of the mesh.
    porosity, tortuosity : float
        ε and τ of `Pores`; 1 in a solution.
    rigid : bool
        The pores of a support layer: they neither stretch nor move, and the liquid flows through them.
    """

    side: str
    cells: slice
    porosity: float = 1.0
    tortuosity: float = 1.0
    rigid: bool = False
