"""The formats of files that hold layers, one module each."""
