"""Benefits: who may receive what, who was awarded it, and how the money reached the account."""
