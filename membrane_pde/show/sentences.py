"""Sentences that describe a run, from its summary."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from membrane_pde.input.properties import LEAST
from membrane_pde.results.remarks import CHANGED_DIRECTION, NEAR, NOT_FOUND, is_near
from membrane_pde.show.formatting import duration, number, quantity
from membrane_pde.show.readings import SIDES

AS_NOTHING = 1e-5  # deviation of a rejection below 0 or above 1 that is an error of the run
_LAG = 0.01  # difference of the distances to equilibrium of solutes and water above which it is mentioned


def sentence(summary: Mapping[str, Any], labels: Mapping[str, str] | None = None) -> str:
    """Describe the run in plain language.

    Parameters
    ----------
    summary : mapping
        As `Result.summary`.
    labels : mapping, optional
        What to call the sides, `{"left": "fresh", "right": "saline"}` (see `labels_of`).

    Returns
    -------
    str
        For example "Water moved from the left (fresh) to the right (saline): osmosis, 4.1 L/m² in 2 h. The run has come
        93 % of the way to equilibrium."
    """
    failed, reason = summary["status"] == "failed", str(summary["message"]).strip().rstrip(".")
    if failed and not summary["end_time_s"]:
        return f"The run stopped at once. {reason}."
    moved = summary["displaced_volume_m"] or 0.0
    origin, target = ("left", "right") if moved > 0 else ("right", "left")
    origin, target = side_text(origin, labels), side_text(target, labels)
    amount = quantity(abs(moved), "water moved")
    span = duration(summary["end_time_s"])
    process = summary["process"]
    if process == "osmosis":
        what = f"Water moved from {origin} to {target}: osmosis, {amount} in {span}."
    elif process == "reverse osmosis":
        higher = (summary["pressure_left_Pa"] or 0.0) - (summary["pressure_right_Pa"] or 0.0)
        verb = "was pressed" if higher * moved > 0 else "moved"
        what = f"Water {verb} from {origin} to {target}: reverse osmosis, {amount} in {span}."
    elif process == "filtration":
        higher = (summary["pressure_left_Pa"] or 0.0) - (summary["pressure_right_Pa"] or 0.0)
        what = f"Pressure drove water from {origin} to {target}: filtration, {amount} in {span}."
        if higher * moved <= 0:  # solutes that passed have undone the balance of the start
            what = (
                f"Water moved from {origin} to {target}, {amount} in {span}, although both sides had equal osmotic "
                "pressure at the start."
            )
    elif process == "diffusion":
        what = f"Without a membrane the two sides mixed by diffusion for {span}."
    else:
        if not _at_rest(summary):
            what = f"Hardly any water has moved in {span}, and it still flows."
        elif _changed_direction(summary):
            what = f"After {span} as much water was on each side as at the start{_why_no_flow(summary, labels)}."
        else:
            what = f"No water moved in {span}{_why_no_flow(summary, labels)}."
        if crossed := _crossed(summary):
            what += f" Solutes crossed the membrane: {crossed}."
    if _flows_back(summary):
        what += (
            f" At the end water flows the other way at {quantity(abs(summary['water_flux_m_per_s']), 'water flux')}."
        )
    if failed:
        return f"The run failed after {span}. {reason}. Until then: {what[0].lower()}{what[1:]}"
    message = str(summary["message"] or "").strip()
    parts = (
        what,
        _swelling(summary, labels),
        _power(summary),
        _selective(summary),
        _progress(summary),
        message,
    )
    return " ".join(part for part in parts if part)


def no_steady_state(reason: str | None) -> str:
    """A sentence for a case without a steady state, or of which none was found."""
    reason = str(reason or "").strip().rstrip(".")
    if reason.startswith(NOT_FOUND):
        return f"No steady state was found{reason.removeprefix(NOT_FOUND)}."
    return f"There is no steady state: {reason[0].lower()}{reason[1:]}." if reason else "There is no steady state."


def _power(summary: Mapping[str, Any]) -> str:
    """The power that osmosis against an applied pressure delivers at the end: pressure-retarded osmosis."""
    against = (summary["pressure_right_Pa"] or 0.0) - (summary["pressure_left_Pa"] or 0.0)
    power = (summary["water_flux_m_per_s"] or 0.0) * against
    if summary["process"] != "osmosis" or (summary["energy_J_per_m2"] or 0.0) >= 0.0 or power <= 0.0:
        return ""
    pressure = quantity(abs(against), "pressure")
    watts = f"{number(power, digits=3)} W/m²"
    return f"Flowing against {pressure}, the water delivers {watts} at the end (pressure-retarded osmosis)."


def side_text(side: str, labels: Mapping[str, str] | None) -> str:
    """A side with its label: "the left (fresh)"."""
    label = (labels or {}).get(side, side)
    return f"the {side} ({label})" if label and label != side else f"the {side}"


def _swelling(summary: Mapping[str, Any], labels: Mapping[str, str] | None) -> str:
    """A sentence on the change of the volume inside a curved membrane and of its area; "" for a planar one."""
    ratio, moved, now = (summary.get(key) for key in ("membrane_area_ratio", "displaced_volume_m", "length_left_m"))
    if ratio is None or moved is None or now is None or abs(ratio - 1.0) < 1e-4:
        return ""
    inside, verb = side_text("left", labels), "swelled" if ratio > 1.0 else "shrank"
    volume = number(now / (now + moved), digits=3)
    area = number(abs(100.0 * (ratio - 1.0)), digits=3)
    return (
        f"{inside[0].upper()}{inside[1:]} {verb} to {volume} times its volume; the area of the membrane "
        f"{'grew' if ratio > 1.0 else 'fell'} by {area} %."
    )


def _flows_back(summary: Mapping[str, Any]) -> bool:
    """True if water flows back at the end, at a rate that is no numerical error."""
    flows = any(each is not None for each in (summary["rejection"] or {}).values())
    against = (summary["water_flux_m_per_s"] or 0.0) * (summary["displaced_volume_m"] or 0.0) < 0.0
    return flows and against and summary["process"] != "no flow" and summary["status"] in ("steady", "completed")


def _at_rest(summary: Mapping[str, Any]) -> bool:
    """True if no water flows at the end, except for round-off; otherwise the run was too short for water to move."""
    if summary["status"] in ("equilibrium", "steady") or _changed_direction(summary):
        return True
    lengths = sum(summary[f"length_{side}_m"] or 0.0 for side in SIDES)
    return bool(abs(summary["water_flux_m_per_s"] or 0.0) * (summary["end_time_s"] or 0.0) <= 1e-13 * lengths)


def _changed_direction(summary: Mapping[str, Any]) -> bool:
    """The water flux changed direction during the run."""
    return CHANGED_DIRECTION in str(summary["message"])


def _why_no_flow(summary: Mapping[str, Any], labels: Mapping[str, str] | None) -> str:
    left, right = summary["pressure_left_Pa"] or 0.0, summary["pressure_right_Pa"] or 0.0
    osmotic = [summary[f"wall_osmotic_pressure_{side}_Pa"] or 0.0 for side in SIDES]
    largest = max(map(abs, (left, right, *osmotic)))
    if abs(left - right) > 1e-6 * largest:
        higher = side_text("left" if left > right else "right", labels)
        more = f"the pressure is {quantity(abs(left - right), 'pressure')} higher on {higher}"
        stopped = abs(osmotic[0] - osmotic[1]) > 1e-6 * largest
        return f": {more}, which stops osmosis" if stopped else f", although {more}"
    return ": the two sides are isotonic" if summary["tonicity"] == "isotonic" else ""


def _crossed(summary: Mapping[str, Any]) -> str:
    """Transferred amount of each solute, if it exceeds the round-off of the contents and of the other solutes."""
    lengths, amounts = sum(summary[f"length_{side}_m"] or 0.0 for side in SIDES), {}
    for solute, amount in (summary["amount_transferred_mol_per_m2"] or {}).items():
        held = max(summary[f"concentration_{side}_mol_per_m3"].get(solute) or 0.0 for side in SIDES) * lengths
        if abs(amount) > LEAST * held:
            amounts[solute] = amount
    largest = max(map(abs, amounts.values()), default=0.0)
    return ", ".join(
        f"{number(abs(a), digits=3)} mol/m² of {s} to the {'right' if a > 0 else 'left'}"
        for s, a in amounts.items()
        if abs(a) > LEAST * largest
    )


# -- what the membrane held back ------------------------------------------------------------------------------------
def held_back(rejection: float | None, digits: int = 4) -> str:
    """A rejection in per cent, or a phrase if it lies outside 0 to 100 %; "" if there is none.

    Parameters
    ----------
    rejection : float or None
        ``1 − (J_s/J_v)/c``. Between 0 and 1 the water carries less of the solute than it has. Above 1 the solute goes
        against the water, below 0 more of it passes than the water has: it diffuses.
    digits : int
        At least so many; more if a rejection below 1 would be rounded to 100 %.
    """
    if rejection is None or not math.isfinite(rejection):
        return ""
    if rejection > 1.0 + AS_NOTHING:
        return "goes against the water"
    if rejection < -AS_NOTHING:
        return "passes faster than the water"
    share = 100.0 * min(max(rejection, 0.0), 1.0)
    while rejection < 1.0 - 1e-9 and digits < 12 and number(share, digits=digits) == "100":
        digits += 1
    return number(share, digits=digits)


def _selective(summary: Mapping[str, Any]) -> str:
    """The rejection over the whole run, and at its end if it differs there; which solutes do not follow the water."""
    if summary["process"] not in ("osmosis", "reverse osmosis", "filtration"):
        return ""
    collected, final = summary["collected_rejection"] or {}, summary["rejection"] or {}
    held, astray = [], []
    for solute, at_end in final.items():
        last, whole = (held_back(each, digits=3) for each in (at_end, collected.get(solute)))
        if _has_died_out(summary, solute):
            last = ""
        shares = [each for each in (whole, last) if each[:1].isdigit()]
        if shares and summary["process"] != "osmosis":
            held.append(f"{shares[0]} % of the {solute}")
            if whole in shares and last in shares and whole != last:
                held[-1] += f" ({last} % at the end)"
            elif whole and whole not in shares:
                held[-1] += " at the end"
        if last and last not in shares:
            astray.append(f"At the end the {solute} {last}.")
    return " ".join(([f"The membrane held back {', '.join(held[:4])}."] if held else []) + astray[:4])


def _has_died_out(summary: Mapping[str, Any], solute: str) -> bool:
    """True if at the end the water, or a solute, crosses a thousand times slower than in the mean of the run."""
    if summary["status"] == "equilibrium":
        return True
    amounts, fluxes = summary["amount_transferred_mol_per_m2"] or {}, summary["solute_flux_mol_per_m2_s"] or {}
    pairs = (
        (summary["displaced_volume_m"], summary["water_flux_m_per_s"]),
        (amounts.get(solute), fluxes.get(solute)),
    )
    time = summary["end_time_s"] or 0.0
    return any(abs(moved or 0.0) * NEAR > abs(flux or 0.0) * time for moved, flux in pairs)


# -- how far it came ------------------------------------------------------------------------------------------------
def water_distance(summary: Mapping[str, Any]) -> float | None:
    """``|X − X_eq|/|X_eq|`` of the water alone; None if no water moves until equilibrium, or that is not known."""
    goal = (summary["equilibrium"] or {}).get("displaced_volume_m")
    lengths = sum(summary[f"length_{side}_m"] or 0.0 for side in SIDES)
    if goal is None or abs(goal) <= 1e-12 * lengths:
        return None
    return abs((summary["displaced_volume_m"] or 0.0) - goal) / abs(goal)


def _progress(summary: Mapping[str, Any]) -> str:
    """Progress of the run, from its status and its distance to equilibrium.

    It is measured by the water, if water moves until equilibrium; then the solutes are mentioned if they lag behind.
    `distance_to_equilibrium`, the larger one of both, would hide which of them lags.
    """
    distance, message = summary["distance_to_equilibrium"], str(summary["message"])
    if summary["status"] == "equilibrium":
        return "It is at equilibrium."
    if summary["status"] == "steady":
        return "The state is steady."
    end = summary["equilibrium"]
    if end is None or end["concentration_left_mol_per_m3"] is None:
        known = "equilibrium" in message or "never balance" in message  # the message gives the reason
        return "" if known else "There is no equilibrium to compare with."
    if distance is None:
        return "It was at equilibrium from the start."
    water, moved = water_distance(summary), summary["displaced_volume_m"] or 0.0
    shortest = min(summary[f"length_{side}_m"] or math.inf for side in SIDES)
    if is_near(distance, moved, end["displaced_volume_m"], shortest):
        return f"The run was within 0.1 % of equilibrium when the {duration(summary['end_time_s'])} ended."
    if water is None:
        away = end["displaced_volume_m"] is not None and abs(moved) > NEAR * shortest
        back = "; the water that has moved will flow back" if away else ""
        if distance > 1 + 1e-6:
            return f"The solutes are farther from equilibrium than at the start{back}."
        return f"The run has come {_percent(1 - distance)} of the way to equilibrium{back}."
    lag = "; the solutes are not yet evenly spread" if distance > water + _LAG else ""
    share = moved / end["displaced_volume_m"]
    if share < -1e-6:
        return "So far the water has moved away from equilibrium."
    if share > 1 + NEAR:
        percent = number(100 * share, digits=3)
        return f"More water has moved than at equilibrium ({percent} %): some will flow back."
    if water < NEAR:
        return f"The water is within 0.1 % of equilibrium{lag}."
    if lag:
        return f"The water has come {_percent(share)} of the way to equilibrium{lag}."
    return f"The run has come {_percent(share)} of the way to equilibrium."


def _percent(part: float) -> str:
    """A share in per cent; near 100 rounded towards 0, so that it says 100 only when it is."""
    percent = 100 * part + 1e-9
    rounded = math.trunc(10 * percent) / 10 if percent > 99 else round(percent, 0 if percent >= 10 else 1)
    return f"{number(float(rounded))} %"
