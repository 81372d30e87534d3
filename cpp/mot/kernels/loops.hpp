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
#include "mot/kernels/point_loops.hpp"
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
template <>
inline std::uint32_t equal_lanes(const FixedCost* x, FixedCost value) {
    return equal_bits(x, value);
}
#ifdef __AVX2__
template <>
inline std::uint32_t equal_lanes(const float* x, float value) {
    return equal_bits(x, value);
}
template <>
inline std::uint32_t equal_lanes(const double* x, double value) {
    return equal_bits(x, value);
}
#endif

template <class Number>
std::int64_t find_equal(const Number* x, Number value, std::int64_t n, std::int32_t* places) {
    const auto bits_at = [=](std::int64_t k) { return equal_lanes(x + k, value); };
    std::int64_t k = 0;
    std::int64_t n_equal = find_bits(bits_at, n, k, places);
    for (; k < n; ++k)
        if (x[k] == value) places[n_equal++] = static_cast<std::int32_t>(k);
    return n_equal;
}

template <class Real, class Length>
void lower_lengths(const Real* __restrict cost, std::int64_t n, Length* __restrict least) {
    for (std::int64_t k = 0; k < n; ++k) {
        const auto length = static_cast<Length>(cost[k]);
        least[k] = length < least[k] ? length : least[k];
    }
}

template <class Real, class Length>
std::int64_t find_two_least(const Real* cost, const Length* v, std::int64_t n, Length* two_least) {
    constexpr std::int64_t n_lanes = RowKernels<Real>::n_lanes;
    Length least[n_lanes], second[n_lanes];
    for (std::int64_t lane = 0; lane < n_lanes; ++lane) least[lane] = second[lane] = no_path<Length>;
    const auto value_at = [=](std::int64_t k) { return static_cast<Length>(cost[k]) - v[k]; };
    // A loop for each comparison: in one loop the compiler would make branches of them.
    const auto lower = [&](std::int64_t k, std::int64_t width) {
        Length value[n_lanes], other[n_lanes];
        for (std::int64_t l = 0; l < width; ++l) value[l] = value_at(k + l);
        for (std::int64_t l = 0; l < width; ++l) other[l] = least[l] < value[l] ? value[l] : least[l];
        for (std::int64_t l = 0; l < width; ++l) least[l] = value[l] < least[l] ? value[l] : least[l];
        for (std::int64_t l = 0; l < width; ++l) second[l] = other[l] < second[l] ? other[l] : second[l];
    };
    std::int64_t k = 0;
    for (; k + n_lanes <= n; k += n_lanes) lower(k, n_lanes);
    lower(k, n - k);
    Length lowest[n_lanes];  // of pairs of lanes, then of pairs of these
    for (std::int64_t l = 0; l < n_lanes; ++l) lowest[l] = least[l];
    for (std::int64_t width = n_lanes / 2; width > 0; width /= 2) {
        Length other[n_lanes / 2];
        for (std::int64_t l = 0; l < width; ++l)
            other[l] = lowest[l] < lowest[l + width] ? lowest[l + width] : lowest[l];
        for (std::int64_t l = 0; l < width; ++l)
            lowest[l] = lowest[l + width] < lowest[l] ? lowest[l + width] : lowest[l];
        for (std::int64_t l = 0; l < width; ++l)
            second[l] = second[l + width] < second[l] ? second[l + width] : second[l];
        for (std::int64_t l = 0; l < width; ++l) second[l] = other[l] < second[l] ? other[l] : second[l];
    }
    const Length first = lowest[0];
    const Length next = second[0];
    two_least[0] = first;
    two_least[1] = next;
    if (!(first < no_path<Length>)) return -1;
    // A unique least value is in one lane only.
    const bool is_alone = first < next;
    std::int64_t where = 0;
    if (is_alone)
        for (std::int64_t lane = 0; lane < n_lanes; ++lane) where += least[lane] == first ? lane : 0;
    while (value_at(where) != first) where += is_alone ? n_lanes : 1;
    return where;
}

/// 16 sums of products, one a lane. Products of single-precision numbers are exact in double precision, so that a fused
/// multiply-add gives the bits of a multiplication and an addition.
struct ProductSums {
#if defined(__AVX512F__)
    __m512d low = _mm512_setzero_pd();
    __m512d high = _mm512_setzero_pd();

    void add(const float* x, const float* y) {
        const auto widened = [](const float* values) { return _mm512_maskz_cvtps_pd(0xFF, _mm256_loadu_ps(values)); };
        low = _mm512_fmadd_pd(widened(x), widened(y), low);
        high = _mm512_fmadd_pd(widened(x + 8), widened(y + 8), high);
    }
    void write(double* sums) const {
        _mm512_storeu_pd(sums, low);
        _mm512_storeu_pd(sums + 8, high);
    }
#elif defined(__AVX2__)
    __m256d quarters[4] = {_mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd()};

    void add(const float* x, const float* y) {
        for (int q = 0; q < 4; ++q)
            quarters[q] = _mm256_add_pd(quarters[q], _mm256_mul_pd(_mm256_cvtps_pd(_mm_loadu_ps(x + 4 * q)),
                                                                   _mm256_cvtps_pd(_mm_loadu_ps(y + 4 * q))));
    }
    void write(double* sums) const {
        for (int q = 0; q < 4; ++q) _mm256_storeu_pd(sums + 4 * q, quarters[q]);
    }
#else
    double values[lanes] = {};

    void add(const float* x, const float* y) {
        for (std::int64_t lane = 0; lane < lanes; ++lane)
            values[lane] += static_cast<double>(x[lane]) * static_cast<double>(y[lane]);
    }
    void write(double* sums) const { std::memcpy(sums, values, sizeof values); }
#endif
};

inline double sum_of_products(const float* x, const float* y, std::int64_t n, const float* next) {
    ProductSums products;
    std::int64_t k = 0;
    for (; k + lanes <= n; k += lanes) {
        prefetch(next + k);
        products.add(x + k, y + k);
    }
    double sums[lanes];
    products.write(sums);
    double total = 0;
    for (double sum : sums) total += sum;
    for (; k < n; ++k) total += static_cast<double>(x[k]) * static_cast<double>(y[k]);
    return total;
}

double dot(const float* x, const float* y, std::int64_t n, const float* next) {
    return sum_of_products(x, y, n, next);
}

double squared_norm(const float* x, std::int64_t n) {
    return sum_of_products(x, x, n, x);
}

double quick_dot(const float* x, const float* y, std::int64_t n, const float* next) {
    constexpr std::int64_t n_sums = n_quick_sums / lanes;
    Floats sums[n_sums] = {all_equal(0.0f), all_equal(0.0f), all_equal(0.0f), all_equal(0.0f)};
    std::int64_t k = 0;
    for (; k + n_quick_sums <= n; k += n_quick_sums)
        for (std::int64_t s = 0; s < n_sums; ++s) {
            const std::int64_t first = k + s * lanes;
            prefetch(next + first);
            sums[s] = add(sums[s], multiply(load(x + first), load(y + first)));
        }
    for (; k + lanes <= n; k += lanes) sums[0] = add(sums[0], multiply(load(x + k), load(y + k)));
    float of_lanes[lanes];
    store(add(add(sums[0], sums[1]), add(sums[2], sums[3])), of_lanes);
    double total = 0;
    for (const float sum : of_lanes) total += static_cast<double>(sum);
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

template <class Real, class Length>
Length relax(const Real* cost, const Length* v, Length offset, std::int32_t from, std::int64_t n, Length* distance,
             std::int32_t* reached_from) {
    Length least[lanes];
    for (Length& value : least) value = no_path<Length>;
    const auto path_over = [=](std::int64_t k) { return static_cast<Length>(cost[k]) - v[k] + offset; };
    std::int64_t k = 0;
    for (; k + lanes <= n; k += lanes)
        for (std::int64_t lane = 0; lane < lanes; ++lane) {
            const Length path = path_over(k + lane);
            const Length known = distance[k + lane];
            const bool is_shorter = path < known;
            const Length shorter = is_shorter ? path : known;
            distance[k + lane] = shorter;
            reached_from[k + lane] = is_shorter ? from : reached_from[k + lane];
            least[lane] = shorter < least[lane] ? shorter : least[lane];
        }
    // In pairs of lanes, then in pairs of these: one comparison after another would wait for each.
    for (std::int64_t width = lanes / 2; width > 0; width /= 2)
        for (std::int64_t lane = 0; lane < width; ++lane)
            least[lane] = least[lane + width] < least[lane] ? least[lane + width] : least[lane];
    Length result = least[0];
    for (; k < n; ++k) {
        const Length path = path_over(k);
        if (path < distance[k]) {
            distance[k] = path;
            reached_from[k] = from;
        }
        result = distance[k] < result ? distance[k] : result;
    }
    return result;
}
#ifdef __AVX512F__
/// With lanes in two registers instead of in memory.
template <>
std::int64_t find_two_least(const double* cost, const double* v, std::int64_t n, double* two_least) {
    constexpr std::int64_t width = 8;
    const __m512d none = _mm512_set1_pd(no_path<double>);
    const auto values_at = [=](std::int64_t k) {
        const auto mask = static_cast<__mmask8>(k + width <= n ? 0xFF : (1 << (n - k)) - 1);
        return _mm512_mask_sub_pd(none, mask, _mm512_maskz_loadu_pd(mask, cost + k),
                                  _mm512_maskz_loadu_pd(mask, v + k));
    };
    __m512d least = none;
    __m512d second = none;
    for (std::int64_t k = 0; k < n; k += width) {
        const __m512d value = values_at(k);
        const __m512d other = _mm512_max_pd(value, least);
        least = _mm512_min_pd(value, least);
        second = _mm512_min_pd(other, second);
    }
    const double first = _mm512_reduce_min_pd(least);
    const __m512d all_first = _mm512_set1_pd(first);
    const std::uint32_t has_first = _mm512_cmp_pd_mask(least, all_first, _CMP_EQ_OQ);
    const bool is_alone = (has_first & (has_first - 1)) == 0;
    const __m512d others = _mm512_mask_mov_pd(least, static_cast<__mmask8>(has_first), second);
    two_least[0] = first;
    two_least[1] = is_alone ? _mm512_reduce_min_pd(others) : first;
    if (!(first < no_path<double>)) return -1;
    for (std::int64_t k = 0;; k += width)
        if (const std::uint32_t found = _mm512_cmp_pd_mask(values_at(k), all_first, _CMP_EQ_OQ))
            return k + lowest_bit(found);
}
/// Compilers do not mix numbers of different widths well.
template <>
double relax(const double* cost, const double* v, double offset, std::int32_t from, std::int64_t n, double* distance,
             std::int32_t* reached_from) {
    constexpr std::int64_t width = 8;
    const __m512d offsets = _mm512_set1_pd(offset);
    const __m256i froms = _mm256_set1_epi32(from);
    __m512d least = _mm512_set1_pd(no_path<double>);
    const auto relax_some = [&](std::int64_t k, __mmask8 mask) {
        const __m512d known = _mm512_mask_loadu_pd(least, mask, distance + k);
        const __m512d reduced =
            _mm512_sub_pd(_mm512_maskz_loadu_pd(mask, cost + k), _mm512_maskz_loadu_pd(mask, v + k));
        const __m512d path = _mm512_add_pd(reduced, offsets);
        const __mmask8 is_shorter = _mm512_mask_cmp_pd_mask(mask, path, known, _CMP_LT_OQ);
        const __m512d shorter = _mm512_mask_mov_pd(known, is_shorter, path);
        _mm512_mask_storeu_pd(distance + k, is_shorter, path);
        _mm256_mask_storeu_epi32(reached_from + k, is_shorter, froms);
        least = _mm512_mask_min_pd(least, mask, shorter, least);
    };
    std::int64_t k = 0;
    for (; k + width <= n; k += width) relax_some(k, 0xFF);
    if (k < n) relax_some(k, static_cast<__mmask8>((1 << (n - k)) - 1));
    double of_lanes[width];
    _mm512_storeu_pd(of_lanes, least);
    const __m256d of_pairs = _mm256_min_pd(_mm256_loadu_pd(of_lanes), _mm256_loadu_pd(of_lanes + width / 2));
    const __m128d of_quads = _mm_min_pd(_mm256_castpd256_pd128(of_pairs), _mm256_extractf128_pd(of_pairs, 1));
    return _mm_cvtsd_f64(_mm_min_sd(of_quads, _mm_unpackhi_pd(of_quads, of_quads)));
}
#endif
/// Compilers make vectors of whole numbers of the plain loop.
template <>
std::int32_t relax(const FixedCost* __restrict cost, const std::int32_t* __restrict v, std::int32_t offset,
                   std::int32_t from, std::int64_t n, std::int32_t* __restrict distance,
                   std::int32_t* __restrict reached_from) {
    std::int32_t least = no_path<std::int32_t>;
    for (std::int64_t k = 0; k < n; ++k) {
        const std::int32_t path = cost[k] - v[k] + offset;
        const std::int32_t known = distance[k];
        reached_from[k] = path < known ? from : reached_from[k];
        distance[k] = path < known ? path : known;
        least = distance[k] < least ? distance[k] : least;
    }
    return least;
}

template <class Real>
constexpr RowKernels<Real> row_kernels_of = {
    largest_magnitude<Real>,
    find_lane_minima<Real, typename WideIndex<Real>::type>,
    rank_lanes<Real, typename WideIndex<Real>::type>,
    lower_minima<Real, typename WideIndex<Real>::type>,
    find_violated<Real>,
    largest_excess<Real>,
    find_equal<Real>,
    lower_lengths<Real, PathLength<Real>>,
    find_two_least<Real, PathLength<Real>>,
    relax<Real, PathLength<Real>>,
    find_equal<PathLength<Real>>,
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
