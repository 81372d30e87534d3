"""Runs in processes of their own, which tests can kill; the blocks that they leave, and the bits of a result."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from pathlib import Path

import numpy as np

import mot_fast as mot
from mot_fast.layer_pairs import blocks

PROGRAM = """
import sys
import numpy as np, mot_fast as mot
from mot_fast.layer_pairs import blocks
blocks.LEAST_SECONDS, blocks.N_BLOCKS = 0.0, 400  # many small blocks
some = [np.random.default_rng(0).random((9, 3))]
mot.align(some, some)  # what is loaded late is loaded now
print("ready", flush=True)
source, target = mot.load(sys.argv[1]), mot.load(sys.argv[2])
mot.align(source, target, n_jobs=1, store=sys.argv[3])
"""


def write_networks(folder: Path, n_layers: int = 12, n_units: int = 40, n_stimuli: int = 200) -> list[Path]:
    """Two files of many layers, whose pairs are many blocks."""
    paths = []
    for name in ("source", "target"):
        rng = np.random.default_rng(len(paths))
        paths.append(folder / f"{name}.npz")
        np.savez(paths[-1], **{f"layer{k:02}": rng.standard_normal((n_stimuli, n_units)) for k in range(n_layers)})
    return paths


def start_run(networks: list[Path], store: Path) -> subprocess.Popen[str]:
    """Start a process that aligns the networks block by block, and return when it is about to begin."""
    command = [sys.executable, "-c", PROGRAM, *map(str, networks), str(store)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def fork_run(networks: list[Path], store: Path) -> multiprocessing.process.BaseProcess:
    """Start a run as `start_run` does, in a process that is forked from one that has loaded everything."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["faults", "scipy.linalg.cython_blas", "threadpoolctl"])
    process = context.Process(target=_align_in_small_blocks, args=(networks, store))
    process.start()
    return process


def _align_in_small_blocks(networks: list[Path], store: Path) -> None:
    blocks.LEAST_SECONDS, blocks.N_BLOCKS = 0.0, 400
    mot.align(*map(mot.load, networks), n_jobs=1, store=store)


def blocks_in(folder: Path) -> dict[str, int]:
    """Every block's file, and whether it was written anew since."""
    return {path.name: path.stat().st_mtime_ns for path in (folder / "blocks").glob("*.block")}


def bits(alignment) -> bytes:
    """Everything that solves decide, to the last bit."""
    parts = [alignment.layer_costs, alignment.layer_plan]
    for row in alignment.unit_plans:
        for plan in row:
            parts += [plan.rows, plan.columns, plan.mass, plan.u, plan.v]
    return b"".join(part.tobytes() for part in parts)


def use_small_blocks(monkeypatch) -> None:
    """Cut even short runs into many blocks."""
    monkeypatch.setattr(blocks, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(blocks, "N_BLOCKS", 400)
