"""Tasks that begin together, and that really end."""

import asyncio
from collections.abc import Coroutine, Sequence

_CANCEL_AGAIN_SECONDS = 0.1


async def together(*coroutines: Coroutine[None, None, None]) -> None:
    """Run all until each is done or one fails; end the others, and raise what failed."""
    if not coroutines:
        return
    tasks = [asyncio.ensure_future(one) for one in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        await end(tasks)


async def end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel until all are done.

    Once is not enough: under Python 3.11 asyncio.wait_for, which the client sends with, swallows a
    cancellation that meets its end.
    """
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=_CANCEL_AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)
