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
inline Floats all_equal(float x) {
    return _mm512_set1_ps(x);
}
inline Ints all_equal(std::int32_t x) {
    return _mm512_set1_epi32(x);
}
inline Doubles zeros() {
    return {_mm512_setzero_pd(), _mm512_setzero_pd()};
}

inline Floats add(Floats x, Floats y) {
    return _mm512_add_ps(x, y);
}
inline Ints add(Ints x, Ints y) {
    return _mm512_add_epi32(x, y);
}
inline Floats subtract(Floats x, Floats y) {
    return _mm512_sub_ps(x, y);
}
inline Ints subtract(Ints x, Ints y) {
    return _mm512_sub_epi32(x, y);
}
inline Floats multiply(Floats x, Floats y) {
    return _mm512_mul_ps(x, y);
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
inline Floats clipped(Floats x, float most) {
    return _mm512_maskz_min_ps(all, _mm512_maskz_max_ps(all, x, all_equal(-most)), all_equal(most));
}
inline Ints squares_of(Ints x) {
    const Ints lower_halves = _mm512_and_si512(x, all_equal(0xFFFF));
    return _mm512_madd_epi16(lower_halves, lower_halves);
}
inline void add_squares(Floats x, Doubles& sums) {
    const __m512d lower = _mm512_maskz_cvtps_pd(0xFF, _mm512_maskz_extractf32x8_ps(0xFF, x, 0));
    const __m512d upper = _mm512_maskz_cvtps_pd(0xFF, _mm512_maskz_extractf32x8_ps(0xFF, x, 1));
    sums.lower = _mm512_add_pd(sums.lower, _mm512_mul_pd(lower, lower));
    sums.upper = _mm512_add_pd(sums.upper, _mm512_mul_pd(upper, upper));
}
inline void store(const Doubles& x, double* to) {
    _mm512_storeu_pd(to, x.lower);
    _mm512_storeu_pd(to + 8, x.upper);
}
inline Floats mixed_lanes(Floats x) {
    // A product with one of either sign is exact.
    const auto signs = [](__mmask16 differences) {
        return _mm512_mask_blend_ps(differences, all_equal(1.0f), all_equal(-1.0f));
    };
    x = _mm512_fmadd_ps(x, signs(0xFF00), _mm512_maskz_shuffle_f32x4(all, x, x, 0x4E));
    x = _mm512_fmadd_ps(x, signs(0xF0F0), _mm512_maskz_shuffle_f32x4(all, x, x, 0xB1));
    x = _mm512_fmadd_ps(x, signs(0xCCCC), _mm512_maskz_permute_ps(all, x, 0x4E));
    return _mm512_fmadd_ps(x, signs(0xAAAA), _mm512_maskz_permute_ps(all, x, 0xB1));
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
inline Floats all_equal(float x) {
    return {_mm256_set1_ps(x), _mm256_set1_ps(x)};
}
inline Ints all_equal(std::int32_t x) {
    return {_mm256_set1_epi32(x), _mm256_set1_epi32(x)};
}
inline Doubles zeros() {
    return {{_mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd()}};
}

inline Floats add(Floats x, Floats y) {
    return {_mm256_add_ps(x.lower, y.lower), _mm256_add_ps(x.upper, y.upper)};
}
inline Ints add(Ints x, Ints y) {
    return {_mm256_add_epi32(x.lower, y.lower), _mm256_add_epi32(x.upper, y.upper)};
}
inline Floats subtract(Floats x, Floats y) {
    return {_mm256_sub_ps(x.lower, y.lower), _mm256_sub_ps(x.upper, y.upper)};
}
inline Ints subtract(Ints x, Ints y) {
    return {_mm256_sub_epi32(x.lower, y.lower), _mm256_sub_epi32(x.upper, y.upper)};
}
inline Floats multiply(Floats x, Floats y) {
    return {_mm256_mul_ps(x.lower, y.lower), _mm256_mul_ps(x.upper, y.upper)};
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
inline Floats clipped(Floats x, float most) {
    const __m256 high = _mm256_set1_ps(most);
    const __m256 low = _mm256_set1_ps(-most);
    return {_mm256_min_ps(_mm256_max_ps(x.lower, low), high), _mm256_min_ps(_mm256_max_ps(x.upper, low), high)};
}
inline Ints squares_of(Ints x) {
    const __m256i lower_halves = _mm256_set1_epi32(0xFFFF);
    x = {_mm256_and_si256(x.lower, lower_halves), _mm256_and_si256(x.upper, lower_halves)};
    return {_mm256_madd_epi16(x.lower, x.lower), _mm256_madd_epi16(x.upper, x.upper)};
}
inline void add_squares(Floats x, Doubles& sums) {
    const __m128 quarters[] = {_mm256_castps256_ps128(x.lower), _mm256_extractf128_ps(x.lower, 1),
                               _mm256_castps256_ps128(x.upper), _mm256_extractf128_ps(x.upper, 1)};
    for (int k = 0; k < 4; ++k) {
        const __m256d wide = _mm256_cvtps_pd(quarters[k]);
        sums.quarters[k] = _mm256_add_pd(sums.quarters[k], _mm256_mul_pd(wide, wide));
    }
}
inline void store(const Doubles& x, double* to) {
    for (int k = 0; k < 4; ++k) _mm256_storeu_pd(to + 4 * k, x.quarters[k]);
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
