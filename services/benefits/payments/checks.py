"""Invariants between the books, our orders and attempts, and the bank's statements."""

from services.benefits.ledger.checks import Check

PAYMENT_CHECKS: tuple[Check, ...] = (
    Check(
        "cash_is_what_the_last_statement_closed_with",
        """SELECT p.code FROM payer_account p LEFT JOIN ledger_entry e ON e.account = 'A1' AND e.bank_account = p.code
           GROUP BY p.code, p.reconciled_closing
           HAVING coalesce(sum(CASE e.side WHEN 'debit' THEN e.amount ELSE -e.amount END), 0)
             <> coalesce(p.reconciled_closing, 0)""",
    ),
    Check(
        "in_transit_is_what_is_out",
        """SELECT 'A2 ' || books.total || ', out ' || attempts.total FROM
           (SELECT coalesce(sum(CASE side WHEN 'credit' THEN amount ELSE -amount END), 0) AS total
            FROM ledger_entry WHERE account = 'A2') books,
           (SELECT coalesce(sum(amount), 0) AS total FROM payment_instruction
            WHERE booked_on IS NULL AND state NOT IN ('REJECTED', 'CANCELLED')) attempts
           WHERE books.total <> attempts.total""",
    ),
    Check(
        "no_order_is_paid_more_than_once",
        """SELECT o.id::text FROM payment_order o JOIN payment_instruction i ON i.order_id = o.id
           WHERE i.booked_on IS NOT NULL AND i.state <> 'RETURNED' GROUP BY o.id HAVING count(*) > 1""",
    ),
    Check(
        "an_order_is_paid_exactly_when_a_debit_stands",
        """SELECT o.id::text FROM payment_order o WHERE (o.state = 'PAID') <> EXISTS (
             SELECT 1 FROM payment_instruction i
             WHERE i.order_id = o.id AND i.booked_on IS NOT NULL AND i.state <> 'RETURNED')""",
    ),
    Check(
        "at_most_one_live_attempt_an_order",
        """SELECT order_id::text FROM payment_instruction WHERE state NOT IN ('REJECTED', 'CANCELLED', 'RETURNED')
           GROUP BY order_id HAVING count(*) > 1""",
    ),
    Check(
        "a_run_is_its_files_and_its_attempts",
        """SELECT r.id::text FROM payment_run r WHERE r.state = 'APPROVED' AND (r.declared_count, r.declared_sum) <> (
             SELECT coalesce(sum(number), 0), coalesce(sum(vnd), 0) FROM (
               SELECT f.count AS number, f.total AS vnd FROM payment_file f
               WHERE f.run_id = r.id AND f.state <> 'WITHDRAWN'
               UNION ALL
               SELECT 1, i.amount FROM payment_instruction i JOIN payment_file f ON f.message_id = i.message_id
               WHERE f.run_id = r.id AND f.state = 'WITHDRAWN'
                 AND (i.state <> 'CANCELLED' OR i.reason IN ('authorisation_out_of_time', 'perhaps_paid'))) sealed)
           UNION ALL
           SELECT f.message_id FROM payment_file f WHERE (f.count, f.total) <> (
             SELECT count(*), coalesce(sum(i.amount), 0) FROM payment_instruction i
             WHERE i.message_id = f.message_id)""",
    ),
    Check(
        "every_statement_leads_from_its_opening_to_its_closing",
        """SELECT s.payer_account || '/' || s.sequence FROM bank_statement s
           LEFT JOIN statement_entry e ON e.payer_account = s.payer_account AND e.sequence = s.sequence
             AND e.ordinal > 0
           GROUP BY s.payer_account, s.sequence, s.opening, s.closing
           HAVING s.opening + coalesce(sum(CASE e.side WHEN 'credit' THEN e.amount ELSE -e.amount END), 0)
             <> s.closing""",
    ),
    Check(
        "every_bank_entry_is_booked_at_its_account_and_amount",
        """SELECT e.payer_account || '/' || e.sequence || '/' || e.ordinal FROM statement_entry e
           LEFT JOIN ledger_entry l ON l.journal_id = e.journal_id AND l.account = 'A1'
             AND l.bank_account = e.payer_account AND l.amount = e.amount
             AND l.side = CASE e.side WHEN 'credit' THEN 'debit' ELSE 'credit' END
           WHERE l.journal_id IS NULL""",
    ),
    Check(
        "suspense_is_what_nobody_explained",
        """SELECT books.account || ' ' || books.total || ', unexplained ' || entries.total FROM
           (SELECT a.account, coalesce(sum(CASE e.side WHEN a.up THEN e.amount ELSE -e.amount END), 0) AS total
            FROM (VALUES ('L3', 'credit'), ('S1', 'debit')) AS a (account, up)
            LEFT JOIN ledger_entry e ON e.account = a.account GROUP BY a.account) books
           JOIN (SELECT a.account, coalesce(sum(s.amount), 0) AS total
            FROM (VALUES ('L3', 'credit'), ('S1', 'debit')) AS a (account, side)
            LEFT JOIN statement_entry s ON s.side = a.side
              AND s.outcome IN ('unknown_credit', 'return_unmatched', 'opening_balance', 'unknown_debit')
              AND NOT EXISTS (SELECT 1 FROM suspense_clearing c WHERE c.payer_account = s.payer_account
                              AND c.sequence = s.sequence AND c.ordinal = s.ordinal)
            GROUP BY a.account) entries USING (account)
           WHERE books.total <> entries.total""",
    ),
    Check(
        "a_returned_order_came_back_and_a_cancelled_one_is_not_out",
        """SELECT o.id::text FROM payment_order o WHERE o.state = 'RETURNED' AND NOT EXISTS (
             SELECT 1 FROM payment_instruction i WHERE i.order_id = o.id AND i.state = 'RETURNED')
           UNION ALL
           SELECT o.id::text FROM payment_order o JOIN payment_instruction i ON i.order_id = o.id
           WHERE o.state IN ('CANCELLED', 'READY', 'BLOCKED', 'BATCHED', 'RETURNED')
             AND i.state NOT IN ('REJECTED', 'CANCELLED', 'RETURNED')""",
    ),
    Check(
        "an_instructed_order_has_a_live_attempt",
        """SELECT o.id::text FROM payment_order o WHERE o.state = 'INSTRUCTED' AND NOT EXISTS (
             SELECT 1 FROM payment_instruction i
             WHERE i.order_id = o.id AND i.state NOT IN ('REJECTED', 'CANCELLED', 'RETURNED'))""",
    ),
    Check(
        "what_is_owed_is_what_is_unpaid",
        """SELECT id::text FROM (
             SELECT o.id, CASE WHEN o.obliged AND o.state NOT IN ('PAID', 'INSTRUCTED', 'CANCELLED')
                               THEN o.amount ELSE 0 END AS owed,
               coalesce(sum(CASE e.side WHEN 'credit' THEN e.amount ELSE -e.amount END)
                        FILTER (WHERE e.account IN ('L1', 'L2')), 0) AS booked
             FROM payment_order o LEFT JOIN ledger_entry e ON e.order_id = o.id GROUP BY o.id) each
           WHERE owed <> booked""",
    ),
    Check(
        "an_approved_run_is_approved_by_another_person_than_prepared_it",
        """SELECT r.id::text FROM payment_run r WHERE r.state = 'APPROVED' AND NOT EXISTS (
             SELECT 1 FROM proposals p WHERE p.kind = 'payment-run' AND p.subject = r.id::text
               AND p.state = 'approved' AND p.decided_by <> p.prepared_by)""",
    ),
    Check(
        "every_closed_month_is_paid_or_carried",
        """SELECT c.id::text FROM month_closing c JOIN month_line l ON l.closing_id = c.id
           JOIN payment_order o ON o.id = l.order_id
           WHERE l.amount <> o.amount
              OR (l.outcome <> 'paid' AND o.state <> 'CANCELLED' AND o.due_month <= c.period)""",
    ),
)
