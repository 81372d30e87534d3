/// Products for processors with AVX-512 VNNI, compiled with its flags: nothing in here may run on others.
#include <immintrin.h>

#include <cstring>

#include "mot/kernels/integer_products_tiles.hpp"

namespace mot {
namespace {

/// Some rows times some blocks, with every sum in a register.
template <int n_blocks, int n_rows>
void multiply_tile(RowCount<n_rows>, const std::int8_t* rows, const std::uint8_t* packed, std::int64_t depth,
                   std::int32_t* products, std::int64_t stride) {
    __m512i sums[n_rows][n_blocks];
    MOT_UNROLLED
    for (int r = 0; r < n_rows; ++r) {
        MOT_UNROLLED
        for (int b = 0; b < n_blocks; ++b) sums[r][b] = _mm512_setzero_si512();
    }
    for (std::int64_t k = 0; k < depth; k += values_per_group) {
        __m512i group[n_blocks];
        MOT_UNROLLED
        for (int b = 0; b < n_blocks; ++b)
            group[b] = _mm512_loadu_si512(packed + b * vectors_per_block * depth + k * vectors_per_block);
        MOT_UNROLLED
        for (int r = 0; r < n_rows; ++r) {
            std::int32_t four;
            std::memcpy(&four, rows + r * row_stride(depth) + k, sizeof four);
            const __m512i values = _mm512_set1_epi32(four);
            MOT_UNROLLED
            for (int b = 0; b < n_blocks; ++b) sums[r][b] = _mm512_dpbusd_epi32(sums[r][b], group[b], values);
        }
    }
    MOT_UNROLLED
    for (int r = 0; r < n_rows; ++r) {
        MOT_UNROLLED
        for (int b = 0; b < n_blocks; ++b)
            _mm512_storeu_si512(products + r * stride + b * vectors_per_block, sums[r][b]);
    }
}

void multiply(const std::int8_t* rows, std::int64_t n_rows, const std::uint8_t* packed, std::int64_t n_blocks,
              std::int64_t depth, std::int32_t* products, std::int64_t stride) {
    constexpr int most_rows = 8;
    std::int64_t b = 0;
    const auto multiply_some = [&](auto multiply_tile, std::int64_t n) {
        const std::uint8_t* const blocks = packed + b * vectors_per_block * depth;
        multiply_rows<most_rows>(rows, n_rows, depth, products + b * vectors_per_block, stride,
                                 [&](auto count, const std::int8_t* tile_rows, std::int32_t* tile_products) {
                                     multiply_tile(count, tile_rows, blocks, depth, tile_products, stride);
                                 });
        b += n;
    };
    while (b + 3 <= n_blocks) multiply_some([](auto... arguments) { multiply_tile<3>(arguments...); }, 3);
    if (b + 2 <= n_blocks) multiply_some([](auto... arguments) { multiply_tile<2>(arguments...); }, 2);
    if (b < n_blocks) multiply_some([](auto... arguments) { multiply_tile<1>(arguments...); }, 1);
}

}  // namespace

extern const IntegerProducts integer_products_avx512_vnni;
const IntegerProducts integer_products_avx512_vnni = {"avx512_vnni", 127, 128, 0.25, multiply};

}  // namespace mot
