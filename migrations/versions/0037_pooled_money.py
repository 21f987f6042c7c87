"""Whose money a promise is: what was taken from a pot, and each funder's share of it; money that a funder takes out again; small parts of
budgets that go into a pot each year; offers to add to what neighbours raise.

What was taken before is shared out as it would have been then: the books tell the story of each pot line by line.
"""

from collections import defaultdict
from fractions import Fraction

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
APPENDED = ("fund_draw", "fund_share")
FOLLOWS = """NEW.after <> NEW.amount + coalesce((SELECT max(after) FROM fund_share WHERE draw_id = NEW.draw_id), 0)
  OR NEW.after > (SELECT amount FROM fund_draw WHERE id = NEW.draw_id)"""
SENTENCE = "fund_share: the shares must add up to what was taken"
SQLITE = (
    *(
        f"CREATE TRIGGER {table}_no_{what.lower()} BEFORE {what} ON {table} BEGIN SELECT RAISE(ABORT, '{table}: only ever appended'); END"
        for table in APPENDED
        for what in ("UPDATE", "DELETE")
    ),
    """CREATE TRIGGER fund_draw_no_replace BEFORE INSERT ON fund_draw
WHEN EXISTS (SELECT 1 FROM fund_draw WHERE id = NEW.id OR award_id = NEW.award_id OR request_id = NEW.request_id)
BEGIN SELECT RAISE(ABORT, 'fund_draw: only ever appended'); END""",
    """CREATE TRIGGER fund_share_no_replace BEFORE INSERT ON fund_share
WHEN EXISTS (SELECT 1 FROM fund_share WHERE id = NEW.id OR (draw_id = NEW.draw_id AND (funder_id = NEW.funder_id OR after = NEW.after)))
BEGIN SELECT RAISE(ABORT, 'fund_share: only ever appended'); END""",
    f"CREATE TRIGGER fund_share_follows BEFORE INSERT ON fund_share WHEN {FOLLOWS}\nBEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END",
    """CREATE TRIGGER withdrawal_fixed BEFORE UPDATE ON withdrawal
WHEN OLD.done_at IS NOT NULL OR NEW.amount <> OLD.amount OR NEW.fund_id <> OLD.fund_id OR NEW.funder_id <> OLD.funder_id OR NEW.asked_by_id <> OLD.asked_by_id
BEGIN SELECT RAISE(ABORT, 'withdrawal: stays as it was'); END""",
)
POSTGRESQL = (
    *(f"CREATE TRIGGER appended BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()" for table in APPENDED),
    *(f"CREATE TRIGGER emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()" for table in APPENDED),
    f"""CREATE FUNCTION fund_share_follows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF {FOLLOWS} THEN RAISE EXCEPTION '{SENTENCE}' USING ERRCODE = 'integrity_constraint_violation'; END IF;
  RETURN NEW;
END $$""",
    "CREATE TRIGGER follows BEFORE INSERT ON fund_share FOR EACH ROW EXECUTE FUNCTION fund_share_follows()",
    """CREATE FUNCTION withdrawal_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF OLD.done_at IS NOT NULL OR NEW.amount <> OLD.amount OR NEW.fund_id <> OLD.fund_id OR NEW.funder_id <> OLD.funder_id OR NEW.asked_by_id <> OLD.asked_by_id THEN
    RAISE EXCEPTION 'withdrawal: stays as it was' USING ERRCODE = 'integrity_constraint_violation'; END IF;
  RETURN NEW;
END $$""",
    "CREATE TRIGGER fixed BEFORE UPDATE ON withdrawal FOR EACH ROW EXECUTE FUNCTION withdrawal_fixed()",
)


def upgrade() -> None:
    op.create_index("uq_award_fund_amount", "award", ["id", "fund_id", "amount"], unique=True)
    op.create_index("uq_float_request_fund_amount", "float_request", ["id", "fund_id", "amount"], unique=True)
    _shares()
    _withdrawals()
    _top_slices()
    _match_offers()
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)
    _share_out_what_was_taken(op.get_bind())


def _shares() -> None:
    # each refers to the other, the one as a promise that is kept when the transaction ends
    deferred = sa.ForeignKeyConstraint(
        ["id", "amount"], ["fund_share.draw_id", "fund_share.after"], name="fk_fund_draw_shares", deferrable=True, initially="DEFERRED"
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "fund_draw",
        sa.Column("id", BIG, nullable=False, autoincrement=True),
        sa.Column("fund_id", BIG, nullable=False),
        sa.Column("award_id", BIG),
        sa.Column("request_id", BIG),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("taken_on", sa.Date(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_fund_draw_amount")),
        sa.CheckConstraint("(award_id is null) <> (request_id is null)", name=op.f("ck_fund_draw_one_reason")),
        sa.ForeignKeyConstraint(["fund_id"], ["fund.id"], name=op.f("fk_fund_draw_fund_id")),
        sa.ForeignKeyConstraint(["award_id", "fund_id", "amount"], ["award.id", "award.fund_id", "award.amount"], name="fk_fund_draw_award"),
        sa.ForeignKeyConstraint(
            ["request_id", "fund_id", "amount"], ["float_request.id", "float_request.fund_id", "float_request.amount"], name="fk_fund_draw_request"
        ),
        *([deferred] if sqlite else []),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund_draw")),
        sa.UniqueConstraint("award_id", name=op.f("uq_fund_draw_award_id")),
        sa.UniqueConstraint("request_id", name=op.f("uq_fund_draw_request_id")),
    )  # fmt: skip
    op.create_index("ix_fund_draw_fund_id", "fund_draw", ["fund_id"])
    op.create_table(
        "fund_share",
        sa.Column("id", BIG, nullable=False),
        sa.Column("draw_id", BIG, nullable=False),
        sa.Column("funder_id", BIG, nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("after", BIG, nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_fund_share_amount")),
        sa.ForeignKeyConstraint(["draw_id"], ["fund_draw.id"], name=op.f("fk_fund_share_draw_id")),
        sa.ForeignKeyConstraint(["funder_id"], ["funder.id"], name=op.f("fk_fund_share_funder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund_share")),
        sa.UniqueConstraint("draw_id", "after", name=op.f("uq_fund_share_draw_id_after")),
        sa.UniqueConstraint("draw_id", "funder_id", name=op.f("uq_fund_share_draw_id_funder_id")),
    )
    op.create_index("ix_fund_share_funder_id", "fund_share", ["funder_id"])
    if not sqlite:
        op.create_foreign_key(
            "fk_fund_draw_shares", "fund_draw", "fund_share", ["id", "amount"], ["draw_id", "after"], deferrable=True, initially="DEFERRED"
        )


def _withdrawals() -> None:
    op.create_table(
        "withdrawal",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("fund_id", BIG, nullable=False),
        sa.Column("funder_id", BIG, nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by_id", BIG, nullable=False),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("done_by_id", BIG),
        sa.Column("done_at", AT),
        sa.Column("cancelled_at", AT),
        sa.CheckConstraint("amount > 0", name=op.f("ck_withdrawal_amount")),
        sa.CheckConstraint("done_by_id is null or done_by_id <> asked_by_id", name=op.f("ck_withdrawal_two_people")),
        sa.CheckConstraint("(done_at is null) = (done_by_id is null)", name=op.f("ck_withdrawal_done")),
        sa.CheckConstraint("done_at is null or cancelled_at is null", name=op.f("ck_withdrawal_one_end")),
        sa.ForeignKeyConstraint(["fund_id"], ["fund.id"], name=op.f("fk_withdrawal_fund_id")),
        sa.ForeignKeyConstraint(["funder_id"], ["funder.id"], name=op.f("fk_withdrawal_funder_id")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["person.id"], name=op.f("fk_withdrawal_asked_by_id")),
        sa.ForeignKeyConstraint(["done_by_id"], ["person.id"], name=op.f("fk_withdrawal_done_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawal")),
        sa.UniqueConstraint("ref", name=op.f("uq_withdrawal_ref")),
    )
    op.create_index("ix_withdrawal_fund_id", "withdrawal", ["fund_id"])
    waiting = sa.text("done_at is null and cancelled_at is null")
    op.create_index(
        "uq_withdrawal_waiting", "withdrawal", ["funder_id", "fund_id"], unique=True, sqlite_where=waiting, postgresql_where=waiting
    )


def _top_slices() -> None:
    op.create_table(
        "top_slice",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rate", BIG, nullable=False),
        sa.Column("fund_id", BIG, nullable=False),
        sa.Column("funder_id", BIG, nullable=False),
        sa.Column("begun_by_id", BIG, nullable=False),
        sa.Column("begun_at", AT, nullable=False),
        sa.Column("ended_at", AT),
        sa.CheckConstraint("rate between 10 and 100", name=op.f("ck_top_slice_rate")),
        sa.ForeignKeyConstraint(["fund_id"], ["fund.id"], name=op.f("fk_top_slice_fund_id")),
        sa.ForeignKeyConstraint(["funder_id"], ["funder.id"], name=op.f("fk_top_slice_funder_id")),
        sa.ForeignKeyConstraint(["begun_by_id"], ["person.id"], name=op.f("fk_top_slice_begun_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_top_slice")),
        sa.UniqueConstraint("ref", name=op.f("uq_top_slice_ref")),
        sa.UniqueConstraint("name", name=op.f("uq_top_slice_name")),
        sa.UniqueConstraint("id", "rate", name=op.f("uq_top_slice_id_rate")),
    )
    op.create_table(
        "slice_year",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("slice_id", BIG, nullable=False),
        sa.Column("year", sa.Text(), nullable=False),
        sa.Column("budget", BIG, nullable=False),
        sa.Column("rate", BIG, nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("proposed_by_id", BIG, nullable=False),
        sa.Column("proposed_at", AT, nullable=False),
        sa.Column("said_yes_by_id", BIG),
        sa.Column("contribution_id", BIG),
        sa.Column("dropped_at", AT),
        sa.CheckConstraint("amount > 0 and amount = budget * rate / 10000", name=op.f("ck_slice_year_amount")),
        sa.CheckConstraint("said_yes_by_id is null or said_yes_by_id <> proposed_by_id", name=op.f("ck_slice_year_two_people")),
        sa.CheckConstraint("(contribution_id is null) = (said_yes_by_id is null)", name=op.f("ck_slice_year_yes")),
        sa.ForeignKeyConstraint(["slice_id", "rate"], ["top_slice.id", "top_slice.rate"], name="fk_slice_year_slice"),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["person.id"], name=op.f("fk_slice_year_proposed_by_id")),
        sa.ForeignKeyConstraint(["said_yes_by_id"], ["person.id"], name=op.f("fk_slice_year_said_yes_by_id")),
        sa.ForeignKeyConstraint(["contribution_id"], ["contribution.id"], name=op.f("fk_slice_year_contribution_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slice_year")),
        sa.UniqueConstraint("ref", name=op.f("uq_slice_year_ref")),
        sa.UniqueConstraint("contribution_id", name=op.f("uq_slice_year_contribution_id")),
    )
    standing = sa.text("dropped_at is null")
    op.create_index(
        "uq_slice_year_standing", "slice_year", ["slice_id", "year"], unique=True, sqlite_where=standing, postgresql_where=standing
    )


def _match_offers() -> None:
    op.create_table(
        "match_offer",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("fund_id", BIG, nullable=False),
        sa.Column("round_id", BIG),
        sa.Column("funder_id", BIG, nullable=False),
        sa.Column("ratio", BIG, nullable=False),
        sa.Column("cap", BIG, nullable=False),
        sa.Column("given", BIG, nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("entered_by_id", BIG, nullable=False),
        sa.Column("entered_at", AT, nullable=False),
        sa.Column("ended_at", AT),
        sa.CheckConstraint("ratio between 1 and 100000", name=op.f("ck_match_offer_ratio")),
        sa.CheckConstraint("cap > 0", name=op.f("ck_match_offer_cap")),
        sa.CheckConstraint("given >= 0 and given <= cap", name=op.f("ck_match_offer_given")),
        sa.CheckConstraint("last_day >= first_day", name=op.f("ck_match_offer_days")),
        sa.ForeignKeyConstraint(["fund_id"], ["fund.id"], name=op.f("fk_match_offer_fund_id")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_match_offer_round_id")),
        sa.ForeignKeyConstraint(["funder_id"], ["funder.id"], name=op.f("fk_match_offer_funder_id")),
        sa.ForeignKeyConstraint(["entered_by_id"], ["person.id"], name=op.f("fk_match_offer_entered_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_offer")),
        sa.UniqueConstraint("ref", name=op.f("uq_match_offer_ref")),
    )
    op.create_index("ix_match_offer_fund_id", "match_offer", ["fund_id"])
    op.create_table(
        "offer_match",
        sa.Column("id", BIG, nullable=False),
        sa.Column("offer_id", BIG, nullable=False),
        sa.Column("delivery_id", BIG, nullable=False),
        sa.Column("raised", BIG, nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("contribution_id", BIG, nullable=False),
        sa.Column("seen_by_id", BIG, nullable=False),
        sa.Column("seen_at", AT, nullable=False),
        sa.Column("undone_at", AT),
        sa.CheckConstraint("amount > 0 and raised > 0", name=op.f("ck_offer_match_amount")),
        sa.ForeignKeyConstraint(["offer_id"], ["match_offer.id"], name=op.f("fk_offer_match_offer_id")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_offer_match_delivery_id")),
        sa.ForeignKeyConstraint(["contribution_id"], ["contribution.id"], name=op.f("fk_offer_match_contribution_id")),
        sa.ForeignKeyConstraint(["seen_by_id"], ["person.id"], name=op.f("fk_offer_match_seen_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer_match")),
        sa.UniqueConstraint("contribution_id", name=op.f("uq_offer_match_contribution_id")),
    )
    op.create_index("ix_offer_match_offer_id", "offer_match", ["offer_id"])
    standing = sa.text("undone_at is null")
    op.create_index(
        "uq_offer_match_standing", "offer_match", ["delivery_id"], unique=True, sqlite_where=standing, postgresql_where=standing
    )


# --- what was taken before -----------------------------------------------------------------------------------------------

POT = """SELECT e.about, e.key, e.effective_on, other.code AS other, t.amount AS amount, CASE WHEN t.credit_id = pot.id THEN 1 ELSE -1 END AS sign,
  CASE WHEN t.credit_id = pot.id THEN t.credit_sequence ELSE t.debit_sequence END AS place
FROM ledger_account pot
JOIN ledger_transfer t ON t.credit_id = pot.id OR t.debit_id = pot.id
JOIN ledger_entry e ON e.id = t.entry_id
JOIN ledger_account other ON other.id = CASE WHEN t.credit_id = pot.id THEN t.debit_id ELSE t.credit_id END
WHERE pot.code = :code ORDER BY place"""


def _share_out_what_was_taken(connection):
    funders = dict(connection.execute(sa.text("SELECT 'funder:' || code, id FROM funder")).all())
    for fund_id, code in connection.execute(sa.text("SELECT id, code FROM fund ORDER BY id")).all():
        left, shares, held = defaultdict(int), defaultdict(lambda: defaultdict(int)), defaultdict(int)
        for line in connection.execute(sa.text(POT).columns(effective_on=sa.Date()), {"code": f"fund:{code}:available"}).all():
            if line.other in funders:
                left[line.other] += line.sign * line.amount
            elif line.sign < 0:
                mine = _shared_out(line.amount, {code: pence for code, pence in left.items() if pence > 0})
                _keep(connection, fund_id, line, mine, funders)
                held[line.about] += line.amount
                for code_, pence in mine.items():
                    left[code_] -= pence
                    shares[line.about][code_] += pence
            else:
                before, after = (_part(held[line.about] - back, shares[line.about]) for back in (0, line.amount))
                held[line.about] -= line.amount
                for code_ in before:
                    left[code_] += before[code_] - after[code_]


def _keep(connection, fund_id, line, mine, funders):
    award_id = int(line.about.partition(":")[2]) if line.about.startswith("award:") else None
    request_id = int(line.key.split(":")[1]) if award_id is None else None
    draw = sa.table(
        "fund_draw",
        *(sa.column(name) for name in ("fund_id", "award_id", "request_id", "amount")),
        sa.column("taken_on", sa.Date()),
        sa.column("id"),
    )
    made = connection.execute(
        sa.insert(draw)
        .values(fund_id=fund_id, award_id=award_id, request_id=request_id, amount=line.amount, taken_on=line.effective_on)
        .returning(draw.c.id)
    ).scalar_one()
    share = sa.table("fund_share", *(sa.column(name) for name in ("draw_id", "funder_id", "amount", "after")))
    after = 0
    for code, pence in sorted(mine.items()):
        after += pence
        connection.execute(sa.insert(share).values(draw_id=made, funder_id=funders[code], amount=pence, after=after))


def _shared_out(amount, weights):
    total = sum(weights.values())
    found = {name: amount * weight // total for name, weight in weights.items()}
    in_line = sorted(weights, key=lambda name: (-(amount * weights[name] % total), -weights[name], name))
    for name in in_line[: amount - sum(found.values())]:
        found[name] += 1
    return {name: share for name, share in found.items() if share}


def _part(total, shares):
    whole = sum(shares.values())
    if not total:
        return dict.fromkeys(shares, 0)
    bound = 2 * total - len(shares)
    had = {code: max(0, -((whole - bound * share) // (2 * whole))) for code, share in shares.items()}
    for _penny in range(total - sum(had.values())):
        had[min(shares, key=lambda code: (Fraction(2 * had[code] + 1, shares[code]), -shares[code], code))] += 1
    return had


def downgrade() -> None:
    for table in ("offer_match", "match_offer", "slice_year", "top_slice", "withdrawal"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("fk_fund_draw_shares", "fund_draw")
    for table in ("fund_share", "fund_draw"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for function in ("fund_share_follows", "withdrawal_fixed"):
            op.execute(f"DROP FUNCTION {function}()")
    op.drop_index("uq_float_request_fund_amount", "float_request")
    op.drop_index("uq_award_fund_amount", "award")
