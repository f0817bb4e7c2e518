"""The page of the API has every public name."""

from __future__ import annotations

import re

import membrane_pde as mp
from tests.places import ROOT


def test_every_public_name_stands_on_the_page() -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    named = re.findall(r"^\.\. auto(?:function|class|exception):: (\w+)$", text, re.MULTILINE)
    assert len(named) == len(set(named))
    assert set(named) | {"plot", "__version__"} == set(mp.__all__)
    assert ".. automodule:: membrane_pde.show.plot" in text
