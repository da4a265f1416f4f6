"""Double-entry books of funds and budgets."""
