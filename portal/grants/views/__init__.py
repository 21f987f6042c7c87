"""Pages of grants. Whoever shows them also tells people what grants holds about somebody, and what goes when they leave, and hears of
gifts that were handed over.
"""

from portal.grants import keeping, leaving, wish_kept

__all__ = ["keeping", "leaving", "wish_kept"]
