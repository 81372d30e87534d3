/// IEEE 754 binary16, read only: numpy's float16, for which C++17 has no type.
#pragma once

#include <cstdint>
#include <cstring>

namespace mot {

struct Half {
    std::uint16_t bits;

    /// Exact: every binary16 value is a binary32 value.
    explicit operator double() const {
        const std::uint32_t magnitude = (bits & 0x7FFFu) << 13;
        const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000u) << 16;
        // In place, exponent and mantissa read as a binary32 number that is 2^112 too small; a product corrects that,
        // for subnormal numbers too. Infinity and NaN come out as 2^16 or more, and need the full exponent instead.
        float value = as_float(magnitude) * 0x1p112f;
        value = value >= 65536.0f ? as_float(magnitude | 0x7F800000u) : value;
        std::uint32_t value_bits;
        std::memcpy(&value_bits, &value, sizeof value_bits);
        return static_cast<double>(as_float(value_bits | sign));
    }

private:
    static float as_float(std::uint32_t bits) {
        float value;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    }
};

}  // namespace mot
