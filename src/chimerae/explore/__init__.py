"""The page of `chimerae explore`: codes of trained models, moved by hand."""
