"""The pages of what applicants hope for and what came of it; `leaving` is imported for what it registers when somebody leaves."""

from portal.outcomes import leaving
from portal.outcomes.views.catalogue import desk_outcomes
from portal.outcomes.views.hopes import hopes_pages
from portal.outcomes.views.progress import progress_pages
from portal.outcomes.views.stories import story_pages

assert leaving
PAGES = [desk_outcomes, hopes_pages, story_pages, progress_pages]
