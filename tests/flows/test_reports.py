"""The words of reports, in both languages."""

from itertools import chain
import json
from pathlib import Path

import pytest

from custom_components.py_hab.costs.prices import PriceFault
from custom_components.py_hab.counters.verdict import ACCEPTING, Verdict
from custom_components.py_hab.flows import reports
from custom_components.py_hab.history.box.reconstruct import DiscardReason
from custom_components.py_hab.history.files import importer
from custom_components.py_hab.history.files.clock import RowError
from custom_components.py_hab.history.findings import NOT_REPORTED, NOT_WRITTEN, UNPROVEN
from custom_components.py_hab.history.planning.change import ChangeReason
from tests.support.dialogue import TEXTS


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_doubt_and_every_rejection_has_its_words(language: str) -> None:
    folder = Path(reports.__file__).parents[1] / "translations"
    selectors = json.loads((folder / f"{language}.json").read_text(encoding="utf-8"))["selector"]
    assert selectors["discard_reason"]["options"].keys() == {
        *DiscardReason,
        NOT_REPORTED,
        NOT_WRITTEN,
        UNPROVEN,
    }
    assert selectors["change_reason"]["options"].keys() == set(ChangeReason)
    assert (
        selectors["rejection_reason"]["options"].keys() == set(chain(Verdict, RowError)) - ACCEPTING
    )


def test_what_an_action_refuses_is_a_text_of_the_dialogue_as_well() -> None:
    refusals = set(importer.TRANSLATION_KEYS.values()) | {
        "no_device_stats",
        "no_energy_statistic",
        "database_refused",
        "entry_removed",
        "no_recorder",
        "not_recorded",
        "not_written",
        "path_not_allowed",
        "unloaded",
    }
    assert (
        refusals
        | {"one_file", "unknown", "nothing_chosen", "same_connection", "no_counter", "not_accepted"}
        | {"price_entity_no_number", "price_entity_unit"}
        | {fault.value for fault in PriceFault}
        | {"contract_counted_twice", "contract_no_price", "contract_of_its_own"}
        | {"contract_base_twice", "base_price_twice"}
        | {"value_column", "end_column", "unit_of_content"}
        == TEXTS["options"]["error"].keys()
    )
    assert refusals < TEXTS["exceptions"].keys()
