"""Training: players, state, checkpoints, the loop and its log."""
