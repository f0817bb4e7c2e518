"""All values of a case, defaults included, in SI units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from membrane_pde.input.boundaries import OWN_KEYS, WITHOUT_LAYER_IF_STIRRED
from membrane_pde.show.formatting import number
from membrane_pde.show.printing import Row
from membrane_pde.show.readings import SIDES

SI_UNITS = {
    "temperature": "K",
    "reference_temperature": "K",
    "molar_mass": "kg/mol",
    "diffusion_volume": "m³/mol",
    "diffusivity": "m²/s",
    "radius": "m",
    "length": "m",
    "pressure": "Pa",
    "concentration": "mol/m³",
    "backflow": "mol/m³",
    "modulus": "Pa",
    "volume": "m",
    "feed": "mol/m³",
    "flow": "m/s",
    "bleed": "m/s",
    "water_permeability": "m/s/Pa",
    "permeability": "m/s",
    "activation_energy": "J/mol",
    "pore_radius": "m",
    "porosity_over_thickness": "1/m",
    "duration": "s",
    "finest": "m",
    "thickness": "m",
    "structural_parameter": "m",
    "left_widths": "m",
    "right_widths": "m",
    "velocity": "m/s",
    "height": "m",
    "hydraulic_diameter": "m",
    "cross_section": "m²",
    "inner_diameter": "m",
    "open_area": "m²",
    "dispersion": "m²/s",
    "mass_transfer": "m/s",
    "inlet": "mol/m³",
    "area": "m²",
    "width": "m",
    "interconnector": "Pa",
    "boost": "Pa",
}
_UNITS_ALONG = {"channel.flow": "m³/s", "channel.volume": "m³", "pressure_drop": "Pa/m"}
_UNITS_HELD = {"pressure": "Pa", "flux": "m/s", "recovery": "", "permeate": "m³/s"}


def case_table(case: Any, mesh: Mapping[str, Any] | None = None) -> list[Row]:
    """Return a row for each key of a case: key, value, SI unit. Defaults are included.

    Parameters
    ----------
    case : Case
    mesh : mapping, optional
        Arrays `left_widths` and `right_widths` (m), also of support layers, as `runs.mesh_of` gives them: adds rows for
        the number and sizes of the cells.
    """
    rows: list[Row] = []

    def add(path: str, value: Any) -> None:
        unit = _unit(path)
        if value is None or value == []:
            return
        if isinstance(value, Mapping):
            if "times" in value:
                held = value.get("total") or ("flux" if value.get("flux") else "")
                rows.append((f"{path}.{held}" if held else path, _programme(value), _UNITS_HELD.get(held, unit)))
            elif "polynomial" in value:
                rows.append((path, "; ".join(f"{each:.6g}" for each in value["polynomial"]), value["unit"]))
            elif "law" in value:
                rows.append(_law(path, value, unit))
            elif "distance" in value:
                points = (
                    f"{number(c)} at {number(x)} m" for x, c in zip(value["distance"], value["value"], strict=True)
                )
                rows.append((path, ", ".join(points), unit))
            else:
                for key, inner in value.items():
                    add(f"{path}.{key}" if path else str(key), inner)
        elif isinstance(value, bool):
            rows.append((path, str(value).lower(), ""))
        elif isinstance(value, int | float):
            rows.append((path, number(float(value), digits=6), unit))
        elif path.endswith(".solubility"):
            ends = value if len(value) < 3 else (value[0], value[-1])
            ends_text = " to ".join(f"{number(m)} at {number(kelvin, digits=5)} K" for kelvin, m in ends)
            rows.append((path, ends_text + (f" ({len(value)} values)" if len(value) > 2 else ""), "mol/kg"))
        elif isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
            for place, each in enumerate(value):
                add(f"{path}.{place}", each)
        elif isinstance(value, list | tuple):
            rows.append((path, "; ".join(map(str, value)), ""))
        else:
            rows.append((path, str(value), ""))

    known = case_values(case)
    add("", known)
    if "module" in known:
        for side in SIDES:
            if getattr(case, side).channel is not None:
                add(f"{side}.channel", _made(case, side))
    cells = mesh or {}
    for side in SIDES:
        for name, key in ((side, f"{side}_widths"), (f"{side}.support", f"{side}_pore_widths")):
            if len(widths := cells.get(key, ())):
                finest, widest = (number(float(w), digits=3) for w in (min(widths), max(widths)))
                cut = f"{len(widths)} cells, {finest} to {widest}" if len(widths) > 1 else f"1 cell, {finest}"
                rows.append((f"mesh.{name}", cut, "m"))
    return rows


def case_values(case: Any) -> dict[str, Any]:
    """Return the fields of a case as nested dictionaries, in SI units, without fields that do not apply to it."""
    values = case.model_dump(mode="json")
    for side in (values.get(name, {}) for name in SIDES):
        for kind, key in OWN_KEYS:
            if side.get("boundary") != kind and side.get(key.name) is not None:
                del side[key.name]  # the default of a key that this boundary does not take
        if side.get("stirred") and side.get("boundary") in WITHOUT_LAYER_IF_STIRRED:
            side.pop("length", None)
        if side.get("radius") is not None:  # which stands in place of the length
            side.pop("length", None)
    _leave_out(values)
    return {k: v for k, v in values.items() if k not in ("name", "source", "warnings")}


def _leave_out(values: dict[str, Any]) -> None:
    """Take out what has no meaning along a membrane, or only there."""
    given = {key: each for key, each in values.get("properties", {}).items() if each["polynomial"]}
    values.pop("properties", None)
    if given:
        values["properties"] = given
    along = values.get("module") is not None
    for name in SIDES:
        side = values.get(name, {})
        without = ("boundary", "stirred", "length") if along else ("channel", "inlet")
        for key in without[1:] if along and side.get("volume") is not None else without:  # a tank is told
            side.pop(key, None)
    if not along:
        for key in ("module", "energy"):
            values.pop(key, None)
        for key in ("element", "flow_factor", "salt_passage_factor"):
            if values.get("membrane", {}).get(key) in (None, 1.0):
                values["membrane"].pop(key, None)


def _made(case: Any, side: str) -> dict[str, float]:
    """Derived values of the channel of the first element on a side."""
    plant = case.plant
    channel = getattr(plant.first_element(side), side)
    made = {"hydraulic_diameter": channel.hydraulic_diameter, "open_area": channel.open_area, "volume": channel.volume}
    if side in plant.flow:
        made["velocity"] = plant.flow[side].values[0] / channel.section
    written = getattr(case, side).channel
    return {key: value for key, value in made.items() if getattr(written, key, None) is None}


def _unit(path: str) -> str:
    """The SI unit of a key."""
    for ending, unit in _UNITS_ALONG.items():
        if path.endswith(ending):
            return unit
    return SI_UNITS.get(next((part for part in reversed(path.split(".")) if part in SI_UNITS), ""), "")


def _law(path: str, law: Mapping[str, Any], unit: str) -> Row:
    """A row for a law of mass transfer or pressure drop."""
    if law["law"] == "constant":
        return path, number(float(law.get("coefficient") or law.get("gradient") or 0.0)), unit
    for key in ("sherwood", "friction"):
        if law["law"] == key:
            return f"{path}.{key}", "; ".join(f"{each:g}" for each in law[key]), ""
    if law["law"] == "measured":
        text = f"{number(law['drop'])} Pa at {number(law['at'])} m³/s, exponent {law['exponent']:g}"
        return path, text, ""
    return path, str(law["law"]), ""


def _programme(pressure: Mapping[str, Any]) -> str:
    """Format a pressure or an imposed flux: a value, a schedule, or a mean with an oscillation."""
    values, shape = pressure["values"], pressure["shape"]
    mean = number(values[0], digits=6)
    if shape in ("sine", "pulse"):
        duty = f", high for {number(pressure['duty'])} of it" if shape == "pulse" else ""
        return f"{mean} ± {number(pressure['amplitude'])} every {number(pressure['period'])} s ({shape}{duty})"
    if len(values) == 1:
        return mean
    steps = (f"{number(p)} from {number(t)} s" for t, p in zip(pressure["times"], values, strict=True))
    return f"{', '.join(steps)} ({shape})"
