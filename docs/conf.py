"""Configuration of Sphinx for these pages: `sphinx-build -n -W -b html docs build/docs`, which needs no network."""

import inspect
import re
import sys
from pathlib import Path

import mot_fast as mot

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "mot_fast"
version = release = mot.__version__
copyright = "the authors of mot_fast, BSD-3-Clause"

extensions = [
    "sphinx.ext.autodoc",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "command_line",
    "mathml",
]
exclude_patterns = ["extensions", "static"]

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["style.css"]
html_title = f"mot_fast {version}"
html_math_renderer = "mathml"
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False

myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3

default_role = "py:obj"
autodoc_typehints = "none"  # numpydoc's sections give the types, with shapes
autodoc_member_order = "bysource"
autodoc_default_options = {
    "members": True,
    "undoc-members": True,
    "inherited-members": True,
}
numpydoc_show_class_members = False  # autodoc documents them where they stand
copybutton_exclude = ".linenos, .gp, .go"

FIRST_CELL = """
# This notebook needs mot_fast and matplotlib. No package index has mot_fast: it is
# compiled from its sources, which takes minutes. Say where yours are: the folder of a
# clone of the repository, or a release's .tar.gz or .whl. On Colab, clone or upload them
# first, as a folder that is not called mot_fast.
SOURCES = "sources"

import importlib.util
from pathlib import Path

if not all(importlib.util.find_spec(name) for name in ("mot_fast", "matplotlib")):
    if not Path(SOURCES).exists():
        raise FileNotFoundError(f"not installed, and no sources at {SOURCES!r}")
    %pip install --quiet "{SOURCES}[plot]"
"""

sphinx_gallery_conf = {
    "examples_dirs": "../examples/gallery",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",  # all of them run
    "within_subsection_order": "FileNameSortKey",
    "first_notebook_cell": FIRST_CELL.strip(),
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
    "abort_on_example_error": True,
}


def setup(app):
    """Connect the functions below to Sphinx."""
    app.connect("autodoc-process-signature", hide_constructors_of_results)
    app.connect("missing-reference", code_is_no_reference)


def hide_constructors_of_results(app, kind, name, thing, options, signature, returned):
    """Hide the constructor of a class whose docstring has no parameters: it is a result, which users do not make."""
    if kind == "class" and "Parameters\n" not in (inspect.getdoc(thing) or ""):
        return "", None
    return None


def code_is_no_reference(app, env, node, content):
    """Take text in backticks as code if it is not a name of this package; only these names need a page."""
    is_ours = re.match(r"(mot|mot_fast)\.\w", node["reftarget"])
    return content if node["reftype"] == "obj" and not is_ours else None
