/// The few loops that need wide vectors, compiled once per instruction set and chosen at run time.
///
/// All versions return the same bits: comparisons are exact, sums run in a fixed order of 16 lanes, and no
/// multiply-add is contracted.
#pragma once

#include <cstdint>

namespace mot {

struct Kernels {
    const char* name;

    /// Indices k with x[k] < threshold; returns how many were written to `hits`.
    std::int64_t (*find_below_float)(const float* x, std::int64_t n, float threshold, std::int32_t* hits);
    std::int64_t (*find_below_double)(const double* x, std::int64_t n, double threshold, std::int32_t* hits);

    /// Indices k with x[k] < thresholds[k].
    std::int64_t (*find_below_each_float)(const float* x, const float* thresholds, std::int64_t n, std::int32_t* hits);
    std::int64_t (*find_below_each_double)(const double* x, const double* thresholds, std::int64_t n,
                                           std::int32_t* hits);

    /// Indices k with x[k] - v[k] < threshold: the violated arcs of one source unit.
    std::int64_t (*find_violated_float)(const float* x, const double* v, std::int64_t n, double threshold,
                                        std::int32_t* hits);
    std::int64_t (*find_violated_double)(const double* x, const double* v, std::int64_t n, double threshold,
                                         std::int32_t* hits);

    /// Inner product of single-precision vectors, summed in double precision.
    double (*dot)(const float* x, const float* y, std::int64_t n);

    /// x[k] <- 1 - r[k], where x holds -r on entry and r is clipped to [-1, 1].
    void (*cost_of_negative_correlation)(float* x, std::int64_t n);

    /// Where cost[k] - price[k] + offset is less than distance[k], it becomes that and reached_from[k] becomes `from`;
    /// returns the least distance then.
    double (*relax)(const double* cost, const double* price, double offset, std::int32_t from, std::int64_t n,
                    double* distance, std::int32_t* reached_from);
};

/// The best version that this processor runs.
const Kernels& kernels();

/// Every version that this processor runs, plainest first; `next` is null after the last.
const Kernels* const* available_kernels();

}  // namespace mot
