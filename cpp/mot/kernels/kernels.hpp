/// The few loops that need wide vectors, compiled once for every instruction set and chosen at run time.
///
/// All versions return the same bits: comparisons are exact, sums run in a fixed order of 16 lanes, and no
/// multiply-add is contracted.
#pragma once

#include <cstdint>

#include "mot/kernels/layer_kernels.hpp"

namespace mot {

/// An integer as wide as a floating-point number, so that loops hold both in vectors of the same length.
template <class Real>
struct WideIndex;
template <>
struct WideIndex<float> {
    using type = std::int32_t;
};
template <>
struct WideIndex<double> {
    using type = std::int64_t;
};

/// The loops over one row of costs, in either precision.
template <class Real>
struct RowKernels {
    using Index = typename WideIndex<Real>::type;
    static constexpr std::int64_t n_lanes = 32;

    /// max |x[k]|; NaN where any x[k] is.
    Real (*largest_magnitude)(const Real* x, std::int64_t n);

    /// Finds the least x[k] of each lane k % n_lanes and the first k that has it; infinity and -1 in an empty lane.
    void (*find_lane_minima)(const Real* x, std::int64_t n, Real* minima, Index* where);

    /// The rank of each lane when the lanes are sorted; equal ones keep their order.
    void (*rank_lanes)(const Real* x, Index* rank);

    /// Where x[k] < minima[k]: minima[k] <- x[k], where[k] <- row.
    void (*lower_minima)(const Real* x, std::int64_t n, Index row, Real* minima, Index* where);

    /// Writes to `hits` the indices k for which x[k] - v[k] >= threshold does not hold, as with NaN; returns how many.
    std::int64_t (*find_violated)(const Real* x, const double* v, std::int64_t n, double threshold, std::int32_t* hits);

    /// Finds the least cost[k] - v[k] and the least of the others, which may be equal; returns the first k with the
    /// least. Infinity and -1 where there is none.
    std::int64_t (*find_two_least)(const Real* cost, const double* v, std::int64_t n, double* two_least);

    /// Where cost[k] - v[k] + offset is less than distance[k], it becomes that and reached_from[k] becomes `from`;
    /// returns the least distance then.
    double (*relax)(const Real* cost, const double* v, double offset, std::int32_t from, std::int64_t n,
                    double* distance, std::int32_t* reached_from);
};

struct Kernels {
    const char* name;
    RowKernels<float> of_float;
    RowKernels<double> of_double;
    LayerKernels of_layers;

    /// Inner product of single-precision vectors, summed in double precision.
    double (*dot)(const float* x, const float* y, std::int64_t n);

    /// Inner products of x with each of the `n_rows` rows of y, `(n_rows, n)`, whose numbers are single-precision ones.
    void (*dots)(const float* x, const double* y, std::int64_t n_rows, std::int64_t n, double* products);

    /// x[k] <- 1 - r[k], where x holds -r on entry and r is clipped to [-1, 1].
    void (*cost_of_negative_correlation)(float* x, std::int64_t n);
};

/// The best version that this processor runs.
const Kernels& kernels();

template <class Real>
const RowKernels<Real>& row_kernels();
template <>
inline const RowKernels<float>& row_kernels() {
    return kernels().of_float;
}
template <>
inline const RowKernels<double>& row_kernels() {
    return kernels().of_double;
}

/// Every version that this processor runs, plainest first; null after the last.
const Kernels* const* available_kernels();

}  // namespace mot
