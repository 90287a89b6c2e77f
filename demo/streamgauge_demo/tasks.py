"""Tasks that begin and end together."""

import asyncio
from collections.abc import Coroutine, Sequence


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
    """Cancel what still runs and wait until it has ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
