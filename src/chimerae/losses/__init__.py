"""Pure losses: one value per sample, sums over pixels and codes; methods yield their means."""
