"""Pages of the timebank."""

from portal.timebank.views import giving, spend_partner
from portal.timebank.views.desk import time_desk
from portal.timebank.views.hours import timebank
from portal.timebank.views.spend import spend_pages

__all__ = ["giving", "spend_pages", "spend_partner", "time_desk", "timebank"]
