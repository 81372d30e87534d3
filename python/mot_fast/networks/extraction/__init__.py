"""Extraction of the activations of torch models to folders; no other package imports torch for models."""
