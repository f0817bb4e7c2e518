"""The chain of cells across the membrane, made of regions: solutions, and the pores of support layers.

From left to right: the left solution, the pores of its support layer, the membrane, the pores of the support layer on
the right, the right solution. A region has the properties that its cells have in common: porosity (liquid volume ÷
volume), tortuosity (length of the path through the pores ÷ thickness), and whether it stretches with its liquid or is
rigid. `model.mesh` divides the regions into cells, `model.discretize` adds the cells of baths, and `model.metric`
computes the volumes of the cells as functions of the displaced volume.
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
        ε, liquid volume ÷ volume; τ, length of the path through the pores ÷ thickness. The effective diffusivity is
        ``ε D/τ``, with D the diffusivity in free solution.
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
        Indices of its cells in the mesh.
    porosity, tortuosity : float
        ε and τ of `Pores`; 1 in a solution.
    rigid : bool
        True for the pores of a support layer, which neither stretch nor move while liquid flows through them.
    """

    side: str
    cells: slice
    porosity: float = 1.0
    tortuosity: float = 1.0
    rigid: bool = False
