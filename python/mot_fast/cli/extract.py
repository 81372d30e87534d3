"""Command `mot-fast extract`: records the activations of a model on texts, images or sounds into a folder."""

from __future__ import annotations

import argparse
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mot_fast as mot
from mot_fast.cli import arguments, info, output, terminal
from mot_fast.networks.extraction.request import POOLS
from mot_fast.networks.extraction.stimulus_files import read_lines

HELP = "record a model's activations on texts, images or sounds"
DESCRIPTION = (
    "Run a model over stimuli and write the pooled activations of its layers to a folder, which align and compare "
    "take. Images and sounds go through the model's own processor. By default it writes the residual stream of every "
    "block, averaged over tokens or pixels, without a decoder's first token. Needs torch and transformers."
)
EXAMPLE = "mot-fast extract sentence-transformers/all-MiniLM-L6-v2 sentences.txt -o minilm"

_OPTIONS = (
    (r"^skip_first_token: expected False or 'auto'", "--first-token: expected keep or auto"),
    (r"\bskip_first_token=False", "--first-token keep"),
    (r"\bskip_first_token=True", "--first-token skip"),
    (r"^folder: ", "--output: "),
    (r"^stimuli: expected one for each of the stimuli in batches", "--labels: expected one for each stimulus"),
    (r"^batches: ", "stimuli: "),
    (r"^(layers|pool|device|dtype|name): ", r"--\1: "),
    (r"^batch_size: ", "--batch-size: "),
    (
        r"\bas pool is '(\w+)' and neither 'mean' nor 'max', found True",
        r"as --pool is \1 and neither mean nor max, found skip",
    ),
    (r"\b(pool|device|dtype|layers)='?([\w.*\[\]]+)'?", r"--\1 \2"),
    (r"\bbatch_size=(\d+)", r"--batch-size \1"),
    ("; or give the model by its name or folder$", ""),
)
"""Patterns of the arguments in messages of `mot_fast.extract`, and the options of the command in place of them."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    command.add_argument(
        "model",
        help="a transformers model: folder, .gguf file, or name on the hub; or a trained model of timm or torchvision, "
        "as timm:resnet18.a1_in1k or torchvision:resnet50",
    )
    command.add_argument(
        "stimuli",
        type=arguments.path,
        help="text file with one text a line; folder of images or of .wav files, taken in the order of their sorted "
        "paths; or text file with the path of one image or .wav file a line",
    )
    command.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="folder to write to; an unfinished one is continued",
    )
    command.add_argument("--name", help="name of the network (default: name of the model)")
    command.add_argument(
        "--labels",
        type=arguments.path,
        metavar="FILE",
        help="text file with a label for each stimulus, one a line: networks with the same labels are taken to have "
        "seen the same stimuli (default: the texts themselves, or the names and contents of the files)",
    )
    _add_recording(command)
    arguments.add_json(command)


def _add_recording(command: argparse.ArgumentParser) -> None:
    """Add what is recorded of the model, and how it runs."""
    command.add_argument(
        "--layers",
        nargs="+",
        default="auto",
        metavar="PATTERN",
        help="names or patterns of modules, such as 'encoder.layer.*'",
    )
    command.add_argument(
        "--pool",
        choices=POOLS,
        default="mean",
        help="how a layer becomes one row for each stimulus: mean or max over tokens or pixels; first (cls) or last "
        "token; every number a unit (flatten); or only layers that are such rows (none) (default: %(default)s)",
    )
    command.add_argument(
        "--first-token",
        choices=("auto", "keep", "skip"),
        default="auto",
        help="whether mean and max count the first token, such as a class token (auto: not for decoders)",
    )
    command.add_argument(
        "--batch-size", type=int, default=32, help="number of stimuli that run at once (default: %(default)s)"
    )
    command.add_argument(
        "--dtype",
        choices=("float32", "float16"),
        default="float32",
        help="type of the numbers in the folder (default: %(default)s)",
    )
    command.add_argument("--device", help="device, as torch names it (default: cpu)")


def run(options: argparse.Namespace) -> None:
    """Record the activations, and print what the folder holds."""
    labels = None if options.labels is None else read_lines(options.labels, "label")
    arguments.remember_store(options, options.output)
    with _messages_name_options():
        mot.extract(
            options.model,
            options.stimuli,
            options.output,
            layers=options.layers,
            pool=options.pool,
            skip_first_token="auto" if options.first_token == "auto" else options.first_token == "skip",
            stimuli=labels,
            batch_size=options.batch_size,
            device=options.device,
            name=options.name,
            dtype=options.dtype,
            progress=terminal.is_watched(),
        )
    output.show(options, *info.describe_network(options.output))


@contextmanager
def _messages_name_options() -> Iterator[None]:
    """Let errors and warnings name options of the command where they would name arguments of `mot_fast.extract`."""
    shown = warnings.showwarning
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *rest, **named: shown(_reworded(str(message)), *rest, **named)
        try:
            yield
        except (ValueError, TypeError, OSError, ImportError) as error:
            text = _reworded(str(error))
            if text == str(error):
                raise
            raise (ValueError if isinstance(error, (ValueError, TypeError)) else OSError)(text) from error


def _reworded(message: str) -> str:
    """Message in which options of the command stand in place of the function's arguments."""
    for argument, option in _OPTIONS:
        message = re.sub(argument, option, message)
    return message
