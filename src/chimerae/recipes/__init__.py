"""Recipes and the run they describe: the only room that names a method, a network and a data set together."""
