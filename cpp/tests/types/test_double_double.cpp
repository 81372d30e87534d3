/// Sums and products in twice the precision lose nothing where a double would.
#include "mot/types/double_double.hpp"

#include "support/check.hpp"

namespace {

void test_whole_numbers_are_exact() {
    using mot::DoubleDouble;
    DoubleDouble sum = 0x1p99;
    sum += DoubleDouble(3.0);
    sum += DoubleDouble(-0x1p60);
    sum -= DoubleDouble(0x1p99);
    CHECK(sum.high == -0x1p60 && sum.low == 3.0);
    const DoubleDouble product = DoubleDouble::product(0x1p53 - 1, 0x1p53 - 1);
    CHECK(product.high == 0x1p106 - 0x1p54 && product.low == 1.0);
}

void test_errors_do_not_add_up() {
    using mot::DoubleDouble;
    double tenths = 0;
    DoubleDouble exact_tenths;
    for (int k = 0; k < 1000; ++k) {
        tenths += 0.1;
        exact_tenths += DoubleDouble(0.1);
    }
    CHECK(tenths != 100.0 && rounded(exact_tenths - DoubleDouble(100.0)) > 0);
    CHECK_NEAR(rounded(exact_tenths - DoubleDouble(100.0)), 1000 * 0x1p-54 * 0.1, 1e-16);
}

}  // namespace

int main() {
    test_whole_numbers_are_exact();
    test_errors_do_not_add_up();
}
