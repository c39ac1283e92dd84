"""The errors of the client for a FRITZ!Box."""

from datetime import timedelta


class FritzBoxError(Exception):
    """Base class for all errors of a FRITZ!Box."""


class FritzBoxConnectionError(FritzBoxError):
    """The box does not answer, or answers with an error."""

    def __init__(self, reason: str, *, has_answered: bool = False) -> None:
        """Store whether there was an answer, which was an error."""
        super().__init__(reason)
        self.has_answered = has_answered


class SessionRefusedError(FritzBoxConnectionError):
    """The box has refused a session that it had opened or confirmed immediately before."""

    def __init__(self, reason: str) -> None:
        """Store that this is an answer."""
        super().__init__(reason, has_answered=True)


class FritzBoxCertificateError(FritzBoxConnectionError):
    """The box's certificate is not trusted."""


class NotAFritzBoxError(FritzBoxError):
    """Something answers, but it is not a FRITZ!Box."""


class OtherBoxError(FritzBoxError):
    """The serial number at this address is not the one that is expected, or is not reported."""


class UnsafeChallengeError(FritzBoxError):
    """The response to the challenge would help to find out the password."""


class LoginRejectedError(FritzBoxError):
    """The user name or password is wrong. Must not be tried again with the same credentials."""


class LoginBlockedError(FritzBoxError):
    """The box blocks logins for a while, because earlier ones have failed."""

    def __init__(self, retry_after: timedelta) -> None:
        """Store how long the box blocks logins."""
        super().__init__(f"logins are blocked for {retry_after.total_seconds():.0f} s")
        self.retry_after = retry_after


class LoginPostponedError(FritzBoxError):
    """The box has refused a password that it accepted before. It is tried again after a pause."""

    def __init__(self, retry_after: timedelta) -> None:
        """Store when the login is tried again."""
        super().__init__(f"the login is tried again in {retry_after.total_seconds():.0f} s")
        self.retry_after = retry_after


class NotPermittedError(FritzBoxError):
    """The user lacks the Smart Home right."""


class RestNotOfferedError(FritzBoxError):
    """The box has no REST API (FRITZ!OS before 8.20), or does not offer it to this user."""


class InvalidAnswerError(FritzBoxError):
    """The answer of the box does not have the expected form. `answer` holds its text."""

    def __init__(self, reason: str, answer: str) -> None:
        """Store the answer for a debug log. It may contain AINs and names."""
        super().__init__(reason)
        self.answer = answer
