"""Memory that the methods of a comparison need, and the number of threads on which they keep to a limit."""

from __future__ import annotations

from collections.abc import Sequence

from mot_fast.layer_pairs.alternation import LayerPair
from mot_fast.layer_pairs.centred_layer import CentredLayer
from mot_fast.layer_pairs.memory_budget import ALWAYS, needed_by_scores, needed_by_transport
from mot_fast.layer_pairs.passed_layer import needed_in_passes
from mot_fast.measures.coupling import COUPLINGS
from mot_fast.networks.network import Network
from mot_fast.system.memory import format_bytes

_FLOAT = 8
"""Bytes of a float64."""
_COSTS_OF_PATH = 4
"""Arrays of the size of the costs of a pair of layers that its path takes."""
_N_ALPHAS = 17
"""Number of penalties that the ridge regressions of "linear" choose from."""


def threads_within(
    limit: int,
    methods: Sequence[str],
    networks: tuple[Network, Network],
    size: tuple[int, int],
    n_threads: int,
) -> dict[str, int]:
    """Number of threads for each method: as many of `n_threads` as keep to the memory limit.

    Alignments divide the memory among their threads by themselves, so only their least need counts here. `size` is the
    numbers of training and held-out stimuli.

    Raises
    ------
    ValueError
        If a method needs more than the limit even on one thread.
    """
    threads = {}
    n_train, n_held_out = size
    for name in methods:
        once, per_thread = _needed_bytes(name, methods, networks, n_train, n_held_out)
        room = max(limit, ALWAYS) - once
        if room < per_thread:
            raise ValueError(
                f"memory_limit: method '{name}' on {n_train} stimuli, with {n_held_out} held out, needs about "
                f"{format_bytes(once + per_thread)} beside the activations, and {format_bytes(limit)} may be taken; "
                "raise memory_limit, leave the method out, or take fewer units or stimuli"
            )
        threads[name] = min(n_threads, room // per_thread) if per_thread else n_threads
    return threads


def _needed_bytes(
    name: str,
    methods: Sequence[str],
    networks: tuple[Network, Network],
    n_train: int,
    n_held_out: int,
) -> tuple[int, int]:
    """Bytes that a method needs once, and bytes that each thread needs; both are measured, and rounded up."""
    source, target = networks
    n_all, m_all, n, m = sum(source.widths), sum(target.widths), max(source.widths), max(target.widths)
    if name == "partial" or name.removesuffix("+r") in COUPLINGS:
        return _needed_by_alignment(name, methods, networks, n_train, n_held_out)
    if name == "rsa":
        dissimilarities = n_train * (n_train - 1) // 2
        return _FLOAT * min(len(source), len(target)) * dissimilarities, _FLOAT * 14 * dissimilarities
    if name == "linear":
        rank = min(m, n_train)
        return _FLOAT * n_train * n_all, _FLOAT * (_N_ALPHAS * rank**2 + 4 * n_train * (rank + n))
    if name == "global_linear":
        rank = min(n_train, max(n_all, m_all))
        return _FLOAT * 6 * (n_train * (n_all + m_all) + rank**2), 0
    if name == "global_ot":
        copies = _FLOAT * (n_train + n_held_out) * (n_all + m_all)
        return copies + _least_for_alignment(n_train, n_all, m_all, is_rotated=False), 0
    held = min(n_all, m_all)
    return _FLOAT * n_train * held, _FLOAT * (4 * n_train * max(n, m) + n * m + max(n, m) ** 2)


def _needed_by_alignment(
    name: str, methods: Sequence[str], networks: tuple[Network, Network], n_train: int, n_held_out: int
) -> tuple[int, int]:
    """The same of a coupling, which is tested against the others, or of "partial", which finds paths of pairs too."""
    source, target = networks
    n_all, m_all, n, m = sum(source.widths), sum(target.widths), max(source.widths), max(target.widths)
    coupling = name.removesuffix("+r")
    n_weights = len(source) if coupling == "permuted" else 1
    needed = max(
        needed_by_scores(n_held_out, n, m_all, n_weights),
        _least_for_alignment(n_train, n, m, is_rotated=name.endswith("+r")),
    )
    if name == "partial":
        return max(needed, _FLOAT * n_train * (n_all + m_all)), _FLOAT * _COSTS_OF_PATH * n * m
    suffix = name[len(coupling) :]
    n_tested = sum(f"{each}{suffix}" in methods for each in COUPLINGS) if coupling == "mot" else 0
    tested = _FLOAT * n_held_out * ((8 + n_tested) * n_all + 4 * m_all) if n_tested > 1 else 0
    return max(needed, tested), 0


def _least_for_alignment(n_stimuli: int, n: int, m: int, *, is_rotated: bool) -> int:
    """Bytes that an alignment needs at least, for layers of n and m units."""
    if not is_rotated:
        return min(needed_by_transport(n_stimuli, n, m), needed_in_passes(n, m))
    return CentredLayer.n_bytes(n_stimuli, n) + CentredLayer.n_bytes(n_stimuli, m) + LayerPair.n_bytes(n, m)
