"""The simulated bank: a strict counterpart with a double-entry book of its own.

It takes customer payment files (pain.001.001.09), answers status reports (pain.002.001.10) and closes account
statements (camt.053.001.08). What goes wrong is chosen by the data of a payment: see `deploy.bank.faults`.
Amounts are whole VND; times on paper are Vietnamese, times in the store UTC.
"""
