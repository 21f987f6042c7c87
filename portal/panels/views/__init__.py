"""Pages of panels, and how those who bring matters say how to show them."""

from portal.panels.views import ballots, hall, marking, sitting
from portal.panels.views.matters import ALSO_FOR, ALSO_ON, SHOWS, ForResidents, Public, Showing, panels

__all__ = ["ALSO_FOR", "ALSO_ON", "SHOWS", "ForResidents", "Public", "Showing", "ballots", "hall", "marking", "panels", "sitting"]
