/// Transposes tables of words of four bytes, whatever they hold. Included by the loops of every instruction set, whose
/// rules hold here, too.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(MOT_HAS_X86_KERNELS)
#include <immintrin.h>
#elif defined(__GNUC__) && defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace mot {
namespace {  // NOLINT(misc-anonymous-namespace-in-header): every instruction set has a copy of its own

constexpr std::int64_t word = 4;  // bytes

#if defined(__AVX2__)

constexpr std::int64_t square = 8;  // words of a side that are transposed in registers

inline void transpose_square(const char* from, std::int64_t stride, char* to, std::int64_t to_stride) {
    const auto half = [=](std::int64_t row, std::int64_t first) {
        return _mm_loadu_ps(reinterpret_cast<const float*>(from + row * stride + first * word));
    };
    for (std::int64_t first = 0; first < square; first += 4) {
        __m256 rows[4];  // and in their upper halves the rows four below
        for (std::int64_t r = 0; r < 4; ++r)
            rows[r] = _mm256_insertf128_ps(_mm256_castps128_ps256(half(r, first)), half(r + 4, first), 1);
        const __m256 pairs[] = {_mm256_unpacklo_ps(rows[0], rows[1]), _mm256_unpacklo_ps(rows[2], rows[3]),
                                _mm256_unpackhi_ps(rows[0], rows[1]), _mm256_unpackhi_ps(rows[2], rows[3])};
        for (std::int64_t c = 0; c < 4; ++c) {
            const __m256 left = pairs[c / 2 * 2];
            const __m256 right = pairs[c / 2 * 2 + 1];
            _mm256_storeu_ps(reinterpret_cast<float*>(to + (first + c) * to_stride),
                             c % 2 == 0 ? _mm256_shuffle_ps(left, right, 0x44) : _mm256_shuffle_ps(left, right, 0xEE));
        }
    }
}

#elif defined(MOT_HAS_X86_KERNELS)

constexpr std::int64_t square = 4;

inline void transpose_square(const char* from, std::int64_t stride, char* to, std::int64_t to_stride) {
    __m128 rows[4];
    for (std::int64_t r = 0; r < 4; ++r) rows[r] = _mm_loadu_ps(reinterpret_cast<const float*>(from + r * stride));
    _MM_TRANSPOSE4_PS(rows[0], rows[1], rows[2], rows[3]);
    for (std::int64_t c = 0; c < 4; ++c) _mm_storeu_ps(reinterpret_cast<float*>(to + c * to_stride), rows[c]);
}

#elif defined(__GNUC__) && defined(__aarch64__)

constexpr std::int64_t square = 4;

inline void transpose_square(const char* from, std::int64_t stride, char* to, std::int64_t to_stride) {
    uint32x4_t rows[4];
    for (std::int64_t r = 0; r < 4; ++r)
        rows[r] = vreinterpretq_u32_u8(vld1q_u8(reinterpret_cast<const std::uint8_t*>(from + r * stride)));
    const uint32x4x2_t even = vzipq_u32(rows[0], rows[2]);
    const uint32x4x2_t odd = vzipq_u32(rows[1], rows[3]);
    for (std::int64_t c = 0; c < 4; c += 2) {
        const uint32x4x2_t columns = vzipq_u32(even.val[c / 2], odd.val[c / 2]);
        for (std::int64_t k = 0; k < 2; ++k)
            vst1q_u8(reinterpret_cast<std::uint8_t*>(to + (c + k) * to_stride), vreinterpretq_u8_u32(columns.val[k]));
    }
}

#else

constexpr std::int64_t square = 1;

inline void transpose_square(const char* from, std::int64_t, char* to, std::int64_t) {
    std::memcpy(to, from, word);
}

#endif

/// Rows lie `stride` bytes apart, those that are written `to_stride`.
inline void transpose(const char* from, std::int64_t stride, std::int64_t n_rows, std::int64_t n_columns, char* to,
                      std::int64_t to_stride) {
    const auto transpose_one = [=](std::int64_t r, std::int64_t c) {
        std::memcpy(to + c * to_stride + r * word, from + r * stride + c * word, word);
    };
    std::int64_t c = 0;
    for (; c + square <= n_columns; c += square) {
        std::int64_t r = 0;
        for (; r + square <= n_rows; r += square)
            transpose_square(from + r * stride + c * word, stride, to + c * to_stride + r * word, to_stride);
        for (; r < n_rows; ++r)
            for (std::int64_t k = 0; k < square; ++k) transpose_one(r, c + k);
    }
    for (; c < n_columns; ++c)
        for (std::int64_t r = 0; r < n_rows; ++r) transpose_one(r, c);
}

}  // namespace
}  // namespace mot
