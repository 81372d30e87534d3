"""`Pooling`, which reduces activations over tokens or pixels to one number for each stimulus and unit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from mot_fast.networks.extraction.request import POOLS_OVER_POSITIONS


@dataclass(frozen=True)
class Pooling:
    """A way to reduce activations to `(n_stimuli, n_units)`."""

    pool: str | Callable[[torch.Tensor, torch.Tensor | None], torch.Tensor]
    """One of `POOLS`, or a function of the activations and of the mask of tokens that are not padding."""
    skips_first_token: bool = False
    """Whether the mean or the maximum leaves out the first token of each stimulus that is not padding."""

    def __call__(
        self, values: torch.Tensor, mask: torch.Tensor | None, n_stimuli: int, channels: int | None = None
    ) -> torch.Tensor:
        """Pool activations, and return them in float32.

        Parameters
        ----------
        values : tensor
            Activations `(n_stimuli, n_units)`, which are not pooled; over tokens, `(n_stimuli, n_tokens, n_units)`; or
            over pixels, `(n_stimuli, n_units, height, width)`, with or without a depth before the height.
        mask : tensor of bool, shape (n_stimuli, n_tokens), optional
            Mask of the tokens that are not padding.
        n_stimuli : int
        channels : int, optional
            Dimension of the units, if it is another one.

        Raises
        ------
        ValueError
            If the activations, or the result of a function, have another shape.
        """
        if values.is_nested or values.layout != torch.strided or values.is_complex():
            kind = "nested" if values.is_nested else values.dtype if values.is_complex() else values.layout
            raise ValueError(f"expected activations that are real numbers in one dense tensor, found {kind}")
        if values.ndim == 0 or len(values) != n_stimuli:
            raise ValueError(f"expected {n_stimuli} stimuli as the first dimension, found shape {tuple(values.shape)}")
        if values.ndim == 2:
            return values.to(torch.float32, copy=True)  # the model may still edit it in place
        if callable(self.pool):
            pooled = self.pool(values.clone(), mask)  # the function may edit what the model uses next
            if not isinstance(pooled, torch.Tensor) or pooled.ndim != 2 or len(pooled) != n_stimuli:
                shape = tuple(pooled.shape) if isinstance(pooled, torch.Tensor) else type(pooled).__name__
                raise ValueError(f"expected shape ({n_stimuli}, n_units) from pool, found {shape}")
            return pooled.to(torch.float32, copy=True)
        if self.pool == "none":
            raise ValueError(
                f"expected activations (n_stimuli, n_units) for pool='none', found shape {tuple(values.shape)}; "
                f"pool='flatten' makes every number a unit, pool='mean' averages"
            )
        if self.pool == "flatten" and values.ndim > 2:
            if mask is not None and not bool(mask.all()):
                raise ValueError("expected as many tokens in every stimulus for pool='flatten', found padding")
            return values.to(torch.float32, copy=True).flatten(1)
        if values.ndim == 3:
            return self._over_tokens(values if channels is None else values.movedim(channels, 2), mask)
        if values.ndim in (4, 5) and self.pool in POOLS_OVER_POSITIONS:
            pixels = values.float().movedim(1 if channels is None else channels, 1).flatten(2)
            return pixels.mean(2) if self.pool == "mean" else pixels.amax(2)
        over = "tokens or pixels" if self.pool in (*POOLS_OVER_POSITIONS, "flatten") else "tokens"
        raise ValueError(
            f"expected activations over {over} for pool='{self.pool}', found shape {tuple(values.shape)}; pool can "
            f"be a function that takes others"
        )

    def _over_tokens(self, values: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        if mask is None:
            mask = torch.ones(values.shape[:2], dtype=torch.bool)
        if mask.shape != values.shape[:2]:
            raise ValueError(f"expected {mask.shape[1]} tokens as the stimuli have, found shape {tuple(values.shape)}")
        mask = mask.to(values.device)
        rows = torch.arange(len(values), device=values.device)
        first = mask.int().argmax(1)
        if self.pool == "cls":
            return values[rows, first].float()
        if self.pool == "last":
            return values[rows, mask.shape[1] - 1 - mask.int().flip(1).argmax(1)].float()
        if self.skips_first_token:
            mask = mask.clone()
            mask[rows, first] = False
        # Not a product: activations of padding may be NaN.
        if self.pool == "max":
            return torch.where(mask[:, :, None], values.float(), -torch.inf).amax(1)
        kept = torch.where(mask[:, :, None], values.float(), 0.0)
        return kept.sum(1) / mask.sum(1, keepdim=True)

    def described(self) -> dict[str, Any]:
        """Fields of `network.json` that describe the pooling; a function is recorded by its name."""
        name = self.pool if isinstance(self.pool, str) else f"{self.pool.__module__}.{self.pool.__qualname__}"
        return {"pool": name, "skip_first_token": self.skips_first_token}
