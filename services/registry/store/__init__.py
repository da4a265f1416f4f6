"""The registry's queries. Functions take the transaction of their caller and never commit."""
