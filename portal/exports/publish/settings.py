"""How the scheme publishes: who it is to the world, under which licence, how often. Without the first nothing is published."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from portal.db import db, transaction
from portal.errors import Refused
from portal.exports.publish.model import Publication, PublishedFile, Publishing
from portal.history import Actor, record
from portal.places import actions as places
from portal.places.model import Scheme
from portal.settings import log
from portal.words import N_, _, _n

LICENCES = {
    "cc-by": ("https://creativecommons.org/licenses/by/4.0/", N_("Creative Commons Attribution 4.0 (CC BY 4.0)")),
    "ogl": ("https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/", N_("Open Government Licence v3.0")),
}
EVERY = {"never": N_("Only when an officer does it"), "monthly": N_("Every month, on the first day"), "quarterly": N_("Every quarter: 1 April, 1 July, 1 October, 1 January")}  # fmt: skip
ORG_ID = re.compile(r"[A-Z]{2}-[A-Z]{2,8}-[A-Za-z0-9][A-Za-z0-9_./-]{0,40}|360G-[A-Za-z0-9_-]+")
PREFIX = re.compile(r"360G-[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Publisher:
    """Who publishes. Empty where nobody has said."""

    name: str
    identifier: str
    prefix: str
    department: str
    licence: str
    every: str

    @property
    def missing(self) -> str:
        """What has to be said before anything is published, in one sentence; empty when all of it is."""
        wanting = [
            words for value, words in ((self.prefix, _("the 360Giving prefix")), (self.name, _("who makes the grants")), (self.identifier, _("its organisation identifier"))) if not value
        ]  # fmt: skip
        return _("Nothing can be published yet. Say first: %(what)s.", what=", ".join(wanting)) if wanting else ""

    @property
    def licence_address(self) -> str:
        return LICENCES[self.licence][0]

    @property
    def licence_name(self) -> str:
        return _(LICENCES[self.licence][1])


log.READERS["publishing", "settings_changed"] = log.of_fields(
    N_("Publishing"),
    {
        "publisher_id": log.Field(N_("Organisation identifier")),
        "licence": log.Field(N_("Licence"), lambda value: _(LICENCES[value][1]) if value in LICENCES else str(value)),
        "every": log.Field(N_("How often"), lambda value: _(EVERY.get(value, value))),
    },
)


def publisher() -> Publisher:
    """As it is set now. Two queries."""
    scheme, own = db.session.get(Scheme, 1), db.session.get(Publishing, 1)
    return Publisher(
        scheme.publisher_name if scheme else "", own.publisher_id if own else "", scheme.publisher_prefix if scheme else "",
        (scheme.department if scheme else ""), own.licence if own else "cc-by", own.every if own else "never",
    )  # fmt: skip


def ready() -> Publisher:
    """Who publishes. Refused, with what is missing, until it is set."""
    found = publisher()
    if found.missing:
        raise Refused(found.missing)
    return found


def published() -> int:
    """How many grants the edition that stands holds, each under an identifier that begins with the prefix. One query."""
    newest = select(func.max(Publication.id)).scalar_subquery()
    rows = select(func.sum(PublishedFile.rows)).where(
        PublishedFile.publication_id == newest, PublishedFile.year == "", PublishedFile.form == "csv"
    )
    return int(db.session.scalar(rows) or 0)


def change(values: Mapping[str, Any], actor: Actor) -> None:
    """Set `publisher_name`, `publisher_prefix`, `publisher_id`, `licence`, `every`; old and new stand in the log. `sure`: the prefix may
    change though grants were published under the old one.

    Refused: a prefix or an identifier that cannot be one; another prefix than what was published has, and nobody said `sure`; no scheme yet.
    """
    if values["publisher_prefix"] and not PREFIX.fullmatch(values["publisher_prefix"]):
        raise Refused(_("Write it as 360Giving gave it to you, like 360G-Estuary."), "publisher_prefix")
    if values["publisher_id"] and not ORG_ID.fullmatch(values["publisher_id"]):
        raise Refused(_("Write it as org-id.guide gives it, like GB-LAE-THR or GB-CHC-1164883."), "publisher_id")
    with transaction():
        if db.session.get(Scheme, 1, with_for_update=True) is None:
            raise Refused(_("Say first what the scheme is called."))
        _must_be_sure(values)
        places.put_scheme({name: values[name] for name in ("publisher_name", "publisher_prefix")}, actor)
        own = db.session.get(Publishing, 1, with_for_update=True)
        if own is None:
            own = Publishing(id=1, publisher_id="", licence="cc-by", every="never")
            db.session.add(own)
        changed = {}
        for name in ("publisher_id", "licence", "every"):
            if getattr(own, name) != values[name]:
                changed[name] = [getattr(own, name), values[name]]
                setattr(own, name, values[name])
        if changed:
            record("publishing", "settings_changed", actor, changed=changed)


def _must_be_sure(values: Mapping[str, Any]) -> None:
    before, number = publisher().prefix, published()
    if before and number and before != values["publisher_prefix"] and not values.get("sure"):
        raise Refused(
            _n(
                "One grant is published under %(prefix)s. With another prefix it gets a new identifier, and whoever uses the files takes it for another grant. Say below that you are sure, or leave the prefix as it was.",
                "%(num)d grants are published under %(prefix)s. With another prefix all of them get new identifiers, and whoever uses the files takes them for other grants. Say below that you are sure, or leave the prefix as it was.",
                number, prefix=before,
            ),
            "sure",
        )  # fmt: skip
