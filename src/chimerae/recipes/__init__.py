"""Recipes and the run they describe: the only one that names a method, a network and a data set together."""
