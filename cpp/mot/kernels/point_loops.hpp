/// The loops that compute costs from coordinates, included by `loops.hpp` and by no other file; its rules hold here,
/// too.
#pragma once

#include <math.h>

#include <cstdint>

#include "mot/kernels/lanes.hpp"
#include "mot/kernels/point_kernels.hpp"

namespace mot {
namespace {  // NOLINT(misc-anonymous-namespace-in-header): every instruction set has a copy of its own

struct SquaredDifference {
    static Doubles of(const Doubles& x, const Doubles& y) {
        const Doubles difference = subtract(x, y);
        return multiply(difference, difference);
    }
};
struct MagnitudeOfDifference {
    static Doubles of(const Doubles& x, const Doubles& y) { return greater(subtract(x, y), subtract(y, x)); }
};
struct Product {
    static Doubles of(const Doubles& x, const Doubles& y) { return multiply(x, y); }
};

template <class Term>
void sums_of_terms(const double* x, std::int64_t n_rows, const double* blocks, std::int64_t n_blocks,
                   std::int64_t n_dimensions, double* sums, std::int64_t stride) {
    static_assert(points_per_block == lanes);
    for (std::int64_t block = 0; block < n_blocks; ++block) {
        const double* const coordinates = blocks + block * n_dimensions * lanes;
        for (std::int64_t row = 0; row < n_rows; ++row) {
            Doubles sum = all_equal(0.0);
            for (std::int64_t k = 0; k < n_dimensions; ++k)
                sum = add(sum, Term::of(all_equal(x[row * n_dimensions + k]), to_doubles(coordinates + k * lanes)));
            store(sum, sums + row * stride + block * lanes);
        }
    }
}

inline void roots(double* x, std::int64_t n) {
    for (std::int64_t k = 0; k < n; ++k) x[k] = sqrt(x[k]);
}

inline void subtract_from(double base, double* x, std::int64_t n) {
    for (std::int64_t k = 0; k < n; ++k) x[k] = base - x[k];
}

inline void scaled_roots(float factor, float* x, std::int64_t n) {
    for (std::int64_t k = 0; k < n; ++k) x[k] = factor * sqrtf(x[k] > 0.0f ? x[k] : 0.0f);
}

constexpr PointKernels point_kernels = {
    sums_of_terms<SquaredDifference>,
    sums_of_terms<MagnitudeOfDifference>,
    sums_of_terms<Product>,
    roots,
    subtract_from,
    scaled_roots,
};

}  // namespace
}  // namespace mot
