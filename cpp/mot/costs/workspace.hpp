/// Tools and memory to compute the costs of one pair of layers.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "mot/costs/cost_table.hpp"
#include "mot/types/buffer.hpp"

namespace mot {

/// Fortran's SGEMM: C <- alpha op(A) op(B) + beta C, column-major, every argument by address. It is the one routine of
/// BLAS that the core needs, and the caller hands it in: the binding scipy's, the tests a naive one.
using Sgemm = void (*)(char* transpose_a, char* transpose_b, int* m, int* n, int* k, float* alpha, float* a, int* lda,
                       float* b, int* ldb, float* beta, float* c, int* ldc);

/// Belongs to one pair at a time, and serves one pair after the other.
struct Workspace {
    Sgemm sgemm;               ///< must run on one thread
    std::int64_t most_stored;  ///< single-precision numbers that costs may take; more are not kept but computed anew
    int n_workers;             ///< workers that one pair has
    /// Calls `work(k)` for k = 0 .. n - 1, at most `n_workers` of them at the same time.
    std::function<void(int n, const std::function<void(int)>& work)> parallel_for;
    /// Calls `work(piece, worker)` for every piece: whichever of the workers 0 .. n - 1 is free takes the next one.
    /// Worker 0 is the calling thread.
    template <class Work>
    void share(std::int64_t n_pieces, int n, Work work) const {
        std::atomic<std::int64_t> next{0};
        parallel_for(static_cast<int>(std::min<std::int64_t>(n_pieces, n)), [&](int worker) {
            for (std::int64_t piece = next++; piece < n_pieces; piece = next++) work(piece, worker);
        });
    }

    Buffer costs{};
    Buffer units{};
    /// What one worker needs to compute costs from integers: rows gathered, and products.
    struct Panel {
        Buffer rows{}, products{};
    };
    std::vector<Panel> panels{};
    /// Costs of single arcs: the few that matter are needed again and again.
    CostTable known_costs{};
};

}  // namespace mot
