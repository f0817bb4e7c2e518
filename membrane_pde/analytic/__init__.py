"""Equilibrium and exact solutions, an independent check of the solver.

No other module of the package is imported here, and the osmotic pressure is either a function that the caller passes or
ideal. Index 1 means the left side, index 2 the right side, and a flux is positive from left to right.

================= =========================================================================
Module            Contents
================= =========================================================================
`along`           an element with complete rejection, a dialyser
`end_state`       the end state of any two compartments: concentrations, pressures, volumes
`end_volumes`     volumes at the end of osmosis in closed form, ideal solutions
`well_mixed`      well-mixed compartments over time
`diffusion`       diffusion without flow
`curved`          spheres and cylinders: swelling, diffusion out through a membrane
`film`            concentration polarization: films and an unstirred half-space
`forward_osmosis` steady fluxes through a membrane on a support layer, best pressure
`least_work`      least work of a separation
`numerics`        numerical tools that these modules use
================= =========================================================================
"""

from membrane_pde.analytic.along import dialyser_clearance, rejecting_element
from membrane_pde.analytic.curved import behind_membrane, behind_membrane_mean, swelling
from membrane_pde.analytic.diffusion import (
    TwoSlabs,
    degree_of_mixing,
    two_gases,
    two_gases_mean,
    two_slabs,
)
from membrane_pde.analytic.end_state import Equilibrium, equilibrium
from membrane_pde.analytic.end_volumes import (
    two_pistons_equilibrium,
    u_tube_equilibrium,
)
from membrane_pde.analytic.film import (
    FilmReverseOsmosis,
    film_ideal_membrane,
    film_reverse_osmosis,
    unstirred_semi_infinite_wall,
)
from membrane_pde.analytic.forward_osmosis import ForwardOsmosis, Osmosis, forward_osmosis, growing_polarization
from membrane_pde.analytic.least_work import least_work_of_recovery
from membrane_pde.analytic.well_mixed import (
    well_mixed_bath,
    well_mixed_two_pistons,
    well_mixed_utube,
)

__all__ = [
    "Equilibrium",
    "FilmReverseOsmosis",
    "ForwardOsmosis",
    "Osmosis",
    "TwoSlabs",
    "behind_membrane",
    "behind_membrane_mean",
    "degree_of_mixing",
    "dialyser_clearance",
    "equilibrium",
    "film_ideal_membrane",
    "film_reverse_osmosis",
    "forward_osmosis",
    "growing_polarization",
    "least_work_of_recovery",
    "rejecting_element",
    "swelling",
    "two_gases",
    "two_gases_mean",
    "two_pistons_equilibrium",
    "two_slabs",
    "u_tube_equilibrium",
    "unstirred_semi_infinite_wall",
    "well_mixed_bath",
    "well_mixed_two_pistons",
    "well_mixed_utube",
]
