"""The parts of a case: one pydantic model for each table of a case file, whose fields are the table's keys.

A new key is a field here, a reader in `readers` if it is written in a new way, and a check in `checks` of what it
combines with.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from membrane_pde.input.boundaries import BOUNDARIES, WITHOUT_LAYER_IF_STIRRED, Boundary, Kind
from membrane_pde.input.fields import STRICT, field, optional
from membrane_pde.input.module_parts import Channel
from membrane_pde.input.module_values import Inlet
from membrane_pde.input.readers import (
    Applied,
    Backflow,
    Density,
    Diffusivity,
    Fed,
    Initial,
    InverseLength,
    Length,
    LengthOrRadius,
    Modulus,
    Molality,
    MolarEnergy,
    MolarMass,
    MolarVolume,
    Numbers,
    OwnDiffusivity,
    OwnTime,
    Permeability,
    Ratio,
    Solubility,
    TankFlow,
    TankVolume,
    Temperature,
    Virial,
    Volume,
    WaterPermeability,
)
from membrane_pde.input.titles import LONGEST
from membrane_pde.physics.curvature import Geometry

MAX_OUTPUTS = 100_000
SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")
FluxLaw = Literal["solution-diffusion", "kedem-katchalsky", "spiegler-kedem"]
WITHOUT_REFLECTION: tuple[FluxLaw, ...] = ("solution-diffusion",)  # no solute is carried along: a reflection of 1


def _no_default(schema: dict[str, Any]) -> None:
    """Leave the default out of the schema: it holds under conditions only, which the description states."""
    schema.pop("default", None)


def required_without_module(schema: dict[str, Any]) -> None:
    """Say in the JSON schema of a case what it needs where it has no [module].

    Both sides with a length or a radius, except for a stirred bath or reservoir, which has no unstirred layer; and a
    duration.
    """
    without = {"boundary": {"enum": sorted(WITHOUT_LAYER_IF_STIRRED)}, "stirred": {"const": True}}
    size = {"oneOf": [{"required": ["length"]}, {"required": ["radius"]}]}
    side = {"if": {"properties": without, "required": list(without)}, "else": size}
    needed = ["left", "right", "run"]
    schema["required"] = [key for key in schema["required"] if key not in needed]
    schema["if"] = {"not": {"required": ["module"]}}
    schema["then"] = {
        "properties": {"left": side, "right": side, "run": {"required": ["duration"]}},
        "required": needed,
    }


def _one_of_two_ways(default: Any, description: str, **more: Any) -> Any:
    """A field of a part that can be given in two ways; its default holds if the part is given in the other one."""
    return Field(default, description=description, json_schema_extra=_no_default, **more)


def _either_way(schema: dict[str, Any]) -> None:
    """Require the structural parameter, or the three keys from which it follows."""
    schema["oneOf"] = [{"required": ["structural_parameter"]}, {"required": [*_LAYER]}]


def _kinds_in_words() -> str:
    *others, last = (boundary.words for boundary in BOUNDARIES.values())
    return f"{', '.join(others)}, or {last}"


def one_line(text: str, longest: int) -> str:
    """Check the text of a heading: printable, on one line, not too long."""
    if len(text) > longest:
        raise ValueError(f"{len(text)} characters; expected at most {longest}")
    if not text.isprintable():
        raise ValueError("expected one line, without line breaks and control characters")
    return text


class General(BaseModel):
    """The keys of the whole case, which are written above the first table."""

    model_config = STRICT

    title: str = field("One line that says what the case shows.", "")
    phase: Literal["liquid", "gas"] = field(
        "What fills the compartments. A gas has no membrane, rigid ends and an absolute pressure; if its mole "
        "fractions add up to less than 1, the remainder is an inert gas that is not computed.",
        "liquid",
    )
    temperature: Temperature = field(
        "Temperature, the same everywhere; that of a liquid is between 0 and 100 degC. SI unit: K.", "25 degC"
    )
    osmotic_model: Literal["ideal", "virial", "pitzer"] = field(
        "How osmotic pressure follows from concentration. `ideal`: π = ν R T c; `virial`: with the solutes' virial "
        "coefficients; `pitzer`: real solutions, salts by Pitzer's equations, molecules by their osmotic coefficient.",
        "ideal",
    )
    geometry: Geometry = field(
        "Shape of the membrane. The left side lies inside a `cylindrical` or `spherical` membrane, with `left.radius` "
        "in place of its length, and the right side lies around it; the area of the membrane follows the volume "
        "inside. The area of a `planar` membrane is constant.",
        "planar",
    )
    transport: Literal["fick"] = field("Law of diffusion in the solutions; only Fick's law is available.", "fick")

    @field_validator("title")
    @classmethod
    def _short(cls, title: str) -> str:
        return one_line(title, LONGEST)


class Solute(BaseModel):
    """A dissolved substance. Values that the library has are optional; a value given here replaces the library's."""

    model_config = ConfigDict(**STRICT, json_schema_extra=optional)

    molar_mass: MolarMass | None = field(
        "Molar mass. Required for a concentration given as mass per volume, for densities, and for the diffusivity of "
        "two gases. SI unit: kg/mol.",
        None,
    )
    diffusivity: OwnDiffusivity = field(
        "Diffusion coefficient, at the case's temperature unless `reference_temperature` is given. Required unless "
        "the library has it. For two gases it is computed from their molar masses and diffusion volumes (Fuller) "
        "unless given. SI unit: m^2/s."
    )
    diffusion_volume: MolarVolume | None = field(
        "Diffusion volume of a gas, for Fuller's diffusivity of two gases. SI unit: m^3/mol.", None
    )
    dissociation: float = field("Particles per formula unit (van 't Hoff factor): 1 for sugar, 2 for NaCl.", 1.0, gt=0)
    radius: Length | None = field(
        "Radius of the molecule or particle. It decides whether the solute passes the pores of a membrane. SI unit: m.",
        None,
    )
    charge: int | None = field(
        "Charge number of an ion that is a solute of its own; used to warn of a charge imbalance.",
        None,
        ge=-10_000,
        le=10_000,
    )
    ions: dict[str, float] | None = field(
        'For `pitzer`: number of each ion per formula unit, for example { "Na+" = 1, "Cl-" = 1 }; the library needs '
        "data of it.",
        None,
    )
    osmotic_coefficient: Numbers | None = field(
        "For `pitzer`, osmotic coefficient of a molecule: a₁, a₂, … of φ = 1 + a₁ m + a₂ m² + …, with m in mol/kg.",
        None,
    )
    virial: Virial | None = field(
        "For `virial`: virial coefficients B, or B and C, of π = ν R T c (1 + B c + C c²). SI unit: m^3/mol, "
        "m^6/mol^2.",
        None,
    )
    apparent_volume: Volume | None = field(
        "Apparent volume in solution, for `pitzer` and for concentrations per mass (mol/kg, ppm, %): a volume per "
        "amount or per mass, or the five coefficients of Laliberté and Cooper.",
        None,
    )
    max_molality: Molality | None = field(
        "Largest molality at which the osmotic data are valid; a run that exceeds it says so. SI unit: mol/kg.",
        None,
    )
    solubility: Solubility | None = field(
        "Molality of the saturated solution, or a list of temperatures and molalities. With the apparent volume it "
        "sets the largest concentration: a higher one in the case is an error, and a run that exceeds it says so. "
        "SI unit: K, mol/kg.",
        None,
    )
    density: Density | None = field(
        "Density of the pure substance. It limits the concentration, and is needed for % v/v. SI unit: kg/m^3.",
        None,
    )
    solid: bool = field("True if the pure substance is a solid: % v/v is then an error.", False)
    reference_temperature: Temperature | None = field(
        "Temperature at which `diffusivity` was measured. It is then scaled to the temperature of the case: in water "
        "in proportion to T divided by the viscosity, in a gas to T^1.75. SI unit: K.",
        None,
    )


_LAYER = ("thickness", "porosity", "tortuosity")


class Support(BaseModel):
    """The porous layer that carries the membrane on one side: rigid, filled with solution, crossed by the water.

    ``ε ∂c/∂t + J_v ∂c/∂x = ∂/∂x(ε D/τ ∂c/∂x)``. Where its structural parameter alone is given, the layer is one of that
    thickness that is all liquid (ε = τ = 1), which has the same steady states. In a [module] its pores store nothing:
    the profile in them follows at once, which in time is right beyond about thickness² · τ ÷ D.
    """

    model_config = ConfigDict(**STRICT, json_schema_extra=_either_way)

    structural_parameter: Length = _one_of_two_ways(
        0.0,
        "Structural parameter S = thickness · tortuosity ÷ porosity. Given alone, the layer counts as liquid of the "
        "thickness S: the steady state is the same, the start-up takes longer than in a layer of lower porosity. "
        "SI unit: m.",
    )
    thickness: Length = _one_of_two_ways(
        0.0,
        "Thickness of the layer. Given with `porosity` and `tortuosity`, in place of `structural_parameter`. SI unit: "
        "m.",
    )
    porosity: float = _one_of_two_ways(1.0, "Volume of the pores ÷ volume of the layer.", gt=0, le=1)
    tortuosity: float = _one_of_two_ways(1.0, "Length of the path through the pores ÷ thickness of the layer.", ge=1)

    @model_validator(mode="before")
    @classmethod
    def _in_one_way(cls, written: Any) -> Any:
        """Check that the layer is given by its structural parameter, or by the three keys from which it follows."""
        if not isinstance(written, dict) or not written.keys() <= cls.model_fields.keys():
            return written  # an error that pydantic finds
        given = [key for key in _LAYER if key in written]
        missing = [key for key in _LAYER if key not in written]
        either = "give structural_parameter alone, or thickness, porosity and tortuosity"
        if "structural_parameter" in written and given:
            raise ValueError(f"structural_parameter and {given[0]} do not go together; {either}")
        if "structural_parameter" not in written and missing:
            raise ValueError(f"{missing[0]} is missing; {either}")
        return written

    @model_validator(mode="after")
    def _complete(self) -> Support:
        """Fill in the structural parameter, or the thickness of a layer that is given by it."""
        if "structural_parameter" in self.model_fields_set:
            self.__dict__["thickness"] = self.structural_parameter
        else:
            self.__dict__["structural_parameter"] = self.thickness * self.tortuosity / self.porosity
        return self

    @property
    def pore_volume(self) -> float:
        """Volume of the pores per membrane area, m."""
        return self.thickness * self.porosity


class Compartment(BaseModel):
    """The solution (or gas) on one side of the membrane."""

    model_config = ConfigDict(**STRICT, json_schema_extra=optional)

    label: str = field("Name of this side in tables and figures. Default: left or right.", "")
    boundary: Kind = field(
        f"The far end of the side, opposite the membrane: {_kinds_in_words()}. A gas has rigid ends, by default.",
        "piston",
    )
    length: LengthOrRadius = field(
        "Initial depth of liquid (volume ÷ membrane area); for a reservoir, a bath or an outflow the thickness of the "
        "unstirred layer. A stirred bath or reservoir has no layer and needs no length. Around a curved membrane the "
        "thickness of the shell or layer; inside one `radius` stands in its place. Such a layer keeps its thickness: "
        "as the membrane grows, it takes up liquid of the bath, until the bath is empty. SI unit: m."
    )
    radius: Length | None = field(
        "Initial radius of a cylindrical or spherical membrane, in place of `left.length`. Left side only, and "
        "required there if `geometry` is not `planar`. SI unit: m.",
        None,
    )
    stirred: bool = field(
        "True if the side is perfectly mixed: one cell, no concentration polarization. A stirred reservoir or bath has "
        "no unstirred layer.",
        False,
    )
    pressure: Applied = field(
        "Applied gauge pressure: constant; a schedule of steps or ramps; or a mean with an oscillation, a sine or a "
        "pulse (high for the first half of each period, or the fraction `duty`). Or a prescribed water flux out of "
        "this side into the membrane, for which the pressure is computed; on the feed side of a [module] also a "
        "recovery { recovery = … } or a total permeate flow { permeate = … }, and { flux = … } is the mean flux. In a "
        "gas the absolute pressure. Not for `rigid`. SI unit: Pa, or m/s for a flux, m^3/s for a permeate.",
        "0 bar",
    )
    concentration: dict[str, Initial] = field(
        "Initial concentration of every solute: an amount, mass, number or osmoles per volume, a molality, an "
        "osmolality, or a mass fraction (%, ‰, ppm, ppb, % w/w, g/kg); % w/v is g in 100 mL, % v/v needs the "
        "density of the pure solute, a liquid. In a gas a mole fraction "
        "(%, ppm, mol%, vol%). Osmoles count particles: they are divided by `dissociation`. Or a profile by the "
        "distance from the membrane. SI unit: mol/m^3.",
        {},
    )
    diffusivity: dict[str, Diffusivity] = field(
        "Diffusion coefficients on this side if they differ from those of the solutes, as in a gel or a tissue. SI "
        "unit: m^2/s.",
        {},
    )
    tube_area: Ratio = field("Area of the standing tube ÷ membrane area. `standpipe` only.", 1.0)
    modulus: Modulus | None = field(
        "Elastic modulus of the wall: pressure rise ÷ relative increase of volume. The wall never pulls: the pressure "
        "on the liquid is never below 0 (gauge). `elastic` only, and required there. SI unit: Pa.",
        None,
    )
    volume: TankVolume | None = field(
        "Initial volume of the bath ÷ membrane area, without the unstirred layer. `bath` only, and required there. "
        "Beside a channel also the total. SI unit: m.",
        None,
    )
    feed: Fed | None = field(
        "Feed of the bath. A concentration for every solute is a make-up feed, which keeps the volume constant; a "
        "`flow` and a `concentration` are a feed at a constant rate. `bath` only; by default no feed. SI unit: "
        "mol/m^3, m/s.",
        None,
    )
    bleed: TankFlow = field(
        "Flow withdrawn from the bath ÷ membrane area; beside a channel also the total. A bath with a make-up feed "
        "also overflows when water enters it through the membrane. `bath` only. SI unit: m/s.",
        "0 m/s",
    )
    backflow: Backflow | None = field(
        'Composition of liquid that flows back in: a concentration for every solute, or "last", that of the liquid '
        "that left last. Without this key a run stops when liquid flows back. `outflow` only; also the permeate of a "
        '[module], where the default is "collected", the mixed permeate of all stations. SI unit: mol/m^3.',
        None,
    )
    channel: Channel | None = field("The channel through which this side's liquid flows along the membrane.", None)
    inlet: dict[str, Inlet] = field(
        "Concentrations that enter the channel, if they differ from `concentration` or change in time: for each solute "
        "a concentration, or a schedule of concentrations. SI unit: mol/m^3.",
        {},
    )

    support: Support | None = field(
        "Porous support layer between the membrane and the solution of this side, for forward osmosis and "
        "pressure-retarded osmosis: a table [left.support] or [right.support]. Its pores start with the concentration "
        "that this side has at the membrane.",
        None,
    )
    drawing: Literal["tank", "tube", "cell", "plant-cell"] | None = field(
        "Drawing of this side in pictures: an open tank, a standing tube (`standpipe` only), a cell in the liquid of "
        "the other side, or a plant cell with its wall. It has no effect on the results. Default: `tube` for a "
        "`standpipe`, else `tank`. Not for a gas.",
        None,
    )

    @field_validator("label")
    @classmethod
    def _short(cls, label: str) -> str:
        return one_line(label, 60)

    @model_validator(mode="before")
    @classmethod
    def _without_layer(cls, written: Any) -> Any:
        """Fill in the length of a side inside a curved membrane, and of a stirred bath or reservoir, without a layer.

        That of the former becomes its radius, that of a bath its volume (`complete_side`). In front of a reservoir one
        cell stands that always has the reservoir's concentrations, so that its length changes nothing.
        """
        if not isinstance(written, dict):
            return written
        if "radius" in written:
            return {"length": None} | written
        if written.get("stirred") is True and written.get("boundary") in WITHOUT_LAYER_IF_STIRRED:
            return {"length": "1 mm"} | written
        return written

    @property
    def far_end(self) -> Boundary:
        """Properties of the kind of boundary."""
        return BOUNDARIES[self.boundary]

    @property
    def has_length(self) -> bool:
        """False for a stirred bath or reservoir, which has no layer."""
        return not (self.stirred and self.far_end.layer_unless_stirred)

    @property
    def without_end(self) -> bool:
        """A stirred reservoir: its liquid has no volume."""
        return self.far_end.endless and self.stirred

    @property
    def pore_volume(self) -> float:
        """Volume of the pores of the support layer per membrane area, m; 0 without one."""
        return 0.0 if self.support is None else self.support.pore_volume


class MembraneSolute(BaseModel):
    """Transport coefficients of one solute in the membrane."""

    model_config = ConfigDict(**STRICT, json_schema_extra=optional)

    permeability: Permeability = field(
        "Solute permeability P; 0 for a solute that cannot pass. Unless given, it is computed from the pores, if those "
        "are given. SI unit: m/s."
    )
    reflection: float = field(
        "Reflection coefficient σ, 0 to 1. Required, except for `solution-diffusion` (where it is 1), without water "
        "permeability (where it has no effect), and with pores (from which it is computed).",
        1.0,
        ge=0,
        le=1,
        json_schema_extra=_no_default,
    )
    partition: float = field(
        "Partition coefficient K: concentration on the right ÷ concentration on the left at equilibrium. It must be 1 "
        "unless water_permeability is 0.",
        1.0,
        gt=0,
    )
    activation_energy: MolarEnergy | None = field(
        "Activation energy E: P changes as exp(−E/(R T)) from `reference_temperature` to that of the case. SI unit: "
        "J/mol.",
        None,
    )
    reference_temperature: Temperature | None = field(
        "Temperature at which `permeability` was measured. Default: that of the membrane; without either, the "
        "temperature of the library value that it replaces, or else that of the case. SI unit: K.",
        None,
    )


class Membrane(BaseModel):
    """The membrane between the two sides."""

    model_config = ConfigDict(**STRICT, json_schema_extra=optional)

    type: str | None = field(
        '"ideal" (no solute passes; 1 L/m^2/hour/bar unless given), "none" (no membrane), or a membrane of the '
        "library. Without a type the coefficients below are required.",
        None,
        examples=["ideal", "none"],
    )
    element: str | None = field(
        "An element of the library, with its membrane, area, length and feed channel; each can be overridden. Only "
        "with [module], and without a type.",
        None,
    )
    flux_law: FluxLaw = field("Law for the solute flux through the membrane.", "spiegler-kedem")
    water_permeability: WaterPermeability = field(
        "Hydraulic permeability L_p of the membrane (A in reverse osmosis); 0 if no water passes. Required without a "
        "type or pores. SI unit: m/s/Pa."
    )
    activation_energy: MolarEnergy | None = field(
        "Activation energy E: L_p changes as exp(−E/(R T)) from `reference_temperature` to that of the case. "
        "SI unit: J/mol.",
        None,
    )
    reference_temperature: Temperature | None = field(
        "Temperature at which the values in this table were measured, those of its solutes included. Default: the "
        "temperature of the library value that each replaces, or else that of the case. SI unit: K.",
        None,
    )
    pore_radius: Length | None = field(
        "Pore radius. L_p is computed from it (Poiseuille), and P and σ of every solute from its `radius` (hindered "
        "transport; a solute wider than the pore does not pass), unless given. SI unit: m.",
        None,
    )
    porosity_over_thickness: InverseLength | None = field(
        "Porosity ÷ length of the pores. Required with `pore_radius`. SI unit: 1/m.", None
    )
    flow_factor: float = field(
        "Factor that multiplies the water permeability, for fouling and age.", 1.0, gt=0, le=1000
    )
    salt_passage_factor: float = field(
        "Factor that multiplies the permeability of every solute, for fouling and age.", 1.0, gt=0, le=1000
    )
    solutes: dict[str, MembraneSolute] = field(
        "Transport coefficients of every solute; they replace those of the type.", {}
    )

    def sieving(self, radius: float, temperature: float, water_flux: float) -> tuple[float, float]:
        """Rejection of a spherical solute by the pores, with the permeate drawn off.

        Parameters
        ----------
        radius : float
            Of the sphere, m. Its diffusivity is that of Stokes and Einstein in water.
        temperature : float
            K.
        water_flux : float
            J_v, m/s.

        Returns
        -------
        tuple of float
            Reflection coefficient, which is the rejection at infinite flux, and the rejection at this flux.
        """
        from membrane_pde.physics import fluxes, hindered
        from membrane_pde.physics.temperature import stokes_diffusivity

        if self.pore_radius is None or self.porosity_over_thickness is None:
            raise ValueError("the membrane has no pores")
        permeability, reflection = hindered.pore_transport(
            radius, self.pore_radius, self.porosity_over_thickness, float(stokes_diffusivity(radius, temperature))
        )
        return reflection, fluxes.rejection(permeability, reflection, water_flux)


class Mesh(BaseModel):
    """Grid: number and size of cells."""

    model_config = STRICT

    cells: int | None = field(
        "Number of cells in each compartment. Default: as many as needed if each is 1.5 % wider than the one before "
        "it.",
        None,
        ge=1,
    )
    finest: Length | None = field(
        "Width of the cell at the membrane; cells grow away from it. Default: 0.7 % of the diffusion length over the "
        "duration, or 3 % of the thickness of the polarization layer at the fastest water flux, whichever is less. "
        "SI unit: m.",
        None,
    )


class Run(BaseModel):
    """Duration of the run, times to store, and numerical method."""

    model_config = ConfigDict(**STRICT, json_schema_extra=optional)

    duration: OwnTime = field(
        "Time to simulate; an upper limit if `until` is not `duration`. With [module] it is optional: without it the "
        "steady state is computed. SI unit: s."
    )
    until: Literal["duration", "equilibrium", "steady"] = field(
        "When to stop. `steady`: when no number of the summary would still change by more than a hundredth of `rtol` "
        "times its largest value (except amounts that keep growing between open sides). An oscillating pressure allows "
        "`duration` only.",
        "duration",
    )
    outputs: int = field("Number of stored times.", 200, ge=2, le=MAX_OUTPUTS)
    rtol: float = field(
        "Relative tolerance of a time step. With the default the error of a typical run is below 1e-4; "
        "`--check-accuracy` estimates it for each number. Runs until `equilibrium` or `steady` use a smaller "
        "tolerance, to detect the end.",
        1e-6,
        ge=1e-12,
        le=1e-2,
    )
    solver: Literal["rosenbrock", "cvode", "fipy"] = field(
        "Time integrator. `rosenbrock`: a Rosenbrock method that makes use of the structure of the problem, the "
        "fastest. `cvode`: CVODE of SUNDIALS, an independent check by another method and program, with a tolerance of "
        "rtol/100 or less. `fipy`: FiPy's terms and linear solver with an implicit Runge-Kutta method of order 4, an "
        "independent check by another library, with a tolerance of 20 rtol; it takes seconds. Along a [module] only "
        "runs in time have an integrator: `rosenbrock`, or with `cvode` IDA of SUNDIALS, which takes algebraic rows.",
        "rosenbrock",
    )
