"""Fast forms of the gated cells on a GPU: torch's matrix products, and one Triton kernel a step around them."""
