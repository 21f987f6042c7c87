"""Pages of the books."""

from portal.books.views.reading import books

PAGES = [books]

__all__ = ["PAGES"]
