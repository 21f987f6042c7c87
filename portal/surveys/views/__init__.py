"""What neighbours are asked, and what officers read of it."""

from flask import Blueprint

from portal.surveys import leaving
from portal.surveys.views.answering import surveys
from portal.surveys.views.desk import desk_surveys

assert leaving  # hears of who leaves
PAGES: list[Blueprint] = [surveys, desk_surveys]
