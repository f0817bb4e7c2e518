"""`Case`: the checked contents of a case file, in SI units; frozen, and made by `build`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, Field, PrivateAttr, ValidationInfo, field_validator

from membrane_pde.input import case_warnings
from membrane_pde.input.checks import check_gas, check_temperature, check_together
from membrane_pde.input.completion import complete_membrane, complete_side, gas_diffusivities, solute_at_temperature
from membrane_pde.input.fields import STRICT, field
from membrane_pde.input.module_parts import Energy, Module, Properties
from membrane_pde.input.parts import Compartment, General, Membrane, Mesh, Run, Solute, required_without_module

if TYPE_CHECKING:
    from membrane_pde.input.plant import Plant


@dataclass(frozen=True)
class Origin:
    """Source of a case: its name, the dict as written, and the function that builds a changed case.

    `source_ranges`: temperatures (K) between which values from the library are valid, by the path of the key.
    `start`: the case from which this one was made by changes, and `changes` the keys that were changed.
    """

    name: str
    written: dict[str, Any]
    change: Callable[[Case, Mapping[str, object]], Case]
    source_ranges: dict[str, tuple[float, float]]
    start: Case | None = None
    changes: tuple[str, ...] = ()


class Case(General):
    """A case: two solutions, the membrane between them, and how to run it. Frozen; all numbers in SI units.

    Made by `load_case` and `parse_case`; changed copies by `with_values`. Equal if all that decides the answer is.
    """

    model_config = ConfigDict(**STRICT, json_schema_extra=required_without_module)

    solutes: dict[str, Solute] = field(
        "The solutes by name. Each is a table, empty if the library has all its values. A name with a sign stands in "
        'quotes: [solutes."Na+"].',
        min_length=1,
    )
    properties: Properties = Field(
        default_factory=Properties, description="Properties of the solution as polynomials (optional)."
    )
    left: Compartment = field("The left side. Fluxes are positive from left to right.")
    right: Compartment = field("The right side.")
    membrane: Membrane = field("The membrane that separates the two sides.")
    module: Module | None = field(
        "Membrane elements in vessels and stages, with flow along the membrane. Without this table nothing varies "
        "along it.",
        None,
    )
    energy: Energy = Field(default_factory=Energy, description="Efficiencies of the pumps of a [module] (optional).")
    mesh: Mesh = Field(default_factory=Mesh, description="Grid: number and size of cells (optional).")
    run: Run = field(
        "Duration and numerical method of the run. Optional with [module]: without a duration the steady state is "
        "computed."
    )

    # set by `build.build`, the only maker of cases; without a default pydantic would copy its marker for "undefined"
    _origin: Origin = PrivateAttr(default=None)  # type: ignore[assignment]
    _plant: Any = PrivateAttr(default=None)  # a Plant; pydantic evaluates the annotation, and few cases have one

    @property
    def plant(self) -> Plant:
        """The module with its elements and channels in SI units; only for a case with [module]."""
        if self._plant is None:
            raise ValueError("the case has no [module]")
        plant: Plant = self._plant
        return plant

    @property
    def steady_only(self) -> bool:
        """A case with [module] and without a duration: its answer is the steady state."""
        return self.run.duration is None

    @property
    def name(self) -> str:
        """File stem or name of the shipped case."""
        return self._origin.name

    @property
    def source(self) -> str:
        """The case as written, overrides included, as TOML (`to_toml`)."""
        return self.to_toml()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about inputs that are allowed but may be unintended: one sentence each."""
        return tuple(case_warnings.all_warnings(self)) + self.away_from_source

    @property
    def away_from_source(self) -> tuple[str, ...]:
        """Warnings about values used at another temperature than measured; a run repeats them in its message."""
        return tuple(case_warnings.away_from_source(self))

    @property
    def source_ranges(self) -> dict[str, tuple[float, float]]:
        """Temperatures (K) between which values from the library are valid, by the path of the key."""
        return self._origin.source_ranges

    def __repr__(self) -> str:
        """One line: name, title and solutes."""
        title = f": {self.title}" if self.title else ""
        return f"<Case {self.name}{title}; solutes {', '.join(self.solutes)}>"

    __str__ = __repr__

    def to_toml(self) -> str:
        """The case as written, overrides included, as the text of a case file; comments are lost."""
        import tomli_w

        return tomli_w.dumps(self._origin.written)

    def with_values(self, values: Mapping[str, object]) -> Case:
        """A copy of the case with some values changed.

        Parameters
        ----------
        values : mapping of str to str, bool, int, float, list or dict
            By the path of the key, for example ``{"left.pressure": "50 bar", "mesh.cells": 50}``, as written in a
            case file. The declared type of the key decides how a text is read: "50" is a number for `mesh.cells`,
            and ``{…}`` and ``[…]`` are TOML where a table or a list is possible.

        Returns
        -------
        Case
            Validated anew; library values follow a changed temperature. Its title says what was changed, unless the
            title is among the values.

        Raises
        ------
        CaseError
            An unknown path, or a case that is wrong with these values.
        """
        return self._origin.change(self, values)

    def _key(self) -> str:
        return self.model_dump_json(exclude={"title"})  # which a change marks

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Case) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    # Validators that need other parts of the case. Pydantic passes the fields validated before this one as `info.data`,
    # and the parts copied from the parent case as `info.context`.

    @field_validator("solutes")
    @classmethod
    def _at_case_temperature(cls, solutes: dict[str, Solute], info: ValidationInfo) -> dict[str, Solute]:
        temperature = info.data.get("temperature")
        if temperature is None or "phase" not in info.data or _copied(info):
            return solutes
        check_temperature(temperature, info.data["phase"])
        return {
            name: solute_at_temperature(name, each, temperature, info.data["phase"]) for name, each in solutes.items()
        }

    @field_validator("left", "right")
    @classmethod
    def _in_si(cls, side: Compartment, info: ValidationInfo) -> Compartment:
        if not {"temperature", "phase", "geometry", "solutes"} <= info.data.keys() or _copied(info):
            return side
        return complete_side(side, str(info.field_name), info.data)

    @field_validator("membrane")
    @classmethod
    def _complete(cls, membrane: Membrane, info: ValidationInfo) -> Membrane:
        if not {"temperature", "phase", "solutes"} <= info.data.keys() or _copied(info):
            return membrane
        return complete_membrane(membrane, info.data)

    def model_post_init(self, context: Any) -> None:
        """Check combinations of several parts of the case."""
        if self.phase == "gas":
            # a gas's diffusivity depends on the pressure, which is validated after the solutes; the case is still new
            object.__setattr__(self, "solutes", gas_diffusivities(self))
            check_gas(self)
        check_together(self)


def _copied(info: ValidationInfo) -> bool:
    """True if this part was copied unchanged from the parent case."""
    kept: dict[str, Any] = info.context or {}
    return info.field_name in kept
