"""How the story ends when a step does not come true."""


class SmokeFailed(Exception):
    """A step is missing; the sentence names the step, what was expected and what was seen."""
