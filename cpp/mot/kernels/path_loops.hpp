/// The loops of searches for shortest paths, included by `loops.hpp` and by no other file; its rules hold here, too.
#pragma once

#include <cstdint>

#include "mot/kernels/kernels.hpp"
#include "mot/kernels/lanes.hpp"
#include "mot/kernels/screening_loops.hpp"

namespace mot {
namespace {  // NOLINT(misc-anonymous-namespace-in-header): every instruction set has a copy of its own

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
constexpr __mmask8 all_of_8 = 0xFF;
/// The masked forms are those that compilers take without a warning of an undefined operand.
inline __m512d lesser(__m512d x, __m512d y) {
    return _mm512_maskz_min_pd(all_of_8, x, y);
}
inline __m512d greater(__m512d x, __m512d y) {
    return _mm512_maskz_max_pd(all_of_8, x, y);
}
/// Calls `step(exchanged)` for the halves, the quarters, then the eighths: what they combine is in all lanes then.
template <class Step>
inline void combine_lanes(Step step) {
    step([](__m512d x) { return _mm512_maskz_shuffle_f64x2(all_of_8, x, x, 0x4E); });
    step([](__m512d x) { return _mm512_maskz_shuffle_f64x2(all_of_8, x, x, 0xB1); });
    step([](__m512d x) { return _mm512_maskz_permute_pd(all_of_8, x, 0x55); });
}
/// With lanes in registers instead of in memory, two vectors at once: comparisons wait for one another.
template <>
std::int64_t find_two_least(const double* cost, const double* v, std::int64_t n, double* two_least) {
    constexpr std::int64_t width = 8;
    const __m512d none = _mm512_set1_pd(no_path<double>);
    const auto some_at = [=](std::int64_t k) {
        const std::int64_t n_left = n - k;
        const auto mask = static_cast<__mmask8>(n_left >= width ? all_of_8 : n_left > 0 ? (1 << n_left) - 1 : 0);
        return _mm512_mask_sub_pd(none, mask, _mm512_maskz_loadu_pd(mask, cost + k),
                                  _mm512_maskz_loadu_pd(mask, v + k));
    };
    const auto all_at = [=](std::int64_t k) {
        return _mm512_sub_pd(_mm512_loadu_pd(cost + k), _mm512_loadu_pd(v + k));
    };
    __m512d least = none;
    __m512d second = none;
    __m512i where = _mm512_setzero_si512();
    const auto take = [&](std::int64_t k, __m512d x, __m512d y) {
        const __m512d lower = lesser(x, y);
        const __mmask8 is_least = _mm512_cmp_pd_mask(lower, least, _CMP_LT_OQ);
        where = _mm512_mask_mov_epi64(where, is_least, _mm512_set1_epi64(k));
        second = lesser(second, lesser(greater(x, y), greater(lower, least)));
        least = lesser(lower, least);
    };
    std::int64_t k = 0;
    for (; k + 2 * width <= n; k += 2 * width) take(k, all_at(k), all_at(k + width));
    if (k < n) take(k, some_at(k), some_at(k + width));
    const __m512d least_of_lanes = least;
    combine_lanes([&](auto exchanged) {
        const __m512d other = exchanged(least);
        second = lesser(lesser(second, exchanged(second)), greater(least, other));
        least = lesser(least, other);
    });
    two_least[0] = _mm512_cvtsd_f64(least);
    two_least[1] = _mm512_cvtsd_f64(second);
    if (!(two_least[0] < no_path<double>)) return -1;
    if (two_least[0] < two_least[1]) {
        const __mmask8 has_least = _mm512_cmp_pd_mask(least_of_lanes, least, _CMP_EQ_OQ);
        const __m512i first = _mm512_maskz_compress_epi64(has_least, where);
        const std::int64_t at =
            _mm_cvtsi128_si64(_mm512_maskz_extracti32x4_epi32(0xF, first, 0)) + lowest_bit(std::uint32_t{has_least});
        return cost[at] - v[at] == two_least[0] ? at : at + width;
    }
    for (k = 0;; k += width) {
        const std::uint32_t found = _mm512_cmp_pd_mask(some_at(k), least, _CMP_EQ_OQ);
        if (found != 0) return k + lowest_bit(found);
    }
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
    for (; k + width <= n; k += width) relax_some(k, all_of_8);
    if (k < n) relax_some(k, static_cast<__mmask8>((1 << (n - k)) - 1));
    combine_lanes([&](auto exchanged) { least = lesser(least, exchanged(least)); });
    return _mm512_cvtsd_f64(least);
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

}  // namespace
}  // namespace mot
