"""Faults at random moments out of a seed: kills, sleepers that wake after their lease, stops, a crashed database."""

import asyncio
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.journeys.fleet import Fleet, Place
from tests.journeys.own_postgres import OwnPostgres

MOST_PAUSED = 2


@dataclass
class Nemesis:
    """`gap`: seconds between two faults; `naps`: how long a stopped process sleeps, in turn."""

    fleet: Fleet
    postgres: OwnPostgres
    dice: random.Random
    gap: tuple[float, float]
    naps: tuple[float, ...]
    crash_every: float
    counts: Counter[str] = field(default_factory=Counter)
    away_seconds: list[float] = field(default_factory=list)
    _sleepers: set[asyncio.Task[None]] = field(default_factory=set)

    async def rage(self, seconds: float) -> None:
        """One fault after the other for so long; then everything dies at one moment, as in a power cut."""
        end = time.monotonic() + seconds
        next_crash = time.monotonic() + self.crash_every * self.dice.uniform(0.3, 0.7)
        while time.monotonic() < end:
            await asyncio.sleep(self.dice.uniform(*self.gap))
            if time.monotonic() > next_crash:
                next_crash = time.monotonic() + self.crash_every
                await self.crash_database()
            else:
                self.strike()
        await self.wait_for_sleepers()
        for place in self.fleet.places:
            self.kill(place)

    def strike(self) -> None:
        """One fault, of workers twice as often as of the sites together."""
        place = self.dice.choice([*self.fleet.places, *self.fleet.workers])
        if place.is_paused or place.life is None:
            return
        if not place.is_ready and self.dice.random() < 0.8:  # on a busy machine nothing would ever be up
            return
        match self.dice.choices(["kill", "nap", "stop"], [7, 2, 2])[0]:
            case "nap" if sum(place.is_paused for place in self.fleet.places) < MOST_PAUSED:
                self.put_to_sleep(place)
            case "stop" if place.life.ready_after is not None:
                self.counts["stop"] += 1
                place.life.term_at = time.monotonic()
                place.signal(signal.SIGTERM)
            case _:
                self.kill(place)

    def kill(self, place: Place) -> None:
        if place.signal(signal.SIGKILL):
            self.counts["kill"] += 1
            self.counts[f"kill of {place.command}"] += 1

    def put_to_sleep(self, place: Place) -> None:
        seconds = self.naps[self.counts["nap"] % len(self.naps)]
        self.counts["nap"] += 1
        task = asyncio.create_task(self._sleep(place, seconds))
        self._sleepers.add(task)
        task.add_done_callback(self._sleepers.discard)

    async def _sleep(self, place: Place, seconds: float) -> None:
        place.is_paused = True
        place.signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        place.signal(signal.SIGCONT)  # it goes on where it was, with claims that others hold by now
        place.is_paused = False

    async def crash_database(self) -> None:
        self.counts["database crash"] += 1
        self.away_seconds.append(await asyncio.to_thread(self.postgres.crash))

    async def wait_for_sleepers(self) -> None:
        if self._sleepers:
            await asyncio.gather(*self._sleepers)
