"""Command `mot-fast plot`: draws pictures of an alignment in a `.mot` file."""

from __future__ import annotations

import argparse

import mot_fast as mot
from mot_fast.cli import arguments, output
from mot_fast.measures.coupling import COUPLINGS

HELP = "draw which layers an alignment matches, from a .mot file"
DESCRIPTION = (
    "Draw the layer plan of an alignment, which shows how much of each layer goes to which; or several ways to match "
    "layers side by side; or how its rotations converged."
)
EXAMPLE = "mot-fast plot run.mot --couplings mot pairwise_best -o plans.pdf"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    command.add_argument("alignment", type=arguments.path, help=".mot file that align wrote")
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
        default=["mot"],
        metavar="COUPLING",
        help=f"ways to match layers, drawn side by side, some of {', '.join(COUPLINGS)}: mot is that of the "
        "alignment, the others are simpler ones (default: mot)",
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
    alignment = mot.Alignment.load(options.alignment)
    if options.convergence and alignment.alternation is None:
        raise ValueError(f"{options.alignment}: expected an alignment with rotations for --convergence, found none")
    if options.convergence:
        axes = mot.plot.plot_convergence(alignment)
    elif len(options.couplings) == 1:
        axes = mot.plot.plot_layer_plan(alignment, coupling=options.couplings[0])
    else:
        axes = mot.plot.plot_layer_plans([(alignment, name) for name in options.couplings])[0]
    output.save_picture(axes, path)
    output.show(options, f"Picture written to {path.resolve()}", {"picture": path.resolve()})
