"""What the simulated counterparts stand on: their own durable file, their server, their log lines.

The bank and the SMS gateway play organisations outside the province. They therefore share nothing with
`services/` or `shared/`: an error in the platform's kit must not be hidden by the same error on the other side.
"""
