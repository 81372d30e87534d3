"""What the package needs of the machine: memory, threads, executors, files, compiled loops, optional libraries."""
