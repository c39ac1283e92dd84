"""Stands in for a library of the voice assistants that has no wheel; the demo has no voice."""


class MicroVad:
    """Can be imported, which is all that happens here."""
