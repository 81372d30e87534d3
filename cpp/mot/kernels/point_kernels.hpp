/// The loops that compute costs from the coordinates of points, compiled once for every instruction set like those in
/// `kernels.hpp`.
#pragma once

#include <cstdint>

namespace mot {

/// Points that lie side by side in a block, one coordinate of them all after the other: `(n_dimensions, 16)`.
constexpr std::int64_t points_per_block = 16;

struct PointKernels {
    /// The costs between `n_rows` points x, `(n_rows, n_dimensions)`, and those of some blocks, written to rows that
    /// lie `stride` apart. Every sum runs over the dimensions in their order.
    using Sums = void (*)(const double* x, std::int64_t n_rows, const double* blocks, std::int64_t n_blocks,
                          std::int64_t n_dimensions, double* sums, std::int64_t stride);
    Sums squared_differences;
    Sums magnitudes_of_differences;
    Sums products;

    /// x[k] <- the square root of x[k].
    void (*roots)(double* x, std::int64_t n);
    /// x[k] <- base - x[k].
    void (*subtract_from)(double base, double* x, std::int64_t n);
    /// x[k] <- factor times the square root of x[k], or of zero where that is negative.
    void (*scaled_roots)(float factor, float* x, std::int64_t n);
};

}  // namespace mot
