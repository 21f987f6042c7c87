"""Finding rows by what they say, and by what somebody meant to type: one question, answered by SQLite's FTS5 or PostgreSQL's full text.

A row has words while it can be found (`Shelf.keep`): folded to plain small letters, so that "Tŷ" and "ty" are one word on both engines.
When nothing holds the words typed, they are compared with the words that rows do hold, and the nearest stand in for them.

A table that is searched has a column `words` (text, "" while it cannot be found), a table of known words of its own (`KnownWords`), and from
its migration, as in 0014: on SQLite a FTS5 table called `<table>_words` with triggers, on PostgreSQL an index over
`to_tsvector('english', words)` where words <> ''.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy import CheckConstraint, ColumnElement, Index, Select, and_, column, delete, func, or_, select, table, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from portal.db import db, is_postgresql, must_be_in_transaction, one_at_a_time

Row = TypeVar("Row", bound=Any)

MANY_WORDS = 8
LONGEST = 40
SHORT = 3  # letters: a word that is so short stands in only for one that begins like it
MOST_ALTERNATIVES = 3
MOST_CANDIDATES = 3000
# what PostgreSQL leaves out of an English index; left out here too, so that both engines are asked the same
NOISE = frozenset(
    re.findall(
        "[a-z]+",
        "i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her hers herself it its itself they them"
        " their theirs themselves what which who whom this that these those am is are was were be been being have has had having do does did doing a"
        " an the and but if or because as until while of at by for with about against between into through during before after above below to from"
        " up down in out on off over under again further then once here there when where why how all any both each few more most other some such no"
        " nor not only own same so than too very s t can will just don should now",
    )
)


class KnownWords:
    """A word that rows hold which can be found, and how many do: where the search looks for what somebody meant to type."""

    __tablename__: str

    word: Mapped[str] = mapped_column(primary_key=True)
    uses: Mapped[int]
    size: Mapped[int]  # in letters, without the s of many (singular)
    head: Mapped[str]  # its first letter
    tail: Mapped[str]  # its last two, without that s

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Any, ...]:
        return (
            CheckConstraint("uses >= 0", name="uses"),
            Index(f"ix_{cls.__tablename__}_head", "head", "size"),
            Index(f"ix_{cls.__tablename__}_tail", "tail", "size"),
        )


@dataclass(frozen=True)
class Found(Generic[Row]):
    """A page of rows, newest first. `instead`: what stood in for words that no row holds; `wordless`: only signs were typed."""

    rows: Sequence[Row]
    more: bool = False
    instead: Mapping[str, Sequence[str]] = field(default_factory=dict)
    wordless: bool = False


@dataclass(frozen=True)
class Shelf(Generic[Row]):
    """A table that is searched, and its known words."""

    row: type[Row]
    known: type[KnownWords]

    def search(self, typed: str, listed: Select[Any], options: Sequence[Any] = (), *, before: int | None = None, limit: int) -> Found[Row]:
        """Of the rows that `listed` selects (in no order yet) those that hold all the words typed, newest first: at most `limit` with an id
        below `before`, loaded with `options`.

        Never raises on what is typed. One query; with two more when nothing holds the words, for what was meant.
        """
        words = [word for word in words_of(typed) if word not in NOISE][:MANY_WORDS]
        if not words:
            if typed.strip():
                return Found([], wordless=True)
            return self._page(listed, options, {}, before, limit)
        found = self._page(listed, options, {word: [word] for word in words}, before, limit)
        if found.rows or before is not None:
            return found
        meant = self.alternatives(words)
        if not meant:
            return found
        nearest = self._page(listed, options, {word: [word, *meant.get(word, ())] for word in words}, before, limit)
        return Found(nearest.rows, nearest.more, meant if nearest.rows else {})

    def like(self, words: Collection[str], listed: Select[Any], options: Sequence[Any] = (), *, limit: int) -> Sequence[Row]:
        """Of the rows that `listed` selects (in no order yet) those that hold any of the words, newest first. One query, none without words."""
        some = [word for word in words if word not in NOISE]
        return self._page(listed, options, {"any": some}, None, limit).rows if some else []

    def holding(self, query: Select[Any], wanted: Collection[Sequence[str]]) -> tuple[Select[Any], ColumnElement[int]]:
        """The query, with rows that hold a word of each group; and what orders its rows by age, at no cost."""
        if is_postgresql():
            return query.where(*self._in_postgresql(wanted)), self.row.id.expression
        name = f"{self.row.__tablename__}_words"
        found = table(name, column("rowid"), column(name))
        # in the order in which FTS5 gives its rows, so that a word of many rows costs one page
        return query.join(found, found.c.rowid == self.row.id).where(found.c[name].op("MATCH")(in_fts5(wanted))), found.c.rowid

    def _page(
        self, query: Select[Any], options: Sequence[Any], wanted: Mapping[str, Sequence[str]], before: int | None, limit: int
    ) -> Found[Row]:
        """First which rows, by their ids alone; then these with all that is shown of them. One query."""
        row, order = self.row, self.row.id.expression
        if wanted:
            query, order = self.holding(query, list(wanted.values()))
        if before is not None:
            query = query.where(order < before)
        which = query.with_only_columns(row.id).order_by(order.desc()).limit(limit + 1).subquery()
        rows = db.session.scalars(select(row).join(which, which.c.id == row.id).options(*options).order_by(row.id.desc())).unique().all()
        return Found(rows[:limit], len(rows) > limit)

    def _in_postgresql(self, wanted: Collection[Sequence[str]]) -> tuple[ColumnElement[bool], ...]:
        english = text("'english'")
        whole_query: ColumnElement[object] | None = None
        for group in wanted:
            either: ColumnElement[object] | None = None
            for word in group:
                one = func.plainto_tsquery(english, word)
                either = one if either is None else either.op("||")(one)
            assert either is not None
            whole_query = either.self_group() if whole_query is None else whole_query.op("&&")(either.self_group())
        vector = func.to_tsvector(english, self.row.words)
        return (self.row.words != text("''"), vector.op("@@", is_comparison=True)(whole_query))

    def alternatives(self, words: Collection[str], *, but: Row | None = None) -> Mapping[str, Sequence[str]]:
        """For each word that no row holds (none but one row, when it is given): the nearest that some do, at most three. One query.

        Looked for among words with the same first letter or the same last two; a slip at both ends at once is not found.
        """
        typed = [word for word in words if len(word) > 2 and not word.isdigit()]
        if not typed:
            return {}
        known_word, near = self.known, []
        for word in map(singular, typed):
            least, most = len(word) - slips(word), len(word) + slips(word)
            near += [
                and_(known_word.head == word[0], known_word.size >= least),
                and_(known_word.tail == word[-2:], known_word.size.between(least, most)),
            ]
        said = frozenset((but.words or "").split()) if but is not None else frozenset()
        query = select(known_word.word, known_word.uses).where(or_(known_word.word.in_(typed), *near))
        rows = db.session.execute(query.order_by(known_word.uses.desc(), known_word.word).limit(MOST_CANDIDATES))
        known = [word for word, uses in rows if uses > 1 or word not in said]
        found = {word: _nearest(word, known) for word in typed if word not in known}
        return {word: some for word, some in found.items() if some}

    def keep(self, row: Row, said: Iterable[str] | None) -> None:
        """Let the search know what a row says now, or forget it (None) while nobody should find it; as a part of the action that changes it."""
        must_be_in_transaction()
        was = frozenset((row.words or "").split())
        found = words_of(" ".join(said)) if said is not None else []
        row.words = " ".join(found)
        db.session.flush()
        self._count(was, frozenset(found))

    def _count(self, was: frozenset[str], now: frozenset[str]) -> None:
        came, went = (sorted(word for word in some if len(word) > 2 and word not in NOISE) for some in (now - was, was - now))
        if not came and not went:
            return
        known_word = self.known
        one_at_a_time(f"words of {self.row.__tablename__}")
        if came:
            insert = postgresql.insert if is_postgresql() else sqlite.insert
            rows = [{"word": word, "uses": 1, "size": len(singular(word)), "head": word[0], "tail": singular(word)[-2:]} for word in came]
            statement = insert(known_word).values(rows)
            db.session.execute(statement.on_conflict_do_update(index_elements=["word"], set_={"uses": known_word.uses + 1}))
        if went:
            db.session.execute(update(known_word).where(known_word.word.in_(went)).values(uses=known_word.uses - 1))
            db.session.execute(delete(known_word).where(known_word.word.in_(went), known_word.uses == 0))


def in_fts5(wanted: Collection[Sequence[str]]) -> str:
    """FTS5's own grammar: one of each group, every word quoted."""
    return " AND ".join("(" + " OR ".join(f'"{word}"' for word in group) + ")" for group in wanted)


def words_of(typed: str) -> list[str]:
    """The words of a text in order, each once: small letters and digits, without accents; apostrophes join."""
    plain = unicodedata.normalize("NFKD", typed.casefold())
    plain = "".join(each for each in plain if unicodedata.category(each)[0] != "M" and each not in "'’‘")
    return list(dict.fromkeys(word[:LONGEST] for word in re.findall(r"[^\W_]+", plain.casefold())))


def telling(text: str, least: int, idle: Collection[str] = NOISE) -> list[str]:
    """The words of a text that say something, in order, each once: at least so many letters, no number, none that is idle."""
    return [word for word in words_of(text) if len(word) >= least and word not in idle and not word.isdigit()]


# --- what was meant ------------------------------------------------------------------------------------------------------


def _nearest(word: str, known: Sequence[str]) -> Sequence[str]:
    begins = [each for each in known if each.startswith(word)][:MOST_ALTERNATIVES]
    if begins:
        return begins
    meant, most = _sound(word), slips(singular(word))
    near = [each for each in known if len(singular(each)) > SHORT or each[0] == word[0]]  # "fone" is no "one"
    far = {each: distance(meant, _sound(each), most) for each in near} if most else {}
    least = min(far.values(), default=most + 1)
    return [each for each in known if far.get(each, most + 1) == least <= most][:MOST_ALTERNATIVES]


def singular(word: str) -> str:
    """A word without the s of many: "bicycles" and "bicycle" are as far from "bycicle"."""
    return word[:-1] if len(word) > 4 and word[-1] == "s" and word[-2] != "s" else word


def _sound(word: str) -> str:
    """Its singular, as it is heard: "phone" and "fone" are one."""
    return singular(word).replace("ph", "f")


def slips(word: str) -> int:
    """How many slips of the finger a word may hold and still be known: none below four letters, one below seven, then two.

    "bycicle" has seven letters and two of them.
    """
    return 0 if len(word) < 4 else 1 if len(word) < 7 else 2


def distance(one: str, other: str, most: int) -> int:
    """Damerau and Levenshtein's: letters to add, leave out, change, or swap with their neighbour; `most` + 1 for anything farther."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, its in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != its))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == its:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        if min(row) > most and (i == 1 or min(before) > most):
            return most + 1
    return min(row[-1], most + 1)
