"""Pages of the timebank."""

from portal.timebank.views import giving, spend_partner
from portal.timebank.views.care import time_care
from portal.timebank.views.conversations import talks
from portal.timebank.views.desk import time_desk
from portal.timebank.views.hours import timebank
from portal.timebank.views.importing import time_imports
from portal.timebank.views.lines import time_lines
from portal.timebank.views.merging import time_merging
from portal.timebank.views.neighbours import time_neighbours
from portal.timebank.views.paper import time_paper
from portal.timebank.views.posts import posts_pages
from portal.timebank.views.prints import time_prints
from portal.timebank.views.safety import time_safety
from portal.timebank.views.sessions import time_sessions
from portal.timebank.views.spend import spend_pages
from portal.timebank.views.tariffs import time_tariffs

PAGES = [
    timebank,
    time_desk,
    time_care,
    time_sessions,
    posts_pages,
    talks,
    time_paper,
    time_prints,
    time_imports,
    spend_pages,
    time_tariffs,
    time_neighbours,
    time_lines,
    time_merging,
    time_safety,
]

__all__ = ["PAGES", "giving", "spend_partner"]
