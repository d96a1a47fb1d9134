"""Which model server is asked next, on a clock that the tests set."""

from __future__ import annotations

import pytest

from watcher.engines.model_servers.balance import Rest, ServerPool, Ticket

CONCURRENCY = 8


def pool(servers: int = 1, jitter: float = 0.0) -> ServerPool:
    return ServerPool(servers, CONCURRENCY, Rest(1.0, 10.0, lambda: jitter))


def taken(pool: ServerPool, now: float, count: int = 1) -> list[Ticket]:
    tickets = [pool.take(now) for _ in range(count)]
    assert None not in tickets
    return [ticket for ticket in tickets if ticket is not None]


def fail_until_rest(pool: ServerPool, now: float) -> None:
    for ticket in taken(pool, now, 3):
        pool.failed(ticket, now)


def test_requests_go_to_the_server_with_the_fewest_in_flight() -> None:
    servers = pool(3)
    assert [ticket.server for ticket in taken(servers, 0.0, 6)] == [0, 1, 2, 0, 1, 2]


def test_no_server_gets_more_than_its_share_at_once() -> None:
    servers = pool(2)
    first = taken(servers, 0.0, 2 * CONCURRENCY)
    assert servers.take(0.0) is None
    assert servers.free(0.0) == 0
    servers.served(first[0])
    assert servers.free(0.0) == 1
    (ticket,) = taken(servers, 0.0)
    assert ticket.server == first[0].server


def test_a_server_to_avoid_is_taken_only_where_no_other_has_a_place() -> None:
    servers = pool(2)
    places = [servers.take(0.0, avoid={0}) for _ in range(CONCURRENCY + 1)]
    assert [place.server for place in places if place] == [1] * CONCURRENCY + [0]


def test_an_unreachable_server_rests_and_is_probed_by_one_request_alone() -> None:
    servers = pool()
    servers.unreachable(taken(servers, 0.0)[0], 0.0)
    assert servers.take(0.9) is None
    assert servers.seconds_to_change(0.9) == pytest.approx(0.1)
    (probe,) = taken(servers, 1.0)
    assert probe.probe
    assert servers.take(1.0) is None
    assert servers.seconds_to_change(1.0) is None
    servers.served(probe)
    assert servers.free(1.0) == CONCURRENCY


def test_a_probe_that_is_dropped_leaves_its_place_to_another() -> None:
    servers = pool()
    servers.unreachable(taken(servers, 0.0)[0], 0.0)
    servers.cancelled(taken(servers, 1.0)[0])
    assert servers.free(1.0) == 1


def test_each_failed_probe_doubles_the_rest_up_to_a_bound() -> None:
    servers, now, rests = pool(), 0.0, []
    for _ in range(6):
        servers.unreachable(taken(servers, now)[0], now)
        rest = servers.seconds_to_change(now)
        assert rest is not None
        rests.append(rest)
        now += rest
    assert rests == pytest.approx([1, 2, 4, 8, 10, 10])


def test_jitter_takes_up_to_half_of_a_rest_off() -> None:
    servers = pool(jitter=1.0)
    servers.unreachable(taken(servers, 0.0)[0], 0.0)
    assert servers.seconds_to_change(0.0) == pytest.approx(0.5)


def test_a_burst_that_fails_together_is_one_failure_of_the_server() -> None:
    servers = pool()
    for ticket in taken(servers, 0.0, CONCURRENCY):
        servers.unreachable(ticket, 0.1)
    assert servers.seconds_to_change(0.1) == pytest.approx(1.0)


def test_one_request_that_always_fails_does_not_rest_a_server_that_answers_others() -> None:
    servers = pool()
    for now in range(20):
        guilty, other = taken(servers, float(now), 2)
        servers.failed(guilty, float(now))
        servers.served(other)
    assert servers.free(20.0) == CONCURRENCY


def test_failures_in_a_row_rest_the_server() -> None:
    servers = pool()
    fail_until_rest(servers, 0.0)
    assert servers.free(0.5) == 0


def test_given_up_is_said_once_every_server_has_failed_as_many_rounds() -> None:
    servers, now = pool(2), 0.0
    for ticket in taken(servers, now, 2):
        servers.unreachable(ticket, now)
    assert servers.given_up(1)
    assert not servers.given_up(2)
    for probe in taken(servers, 1.0, 2):
        servers.unreachable(probe, 1.0)
    assert servers.given_up(2)


def test_one_server_that_works_is_reason_to_go_on() -> None:
    servers = pool(2)
    servers.misfit(taken(servers, 0.0)[0], 0.0)
    assert not servers.given_up(1)
    servers.misfit(taken(servers, 0.0)[0], 0.0)
    assert servers.given_up(99)


def test_renewal_reopens_all_where_none_works_and_else_leaves_those_that_rest() -> None:
    servers = pool(2)
    servers.unreachable(taken(servers, 0.0)[0], 0.0)
    servers.renew()
    assert servers.free(0.0) == CONCURRENCY
    servers.unreachable(taken(servers, 0.0)[0], 0.0)
    servers.renew()
    assert servers.free(0.0) == 2 * CONCURRENCY


def test_an_overloaded_server_gets_half_as_many_once_for_a_burst_and_more_as_it_serves() -> None:
    servers = pool()
    burst = taken(servers, 0.0, CONCURRENCY)
    for ticket in burst[:4]:
        servers.overloaded(ticket, 0.1, 0.0)
    for ticket in burst[4:]:
        servers.served(ticket)
    assert 4 <= servers.free(0.2) < 6
    for _ in range(40):
        servers.served(taken(servers, 0.3)[0])
    assert servers.free(0.4) == CONCURRENCY


def test_a_server_that_is_always_overloaded_is_still_asked_by_one_at_a_time() -> None:
    servers = pool()
    for now in range(10):
        servers.overloaded(taken(servers, float(now))[0], float(now), 0.0)
    assert servers.free(10.0) == 1
    assert not servers.given_up(1)


def test_a_server_that_asked_for_a_pause_gets_it_and_then_its_share_without_a_probe() -> None:
    servers = pool(2)
    servers.overloaded(taken(servers, 0.0)[0], 0.0, 5.0)
    assert [ticket.server for ticket in taken(servers, 4.9, 2)] == [1, 1]
    (ticket,) = taken(servers, 5.0)
    assert (ticket.server, ticket.probe) == (0, False)


def test_a_look_at_the_servers_decides_which_rest() -> None:
    servers = pool(2)
    servers.seen_down(0, 0.0)
    assert servers.free(0.0) == CONCURRENCY
    servers.seen_well(0)
    assert servers.free(0.0) == 2 * CONCURRENCY
