"""Temperature dependence: density and viscosity of water, diffusivities in water, permeabilities of a membrane."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from membrane_pde.physics.constants import AVOGADRO, GAS_CONSTANT, ZERO_CELSIUS

FREEZING, BOILING = ZERO_CELSIUS, ZERO_CELSIUS + 100.0  # K

# IAPWS SR6-08(2011), Revised Supplementary Release on Properties of Liquid Water at 0.1 MPa, whose page
# (iapws.org/relguide/LiquidWater.html) states 253.15 to 383.15 K. Its coefficients were read in the
# function _Liquid of the Python package iapws 1.5.5.
_GAS_CONSTANT_OF_WATER = 461.51805  # J/(kg K)
_REFERENCE_TEMPERATURE = 10.0  # K
_REFERENCE_PRESSURE = 1e5  # Pa
_DENSITY_CONSTANT = 1.93763157e-2
_DENSITY_ALPHA = (  # coefficient, power of 10 K / (593 K - T)
    (6.74458446e3, 4),
    (-2.22521604e5, 5),
    (1.00231247e8, 7),
    (-1.63552118e9, 8),
    (8.32299658e9, 9),
)
_DENSITY_BETA = (  # coefficient, power of 10 K / (T - 232 K)
    (5.78545292e-3, 1),
    (-1.53195665e-2, 2),
    (3.11337859e-2, 3),
    (-4.23546241e-2, 4),
    (3.38713507e-2, 5),
    (-1.19946761e-2, 6),
)
_VISCOSITY = ((280.68, -1.9), (511.45, -7.7), (61.131, -19.6), (0.45903, -40.0))  # uPa s, power of T / 300 K


def water_density(temperature: ArrayLike) -> NDArray[np.float64]:
    """Density of pure liquid water at 0.1 MPa.

    ``1/rho = (R Tr / p) [a5 + sum_i a_i alpha^n_i + sum_j b_j beta^m_j]`` with ``Tr = 10 K``,
    ``alpha = Tr/(593 K - T)``, ``beta = Tr/(T - 232 K)``.

    Parameters
    ----------
    temperature : array_like
        K, from 273.15 to 373.15. Any shape.

    Returns
    -------
    ndarray or float
        kg/m^3, in the shape given (a NumPy float for a number).

    Raises
    ------
    ValueError
        Outside 0 to 100 degC, or not finite.

    References
    ----------
    IAPWS SR6-08(2011), Revised Supplementary Release on Properties of Liquid Water at 0.1 MPa, as
    implemented in the Python package iapws 1.5.5 (``iapws._iapws._Liquid``), which was read.
    """
    t = _checked(temperature)
    alpha = _REFERENCE_TEMPERATURE / (593.0 - t)
    beta = _REFERENCE_TEMPERATURE / (t - 232.0)
    series = (
        _DENSITY_CONSTANT + sum(a * alpha**n for a, n in _DENSITY_ALPHA) + sum(b * beta**m for b, m in _DENSITY_BETA)
    )
    return _REFERENCE_PRESSURE / np.asarray(_GAS_CONSTANT_OF_WATER * _REFERENCE_TEMPERATURE * series)


def water_viscosity(temperature: ArrayLike) -> NDArray[np.float64]:
    """Dynamic viscosity of pure liquid water at 0.1 MPa.

    ``mu / (1 uPa s) = sum_i a_i (T / 300 K)^b_i``, four terms.

    Parameters
    ----------
    temperature : array_like
        K, from 273.15 to 373.15. Any shape.

    Returns
    -------
    ndarray or float
        Pa s, in the shape given (a NumPy float for a number).

    Raises
    ------
    ValueError
        Outside 0 to 100 degC, or not finite.

    References
    ----------
    Equation 7 of IAPWS SR6-08(2011), as implemented in the Python package iapws 1.5.5
    (``iapws._iapws._Liquid``), which was read.
    """
    reduced = _checked(temperature) / 300.0
    return 1e-6 * np.asarray(sum(a * reduced**b for a, b in _VISCOSITY))


def diffusivity_scaling(temperature: ArrayLike, reference: ArrayLike) -> NDArray[np.float64]:
    """Ratio of the diffusivities in water at two temperatures.

    Stokes-Einstein: ``D(T)/D(T_ref) = (T/T_ref) mu(T_ref)/mu(T)``.

    Parameters
    ----------
    temperature, reference : array_like
        Temperature asked for, and temperature of the measured diffusivity, K, 273.15 to 373.15.

    Returns
    -------
    ndarray or float
        Dimensionless factor; exactly 1 for equal temperatures.

    Raises
    ------
    ValueError
        Outside 0 to 100 degC, or not finite.
    """
    t, t_ref = _checked(temperature), _checked(reference)
    return (t / t_ref) * (water_viscosity(t_ref) / water_viscosity(t))


def stokes_diffusivity(radius: ArrayLike, temperature: float) -> NDArray[np.float64]:
    """Diffusivity of a sphere in water.

    Stokes-Einstein: ``D = k T / (6 pi mu r)``.

    Parameters
    ----------
    radius : array_like
        r, m, positive. Any shape.
    temperature : float
        K, 273.15 to 373.15.

    Returns
    -------
    ndarray
        m^2/s, in the shape given.

    Raises
    ------
    ValueError
        For a temperature outside 0 to 100 degC, or not finite.
    """
    friction = 6.0 * math.pi * water_viscosity(temperature) * np.asarray(radius, dtype=float)
    return np.asarray(GAS_CONSTANT / AVOGADRO * temperature / friction)


def arrhenius_scaling(temperature: float, reference: float, activation_energy: float) -> float:
    """Ratio of the permeabilities of a membrane at two temperatures.

    Arrhenius: ``L_p(T)/L_p(T_ref) = exp[-E/R (1/T - 1/T_ref)]``, for the permeability to water and to a solute alike.

    Parameters
    ----------
    temperature, reference : float
        Temperature asked for, and temperature of the measured permeability, K, positive.
    activation_energy : float
        E, J/mol.

    Returns
    -------
    float
        Dimensionless factor; exactly 1 for equal temperatures, more than 1 if warmer.

    Raises
    ------
    OverflowError
        If the factor is too large for a float.
    """
    return math.exp(activation_energy / GAS_CONSTANT * (1.0 / reference - 1.0 / temperature))


def _checked(temperature: ArrayLike) -> NDArray[np.float64] | float:
    """The temperature as floats; a ValueError outside the range of liquid water."""
    if isinstance(temperature, float) and FREEZING <= temperature <= BOILING:  # the common call, of one temperature
        return temperature
    t = np.asarray(temperature, dtype=float)
    if not np.all((t >= FREEZING) & (t <= BOILING)):  # also catches nan
        raise ValueError(f"temperature {temperature!r} K: liquid water is known from {FREEZING} to {BOILING} K")
    return t
