"""The whole simulated household at once: box, broker and reader around one home."""

import asyncio
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from typing import Final, Self

from .broker import Broker, Kind
from .fritzbox import SimulatedFritzBox
from .fritzbox_devices import HOME
from .home import Clock, Home, RealClock
from .reader import SimulatedReader

AGE: Final = timedelta(days=800)
"""How long the home has been lived in: the box stores two years of months."""


class Household:
    """Starts and ends everything that a home has beside Home Assistant."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        seed: int = 1,
        broker: Kind = "rumqttd",
        script: str = "bitshake",
        tele_period: float = 10.0,
        age: timedelta = AGE,
    ) -> None:
        """Build a household that lives in our own time, or in a clock's."""
        clock = clock or RealClock()
        self.clock = clock
        self.home = Home(seed=seed, installed=clock.now() - age)
        self.box = SimulatedFritzBox(self.home, clock, devices=HOME)
        self.broker = Broker(kind=broker)
        self._script = script
        self._tele_period = tele_period
        self._running = AsyncExitStack()
        self.reader: SimulatedReader
        """There once the household has started."""

    async def __aenter__(self) -> Self:
        """Start the box, the broker and the reader, which publishes unasked."""
        async with AsyncExitStack() as stack:
            await self.box.start()
            stack.push_async_callback(self.box.stop)
            await stack.enter_async_context(self.broker)
            self.reader = SimulatedReader(
                self.home,
                self.clock,
                port=self.broker.port,
                script=self._script,
                tele_period=self._tele_period,
            )
            await self.reader.start()
            stack.push_async_callback(self._stop_reader)
            operation = asyncio.create_task(self.reader.operate())
            stack.push_async_callback(_cancelled, operation)
            self._running = stack.pop_all()
        return self

    async def _stop_reader(self) -> None:
        # Without a broker there is nobody to say goodbye to.
        with suppress(TimeoutError, OSError):
            await self.reader.stop()

    async def __aexit__(self, *_: object) -> None:
        """End everything."""
        await self._running.aclose()


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
