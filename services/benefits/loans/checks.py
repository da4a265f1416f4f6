"""Invariants between what was reported of loans and the books."""

from services.benefits.ledger.checks import Check

LOAN_CHECKS: tuple[Check, ...] = (
    Check(
        "loans_receivable_are_what_was_lent_less_what_came_back",
        """SELECT moved.fund FROM (
             SELECT fund, CASE side WHEN 'debit' THEN amount ELSE -amount END AS amount
             FROM ledger_entry WHERE account = 'A3'
             UNION ALL
             SELECT p.fund, CASE m.kind WHEN 'disbursed' THEN -m.amount WHEN 'absent' THEN 0 ELSE m.amount END
             FROM loan_movement m JOIN payer_account p ON p.code = m.payer_account
           ) moved GROUP BY moved.fund HAVING sum(moved.amount) <> 0""",
    ),
)
