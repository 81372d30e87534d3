"""The work on all pairs of two networks' layers: their transports and rotations, in memory or in stored blocks.

How all pairs are worked on:

- `run`: in one go, or in blocks where there are workers or a store.
- `blocks`: how pairs are cut into blocks, and the tasks of workers.
- `pairs`: layers pass through memory so that every pair meets; `layer_cache` keeps them for the next block.
- `resources`, `memory_budget`: threads, executor, store and memory limit, and how the limit is divided.
- `pair_work`: the protocols that each kind of work satisfies.

Kinds of work:

- `exact_transports`: transports between units, of which `transport_plans` keeps the plans, `transport_costs` the costs.
- `rotated_transports`: transports with rotations; `alternation` is that of one pair, `procrustes` finds a rotation.
- `passed_layer`, `centred_layer`: layers read in passes, and centred layers for rotations.
- `reconstruction`: predictions through plans.

What stores hold:

- `packing`: plans as flat arrays.
- `block_store`: the folder of blocks, and the hashes that name them.
- `consistency`, `spot_check`: checks of stored plans against themselves, and against the activations.
"""
