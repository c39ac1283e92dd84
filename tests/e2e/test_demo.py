"""The demo, as its user starts it."""

import asyncio
import os
import re
import sys

import pytest

from demo.hass import REPOSITORY

pytestmark = pytest.mark.e2e


async def test_the_demo_checks_itself_and_ends() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "demo", "--check", "--language", "de"),
        cwd=REPOSITORY,
        env=dict(os.environ),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    text = output.decode()
    assert process.returncode == 0, text
    assert "sensor.stromzahler_netzbezug" in text
    assert "total_increasing" in text
    assert " 0 faults" in text
    assert re.search(r"shows all hours since 20\d\d-\d\d-\d\d, \d+ s after the box", text)
