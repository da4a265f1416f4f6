"""The rules of the registry: plain Python; time and data are passed in."""
