"""Pages of grants. Whoever shows them also tells people what grants holds about somebody, and what goes when they leave."""

from portal.grants import leaving

__all__ = ["leaving"]
