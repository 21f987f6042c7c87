"""What the minutes say, block by block. The sentences on how a pot was shared are those of the page of the result."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from portal import clock
from portal.exports.minutes import Decided, Minutes, Sat
from portal.exports.register import APPEALED, TIES
from portal.grants.letters import GROUNDS
from portal.money import pounds
from portal.panels import explained, sittings
from portal.panels.forms import KIND_WORDS, OUTCOME_WORDS, SOURCE_WORDS
from portal.panels.model import Matter, Override
from portal.panels.rules import Sharing, Threshold
from portal.people import queries as people
from portal.people.shield import shielded
from portal.places import queries as places
from portal.web.documents import Block, Document, Facts, Heading, Points, Table, Text
from portal.words import _, _n


def document(one: Minutes) -> Document:
    """Minutes as they are drawn, on the page and as a PDF. Four queries at most."""
    scheme = places.scheme()
    blocks = [
        _standing(one), Facts(_facts(one)), *([Heading(_("Who decided")), *_who_sat(one)] if one.decided else ()), Heading(_("What was decided")), *_overview(one), *_rule(one),
        *(_shared(one) if one.shared else ()), *([Heading(_("Idea by idea"))] if one.decided else ()), *(block for each in one.decided for block in _idea(each, one)), _end(one),
    ]  # fmt: skip
    return Document(
        title=title(one), author=scheme.name if scheme else "Kindling", ref=one.sitting.ref if one.sitting else f"{one.panel.ref} {one.month:%Y-%m}",
        as_at=_as_at(one), blocks=blocks, note=_("DRAFT") if one.draft and not one.public else "",
    )  # fmt: skip


def title(one: Minutes) -> str:
    """What these minutes are called."""
    if one.sitting is not None:
        return _("Minutes: %(name)s", name=one.sitting.name)
    assert one.month is not None
    return _("Minutes: %(name)s", name=f"{one.panel.name}, {one.month:%B %Y}")


def _day(at: datetime | date | None) -> str:
    return "" if at is None else clock.in_words(clock.london_day(at) if isinstance(at, datetime) else at)


def _as_at(one: Minutes) -> datetime:
    """The last thing that the minutes tell of."""
    told = [at for each in one.decided for at in (each.matter.closed_at, each.followed.told_at) if at]
    answered = [clock.start_of_day(appeal.made_on) for each in one.decided for appeal in each.followed.appeals]
    begun = [one.sitting.counted_at or one.sitting.opened_at] if one.sitting else [one.panel.created_at]
    return max([*begun, *told, *answered])


# --- the head ----------------------------------------------------------------------------------------------------------------


def _standing(one: Minutes) -> Text:
    if one.public:
        said = _("Names of individuals are left out, as in the register of who got what.")
        return Text(said + " " + _("The month is not over.") if one.running else said, _("For everybody."))
    if (one.sitting is not None and one.draft) or any(each.waits for each in one.decided):
        return Text(_("Letters are still to go out. Keep it to yourself until then."), _("Draft."))
    if one.draft:
        return Text(_("The month is not over."), _("Draft."))
    return Text(_("The letters have gone out."), _("Final."))


def _facts(one: Minutes) -> Sequence[tuple[str, str]]:
    sitting = one.sitting
    chairs = ", ".join(each.name for each in one.sat if each.chair)
    facts = [(_("Panel"), one.panel.name), (_("What it decides"), one.panel.purpose)]
    if sitting is not None:
        counted_by = people.names([sitting.counted_by_id]).get(sitting.counted_by_id or 0, "") if not one.public else ""
        counted = _("%(day)s, by %(name)s", day=_day(sitting.counted_at), name=counted_by) if counted_by else _day(sitting.counted_at)
        facts += [
            (_("Sitting"), sitting.ref), (_("Began on"), _day(sitting.opened_at)), (_("Counted on"), counted),
            (_("Letters went out on"), _day(sitting.published_at)),
        ]  # fmt: skip
        names = {} if one.public else people.names([each.actor_id for each in one.undone])
        facts += [
            (_("Counted before, and undone"), explained.undone(_day(each.at), names.get(each.actor_id or 0, ""), "" if one.public else each.reason or ""))
            for each in one.undone
        ]  # fmt: skip
    if not one.decided:  # of what one may not read, not even who was there
        return [(name, value) for name, value in facts if value]
    if not one.public and one.turnout is None:
        facts.append((_("Chair"), chairs or _("Nobody had the chair")))
    codes = [_("version %(number)d, in force since %(day)s", number=number, day=_day(since)) for number, since in one.conduct]
    facts.append((_("Code of conduct"), "; ".join(codes) or _("None was published")))
    return [(name, value) for name, value in facts if value]


def _who_sat(one: Minutes) -> Sequence[Block]:
    if one.turnout is not None:
        return [Text(explained.turnout(one.turnout), _("Residents."))]
    if not one.sat:
        return [Text(_("Nobody’s vote is recorded."))]
    if one.public:
        kinds = {"member": _("Members"), "substitute": _("Substitutes who were called"), "guest": _("Guests")}
        facts = [(words, str(sum(each.kind == kind for each in one.sat))) for kind, words in kinds.items()]
        return [Facts([*(fact for fact in facts if fact[1] != "0"), (_("How votes came"), _sources(_together(one.sat)))])]
    rows = [[each.name, _seat(each), _("%(voted)d of %(of)d", voted=each.voted, of=each.of), _sources(each.sources)] for each in one.sat]
    return [Table(_("Seats that could vote"), [_("Name"), _("Seat"), _("Voted on"), _("How votes came")], rows)]


def _seat(sat: Sat) -> str:
    if sat.chair:
        return _("Chair")
    return _("Substitute, called") if sat.kind == "substitute" else _(KIND_WORDS[sat.kind])


def _together(sat: Sequence[Sat]) -> Mapping[str, int]:
    return {source: sum(each.sources.get(source, 0) for each in sat) for source in SOURCE_WORDS}


def _sources(number: Mapping[str, int]) -> str:
    came = [f"{number[source]} {_(words)}" for source, words in SOURCE_WORDS.items() if number.get(source)]
    return ", ".join(came) or _("No vote")


# --- what was decided --------------------------------------------------------------------------------------------------------


def _overview(one: Minutes) -> Sequence[Block]:
    blocks: list[Block] = []
    if one.decided and one.turnout is not None:
        rows = [
            [
                each.title,
                pounds(each.matter.cost) if each.matter.cost is not None else "–",
                str(each.tally.get("yes", 0)),
                _outcome(each.matter),
            ]
            for each in one.decided
        ]
        blocks.append(Table(_("Votes and outcome"), [_("Idea"), _("Asked for"), _("Votes"), _("Residents said")], rows, numbers=(1, 2)))
    elif one.decided:
        head = [_("Idea"), _("Asked for"), _("Yes"), _("No"), _("Not yet"), _("Abstained"), _("The panel said")]
        rows = [
            [each.title, pounds(each.matter.cost) if each.matter.cost is not None else "–", *(str(each.tally.get(name, 0)) for name in ("yes", "no", "not_yet", "abstain")), _outcome(each.matter)]
            for each in one.decided
        ]  # fmt: skip
        blocks.append(Table(_("Votes and outcome"), head, rows, numbers=(1, 2, 3, 4, 5)))
    else:
        blocks.append(Text(_("Nothing that you may read was decided.")))
    if one.hidden:
        blocks.append(
            Text(
                _n(
                    "%(num)d more was looked at. Nothing about it is public.",
                    "%(num)d more were looked at. Nothing about them is public.",
                    one.hidden,
                )
            )
        )
    return blocks


def _outcome(matter: Matter) -> str:
    return _(OUTCOME_WORDS[matter.outcome]) if matter.outcome else ""


def _rule(one: Minutes) -> Sequence[Block]:
    """When an idea passes: said once for all that passed by the same rule."""
    said = dict.fromkeys(explained.on_its_own(Threshold.load(each.matter.rule), by_residents=each.by_residents) for each in one.decided)
    if one.sitting is not None and not Sharing.load(one.sitting.rule).shares:
        said[_("The money was given to those that passed, in the order in which they came, as long as there was any.")] = None
    elif one.sitting is not None and not one.shared:
        said[_("Not every idea of this sitting was yours to decide, so you read how the pot was shared when the letters go out.")] = None
    return [Heading(_("The rule")), *(Text(each) for each in said)] if said else []


def _shared(one: Minutes) -> Sequence[Block]:
    """How the pot was shared: the same steps in the same words as on the page of the result."""
    sitting = one.sitting
    assert sitting is not None and sitting.result is not None
    outcome = sittings.outcome_of(sitting)
    assert outcome is not None
    matters = [each.matter for each in one.decided]
    named = {each.matter.ref: each.title for each in one.decided}
    standing = [
        each for each in sittings.overrides_of(sitting) if each.dropped_at is None and each.matter_id in {one.id for one in matters}
    ]
    changed = any(each.in_force for each in standing)
    line = sittings.line_of(sitting, matters)
    failed = [each for each in one.decided if each.matter.outcome != "yes"]
    by_residents = one.turnout is not None
    blocks: list[Block] = [
        Heading(_("How the pot was shared")),
        Facts(explained.sums(outcome, sittings.spent(line))),
        *(Text(each) for each in (explained.rule(outcome, by_residents=by_residents), explained.share(outcome), explained.draw(outcome)) if each),
        Heading(_("Step by step"), 3),
    ]  # fmt: skip
    if outcome.steps:
        steps = [
            (_priced(step.ref, step.cost, named), explained.step(step, outcome, named) + "\n" + explained.left(step))
            for step in outcome.steps
        ]
        blocks.append(Points(steps, numbered=True))
    else:
        blocks.append(Text(_("No idea could be paid.")))
    if outcome.passed:
        blocks += [
            Heading(explained.passed_heading(by_residents=by_residents), 3), Text(explained.reserve(changed)),
            Points([(_priced(each.ref, each.cost, named), explained.passed(each)) for each in outcome.passed], numbered=True),
        ]  # fmt: skip
    if failed:
        blocks += [
            Heading(explained.failed_heading(by_residents=by_residents), 3),
            Points([(each.title, "" if by_residents else f"{_outcome(each.matter)}: {explained.votes(each.tally)}") for each in failed]),
        ]
    others = {rule: [ref for ref in refs if ref in named] for rule, refs in sitting.result["others"].items() if rule != outcome.rule}
    blocks.append(Heading(_("What another rule would have done"), 3))
    blocks.append(Points([(_(explained.RULES[rule]), explained.compared(refs, outcome, named)) for rule, refs in others.items()]))
    if standing:
        blocks += [Heading(_("Changed by people"), 3), Points(_changes(standing, one))]
    if changed:
        paid = [(_priced(each.matter.ref, each.matter.cost or 0, named), "") for each in line if each.funded]
        waits = [(_priced(each.matter.ref, each.matter.cost or 0, named), "") for each in line if not each.funded]
        blocks += [Heading(_("So the money goes to"), 3), Points(paid, numbered=True)] if paid else []
        blocks += [Heading(_("So the reserve list is"), 3), Points(waits, numbered=True)] if waits else []
    return blocks


def _priced(ref: str, cost: int, named: Mapping[str, str]) -> str:
    return f"{named.get(ref, ref)}, {pounds(cost)}"


def _changes(overrides: Sequence[Override], one: Minutes) -> Sequence[tuple[str, str]]:
    """Both names stand beside a change in every version: that is the price of changing what the rule gave."""
    names = people.names([id_ for each in overrides for id_ in (each.proposed_by_id, each.seconded_by_id)])
    by_id = {each.matter.id: each for each in one.decided}
    said = []
    for each in overrides:
        about = by_id[each.matter_id]
        agreed = (
            _("Agreed by %(name)s on %(when)s.", name=names.get(each.seconded_by_id or 0, ""), when=_day(each.seconded_at))
            if each.seconded_at
            else _("Waits for a second person.")
        )
        proposed = _("Proposed by %(name)s.", name=names.get(each.proposed_by_id, ""))
        said.append((f"{about.title}: {explained.changed(each.funded)}", f"{_typed(each.reason, about, one)}\n{proposed} {agreed}"))
    return said


# --- idea by idea ------------------------------------------------------------------------------------------------------------


def _idea(each: Decided, one: Minutes) -> Sequence[Block]:
    what, tally = each.followed, each.tally
    facts = [
        (_("Reference"), each.matter.ref),
        (_("Counted on"), _day(each.matter.closed_at) if one.sitting is None else ""),
        (_("Residents said") if each.by_residents else _("The panel said"), _outcome(each.matter)),
        (_("Votes"), _votes(tally)),
        ("" if each.by_residents else _("How votes came"), "" if each.by_residents else _sources(tally.get("sources") or {})),
        (_("Tied, so without a part in it"), ", ".join(_(TIES.get(tie, "another tie")) for tie in tally.get("ties", ())) or _("Nobody")),
        (_("What came of it"), _fate(each, one)),
    ]  # fmt: skip
    blocks: list[Block] = [Heading(each.title, 3, each.matter.ref), Facts([(name, value) for name, value in facts if value])]
    if each.marks:
        means = [
            (question, _n("%(mean)s of 3, from %(num)d mark", "%(mean)s of 3, from %(num)d marks", number, mean=f"{total / number:.1f}"))
            for question, total, number in each.marks
        ]
        blocks += [Text("", _("Marks, on average")), Facts(means)]
    if what.reason and (what.registered or not one.public):
        blocks.append(Text(_typed(what.reason, each, one), _("Why:")))
    elif not one.public and each.waits:
        blocks.append(Text(_("The letter is not written yet."), _("Why:")))
    if what.conditions and not one.public:
        blocks += [Text("", _("Before the money is paid:")), Points([("", condition) for condition in what.conditions])]
    for appeal in what.appeals:
        blocks.append(Text(f"{_(GROUNDS[appeal.ground])} ({_day(appeal.made_on)}). {_(APPEALED[appeal.outcome])}", _("Appeal:")))
    return blocks


def _votes(tally: Mapping[str, int]) -> str:
    if tally.get("ballots"):
        return _("%(yes)d of %(voted)d residents who voted", yes=tally["yes"], voted=tally["ballots"])
    return _(
        "%(yes)d yes, %(no)d no, %(later)d not yet, %(abstain)d abstained, of %(able)d who could vote", yes=tally.get("yes", 0), no=tally.get("no", 0),
        later=tally.get("not_yet", 0), abstain=tally.get("abstain", 0), able=tally.get("able", 0),
    )  # fmt: skip


def _fate(each: Decided, one: Minutes) -> str:
    what = each.followed
    if what.anew:
        return _("Decided anew after an appeal.") if what.told_at else _("Undone before any letter went out, and decided anew.")
    if what.taken_back:
        return _("Taken back before the letters went out.")
    if what.letter == "offered":
        return _("Offered %(amount)s", amount=pounds(each.matter.cost or 0))
    if what.letter == "reserved":
        return _("On the reserve list, place %(place)d", place=what.place) if what.place else _("On the reserve list")
    if what.letter == "not_yet" and not one.public:
        return _("Not yet: they may bring it again")
    return ""


def _typed(text: str, about: Decided, one: Minutes) -> str:
    """What somebody typed, as the reader may see it."""
    return shielded(text, about.names) if one.public else text


def _end(one: Minutes) -> Text:
    return Text(
        _("Drawn up by the portal from what was recorded when it happened. What seats wrote and said among themselves is not in it."),
        quiet=True,
    )
