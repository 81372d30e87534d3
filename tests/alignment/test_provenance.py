from __future__ import annotations

import pickle
import platform
from datetime import UTC, datetime

import numpy as np
import scipy

import mot_fast as mot
from mot_fast.alignment.provenance import with_digests
from mot_fast.layer_pairs.block_store import layer_digest
from support.faults import bits


def test_an_alignment_knows_how_it_was_made(layers):
    before = datetime.now(UTC).replace(microsecond=0)
    run = mot.align(layers([6, 5]), layers([7], seed=2), n_jobs=1, memory_limit=2**28).run
    assert before <= datetime.fromisoformat(run.began) <= datetime.now(UTC)
    assert run.began.endswith("+00:00")
    assert 0 < run.seconds < 600
    assert (run.n_stimuli, run.n_threads, run.memory_limit) == (60, 1, 2**28)
    assert list(run.versions.items()) == [
        ("mot_fast", mot.__version__),
        ("python", platform.python_version()),
        ("numpy", np.__version__),
        ("scipy", scipy.__version__),
    ]
    assert (run.platform, run.machine) == (platform.platform(), platform.machine())


def test_runs_do_not_name_the_machine(alignment):
    assert platform.node() not in repr(alignment.run)


def test_digests_are_remembered_where_a_store_takes_them(layers, tmp_path):
    source, target = mot.load(layers([6, 5]))[5:], mot.load(layers([7], seed=2))[5:]
    plain = mot.align(source, target)
    stored = mot.align(source, target, store=tmp_path)
    assert plain.source.digests is plain.target.digests is None
    hashed = with_digests(plain, source, target)
    assert (hashed.source.digests, hashed.target.digests) == (stored.source.digests, stored.target.digests)
    assert stored.source.digests == tuple(layer_digest(source.layer(l), None) for l in range(2))
    assert stored.target.digests == (layer_digest(target.layer(0), None),)
    assert bits(stored) == bits(plain)


def test_runs_survive_pickling_and_turn_with_the_alignment(layers, tmp_path):
    alignment = mot.align(layers([6, 5]), layers([7], seed=2), store=tmp_path)
    assert pickle.loads(pickle.dumps(alignment)).run == alignment.run
    turned = alignment.transpose()
    assert turned.run == alignment.run
    assert turned.source.digests == alignment.target.digests
