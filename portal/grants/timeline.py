"""What happened, in plain words: the sentences of the timeline, drawn from the events.

Each kind of event of bids, pledges, awards, payments and reports has one sentence; a test walks the move tables and fails
when one is missing. `%(who)s` is the actor's name, or the neighbour's, or "The scheme".
"""

from portal.words import N_

SENTENCES: dict[str, str] = {
    "bid.started": N_("%(who)s began writing this idea."),
}
