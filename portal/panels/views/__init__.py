"""Pages of panels, and how those who bring matters say how to show them."""

from portal.panels.views import ballots, marking, sitting
from portal.panels.views.matters import ALSO_ON, SHOWS, ForResidents, Showing, panels

__all__ = ["ALSO_ON", "SHOWS", "ForResidents", "Showing", "ballots", "marking", "panels", "sitting"]
