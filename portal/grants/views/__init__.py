"""Pages of grants. Whoever shows them also tells people what grants holds about somebody, and what goes when they leave, and hears of
gifts that were handed over.
"""

from portal.grants import leaving, wish_kept

__all__ = ["leaving", "wish_kept"]
