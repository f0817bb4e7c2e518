"""Hindered transport of rigid spheres in long cylindrical pores: which solutes pass a membrane, from sizes alone.

With λ the solute's radius over the pore's, a dilute neutral solute is held back three ways: its centre stays off the
wall (steric partition Φ), it diffuses more slowly than in the bulk (``H = Φ K_d``), and it is carried more slowly
than the solvent (``W = Φ K_c``). Integrated along the pore this *is* Spiegler and Kedem's law, with

=============================== ===================================================
``P = H D ε/Δx``                solute permeability, m/s
``σ = 1 − W``                   reflection coefficient
``L_p = r_p² (ε/Δx) / (8 μ)``   water permeability, m/(s Pa): Hagen and Poiseuille
=============================== ===================================================

where ε/Δx is the pores' share of the area over their length, tortuosity included. Limits, all exact: λ = 0 gives
``Φ = H = W = 1``; λ ≥ 1, a solute wider than the pore, gives ``Φ = H = W = 0``, that is ``P = 0`` and ``σ = 1``.

The solvent is a continuum here. In the densest membranes (reverse osmosis: pores as wide as a water molecule) the
numbers are indicative at best. Charge is not considered.

Source: P. Dechadilok and W. M. Deen, Hindrance Factors for Diffusion and Convection in Pores, Ind. Eng. Chem. Res.
45 (2006) 6953-6959, doi:10.1021/ie051387n. The article itself was not read; its equations and coefficients were read
in three implementations that agree: WaterTAP (``unit_models/nanofiltration_DSPMDE_0D.py``: both factors and the
asymptote), jcmnunes/phd-calculation-routines (``kd_dech.m``, ``kc_dech.m``: both factors) and NanoObjectDetection
(diffusion alone).
"""

from __future__ import annotations

import math

# Coefficients of λ, λ², … λ⁷. WaterTAP's manual prints −1.10115; its code and the others have +, which H(1) = 0 needs.
_DIFFUSION = (-1.56034, 0.528155, 1.91521, -2.81903, 0.270788, 1.10115, -0.435933)
_CLOSE_FIT = 0.95  # λ above which the asymptote replaces the published fit


def steric_partition(size_ratio: float) -> float:
    """Partition coefficient of a sphere between a cylindrical pore and the bulk (Ferry).

    ``Φ = (1 − λ)²``: the share of the pore's section that the sphere's centre can reach.

    Parameters
    ----------
    size_ratio : float
        λ, radius of the solute over that of the pore, 0 or more (also infinite).

    Returns
    -------
    float
        Φ, from 1 at λ = 0 to 0 at λ ≥ 1.

    Raises
    ------
    ValueError
        If λ is negative or not a number.
    """
    if not size_ratio >= 0.0:  # also catches nan
        raise ValueError(f"size ratio {size_ratio!r}: must be 0 or more")
    return (1.0 - size_ratio) ** 2 if size_ratio < 1.0 else 0.0


def hindered_diffusion(size_ratio: float) -> float:
    """Hindrance factor of diffusion: pore over bulk, averaged over the section, the steric partition included.

    ``H = Φ K_d = 1 + (9/8) λ ln λ + Σ_n a_n λⁿ``, n = 1 to 7, up to λ = 0.95; for closer fits the asymptote
    ``H = 0.984 Φ ((1 − λ)/λ)^{5/2}``.

    At λ = 0.95 itself the published asymptote lies 0.6 % above the published fit, so that switching there would let H
    rise with λ. The two cross at λ = 0.950098; above 0.95 the smaller one is taken, which is continuous and falls
    throughout (H is 1.5e-6 there).

    Parameters
    ----------
    size_ratio : float
        λ, radius of the solute over that of the pore, 0 or more (also infinite).

    Returns
    -------
    float
        H, from 1 at λ = 0 to 0 at λ ≥ 1.

    Raises
    ------
    ValueError
        If λ is negative or not a number.

    Notes
    -----
    Against centreline theory (Bungay and Brenner 1973), which does not average over the section: within 8 % up to
    λ = 0.4, 13 % above it at 0.5, 75 % above it at 0.95. Against Renkin (1954): within 8 % up to λ = 0.6, beyond
    which that expression fails.

    References
    ----------
    Dechadilok and Deen (2006), see the module.
    """
    partition = steric_partition(size_ratio)
    if partition == 0.0:
        return 0.0
    if size_ratio == 0.0:
        return 1.0
    fit = 1.0 + 9.0 / 8.0 * size_ratio * math.log(size_ratio)
    fit += sum(a * size_ratio**n for n, a in enumerate(_DIFFUSION, start=1))
    if size_ratio <= _CLOSE_FIT:
        return fit
    return min(fit, 0.984 * partition * math.pow((1.0 - size_ratio) / size_ratio, 2.5))


def hindered_convection(size_ratio: float) -> float:
    """Hindrance factor of convection: solute over solvent, averaged over the section, the steric partition included.

    ``W = Φ K_c = (1 − λ)² (1 + 3.867 λ − 1.907 λ² − 0.834 λ³) / (1 + 1.867 λ − 0.741 λ²)``.

    ``1 − W`` is ``7.9 λ²`` for small λ and positive for every λ > 0, so nothing but round-off (2e-16) ever takes W
    above 1; W is then set to 1.

    Parameters
    ----------
    size_ratio : float
        λ, radius of the solute over that of the pore, 0 or more (also infinite).

    Returns
    -------
    float
        W, from 1 at λ = 0 to 0 at λ ≥ 1; never above 1.

    Raises
    ------
    ValueError
        If λ is negative or not a number.

    Notes
    -----
    Centreline theory (Bungay and Brenner 1973) gives up to 9 % more (most at λ = 0.45), that is, a reflection
    coefficient smaller by up to 0.051 (at 0.30).

    References
    ----------
    Dechadilok and Deen (2006), see the module.
    """
    partition = steric_partition(size_ratio)
    if partition == 0.0:
        return 0.0
    x = size_ratio
    drag = (1.0 + x * (3.867 - x * (1.907 + x * 0.834))) / (1.0 + x * (1.867 - x * 0.741))
    return min(partition * drag, 1.0)


def pore_transport(
    solute_radius: float, pore_radius: float, porosity_over_thickness: float, diffusivity: float
) -> tuple[float, float]:
    """Permeability and reflection coefficient of a porous membrane for one solute.

    ``P = H D ε/Δx`` and ``σ = 1 − W`` at ``λ = r_s/r_p``: the two numbers that Spiegler-Kedem and Kedem-Katchalsky
    ask for.

    Parameters
    ----------
    solute_radius : float
        r_s, m (Stokes radius), 0 or more. Infinite is allowed: it does not pass.
    pore_radius : float
        r_p, m, positive and finite.
    porosity_over_thickness : float
        ε/Δx, 1/m, 0 or more: area fraction of the pores over their length, tortuosity included.
    diffusivity : float
        D of the solute in the bulk, m²/s, 0 or more, at the temperature of the membrane.

    Returns
    -------
    tuple of float
        ``P``, m/s, and ``σ``, 0 to 1; exactly ``(D ε/Δx, 0.0)`` for a point, ``(0.0, 1.0)`` for ``r_s ≥ r_p``.

    Raises
    ------
    ValueError
        For a value outside these ranges, or not a number.
    """
    _positive("pore radius", pore_radius)
    _not_negative("porosity over thickness", porosity_over_thickness)
    _not_negative("diffusivity", diffusivity)
    if not solute_radius >= 0.0:
        raise ValueError(f"solute radius {solute_radius!r}: must be 0 or more")
    size_ratio = solute_radius / pore_radius
    permeability = hindered_diffusion(size_ratio) * diffusivity * porosity_over_thickness
    return permeability, 1.0 - hindered_convection(size_ratio)


def water_permeability(pore_radius: float, porosity_over_thickness: float, viscosity: float) -> float:
    """Water permeability of a membrane of equal cylindrical pores.

    Hagen and Poiseuille: ``L_p = r_p² (ε/Δx) / (8 μ)``.

    Parameters
    ----------
    pore_radius : float
        r_p, m, positive and finite.
    porosity_over_thickness : float
        ε/Δx, 1/m, 0 or more: area fraction of the pores over their length, tortuosity included.
    viscosity : float
        μ of the solvent, Pa s, positive and finite (`temperature.water_viscosity`).

    Returns
    -------
    float
        L_p, m/(s Pa).

    Raises
    ------
    ValueError
        For a value outside these ranges, or not a number.
    """
    _positive("pore radius", pore_radius)
    _not_negative("porosity over thickness", porosity_over_thickness)
    _positive("viscosity", viscosity)
    return pore_radius**2 * porosity_over_thickness / (8.0 * viscosity)


def _positive(name: str, value: float) -> None:
    """Raise a ValueError unless the value is positive and finite."""
    if not 0.0 < value < math.inf:
        raise ValueError(f"{name} {value!r}: must be positive and finite")


def _not_negative(name: str, value: float) -> None:
    """Raise a ValueError unless the value is 0 or more and finite."""
    if not 0.0 <= value < math.inf:
        raise ValueError(f"{name} {value!r}: must be 0 or more and finite")
