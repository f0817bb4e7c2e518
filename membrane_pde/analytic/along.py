"""Exact solutions along a membrane: an element with complete rejection, and a dialyser."""

from __future__ import annotations

import math


def rejecting_element(
    area: float, water_permeability: float, pressure: float, feed_flow: float, osmotic_pressure: float
) -> float:
    """Concentrate flow of a reverse-osmosis element with complete rejection.

    Without polarization and pressure drop ``dQ = −L_p (Δp − π_0 Q_0/Q) dA``, whose integral is

        L_p Δp A = (Q_0 − Q) + Q_0 (π_0/Δp) ln[(Δp − π_0) Q_0/(Δp Q − π_0 Q_0)]

    Parameters
    ----------
    area : float
        A, m^2.
    water_permeability : float
        L_p, m/s/Pa.
    pressure : float
        Δp, Pa; it must exceed the osmotic pressure.
    feed_flow : float
        Q_0, m^3/s.
    osmotic_pressure : float
        π_0 of the feed, Pa; it is proportional to the concentration.

    Returns
    -------
    float
        Q, m^3/s, by bisection.

    Raises
    ------
    ValueError
        If the pressure does not exceed the osmotic pressure.
    """
    if not pressure > osmotic_pressure:
        raise ValueError("the pressure is not above the osmotic pressure of the feed")
    share = osmotic_pressure / pressure

    def needed(flow: float) -> float:
        rest = flow / feed_flow
        log = math.log((1.0 - share) / (rest - share)) if rest > share else math.inf
        return feed_flow * ((1.0 - rest) + share * log) / (water_permeability * pressure)

    low, high = share * feed_flow, feed_flow
    while low < (middle := 0.5 * (low + high)) < high:
        low, high = (middle, high) if needed(middle) > area else (low, middle)
    return high


def dialyser_clearance(transfer: float, blood_flow: float, dialysate_flow: float, counter_current: bool) -> float:
    """Clearance of a dialyser without ultrafiltration, with an overall mass-transfer coefficient K₀.

    Counter-current ``K = Q_B (e^Z − 1)/(e^Z − Q_B/Q_D)`` with ``Z = (K₀A/Q_B)(1 − Q_B/Q_D)``, which is
    ``Q_B/(1 + Q_B/(K₀A))`` at equal flows; co-current ``K = Q_B (1 − e^{−(K₀A/Q_B)(1 + Q_B/Q_D)})/(1 + Q_B/Q_D)``.

    Parameters
    ----------
    transfer : float
        K₀A, m^3/s.
    blood_flow, dialysate_flow : float
        Q_B and Q_D, m^3/s.
    counter_current : bool
        True for counter-current flow, False for co-current flow.

    Returns
    -------
    float
        K, m^3/s.

    References
    ----------
    A. S. Michaels, 1966, as quoted in the project's issue on elements and dialysers.
    """
    ratio = blood_flow / dialysate_flow
    if not counter_current:
        return blood_flow * -math.expm1(-transfer / blood_flow * (1.0 + ratio)) / (1.0 + ratio)
    if ratio == 1.0:
        return blood_flow / (1.0 + blood_flow / transfer)
    z = transfer / blood_flow * (1.0 - ratio)
    taken = -math.expm1(-z)
    return blood_flow * taken / (taken + (1.0 - ratio) * math.exp(-z))  # avoids cancellation at nearly equal flows
