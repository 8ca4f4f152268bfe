"""Bars → Panel: factors, one family a file, causal by contract."""
