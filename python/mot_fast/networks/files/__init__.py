"""Readers of the file formats that hold layers."""
