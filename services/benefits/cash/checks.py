"""Invariants between awards, their commitments and what was paid."""

from services.benefits.ledger.checks import Check

CASH_CHECKS: tuple[Check, ...] = (
    Check(
        "encumbered_is_what_awards_still_have_coming",
        """SELECT concat_ws('/', fund, programme, fiscal_year) FROM (
             SELECT fund, programme, fiscal_year, CASE side WHEN 'debit' THEN amount ELSE -amount END AS amount
             FROM ledger_entry WHERE account = 'B2'
             UNION ALL
             SELECT fund, programme, fiscal_year,
               -monthly_amount * (split_part(last_month, '-', 2)::int - split_part(first_month, '-', 2)::int + 1)
             FROM award
             UNION ALL
             SELECT fund, programme, split_part(period, '-', 1)::int, amount FROM payment_order WHERE state = 'PAID'
           ) moved GROUP BY fund, programme, fiscal_year HAVING sum(amount) <> 0""",
    ),
    Check(
        "no_order_without_its_award",
        "SELECT o.id::text FROM payment_order o WHERE NOT EXISTS (SELECT 1 FROM award a WHERE a.id = o.award_id)",
    ),
)
