/// Sixteen numbers at once, in as many registers as they need: for loops that compilers do not turn into vectors well.
///
/// Included by `screening_loops.hpp`: every instruction set has a copy of its own.
#pragma once

#include <cstdint>
#include <cstring>

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace mot {
namespace {  // NOLINT(misc-anonymous-namespace-in-header): every instruction set has a copy of its own

constexpr std::int64_t lanes = 16;

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

#else

template <class Number>
struct Lanes {
    Number values[lanes];
};
using Floats = Lanes<float>;
using Ints = Lanes<std::int32_t>;
using Doubles = Lanes<double>;

template <class Number, class Function>
inline Lanes<Number> each(Function function) {
    Lanes<Number> result;
    for (int lane = 0; lane < lanes; ++lane) result.values[lane] = function(lane);
    return result;
}

inline Floats load(const float* x) {
    return each<float>([=](int lane) { return x[lane]; });
}
inline Ints load(const std::int32_t* x) {
    return each<std::int32_t>([=](int lane) { return x[lane]; });
}
template <class Number, class Stored>
inline void store(const Lanes<Number>& x, Stored* to) {
    for (int lane = 0; lane < lanes; ++lane) to[lane] = static_cast<Stored>(x.values[lane]);
}
template <class Number>
inline Lanes<Number> all_equal(Number x) {
    return each<Number>([=](int) { return x; });
}
inline Doubles zeros() {
    return all_equal(0.0);
}

inline Floats add(const Floats& x, const Floats& y) {
    return each<float>([&](int lane) { return x.values[lane] + y.values[lane]; });
}
inline Ints add(const Ints& x, const Ints& y) {
    return each<std::int32_t>([&](int lane) { return x.values[lane] + y.values[lane]; });
}
inline Floats subtract(const Floats& x, const Floats& y) {
    return each<float>([&](int lane) { return x.values[lane] - y.values[lane]; });
}
inline Ints subtract(const Ints& x, const Ints& y) {  // modulo 2^32
    return each<std::int32_t>([&](int lane) {
        return static_cast<std::int32_t>(static_cast<std::uint32_t>(x.values[lane]) -
                                         static_cast<std::uint32_t>(y.values[lane]));
    });
}
inline Floats multiply(const Floats& x, const Floats& y) {
    return each<float>([&](int lane) { return x.values[lane] * y.values[lane]; });
}
inline Floats to_floats(const Ints& x) {
    return each<float>([&](int lane) { return static_cast<float>(x.values[lane]); });
}
inline Ints bits_of(const Floats& x) {
    Ints bits;
    std::memcpy(bits.values, x.values, sizeof bits.values);
    return bits;
}
inline Floats clipped(const Floats& x, float most) {
    const Floats raised = each<float>([&](int lane) { return x.values[lane] < -most ? -most : x.values[lane]; });
    return each<float>([&](int lane) { return raised.values[lane] > most ? most : raised.values[lane]; });
}
inline Ints squares_of(const Ints& x) {
    return each<std::int32_t>([&](int lane) { return x.values[lane] * x.values[lane]; });
}
inline void add_squares(const Floats& x, Doubles& sums) {
    for (int lane = 0; lane < lanes; ++lane) {
        const auto wide = static_cast<double>(x.values[lane]);
        sums.values[lane] += wide * wide;
    }
}
template <int apart>
inline Floats mixed_step(const Floats& x) {
    return each<float>([&](int lane) {
        const float other = x.values[lane ^ apart];
        return lane & apart ? other - x.values[lane] : x.values[lane] + other;
    });
}
inline Floats mixed_lanes(const Floats& x) {
    return mixed_step<1>(mixed_step<2>(mixed_step<4>(mixed_step<8>(x))));
}

#endif

/// The whole numbers nearest to small ones; of two, the even one.
inline Ints rounded(Floats x) {
    constexpr float to_whole =
        0x1.8p23f;  // its sum with a small number has that number's whole part in the lowest bits
    constexpr std::int32_t bits_of_to_whole = 0x4B400000;
    return subtract(bits_of(add(all_equal(to_whole), x)), all_equal(bits_of_to_whole));
}

inline double sum(const Doubles& x) {
    double values[lanes];
    store(x, values);
    double total = 0;
    for (const double value : values) total += value;
    return total;
}
inline std::int64_t sum(Ints x) {
    std::int32_t values[lanes];
    store(x, values);
    std::int64_t total = 0;
    for (const std::int32_t value : values) total += value;
    return total;
}

}  // namespace
}  // namespace mot
