"""`extract`, which writes the activations of the layers of a torch model to a folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mot_fast import _validate
from mot_fast._version import __version__
from mot_fast._warnings import renamed_arguments, warn
from mot_fast.networks.extraction.activation_warnings import warn_of_activations
from mot_fast.networks.extraction.lock import exclusive_access
from mot_fast.networks.extraction.request import POOLS, POOLS_OVER_POSITIONS, Request
from mot_fast.networks.extraction.stimulus_files import StimulusFiles, files_in, find_stimuli
from mot_fast.networks.extraction.store import ActivationStore, make_folder
from mot_fast.networks.load import load
from mot_fast.networks.network import Network
from mot_fast.networks.stimulus_digest import NO_STIMULI, chained
from mot_fast.system import optional
from mot_fast.system.progress import progress_bar

if TYPE_CHECKING:
    from mot_fast.networks.extraction.batches import Batch
    from mot_fast.networks.extraction.inputs import Inputs
    from mot_fast.networks.extraction.layer_reader import LayerReader
    from mot_fast.networks.extraction.model import Model

_FIRST_TOKEN_LEFT_OUT = (
    "no token of this model knows of later ones, as in a decoder: the {} leaves out the first token, which the "
    "others lean on (the attention sink) and whose size would drown what they say of the stimulus; "
    "skip_first_token=False keeps it"
)

_OF_IMAGES = ("torchvision", "timm", "PIL")
"""Libraries whose versions are recorded if they are loaded: images are read and resized by them."""


@renamed_arguments(store="folder")
def extract(
    model: Any,
    batches: Any,
    folder: Any,
    *,
    layers: str | Sequence[str] = "auto",
    pool: str | Callable[[Any, Any], Any] = "mean",
    skip_first_token: bool | str = "auto",
    stimuli: Sequence[Any] | None = None,
    tokenizer: Callable[..., Any] | None = None,
    transform: Callable[..., Any] | None = None,
    batch_size: int = 32,
    device: str | None = None,
    name: str | None = None,
    dtype: str = "float32",
    progress: bool = True,
) -> Network:
    """Write the activations of the layers of a torch model to a folder, and load the folder as a network.

    Only one batch is in memory at a time. A run that was interrupted or killed continues from what it had written when
    it is called again with the same arguments; a complete run is only compared with the arguments. The model runs on
    its own device, in evaluation mode and without gradients, and is left as it was; it gets copies of the stimuli. Some
    stimuli are read again, one at a time, and compared with the stored activations.

    Parameters
    ----------
    model : torch.nn.Module, str or path
        A module; the name or folder of a model for `transformers`, or a `.gguf` file; or "timm:NAME" or
        "torchvision:NAME", a model of these libraries with its trained weights, where those of torchvision may be named
        after a dot ("torchvision:resnet50.IMAGENET1K_V1") and are the newest otherwise. Of a model by name with a part
        for every kind of stimuli, such as CLIP, the part for these stimuli is read. In a module that `torch.compile`,
        `DataParallel` or `DistributedDataParallel` made, the original module is read.
    batches : path, sequence of str or path, array, mapping of arrays, or iterable of batches
        Texts, or the path of a text file with one text a line.

        Or images or sounds (`.wav`): the path of a folder, whose files are taken in the order of their relative paths,
        as Python sorts paths (hidden files and folders, whose names begin with a dot, do not count); the path of a text
        file with the path of one file a line, relative to that text file; or a list of paths. Texts whose first ends
        as the name of an image or sound does (".png") are paths. Every file must be an image or a sound that can be
        read: none is left out. Images are turned upright as their EXIF orientation says, and converted to RGB with 8
        bits a channel: 16 bits are scaled, and transparent pixels have the colours that the file gives them. Animations
        and several pages are refused. Sounds have one channel, and the sampling rate that the model takes.

        Or one array, or a mapping of arrays such as a tokenizer's, with all stimuli as first dimension. Or batches of
        texts or arrays, as a `DataLoader` yields them, which must keep the order of its data set; the first entry of a
        batch that is a tuple or list counts. The model gets arrays as its only argument and mappings as named
        arguments; an `attention_mask` in a mapping marks padding.
    folder : path
        The folder to write to, new or of an earlier run. It will hold a `.npy` file for each layer, and `network.json`.
    layers : "auto", str or sequence of str
        Names of modules, or patterns in which a ``*`` stands for anything up to the next dot ("encoder.layer.*"), taken
        in the order in which they run. "auto" is the residual stream: the input of the first block ("embedding" or
        "stem", unless it is the stimulus itself) and the outputs of all blocks. Blocks are the outermost modules of a
        class that runs several times and consists of several modules with weights, or of one such module and a residual
        connection; a stage that only chains such blocks is divided into them. In a model without blocks, "auto" takes
        the modules with weight matrices. A module that runs several times becomes several layers, "name[0]", "name[1]",
        ...; if a module has several outputs, the first tensor counts.
    pool : "mean", "max", "cls", "last", "flatten", "none" or function
        How activations become one row for each stimulus. For `(n_stimuli, n_tokens, n_units)`: the mean or the maximum
        over tokens that are not padding, the first or the last of these tokens. For maps, `(n_stimuli, n_channels,
        height, width)` or `(n_stimuli, height, width, n_channels)`, with or without a depth before the height: the mean
        or the maximum over pixels, where the channels are the dimension that the model's norms, convolutions and
        weights work on. "flatten" makes every number a unit, a channel at a position, in the order of the tensor;
        stimuli must then have the same numbers of tokens or pixels. "none" pools nothing, and refuses layers with
        tokens or pixels. A function gets the activations and the mask `(n_stimuli, n_tokens)` or None, and returns
        `(n_stimuli, n_units)`. Activations `(n_stimuli, n_units)` are taken as they are.
    skip_first_token : "auto" or bool
        Whether the mean or maximum leaves out the first token, such as the class token of a vision transformer. "auto"
        does so in decoders, with a warning: the later tokens of a decoder attend to the first token, which becomes huge
        and carries no information about the stimulus (the attention sink). A model of token ids is a decoder if a
        change of the last token changes no earlier token.
    stimuli : sequence, optional
        An identifier for each stimulus: a sentence, a file name or a number. By default texts, the contents of arrays,
        and the names of files with their contents identify stimuli, where the name of a file is its path relative to
        the deepest folder that holds all files. Networks with different stimuli are not aligned, so models with
        different tokenizers, arrays of different image sizes, or other copies of the same images need the same
        `stimuli`.
    tokenizer : callable, optional
        Tokenizer for texts, like those of `transformers`; by default the tokenizer of a model that is given by name.
    transform : callable, optional
        What makes the model's input of an image or sound: a processor of `transformers`, or a function from an RGB
        image of Pillow, or from the samples and the sampling rate of a sound, to a tensor or array, or a mapping of
        these, for one stimulus. By default the processor of a model that is given by name, or the transform with which
        a model of timm or torchvision was evaluated.
    batch_size : int
        Number of stimuli in a batch, if `batches` is not divided into batches. Stimuli that the model takes in
        different sizes, such as sounds of different lengths, need 1.
    device : str, optional
        Device of a model that is given by name, as torch calls it ("cuda"); by default the CPU. A module runs on its
        own device.
    name : str, optional
        Name of the network; by default that of the model.
    dtype : "float32" or "float16"
        Type of the stored activations, which are pooled in float32 either way.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    Network
        The stored network, ``mot_fast.load(folder)``.

    Raises
    ------
    ImportError
        If torch is not installed; or `transformers`, timm or torchvision for a model given by name; or Pillow for
        images.
    FileNotFoundError, OSError
        If there is no such model or stimulus, a file is no image or sound, or is damaged, the folder cannot be written
        to, has no room for the activations, or another extraction is writing to it.
    TypeError, ValueError
        If an argument is not as above; an image is animated, or a sound has another sampling rate than the model takes;
        a model brings no tokenizer or processor for such stimuli; the folder holds anything but an earlier run with the
        same arguments and stimuli, or activations that differ from those of the model; batches are shuffled, randomly
        altered or incomplete; a stimulus has no token left; activations are not finite or real, do not fit into
        `dtype`, or cannot be pooled; the channels of a map are unknown; the model has several parts (an encoder and a
        decoder), or its parts do not run as modules (scripted, exported, sharded).

    Warns
    -----
    UserWarning
        If activations depend on the other stimuli of a batch, or on random numbers; if the first tokens of a decoder
        are left out; if a masked autoencoder given by name is made to see all patches; if images have transparent
        pixels; if a layer comes near the largest float16; if one direction holds more than 90 % of the variance
        of a layer.

    Examples
    --------
    >>> import tempfile, torch, mot_fast as mot
    >>> model = torch.nn.Sequential(torch.nn.Linear(8, 6), torch.nn.ReLU(), torch.nn.Linear(6, 4))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mot.extract(model, torch.randn(100, 8), f"{folder}/mlp", name="mlp", progress=False)
    Network('mlp', 2 layers, 10 units, 100 stimuli)
    """
    folder = Path(_validate.path(folder, "folder")).absolute()
    _check_choices(layers, pool, skip_first_token, dtype)
    batch_size = min(_validate.whole_number(batch_size, "batch_size", at_least=1), sys.maxsize)
    source = find_stimuli(batches) if isinstance(batches, (str, os.PathLike)) else files_in(batches)
    source = batches if source is None else source
    _check_transform(transform, source)
    try:
        from mot_fast.networks.extraction.batches import iterate_batches, n_stimuli_if_known
        from mot_fast.networks.extraction.hooks import evaluation_mode
        from mot_fast.networks.extraction.layer_reader import make_layer_reader
        from mot_fast.networks.extraction.model import resolve_model
        from mot_fast.networks.extraction.multi_part_models import require_one_part
        from mot_fast.networks.extraction.preprocessing import Preprocessing, check_files
    except ImportError as error:
        raise optional.missing("extract needs", "torch", error=error) from error
    kind = _kind_of(source)
    if isinstance(source, StimulusFiles):
        check_files(source)
    subject = resolve_model(model, tokenizer=tokenizer, transform=transform, device=device, kind=kind)
    if layers == "auto":
        require_one_part(subject.module)  # before a tokenizer is loaded
    preprocessing = Preprocessing(subject.processor(kind)) if isinstance(source, StimulusFiles) and kind else None
    coming = iterate_batches(source, batch_size, stimuli, partial(subject.processor, "texts"), preprocessing)
    first = next(coming)
    with evaluation_mode(subject.module):
        reader = make_layer_reader(
            subject.module, first.read(), layers, pool=pool, skip_first_token=skip_first_token, dtype=dtype
        )
        request = _request(subject, reader, first.identity_kind, dtype, name)
        if preprocessing is not None:
            request = replace(request, preprocessing=preprocessing.described())
        n_stimuli = n_stimuli_if_known(source, stimuli)
        counted = _with_progress_bar(chain([first], coming), n_stimuli, progress)
        _write(folder, request, counted, reader, n_stimuli)
    return load(folder)


def _kind_of(source: Any) -> str | None:
    """Kind of the stimuli, "texts", "images" or "sounds"; None if they are none of these, or unknown."""
    if isinstance(source, StimulusFiles):
        return source.kind
    is_list_of_texts = isinstance(source, (list, tuple)) and len(source) > 0 and isinstance(source[0], str)
    return "texts" if is_list_of_texts else None


def _check_transform(transform: Any, source: Any) -> None:
    if transform is None:
        return
    if not callable(transform):
        raise TypeError(f"transform: expected a function of an image or a sound, found {type(transform).__name__}")
    if not isinstance(source, StimulusFiles):
        raise ValueError(
            "transform: expected None, as it is for files of images or sounds, and the stimuli are "
            f"{type(source).__name__}, found {type(transform).__name__}"
        )


def _check_choices(layers: Any, pool: Any, skip_first_token: Any, dtype: Any) -> None:
    names = [layers] if isinstance(layers, str) else layers
    if not (isinstance(names, (list, tuple)) and names and all(isinstance(each, str) for each in names)):
        raise TypeError(f"layers: expected 'auto', or names or patterns of modules, found {layers!r}")
    if not callable(pool):
        _validate.choice(pool, POOLS, "pool")
    if not isinstance(skip_first_token, (bool, np.bool_)):
        _validate.choice(skip_first_token, ("auto",), "skip_first_token")
    elif skip_first_token and pool not in POOLS_OVER_POSITIONS:
        raise ValueError(
            f"skip_first_token: expected False or 'auto', as pool is {pool!r} and neither 'mean' nor 'max', found True"
        )
    _validate.choice(dtype, ("float32", "float16"), "dtype")


def _request(subject: Model, reader: LayerReader, identity_kind: str, dtype: str, name: str | None) -> Request:
    return Request(
        name=subject.name if name is None else name,
        labels=tuple(point.label for point in reader.hook_points),
        widths=reader.widths,
        stimuli_of=identity_kind,
        model=subject.described(),
        pooling=reader.pooling.described(),
        dtype=dtype,
        versions=_versions(),
    )


def _versions() -> dict[str, str | None]:
    """Versions of this package and of those that compute the activations."""
    modules = {library: sys.modules.get(library) for library in ("torch", "transformers", *_OF_IMAGES)}
    others = {library: getattr(module, "__version__", None) for library, module in modules.items()}
    known = {k: v for k, v in others.items() if v is not None or k not in _OF_IMAGES}
    return {"mot_fast": __version__, **{k: None if v is None else str(v) for k, v in known.items()}}


def _with_progress_bar(batches: Iterable[Batch], n_stimuli: int | None, is_shown: bool) -> Iterable[Batch]:
    """Yield the batches, and show a progress bar that counts their stimuli."""
    with progress_bar("stimuli", is_shown=is_shown, total=n_stimuli, unit=" stimuli") as bar:
        for batch in batches:
            yield batch
            bar.update(len(batch.identities))


def _write(
    folder: Path, request: Request, batches: Iterable[Batch], reader: LayerReader, n_stimuli: int | None
) -> None:
    """Write the activations to the folder, and warn the caller of those that may spoil an alignment."""
    if reader.is_decoder:
        warn(_FIRST_TOKEN_LEFT_OUT.format(reader.pooling.pool))
    make_folder(folder)
    with exclusive_access(folder), ActivationStore(folder, request) as activations:
        if n_stimuli is not None:
            activations.check_space(n_stimuli)
        _fill(activations, batches, reader)
    layers = (np.load(file, mmap_mode="r") for file in activations.files)
    warn_of_activations(request.labels, layers, activations.progress.largest)


def _fill(activations: ActivationStore, batches: Iterable[Batch], reader: LayerReader) -> None:
    """Append the activations that the store lacks, and check that it holds those of the same stimuli."""
    there, digest, n_stimuli, is_padding_seen = activations.progress, NO_STIMULI, 0, False
    what = f"{there.n_stimuli} stimuli whose activations are in {activations.folder}"
    for batch in batches:
        if batch.start == 0:
            first = batch
        n_there = max(0, min(len(batch.identities), there.n_stimuli - batch.start))
        digest = chained(digest, batch.identities[:n_there])
        if n_there and batch.start + n_there == there.n_stimuli:
            if digest != there.digest:
                raise ValueError(
                    f"folder: expected the {what}, found others; give another folder, or remove this one to extract "
                    "anew"
                )
            inputs = first.read()
            is_padding_seen = inputs.is_padded
            _verify(activations, reader, inputs.select(slice(0, there.n_stimuli)), 0)
        n_stimuli = batch.start + len(batch.identities)
        if n_there == len(batch.identities):
            continue
        if there.is_complete:
            raise ValueError(f"folder: expected the {what}, and no more, found more; give another folder")
        rest = batch.read().select(slice(n_there, None))
        arrays = reader.read(rest, batch.start + n_there)
        digest = chained(digest, batch.identities[n_there:])
        activations.append(arrays, digest)
        if (not there.n_stimuli and batch is first) or (rest.is_padded and not is_padding_seen):
            is_padding_seen = rest.is_padded
            _verify(activations, reader, rest, batch.start + n_there)
    if n_stimuli < there.n_stimuli:
        raise ValueError(
            f"folder: expected the {what}, found {n_stimuli}; give another folder, or remove this one to extract anew"
        )


def _verify(activations: ActivationStore, reader: LayerReader, inputs: Inputs, start: int) -> None:
    """Read some stimuli again, one at a time, and warn the caller if the stored activations differ."""
    from mot_fast.networks.extraction.verify_rows import discrepancy

    stored = activations.rows(start, start + inputs.n_stimuli)
    try:
        message = discrepancy(reader, inputs, stored, start, is_of_earlier_run=activations.was_begun and start == 0)
    except ValueError:
        activations.check_numbers()  # a file that was altered is the better explanation
        raise
    if message is not None:
        warn(message)
