/// Products for processors with AVX-VNNI, compiled with its flags: nothing in here may run on others.
#include <immintrin.h>

#include <cstring>

#include "mot/kernels/integer_products_tiles.hpp"

namespace mot {
namespace {

/// Some rows times one block, with every sum in a register.
template <int n_rows>
void multiply_tile(RowCount<n_rows>, const std::int8_t* rows, const std::uint8_t* packed, std::int64_t depth,
                   std::int32_t* products, std::int64_t stride) {
    __m256i sums[n_rows][2];
    MOT_UNROLLED
    for (int r = 0; r < n_rows; ++r) {
        MOT_UNROLLED
        for (int half = 0; half < 2; ++half) sums[r][half] = _mm256_setzero_si256();
    }
    const auto* group = reinterpret_cast<const __m256i*>(packed);
    for (std::int64_t k = 0; k < depth; k += values_per_group, group += 2) {
        const __m256i halves[2] = {_mm256_loadu_si256(group), _mm256_loadu_si256(group + 1)};
        MOT_UNROLLED
        for (int r = 0; r < n_rows; ++r) {
            std::int32_t four;
            std::memcpy(&four, rows + r * row_stride(depth) + k, sizeof four);
            const __m256i values = _mm256_set1_epi32(four);
            MOT_UNROLLED
            for (int half = 0; half < 2; ++half)
                sums[r][half] = _mm256_dpbusd_avx_epi32(sums[r][half], halves[half], values);
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
    multiply_blocks<6>(rows, n_rows, packed, n_blocks, depth, products, stride,
                       [](auto... arguments) { multiply_tile(arguments...); });
}

}  // namespace

extern const IntegerProducts integer_products_avx_vnni;
const IntegerProducts integer_products_avx_vnni = {"avx_vnni", 127, 128, 0.4, multiply};

}  // namespace mot
