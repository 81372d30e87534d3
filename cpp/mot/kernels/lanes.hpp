/// Sixteen numbers at once, in as many registers as they need: for loops that compilers do not turn into vectors well.
///
/// Included by `layer_loops.hpp` and `screening_loops.hpp`: every instruction set has a copy of its own.
#pragma once

#include <cstdint>

namespace mot {
namespace {  // NOLINT(misc-anonymous-namespace-in-header): every instruction set has a copy of its own

constexpr std::int64_t lanes = 16;

}  // namespace
}  // namespace mot

#if defined(__AVX2__)
#include "mot/kernels/lanes_avx.hpp"
#elif defined(__GNUC__) && defined(__aarch64__)
#include "mot/kernels/lanes_neon.hpp"
#else
#include "mot/kernels/lanes_plain.hpp"
#endif

namespace mot {
namespace {  // NOLINT(misc-anonymous-namespace-in-header): every instruction set has a copy of its own

/// Brings the cache line of a number that is wanted soon.
inline void prefetch(const float* x) {
#ifdef __GNUC__
    __builtin_prefetch(x, 0, 2);
#else
    (void)x;
#endif
}

/// The whole numbers nearest to small ones; of two, the even one.
inline Ints rounded(Floats x) {
    constexpr float to_whole =
        0x1.8p23f;  // its sum with a small number has that number's whole part in the lowest bits
    constexpr std::int32_t bits_of_to_whole = 0x4B400000;
    return subtract(bits_of(add(all_equal(to_whole), x)), all_equal(bits_of_to_whole));
}

/// In double precision.
inline double sum(Floats x) {
    float values[lanes];
    store(x, values);
    double total = 0;
    for (const float value : values) total += static_cast<double>(value);
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
