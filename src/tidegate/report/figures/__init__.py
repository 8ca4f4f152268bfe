"""Builders of figures: plain arrays → `Figure`. One idea a file; each caption says what deflates what is seen."""
