"""Resources of the machine and of the process: memory, threads, executors, files, compiled loops, optional libraries.

- `threads`: pieces of Python work on threads of this process. Here Ctrl-C is heard while they work; while the compiled
  core works, it is heard in `cpp/bindings/unlocked.cpp`.
- `executor`: tasks run by a `concurrent.futures.Executor`, whose results come back as they are completed.
- `blas`: one BLAS thread while alignments run.
- `memory`: bytes that are left on the machine; `layer_pairs/memory_budget` divides the limit of an alignment.
- `resource_usage`: seconds and memory that a piece of work takes.
- `jit`: functions compiled by numba when they are first called.
- `atomic_write`: files that appear at their place in one step, temporary folders.
- `archive`: zip archives of a JSON header and arrays, which `.mot` files and stores of blocks are.
- `json_header`: values of a JSON header, each validated.
- `control_characters`: names and labels without characters that a terminal would obey.
- `progress`: progress bars.
- `optional`: libraries that are imported when they are needed, and the error that names a missing one.
"""
