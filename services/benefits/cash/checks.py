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
               released
                 - monthly_amount * (split_part(last_month, '-', 2)::int - split_part(first_month, '-', 2)::int + 1)
             FROM award
             UNION ALL
             SELECT fund, programme, split_part(period, '-', 1)::int, amount FROM payment_order
             WHERE state IN ('PAID', 'CANCELLED')
           ) moved GROUP BY fund, programme, fiscal_year HAVING sum(amount) <> 0""",
    ),
    Check(
        "a_fund_gives_only_where_it_may",
        """SELECT a.id::text FROM award a JOIN fund f ON f.code = a.fund
           WHERE a.programme <> ALL (f.programmes) OR a.area_code <> ALL (f.areas)
           UNION ALL
           SELECT o.id::text FROM payment_order o JOIN fund f ON f.code = o.fund
           WHERE o.programme <> ALL (f.programmes) OR o.area_code <> ALL (f.areas)""",
    ),
    Check(
        "an_ended_award_has_nothing_open_after_its_end",
        """SELECT o.id::text FROM payment_order o JOIN award a ON a.id = o.award_id
           WHERE o.period > a.ends_with AND o.held IS NULL AND o.state NOT IN ('PAID', 'CANCELLED', 'RETURNED')""",
    ),
    Check(
        "no_order_without_its_award",
        "SELECT o.id::text FROM payment_order o WHERE NOT EXISTS (SELECT 1 FROM award a WHERE a.id = o.award_id)",
    ),
)
