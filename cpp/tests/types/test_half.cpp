/// All 65,536 half-precision numbers convert by the definition of the format.
#include "mot/types/half.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "support/check.hpp"

namespace {

/// Sign, five bits of exponent, ten of mantissa, by IEEE 754.
double value_by_definition(unsigned bits) {
    const int exponent = static_cast<int>((bits >> 10) & 31u);
    const int mantissa = static_cast<int>(bits & 1023u);
    double magnitude = 0;
    if (exponent == 31)
        magnitude = mantissa == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
    else if (exponent == 0)
        magnitude = std::ldexp(mantissa, -24);
    else
        magnitude = std::ldexp(1024 + mantissa, exponent - 25);
    return bits & 0x8000u ? -magnitude : magnitude;
}

}  // namespace

int main() {
    for (unsigned bits = 0; bits < 65536; ++bits) {
        case_name = "bits " + std::to_string(bits);
        const double found = static_cast<double>(mot::Half{static_cast<std::uint16_t>(bits)});
        const double expected = value_by_definition(bits);
        if (std::isnan(expected))
            CHECK(std::isnan(found));
        else
            CHECK(found == expected && std::signbit(found) == std::signbit(expected));
    }
}
