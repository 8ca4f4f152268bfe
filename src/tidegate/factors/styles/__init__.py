"""Factors of ten styles, from value to technical, each with its card.

`cards` says of each what it is; `daily` holds those made of bars, `fundamentals` those that read reports; the sets
themselves are in `multi_factor`.
"""
