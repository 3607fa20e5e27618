"""Runs: their settings, their folders, and the ways to train and to evaluate them."""
