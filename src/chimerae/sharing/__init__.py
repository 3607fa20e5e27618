"""Sharing of models: cards, folders for others, and the Hugging Face hub."""
