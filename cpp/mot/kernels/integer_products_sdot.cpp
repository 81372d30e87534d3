/// Products for Arm processors with inner products of bytes, compiled with their flag: nothing in here may run on
/// others.
#include <arm_neon.h>

#include "mot/kernels/integer_products_tiles.hpp"

namespace mot {
namespace {

constexpr int quarters = 4;  // of a block: four vectors, four values of each

/// Adds the products of one group, with values that stand in one lane of every row.
template <int lane, int n_rows>
inline void add_group(const std::uint8_t* group, const int8x16_t (&values)[n_rows],
                      int32x4_t (&sums)[n_rows][quarters]) {
    MOT_UNROLLED
    for (int quarter = 0; quarter < quarters; ++quarter) {
        const int8x16_t packed =
            vreinterpretq_s8_u8(vld1q_u8(group + lane * vectors_per_block * values_per_group + 16 * quarter));
        MOT_UNROLLED
        for (int r = 0; r < n_rows; ++r) sums[r][quarter] = vdotq_laneq_s32(sums[r][quarter], packed, values[r], lane);
    }
}

/// Some rows times one block, with every sum in a register.
template <int n_rows>
void multiply_tile(RowCount<n_rows>, const std::int8_t* rows, const std::uint8_t* packed, std::int64_t depth,
                   std::int32_t* products, std::int64_t stride) {
    int32x4_t sums[n_rows][quarters];
    MOT_UNROLLED
    for (int r = 0; r < n_rows; ++r) {
        MOT_UNROLLED
        for (int quarter = 0; quarter < quarters; ++quarter) sums[r][quarter] = vdupq_n_s32(0);
    }
    for (std::int64_t k = 0; k < depth; k += 4 * values_per_group) {
        const std::uint8_t* const groups = packed + k * vectors_per_block;
        int8x16_t values[n_rows];
        MOT_UNROLLED
        for (int r = 0; r < n_rows; ++r) values[r] = vld1q_s8(rows + r * row_stride(depth) + k);
        add_group<0>(groups, values, sums);
        add_group<1>(groups, values, sums);
        add_group<2>(groups, values, sums);
        add_group<3>(groups, values, sums);
    }
    MOT_UNROLLED
    for (int r = 0; r < n_rows; ++r) {
        MOT_UNROLLED
        for (int quarter = 0; quarter < quarters; ++quarter)
            vst1q_s32(products + r * stride + 4 * quarter, sums[r][quarter]);
    }
}

void multiply(const std::int8_t* rows, std::int64_t n_rows, const std::uint8_t* packed, std::int64_t n_blocks,
              std::int64_t depth, std::int32_t* products, std::int64_t stride) {
    multiply_blocks<4>(rows, n_rows, packed, n_blocks, depth, products, stride,
                       [](auto... arguments) { multiply_tile(arguments...); });
}

}  // namespace

extern const IntegerProducts integer_products_sdot;
const IntegerProducts integer_products_sdot = {"sdot", 127, 0, 0.3, multiply};

}  // namespace mot
