"""A request for an extraction of two small layers, with which tests write folders of activations."""

from __future__ import annotations

from mot_fast.networks.extraction.request import Request

REQUEST = Request(
    name="net",
    labels=("embedding", "block.0"),
    widths=(3, 5),
    stimuli_of="texts",
    model={"class": "Net", "name_or_path": None, "n_parameters": 7, "digest": "ab"},
    pooling={"pool": "mean", "skip_first_token": False},
    dtype="float32",
    versions={"mot_fast": "0", "torch": "2", "transformers": None},
)
