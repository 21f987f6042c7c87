"""Pages of the books."""

from portal.books.views.agree import books_agree
from portal.books.views.closing import books_close
from portal.books.views.journal import books_journal
from portal.books.views.reading import books

PAGES = [books, books_agree, books_close, books_journal]

__all__ = ["PAGES"]
