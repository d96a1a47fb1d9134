"""What the store keeps of conditional writes, and so how replicas share documents."""

from __future__ import annotations

from collections.abc import Callable

from watcher.doctor.scratch import scratch_prefix
from watcher.doctor.wording import ok, warning
from watcher.domain.doctor import Finding
from watcher.domain.document import Layout
from watcher.lease.mode import Mode, asks_for_bids
from watcher.pipeline.facts import choose_mode, marker_of
from watcher.storage.port import Store
from watcher.storage.probe import ClaimMode, ProbeResult, probe_conditions, probe_listing


def conditions(store: Store, layout: Layout, nonce: Callable[[], str]) -> Finding:
    """Races creates as a daemon does at its start, but asks nobody for bids. Raises `StoreError`."""
    scratch, marker = scratch_prefix(layout.claims), marker_of(layout)
    asked = asks_for_bids(store, marker)
    probe = probe_conditions(store, scratch, nonce)
    return judge(choose_mode(probe.verdict, asked, probe_listing(store, scratch, nonce)), probe, marker)


def judge(mode: Mode, probe: ProbeResult, marker: str) -> Finding:
    if mode is Mode.CONDITIONAL:
        return ok(f"The store keeps racing writers apart ({probe.detail}): any number of replicas may share it.")
    if mode is Mode.SINGLE:
        return warning(
            f"The store does not keep racing writers apart ({probe.detail}), nor does it list at once what was stored."
            " Two replicas would do the same work twice.",
            "Run one replica only on this bucket, or take another store.",
        )
    if probe.verdict is ClaimMode.CONDITIONAL:
        return warning(
            f"The store keeps racing writers apart now ({probe.detail}), but {marker} stands: a replica once saw it fail. All replicas claim by"
            " bids, which is safe and costs a few requests more for each document.",
            f"Nothing has to be done. To go back, stop all replicas and remove {marker}.",
        )
    overwritten = (
        " A replica that freezes in the middle of a write may overwrite a result; the manifest's hashes would show it."
        if probe.verdict is ClaimMode.IGNORED
        else ""
    )
    return warning(
        f"The store does not keep racing writers apart ({probe.detail}). Replicas claim by bids instead: any number may share it, at a few requests"
        f" more for each document.{overwritten}",
        "Nothing has to be done. Some stores (Ceph 16) keep writers apart in a bucket without versioning only.",
    )
