"""Common base of the models of all parts of a case: declaration of fields, and strictness of reading."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def field(description: str, default: Any = ..., **more: Any) -> Any:
    """A pydantic field. Its default is written as in a case file and validated like any value."""
    return Field(default, description=description, validate_default=default is not None, **more)


def optional(schema: dict[str, Any]) -> None:
    """Mark no key as required, because the library or another key may supply its value."""
    schema.pop("required", None)
