"""Numerical tools that several exact solutions use."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FINEST = 4 * float(np.finfo(float).eps)  # the smallest relative tolerance that scipy's brentq accepts


def invert_laplace(transform: Callable[[NDArray], NDArray], time: float) -> Array:
    """Inverse Laplace transform: the Bromwich integral by the trapezoidal rule on the parabola ``z = mu (1 + i u)^2``.

    Parameters
    ----------
    transform : callable
        Transforms of real functions, analytic except on the negative real axis and at zero. It takes z (point,) and
        returns (point, quantity).
    time : float
        s, positive.

    Returns
    -------
    ndarray, shape (quantity,)
        The functions at this time.

    Raises
    ------
    ValueError
        If the time is not positive.
    """
    if time <= 0:
        raise ValueError(f"time {time}: the inverse Laplace transform needs a time above zero")
    # h = 3/n and mu = pi n/(12 t) balance the two discretisation errors with the truncation error, about 8^-n.
    # A larger n gains nothing: round-off grows as exp(mu t).
    n = 16
    u = (np.arange(n) + 0.5) * 3 / n
    mu = np.pi * n / (12 * time)
    z = mu * (1 + 1j * u) ** 2
    # dz = 2 i mu (1 + i u) du; the lower half is the conjugate of the upper
    weights = np.exp(z * time) * (1 + 1j * u) * (2 * mu / np.pi * 3 / n)
    return np.real(weights @ transform(z))
