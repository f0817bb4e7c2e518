"""The solute flux by each of the membrane's flux laws, from the coefficients in `membrane_pde.physics.fluxes`."""

from membrane_pde.physics.fluxes import KEDEM_KATCHALSKY, linear_coefficients, logarithmic_mean

SOLUTION_DIFFUSION = "solution-diffusion"
SPIEGLER_KEDEM = "spiegler-kedem"
LAWS = [SOLUTION_DIFFUSION, KEDEM_KATCHALSKY, SPIEGLER_KEDEM]


def solute_flux(
    law: str,
    permeability: float,
    reflection: float,
    water_flux: float,
    wall_left: float,
    wall_right: float,
    partition: float = 1.0,
) -> float:
    """Solute flux from left to right, mol/m^2/s, for given concentrations at both sides of the membrane.

    ``solution-diffusion``: ``P (c_L − c_R/K)``. ``kedem-katchalsky``: that plus ``(1−σ) J_v c̄`` with the logarithmic
    mean c̄. ``spiegler-kedem``: see `linear_coefficients`.
    """
    if law == KEDEM_KATCHALSKY:
        mean = logarithmic_mean(wall_left, wall_right / partition)
        return permeability * (wall_left - wall_right / partition) + (1.0 - reflection) * water_flux * mean
    a, b, _, _ = linear_coefficients(permeability, reflection, partition, water_flux)
    return a * wall_left - b * wall_right
