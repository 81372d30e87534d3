/// Sixteen numbers at once by AVX-512 or AVX2. Included by `lanes.hpp`.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace mot {
namespace {  // NOLINT(misc-anonymous-namespace-in-header): every instruction set has a copy of its own

#if defined(__AVX512F__)

using Floats = __m512;
using Ints = __m512i;
struct Doubles {
    __m512d lower, upper;
};
/// With it, functions have no operand that compilers take for uninitialized.
constexpr __mmask16 all = 0xFFFF;

inline Floats load(const float* x) {
    return _mm512_loadu_ps(x);
}
inline Ints load(const std::int32_t* x) {
    return _mm512_loadu_si512(x);
}
inline Doubles to_doubles(const float* x) {
    return {_mm512_maskz_cvtps_pd(0xFF, _mm256_loadu_ps(x)), _mm512_maskz_cvtps_pd(0xFF, _mm256_loadu_ps(x + 8))};
}
inline Doubles to_doubles(const double* x) {
    return {_mm512_loadu_pd(x), _mm512_loadu_pd(x + 8)};
}
inline void store(Floats x, float* to) {
    _mm512_storeu_ps(to, x);
}
inline void store(Ints x, std::int32_t* to) {
    _mm512_storeu_si512(to, x);
}
inline void store(Ints x, std::int16_t* to) {
    _mm512_mask_cvtepi32_storeu_epi16(to, all, x);
}
inline void store(Ints x, std::int8_t* to) {
    _mm512_mask_cvtepi32_storeu_epi8(to, all, x);
}
inline void store(const Doubles& x, double* to) {
    _mm512_storeu_pd(to, x.lower);
    _mm512_storeu_pd(to + 8, x.upper);
}
inline void store(const Doubles& x, float* to) {
    _mm256_storeu_ps(to, _mm512_maskz_cvtpd_ps(0xFF, x.lower));
    _mm256_storeu_ps(to + 8, _mm512_maskz_cvtpd_ps(0xFF, x.upper));
}
inline Floats all_equal(float x) {
    return _mm512_set1_ps(x);
}
inline Ints all_equal(std::int32_t x) {
    return _mm512_set1_epi32(x);
}
inline Doubles all_equal(double x) {
    return {_mm512_set1_pd(x), _mm512_set1_pd(x)};
}

inline Floats add(Floats x, Floats y) {
    return _mm512_add_ps(x, y);
}
inline Ints add(Ints x, Ints y) {
    return _mm512_add_epi32(x, y);
}
inline Doubles add(const Doubles& x, const Doubles& y) {
    return {_mm512_add_pd(x.lower, y.lower), _mm512_add_pd(x.upper, y.upper)};
}
inline Floats subtract(Floats x, Floats y) {
    return _mm512_sub_ps(x, y);
}
inline Ints subtract(Ints x, Ints y) {
    return _mm512_sub_epi32(x, y);
}
inline Doubles subtract(const Doubles& x, const Doubles& y) {
    return {_mm512_sub_pd(x.lower, y.lower), _mm512_sub_pd(x.upper, y.upper)};
}
inline Floats multiply(Floats x, Floats y) {
    return _mm512_mul_ps(x, y);
}
inline Doubles multiply(const Doubles& x, const Doubles& y) {
    return {_mm512_mul_pd(x.lower, y.lower), _mm512_mul_pd(x.upper, y.upper)};
}
inline Doubles lesser(const Doubles& x, const Doubles& y) {
    return {_mm512_maskz_min_pd(0xFF, x.lower, y.lower), _mm512_maskz_min_pd(0xFF, x.upper, y.upper)};
}
inline Doubles greater(const Doubles& x, const Doubles& y) {
    return {_mm512_maskz_max_pd(0xFF, x.lower, y.lower), _mm512_maskz_max_pd(0xFF, x.upper, y.upper)};
}
inline Floats to_floats(Ints x) {
    return _mm512_maskz_cvtepi32_ps(all, x);
}
inline Ints bits_of(Floats x) {
    return _mm512_castps_si512(x);
}
inline std::uint32_t equal_bits(Ints x, Ints y) {
    return _mm512_cmpeq_epi32_mask(x, y);
}
/// Of sixteen numbers in memory.
inline std::uint32_t equal_bits(const double* x, double value) {
    const __m512d same = _mm512_set1_pd(value);
    const std::uint32_t low = _mm512_cmp_pd_mask(_mm512_loadu_pd(x), same, _CMP_EQ_OQ);
    const std::uint32_t high = _mm512_cmp_pd_mask(_mm512_loadu_pd(x + 8), same, _CMP_EQ_OQ);
    return low | high << 8;
}
inline __m512d doubles_at(const double* x) {
    return _mm512_loadu_pd(x);
}
inline __m512d doubles_at(const float* x) {
    return _mm512_maskz_cvtps_pd(0xFF, _mm256_loadu_ps(x));
}
/// Bit k is set where x[k] - v[k] >= threshold does not hold, of sixteen numbers.
template <class Real>
std::uint32_t violated_bits(const Real* x, const double* v, double threshold) {
    const auto of_half = [=](int k) -> std::uint32_t {
        const __m512d differences = _mm512_sub_pd(doubles_at(x + k), _mm512_loadu_pd(v + k));
        return _mm512_cmp_pd_mask(differences, _mm512_set1_pd(threshold), _CMP_NGE_UQ);
    };
    return of_half(0) | of_half(8) << 8;
}
inline Floats clipped(Floats x, float most) {
    return _mm512_maskz_min_ps(all, _mm512_maskz_max_ps(all, x, all_equal(-most)), all_equal(most));
}
/// In memory, so that compilers do not make them anew for every vector.
alignas(64) constexpr float mixing_signs[4][16] = {
    {1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1, -1},
    {1, 1, 1, 1, -1, -1, -1, -1, 1, 1, 1, 1, -1, -1, -1, -1},
    {1, 1, -1, -1, 1, 1, -1, -1, 1, 1, -1, -1, 1, 1, -1, -1},
    {1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1},
};
inline Floats mixed_lanes(Floats x) {
    // A product with one of either sign is exact.
    const auto mixed = [](Floats values, Floats others, int step) {
        return _mm512_fmadd_ps(values, _mm512_load_ps(mixing_signs[step]), others);
    };
    x = mixed(x, _mm512_maskz_shuffle_f32x4(all, x, x, 0x4E), 0);
    x = mixed(x, _mm512_maskz_shuffle_f32x4(all, x, x, 0xB1), 1);
    x = mixed(x, _mm512_maskz_permute_ps(all, x, 0x4E), 2);
    return mixed(x, _mm512_maskz_permute_ps(all, x, 0xB1), 3);
}

#elif defined(__AVX2__)

struct Floats {
    __m256 lower, upper;
};
struct Ints {
    __m256i lower, upper;
};
struct Doubles {
    __m256d quarters[4];
};
/// Packing works on halves of registers.
constexpr int in_order = 0xD8;

inline Floats load(const float* x) {
    return {_mm256_loadu_ps(x), _mm256_loadu_ps(x + 8)};
}
inline Ints load(const std::int32_t* x) {
    const auto* const halves = reinterpret_cast<const __m256i*>(x);
    return {_mm256_loadu_si256(halves), _mm256_loadu_si256(halves + 1)};
}
inline Doubles to_doubles(const float* x) {
    return {{_mm256_cvtps_pd(_mm_loadu_ps(x)), _mm256_cvtps_pd(_mm_loadu_ps(x + 4)),
             _mm256_cvtps_pd(_mm_loadu_ps(x + 8)), _mm256_cvtps_pd(_mm_loadu_ps(x + 12))}};
}
inline Doubles to_doubles(const double* x) {
    return {{_mm256_loadu_pd(x), _mm256_loadu_pd(x + 4), _mm256_loadu_pd(x + 8), _mm256_loadu_pd(x + 12)}};
}
inline void store(Floats x, float* to) {
    _mm256_storeu_ps(to, x.lower);
    _mm256_storeu_ps(to + 8, x.upper);
}
inline void store(Ints x, std::int32_t* to) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), x.lower);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 8), x.upper);
}
inline __m256i to_16_bits(Ints x) {
    return _mm256_permute4x64_epi64(_mm256_packs_epi32(x.lower, x.upper), in_order);
}
inline void store(Ints x, std::int16_t* to) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), to_16_bits(x));
}
inline void store(Ints x, std::int8_t* to) {
    const __m256i words = to_16_bits(x);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                     _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
}
inline void store(const Doubles& x, double* to) {
    for (int k = 0; k < 4; ++k) _mm256_storeu_pd(to + 4 * k, x.quarters[k]);
}
inline void store(const Doubles& x, float* to) {
    for (int k = 0; k < 4; ++k) _mm_storeu_ps(to + 4 * k, _mm256_cvtpd_ps(x.quarters[k]));
}
inline Floats all_equal(float x) {
    return {_mm256_set1_ps(x), _mm256_set1_ps(x)};
}
inline Ints all_equal(std::int32_t x) {
    return {_mm256_set1_epi32(x), _mm256_set1_epi32(x)};
}
inline Doubles all_equal(double x) {
    const __m256d quarter = _mm256_set1_pd(x);
    return {{quarter, quarter, quarter, quarter}};
}

inline Floats add(Floats x, Floats y) {
    return {_mm256_add_ps(x.lower, y.lower), _mm256_add_ps(x.upper, y.upper)};
}
inline Ints add(Ints x, Ints y) {
    return {_mm256_add_epi32(x.lower, y.lower), _mm256_add_epi32(x.upper, y.upper)};
}
inline Doubles add(const Doubles& x, const Doubles& y) {
    return {{_mm256_add_pd(x.quarters[0], y.quarters[0]), _mm256_add_pd(x.quarters[1], y.quarters[1]),
             _mm256_add_pd(x.quarters[2], y.quarters[2]), _mm256_add_pd(x.quarters[3], y.quarters[3])}};
}
inline Floats subtract(Floats x, Floats y) {
    return {_mm256_sub_ps(x.lower, y.lower), _mm256_sub_ps(x.upper, y.upper)};
}
inline Ints subtract(Ints x, Ints y) {
    return {_mm256_sub_epi32(x.lower, y.lower), _mm256_sub_epi32(x.upper, y.upper)};
}
inline Doubles subtract(const Doubles& x, const Doubles& y) {
    return {{_mm256_sub_pd(x.quarters[0], y.quarters[0]), _mm256_sub_pd(x.quarters[1], y.quarters[1]),
             _mm256_sub_pd(x.quarters[2], y.quarters[2]), _mm256_sub_pd(x.quarters[3], y.quarters[3])}};
}
inline Floats multiply(Floats x, Floats y) {
    return {_mm256_mul_ps(x.lower, y.lower), _mm256_mul_ps(x.upper, y.upper)};
}
inline Doubles multiply(const Doubles& x, const Doubles& y) {
    return {{_mm256_mul_pd(x.quarters[0], y.quarters[0]), _mm256_mul_pd(x.quarters[1], y.quarters[1]),
             _mm256_mul_pd(x.quarters[2], y.quarters[2]), _mm256_mul_pd(x.quarters[3], y.quarters[3])}};
}
inline Doubles lesser(const Doubles& x, const Doubles& y) {
    return {{_mm256_min_pd(x.quarters[0], y.quarters[0]), _mm256_min_pd(x.quarters[1], y.quarters[1]),
             _mm256_min_pd(x.quarters[2], y.quarters[2]), _mm256_min_pd(x.quarters[3], y.quarters[3])}};
}
inline Doubles greater(const Doubles& x, const Doubles& y) {
    return {{_mm256_max_pd(x.quarters[0], y.quarters[0]), _mm256_max_pd(x.quarters[1], y.quarters[1]),
             _mm256_max_pd(x.quarters[2], y.quarters[2]), _mm256_max_pd(x.quarters[3], y.quarters[3])}};
}
inline Floats to_floats(Ints x) {
    return {_mm256_cvtepi32_ps(x.lower), _mm256_cvtepi32_ps(x.upper)};
}
inline Ints bits_of(Floats x) {
    return {_mm256_castps_si256(x.lower), _mm256_castps_si256(x.upper)};
}
inline std::uint32_t equal_bits(Ints x, Ints y) {
    const auto of_half = [](__m256i left, __m256i right) {
        return static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(left, right))));
    };
    return of_half(x.lower, y.lower) | of_half(x.upper, y.upper) << 8;
}
/// Of sixteen numbers in memory.
inline std::uint32_t equal_bits(const double* x, double value) {
    const __m256d same = _mm256_set1_pd(value);
    std::uint32_t bits = 0;
    for (int k = 0; k < 16; k += 4) {
        const __m256d are_equal = _mm256_cmp_pd(_mm256_loadu_pd(x + k), same, _CMP_EQ_OQ);
        bits |= static_cast<std::uint32_t>(_mm256_movemask_pd(are_equal)) << k;
    }
    return bits;
}
inline __m256d doubles_at(const double* x) {
    return _mm256_loadu_pd(x);
}
inline __m256d doubles_at(const float* x) {
    return _mm256_cvtps_pd(_mm_loadu_ps(x));
}
/// Bit k is set where x[k] - v[k] >= threshold does not hold, of sixteen numbers.
template <class Real>
std::uint32_t violated_bits(const Real* x, const double* v, double threshold) {
    std::uint32_t bits = 0;
    for (int k = 0; k < 16; k += 4) {
        const __m256d differences = _mm256_sub_pd(doubles_at(x + k), _mm256_loadu_pd(v + k));
        const __m256d are_violated = _mm256_cmp_pd(differences, _mm256_set1_pd(threshold), _CMP_NGE_UQ);
        bits |= static_cast<std::uint32_t>(_mm256_movemask_pd(are_violated)) << k;
    }
    return bits;
}
inline Floats clipped(Floats x, float most) {
    const __m256 high = _mm256_set1_ps(most);
    const __m256 low = _mm256_set1_ps(-most);
    return {_mm256_min_ps(_mm256_max_ps(x.lower, low), high), _mm256_min_ps(_mm256_max_ps(x.upper, low), high)};
}
inline Floats mixed_lanes(Floats x) {
    const auto mixed_half = [](__m256 half) {
        constexpr float n = -0.0f;  // turns a sign
        half = _mm256_add_ps(_mm256_permute2f128_ps(half, half, 1),
                             _mm256_xor_ps(half, _mm256_setr_ps(0, 0, 0, 0, n, n, n, n)));
        half =
            _mm256_add_ps(_mm256_permute_ps(half, 0x4E), _mm256_xor_ps(half, _mm256_setr_ps(0, 0, n, n, 0, 0, n, n)));
        return _mm256_add_ps(_mm256_permute_ps(half, 0xB1),
                             _mm256_xor_ps(half, _mm256_setr_ps(0, n, 0, n, 0, n, 0, n)));
    };
    return {mixed_half(_mm256_add_ps(x.lower, x.upper)), mixed_half(_mm256_sub_ps(x.lower, x.upper))};
}

#endif

}  // namespace
}  // namespace mot
