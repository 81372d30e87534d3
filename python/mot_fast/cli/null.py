"""Command `mot-fast null`: tests an alignment, or only the order of its layers, against chance."""

from __future__ import annotations

import argparse
from typing import Any

import mot_fast as mot
from mot_fast.alignment.options import GOALS, PRICES
from mot_fast.analysis.alignment_null import AlignmentNull
from mot_fast.analysis.hierarchy_null import HierarchyNull
from mot_fast.analysis.shuffles import SHUFFLES
from mot_fast.cli import arguments, held_out, output, terminal
from mot_fast.measures.p_values import ADJUSTMENTS
from mot_fast.networks.network import same_stimuli

HELP = "test whether an alignment is better than chance"
DESCRIPTION = (
    "Align two networks, and again and again after the target's stimuli are shuffled, which leaves each network as it "
    "is, but destroys every relation between the two. Prints what is observed beside what chance gives, and how often "
    "chance does as well (p, one-sided)."
)
EXAMPLE = "mot-fast null a.npz b.npz --shuffles 199 --plot null.png"

_ALIGNMENT, _HIERARCHY = "alignment", "hierarchy"
_ONLY_OF = {_ALIGNMENT: ("test_size", "adjust"), _HIERARCHY: ("n_layer_permutations",)}
"""Options, by Python's names, that are of one kind of test alone."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    arguments.add_networks(command)
    command.add_argument(
        "--what",
        choices=(_ALIGNMENT, _HIERARCHY),
        default=_ALIGNMENT,
        help="alignment: cost, score of held-out stimuli, order of the layers, and the cost of every pair of layers; "
        "hierarchy: the order of the layers alone, on all stimuli, also against shuffled layers (default: %(default)s)",
    )
    command.add_argument(
        "--shuffles",
        dest="n_permutations",
        type=arguments.whole_number(1),
        default=99,
        metavar="N",
        help="number of shuffles, each of which takes as long as an alignment; p is at least 1 / (N + 1) "
        "(default: %(default)s)",
    )
    arguments.add_table(command)
    arguments.add_picture(command, "--plot", "what is observed among what chance gives")
    arguments.add_rotate(command)
    arguments.add_json(command)
    _add_shuffling(command)
    arguments.add_goals(command, [name for name in GOALS if name not in PRICES])
    arguments.add_layers(command)
    arguments.add_limits(command)


def _add_shuffling(command: argparse.ArgumentParser) -> None:
    """Add how stimuli are shuffled, and what concerns one kind of test alone."""
    section = command.add_argument_group("how stimuli are shuffled and held out")
    section.add_argument(
        "--shuffle-by",
        dest="shuffle",
        choices=SHUFFLES,
        default=SHUFFLES[0],
        help="stimuli: one by one; circular: the target's record is moved on in a circle, for time series; blocks: "
        "blocks of stimuli change places (default: %(default)s)",
    )
    section.add_argument(
        "--block-length",
        type=arguments.whole_number(1),
        metavar="N",
        help="number of stimuli in a block, for --shuffle-by blocks",
    )
    held_out.add_groups(section, "shuffle, and hold out, whole groups of stimuli")
    arguments.add_seed(section, "the shuffles and of the held-out stimuli")
    held_out.add_test_size(section, "of an alignment: share of the stimuli, or of the groups, that is held out")
    section.add_argument(
        "--adjust",
        choices=ADJUSTMENTS,
        default="bh",
        help="of an alignment: how p-values of the pairs of layers are adjusted for their number, bh: Benjamini and "
        "Hochberg, or holm: Holm (default: %(default)s)",
    )
    section.add_argument(
        "--layer-shuffles",
        dest="n_layer_permutations",
        type=arguments.whole_number(1),
        default=9999,
        metavar="N",
        help="of a hierarchy: number of random orders of the target's layers (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> None:
    """Run the test, print what it found, and write table and picture if files are named."""
    _check_only_of(options)
    output.check_table(options.output)
    for path in (options.output, options.plot):
        output.check_file(path)
    output.check_picture(options.plot)
    source, target = arguments.networks(options)
    same_stimuli([source, target])
    arguments.remember_store(options, options.store)
    shared = ("n_permutations", "shuffle", "block_length", "seed", "rotate", "unit_mass", "layer_mass", "convention")
    names = (*shared, *_ONLY_OF[options.what], "n_jobs", "memory_limit", "store")
    how = {name: getattr(options, name) for name in names}
    if options.groups is not None:
        how["groups"] = held_out.read_groups(options.groups, source.n_stimuli)
    null: AlignmentNull | HierarchyNull
    if options.what == _ALIGNMENT:
        null = mot.alignment_null(source, target, progress=terminal.is_watched(), **how)
        values = _of_alignment(null)
    else:
        null = mot.hierarchy_null(source, target, progress=terminal.is_watched(), **how)
        values = _of_hierarchy(null)
    names_of_both = {"source": source.name, "target": target.name}
    try:
        output.show(options, str(null), names_of_both | values)
    finally:
        if options.output is not None:
            output.write_rows(options.output, null.rows(), str(null), names_of_both | values)
        if options.plot is not None:
            drawn = null.plot()
            output.save_picture(drawn[0] if isinstance(drawn, list) else drawn, options.plot)


def _of_alignment(null: AlignmentNull) -> dict[str, Any]:
    """Results about an alignment, for JSON."""
    fields = [f"{prefix}{name}" for prefix in ("", "p_") for name in ("cost", "score", "hierarchy", "layer_costs")]
    fields += ["relative_cost", "relative_layer_costs", "null_costs", "null_scores", "null_hierarchies"]
    fields += ["shuffle", "adjust"]
    return {"what": _ALIGNMENT, **{name: getattr(null, name) for name in fields}}


def _of_hierarchy(null: HierarchyNull) -> dict[str, Any]:
    """Results about the order of the layers, for JSON."""
    fields = ("observed", "ceiling", "p_stimuli", "p_layers", "shuffle", "plan", "stimuli_plan", "stimuli", "layers")
    return {"what": _HIERARCHY, **{name: getattr(null, name) for name in fields}}


def _check_only_of(options: argparse.Namespace) -> None:
    """End the process if an option of the other kind of test is given."""
    for kind, names in _ONLY_OF.items():
        for name in names:
            if kind != options.what and getattr(options, name) != options.command.get_default(name):
                flag = arguments.options_of(options.command)[name]
                options.command.error(f"argument {flag}: expected none with --what {options.what}")
