"""Fast forms of the gated cells on the processor: compiled, hand-differentiated, tile by tile."""
