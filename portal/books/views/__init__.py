"""Pages of the books."""

from portal.books.views.agree import books_agree
from portal.books.views.reading import books

PAGES = [books, books_agree]

__all__ = ["PAGES"]
