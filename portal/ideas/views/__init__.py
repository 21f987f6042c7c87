"""The pages of ideas: the wall and its cards, who is in, joining, the desk."""

from flask import Blueprint

from portal.ideas import leaving
from portal.ideas.views.cards import idea_cards
from portal.ideas.views.desk import idea_desk
from portal.ideas.views.joining import idea_joins
from portal.ideas.views.neighbours import idea_neighbours
from portal.ideas.views.pledges import idea_pledges

assert leaving  # what is told and forgotten when somebody leaves
PAGES: tuple[Blueprint, ...] = (idea_cards, idea_pledges, idea_joins, idea_neighbours, idea_desk)
