"""Osmotic pressure of the solutions of a case: data for `physics.osmotic`, and messages about their range.

`osmotic_pressure` answers for one solution, without a case file.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from membrane_pde import library
from membrane_pde.input import limits, units
from membrane_pde.input.build import build
from membrane_pde.input.case import Case
from membrane_pde.input.checks import density_problem
from membrane_pde.input.concentrations import apparent_volume, known_volume
from membrane_pde.input.errors import CaseError
from membrane_pde.input.parts import Solute
from membrane_pde.input.values import SAME, Profile
from membrane_pde.input.wording import nearest
from membrane_pde.physics import density
from membrane_pde.physics.constants import GAS_CONSTANT, ZERO_CELSIUS
from membrane_pde.physics.osmotic import IDEAL, MOST_DISSOLVED, PITZER, POLYNOMIAL, VIRIAL, Solution
from membrane_pde.physics.pitzer import Pitzer
from membrane_pde.physics.temperature import water_density

_PRESSURE_UNITS = ("Pa", "bar", "atm", "mmHg")


def solution(case: Case) -> Solution:
    """The osmotic model of a case, with its parameters.

    Parameters
    ----------
    case : Case
        Of a liquid.

    Returns
    -------
    Solution
    """
    solutes, temperature = case.solutes, case.temperature
    dissociation = tuple(solute.dissociation for solute in solutes.values())
    density, phi = (each.coefficients for each in (case.properties.density, case.properties.osmotic_coefficient))
    if phi:
        return _of_fraction(case, density, phi)
    if case.osmotic_model == IDEAL:
        return Solution(IDEAL, temperature, dissociation)
    if case.osmotic_model == VIRIAL:
        return Solution(VIRIAL, temperature, dissociation, virial=tuple(s.virial or () for s in solutes.values()))
    return _real(solutes, temperature, density)


def osmotic_model(case: Case) -> str:
    """The osmotic model in use: that of the case, unless it gives the osmotic coefficient as a polynomial."""
    return POLYNOMIAL if case.properties.osmotic_coefficient.polynomial else case.osmotic_model


def _of_fraction(case: Case, density_terms: tuple[float, ...], phi: tuple[float, ...]) -> Solution:
    """The osmotic coefficient of one solute as a polynomial in its mass fraction."""
    ((name, solute),) = case.solutes.items()
    mass = solute.molar_mass or 0.0
    room = known_volume(solute, case.temperature) or (0.0, 0.0, 0.0, 1.0)
    water = float(water_density(case.temperature))
    molality = solute.max_molality or MOST_DISSOLVED / (mass * (1.0 - MOST_DISSOLVED))
    if density_terms:
        try:
            most = density.of_polynomial(molality, "molality", density_terms, mass)
        except ValueError as error:
            raise CaseError(f"properties.density: at {molality:.4g} mol/kg of {name} {error}") from None
    else:
        most = density.molarity(molality, room, mass, water)
    return Solution(
        POLYNOMIAL,
        case.temperature,
        (solute.dissociation,),
        molar_mass=(mass,),
        volume=(room,),
        water_density=water,
        coefficient=phi,
        limit=(most,),
        density=density_terms,
    )


def _real(solutes: Mapping[str, Solute], temperature: float, density_terms: tuple[float, ...] = ()) -> Solution:
    """Pitzer's model of solutes with known apparent volumes, with those osmotic coefficients that are known."""
    dissociation = tuple(solute.dissociation for solute in solutes.values())
    water = float(water_density(temperature))
    volume = tuple(apparent_volume(solute, temperature) for solute in solutes.values())
    molar_mass = tuple(solute.molar_mass or 0.0 for solute in solutes.values())
    limit = []
    for solute, room, mass in zip(solutes.values(), volume, molar_mass, strict=True):
        alone = room[1] / room[3]  # at infinite dilution
        if solute.max_molality is not None:
            limit.append(density.molarity(solute.max_molality, room, mass, water))
        else:
            limit.append(0.5 / alone if alone > 0.0 else math.inf)
    ions, composition = _ions(solutes)
    return Solution(
        PITZER,
        temperature,
        dissociation,
        molar_mass=molar_mass,
        volume=volume,
        water_density=water,
        ions=Pitzer.of(ions, library.pitzer(), temperature) if ions else None,
        composition=composition,
        polynomial=tuple(solute.osmotic_coefficient or () for solute in solutes.values()),
        limit=tuple(limit),
        density=density_terms,
    )


def _ions(solutes: Mapping[str, Solute]) -> tuple[dict[str, int], tuple[tuple[int, int, float], ...]]:
    """Charges of the ions that the solutes make, and (solute, ion, count)."""
    known: dict[str, int] = library.pitzer()["charges"]
    charges: dict[str, int] = {}
    composition = []
    for i, solute in enumerate(solutes.values()):
        for ion, count in (solute.ions or {}).items():
            charges.setdefault(ion, known[ion])
            composition.append((i, list(charges).index(ion), count))
    return charges, tuple(composition)


def out_of_range(case: Case, model: Solution, concentrations: Iterable[Sequence[float]]) -> list[str]:
    """The message if a solution is outside the range of its osmotic data.

    Parameters
    ----------
    case : Case
    model : Solution
        From `solution`.
    concentrations : iterable of sequence of float
        Mixtures that occurred, mol/m^3.

    Returns
    -------
    list of str
        Sentences: one for each key of a solute that is used at another temperature, at most one for concentration (of
        virial coefficients: where the osmotic pressure falls with it).
    """
    if model.model == IDEAL:
        return []
    messages = []
    for path, (low, high) in case.source_ranges.items():
        key = path.rsplit(".", 1)[-1]
        used = key == "virial" if model.model == VIRIAL else key in ("osmotic_coefficient", "apparent_volume", "ions")
        if used and not low - 0.5 <= case.temperature <= high + 0.5:
            span = f"{low - ZERO_CELSIUS:.4g}" + ("" if low == high else f" to {high - ZERO_CELSIUS:.4g}")
            messages.append(f"{path} holds at {span} degC, and is used at {case.temperature - ZERO_CELSIUS:.4g} degC.")
    if model.model == VIRIAL:
        falling = next(
            ((row, i) for row in concentrations for i, k in enumerate(model.pressure(row)[1]) if k < 0.0), None
        )
        if falling is not None:
            row, i = falling
            messages.append(
                f"With the virial coefficients of {list(case.solutes)[i]} the osmotic pressure falls with its "
                f"concentration ({row[i]:.4g} mol/m^3): they do not reach that far."
            )
    if model.model in (PITZER, POLYNOMIAL):
        unknown = [
            name
            for name, solute in case.solutes.items()
            if model.model == PITZER
            and not solute.ions
            and solute.osmotic_coefficient is None
            and (solute.molar_mass or 0.0) > 0.0
        ]
        if unknown:
            messages.append(f"No osmotic coefficient of {', '.join(unknown)} is known: counted as ideal.")
        mixture = max(concentrations, key=model.reach, default=None)
        if mixture is not None and model.reach(mixture) > 1.0 + SAME:
            shares = [max(c, 0.0) / end for c, end in zip(mixture, model.limit, strict=True)]
            most_used = shares.index(max(shares))
            name = list(case.solutes)[most_used]
            most = case.solutes[name].max_molality
            end, reached = model.limit[most_used] / 1000.0, mixture[most_used] / 1000.0
            known = f"are known up to {most:g} mol/kg" if most else "end where it fills half of the volume"
            messages.append(
                f"The osmotic data of {name} {known} ({end:.4g} mol/L if alone); the solution went beyond "
                f"({reached:.4g} mol/L), where the osmotic pressure is taken as proportional to the concentration."
            )
    return messages


_FAR = 0.2  # relative difference from the ideal osmotic pressure above which there is a message
_DILUTE = 100.0  # concentration of particles, mol/m^3, below which there is no message


def real_solution(case: Case) -> Solution | None:
    """The `pitzer` model of a case with another osmotic model; None if data of its solutes are missing.

    Parameters
    ----------
    case : Case
        Of a liquid.

    Returns
    -------
    Solution or None
    """
    solutes = case.solutes.values()
    if case.properties.given or any(density_problem("", each) for each in solutes):
        return None
    return (
        _real(case.solutes, case.temperature)
        if any(each.ions or each.osmotic_coefficient for each in solutes)
        else None
    )


def far_from_ideal(case: Case, mixture: Sequence[float], real: Solution) -> list[str]:
    """The message if the osmotic pressure of a case differs much from that of the real solution.

    Parameters
    ----------
    case : Case
        With the ideal osmotic model.
    mixture : sequence of float
        The most concentrated solution that occurred, mol/m^3.
    real : Solution
        From `real_solution`.

    Returns
    -------
    list of str
        One sentence, or nothing.
    """
    solutes = case.solutes
    there = [max(c, 0.0) for c in mixture]
    particles = sum([each.dissociation * c for each, c in zip(solutes.values(), there, strict=True)])
    charges = [(each.charge or 0) * c for each, c in zip(solutes.values(), there, strict=True)]
    if particles < _DILUTE or abs(sum(charges)) > 0.01 * sum(map(abs, charges)):
        return []
    scale = min(1.0, 1.0 / real.reach(there))  # not beyond the range of the data
    ideal = GAS_CONSTANT * case.temperature * particles * scale
    pressure = real.pressure([c * scale for c in there])[0]
    if abs(pressure - ideal) <= _FAR * ideal:
        return []
    what = ", ".join(
        f"{limits.in_words(c * scale, solutes[name].molar_mass)} {name}"
        for name, c in zip(solutes, there, strict=True)
        if c > 0.0
    )
    already = "" if scale == 1.0 else "already "
    return [
        f"The ideal law is far off: of {already}{what} it makes an osmotic pressure of {ideal / 1e5:.3g} bar; the real "
        f'solution has {pressure / 1e5:.3g} bar (osmotic_model = "pitzer").'
    ]


def osmotic_pressure(
    concentration: Mapping[str, str],
    *,
    temperature: str = "25 degC",
    model: str = "pitzer",
    membrane: str | None = None,
    against: Mapping[str, str] | None = None,
    solutes: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Osmotic pressure, osmolarity and osmolality of a solution, and its tonicity.

    Parameters
    ----------
    concentration : mapping of str to str
        By solute, as in a case file: ``{"NaCl": "35 g/L"}``.
    temperature : str
        For example "10 degC".
    model : {"pitzer", "virial", "ideal"}
        The case file's `osmotic_model`.
    membrane : str, optional
        A membrane of the library, for the effective osmotic pressure across it.
    against : mapping of str to str, optional
        The solution on the other side of that membrane, for the tonicity.
    solutes : mapping, optional
        Properties of solutes that the library lacks, as in a case file.

    Returns
    -------
    dict
        ``osmotic_pressure_Pa``, ``…_bar``, ``…_atm``, ``…_mmHg``; ``ideal_osmotic_pressure_Pa`` (ν R T c);
        ``osmolarity_mOsm_per_L`` (Σ ν c) and ``osmolality_mOsm_per_kg`` (``1000 π/(R T ρ_w)``, what an osmometer
        shows); ``osmotic_coefficient`` (osmolality over Σ ν m); ``concentration_mol_per_m3``, ``molality_mol_per_kg``,
        ``density_kg_per_m3``; with a membrane ``effective_osmotic_pressure_Pa`` (Σ σ π over the solutes that cannot
        pass) and ``effective_osmolality_mOsm_per_kg``, with `against` also ``tonicity``; ``message`` if data
        are used outside their range. A value is None if it needs a density that is not known, or depends on whether a
        solute passes for which the library does not say.

    Raises
    ------
    CaseError
        Wrong input; the message says what was expected.
    """
    for key, table in {"concentration": concentration, "against": against, "solutes": solutes}.items():
        if table is not None and not isinstance(table, Mapping):
            raise CaseError(f'{key} = {table!r}: expected a value by solute, for example {{"NaCl": "35 g/L"}}')
    for name, own in (solutes or {}).items():
        if not isinstance(own, Mapping):
            raise CaseError(f'solutes.{name} = {own!r}: expected a table, for example {{"molar_mass": "58.44 g/mol"}}')
    names = list(dict.fromkeys([*concentration, *(against or {})]))
    if not concentration:
        raise CaseError('no solute: give at least one, for example NaCl="35 g/L"')
    if against is not None and membrane is None:
        raise CaseError('tonicity depends on the membrane: give one, for example "red-blood-cell" or "ideal"')
    if membrane == "none":
        raise CaseError('membrane = "none": expected a membrane of the library, or "ideal"')
    known = {**library.solutes(), **(solutes or {})}
    for name in names:
        if name not in known:
            near = nearest(name, known, always=True, substance=True)
            near += "" if near.endswith("?") else "."
            raise CaseError(
                f'the library has no solute "{name}"{near} Or describe it: in a case file, or by solutes in Python'
            )
    for name, each in [*concentration.items(), *(against or {}).items()]:
        if not isinstance(each, str):
            raise CaseError(f'{name}: expected one concentration, for example "35 g/L"')
    given = {name: dict((solutes or {}).get(name, {})) for name in names}
    for name, own in given.items():  # the diffusivity has no effect here
        if "diffusivity" not in own and "diffusivity" not in library.solutes().get(name, {}):
            own["diffusivity"] = "1e-9 m^2/s"
    sides = {
        "left": {name: concentration.get(name, "0 mol/L") for name in names},
        "right": {name: (against or {}).get(name, "0 mol/L") for name in names},
    }
    unknown = _unknown_to(membrane, {name: library.solutes().get(name, {}) | given[name] for name in names})
    raw = {
        "temperature": temperature,
        "osmotic_model": model,
        "solutes": given,
        **{side: {"length": "1 mm", "concentration": values} for side, values in sides.items()},
        "membrane": {"type": membrane or "ideal", "solutes": dict.fromkeys(unknown, _HELD_BACK)},
        "run": {"duration": "1 s"},
    }
    try:
        case = build(raw, "solution")
    except CaseError as error:  # the caller has no left and right side
        text = str(error).replace("left.concentration", "concentration").replace("right.concentration", "against")
        raise CaseError(text) from None
    return _answer(case, membrane is not None, against is not None, unknown)


_HELD_BACK = {"permeability": "0 m/s", "reflection": 1.0}


def _unknown_to(membrane: str | None, solutes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Solutes for which the library does not say whether they pass this membrane of the library."""
    entry = library.membranes().get(membrane or "")
    if entry is None:
        return []
    porous = "pore_radius" in entry  # coefficients of a solute with a radius are computed from the pores
    return [s for s, own in solutes.items() if s not in entry.get("solutes", {}) and not (porous and "radius" in own)]


def _tonicity(own: float, other: float) -> str:
    """Tonicity of a solution relative to another, from the solutes that cannot pass the membrane."""
    same = abs(own - other) <= 1e-3 * max(own, other)
    return "isotonic" if same else "hypotonic" if own < other else "hypertonic"


def _unknown_permeation_message(
    membrane: str, unknown: Sequence[str], held: str, passes: str, with_tonicity: bool
) -> str:
    """The message that the library does not say whether some solutes pass, with the tonicity in either case."""
    has = ", ".join(library.membranes()[membrane].get("solutes", {})) or "no solute"
    text = (
        f'The library does not say whether {" and ".join(unknown)} can pass "{membrane}" (it has {has}), so the '
        "effective osmotic pressure there is not known."
    )
    if not with_tonicity:
        return text
    they, is_, passing = ("it", "is", "passes") if len(unknown) == 1 else ("they", "are", "pass")
    if held == passes:
        return f"{text} The solution is {held} whether {they} {passing} or not."
    return f"{text} If {they} {is_} held back, the solution is {held}; if {they} {passing}, {passes} in the end."


def _answer(case: Case, with_membrane: bool, with_tonicity: bool, unknown: Sequence[str]) -> dict[str, Any]:
    model = solution(case)
    names = list(case.solutes)
    left, right = ([_number(side.concentration[name]) for name in names] for side in (case.left, case.right))
    total, _ = model.pressure(left)
    ideal = Solution(IDEAL, case.temperature, model.dissociation).pressure(left)[0]
    answer: dict[str, Any] = {f"osmotic_pressure_{unit}": units.to(total, unit) for unit in _PRESSURE_UNITS}
    answer["ideal_osmotic_pressure_Pa"] = ideal
    particles = sum([nu * c for nu, c in zip(model.dissociation, left, strict=True)])
    answer["osmolarity_mOsm_per_L"] = particles
    rho = float(water_density(case.temperature))
    unit_osmolality = GAS_CONSTANT * case.temperature * rho / 1000.0  # Pa of 1 mOsm/kg
    answer["osmolality_mOsm_per_kg"] = total / unit_osmolality
    try:
        content = _content(case, left, rho)
    except ValueError as error:
        raise CaseError(f"concentration: {error}") from None
    answer["osmotic_coefficient"] = (
        None if content is None or not particles else total / unit_osmolality / (1000.0 * particles / content[0])
    )
    answer["concentration_mol_per_m3"] = dict(zip(names, left, strict=True))
    answer["molality_mol_per_kg"] = (
        None if content is None else {n: c / content[0] for n, c in zip(names, left, strict=True)}
    )
    answer["density_kg_per_m3"] = None if content is None else content[1]
    if with_membrane:
        holds = [
            numbers.reflection if numbers.permeability == 0.0 else 0.0 for numbers in case.membrane.solutes.values()
        ]
        own, other = (model.reflected(side, holds)[0] for side in (left, right))
        known = own if not any(name in unknown and c > 0.0 for name, c in zip(names, left, strict=True)) else None
        answer["effective_osmotic_pressure_Pa"] = known
        answer["effective_osmolality_mOsm_per_kg"] = None if known is None else known / unit_osmolality
        held = passes = _tonicity(own, other)
        if unknown:
            without = [0.0 if name in unknown else hold for name, hold in zip(names, holds, strict=True)]
            passes = _tonicity(*(model.reflected(side, without)[0] for side in (left, right)))
        if with_tonicity:  # true whether or not they pass
            answer["tonicity"] = held if held == passes else None
    messages = out_of_range(case, model, [left, right])
    if case.osmotic_model == IDEAL and (real := real_solution(case)) is not None:
        messages += far_from_ideal(case, left, real)
    if unknown:
        messages.append(_unknown_permeation_message(str(case.membrane.type), unknown, held, passes, with_tonicity))
    if with_membrane:
        passing = [
            n for n, c in zip(names, left, strict=True) if c > 0.0 and case.membrane.solutes[n].permeability > 0.0
        ]
        if passing:
            messages.append(
                f"{passing[0][0].upper()}{' and '.join(passing)[1:]} {'crosses' if len(passing) == 1 else 'cross'} the "
                f"membrane, so {'it does' if len(passing) == 1 else 'they do'} not count for the tonicity."
            )
    answer["message"] = " ".join(messages)
    return answer


def _number(concentration: float | Profile) -> float:
    assert not isinstance(concentration, Profile)
    return concentration


def density_of(case: Case, concentration: Sequence[float]) -> float | None:
    """Density of a solution, kg/m^3; None if the apparent volume of a solute is not known."""
    content = _content(case, concentration, float(water_density(case.temperature)))
    return None if content is None else content[1]


def _content(case: Case, concentration: Sequence[float], rho: float) -> tuple[float, float] | None:
    """Mass of water per volume and density, kg/m^3; None if the apparent volume of a solute is not known."""
    there = [(solute, c) for solute, c in zip(case.solutes.values(), concentration, strict=True) if c > 0.0]
    if any(density_problem("", solute) for solute, _ in there):
        return None
    masses = [solute.molar_mass or 0.0 for solute, _ in there]
    volumes = [apparent_volume(solute, case.temperature) for solute, _ in there]
    amounts = [c for _, c in there]
    density.concentrations(
        [(c, "amount") for c in amounts], volumes, masses, rho
    )  # raises an error if no room is left for water
    water, _ = density.water_content(amounts, volumes, masses, rho)
    return water, water + sum([c * m for c, m in zip(amounts, masses, strict=True)])
