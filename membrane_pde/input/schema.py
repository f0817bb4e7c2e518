"""The JSON schema of a case file, for editors."""

from __future__ import annotations

import typing
from typing import Any

from membrane_pde.input.case import Case


def json_schema() -> dict[str, Any]:
    """The JSON schema of a case file, for editors.

    Returns
    -------
    dict
        Draft 2020-12. The models' descriptions and defaults, and what each reader says of its values.
    """
    schema = typing.cast(dict[str, Any], _without_null(Case.model_json_schema()))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "membrane_pde case file"}


def _without_null(schema: Any) -> Any:
    """Remove null from a schema, as TOML has none."""
    if isinstance(schema, list):
        return [_without_null(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    clean = {k: _without_null(v) for k, v in schema.items() if not (k == "default" and v is None)}
    if "anyOf" in clean:
        options = [each for each in clean["anyOf"] if each != {"type": "null"}]
        if len(options) == 1:
            clean = {**{k: v for k, v in clean.items() if k != "anyOf"}, **options[0]}
        else:
            clean["anyOf"] = options
    if isinstance(clean.get("title"), str):  # pydantic's titles only repeat the key
        del clean["title"]
    return clean
