"""The ISO 20022 messages of the 2019 family: pain.001.001.09 out, pain.002.001.10 and camt.053.001.08 in."""
