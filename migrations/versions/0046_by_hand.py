"""Cheques as a way to be paid, with their numbers; what the council buys, from the order to the door."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
BEFORE = "'council_buys', 'receipts'"
ROUTES = "pay_route in ('', 'group', 'host', {})"

PAID_BY = (
    "EXISTS (SELECT 1 FROM payment JOIN payee ON payee.id = payment.payee_id WHERE payment.id = NEW.payment_id AND payee.route = '{}'{})"
)
OF_A_CHEQUE = PAID_BY.format("cheque", " AND payment.status = 'released'")
OF_A_PURCHASE = PAID_BY.format("council_buys", "")
CHANGED = (
    "OLD.cancelled_at IS NOT NULL OR NEW.number <> OLD.number OR NEW.payment_id <> OLD.payment_id OR NEW.dated <> OLD.dated "
    "OR (OLD.ended <> '' AND NEW.ended <> OLD.ended)"
)
NO_NUMBER = (
    "NEW.status = 'settled' AND OLD.status <> 'settled' AND EXISTS (SELECT 1 FROM payee WHERE id = NEW.payee_id AND route = 'cheque') "
    "AND NOT EXISTS (SELECT 1 FROM cheque WHERE payment_id = NEW.id AND cancelled_at IS NULL AND ended = '')"
)
# name, table, when, what is refused, the sentence
RULES = (
    ("cheque_new", "cheque", "INSERT", f"NOT {OF_A_CHEQUE}", "cheque: its payment is not on its way by cheque"),
    ("cheque_fixed", "cheque", "UPDATE", CHANGED, "cheque: what was written stays"),
    ("purchase_new", "purchase", "INSERT", f"NOT {OF_A_PURCHASE}", "purchase: the council does not buy with this payment"),
    ("payment_by_cheque", "payment", "UPDATE", NO_NUMBER, "payment: a cheque without a number cannot be paid in"),
)


def _is_postgresql() -> bool:
    return bool(op.get_bind().dialect.name == "postgresql")


def _routes(old: str, new: str) -> None:
    if _is_postgresql():
        op.drop_constraint(op.f("ck_application_pay_route"), "application")
        op.create_check_constraint(op.f("ck_application_pay_route"), "application", ROUTES.format(new))
        return
    # SQLite cannot change a CHECK. This is its own way to do so (lang_altertable, section 7), inside the transaction of the migration:
    # a table that so many others name is not made anew for it
    bind = op.get_bind()
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar_one()
    bind.exec_driver_sql("PRAGMA writable_schema = ON")
    changed = bind.exec_driver_sql(
        "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'application' AND instr(sql, ?) > 0",
        (ROUTES.format(old), ROUTES.format(new), ROUTES.format(old)),
    ).rowcount
    bind.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema = OFF")
    if changed != 1:
        raise RuntimeError("the rule on application.pay_route is not the one that 0001 made")


def _rule(name: str, table: str, moment: str, refused: str, sentence: str) -> None:
    if not _is_postgresql():
        op.execute(f"CREATE TRIGGER {name} BEFORE {moment} ON {table} WHEN {refused} BEGIN SELECT RAISE(ABORT, '{sentence}'); END")
        return
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n  IF {refused} THEN "
        f"RAISE EXCEPTION '{sentence}' USING ERRCODE = 'integrity_constraint_violation'; END IF;\n  RETURN NEW;\nEND $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {moment} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def _kept(table: str) -> None:
    if _is_postgresql():
        op.execute(f"CREATE TRIGGER kept BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()")
        op.execute(f"CREATE TRIGGER emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()")
    else:
        op.execute(f"CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, '{table}: never deleted'); END")


def _cheques() -> None:
    stands = sa.text("cancelled_at is null")
    op.create_table(
        "cheque",
        sa.Column("id", BIG, nullable=False),
        sa.Column("payment_id", BIG, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("dated", sa.Date(), nullable=False),
        sa.Column("written_by_id", BIG, nullable=False),
        sa.Column("written_at", AT, nullable=False),
        sa.Column("ended", sa.Text(), nullable=False),
        sa.Column("cancelled_by_id", BIG, nullable=True),
        sa.Column("cancelled_at", AT, nullable=True),
        sa.Column("cancelled_why", sa.Text(), nullable=False),
        sa.CheckConstraint("number <> ''", name=op.f("ck_cheque_number")),
        sa.CheckConstraint("ended in ('', 'stopped', 'returned')", name=op.f("ck_cheque_ended")),
        sa.CheckConstraint("(cancelled_at is null) = (cancelled_by_id is null)", name=op.f("ck_cheque_cancelled")),
        sa.CheckConstraint("cancelled_at is null or (cancelled_why <> '' and ended = '')", name=op.f("ck_cheque_cancelled_why")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_cheque_payment_id")),
        sa.ForeignKeyConstraint(["written_by_id"], ["person.id"], name=op.f("fk_cheque_written_by_id")),
        sa.ForeignKeyConstraint(["cancelled_by_id"], ["person.id"], name=op.f("fk_cheque_cancelled_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cheque")),
    )
    for column in ("number", "payment_id"):
        op.create_index(f"uq_cheque_{column}", "cheque", [column], unique=True, sqlite_where=stands, postgresql_where=stands)


def _purchases() -> None:
    op.create_table(
        "purchase",
        sa.Column("id", BIG, nullable=False),
        sa.Column("payment_id", BIG, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("order_ref", sa.Text(), nullable=False),
        sa.Column("receipt_id", BIG, nullable=True),
        sa.Column("delivered_on", sa.Date(), nullable=True),
        sa.Column("received_by", sa.Text(), nullable=False),
        sa.Column("told_by_id", BIG, nullable=True),
        sa.CheckConstraint("what <> ''", name=op.f("ck_purchase_what")),
        sa.CheckConstraint("(delivered_on is null) = (received_by = '')", name=op.f("ck_purchase_delivered")),
        sa.CheckConstraint("(delivered_on is null) = (told_by_id is null)", name=op.f("ck_purchase_told")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_purchase_payment_id")),
        sa.ForeignKeyConstraint(["receipt_id"], ["photo.id"], name=op.f("fk_purchase_receipt_id")),
        sa.ForeignKeyConstraint(["told_by_id"], ["person.id"], name=op.f("fk_purchase_told_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purchase")),
        sa.UniqueConstraint("payment_id", name=op.f("uq_purchase_payment_id")),
    )


def upgrade() -> None:
    _routes(BEFORE, f"{BEFORE}, 'cheque'")
    _cheques()
    _purchases()
    for rule in RULES:
        _rule(*rule)
    _kept("cheque")
    _kept("purchase")


def downgrade() -> None:
    """The older code knows no cheque: addresses are forgotten, and who wanted one is asked for an account."""
    op.execute("DROP TRIGGER payment_by_cheque" + (" ON payment" if _is_postgresql() else ""))
    op.drop_table("purchase")
    op.drop_table("cheque")
    if _is_postgresql():
        for name, *_rest in RULES:
            op.execute(f"DROP FUNCTION {name}()")
    op.execute("UPDATE payee SET route = 'group', sealed = '', purged_at = CURRENT_TIMESTAMP WHERE route = 'cheque'")
    op.execute("UPDATE application SET pay_route = 'group' WHERE pay_route = 'cheque'")
    _routes(f"{BEFORE}, 'cheque'", BEFORE)
