/// Products for processors with AMX, compiled with its flags: nothing in here may run on others.
#include <immintrin.h>

#include "mot/kernels/integer_products.hpp"

namespace mot {
namespace {

constexpr std::int64_t rows_per_tile = 16;

struct alignas(64) TileShapes {
    std::uint8_t palette = 1;
    std::uint8_t unused[15] = {};
    std::uint16_t row_bytes[16] = {};
    std::uint8_t n_rows[16] = {};
};

/// Tiles 0 to 3 hold sums, 4 and 5 the upper and the lower rows, 6 and 7 two blocks. Tiles may have less than 16 rows.
void set_shapes(std::int64_t n_upper, std::int64_t n_lower) {
    TileShapes shapes;
    const std::int64_t n_rows[8] = {n_upper, n_upper, n_lower, n_lower, n_upper, n_lower, rows_per_tile, rows_per_tile};
    for (int tile = 0; tile < 8; ++tile) {
        shapes.row_bytes[tile] = n_rows[tile] > 0 ? depth_step : 0;
        shapes.n_rows[tile] = static_cast<std::uint8_t>(n_rows[tile]);
    }
    _tile_loadconfig(&shapes);
}

/// Up to 32 rows times one or two blocks.
template <bool has_lower, bool has_second>
void multiply_tiles(const std::int8_t* rows, const std::uint8_t* packed, std::int64_t depth, std::int32_t* products,
                    std::int64_t stride) {
    const std::int8_t* const lower_rows = rows + rows_per_tile * row_stride(depth);
    const std::uint8_t* const second = packed + vectors_per_block * depth;
    const auto rows_apart = static_cast<std::size_t>(row_stride(depth));
    const auto products_apart = static_cast<std::size_t>(stride) * sizeof(std::int32_t);
    _tile_zero(0);
    if constexpr (has_second) _tile_zero(1);
    if constexpr (has_lower) _tile_zero(2);
    if constexpr (has_lower && has_second) _tile_zero(3);
    for (std::int64_t k = 0; k < depth; k += depth_step) {
        _tile_loadd(4, rows + k, rows_apart);
        _tile_loadd(6, packed + k * vectors_per_block, depth_step);
        if constexpr (has_lower) _tile_loadd(5, lower_rows + k, rows_apart);
        if constexpr (has_second) _tile_loadd(7, second + k * vectors_per_block, depth_step);
        _tile_dpbsud(0, 4, 6);
        if constexpr (has_second) _tile_dpbsud(1, 4, 7);
        if constexpr (has_lower) _tile_dpbsud(2, 5, 6);
        if constexpr (has_lower && has_second) _tile_dpbsud(3, 5, 7);
    }
    std::int32_t* const lower = products + rows_per_tile * stride;
    _tile_stored(0, products, products_apart);
    if constexpr (has_second) _tile_stored(1, products + vectors_per_block, products_apart);
    if constexpr (has_lower) _tile_stored(2, lower, products_apart);
    if constexpr (has_lower && has_second) _tile_stored(3, lower + vectors_per_block, products_apart);
}

template <bool has_lower>
void multiply_rows(const std::int8_t* rows, const std::uint8_t* packed, std::int64_t n_blocks, std::int64_t depth,
                   std::int32_t* products, std::int64_t stride) {
    std::int64_t b = 0;
    for (; b + 2 <= n_blocks; b += 2)
        multiply_tiles<has_lower, true>(rows, packed + b * vectors_per_block * depth, depth,
                                        products + b * vectors_per_block, stride);
    if (b < n_blocks)
        multiply_tiles<has_lower, false>(rows, packed + b * vectors_per_block * depth, depth,
                                         products + b * vectors_per_block, stride);
}

void multiply(const std::int8_t* rows, std::int64_t n_rows, const std::uint8_t* packed, std::int64_t n_blocks,
              std::int64_t depth, std::int32_t* products, std::int64_t stride) {
    std::int64_t r = 0;
    if (n_rows >= 2 * rows_per_tile) set_shapes(rows_per_tile, rows_per_tile);
    for (; r + 2 * rows_per_tile <= n_rows; r += 2 * rows_per_tile)
        multiply_rows<true>(rows + r * row_stride(depth), packed, n_blocks, depth, products + r * stride, stride);
    if (n_rows - r > rows_per_tile) {
        set_shapes(rows_per_tile, n_rows - r - rows_per_tile);
        multiply_rows<true>(rows + r * row_stride(depth), packed, n_blocks, depth, products + r * stride, stride);
    } else if (n_rows > r) {
        set_shapes(n_rows - r, 0);
        multiply_rows<false>(rows + r * row_stride(depth), packed, n_blocks, depth, products + r * stride, stride);
    }
    _tile_release();
}

}  // namespace

extern const IntegerProducts integer_products_amx;
const IntegerProducts integer_products_amx = {"amx", 127, 128, 0.1, multiply};

}  // namespace mot
