/// The kernels themselves, included by one source file for every instruction set and by no other.
///
/// They have internal linkage, so that every instruction set has a copy of its own. For the same reason no template of
/// the standard library may be used here: the linker would be free to keep the copy that was compiled for the widest
/// instruction set, and run it on a processor that lacks it.
#pragma once

#include <math.h>

#include <cstdint>
#include <cstring>

#include "mot/kernels/kernels.hpp"
#include "mot/kernels/layer_loops.hpp"

namespace mot {
namespace {  // NOLINT(misc-anonymous-namespace-in-header): every instruction set has a copy of its own

constexpr std::int64_t lanes = 16;

/// Without the sign, numbers are ordered as their bits are, with infinity above the finite and NaN above infinity.
template <class Real>
Real largest_magnitude(const Real* x, std::int64_t n) {
    using Integer = typename WideIndex<Real>::type;
    constexpr auto all_but_sign = static_cast<Integer>(~(Integer{1} << (8 * sizeof(Integer) - 1)));
    const auto magnitude = [=](std::int64_t k) {
        Integer bits;
        std::memcpy(&bits, x + k, sizeof bits);
        return static_cast<Integer>(bits & all_but_sign);
    };
    Integer largest[lanes] = {};
    std::int64_t k = 0;
    for (; k + lanes <= n; k += lanes)
        for (std::int64_t lane = 0; lane < lanes; ++lane) {
            const Integer bits = magnitude(k + lane);
            largest[lane] = bits > largest[lane] ? bits : largest[lane];
        }
    Integer result = 0;
    for (Integer bits : largest) result = bits > result ? bits : result;
    for (; k < n; ++k) result = magnitude(k) > result ? magnitude(k) : result;
    Real value;
    std::memcpy(&value, &result, sizeof value);
    return value;
}

/// Where x[k] < minima[k]: minima[k] <- x[k], where[k] <- mark.
template <class Real, class Index>
inline void lower_minima(const Real* __restrict x, std::int64_t n, Index mark, Real* __restrict minima,
                         Index* __restrict where) {
    for (std::int64_t k = 0; k < n; ++k) {
        // Bit by bit: the compiler would make a branch of it, which processors predict badly.
        const auto all_if_lower = static_cast<Index>(-static_cast<Index>(x[k] < minima[k]));
        where[k] = static_cast<Index>(where[k] ^ ((where[k] ^ mark) & all_if_lower));
        minima[k] = x[k] < minima[k] ? x[k] : minima[k];
    }
}

template <class Real, class Index>
void find_lane_minima(const Real* x, std::int64_t n, Real* minima, Index* where) {
    constexpr std::int64_t n_lanes = RowKernels<Real>::n_lanes;
    for (std::int64_t lane = 0; lane < n_lanes; ++lane) {
        minima[lane] = static_cast<Real>(HUGE_VAL);
        where[lane] = static_cast<Index>(-1 - lane);
    }
    // Each lane keeps the start of the block that it was lowered in.
    std::int64_t k = 0;
    for (; k + n_lanes <= n; k += n_lanes) lower_minima(x + k, n_lanes, static_cast<Index>(k), minima, where);
    lower_minima(x + k, n - k, static_cast<Index>(k), minima, where);
    for (std::int64_t lane = 0; lane < n_lanes; ++lane) where[lane] += static_cast<Index>(lane);
}

template <class Real, class Index>
void rank_lanes(const Real* x, Index* rank) {
    constexpr std::int64_t n_lanes = RowKernels<Real>::n_lanes;
    Index n_before[n_lanes] = {};
    for (std::int64_t other = 0; other < n_lanes; ++other) {
        const Real value = x[other];
        for (std::int64_t lane = 0; lane < other; ++lane) n_before[lane] += value < x[lane] ? 1 : 0;
        for (std::int64_t lane = other + 1; lane < n_lanes; ++lane) n_before[lane] += value <= x[lane] ? 1 : 0;
    }
    for (std::int64_t lane = 0; lane < n_lanes; ++lane) rank[lane] = n_before[lane];
}

template <class Real>
std::int64_t find_violated(const Real* x, const double* v, std::int64_t n, double threshold, std::int32_t* hits) {
    const auto is_hit = [=](std::int64_t k) { return !(static_cast<double>(x[k]) - v[k] >= threshold); };
    constexpr std::int64_t block = 32;  // in which there is usually none
    std::int64_t n_hits = 0;
    std::int64_t k = 0;
    for (; k + block <= n; k += block) {
        std::int64_t n_here = 0;  // as wide as the numbers compared, or the compiler shuffles
        for (std::int64_t lane = 0; lane < block; ++lane) n_here += is_hit(k + lane) ? 1 : 0;
        if (n_here == 0) continue;
        for (std::int64_t lane = 0; lane < block; ++lane) {
            hits[n_hits] = static_cast<std::int32_t>(k + lane);
            n_hits += is_hit(k + lane);
        }
    }
    for (; k < n; ++k)
        if (is_hit(k)) hits[n_hits++] = static_cast<std::int32_t>(k);
    return n_hits;
}

template <class Real>
std::int64_t find_two_least(const Real* cost, const double* v, std::int64_t n, double* two_least) {
    constexpr std::int64_t n_lanes = RowKernels<Real>::n_lanes;
    double least[n_lanes], second[n_lanes];
    for (std::int64_t lane = 0; lane < n_lanes; ++lane) least[lane] = second[lane] = HUGE_VAL;
    // A loop for each comparison: in one loop the compiler would make branches of them.
    const auto lower = [&](std::int64_t k, std::int64_t width) {
        double value[n_lanes], other[n_lanes];
        for (std::int64_t l = 0; l < width; ++l) value[l] = static_cast<double>(cost[k + l]) - v[k + l];
        for (std::int64_t l = 0; l < width; ++l) other[l] = least[l] < value[l] ? value[l] : least[l];
        for (std::int64_t l = 0; l < width; ++l) least[l] = value[l] < least[l] ? value[l] : least[l];
        for (std::int64_t l = 0; l < width; ++l) second[l] = other[l] < second[l] ? other[l] : second[l];
    };
    std::int64_t k = 0;
    for (; k + n_lanes <= n; k += n_lanes) lower(k, n_lanes);
    lower(k, n - k);
    double first = HUGE_VAL, next = HUGE_VAL;
    for (std::int64_t lane = 0; lane < n_lanes; ++lane) {
        const double other = least[lane] < first ? first : least[lane];
        first = least[lane] < first ? least[lane] : first;
        next = other < next ? other : next;
        next = second[lane] < next ? second[lane] : next;
    }
    two_least[0] = first;
    two_least[1] = next;
    if (!(first < HUGE_VAL)) return -1;
    // A unique least value is in one lane only.
    const bool is_alone = first < next;
    std::int64_t where = 0;
    if (is_alone)
        for (std::int64_t lane = 0; lane < n_lanes; ++lane) where += least[lane] == first ? lane : 0;
    while (static_cast<double>(cost[where]) - v[where] != first) where += is_alone ? n_lanes : 1;
    return where;
}

double dot(const float* x, const float* y, std::int64_t n) {
    double sums[lanes] = {};
    std::int64_t k = 0;
    for (; k + lanes <= n; k += lanes)
        for (std::int64_t lane = 0; lane < lanes; ++lane)
            sums[lane] += static_cast<double>(x[k + lane]) * static_cast<double>(y[k + lane]);
    double total = 0;
    for (double sum : sums) total += sum;
    for (; k < n; ++k) total += static_cast<double>(x[k]) * static_cast<double>(y[k]);
    return total;
}

/// Inner products of x with some rows at once, as many as there are registers for their sums.
template <std::int64_t n_rows>
void dots_at_once(const float* x, const double* y, std::int64_t n, double* products) {
    double sums[n_rows][lanes] = {};
    std::int64_t k = 0;
    for (; k + lanes <= n; k += lanes)
        for (std::int64_t lane = 0; lane < lanes; ++lane)
            for (std::int64_t row = 0; row < n_rows; ++row)
                sums[row][lane] += static_cast<double>(x[k + lane]) * y[row * n + k + lane];
    for (std::int64_t row = 0; row < n_rows; ++row) {
        double total = 0;
        for (double sum : sums[row]) total += sum;
        for (std::int64_t rest = k; rest < n; ++rest) total += static_cast<double>(x[rest]) * y[row * n + rest];
        products[row] = total;
    }
}

void dots(const float* x, const double* y, std::int64_t n_rows, std::int64_t n, double* products) {
#ifdef __AVX512F__
    constexpr std::int64_t n_at_once = 4;
#else
    constexpr std::int64_t n_at_once = 2;
#endif
    std::int64_t row = 0;
    for (; row + n_at_once <= n_rows; row += n_at_once) dots_at_once<n_at_once>(x, y + row * n, n, products + row);
    for (; row < n_rows; ++row) dots_at_once<1>(x, y + row * n, n, products + row);
}

void cost_of_negative_correlation(float* x, std::int64_t n) {
    for (std::int64_t k = 0; k < n; ++k) {
        const float cost = 1.0f + x[k];
        const float at_least_zero = cost < 0.0f ? 0.0f : cost;
        x[k] = at_least_zero > 2.0f ? 2.0f : at_least_zero;
    }
}

template <class Real>
double relax(const Real* cost, const double* v, double offset, std::int32_t from, std::int64_t n, double* distance,
             std::int32_t* reached_from) {
    double least[lanes];
    for (double& value : least) value = HUGE_VAL;
    std::int64_t k = 0;
    for (; k + lanes <= n; k += lanes)
        for (std::int64_t lane = 0; lane < lanes; ++lane) {
            const double path = static_cast<double>(cost[k + lane]) - v[k + lane] + offset;
            const double known = distance[k + lane];
            const bool is_shorter = path < known;
            const double shorter = is_shorter ? path : known;
            distance[k + lane] = shorter;
            reached_from[k + lane] = is_shorter ? from : reached_from[k + lane];
            least[lane] = shorter < least[lane] ? shorter : least[lane];
        }
    double result = least[0];
    for (double value : least) result = value < result ? value : result;
    for (; k < n; ++k) {
        const double path = static_cast<double>(cost[k]) - v[k] + offset;
        if (path < distance[k]) {
            distance[k] = path;
            reached_from[k] = from;
        }
        result = distance[k] < result ? distance[k] : result;
    }
    return result;
}

template <class Real>
constexpr RowKernels<Real> row_kernels_of = {
    largest_magnitude<Real>,
    find_lane_minima<Real, typename WideIndex<Real>::type>,
    rank_lanes<Real, typename WideIndex<Real>::type>,
    lower_minima<Real, typename WideIndex<Real>::type>,
    find_violated<Real>,
    find_two_least<Real>,
    relax<Real>,
};

constexpr Kernels kernels_named(const char* name) noexcept {
    return {name, row_kernels_of<float>,       row_kernels_of<double>, layer_kernels, dot,
            dots, cost_of_negative_correlation};
}

}  // namespace
}  // namespace mot
