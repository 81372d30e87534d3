/// The loops that define the products, for any processor.
#pragma once

#include "mot/kernels/integer_products.hpp"

namespace mot {

/// Multiplies values that are packed without a sign if `Packed` is `std::uint8_t`, with one if it is `std::int8_t`.
template <class Packed>
void multiply_plainly(const std::int8_t* rows, std::int64_t n_rows, const std::uint8_t* packed, std::int64_t n_blocks,
                      std::int64_t depth, std::int32_t* products, std::int64_t stride) {
    for (std::int64_t r = 0; r < n_rows; ++r)
        for (std::int64_t b = 0; b < n_blocks; ++b) {
            std::uint32_t sums[vectors_per_block] = {};
            for (std::int64_t k = 0; k < depth; ++k) {
                const std::int64_t value{rows[r * row_stride(depth) + k]};  // NOLINT(bugprone-signed-char-misuse)
                const std::uint8_t* group = packed + b * vectors_per_block * depth +
                                            (k / values_per_group) * vectors_per_block * values_per_group +
                                            k % values_per_group;
                for (std::int64_t c = 0; c < vectors_per_block; ++c)
                    sums[c] += static_cast<std::uint32_t>(value * static_cast<Packed>(group[c * values_per_group]));
            }
            for (std::int64_t c = 0; c < vectors_per_block; ++c)
                products[r * stride + b * vectors_per_block + c] = static_cast<std::int32_t>(sums[c]);
        }
}

}  // namespace mot
