/// Products tile by tile, included by one source file for every instruction set and by no other: see `loops.hpp`.
#pragma once

#include "mot/kernels/integer_products.hpp"

namespace mot {
namespace {  // NOLINT(misc-anonymous-namespace-in-header): every instruction set has a copy of its own

/// A number of rows that the compiler knows.
template <int n>
struct RowCount {};

/// Calls `multiply_tile(RowCount<n>, rows, products)` for `most_rows` rows at a time, then for those that are left
/// over, one by one.
template <int most_rows, class MultiplyTile>
void multiply_rows(const std::int8_t* rows, std::int64_t n_rows, std::int64_t depth, std::int32_t* products,
                   std::int64_t stride, MultiplyTile multiply_tile) {
    std::int64_t r = 0;
    for (; r + most_rows <= n_rows; r += most_rows)
        multiply_tile(RowCount<most_rows>{}, rows + r * row_stride(depth), products + r * stride);
    for (; r < n_rows; ++r) multiply_tile(RowCount<1>{}, rows + r * row_stride(depth), products + r * stride);
}

/// Calls `multiply_tile(RowCount<n>, rows, block, depth, products, stride)` for every block, in tiles of rows.
template <int most_rows, class MultiplyTile>
void multiply_blocks(const std::int8_t* rows, std::int64_t n_rows, const std::uint8_t* packed, std::int64_t n_blocks,
                     std::int64_t depth, std::int32_t* products, std::int64_t stride, MultiplyTile multiply_tile) {
    for (std::int64_t b = 0; b < n_blocks; ++b) {
        const std::uint8_t* const block = packed + b * vectors_per_block * depth;
        multiply_rows<most_rows>(rows, n_rows, depth, products + b * vectors_per_block, stride,
                                 [&](auto count, const std::int8_t* tile_rows, std::int32_t* tile_products) {
                                     multiply_tile(count, tile_rows, block, depth, tile_products, stride);
                                 });
    }
}

}  // namespace
}  // namespace mot
