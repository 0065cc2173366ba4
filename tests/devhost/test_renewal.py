"""What is done again and again beside a longer piece of work."""

import asyncio

from devhost.renewal import Renewal


def test_it_is_done_until_the_end_and_one_under_way_is_finished() -> None:
    done: list[str] = []

    async def work() -> None:
        twice = asyncio.Event()

        async def renew() -> None:
            done.append("begun")
            if len(done) == 3:
                twice.set()
            await asyncio.sleep(0)
            done.append("finished")

        renewal = Renewal(0.001, renew)
        await twice.wait()
        renewal.end()
        await asyncio.sleep(0.05)

    asyncio.run(work())
    assert done == ["begun", "finished"] * 2


def test_work_that_ends_before_is_never_renewed() -> None:
    done: list[str] = []

    async def renew() -> None:
        done.append("renewed")

    async def work() -> None:
        Renewal(0.001, renew).end()
        await asyncio.sleep(0.05)

    asyncio.run(work())
    assert done == []
