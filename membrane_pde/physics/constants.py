"""Constants of nature that several laws take."""

# Both exact by definition of the SI of 2019; a test compares them with scipy.constants.
AVOGADRO = 6.02214076e23  # 1/mol
GAS_CONSTANT = 8.31446261815324  # J/(mol K), Avogadro times Boltzmann

STANDARD_GRAVITY = 9.80665  # m/s^2, exact by definition (CGPM 1901)
ZERO_CELSIUS = 273.15  # K, exact by definition
STANDARD_ATMOSPHERE = 101325.0  # Pa, exact by definition
