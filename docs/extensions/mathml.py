"""Formulas as MathML, which browsers draw themselves: no script, no fonts from elsewhere, no LaTeX."""

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging


def setup(app):
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (inline, None), (display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def inline(translator, node):
    """Write a formula in a line of text."""
    translator.body.append(formula(node))
    raise nodes.SkipNode


def display(translator, node):
    """Write a formula on its own lines; a formula that is wider than the page can be scrolled."""
    translator.body.append(
        f'<div class="formula">{formula(node, as_block=True)}</div>\n'
    )
    raise nodes.SkipNode


def formula(node, *, as_block=False):
    """Return a formula as MathML, or nothing, with a warning that names the place."""
    try:
        return tex2mathml(node.astext(), as_block=as_block)
    except MathError as error:
        logging.getLogger(__name__).warning("formula: %s", error, location=node)
        return ""
