"""A sample commune for a first look: households that nobody is, reviewed over a year, some of them paid."""

from deploy.sample.load import load_sample

__all__ = ["load_sample"]
