/// IEEE 754 binary16, read only: numpy's float16, which C++17 has no type for.
#pragma once

#include <cstdint>
#include <cstring>

namespace mot {

struct Half {
    std::uint16_t bits;

    /// Exact: every binary16 value is a binary32 value.
    explicit operator double() const {
        const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000u) << 16;
        const std::uint32_t magnitude = bits & 0x7FFFu;
        // Shifting exponent and mantissa into place leaves the exponent 112 too small (15 against 127): a product
        // with 2^112 mends it, for subnormal numbers too; infinity and NaN need the full exponent instead.
        const std::uint32_t shifted = magnitude << 13;
        float value;
        if (magnitude >= 0x7C00u) {
            const std::uint32_t special = shifted | 0x7F800000u;
            std::memcpy(&value, &special, sizeof value);
        } else {
            std::memcpy(&value, &shifted, sizeof value);
            value *= 5192296858534827628530496329220096.0f;  // 2^112
        }
        return sign ? -static_cast<double>(value) : static_cast<double>(value);
    }
};

}  // namespace mot
