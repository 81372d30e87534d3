"""The command line: `mot-fast demo | align | plot`."""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import mot_fast as mot
from mot_fast import _validate, summary
from mot_fast.alignment import Alignment
from mot_fast.network import Network
from mot_fast.record import CONVENTIONS

EXIT_BAD_INPUT = 1
EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            options.run(options)
            sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BAD_INPUT
    except KeyboardInterrupt:
        print("mot-fast: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except (ValueError, TypeError, OSError, ImportError, mot.SolverError) as error:
        print(f"mot-fast: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    return 0


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    print(f"mot-fast: note: {message}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mot-fast",
        description="Align two networks layer by layer and unit by unit, exactly, by multi-level optimal transport.",
    )
    parser.add_argument("--version", action="version", version=f"mot_fast {mot.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    demo = commands.add_parser(
        "demo",
        help="align ResNet-20 and ResNet-56, which come with the package",
        description="Align ResNet-20 and ResNet-56 on 80 %% of the bundled CIFAR-10 images, score the alignment on the "
        "other 20 %%, print plan, scores and proof, and draw the layer plan.",
    )
    demo.add_argument("-o", "--output", type=Path, default=Path("mot-fast-demo.png"), help="picture (%(default)s)")
    demo.set_defaults(run=_demo)

    align = commands.add_parser(
        "align",
        help="align two networks in files",
        description="Align two networks on part of their stimuli; print plan, proof and scores on the other stimuli.",
    )
    align.add_argument("source", type=Path, help=".npz file or folder of .npy files, an array (stimuli, units) a layer")
    align.add_argument("target", type=Path, help="the same for the other network, on the same stimuli")
    align.add_argument("-o", "--output", type=Path, help="write the alignment to this .mot file")
    align.add_argument("--test-size", type=float, default=0.2, help="held-out fraction; 0 holds none out (%(default)s)")
    align.add_argument("--seed", type=int, default=0, help="of the split (%(default)s)")
    align.add_argument("--rotate", action="store_true", help="rotate the units of the source's layers (MOT+R)")
    align.add_argument("--convention", choices=CONVENTIONS, default=CONVENTIONS[0], help="%(default)s by default")
    align.set_defaults(run=_align)

    plot = commands.add_parser("plot", help="draw the layer plan of a .mot file", description="Draw a layer plan.")
    plot.add_argument("alignment", type=Path, help=".mot file that align wrote")
    plot.add_argument("-o", "--output", type=Path, help="picture; by default beside the file, as .png")
    plot.set_defaults(run=_plot)

    for command in (demo, align):
        command.add_argument("--jobs", type=int, default=None, help="threads (all that are allowed)")
    return parser


def _demo(options: argparse.Namespace) -> None:
    source, target = mot.data.resnets()
    alignment = _align_and_report(source, target, n_jobs=options.jobs)
    try:
        _draw(alignment, options.output)
    except ImportError as error:
        print(f"No picture: {error}")


def _align(options: argparse.Namespace) -> None:
    if options.output is not None and not options.output.parent.is_dir():
        raise FileNotFoundError(f"{options.output}: expected a folder to write to, found none")
    _align_and_report(
        mot.load(options.source),
        mot.load(options.target),
        test_size=options.test_size,
        seed=options.seed,
        rotate=options.rotate,
        convention=options.convention,
        n_jobs=options.jobs,
        output=options.output,
    )


def _plot(options: argparse.Namespace) -> None:
    _draw(Alignment.load(options.alignment), options.output or options.alignment.with_suffix(".png"))


def _draw(alignment: Alignment, path: Path) -> None:
    figure = alignment.plot().get_figure(root=True)
    if figure is not None:
        try:
            figure.savefig(path, dpi=150)
        except OSError as error:
            raise OSError(f"{path}: the picture could not be written ({error})") from error
    print(f"\nPicture of the layer plan written to {path.resolve()}")


def _align_and_report(
    source: Network,
    target: Network,
    *,
    test_size: float = 0.2,
    seed: int = 0,
    rotate: bool = False,
    convention: str = CONVENTIONS[0],
    n_jobs: int | None,
    output: Path | None = None,
) -> Alignment:
    _validate.same_stimuli(source.name, source.n_stimuli, target.name, target.n_stimuli)
    everything = np.arange(source.n_stimuli)
    training, held_out = (everything, everything[:0]) if test_size == 0 else mot.split(len(everything), test_size, seed)
    held_out_source, held_out_target = source[held_out].in_memory(), target[held_out].in_memory()
    if len(held_out):  # judged before the work, not after it
        _validate.enough_stimuli(len(held_out), f"held-out share {test_size} of {source.n_stimuli} stimuli")
    started = time.perf_counter()
    alignment = mot.align(
        source[training],
        target[training],
        rotate=rotate,
        convention=convention,
        n_jobs=n_jobs,
        progress=sys.stderr.isatty(),
    )
    seconds = time.perf_counter() - started

    try:
        _print_plan(source, target, alignment, seconds, len(training))
        if len(held_out):
            print(f"\nScores on the {len(held_out)} held-out stimuli (1 is perfect):")
            alignment = mot.evaluate(alignment, held_out_source, held_out_target)
            print(summary.score_table(alignment))
        print(f"\nAlignment cost {alignment.cost:.6f} (0 is perfect)")
        print(summary.certificate_text(alignment.certificate, alignment.layer_plan.size + 1))
    finally:  # neither a failed report nor a full disk takes the other along
        if output is not None:
            alignment.save(output)
            print(f"\nAlignment written to {output}")
    return alignment


def _print_plan(source: Network, target: Network, alignment: Alignment, seconds: float, n_stimuli: int) -> None:
    n_pairs = alignment.layer_plan.size
    print(f"{source.name} ({len(source)} layers, {sum(source.widths)} units) aligned with ", end="")
    print(f"{target.name} ({len(target)} layers, {sum(target.widths)} units)")
    print(f"on {n_stimuli} stimuli: {n_pairs} pairs of layers in {seconds:.2f} s\n")
    print(summary.layer_plan_table(alignment, sys.stdout.encoding))
