"""Warnings about values that are allowed but may not be intended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from membrane_pde.input.checks import charge_imbalance, sides_of
from membrane_pde.input.parts import SIDES, Membrane, MembraneSolute
from membrane_pde.input.values import alike
from membrane_pde.input.wording import key_text
from membrane_pde.physics.constants import ZERO_CELSIUS

if TYPE_CHECKING:
    from membrane_pde.input.case import Case

# Known ranges, SI, and how many times beyond them a value gets a warning. Water permeability: ro_elements.csv (from
# 0.45 L/m2/h/bar for seawater membranes to 7.4 for brackish water), which spans forward_osmosis.csv (0.55 to 5.81
# L/m2/h/bar) and the red cell of red_blood_cell.csv (1.8e-12 m/s/Pa). Permeability: from 2.3e-8 m/s
# (ro_elements.csv) to 0.88 L/m2/h (forward_osmosis.csv). Diffusivity in water: diffusion_water.csv, from haemoglobin
# to H+. All in the project's reference data. Structural parameter: from 86 µm (an electrospun support, table in
# Membranes 2023, 13, 73, doi:10.3390/membranes13010073) to 1.14 mm (HTI TFC, Membranes 2021, 11, 153,
# doi:10.3390/membranes11020153, app. C); ten times beyond is mm for µm.
_KNOWN_RANGES = {
    "water_permeability": (0.45 / 3.6e11, 7.4 / 3.6e11, "m/s/Pa", 1000),
    "permeability": (2.3e-8, 0.88 / 3.6e6, "m/s", 1000),
    "diffusivity": (6.9e-11, 9.311e-9, "m^2/s", 1000),
    "structural_parameter": (8.6e-5, 1.14e-3, "m", 10),
}
_IN_WORDS = {10: "ten", 1000: "a thousand"}
_Permeability = tuple[str, str, float, Membrane | MembraneSolute]  # table, key, value, and the part that holds it


def all_warnings(case: Case) -> Iterator[str]:
    """Every warning about a case, except those about values used at another temperature (`away_from_source`)."""
    yield from _unused(case)
    yield from _unscaled(case)
    yield from _far_from_known(case)
    if case.module is not None:
        from membrane_pde.input.module_warnings import channel_warnings, solver_warnings

        yield from channel_warnings(case)
        yield from solver_warnings(case)
    if case.phase == "liquid":
        yield from _assumed_dissociations(case)
        yield from _separated_charges(case)


def _unused(case: Case) -> Iterator[str]:
    unused = [key for key in case._origin.written.get("membrane", {}) if key != "type"]
    if case.membrane.type == "none" and unused:
        yield f'membrane.type is "none", so that {", ".join(unused)} of [membrane] has no effect'


def _permeabilities(case: Case) -> Iterator[_Permeability]:
    """Every permeability of the membrane."""
    if case.membrane.type == "none":
        return
    yield "membrane", "water_permeability", case.membrane.water_permeability, case.membrane
    for name, numbers in case.membrane.solutes.items():
        yield f"membrane.solutes.{name}", "permeability", numbers.permeability, numbers


def _unscaled(case: Case) -> Iterator[str]:
    """Warnings about activation energies without effect, because no reference temperature is given."""
    for table, key, value, beside in _permeabilities(case):
        if value and beside.reference_temperature is None and beside.activation_energy is not None:
            yield f"{table}.activation_energy has no effect: give the reference_temperature of {table}.{key}, too"


def away_from_source(case: Case) -> Iterator[str]:
    """Warnings about values used at another temperature than they were measured at."""
    dated = [each for each in _permeabilities(case) if each[2] and each[3].reference_temperature is not None]
    if dated:
        yield from _replacing(case, dated)
    yield from _fixed(case)
    held: dict[float, list[str]] = {}
    for table, key, _, beside in dated:
        reference = beside.reference_temperature
        if reference is None or beside.activation_energy is not None:
            continue
        if not alike(reference, case.temperature):
            held.setdefault(reference, []).append(f"{table}.{key}")
    for reference, paths in held.items():
        yield (
            f"{', '.join(paths)}: the activation energy is not known, so that the value measured at "
            f"{_celsius(reference)} is used at {_celsius(case.temperature)}."
        )
    if case.phase != "gas" or 0.0 <= case.temperature - ZERO_CELSIUS <= 400.0:
        return
    if not any("diffusivity" in each for each in case._origin.written.get("solutes", {}).values()):
        yield (
            "The diffusivity of the two gases is estimated by Fuller's method, which was compared with measurements "
            "from 0 to 400 degC."
        )


def _replacing(case: Case, dated: Iterable[_Permeability]) -> Iterator[str]:
    """Warnings about values that replace those of the library, assumed to be measured at the same temperature."""
    written = case._origin.written.get("membrane", {})
    own: dict[float, list[str]] = {}
    for table, key, _, beside in dated:
        reference = beside.reference_temperature
        here = written if isinstance(beside, Membrane) else written.get("solutes", {}).get(table.rsplit(".", 1)[-1], {})
        if reference is None or beside.activation_energy is None or key not in here:
            continue
        has_reference = "reference_temperature" in here or "reference_temperature" in written
        if not has_reference and abs(reference - case.temperature) > 1e-9:
            own.setdefault(reference, []).append(f"{table}.{key}")
    for reference, paths in own.items():
        yield (
            f"{', '.join(paths)}: assumed to be measured at {_celsius(reference)}, like the library's value that it "
            f"replaces, and scaled to {_celsius(case.temperature)}; otherwise give reference_temperature beside it."
        )


def _fixed(case: Case) -> Iterator[str]:
    """Warnings about values that stay the same in a case whose temperature was changed."""
    origin = case._origin
    if origin.start is None or abs(origin.start.temperature - case.temperature) <= 1e-9:
        return
    before, file = origin.start.temperature, origin.start._origin.written
    moving = [
        f"solutes.{key_text(name)}.diffusivity"
        for name, own in origin.written.get("solutes", {}).items()
        if "diffusivity" in own and "reference_temperature" not in own
    ]
    other = [f"{side}.diffusivity.{key_text(name)}" for side in SIDES for name in getattr(case, side).diffusivity]
    passing: list[str] = []
    unknown: list[str] = []
    for table, key, value, beside in _permeabilities(case):
        if value and beside.reference_temperature is None and case.membrane.pore_radius is None:
            (passing if _written(origin.written, f"{table}.{key}") else unknown).append(f"{table}.{key}")
    for paths, how in (
        (moving, "; with a reference_temperature beside it, a diffusivity is scaled with temperature"),
        (other, ""),
        (
            passing,
            "; with a reference_temperature and an activation_energy beside it, a permeability is scaled with "
            "temperature",
        ),
    ):
        stay = [path for path in paths if _written(origin.written, path) == _written(file, path)]
        if stay:
            yield (
                f"{', '.join(stay)}: still the value for {_celsius(before)}, although the temperature is now "
                f"{_celsius(case.temperature)}{how}."
            )
    if unknown and case.membrane.type != "ideal":
        yield (
            f"{', '.join(unknown)}: used at {_celsius(case.temperature)} without scaling, because the source of "
            f"{case.membrane.element or case.membrane.type} does not say at which temperature it was measured."
        )


def _written(raw: Mapping[str, Any], path: str) -> Any:
    """The value at a path in a case as written, or None. Names of solutes contain no dots."""
    here: Any = raw
    for part in path.split("."):
        here = here.get(part.strip('"')) if isinstance(here, Mapping) else None
    return here


def _celsius(temperature: float) -> str:
    return f"{temperature - ZERO_CELSIUS:.6g} degC"


def _dimensionless(case: Case) -> bool:
    """True if the problem is evidently dimensionless: lengths and diffusivities are about 1."""
    lengths = [side.length for side in sides_of(case).values() if not side.without_end]
    diffusivities = [each.diffusivity for each in case.solutes.values()]
    return all(1e-2 <= each <= 1e3 for each in lengths) and all(1e-4 <= each <= 1e4 for each in diffusivities)


def _far_from_known(case: Case) -> Iterator[str]:
    if _dimensionless(case):
        return
    values = [(key, f"{table}.{key}", value) for table, key, value, _ in _permeabilities(case)]
    if case.membrane.pore_radius is not None:  # computed from pores, so that no unit can be wrong
        values = []
    if case.phase == "liquid":
        values += [("diffusivity", f"solutes.{s}.diffusivity", each.diffusivity) for s, each in case.solutes.items()]
        for name, side in sides_of(case).items():
            values += [("diffusivity", f"{name}.diffusivity.{s}", value) for s, value in side.diffusivity.items()]
    for name, side in sides_of(case).items():
        if side.support is not None:
            values.append(
                ("structural_parameter", f"{name}.support.structural_parameter", side.support.structural_parameter)
            )
    for kind, path, value in values:
        low, high, unit, beyond = _KNOWN_RANGES[kind]
        if value and not low / beyond <= value <= high * beyond:
            yield (
                f"{path} is {value:.3g} {unit}, more than {_IN_WORDS[beyond]} times outside the known range, "
                f"{low:.2g} to {high:.2g} {unit}: is the unit right?"
            )


def _assumed_dissociations(case: Case) -> Iterator[str]:
    for name, solute in case.solutes.items():
        if case.membrane.water_permeability > 0 and "dissociation" not in solute.model_fields_set:
            yield f"solutes.{name}.dissociation is not given: one particle per formula unit is assumed"


def _separated_charges(case: Case) -> Iterator[str]:
    ions = {name: each.charge for name, each in case.solutes.items() if each.charge}
    passing = [name for name, numbers in case.membrane.solutes.items() if name in ions and numbers.permeability > 0]
    if passing:
        yield (
            f"{', '.join(passing)}: an ion that passes the membrane alone separates charges, and the model does not "
            "include the electric potential that follows; give the salt instead"
        )
    if case.osmotic_model != "pitzer":  # there it is an error
        yield from charge_imbalance(case)
