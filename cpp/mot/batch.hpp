/// Solves many pairs of layers at once, one thread a pair: the only file that knows OpenMP.
#pragma once

#include <cstdint>
#include <vector>

#include "mot/blas.hpp"
#include "mot/problem.hpp"
#include "mot/standardized_layer.hpp"

namespace mot {

struct LayerPair {
    const StandardizedLayer* source;
    const StandardizedLayer* target;
};

/// Told by the calling thread, at most twenty times a second, how many pairs are done; returns false to stop. It may
/// not throw: no exception leaves a parallel region.
class Progress {
public:
    virtual ~Progress() = default;
    virtual bool report(std::int64_t n_done) noexcept = 0;
};

/// Threads that `OMP_NUM_THREADS` and the processor affinity allow.
int available_threads();

/// One solution a pair, in order, the same bits for every number of threads. `sgemm` must run on one thread. Each
/// thread keeps `most_stored` costs at most. After a stop the pairs not solved are `interrupted`.
std::vector<Solution> solve_pairs(const std::vector<LayerPair>& pairs, Sgemm sgemm, int n_threads,
                                  std::int64_t most_stored, Progress& progress);

}  // namespace mot
