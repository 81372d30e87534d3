/// Inner products of vectors of one-byte whole numbers, by the widest instructions that the processor has for them.
///
/// The sums are exact modulo 2^32, so the result does not depend on their order: every version returns the same bits.
#pragma once

#include <cstdint>

/// Before a short loop over sums: gcc keeps arrays in registers only if it unrolls the loops over them early.
#if defined(__GNUC__) && !defined(__clang__)
#define MOT_UNROLLED _Pragma("GCC unroll 8")
#else
#define MOT_UNROLLED
#endif

namespace mot {

/// One side's vectors lie one after the other, every `row_stride(depth)` bytes; the other side's are packed.
struct IntegerProducts {
    const char* name;
    /// Values are at most this large, of either sign.
    int largest;
    /// Is added to the values of the packed side, which some instructions want without a sign; where it is 0, packed
    /// bytes have one.
    int packed_offset;
    /// About the time of these products over that of single-precision ones, as measured; 0 where they are there to be
    /// compared with, and used whatever they take.
    double share;
    /// products[r * stride + c] <- sum over k of rows[r][k] * (packed[c][k] + packed_offset), modulo 2^32, for `n_rows`
    /// rows and all vectors of `n_blocks` blocks. `depth` is a multiple of `depth_step`.
    void (*multiply)(const std::int8_t* rows, std::int64_t n_rows, const std::uint8_t* packed, std::int64_t n_blocks,
                     std::int64_t depth, std::int32_t* products, std::int64_t stride);
};

/// Values of a vector that are stepped over at once; vectors are padded to a multiple of it.
constexpr std::int64_t depth_step = 64;
/// Vectors that are packed together: four values of the first, four of the second, and so on, then the next four.
constexpr std::int64_t vectors_per_block = 16;
constexpr std::int64_t values_per_group = 4;

/// Rows a power of two apart would share few places of the cache.
constexpr std::int64_t row_stride(std::int64_t depth) {
    return depth + depth_step;
}

/// The fastest version that this processor runs; null where that is the plain one, which is slower than products of
/// single-precision numbers. All others were measured to be faster: of 576 and 640 vectors of 2048 values, that for
/// AVX2 takes 0.4 times as long as OpenBLAS's sgemm for AVX2.
const IntegerProducts* fastest_integer_products();

/// Every version that this processor runs, plainest first; null after the last.
const IntegerProducts* const* available_integer_products();

}  // namespace mot
