"""Findings → tables, figures and one self-contained page."""
