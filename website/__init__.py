"""Tools that build the documentation site: `make docs`."""
