"""Pages of the timebank."""

from portal.timebank.views import giving
from portal.timebank.views.conversations import talks
from portal.timebank.views.desk import time_desk
from portal.timebank.views.hours import timebank
from portal.timebank.views.posts import posts_pages
from portal.timebank.views.sessions import time_sessions

__all__ = ["giving", "posts_pages", "talks", "time_desk", "time_sessions", "timebank"]
