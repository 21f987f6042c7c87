"""All that other sites can read, in the order in which it is explained. A line here is a route, a description and a paragraph for people."""

from collections.abc import Sequence

from portal.exports.api.around import AREAS, EVENTS, GIFTS, MAP
from portal.exports.api.decided import REGISTER
from portal.exports.api.money import FIGURES, HOURS_GIVEN, ROUNDS, SPARKS
from portal.exports.api.resource import Resource

ALL: Sequence[Resource] = (REGISTER, ROUNDS, SPARKS, FIGURES, HOURS_GIVEN, MAP, EVENTS, GIFTS, AREAS)
