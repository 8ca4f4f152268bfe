"""The one market loop: decide, fill, book, audit."""
