"""A fictional scheme, filled from a seed, so that every page can be seen in every state."""
