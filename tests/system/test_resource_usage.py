from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from mot_fast.system.resource_usage import ResourceUsage, measure_usage

MB = 10**6


def test_seconds_are_those_of_the_clock():
    with measure_usage() as usage:
        time.sleep(0.05)
    assert 0.05 <= usage.seconds < 1.0


def test_memory_that_is_gone_at_the_end_is_seen():
    with measure_usage() as usage:
        values = np.ones(100 * MB, np.uint8)
        time.sleep(0.1)
        del values
    assert 90 * MB < usage.peak_bytes < 200 * MB


def test_memory_that_is_there_before_does_not_count():
    values = np.ones(100 * MB, np.uint8)
    with measure_usage() as usage:
        time.sleep(0.02)
    assert usage.initial_bytes > len(values)
    assert usage.highest_bytes >= usage.initial_bytes
    assert usage.peak_bytes < 20 * MB


def test_no_thread_is_left_behind_and_errors_pass():
    before = threading.active_count()
    usages = []

    def fail():
        with measure_usage() as usage:
            usages.append(usage)
            time.sleep(0.01)
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        fail()
    assert threading.active_count() == before
    assert usages[0].seconds >= 0.01


def test_a_peak_at_the_very_end_is_seen_without_any_sample(monkeypatch):
    monkeypatch.setattr("mot_fast.system.resource_usage.INTERVAL", 60.0)
    with measure_usage() as usage:
        values = np.ones(50 * MB, np.uint8)
    assert usage.peak_bytes > 45 * MB
    assert usage.seconds < 10.0
    del values


def test_two_pieces_of_work_in_turn():
    first = ResourceUsage(seconds=1.0, initial_bytes=100, highest_bytes=150)
    second = ResourceUsage(seconds=0.5, initial_bytes=120, highest_bytes=180)
    both = first.then(second)
    assert (both.seconds, both.initial_bytes, both.highest_bytes) == (1.5, 100, 180)
    assert both.peak_bytes == 80
    assert first.then(ResourceUsage(0.0, 100, 120)).peak_bytes == 50
