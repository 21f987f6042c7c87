"""The pages of the map of strengths; `leaving` is imported for what it registers when somebody leaves."""

from portal.strengths import leaving
from portal.strengths.views.desk import strengths_desk
from portal.strengths.views.drawing import strengths_drawing
from portal.strengths.views.entries import strengths_entries
from portal.strengths.views.importing import strengths_import
from portal.strengths.views.public import strengths

assert leaving
PAGES = [strengths, strengths_entries, strengths_desk, strengths_drawing, strengths_import]
