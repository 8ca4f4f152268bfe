"""Vendors of A-share data: whole markets pulled answer by answer, kept raw, and imported like any folder of files."""
