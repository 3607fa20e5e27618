"""What tests of several rooms share: cases, turns under observation, noise that is handed out, tiny runs."""
