"""Factors as expressions: written by a reader, checked when built, computed by compiled kernels.

``Close / Mean(Close, 20) - 1`` is an object; ``"close / mean(close, 20) - 1"`` is the same object as text. Neither can
look ahead: an operator that would is refused when the expression is made.

>>> from tidegate.factors.expression.text import parse
>>> from tidegate.factors.expression.words import Close, Mean
>>> parse("close / mean(close, 20) - 1") == Close / Mean(Close, 20) - 1
True
"""
