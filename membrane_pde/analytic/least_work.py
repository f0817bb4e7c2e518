"""Least work to separate a solution, from its free energy of mixing."""

import math


def least_work_of_recovery(osmotic_pressure: float, recovery: float, passage: float = 0.0) -> float:
    """Least work per volume of permeate to separate an ideal solution into permeate and concentrate.

    ``w = (pi_0/Y) [(1 - Y) x_c ln x_c + Y x_p ln x_p]``, with concentrations relative to the feed: ``x_p`` of the
    permeate and ``x_c = (1 - Y x_p)/(1 - Y)`` of the concentrate. For ``x_p = 0`` it is ``(pi_0/Y) ln(1/(1 - Y))``, and
    for ``Y -> 0`` it is ``pi_0 (1 - x_p + x_p ln x_p)``. It is the free energy of mixing (ideal, solutes of negligible
    volume) of the two products minus that of the feed.

    Parameters
    ----------
    osmotic_pressure : float
        Osmotic pressure of the feed, pi_0, Pa.
    recovery : float
        Volume of the permeate divided by that of the feed, 0 < Y < 1.
    passage : float
        Concentration of the permeate divided by that of the feed, from 0 to 1.

    Returns
    -------
    float
        J/m^3.
    """
    left = 1 - recovery * passage
    concentrate = math.log1p(-recovery * passage) - math.log1p(-recovery)
    permeate = passage * math.log(passage) if passage > 0 else 0.0
    return osmotic_pressure * (left * concentrate / recovery + permeate)
