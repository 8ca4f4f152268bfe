"""The one training loop, checkpoints, and what a fitted model says."""
