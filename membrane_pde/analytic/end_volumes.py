"""Volumes at which osmosis between two compartments ends, in closed form: ideal solutions, impermeable solutes.

Amounts are in osmol (dissociation number times mol). Volumes and amounts are both totals, or both per membrane area.
"""

import numpy as np


def two_pistons_equilibrium(amount_left: float, amount_right: float, total_volume: float, excess: float = 0.0) -> float:
    """Left volume at which osmosis between two pistons ends.

    It is the root in ``(0, V_T)`` of ``n1/V - n2/(V_T - V) = g``, that is of
    ``g V^2 - (g V_T + N) V + n1 V_T = 0``. For the right volume to full accuracy swap the amounts and change the sign
    of g.

    Parameters
    ----------
    amount_left, amount_right : float
        n1, n2 (osmol), N = n1 + n2 > 0.
    total_volume : float
        V_T.
    excess : float
        ``g = (p_L - p_R)/(sigma R T)``, osmol per volume.

    Returns
    -------
    float
        V; 0 or V_T when a side runs dry.

    Raises
    ------
    ValueError
        If neither side holds solute.
    """
    n1, n2, g = amount_left, amount_right, excess
    if n1 + n2 <= 0:
        raise ValueError("no solute: without it every volume is an equilibrium, or none")
    b = g * total_volume + n1 + n2
    # the discriminant as a sum of squares: no cancellation
    root = float(np.hypot(b - 2 * n1, 2 * np.sqrt(n1 * n2)))
    if b > 0:
        return 2 * n1 * total_volume / (b + root)
    return (b - root) / (2 * g)


def u_tube_equilibrium(
    *,
    amount_left: float,
    amount_right: float,
    total_volume: float,
    area_left: float,
    area_right: float,
    weight: float,
    rt: float,
    pressure: float = 0.0,
) -> float:
    """Left volume at which osmosis in a U-tube with vertical arms ends.

    It is the root in ``(0, V_T)`` of the cubic
    ``R T (n1/V1 - n2/V2) = rho g (V1/a1 - V2/a2) + p``, ``V1 + V2 = V_T``.

    Parameters
    ----------
    amount_left, amount_right : float
        n1, n2, osmol, at least one of them above zero.
    total_volume : float
        V_T, m^3.
    area_left, area_right : float
        Cross sections a1, a2 of the arms, m^2; the levels are V/a.
    weight : float
        rho g, Pa/m.
    rt : float
        sigma R T, J/mol.
    pressure : float
        Applied on the left arm minus that on the right arm, Pa.

    Returns
    -------
    float
        V1, m^3.

    Raises
    ------
    ValueError
        If no root leaves liquid in both arms.
    """
    # y = V1/V_T; the hydrostatic side of the equation is s0 + s1 y
    n1, n2 = rt * amount_left / total_volume, rt * amount_right / total_volume
    s0 = pressure - weight * total_volume / area_right
    s1 = weight * total_volume * (1 / area_left + 1 / area_right)
    roots = np.roots([s1, s0 - s1, -(s0 + n1 + n2), n1])
    real = roots.real[np.abs(roots.imag) <= 1e-6 * np.abs(roots)]
    inside = real[(real > 0) & (real < 1)]
    if inside.size == 0:
        raise ValueError("an arm of the U-tube runs dry before the forces balance")
    y = float(inside[np.argmin(np.abs(n1 * (1 - inside) - n2 * inside - (s0 + s1 * inside) * inside * (1 - inside)))])
    for _ in range(3):  # Newton's method restores the digits that the companion matrix loses
        rest = n1 / y - n2 / (1 - y) - s0 - s1 * y
        y += rest / (n1 / y**2 + n2 / (1 - y) ** 2 + s1)
    return total_volume * y
