"""Command `mot-fast plot`: draws pictures of an alignment in a `.mot` file."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import mot_fast as mot
from mot_fast.alignment.nested import load_either
from mot_fast.cli import arguments, output
from mot_fast.measures.coupling import COUPLINGS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HELP = "draw which layers an alignment matches, from a .mot file"
DESCRIPTION = (
    "Draw the layer plan of an alignment, which shows how much of each layer goes to which; or several ways to match "
    "layers side by side; or how its rotations converged. Of training runs, or of other nested networks, draw the plan "
    "between their parts."
)
EXAMPLE = "mot-fast plot run.mot --couplings mot pairwise_best -o plans.pdf"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    command.add_argument("alignment", type=arguments.path, help=".mot file, as align or NestedAlignment.save writes it")
    command.add_argument(
        "-o",
        "--output",
        type=arguments.path,
        metavar="PICTURE",
        help="picture to write (default: beside the file, as .png)",
    )
    what = command.add_mutually_exclusive_group()
    what.add_argument(
        "--couplings",
        nargs="+",
        choices=COUPLINGS,
        metavar="COUPLING",
        help=f"ways to match layers, drawn side by side, some of {', '.join(COUPLINGS)}: mot is that of the "
        "alignment, the others are simpler ones (default: mot; of training runs mot and pairwise_best)",
    )
    what.add_argument(
        "--convergence", action="store_true", help="draw how rotations (align --rotate) came to fit, step by step"
    )
    arguments.add_json(command)


def run(options: argparse.Namespace) -> None:
    """Draw the picture that is asked for."""
    path = options.output or options.alignment.with_suffix(".png")
    output.check_file(path)
    output.check_picture(path)
    axes = _draw(load_either(options.alignment), options)
    output.save_picture(axes, path)
    output.show(options, f"Picture written to {path.resolve()}", {"picture": path.resolve()})


def _draw(alignment: mot.Alignment | mot.NestedAlignment, options: argparse.Namespace) -> Axes:
    """Draw what is asked for, and return the axes of one of the pictures side by side."""
    if options.convergence:
        if isinstance(alignment, mot.NestedAlignment) or alignment.alternation is None:
            raise ValueError(f"{options.alignment}: expected an alignment with rotations for --convergence, found none")
        return mot.plot.plot_convergence(alignment)
    if isinstance(alignment, mot.NestedAlignment):
        return mot.plot.plot_nested(alignment, couplings=options.couplings or ["mot", "pairwise_best"])[0]
    couplings = options.couplings or ["mot"]
    if len(couplings) == 1:
        return mot.plot.plot_layer_plan(alignment, coupling=couplings[0])
    return mot.plot.plot_layer_plans([(alignment, name) for name in couplings])[0]
