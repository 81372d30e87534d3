"""The alignment of two networks: `align`, its result, its file, and alignments at higher levels.

- `align`: the function; `options`: its keyword arguments as types, for functions that hand them on.
- `problem`: the problem that it solves, plain or with rotations, and the transport between the layers.
- `result`: `Alignment`; `record`: the run and the scores that it carries; `rotations`: rotations found again.
- `predict`, `held_out`: predictions of activations, and their scores on held-out stimuli.
- `provenance`: when, by what and of which activations an alignment is made.
- `mot_file`, `mot_records`: `.mot` files, and the fields of their headers about runs and scores.
- `trajectories`, `nested`: alignments at three levels and more, and their result.
"""

from typing import Any

from mot_fast._moved import moved


def __getattr__(name: str) -> Any:
    return moved("alignment", name)
