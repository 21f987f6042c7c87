"""Pages of panels, and how those who bring matters say how to show them."""

from portal.panels.views import marking, sitting
from portal.panels.views.matters import ALSO_ON, SHOWS, Showing, panels

__all__ = ["ALSO_ON", "SHOWS", "Showing", "marking", "panels", "sitting"]
