"""How many people or grants are too few to be told of in public (the suppression of small numbers)."""

FEW = 5  # a smaller number is not told, and none from which it could be worked out
