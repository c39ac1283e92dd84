"""The errors of the client."""

from datetime import timedelta

import pytest

from custom_components.py_hab.fritzbox import errors


@pytest.mark.parametrize("kind", [errors.LoginBlockedError, errors.LoginPostponedError])
def test_an_error_about_time_says_how_long(
    kind: type[errors.LoginBlockedError | errors.LoginPostponedError],
) -> None:
    assert kind(timedelta(seconds=90)).retry_after == timedelta(seconds=90)


@pytest.mark.parametrize("has_answered", [False, True])
def test_a_lost_connection_says_whether_somebody_answered(has_answered: bool) -> None:
    err = errors.FritzBoxConnectionError("reset", has_answered=has_answered)
    assert err.has_answered is has_answered
    assert str(err) == "reset"


def test_an_answer_that_cannot_be_read_is_kept_for_the_log() -> None:
    err = errors.InvalidAnswerError("not XML", "<html>")
    assert (str(err), err.answer) == ("not XML", "<html>")


def test_every_error_is_one_of_the_box() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, Exception)
    ]
    assert len(kinds) > 10
    assert all(issubclass(kind, errors.FritzBoxError) for kind in kinds)
