/// Sixteen numbers at once on Arm processors of 64 bits. Included by `lanes.hpp`.
#pragma once

#include <arm_neon.h>

#include <cstdint>

namespace mot {
namespace {  // NOLINT(misc-anonymous-namespace-in-header): every instruction set has a copy of its own

using Floats = float32x4x4_t;
using Ints = int32x4x4_t;
struct Doubles {
    float64x2_t parts[8];
};

inline Floats load(const float* x) {
    return {{vld1q_f32(x), vld1q_f32(x + 4), vld1q_f32(x + 8), vld1q_f32(x + 12)}};
}
inline Ints load(const std::int32_t* x) {
    return {{vld1q_s32(x), vld1q_s32(x + 4), vld1q_s32(x + 8), vld1q_s32(x + 12)}};
}
inline Doubles to_doubles(const float* x) {
    Doubles result;
    for (int k = 0; k < 8; ++k) result.parts[k] = vcvt_f64_f32(vld1_f32(x + 2 * k));
    return result;
}
inline Doubles to_doubles(const double* x) {
    Doubles result;
    for (int k = 0; k < 8; ++k) result.parts[k] = vld1q_f64(x + 2 * k);
    return result;
}
inline void store(Floats x, float* to) {
    for (int k = 0; k < 4; ++k) vst1q_f32(to + 4 * k, x.val[k]);
}
inline void store(Ints x, std::int32_t* to) {
    for (int k = 0; k < 4; ++k) vst1q_s32(to + 4 * k, x.val[k]);
}
inline int16x8_t to_16_bits(int32x4_t x, int32x4_t y) {
    return vcombine_s16(vmovn_s32(x), vmovn_s32(y));
}
inline void store(Ints x, std::int16_t* to) {
    vst1q_s16(to, to_16_bits(x.val[0], x.val[1]));
    vst1q_s16(to + 8, to_16_bits(x.val[2], x.val[3]));
}
inline void store(Ints x, std::int8_t* to) {
    vst1_s8(to, vmovn_s16(to_16_bits(x.val[0], x.val[1])));
    vst1_s8(to + 8, vmovn_s16(to_16_bits(x.val[2], x.val[3])));
}
inline void store(const Doubles& x, double* to) {
    for (int k = 0; k < 8; ++k) vst1q_f64(to + 2 * k, x.parts[k]);
}
inline void store(const Doubles& x, float* to) {
    for (int k = 0; k < 8; ++k) vst1_f32(to + 2 * k, vcvt_f32_f64(x.parts[k]));
}
inline Floats all_equal(float x) {
    const float32x4_t part = vdupq_n_f32(x);
    return {{part, part, part, part}};
}
inline Ints all_equal(std::int32_t x) {
    const int32x4_t part = vdupq_n_s32(x);
    return {{part, part, part, part}};
}
inline Doubles all_equal(double x) {
    Doubles result;
    for (float64x2_t& part : result.parts) part = vdupq_n_f64(x);
    return result;
}

inline Floats add(Floats x, Floats y) {
    for (int k = 0; k < 4; ++k) x.val[k] = vaddq_f32(x.val[k], y.val[k]);
    return x;
}
inline Ints add(Ints x, Ints y) {
    for (int k = 0; k < 4; ++k) x.val[k] = vaddq_s32(x.val[k], y.val[k]);
    return x;
}
inline Doubles add(Doubles x, const Doubles& y) {
    for (int k = 0; k < 8; ++k) x.parts[k] = vaddq_f64(x.parts[k], y.parts[k]);
    return x;
}
inline Floats subtract(Floats x, Floats y) {
    for (int k = 0; k < 4; ++k) x.val[k] = vsubq_f32(x.val[k], y.val[k]);
    return x;
}
inline Ints subtract(Ints x, Ints y) {
    for (int k = 0; k < 4; ++k) x.val[k] = vsubq_s32(x.val[k], y.val[k]);
    return x;
}
inline Doubles subtract(Doubles x, const Doubles& y) {
    for (int k = 0; k < 8; ++k) x.parts[k] = vsubq_f64(x.parts[k], y.parts[k]);
    return x;
}
inline Floats multiply(Floats x, Floats y) {
    for (int k = 0; k < 4; ++k) x.val[k] = vmulq_f32(x.val[k], y.val[k]);
    return x;
}
inline Doubles multiply(Doubles x, const Doubles& y) {
    for (int k = 0; k < 8; ++k) x.parts[k] = vmulq_f64(x.parts[k], y.parts[k]);
    return x;
}
inline Doubles lesser(Doubles x, const Doubles& y) {
    for (int k = 0; k < 8; ++k) x.parts[k] = vbslq_f64(vcltq_f64(x.parts[k], y.parts[k]), x.parts[k], y.parts[k]);
    return x;
}
inline Doubles greater(Doubles x, const Doubles& y) {
    for (int k = 0; k < 8; ++k) x.parts[k] = vbslq_f64(vcgtq_f64(x.parts[k], y.parts[k]), x.parts[k], y.parts[k]);
    return x;
}
inline Floats to_floats(Ints x) {
    return {{vcvtq_f32_s32(x.val[0]), vcvtq_f32_s32(x.val[1]), vcvtq_f32_s32(x.val[2]), vcvtq_f32_s32(x.val[3])}};
}
inline Ints bits_of(Floats x) {
    return {{vreinterpretq_s32_f32(x.val[0]), vreinterpretq_s32_f32(x.val[1]), vreinterpretq_s32_f32(x.val[2]),
             vreinterpretq_s32_f32(x.val[3])}};
}
inline std::uint32_t equal_bits(Ints x, Ints y) {
    constexpr std::uint32_t bits_of_lanes[] = {1, 2, 4, 8};
    std::uint32_t bits = 0;
    for (int k = 0; k < 4; ++k)
        bits |= vaddvq_u32(vandq_u32(vceqq_s32(x.val[k], y.val[k]), vld1q_u32(bits_of_lanes))) << (4 * k);
    return bits;
}
inline Floats clipped(Floats x, float most) {
    for (int k = 0; k < 4; ++k) x.val[k] = vminq_f32(vmaxq_f32(x.val[k], vdupq_n_f32(-most)), vdupq_n_f32(most));
    return x;
}
inline Floats mixed_lanes(Floats x) {
    x = {{vaddq_f32(x.val[0], x.val[2]), vaddq_f32(x.val[1], x.val[3]), vsubq_f32(x.val[0], x.val[2]),
          vsubq_f32(x.val[1], x.val[3])}};
    x = {{vaddq_f32(x.val[0], x.val[1]), vsubq_f32(x.val[0], x.val[1]), vaddq_f32(x.val[2], x.val[3]),
          vsubq_f32(x.val[2], x.val[3])}};
    // Transposed, lanes of the four parts that are 2 and 1 apart are whole parts.
    const auto transposed = [](Floats y) {
        const float32x4x2_t lower = vzipq_f32(y.val[0], y.val[2]);
        const float32x4x2_t upper = vzipq_f32(y.val[1], y.val[3]);
        const float32x4x2_t first = vzipq_f32(lower.val[0], upper.val[0]);
        const float32x4x2_t last = vzipq_f32(lower.val[1], upper.val[1]);
        return Floats{{first.val[0], first.val[1], last.val[0], last.val[1]}};
    };
    x = transposed(x);
    x = {{vaddq_f32(x.val[0], x.val[2]), vaddq_f32(x.val[1], x.val[3]), vsubq_f32(x.val[0], x.val[2]),
          vsubq_f32(x.val[1], x.val[3])}};
    x = {{vaddq_f32(x.val[0], x.val[1]), vsubq_f32(x.val[0], x.val[1]), vaddq_f32(x.val[2], x.val[3]),
          vsubq_f32(x.val[2], x.val[3])}};
    return transposed(x);
}

}  // namespace
}  // namespace mot
