"""Pages of the timebank."""

from portal.timebank.views import giving
from portal.timebank.views.desk import time_desk
from portal.timebank.views.hours import timebank
from portal.timebank.views.importing import time_imports
from portal.timebank.views.paper import time_paper
from portal.timebank.views.prints import time_prints

__all__ = ["giving", "time_desk", "time_imports", "time_paper", "time_prints", "timebank"]
