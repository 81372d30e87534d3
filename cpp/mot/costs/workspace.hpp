/// Tools and memory to compute the costs of one pair of layers.
#pragma once

#include <cstdint>
#include <vector>

#include "mot/costs/cost_table.hpp"
#include "mot/types/buffer.hpp"
#include "mot/types/workers.hpp"

namespace mot {

/// Fortran's SGEMM: C <- alpha op(A) op(B) + beta C, column-major, every argument by address. It is the one routine of
/// BLAS that the core needs, and the caller hands it in: the binding scipy's, the tests a naive one.
using Sgemm = void (*)(char* transpose_a, char* transpose_b, int* m, int* n, int* k, float* alpha, float* a, int* lda,
                       float* b, int* ldb, float* beta, float* c, int* ldc);

/// Belongs to one pair at a time, and serves one pair after the other.
struct Workspace {
    Sgemm sgemm;               ///< must run on one thread
    std::int64_t most_stored;  ///< single-precision numbers that costs may take; more are not kept but computed anew
    Workers workers;           ///< of one pair
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
