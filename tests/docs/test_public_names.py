from __future__ import annotations

import subprocess
import sys

import pytest

import mot_fast as mot


def test_every_public_name_is_there():
    assert dir(mot) == mot.__all__ == sorted(mot.__all__)
    for name in mot.__all__:
        assert getattr(mot, name) is not None
    with pytest.raises(AttributeError, match="module 'mot_fast' has no attribute 'nothing'"):
        _ = mot.nothing


@pytest.mark.processes
def test_what_is_heavy_or_seldom_used_is_loaded_late():
    late = ["matplotlib", "numba", "sklearn", "distributed", "pandas", "xarray", "tqdm", "torch", "jax"]
    late += ["mot_fast.alignment.trajectories", "mot_fast.plot", "plotly", "jinja2"]
    program = f"import sys, mot_fast; print([name for name in {late} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "[]\n"
