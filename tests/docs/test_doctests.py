from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import mot_fast

NEED_TORCH = ("mot_fast.networks.extraction", "mot_fast.transport.torch_")
NAMES = {module.name for module in pkgutil.walk_packages(mot_fast.__path__, "mot_fast.")}
MODULES = [
    pytest.param(name, marks=[pytest.mark.torch] if name.startswith(NEED_TORCH) else [])
    for name in sorted(NAMES - {"mot_fast._core"})
]


@pytest.mark.filterwarnings("ignore:some units are constant")
@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name):
    if name.startswith(NEED_TORCH):
        pytest.importorskip("torch")
    results = doctest.testmod(importlib.import_module(name))
    assert results.failed == 0


@pytest.mark.parametrize("name", ["align", "extract", "hierarchy", "load", "solve_sample", "solve_transport", "split"])
def test_every_public_function_has_an_example(name):
    module = importlib.import_module(getattr(mot_fast, name).__module__)
    found = {test.name.split(".")[-1]: test.examples for test in doctest.DocTestFinder().find(module)}
    assert found[name]
