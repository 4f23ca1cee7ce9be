"""`tipline bench intake`: the figures are those of a real site, and nothing it acknowledged is lost."""

import pytest

from bot.bench import BenchFailedError, run_intake_bench


@pytest.mark.timeout(180)
async def test_a_small_run_loses_nothing_and_repeats_nothing():
    figures = await run_intake_bench(submitters=6, rounds=4)
    assert figures["submitted"] == figures["acknowledged"] == figures["numbers"] == 24
    assert figures["refused"] == figures["lost"] == 0
    # Beside those counted: one warm-up tip of each submitter, and one tip of all the twins.
    assert figures["other_tips_stored"] == 6 + 1
    assert figures["repeats"] == {"tried": 3, "same_receipt": 3, "reused_keys_refused": 3}
    assert figures["twins"] == {"sent_at_once": 8, "acknowledged": 8, "receipts": 1}
    ms = figures["ms"]
    assert 0 < ms["p50"] <= ms["p95"] <= ms["p99"] <= ms["max"]
    assert figures["tips_per_second"] > 0


async def test_a_site_that_does_not_start_is_said_so():
    with pytest.raises(BenchFailedError, match="ended before it listened"):
        await run_intake_bench(submitters=1, rounds=1, command=("true",))
