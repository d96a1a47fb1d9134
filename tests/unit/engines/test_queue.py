"""What waits for the engine, as devices take it and give it back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from watcher.engines.port import PageImage
from watcher.engines.queue import JobQueue, PageJob, StructureJob, refuse


def page() -> PageJob:
    return PageJob(PageImage(Path("page.png"), 10, 10, 72.0))


def filled(*jobs: PageJob | StructureJob) -> JobQueue:
    queue = JobQueue()
    assert all(queue.put(job, lambda: True) for job in jobs)
    return queue


def test_pages_are_taken_in_order_and_no_more_than_a_call_holds() -> None:
    jobs = [page() for _ in range(5)]
    queue = filled(*jobs)
    assert [queue.take(2, 0), queue.take(2, 0), queue.take(2, 0)] == [jobs[:2], jobs[2:4], jobs[4:]]


def test_a_structure_comes_before_pages() -> None:
    job, structure = page(), StructureJob([])
    queue = filled(job, structure)
    assert queue.take(4, 0) is structure
    assert queue.take(4, 0) == [job]


def test_what_was_cancelled_is_passed_over_and_its_place_goes_to_another() -> None:
    jobs = [page() for _ in range(4)]
    queue = filled(*jobs)
    assert jobs[0].future.cancel()
    assert queue.take(3, 0) == jobs[1:]


def test_what_is_put_back_comes_first_and_counts() -> None:
    jobs = [page() for _ in range(4)]
    queue = filled(*jobs)
    taken = queue.take(2, 0)
    assert isinstance(taken, list)
    assert queue.put_back(taken, lambda: True)
    assert queue.take(9, 0) == jobs
    assert [job.returned for job in jobs] == [1, 1, 0, 0]


def test_nothing_is_put_where_nobody_would_take_it_or_after_the_end() -> None:
    queue, job = filled(), page()
    assert not queue.put(job, lambda: False)
    assert not queue.put_back([job], lambda: False)
    queue.close()
    assert not queue.put(job, lambda: True)
    assert not queue.put_back([job], lambda: True)
    assert queue.take(4, 0) == []


def test_it_is_emptied_unless_somebody_takes_pages() -> None:
    job, cancelled = page(), page()
    queue = filled(job, cancelled)
    cancelled.future.cancel()
    assert queue.empty(unless=lambda: True) == []
    assert queue.empty(unless=lambda: False) == [job]
    assert not job.future.cancel()  # it was taken, to be refused


def test_the_end_cancels_what_waits_and_names_what_cannot_be_cancelled_any_more() -> None:
    begun, waiting = page(), page()
    queue = filled(begun)
    assert queue.take(1, 0) == [begun]
    assert queue.put_back([begun], lambda: True)
    assert queue.put(waiting, lambda: True)
    assert queue.close() == [begun]
    assert waiting.future.cancelled()


def test_refusing_leaves_answers_alone() -> None:
    answered, open_ = StructureJob([]), StructureJob([])
    answered.future.set_result(None)
    refuse([answered, open_], RuntimeError("stopped"))
    assert answered.future.result() is None
    assert isinstance(open_.future.exception(0), RuntimeError)


def test_a_call_that_is_not_full_waits_for_one_more_page_as_long_as_they_come() -> None:
    jobs = [page() for _ in range(3)]
    queue = filled(jobs[0])
    with ThreadPoolExecutor(1) as device:
        taken = device.submit(queue.take, 3, 3600)
        for job in jobs[1:]:
            assert not taken.done()
            assert queue.put(job, lambda: True)
        assert taken.result(30) == jobs


def test_it_waits_no_longer_than_it_may_nor_beyond_the_end() -> None:
    job = page()
    assert filled(job).take(3, 0.001) == [job]
    begun = page()
    queue = filled(begun)
    with ThreadPoolExecutor(1) as device:
        taken = device.submit(queue.take, 3, 3600)
        queue.close()
        assert taken.result(30) == []
