"""Pages of the timebank."""

from portal.timebank.views import giving
from portal.timebank.views.desk import time_desk
from portal.timebank.views.hours import timebank

__all__ = ["giving", "time_desk", "timebank"]
