"""Planted leaks and clean look-alikes, each small, by somebody who has not read the code that looks for them."""
