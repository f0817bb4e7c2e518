"""Forward and pressure-retarded osmosis through a membrane on a porous support: steady fluxes, best pressure."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from membrane_pde.analytic.numerics import FINEST, Array, invert_laplace


@dataclass(frozen=True)
class ForwardOsmosis:
    """Steady osmosis from a feed to a draw solution.

    Attributes
    ----------
    water_flux : float
        J_w from the feed to the draw solution, m/s.
    solute_flux : float
        J_s from the draw solution back to the feed, mol/m^2/s.
    feed_wall, draw_wall : float
        Concentrations at the active layer, mol/m^3.
    pressure : float
        Pressure of the draw solution minus that of the feed, Pa.
    """

    water_flux: float
    solute_flux: float
    feed_wall: float
    draw_wall: float
    pressure: float

    @property
    def power_density(self) -> float:
        """Power that the water does against the pressure, ``J_w dP``, W/m^2."""
        return self.water_flux * self.pressure


@dataclass(frozen=True)
class Osmosis:
    """A membrane on a porous support between a feed and a stronger draw solution, both well supplied.

    ``J_w = A [nu R T (c_D,w - c_F,w) - dP]`` and ``J_s = B (c_D,w - c_F,w)`` at the active layer (solution-diffusion).
    Through the layers in series on a side, which have the resistance R, solute is carried by the water and diffuses:
    ``c_F,w = c_F e^(J_w R_F) + (J_s/J_w)(e^(J_w R_F) - 1)`` on the feed's side, where it piles up, and
    ``c_D,w = c_D e^(-J_w R_D) - (J_s/J_w)(1 - e^(-J_w R_D))`` on the draw solution's, where it is diluted, so that
    ``c_D,w - c_F,w = (c_D e^(-J_w R_D) - c_F e^(J_w R_F)) / (1 + (B/J_w)(e^(J_w R_F) - e^(-J_w R_D)))``.
    A film has the resistance 1/k, a support layer S/D, where S = thickness times tortuosity over porosity is its
    structural parameter.

    Parameters
    ----------
    water_permeability, permeability : float
        A (m/(s Pa)) and B (m/s).
    feed, draw : float
        Concentrations c_F and c_D, mol/m^3, beyond all layers.
    feed_resistance, draw_resistance : float
        R_F and R_D, s/m: the sum of S/D and 1/k of what lies on that side.
    osmotic : float
        nu R T, J/mol.
    """

    water_permeability: float
    permeability: float
    feed: float
    draw: float
    feed_resistance: float
    draw_resistance: float
    osmotic: float

    def difference(self, flux: float) -> float:
        """``c_D,w - c_F,w`` at a water flux (m/s), mol/m^3."""
        return float(self._difference(flux).real)

    def _difference(self, flux: complex) -> complex:
        """`difference`, also at a complex flux; both exponentials are divided by the larger one against overflow."""
        ahead = 1.0 if flux.real >= 0 else -1.0
        whole = self.feed_resistance + self.draw_resistance
        larger = flux * (self.feed_resistance if ahead > 0 else -self.draw_resistance)
        feed = np.exp(flux * self.feed_resistance - larger)
        draw = np.exp(-flux * self.draw_resistance - larger)
        size = ahead * flux
        spread = -np.expm1(-size * whole) / size if size else whole  # (e^(J R_F) - e^(-J R_D))/J over the larger one
        return complex((self.draw * draw - self.feed * feed) / (np.exp(-larger) + self.permeability * spread))

    def _pressure(self, flux: complex) -> complex:
        return self.osmotic * self._difference(flux) - flux / self.water_permeability

    def pressure(self, flux: float) -> float:
        """Pressure difference ``nu R T (c_D,w - c_F,w) - J_w/A`` that goes with a water flux (m/s), Pa."""
        return self._pressure(flux).real

    def at_flux(self, flux: float) -> ForwardOsmosis:
        """The steady state with this water flux (m/s)."""
        across, resistance = self.difference(flux), self.feed_resistance
        solute = self.permeability * across
        piled = float(np.expm1(flux * resistance)) / flux if flux else resistance
        wall = self.feed * float(np.exp(flux * resistance)) + solute * piled
        return ForwardOsmosis(flux, solute, wall, wall + across, self.pressure(flux))

    def at_pressure(self, pressure: float = 0.0) -> ForwardOsmosis:
        """The steady state under a pressure of the draw solution over that of the feed (Pa).

        The one root of ``pressure(J_w) = dP``, bracketed: the difference at the active layer lies between -c_F and c_D,
        and the left side falls as J_w grows.
        """
        at_rest = self.pressure(0.0) - pressure
        if at_rest == 0:
            return self.at_flux(0.0)
        drive = self.osmotic * (self.draw if at_rest > 0 else -self.feed) - pressure
        far = self.water_permeability * drive * (1 + 1e-12)
        return self.at_flux(_root(lambda flux: self.pressure(flux) - pressure, far))

    def best(self) -> ForwardOsmosis:
        """The steady state of largest power density ``J_w dP``: the optimum of pressure-retarded osmosis.

        ``d(J_w dP)/dJ_w = 0`` between J_w = 0 and the flux at dP = 0; at both the power is zero. Without polarization
        and leakage it lies at half the difference of osmotic pressure, ``dP = dpi/2``, where it is ``A dpi^2/4``.

        Raises
        ------
        ValueError
            If no water flows to the draw solution by itself.
        """
        most = self.at_pressure().water_flux
        if most <= 0:
            raise ValueError("no water flows from the feed to the draw solution: there is no power to gain")
        step = 1e-30 * most  # a complex step: the derivative without cancellation

        def slope(flux: float) -> float:
            power = (flux + 1j * step) * self._pressure(flux + 1j * step)
            return power.imag / step

        return self.at_flux(_root(slope, most))


def _root(function: Callable[[float], float], far: float) -> float:
    """The root between 0 and `far`."""
    import scipy

    return float(scipy.optimize.brentq(function, *sorted((0.0, far)), xtol=1e-18 * abs(far), rtol=FINEST))


def forward_osmosis(
    facing: str,
    *,
    water_permeability: float,
    permeability: float,
    structural_parameter: float,
    diffusivity: float,
    feed: float,
    draw: float,
    osmotic: float,
    feed_transfer: float = np.inf,
    draw_transfer: float = np.inf,
) -> Osmosis:
    """A membrane whose active layer faces the feed or the draw solution; the support layer is on the other side.

    Parameters
    ----------
    facing : {"feed", "draw"}
        What the active layer faces: the feed in forward osmosis, the draw solution in pressure-retarded osmosis.
    water_permeability, permeability : float
        A (m/(s Pa)) and B (m/s).
    structural_parameter, diffusivity : float
        S (m) and D (m^2/s) of the solute; 0 m for a membrane without a support layer.
    feed, draw, osmotic : float
        As in `Osmosis`.
    feed_transfer, draw_transfer : float
        Mass-transfer coefficients k (m/s) of the films, beyond the support on its side.

    Returns
    -------
    Osmosis

    Raises
    ------
    ValueError
        For another word than "feed" and "draw".
    """
    if facing not in ("feed", "draw"):
        raise ValueError(f'the active layer faces {facing!r}: expected "feed" or "draw"')
    support = structural_parameter / diffusivity
    return Osmosis(
        water_permeability=water_permeability,
        permeability=permeability,
        feed=feed,
        draw=draw,
        feed_resistance=1 / feed_transfer + (support if facing == "draw" else 0.0),
        draw_resistance=1 / draw_transfer + (support if facing == "feed" else 0.0),
        osmotic=osmotic,
    )


def growing_polarization(
    time: ArrayLike,
    *,
    water_flux: float,
    thickness: float,
    porosity: float,
    tortuosity: float,
    diffusivity: float,
    concentration: float,
) -> Array:
    """Concentration at a membrane that holds the solute back, while polarization grows in its support layer.

    ``eps dc/dt + J dc/dx = (eps D/tau) d2c/dx2`` in the pores, x from the membrane, J the constant water flux from it
    into them; ``J c = (eps D/tau) dc/dx`` at x = 0, and c = c_0 at their outer end and at the start. With
    ``m = (J +- sqrt(J^2 + 4 eps D_e z))/(2 D_e)``, ``D_e = eps D/tau`` and ``E = exp(-(m_+ - m_-) L)`` the transform of
    ``c/c_0 - 1`` at the membrane is ``J (E - 1)/(z D_e (m_+ - m_- E))``. It ends at ``c_0 exp(-J S/D)``: diluted where
    water enters the pores, concentrated where it leaves them (J < 0).

    Parameters
    ----------
    time : array_like
        s, above zero.
    water_flux : float
        J, m/s.
    thickness, porosity, tortuosity : float
        L (m), eps, tau of the support layer.
    diffusivity, concentration : float
        D (m^2/s) and c_0 (mol/m^3).

    Returns
    -------
    ndarray
        mol/m^3, in the shape of ``time``.
    """
    effective = porosity * diffusivity / tortuosity

    def transform(z: Array) -> Array:
        root = np.sqrt(water_flux**2 + 4 * porosity * effective * z)
        ahead, back = (water_flux + root) / (2 * effective), (water_flux - root) / (2 * effective)
        gone = np.exp(-(ahead - back) * thickness)
        return (water_flux * (gone - 1) / (z * effective * (ahead - back * gone)))[:, None]

    def at(t: float) -> float:
        return concentration * (1 + float(invert_laplace(transform, t)[0]))

    return np.vectorize(at, otypes=[float])(np.asarray(time, float))
