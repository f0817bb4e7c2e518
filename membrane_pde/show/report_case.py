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
}


def case_table(case: Any, mesh: Mapping[str, Any] | None = None) -> list[Row]:
    """Return a row for each key of a case: key, value, SI unit. Defaults are included.

    Parameters
    ----------
    case : Case
    mesh : mapping, optional
        Arrays `left_widths` and `right_widths` (m), as `runs.mesh_of` gives them: adds rows for the number and sizes of
        the cells.
    """
    rows: list[Row] = []

    def add(path: str, value: Any) -> None:
        name = next((part for part in reversed(path.split(".")) if part in SI_UNITS), "")
        unit = SI_UNITS.get(name, "")
        if value is None:
            return
        if isinstance(value, Mapping):
            if "times" in value:
                held = value.get("flux", False)
                rows.append((f"{path}.flux" if held else path, _programme(value), "m/s" if held else unit))
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
        elif isinstance(value, list | tuple):
            rows.append((path, "; ".join(map(str, value)), ""))
        else:
            rows.append((path, str(value), ""))

    add("", case_values(case))
    for side in SIDES:
        if mesh is not None and len(widths := mesh[f"{side}_widths"]):
            finest, widest = (number(float(w), digits=3) for w in (min(widths), max(widths)))
            rows.append((f"mesh.{side}", f"{len(widths)} cells, {finest} to {widest}", "m"))
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
    return {k: v for k, v in values.items() if k not in ("name", "source", "warnings")}


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
