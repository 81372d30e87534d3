"""Networks as ordered lists of layers, loaded from arrays, files and models."""
