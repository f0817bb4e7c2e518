import pytest
import scipy.constants

from membrane_pde.physics import constants


def test_constants_are_those_of_the_si() -> None:
    assert pytest.approx(scipy.constants.R, rel=1e-15) == constants.GAS_CONSTANT
    assert scipy.constants.N_A == constants.AVOGADRO
    assert scipy.constants.g == constants.STANDARD_GRAVITY
    assert scipy.constants.atm == constants.STANDARD_ATMOSPHERE
    assert scipy.constants.zero_Celsius == constants.ZERO_CELSIUS
