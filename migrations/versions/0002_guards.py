"""What the database itself refuses (design 3): the books, and everything else that is only ever appended."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("ledger_entry", "ledger_transfer", "ledger_period", "ledger_snapshot", "event", "vote", "interest", "snapshot", "work_use")

SQLITE = """
CREATE TRIGGER ledger_account_fixed BEFORE UPDATE OF id, code, unit, kind ON ledger_account
BEGIN SELECT RAISE(ABORT, 'ledger: an account keeps its code, unit and kind'); END;

CREATE TRIGGER ledger_account_kept BEFORE DELETE ON ledger_account
BEGIN SELECT RAISE(ABORT, 'ledger: an account is never deleted'); END;

CREATE TRIGGER ledger_account_once BEFORE INSERT ON ledger_account WHEN EXISTS (SELECT 1 FROM ledger_account WHERE id = NEW.id OR code = NEW.code)
BEGIN SELECT RAISE(IGNORE); END;

CREATE TRIGGER ledger_state_zero BEFORE INSERT ON ledger_state
BEGIN
  SELECT RAISE(ABORT, 'ledger: an account opens at zero')
  WHERE NEW.sequence <> 0 OR NEW.debits <> 0 OR NEW.credits <> 0 OR NEW.head <> ''
     OR EXISTS (SELECT 1 FROM ledger_state WHERE account_id = NEW.account_id);
END;

CREATE TRIGGER ledger_state_kept BEFORE DELETE ON ledger_state
BEGIN SELECT RAISE(ABORT, 'ledger: a state is never deleted'); END;

CREATE TRIGGER ledger_state_moves BEFORE UPDATE ON ledger_state
WHEN NEW.account_id <> OLD.account_id OR NEW.sequence <> OLD.sequence OR NEW.debits <> OLD.debits OR NEW.credits <> OLD.credits OR NEW.head <> OLD.head
BEGIN
  SELECT RAISE(ABORT, 'ledger: a state moves only by its transfer')
  WHERE NEW.account_id <> OLD.account_id OR NEW.sequence <> OLD.sequence + 1 OR NOT EXISTS (
    SELECT 1 FROM ledger_transfer WHERE debit_id = NEW.account_id AND debit_sequence = NEW.sequence AND debit_head = NEW.head
       AND NEW.debits = OLD.debits + amount AND NEW.credits = OLD.credits AND debit_after = NEW.credits - NEW.debits
    UNION ALL
    SELECT 1 FROM ledger_transfer WHERE credit_id = NEW.account_id AND credit_sequence = NEW.sequence AND credit_head = NEW.head
       AND NEW.credits = OLD.credits + amount AND NEW.debits = OLD.debits AND credit_after = NEW.credits - NEW.debits);
END;

CREATE TRIGGER ledger_entry_open BEFORE INSERT ON ledger_entry
BEGIN
  SELECT RAISE(IGNORE) WHERE EXISTS (SELECT 1 FROM ledger_entry WHERE key = NEW.key);
  SELECT RAISE(ABORT, 'ledger: an entry is never replaced') WHERE EXISTS (SELECT 1 FROM ledger_entry WHERE id = NEW.id);
  SELECT RAISE(ABORT, 'ledger: an entry is reversed once') WHERE NEW.reverses_id IS NOT NULL AND EXISTS (SELECT 1 FROM ledger_entry WHERE reverses_id = NEW.reverses_id);
  SELECT RAISE(ABORT, 'ledger: the period is closed') WHERE NEW.effective_on <= (SELECT max(last_day) FROM ledger_period);
END;

CREATE TRIGGER ledger_transfer_follows BEFORE INSERT ON ledger_transfer
BEGIN
  SELECT RAISE(ABORT, 'ledger: a transfer is never replaced') WHERE EXISTS (SELECT 1 FROM ledger_transfer WHERE id = NEW.id)
     OR EXISTS (SELECT 1 FROM ledger_transfer WHERE entry_id = NEW.entry_id AND line = NEW.line);
  SELECT RAISE(ABORT, 'ledger: an amount is a whole number') WHERE typeof(NEW.amount) <> 'integer';
  SELECT RAISE(ABORT, 'ledger: a line belongs to its entry') WHERE NOT EXISTS (
    SELECT 1 FROM ledger_entry WHERE id = NEW.entry_id AND effective_on = NEW.effective_on AND NEW.line BETWEEN 1 AND lines);
  SELECT RAISE(ABORT, 'ledger: stale transfer') WHERE NOT EXISTS (
    SELECT 1 FROM ledger_state WHERE account_id = NEW.debit_id AND sequence + 1 = NEW.debit_sequence AND credits - debits - NEW.amount = NEW.debit_after)
   OR NOT EXISTS (
    SELECT 1 FROM ledger_state WHERE account_id = NEW.credit_id AND sequence + 1 = NEW.credit_sequence AND credits - debits + NEW.amount = NEW.credit_after);
END;

CREATE TRIGGER ledger_transfer_applies AFTER INSERT ON ledger_transfer
BEGIN
  UPDATE ledger_state SET sequence = sequence + 1, debits = debits + NEW.amount, head = NEW.debit_head WHERE account_id = NEW.debit_id;
  UPDATE ledger_state SET sequence = sequence + 1, credits = credits + NEW.amount, head = NEW.credit_head WHERE account_id = NEW.credit_id;
END;

CREATE TRIGGER payment_fixed BEFORE UPDATE OF award_id, payee_id, amount, instalment, prepared_by_id, approved_by_id, released_by_id, run_id ON payment
BEGIN
  SELECT RAISE(ABORT, 'payment: what was prepared stays as it was')
  WHERE NEW.award_id <> OLD.award_id OR NEW.payee_id <> OLD.payee_id OR NEW.amount <> OLD.amount OR NEW.instalment <> OLD.instalment
     OR NEW.prepared_by_id <> OLD.prepared_by_id
     OR (OLD.approved_by_id IS NOT NULL AND NEW.approved_by_id IS NOT OLD.approved_by_id)
     OR (OLD.released_by_id IS NOT NULL AND NEW.released_by_id IS NOT OLD.released_by_id)
     OR (OLD.run_id IS NOT NULL AND NEW.run_id IS NOT OLD.run_id);
END;

CREATE TRIGGER payment_kept BEFORE DELETE ON payment
BEGIN SELECT RAISE(ABORT, 'payment: never deleted'); END;

CREATE TRIGGER award_fixed BEFORE UPDATE OF application_id, fund_id, amount, area_id, ward_code, ward_name, decided_on, released_by_id, seconded_by_id ON award
WHEN NEW.application_id <> OLD.application_id OR NEW.fund_id <> OLD.fund_id OR NEW.amount <> OLD.amount OR NEW.area_id <> OLD.area_id
  OR NEW.ward_code <> OLD.ward_code OR NEW.ward_name <> OLD.ward_name OR NEW.decided_on <> OLD.decided_on
  OR NEW.released_by_id <> OLD.released_by_id OR NEW.seconded_by_id <> OLD.seconded_by_id
BEGIN SELECT RAISE(ABORT, 'award: what was decided stays as it was'); END;

CREATE TRIGGER award_kept BEFORE DELETE ON award
BEGIN SELECT RAISE(ABORT, 'award: never deleted'); END;

CREATE TRIGGER round_rules_frozen BEFORE UPDATE OF rules, panel_id, fund_id, frozen_at ON round
WHEN OLD.frozen_at IS NOT NULL AND (NEW.rules <> OLD.rules OR NEW.panel_id <> OLD.panel_id OR NEW.fund_id <> OLD.fund_id OR NEW.frozen_at IS NOT OLD.frozen_at)
BEGIN SELECT RAISE(ABORT, 'round: its rules froze when it opened'); END;
"""

POSTGRESQL = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '%: only ever appended', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$;

CREATE FUNCTION ledger_account_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.code, NEW.unit, NEW.kind) IS DISTINCT FROM (OLD.id, OLD.code, OLD.unit, OLD.kind) THEN
    RAISE EXCEPTION 'ledger: an account keeps its code, unit and kind' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION ledger_state_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.sequence <> 0 OR NEW.debits <> 0 OR NEW.credits <> 0 OR NEW.head <> '' THEN
      RAISE EXCEPTION 'ledger: an account opens at zero' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
  ELSIF (NEW.account_id, NEW.sequence, NEW.debits, NEW.credits, NEW.head) IS DISTINCT FROM (OLD.account_id, OLD.sequence, OLD.debits, OLD.credits, OLD.head) THEN
    -- the transfers between the old and the new sequence must be as many, add up, and end in the new head
    IF NEW.account_id <> OLD.account_id OR NEW.sequence <= OLD.sequence OR NOT EXISTS (
      SELECT 1 FROM (
        SELECT debit_sequence AS sequence, amount AS debit, 0 AS credit, debit_head AS head, debit_after AS after FROM ledger_transfer
         WHERE debit_id = NEW.account_id AND debit_sequence > OLD.sequence AND debit_sequence <= NEW.sequence
        UNION ALL
        SELECT credit_sequence, 0, amount, credit_head, credit_after FROM ledger_transfer
         WHERE credit_id = NEW.account_id AND credit_sequence > OLD.sequence AND credit_sequence <= NEW.sequence) AS line
      HAVING count(*) = NEW.sequence - OLD.sequence AND sum(debit) = NEW.debits - OLD.debits AND sum(credit) = NEW.credits - OLD.credits
         AND bool_or(sequence = NEW.sequence AND head = NEW.head AND after = NEW.credits - NEW.debits)) THEN
      RAISE EXCEPTION 'ledger: a state moves only by its transfer' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION ledger_entry_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM ledger_period WHERE last_day >= NEW.effective_on) THEN
    RAISE EXCEPTION 'ledger: the period is closed' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;

-- Once a statement, not once a row: two hundred rows for one account would each leave a dead version of its state behind.
CREATE FUNCTION ledger_transfer_applies() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  strange boolean;
  stale boolean;
  beyond boolean;
BEGIN
  PERFORM 1 FROM ledger_state WHERE account_id IN (SELECT debit_id FROM fresh UNION ALL SELECT credit_id FROM fresh)
    ORDER BY account_id FOR NO KEY UPDATE;
  SELECT bool_or(e.id IS NULL OR e.effective_on <> f.effective_on OR f.line NOT BETWEEN 1 AND e.lines) INTO strange
    FROM fresh f LEFT JOIN ledger_entry e ON e.id = f.entry_id;
  IF strange THEN
    RAISE EXCEPTION 'ledger: a line belongs to its entry' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  SELECT bool_or(sequence IS DISTINCT FROM next OR after IS DISTINCT FROM balance), bool_or(after < floor OR after > ceiling) INTO stale, beyond
    FROM (
      SELECT side.sequence, side.after, s.floor, s.ceiling, s.sequence + row_number() OVER lines AS next,
             s.credits - s.debits + sum(side.change) OVER lines AS balance
        FROM (SELECT debit_id AS account_id, debit_sequence AS sequence, debit_after AS after, -amount AS change FROM fresh
              UNION ALL SELECT credit_id, credit_sequence, credit_after, amount FROM fresh) AS side
        LEFT JOIN ledger_state s ON s.account_id = side.account_id
      WINDOW lines AS (PARTITION BY side.account_id ORDER BY side.sequence)) AS walked;
  IF stale THEN
    RAISE EXCEPTION 'ledger: stale transfer' USING ERRCODE = 'integrity_constraint_violation';
  ELSIF beyond THEN
    RAISE EXCEPTION 'ledger: below its floor or above its ceiling' USING ERRCODE = 'check_violation';
  END IF;
  UPDATE ledger_state SET sequence = ledger_state.sequence + moved.lines, debits = debits + moved.debit, credits = credits + moved.credit, head = moved.head
    FROM (
      SELECT account_id, count(*) AS lines, sum(debit) AS debit, sum(credit) AS credit, (array_agg(head ORDER BY sequence DESC))[1] AS head
        FROM (SELECT debit_id AS account_id, debit_sequence AS sequence, amount AS debit, 0 AS credit, debit_head AS head FROM fresh
              UNION ALL SELECT credit_id, credit_sequence, 0, amount, credit_head FROM fresh) AS side
       GROUP BY account_id) AS moved
   WHERE ledger_state.account_id = moved.account_id;
  RETURN NULL;
END $$;

CREATE FUNCTION payment_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.award_id, NEW.payee_id, NEW.amount, NEW.instalment, NEW.prepared_by_id) IS DISTINCT FROM (OLD.award_id, OLD.payee_id, OLD.amount, OLD.instalment, OLD.prepared_by_id)
     OR (OLD.approved_by_id IS NOT NULL AND NEW.approved_by_id IS DISTINCT FROM OLD.approved_by_id)
     OR (OLD.released_by_id IS NOT NULL AND NEW.released_by_id IS DISTINCT FROM OLD.released_by_id)
     OR (OLD.run_id IS NOT NULL AND NEW.run_id IS DISTINCT FROM OLD.run_id) THEN
    RAISE EXCEPTION 'payment: what was prepared stays as it was' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION award_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.application_id, NEW.fund_id, NEW.amount, NEW.area_id, NEW.ward_code, NEW.ward_name, NEW.decided_on, NEW.released_by_id, NEW.seconded_by_id) IS DISTINCT FROM
     (OLD.application_id, OLD.fund_id, OLD.amount, OLD.area_id, OLD.ward_code, OLD.ward_name, OLD.decided_on, OLD.released_by_id, OLD.seconded_by_id) THEN
    RAISE EXCEPTION 'award: what was decided stays as it was' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION round_rules_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.frozen_at IS NOT NULL AND (NEW.rules::text <> OLD.rules::text OR (NEW.panel_id, NEW.fund_id, NEW.frozen_at) IS DISTINCT FROM (OLD.panel_id, OLD.fund_id, OLD.frozen_at)) THEN
    RAISE EXCEPTION 'round: its rules froze when it opened' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER fixed BEFORE UPDATE ON ledger_account FOR EACH ROW EXECUTE FUNCTION ledger_account_fixed();
CREATE TRIGGER kept BEFORE DELETE ON ledger_account FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER kept BEFORE DELETE ON ledger_state FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER emptied BEFORE TRUNCATE ON ledger_account FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER emptied BEFORE TRUNCATE ON ledger_state FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER moves BEFORE INSERT OR UPDATE ON ledger_state FOR EACH ROW EXECUTE FUNCTION ledger_state_moves();
CREATE TRIGGER period BEFORE INSERT ON ledger_entry FOR EACH ROW EXECUTE FUNCTION ledger_entry_open();
CREATE TRIGGER applies AFTER INSERT ON ledger_transfer REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ledger_transfer_applies();
CREATE TRIGGER fixed BEFORE UPDATE ON payment FOR EACH ROW EXECUTE FUNCTION payment_fixed();
CREATE TRIGGER kept BEFORE DELETE ON payment FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER emptied BEFORE TRUNCATE ON payment FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER fixed BEFORE UPDATE ON award FOR EACH ROW EXECUTE FUNCTION award_fixed();
CREATE TRIGGER kept BEFORE DELETE ON award FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER emptied BEFORE TRUNCATE ON award FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER frozen BEFORE UPDATE ON round FOR EACH ROW EXECUTE FUNCTION round_rules_frozen();
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(POSTGRESQL)
        for table in APPEND_ONLY:
            op.execute(f"CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()")
            op.execute(f"CREATE TRIGGER emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()")
        return
    for statement in SQLITE.split("\n\n"):
        op.execute(statement)
    for table in APPEND_ONLY:
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} BEGIN SELECT RAISE(ABORT, '{table}: only ever appended'); END"
            )
        if not table.startswith("ledger_"):
            # SQLite's REPLACE deletes silently where a connection has not switched recursive triggers on
            op.execute(
                f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) BEGIN SELECT RAISE(ABORT, '{table}: only ever appended'); END"
            )


def downgrade() -> None:
    raise NotImplementedError("the guards stay; restore a backup instead")
