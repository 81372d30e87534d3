"""From a torch model and stimuli to layers on disk."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mot_fast import _validate
from mot_fast._version import __version__
from mot_fast._warnings import renamed_arguments, warn
from mot_fast.networks.extraction.dominance import largest_share
from mot_fast.networks.extraction.header import Request
from mot_fast.networks.extraction.lock import alone_in
from mot_fast.networks.extraction.store import ActivationStore, make_folder
from mot_fast.networks.load import load
from mot_fast.networks.network import Network
from mot_fast.networks.stimulus_digest import NO_STIMULI, chained
from mot_fast.system import optional
from mot_fast.system.progress import progress_bar

if TYPE_CHECKING:
    from mot_fast.networks.extraction.batches import Batch
    from mot_fast.networks.extraction.inputs import Inputs
    from mot_fast.networks.extraction.model import Model
    from mot_fast.networks.extraction.reading import Reader

DOMINANT = 0.9
"""Share of a layer's variance along one direction that is told of. In SmolLM2-135M with its first tokens it is 0.97 and
more from block 11 to 27; early layers of vision models, which are as they should be, come to 0.78."""
_LEAST_TO_DOMINATE = 10
"""Stimuli and units below which one direction always holds much."""
_FIRST_TOKEN_LEFT_OUT = (
    "no token of this model knows of later ones, as in a decoder: the mean leaves out the first token, which the "
    "others lean on (the attention sink) and whose size would drown what they say of the stimulus; "
    "skip_first_token=False keeps it"
)
_HALF_OF_FLOAT16 = 65504.0 / 2
_MOST_NAMED = 3


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
    batch_size: int = 32,
    device: str | None = None,
    name: str | None = None,
    dtype: str = "float32",
    progress: bool = True,
) -> Network:
    """The layers of a torch model on some stimuli, `(n_stimuli, n_units)` each, written to a folder as they come.

    Only one batch is in memory at a time. A run that was interrupted or killed goes on from what it had written when
    it is called again in the same way; one that is complete is only compared with the request. The model runs where it
    is, in evaluation mode and without gradients, and is afterwards as it was; it never gets the caller's own memory.
    Some stimuli are read again, each alone, and compared with what is stored.

    Parameters
    ----------
    model : torch.nn.Module, str or path
        Or the name or folder of a model for `transformers`, or a `.gguf` file. Of what `torch.compile`, `DataParallel`
        or `DistributedDataParallel` made, the module within is read.
    batches : sequence of str, array, mapping of arrays, or iterable of batches
        Texts; or one array, or mapping of arrays such as a tokenizer's, with all stimuli as first dimension; or batches
        of any of these, as a `DataLoader` yields them, which must keep the order of its data set: of a tuple or list
        the first entry counts. The model gets arrays as its only argument and mappings as named ones; an
        `attention_mask` in them tells padding.
    folder : path
        The folder to write to, new or of an earlier run: a `.npy` file for each layer and `network.json`.
    layers : "auto", str or sequence of str
        Names of modules, or patterns in which a ``*`` stands for anything up to the next dot ("encoder.layer.*"), taken
        in the order in which they run. "auto" is the residual stream: what enters the first block ("embedding" or
        "stem", unless it is the stimulus itself) and what leaves each block; blocks are the outermost modules of a
        class that runs several times, made of several modules with weights, or of one and a residual (a stage that only
        hands on from one such block to the next is opened). Without blocks, the modules with weight matrices. A module
        that runs several times is so many layers, "name[0]", "name[1]", ...; of several outputs the first tensor
        counts.
    pool : "mean", "cls", "last" or function
        How `(n_stimuli, n_tokens, n_units)` becomes one row a stimulus: the mean over tokens that are not padding, the
        first or the last of them. Of maps, `(n_stimuli, n_channels, height, width)` or `(n_stimuli, height, width,
        n_channels)`, with a depth before the height or without, the mean is over pixels: the channels are what the
        model's norms, convolutions and weights work on. A function gets such activations and the mask `(n_stimuli,
        n_tokens)` or None, and returns `(n_stimuli, n_units)`. What is `(n_stimuli, n_units)` stays.
    skip_first_token : "auto" or bool
        Whether the mean leaves out the first token. "auto" does so in decoders, with a warning: their later tokens
        lean on the first one, which becomes huge and says nothing of the stimulus (the attention sink). A model of
        token ids is taken for one where another last token changes no token before it.
    stimuli : sequence, optional
        What the stimuli are known by, one each: sentences, file names, numbers. By default texts are known by
        themselves and arrays by their numbers. Networks whose stimuli differ are not to be aligned, so models with
        different tokenizers or image sizes need the same `stimuli`.
    tokenizer : callable, optional
        For texts, as those of `transformers`; by default the one that comes with a model given by name.
    batch_size : int
        Where `batches` does not come in batches.
    device : str, optional
        Where a model that is given by name runs, as torch calls it ("cuda"); by default the CPU. A module runs where it
        is.
    name : str, optional
        Of the network; by default the model's.
    dtype : "float32" or "float16"
        What is written; computed in float32 either way.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    Network
        ``mot_fast.load(folder)``.

    Raises
    ------
    ImportError
        If torch is not installed, or `transformers` for a model given by name.
    FileNotFoundError, OSError
        If there is no such model, or the folder cannot be written to, or another extraction is writing to it.
    TypeError, ValueError
        If an argument is not as above; the folder holds anything but an earlier run of the same request and stimuli, or
        rows that the model no longer makes of them; batches come shuffled, altered at random or without their last; a
        stimulus has no token left; activations are not finite or real, do not fit into `dtype`, or cannot be pooled;
        nothing tells a map's channels; the model is of several parts (an encoder and a decoder), or its parts do not
        run as modules (scripted, exported, sharded).

    Warns
    -----
    UserWarning
        If rows depend on the batch that they come in, or on random numbers; if a decoder's first tokens are left out;
        if a layer comes near to the largest number that float16 holds; if one direction holds more than 90 % of a
        layer's variance.

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
    try:
        from mot_fast.networks.extraction.batches import number_known, stream
        from mot_fast.networks.extraction.hooks import at_rest
        from mot_fast.networks.extraction.model import model_of
        from mot_fast.networks.extraction.parts import check_is_one
        from mot_fast.networks.extraction.reading import reader_of
    except ImportError as error:
        raise optional.missing("extract needs", "torch", error=error) from error
    subject = model_of(model, tokenizer, device)
    if layers == "auto":
        check_is_one(subject.module)  # before a tokenizer is looked for
    coming = stream(batches, batch_size, stimuli, subject.tokenizer)
    first = next(coming)
    with at_rest(subject.module):
        reader = reader_of(
            subject.module, first.read(), layers, pool=pool, skip_first_token=skip_first_token, dtype=dtype
        )
        if reader.is_decoder:
            warn(_FIRST_TOKEN_LEFT_OUT)
        request = _request(subject, reader, first.known_by, dtype)
        request = request if name is None else replace(request, name=name)
        n_known = number_known(batches, stimuli)
        make_folder(folder)
        with alone_in(folder), ActivationStore(folder, request) as activations:
            _fill(activations, _shown(chain([first], coming), n_known, progress), reader)
    _warn(activations)
    return load(folder)


def _check_choices(layers: Any, pool: Any, skip_first_token: Any, dtype: Any) -> None:
    names = [layers] if isinstance(layers, str) else layers
    if not (isinstance(names, (list, tuple)) and names and all(isinstance(each, str) for each in names)):
        raise TypeError(f"layers: expected 'auto', or names or patterns of modules, found {layers!r}")
    if not callable(pool):
        _validate.choice(pool, ("mean", "cls", "last"), "pool")
    if not isinstance(skip_first_token, (bool, np.bool_)):
        _validate.choice(skip_first_token, ("auto",), "skip_first_token")
    elif skip_first_token and pool != "mean":
        raise ValueError(f"skip_first_token: expected False or 'auto', as pool is {pool!r} and not 'mean', found True")
    _validate.choice(dtype, ("float32", "float16"), "dtype")


def _request(subject: Model, reader: Reader, known_by: str, dtype: str) -> Request:
    return Request(
        name=subject.name,
        labels=tuple(tap.label for tap in reader.taps),
        widths=reader.widths,
        stimuli_of=known_by,
        model=subject.described(),
        pooling=reader.pooling.described(),
        dtype=dtype,
        versions=_versions(),
    )


def _versions() -> dict[str, str | None]:
    """Of this package and of those that computed the activations."""
    modules = {library: sys.modules.get(library) for library in ("torch", "transformers")}
    others = {library: getattr(module, "__version__", None) for library, module in modules.items()}
    return {"mot_fast": __version__, **{k: None if v is None else str(v) for k, v in others.items()}}


def _shown(batches: Iterable[Batch], n_stimuli: int | None, is_shown: bool) -> Iterable[Batch]:
    """The batches, with a progress bar that counts their stimuli."""
    with progress_bar("stimuli", is_shown=is_shown, total=n_stimuli, unit=" stimuli") as bar:
        for batch in batches:
            yield batch
            bar.update(len(batch.identities))


def _fill(activations: ActivationStore, batches: Iterable[Batch], reader: Reader) -> None:
    """Append what the store does not have yet; of what it has, make sure that it is of the same stimuli."""
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
            _look_at_rows(activations, reader, inputs.select(slice(0, there.n_stimuli)), 0)
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
            _look_at_rows(activations, reader, rest, batch.start + n_there)
    if n_stimuli < there.n_stimuli:
        raise ValueError(
            f"folder: expected the {what}, found {n_stimuli}; give another folder, or remove this one to extract anew"
        )


def _look_at_rows(activations: ActivationStore, reader: Reader, inputs: Inputs, start: int) -> None:
    """Read some of these stimuli again, each alone, and warn the caller of `extract` where rows are others."""
    from mot_fast.networks.extraction.alone import doubt

    stored = activations.rows(start, start + inputs.n_stimuli)
    try:
        message = doubt(reader, inputs, stored, start, is_of_earlier_run=activations.was_begun and start == 0)
    except ValueError:
        activations.check_numbers()  # what was altered on the disk is no other model's
        raise
    if message is not None:
        warn(message)


def _warn(activations: ActivationStore) -> None:
    """Tell the caller of `extract` what may spoil an alignment."""
    labels, largest = activations.request.labels, activations.progress.largest
    layers = (np.load(file, mmap_mode="r") for file in activations.files)
    shares = [largest_share(values) if min(values.shape) >= _LEAST_TO_DOMINATE else 0.0 for values in layers]
    messages = []
    if near := [f"'{label}' {x:,.0f}" for label, x in zip(labels, largest, strict=True) if x > _HALF_OF_FLOAT16]:
        messages.append(f"float16, which ends at 65,504, would overflow or nearly so: largest values {_some(near)}")
    if dominated := [f"'{label}' {x:.0%}" for label, x in zip(labels, shares, strict=True) if x > DOMINANT]:
        messages.append(
            f"one direction holds most of a layer's variance: {_some(dominated)}; its units then say little else, "
            f"often because one token or a few stimuli outweigh all others"
        )
    for message in messages:
        warn(message)


def _some(found: list[str]) -> str:
    others = f", and {len(found) - _MOST_NAMED} more layers" if len(found) > _MOST_NAMED else ""
    return ", ".join(found[:_MOST_NAMED]) + others
