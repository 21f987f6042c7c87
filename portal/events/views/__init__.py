"""Pages of events: what is on, coming along, organising, who is here."""

from portal.events import leaving  # noqa: F401  what is taken along and forgotten
from portal.events.views import coming, door, organise  # noqa: F401  their routes are on the one blueprint
from portal.events.views.calendar import events

__all__ = ["events"]
