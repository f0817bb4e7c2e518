"""The JSON schema and the page made from it are fresh, and the schema agrees with the reader."""

import importlib.util
import json

import pytest

from membrane_pde.input.case import Case
from membrane_pde.input.casefile import parse_case
from membrane_pde.input.schema import json_schema
from membrane_pde.results.quantities import PROFILES, SERIES, SUMMARY_KEYS
from tests.places import ROOT

spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
assert spec is not None
assert spec.loader is not None
generate = importlib.util.module_from_spec(spec)
spec.loader.exec_module(generate)


def test_schema_file_is_fresh():
    text = (ROOT / "membrane_pde" / "case.schema.json").read_text(encoding="utf-8")
    assert text == generate.schema_text(), "run: python docs/generate.py"


def test_page_is_fresh():
    assert (ROOT / "docs" / "case-file.md").read_text(encoding="utf-8") == generate.page(), (
        "run: python docs/generate.py"
    )


def test_page_of_the_results_is_fresh_and_whole():
    text = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    assert text == generate.results_page(), "run: python docs/generate.py"
    for key in (*SUMMARY_KEYS, *SERIES, *PROFILES):
        (row,) = (line for line in text.splitlines() if line.startswith(f"| `{key}`"))
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert len(cells) == (4 if key in PROFILES else 5)
        assert cells[1], key
        assert cells[-1].endswith("."), key


def test_example_of_the_page_is_a_case():
    assert parse_case(generate.EXAMPLE).warnings == ()


def test_every_key_is_described():
    schema = json_schema()
    for model in [schema, *schema["$defs"].values()]:
        assert model["additionalProperties"] is False
        for key, field in model["properties"].items():
            assert field.get("description"), key
            assert f"`{key}`" in generate.page()
    assert set(schema["properties"]) == set(Case.model_fields)


def test_only_what_is_built():
    text = json.dumps(json_schema())
    for planned in ("nernst-planck", "flow]", "null"):
        assert planned not in text


def validator():
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(json_schema())
    return jsonschema.Draft202012Validator(json_schema())


def example():
    import tomllib

    return tomllib.loads(generate.EXAMPLE)


def test_example_is_valid():
    assert list(validator().iter_errors(example())) == []


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        ("left", "presure", "1 bar"),
        ("left", "pressure", 50),
        ("left", "pressure", "bar"),
        ("left", "pressure", "50"),
        ("left", "pressure", {"schedule": [["0 s"]]}),
        ("left", "boundary", "basin"),
        ("membrane", "water_permeability", 1.0),
        ("mesh", "cells", 0),
        ("run", "outputs", 1),
        ("run", "solver", "ida"),
    ],
)
def test_schema_refuses(table, key, value):
    case = example()
    case[table][key] = value
    assert list(validator().iter_errors(case))
