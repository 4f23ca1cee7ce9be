"""Group commit: works that arrive while another commit is under way share the next one.

Most of what a small write costs is its transaction: begin, the end of the audit chain, the disk. Fifty
citizens who submit in the same second pay for a few of them instead of fifty. Nobody waits on purpose: the
first work starts at once, alone. A caller goes on only after the commit that holds its work.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

Result = TypeVar("Result")
Work = Callable[[AsyncSession], Awaitable[Any]]
AT_MOST = 64


class Together:
    """The queue of one process before the write door of its database."""

    def __init__(self, begin: Callable[[], AbstractAsyncContextManager[AsyncSession]]) -> None:
        self._begin = begin
        self._waiting: list[tuple[Work, asyncio.Future[Any]]] = []
        self._runner: asyncio.Task[None] | None = None

    async def write(self, work: Callable[[AsyncSession], Awaitable[Result]]) -> Result:
        """Run `work` in a write transaction, perhaps with others, and answer its result after the commit.

        `work` must be harmless when run again from the start: where one of a group fails, the group is
        rolled back and each is done by itself, so that the failure is its own.
        """
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, future))
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:AT_MOST], self._waiting[AT_MOST:]
            await self._commit(group)

    async def _commit(self, group: list[tuple[Work, asyncio.Future[Any]]]) -> None:
        try:
            async with self._begin() as session:
                results = [await work(session) for work, _ in group]
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the caller whose work it was
            if len(group) > 1:
                for one in group:
                    await self._commit([one])
            else:
                _settle(group[0][1], error=error)
        else:
            for (_, future), result in zip(group, results, strict=True):
                _settle(future, result=result)


def _settle(future: asyncio.Future[Any], *, result: object = None, error: Exception | None = None) -> None:
    """Tell the caller, unless he has gone."""
    if future.done():
        return
    if error:
        future.set_exception(error)
    else:
        future.set_result(result)
