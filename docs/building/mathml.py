"""A Sphinx extension: formulas as MathML, which browsers draw without any script, and a font for them.

Where a system has no font for mathematics, brackets and roots do not grow with what they enclose. So the site carries
one, STIX Two Math, cut down to the signs that formulas use; the Python package ziamath brings it.
"""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util.logging import getLogger

log = getLogger(__name__)

FONT = "STIXTwoMath-Regular.ttf"
# Latin, Greek, punctuation, sub- and superscripts, letter-like signs, arrows, operators, brackets, mathematical letters
SIGNS = ((0x20, 0x7E), (0xA0, 0xFF), (0x300, 0x3FF), (0x2000, 0x209F), (0x2100, 0x214F), (0x2190, 0x22FF))
SIGNS += ((0x2308, 0x230B), (0x23DC, 0x23DF), (0x27E6, 0x27EB), (0x1D400, 0x1D7FF))


def _mathml(node: nodes.Element, block: bool) -> str:
    try:
        return tex2mathml(node.astext(), as_block=block)
    except (MathError, IndexError) as error:  # a formula that cannot be read: a warning, which fails the build
        log.warning("formula %r: %s", node.astext(), error, location=node)
        return f"<code>{node.astext()}</code>"


def inline(writer: Any, node: nodes.math) -> None:
    """Write a formula that stands in a line of text."""
    writer.body.append(f'<span class="math">{_mathml(node, block=False)}</span>')
    raise nodes.SkipNode


def display(writer: Any, node: nodes.math_block) -> None:
    """Write a formula that stands alone, with its number if it has a label."""
    anchor = "".join(f' id="{each}"' for each in node["ids"][:1])
    number = f'<span class="eqno">({node["number"]})</span>' if node.get("number") else ""
    writer.body.append(f'<div class="math-display"{anchor}>{_mathml(node, block=True)}{number}</div>')
    raise nodes.SkipNode


def write_font(app: Any) -> None:
    """Write the font beside the style sheets, with the table from which browsers take the sizes of brackets."""
    import logging

    from fontTools import subset

    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells every step
    if app.builder.format != "html":
        return
    (found,) = (file for file in importlib.metadata.files("ziamath") or () if file.name == FONT)
    options = subset.Options(flavor="woff", layout_features=["ssty", "dtls", "flac"], notdef_outline=True)
    font = subset.load_font(str(found.locate()), options)
    cut = subset.Subsetter(options)
    cut.populate(unicodes=[each for first, last in SIGNS for each in range(first, last + 1)])
    cut.subset(font)
    target = Path(app.outdir) / "_static"
    target.mkdir(parents=True, exist_ok=True)
    subset.save_font(font, str(target / "math.woff"), options)


def setup(app: Any) -> dict[str, Any]:
    """Sphinx calls this."""
    app.add_html_math_renderer("mathml", (inline, None), (display, None))
    app.connect("builder-inited", write_font)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
