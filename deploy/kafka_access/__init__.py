"""Who may do what on the broker: users, topics with their retention, and the rights of each service."""
