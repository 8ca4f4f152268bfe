"""Raw files → Bars: sources, the importer, the store, and worlds with known answers."""
