"""Tensors → tensors: cells, networks, and the rivals that are no networks."""
