/// The few loops that need wide vectors, compiled once for every instruction set and chosen at run time.
///
/// All versions return the same bits: comparisons are exact, sums run in a fixed order of 16 lanes, and no
/// multiply-add is contracted.
#pragma once

#include <cstdint>
#include <limits>

#include "mot/kernels/layer_kernels.hpp"
#include "mot/kernels/point_kernels.hpp"

namespace mot {

/// One minus a cost of up to about 2, in whole 2^-14: half the memory of a single-precision number.
using FixedCost = std::int16_t;
constexpr double fixed_cost_unit = 0x1p-14;

/// The cost that a stored value stands for.
constexpr double cost_of(double value) {
    return value;
}
constexpr double cost_of(float value) {
    return static_cast<double>(value);
}
constexpr double cost_of(FixedCost value) {
    return 1.0 + fixed_cost_unit * value;
}

/// The length of a path, which is a sum and difference of stored costs: whole where they are.
template <class Real>
struct PathLengthOf {
    using type = double;
};
template <>
struct PathLengthOf<FixedCost> {
    using type = std::int32_t;
};
template <class Real>
using PathLength = typename PathLengthOf<Real>::type;

/// Longer than any path.
template <class Length>
constexpr Length no_path = std::numeric_limits<Length>::infinity();
template <>
constexpr std::int32_t no_path<std::int32_t> = std::int32_t{1} << 30;

/// The cost that a length stands for, and the difference of two costs that a difference of two lengths does.
constexpr double cost_of(std::int32_t length) {
    return 1.0 + fixed_cost_unit * length;
}
constexpr double difference_of(double length) {
    return length;
}
constexpr double difference_of(std::int32_t length) {
    return fixed_cost_unit * length;
}

/// An integer as wide as a stored cost, so that loops hold both in vectors of the same length.
template <class Real>
struct WideIndex;
template <>
struct WideIndex<FixedCost> {
    using type = std::int16_t;
};
template <>
struct WideIndex<std::int32_t> {
    using type = std::int32_t;
};
template <>
struct WideIndex<float> {
    using type = std::int32_t;
};
template <>
struct WideIndex<double> {
    using type = std::int64_t;
};

/// The loops over one row of costs, as they are stored.
template <class Real>
struct RowKernels {
    using Index = typename WideIndex<Real>::type;
    static constexpr std::int64_t n_lanes = 32;

    /// max |x[k]|; NaN where any x[k] is.
    Real (*largest_magnitude)(const Real* x, std::int64_t n);

    /// Finds the least x[k] of each lane k % n_lanes and k / n_lanes of the first k that has it; the largest `Real` and
    /// -1 in an empty lane.
    void (*find_lane_minima)(const Real* x, std::int64_t n, Real* minima, Index* where);

    /// The rank of each lane when the lanes are sorted; equal ones keep their order.
    void (*rank_lanes)(const Real* x, Index* rank);

    /// Where x[k] < minima[k]: minima[k] <- x[k], where[k] <- mark.
    void (*lower_minima)(const Real* x, std::int64_t n, Index mark, Real* minima, Index* where);

    /// Writes to `hits` the indices k for which cost[k] - v[k] >= threshold does not hold, as with NaN; returns how
    /// many.
    std::int64_t (*find_violated)(const Real* cost, const double* v, std::int64_t n, double threshold,
                                  std::int32_t* hits);

    /// The largest u + v[k] - cost[k], each rounded once, and at least zero. No number is NaN.
    double (*largest_excess)(const Real* cost, const double* v, std::int64_t n, double u);

    using Length = PathLength<Real>;

    /// least[k] <- cost[k] where that is less.
    void (*lower_lengths)(const Real* cost, std::int64_t n, Length* least);

    /// Finds the least cost[k] - v[k] and the least of the others, which may be equal; returns the first k with the
    /// least. `no_path` and -1 where there is none.
    std::int64_t (*find_two_least)(const Real* cost, const Length* v, std::int64_t n, Length* two_least);

    /// Where cost[k] - v[k] + offset is less than distance[k], it becomes that and reached_from[k] becomes `from`;
    /// returns the least distance then.
    Length (*relax)(const Real* cost, const Length* v, Length offset, std::int32_t from, std::int64_t n,
                    Length* distance, std::int32_t* reached_from);

    /// The first k with x[k] == value that is preferred, bit k % 64 of preferred[k / 64]; or else the first of all; -1
    /// if there is none. Then the same of cost[k] - v[k].
    std::int64_t (*find_equal)(const Length* x, Length value, std::int64_t n, const std::uint64_t* preferred);
    std::int64_t (*find_equal_reduced)(const Real* cost, const Length* v, Length value, std::int64_t n,
                                       const std::uint64_t* preferred);
};

/// What rounding to bytes did to a vector.
struct ByteRounding {
    double squared_error;  ///< sum of the squares of x[k] - scale * bytes[k]
    std::int64_t sum;      ///< of the bytes
};
/// That sum is made of sums of at most so many rounded squares, in single precision.
constexpr std::int64_t most_squares_in_single_precision = 512;

/// Sums that `quick_dot` holds at once, which bounds how many numbers one sum takes in.
constexpr std::int64_t n_quick_sums = 64;

struct Kernels {
    const char* name;
    RowKernels<float> of_float;
    RowKernels<double> of_double;
    RowKernels<FixedCost> of_fixed;
    LayerKernels of_layers;
    PointKernels of_points;

    /// Writes to `hits` the indices k for which x[k] - v[k], which 16 bits must hold, is below the threshold; returns
    /// how many.
    std::int64_t (*find_below)(const FixedCost* x, const FixedCost* v, std::int64_t n, FixedCost threshold,
                               std::int32_t* hits);

    /// x[k] <- rounded -scale * scales[k] * (products[k] - correction), modulo 2^32 inside the brackets, where `scale`
    /// times `scales` brings correlations to units of fixed costs; clipped to correlations in [-1, 1].
    void (*fixed_costs)(const std::int32_t* products, std::int32_t correction, float scale, const float* scales,
                        std::int64_t n, FixedCost* x);

    /// bytes[k] <- x[k] / scale, rounded; 1 / scale is `per_scale`, and no |x[k]| is above 127 scales by more than
    /// rounding.
    ByteRounding (*round_to_bytes)(const float* x, std::int64_t n, float scale, float per_scale, std::int8_t* bytes);

    /// mixed <- the Walsh-Hadamard transform of factors[k] * x[k]; n is a power of two, and x may be mixed in place.
    void (*mix)(const float* x, const float* factors, std::int64_t n, float* mixed);

    /// Transposes words of four bytes, whatever they hold: word r of row c that is written is word c of row r. Rows lie
    /// `stride` bytes apart, those that are written `to_stride`.
    void (*transpose_words)(const void* from, std::int64_t stride, std::int64_t n_rows, std::int64_t n_columns,
                            void* to, std::int64_t to_stride);

    /// The inner product of a vector and itself, with the bits of `dot`.
    double (*squared_norm)(const float* x, std::int64_t n);

    /// Inner product of single-precision vectors, summed in double precision; brings a vector that is wanted next
    /// closer.
    double (*dot)(const float* x, const float* y, std::int64_t n, const float* next);

    /// Inner product of single-precision vectors, rounded to single precision at every step; the same of `next`. See
    /// `error_of_quick_dot`.
    double (*quick_dot)(const float* x, const float* y, std::int64_t n, const float* next);

    /// Inner products of x with each of the `n_rows` rows of y, `(n_rows, n)`, whose numbers are single-precision ones.
    void (*dots)(const float* x, const double* y, std::int64_t n_rows, std::int64_t n, double* products);

    /// x[k] <- 1 - r[k], where x holds -r on entry and r is clipped to [-1, 1].
    void (*cost_of_negative_correlation)(float* x, std::int64_t n);
};

/// The best version that this processor runs.
const Kernels& kernels();

/// Bounds the error of `quick_dot` of two vectors, relative to the product of their norms: every product is rounded
/// once, and then with each of the sums that it enters.
constexpr double error_of_quick_dot(std::int64_t n) {
    const double roundings = static_cast<double>(n / n_quick_sums + 8) * 0x1p-24;
    return 1.01 * roundings / (1 - roundings);
}

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
template <>
inline const RowKernels<FixedCost>& row_kernels() {
    return kernels().of_fixed;
}

/// Every version that this processor runs, plainest first; null after the last.
const Kernels* const* available_kernels();

}  // namespace mot
