"""Osmotic pressure."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Both exact by definition of the SI of 2019; a test compares them with scipy.constants.
AVOGADRO = 6.02214076e23  # 1/mol
GAS_CONSTANT = 8.31446261815324  # J/(mol K), Avogadro times Boltzmann


def ideal(concentration: ArrayLike, dissociation: ArrayLike, temperature: float) -> NDArray[np.float64]:
    """Osmotic pressure of each solute in an ideal (van 't Hoff) solution.

    ``pi_s = nu_s R T c_s``. Linear, so its derivative to ``c_s`` is ``nu_s R T``, which is
    ``ideal(1, dissociation, temperature)``, and no solute feels another.

    Parameters
    ----------
    concentration : array_like, shape (..., solute)
        mol/m^3.
    dissociation : array_like, shape (solute,)
        Particles per formula unit, nu.
    temperature : float
        K.

    Returns
    -------
    ndarray, shape (..., solute)
        Pa. The solution's osmotic pressure is the sum over the last axis.
    """
    return np.asarray(concentration) * (np.asarray(dissociation) * (GAS_CONSTANT * temperature))
