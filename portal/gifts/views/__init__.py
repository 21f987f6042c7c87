"""Pages of the gift boards, by what they are about."""

from portal.gifts import leaving
from portal.gifts.views.boards import boards
from portal.gifts.views.care import gift_care
from portal.gifts.views.matching import gift_matching
from portal.gifts.views.paper import gift_paper
from portal.gifts.views.talks import gift_talks

assert leaving  # what is told and forgotten when somebody leaves
PAGES = (boards, gift_talks, gift_matching, gift_care, gift_paper)
