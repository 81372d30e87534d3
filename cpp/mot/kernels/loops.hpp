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
#include "mot/kernels/path_loops.hpp"
#include "mot/kernels/point_loops.hpp"
#include "mot/kernels/product_loops.hpp"
#include "mot/kernels/screening_loops.hpp"

namespace mot {
namespace {  // NOLINT(misc-anonymous-namespace-in-header): every instruction set has a copy of its own

/// Above all costs, for an empty lane.
template <class Real>
constexpr Real above_all() {
    return static_cast<Real>(HUGE_VAL);
}
template <>
constexpr FixedCost above_all() {
    return 32767;
}

/// Without the sign, floating-point numbers are ordered as their bits are, with infinity above the finite and NaN above
/// infinity.
template <class Real>
inline typename WideIndex<Real>::type magnitude_bits(Real x) {
    using Integer = typename WideIndex<Real>::type;
    constexpr auto all_but_sign = static_cast<Integer>(~(Integer{1} << (8 * sizeof(Integer) - 1)));
    Integer bits;
    std::memcpy(&bits, &x, sizeof bits);
    return static_cast<Integer>(bits & all_but_sign);
}
template <>
inline std::int16_t magnitude_bits(FixedCost x) {
    return static_cast<std::int16_t>(x < 0 ? -(x + (x == -32768)) : x);
}

template <class Real>
Real largest_magnitude(const Real* x, std::int64_t n) {
    using Integer = typename WideIndex<Real>::type;
    const auto magnitude = [=](std::int64_t k) { return magnitude_bits(x[k]); };
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
        minima[lane] = above_all<Real>();
        where[lane] = -1;
    }
    std::int64_t block = 0;
    for (; (block + 1) * n_lanes <= n; ++block)
        lower_minima(x + block * n_lanes, n_lanes, static_cast<Index>(block), minima, where);
    lower_minima(x + block * n_lanes, n - block * n_lanes, static_cast<Index>(block), minima, where);
}

template <class Real, class Index>
void rank_lanes(const Real* x, Index* rank) {
    constexpr std::int64_t n_lanes = RowKernels<Real>::n_lanes;
    // A window that begins at n_lanes - 1 - k is 1 for the lanes behind k: all loops have one length, and no branch.
    Index is_behind[2 * n_lanes - 1] = {};
    for (std::int64_t lane = n_lanes; lane < 2 * n_lanes - 1; ++lane) is_behind[lane] = 1;
    Index n_before[n_lanes] = {};
    for (std::int64_t other = 0; other < n_lanes; ++other) {
        const Real value = x[other];
        const Index* const is_behind_other = is_behind + n_lanes - 1 - other;
        for (std::int64_t lane = 0; lane < n_lanes; ++lane) {
            const auto is_less = static_cast<Index>(value < x[lane]);
            const auto is_equal = static_cast<Index>(value == x[lane]);
            n_before[lane] = static_cast<Index>(n_before[lane] + (is_less | (is_equal & is_behind_other[lane])));
        }
    }
    for (std::int64_t lane = 0; lane < n_lanes; ++lane) rank[lane] = n_before[lane];
}

/// Writes to `places` where bits are set, of those that `bits_at(k)` has for `lanes` numbers from k on; returns how
/// many. Leaves k where less than that is left of n.
template <class BitsAt>
inline std::int64_t find_bits(BitsAt bits_at, std::int64_t n, std::int64_t& k, std::int32_t* places) {
    constexpr std::int64_t block = 4 * lanes;  // processors guess wrong whether there are any, in small ones often
    std::int64_t n_found = 0;
    const auto add = [&](std::uint64_t bits) {
        for (; bits != 0; bits &= bits - 1) places[n_found++] = static_cast<std::int32_t>(k + lowest_bit(bits));
    };
    for (; k + block <= n; k += block) {
        std::uint64_t bits = 0;
        for (std::int64_t at = 0; at < block; at += lanes) bits |= std::uint64_t{bits_at(k + at)} << at;
        add(bits);
    }
    for (; k + lanes <= n; k += lanes) add(bits_at(k));
    return n_found;
}

template <class Real>
std::int64_t find_violated(const Real* cost, const double* v, std::int64_t n, double threshold, std::int32_t* hits) {
    const auto is_hit = [=](std::int64_t k) { return !(cost_of(cost[k]) - v[k] >= threshold); };
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
#ifdef __AVX2__
template <class Real>
std::int64_t find_violated_by_bits(const Real* cost, const double* v, std::int64_t n, double threshold,
                                   std::int32_t* hits) {
    const auto bits_at = [=](std::int64_t k) { return violated_bits(cost + k, v + k, threshold); };
    std::int64_t k = 0;
    std::int64_t n_hits = find_bits(bits_at, n, k, hits);
    for (; k < n; ++k)
        if (!(cost_of(cost[k]) - v[k] >= threshold)) hits[n_hits++] = static_cast<std::int32_t>(k);
    return n_hits;
}
template <>
std::int64_t find_violated(const float* cost, const double* v, std::int64_t n, double threshold, std::int32_t* hits) {
    return find_violated_by_bits(cost, v, n, threshold, hits);
}
template <>
std::int64_t find_violated(const double* cost, const double* v, std::int64_t n, double threshold, std::int32_t* hits) {
    return find_violated_by_bits(cost, v, n, threshold, hits);
}
#endif

/// As sums of `DoubleDouble` have it: the errors of both sums are added back.
template <class Real>
double largest_excess(const Real* cost, const double* v, std::int64_t n, double u) {
    const auto excess_at = [=](std::int64_t k) {
        const double c = cost_of(cost[k]);
        const double sum = u + v[k];
        const double of_v = sum - u;
        const double lost = (u - (sum - of_v)) + (v[k] - of_v);
        const double excess = sum - c;
        const double of_c = excess - sum;
        const double lost_too = (sum - (excess - of_c)) + (-c - of_c);
        return excess + (lost_too + lost);
    };
    double largest[lanes] = {};
    std::int64_t k = 0;
    for (; k + lanes <= n; k += lanes)
        for (std::int64_t lane = 0; lane < lanes; ++lane) {
            const double excess = excess_at(k + lane);
            largest[lane] = excess > largest[lane] ? excess : largest[lane];
        }
    double result = 0;
    for (; k < n; ++k) result = excess_at(k) > result ? excess_at(k) : result;
    for (const double excess : largest) result = excess > result ? excess : result;
    return result;
}

/// Bit k is set where the k-th of `lanes` numbers is equal to the value.
template <class Number>
inline std::uint32_t equal_lanes(const Number* x, Number value) {
    std::uint32_t bits = 0;
    for (int lane = 0; lane < static_cast<int>(lanes); ++lane)
        bits |= static_cast<std::uint32_t>(x[lane] == value) << lane;
    return bits;
}
template <>
inline std::uint32_t equal_lanes(const std::int32_t* x, std::int32_t value) {
    return equal_bits(load(x), all_equal(value));
}
#ifdef __AVX2__
template <>
inline std::uint32_t equal_lanes(const double* x, double value) {
    return equal_bits(x, value);
}
#endif

/// `bits_at(k)` tells which of `lanes` numbers from k on are equal to the value, `is_equal_at(k)` whether one is.
template <class BitsAt, class IsEqualAt>
inline std::int64_t find_preferred(BitsAt bits_at, IsEqualAt is_equal_at, std::int64_t n,
                                   const std::uint64_t* preferred) {
    constexpr std::int64_t block = 64;
    std::int64_t first = -1;
    for (std::int64_t k = 0; k < n; k += block) {
        const std::int64_t n_here = n - k < block ? n - k : block;
        std::uint64_t bits = 0;
        std::int64_t at = 0;
        for (; at + lanes <= n_here; at += lanes) bits |= std::uint64_t{bits_at(k + at)} << at;
        for (; at < n_here; ++at) bits |= std::uint64_t{is_equal_at(k + at)} << at;
        const std::uint64_t best = bits & preferred[k / block];
        if (best != 0) return k + lowest_bit(best);
        if (bits != 0 && first < 0) first = k + lowest_bit(bits);
    }
    return first;
}

template <class Length>
std::int64_t find_equal(const Length* x, Length value, std::int64_t n, const std::uint64_t* preferred) {
    return find_preferred([=](std::int64_t k) { return equal_lanes(x + k, value); },
                          [=](std::int64_t k) { return x[k] == value; }, n, preferred);
}

template <class Real, class Length>
std::int64_t find_equal_reduced(const Real* cost, const Length* v, Length value, std::int64_t n,
                                const std::uint64_t* preferred) {
    const auto reduced_at = [=](std::int64_t k) { return static_cast<Length>(cost[k]) - v[k]; };
    const auto bits_at = [=](std::int64_t k) {
        Length reduced[lanes];
        for (std::int64_t lane = 0; lane < lanes; ++lane) reduced[lane] = reduced_at(k + lane);
        return equal_lanes(reduced, value);
    };
    return find_preferred(bits_at, [=](std::int64_t k) { return reduced_at(k) == value; }, n, preferred);
}

template <class Real>
constexpr RowKernels<Real> row_kernels_of = {
    largest_magnitude<Real>,
    find_lane_minima<Real, typename WideIndex<Real>::type>,
    rank_lanes<Real, typename WideIndex<Real>::type>,
    lower_minima<Real, typename WideIndex<Real>::type>,
    find_violated<Real>,
    largest_excess<Real>,
    lower_lengths<Real, PathLength<Real>>,
    find_two_least<Real, PathLength<Real>>,
    relax<Real, PathLength<Real>>,
    find_equal<PathLength<Real>>,
    find_equal_reduced<Real, PathLength<Real>>,
};

constexpr Kernels kernels_named(const char* name) noexcept {
    return {name,
            row_kernels_of<float>,
            row_kernels_of<double>,
            row_kernels_of<FixedCost>,
            layer_kernels,
            point_kernels,
            find_below,
            fixed_costs,
            round_to_bytes,
            mix,
            transpose_words,
            squared_norm,
            dot,
            quick_dot,
            dots,
            cost_of_negative_correlation};
}

}  // namespace
}  // namespace mot
