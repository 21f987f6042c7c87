"""Pages of panels, and how those who bring matters say how to show them."""

from portal.panels.views.matters import SHOWS, Showing, panels

__all__ = ["SHOWS", "Showing", "panels"]
