"""The study: its declaration, the corridor that runs it, and the folder that remembers it."""
