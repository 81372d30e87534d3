/// Products for processors with AVX2, compiled with its flag: nothing in here may run on others.
///
/// Pairs of products are added in 16 bits, where two of these sums have room if values are at most 63: 4 * 63 * 127 is
/// 32,004.
#include <immintrin.h>

#include <cstring>

#include "mot/kernels/integer_products_tiles.hpp"

namespace mot {
namespace {

/// Some rows times one block, with every sum in a register.
template <int n_rows>
void multiply_tile(RowCount<n_rows>, const std::int8_t* rows, const std::uint8_t* packed, std::int64_t depth,
                   std::int32_t* products, std::int64_t stride) {
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i sums[n_rows][2];
    MOT_UNROLLED
    for (int r = 0; r < n_rows; ++r) {
        MOT_UNROLLED
        for (int half = 0; half < 2; ++half) sums[r][half] = _mm256_setzero_si256();
    }
    const auto* groups = reinterpret_cast<const __m256i*>(packed);
    for (std::int64_t k = 0; k < depth; k += 2 * values_per_group, groups += 4) {
        MOT_UNROLLED
        for (int r = 0; r < n_rows; ++r) {
            std::int32_t fours[2];
            std::memcpy(fours, rows + r * row_stride(depth) + k, sizeof fours);
            const __m256i values[2] = {_mm256_set1_epi32(fours[0]), _mm256_set1_epi32(fours[1])};
            MOT_UNROLLED
            for (int half = 0; half < 2; ++half) {
                const __m256i pairs =
                    _mm256_add_epi16(_mm256_maddubs_epi16(_mm256_loadu_si256(groups + half), values[0]),
                                     _mm256_maddubs_epi16(_mm256_loadu_si256(groups + 2 + half), values[1]));
                sums[r][half] = _mm256_add_epi32(sums[r][half], _mm256_madd_epi16(pairs, ones));
            }
        }
    }
    MOT_UNROLLED
    for (int r = 0; r < n_rows; ++r) {
        MOT_UNROLLED
        for (int half = 0; half < 2; ++half)
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(products + r * stride) + half, sums[r][half]);
    }
}

void multiply(const std::int8_t* rows, std::int64_t n_rows, const std::uint8_t* packed, std::int64_t n_blocks,
              std::int64_t depth, std::int32_t* products, std::int64_t stride) {
    multiply_blocks<4>(rows, n_rows, packed, n_blocks, depth, products, stride,
                       [](auto... arguments) { multiply_tile(arguments...); });
}

}  // namespace

extern const IntegerProducts integer_products_avx2;
const IntegerProducts integer_products_avx2 = {"avx2", 63, 64, 0.45, multiply};

}  // namespace mot
