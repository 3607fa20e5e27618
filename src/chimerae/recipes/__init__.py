"""Recipes and the run they describe. No other package names a method, a network and a data set together."""
