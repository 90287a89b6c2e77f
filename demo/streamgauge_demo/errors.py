"""What can go wrong with the demo, said in one sentence."""


class DemoError(Exception):
    """The demo cannot start or cannot go on; its text is the sentence for the user."""
