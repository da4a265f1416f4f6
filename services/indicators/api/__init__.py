"""The figures over HTTP, each as JSON and as CSV of the same numbers."""
