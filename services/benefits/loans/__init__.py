"""Loans of the Social Policy Bank: it lends and collects, we learn of it and keep the books of what was entrusted."""
