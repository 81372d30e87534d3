"""An alignment as other libraries and notebooks show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mot_fast.alignment.record import Record
from mot_fast.display import notebook, tables

if TYPE_CHECKING:
    import pandas
    import xarray


@dataclass(frozen=True, eq=False, repr=False)
class Views(Record):
    """A record that knows how it is shown elsewhere."""

    def to_pandas(self) -> pandas.DataFrame:
        """The layer plan as a table, one row for each pair of layers. Needs pandas.

        Returns
        -------
        pandas.DataFrame
            `source_layer`, `target_layer`: labels, ordered by depth however they are sorted; `cost`: the layer cost;
            `mass`: what the layer plan moves; `single_best`, `pairwise_best`: the weights of these couplings.

        Raises
        ------
        ImportError
            If pandas is not installed.

        Examples
        --------
        >>> import numpy as np, mot_fast as mot
        >>> layers = [np.random.default_rng(k).random((50, 4)) for k in range(3)]
        >>> frame = mot.align(layers, layers).to_pandas()
        >>> frame.pivot(index="source_layer", columns="target_layer", values="mass").round(2).to_numpy()
        array([[0.33, 0.  , 0.  ],
               [0.  , 0.33, 0.  ],
               [0.  , 0.  , 0.33]])
        """
        return tables.pairs("layer", (self.source.labels, self.target.labels), self.layer_plan, self.layer_costs)

    def to_xarray(self) -> xarray.Dataset:
        """The layer plan and the layer costs as labelled arrays. Needs xarray.

        Returns
        -------
        xarray.Dataset
            `layer_plan` and `layer_costs`, `(L, M)` over `source_layer` and `target_layer`; among the attributes the
            alignment cost, the convention, and the names of `source` and `target`.

        Raises
        ------
        ImportError
            If xarray is not installed.

        Examples
        --------
        >>> import numpy as np, mot_fast as mot
        >>> layers = {f"block{k}": np.random.default_rng(k).random((50, 4)) for k in range(3)}
        >>> dataset = mot.align(layers, layers).to_xarray()
        >>> round(float(dataset.layer_plan.sel(source_layer="block1", target_layer="block1")), 2)
        0.33
        """
        return tables.grid(
            {"source_layer": self.source.labels, "target_layer": self.target.labels},
            {"layer_plan": self.layer_plan, "layer_costs": self.layer_costs},
            {
                "cost": self.cost,
                "convention": self.convention,
                "source": self.source.name,
                "target": self.target.name,
            },
        )

    def _repr_html_(self) -> str:
        sides = [
            f"{side.name} ({len(side.labels)} layers, {sum(side.widths)} units)" for side in (self.source, self.target)
        ]
        rotated = "" if self.alternation is None else ", source layers rotated"
        shares = self.layer_plan / self.source.layer_masses[:, None]
        return notebook.block(
            f"Alignment of {sides[0]} with {sides[1]}",
            [
                f"cost {self.cost:.4f}, {self.convention}{rotated}",
                notebook.proof(self.certificate),
                "what percentage of each source layer (row) goes to which target layer (column):",
            ],
            notebook.heat_map(shares, self.source.labels, self.target.labels, form=notebook.percent),
        )
