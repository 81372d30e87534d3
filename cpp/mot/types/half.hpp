/// IEEE 754 binary16, read only: numpy's float16, for which C++17 has no type.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace mot {

struct Half {
    std::uint16_t bits;

    /// Exact, and meant for single numbers: `LayerKernels::widen_halves` converts many at a time.
    explicit operator double() const {
        const int exponent = (bits >> 10) & 31;
        const int mantissa = bits & 1023;
        const double magnitude = exponent == 31  ? beyond_finite(mantissa)
                                 : exponent == 0 ? std::ldexp(mantissa, -24)
                                                 : std::ldexp(1024 + mantissa, exponent - 25);
        return std::copysign(magnitude, bits & 0x8000u ? -1.0 : 1.0);
    }

private:
    static double beyond_finite(int mantissa) {
        return mantissa == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
    }
};

}  // namespace mot
