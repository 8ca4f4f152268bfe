"""Recurrent cells: one step of equations each."""
