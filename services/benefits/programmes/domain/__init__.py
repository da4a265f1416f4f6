"""Dated terms and the rules that judge by them."""
