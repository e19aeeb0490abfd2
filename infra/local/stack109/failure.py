"""The one exception of the stack: a sentence for the person at the keyboard."""


class StackFailure(Exception):
    """The step cannot be done; the text says what is wrong and what to do about it."""


class AlreadyRunning(StackFailure):
    """Another supervisor holds this instance; whoever asked may follow that one instead."""
