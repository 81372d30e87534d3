/// Masses are counted in whole numbers where they are uniform, and sums that differ by rounding are levelled.
#include "mot/types/masses.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/check.hpp"

namespace {

using mot::Masses;

double sum(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
}

Masses masses_of(const std::vector<double>& a, const std::vector<double>& b) {
    return Masses::from_marginals(a.data(), static_cast<std::int64_t>(a.size()), b.data(),
                                  static_cast<std::int64_t>(b.size()));
}

void test_uniform() {
    for (std::int64_t n = 1; n <= 12; ++n)
        for (std::int64_t m = 1; m <= 12; ++m) {
            case_name = std::to_string(n) + " x " + std::to_string(m);
            const Masses masses = Masses::uniform(n, m);
            CHECK(masses.is_uniform);
            CHECK(masses.source.size() == static_cast<std::size_t>(n));
            CHECK(masses.target.size() == static_cast<std::size_t>(m));
            CHECK(sum(masses.source) == sum(masses.target));
            for (const double mass : masses.source) {
                CHECK(mass >= 1 && mass == std::floor(mass));
                CHECK_NEAR(mass * masses.unit, 1.0 / static_cast<double>(n), 1e-16);
            }
            for (const double mass : masses.target) {
                CHECK(mass >= 1 && mass == std::floor(mass));
                CHECK_NEAR(mass * masses.unit, 1.0 / static_cast<double>(m), 1e-16);
            }
            // The smallest whole numbers: flows stay exact for as long as can be.
            CHECK(std::gcd(static_cast<std::int64_t>(masses.source[0]), static_cast<std::int64_t>(masses.target[0])) ==
                  1);
        }
}

void test_constant_marginals_are_uniform() {
    case_name = "constant marginals";
    const Masses masses = masses_of({0.3, 0.3, 0.3, 0.3}, {0.2, 0.2, 0.2, 0.2, 0.2, 0.2});
    CHECK(masses.is_uniform);
    CHECK(masses.source == std::vector<double>(4, 3.0));
    CHECK(masses.target == std::vector<double>(6, 2.0));
    CHECK_NEAR(masses.unit, 0.1, 1e-16);
}

void test_other_marginals() {
    case_name = "other marginals";
    const Masses exact = masses_of({1.0, 2.0, 0.0}, {2.5, 0.5});
    CHECK(!exact.is_uniform);
    CHECK(exact.unit == 1.0);
    CHECK(exact.source == std::vector<double>({1.0, 2.0, 0.0}));
    CHECK(exact.target == std::vector<double>({2.5, 0.5}));
    // Only one side is constant.
    CHECK(!masses_of({1.0, 1.0}, {0.5, 1.5}).is_uniform);
    CHECK(!masses_of({0.5, 1.5}, {1.0, 1.0}).is_uniform);
    // Sums that differ by rounding are levelled.
    const Masses levelled = masses_of({0.1, 0.2, 0.7}, {0.3 + 1e-12, 0.3, 0.4});
    CHECK_NEAR(sum(levelled.target), sum(levelled.source), 1e-15);
    CHECK_NEAR(levelled.target[0], 0.3, 1e-12);
    CHECK(levelled.source == std::vector<double>({0.1, 0.2, 0.7}));
}

void test_sums_that_cannot_be_levelled() {
    const double a[] = {1e-7, 2e-7};
    for (const double mass : {1e-320, 1e200}) {
        const double b[] = {mass, 2 * mass};
        bool is_refused = false;
        try {
            mot::Masses::from_marginals(a, 2, b, 2);
        } catch (const std::domain_error&) {
            is_refused = true;
        }
        CHECK(is_refused);
    }
}

}  // namespace

int main() {
    test_sums_that_cannot_be_levelled();
    test_uniform();
    test_constant_marginals_are_uniform();
    test_other_marginals();
}
