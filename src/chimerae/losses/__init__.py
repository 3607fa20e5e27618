"""Pure losses: one value per sample, sums over pixels and codes; `.mean()` stands where a method yields."""
