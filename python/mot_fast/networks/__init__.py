"""Networks as ordered lists of layers: from arrays, files and models."""
