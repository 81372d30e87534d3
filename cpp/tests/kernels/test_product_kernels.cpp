/// Every version of the kernels of products gives the bits of a naive loop, at every length and offset.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "kernels/versions.hpp"
#include "mot/kernels/kernels.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

/// Sixteen lanes over whole runs of sixteen, added up in order, then the rest: the order that the header promises.
double naive_dot(const float* x, const float* y, std::size_t n) {
    double lanes[16] = {};
    const std::size_t n_whole = n - n % 16;
    for (std::size_t k = 0; k < n_whole; ++k) lanes[k % 16] += static_cast<double>(x[k]) * static_cast<double>(y[k]);
    double sum = 0;
    for (const double lane : lanes) sum += lane;
    for (std::size_t k = n_whole; k < n; ++k) sum += static_cast<double>(x[k]) * static_cast<double>(y[k]);
    return sum;
}

void test_dot(Random& random, const mot::Kernels& kernels, std::size_t n, std::size_t offset) {
    std::vector<float> x(n + offset), y(n + offset);
    for (float& value : x) value = static_cast<float>(draw_real(random, -1.0, 1.0));
    for (float& value : y) value = static_cast<float>(draw_real(random, -1.0, 1.0));
    const double found =
        kernels.dot(x.data() + offset, y.data() + offset, static_cast<std::int64_t>(n), y.data() + offset);
    const double expected = naive_dot(x.data() + offset, y.data() + offset, n);
    CHECK(std::memcmp(&found, &expected, sizeof found) == 0);
    long double precise = 0;
    for (std::size_t k = offset; k < n + offset; ++k) precise += static_cast<long double>(x[k]) * y[k];
    CHECK_NEAR(found, static_cast<double>(precise), 1e-14);
}

/// Four sums of sixteen lanes over whole runs of 64, the first alone over whole runs of sixteen, then the rest.
double naive_quick_dot(const float* x, const float* y, std::size_t n) {
    float sums[4][16] = {};
    std::size_t k = 0;
    for (; k + 64 <= n; k += 64)
        for (std::size_t l = 0; l < 64; ++l) sums[l / 16][l % 16] += x[k + l] * y[k + l];
    for (; k + 16 <= n; k += 16)
        for (std::size_t l = 0; l < 16; ++l) sums[0][l] += x[k + l] * y[k + l];
    double sum = 0;
    for (std::size_t l = 0; l < 16; ++l)
        sum += static_cast<double>((sums[0][l] + sums[1][l]) + (sums[2][l] + sums[3][l]));
    for (; k < n; ++k) sum += static_cast<double>(x[k]) * static_cast<double>(y[k]);
    return sum;
}

double norm_of(const std::vector<float>& x) {
    double squares = 0;
    for (const float value : x) squares += static_cast<double>(value) * static_cast<double>(value);
    return std::sqrt(squares);
}

/// Within its bound of the product, where all terms are of one sign, too, so that roundings add up.
void test_quick_dot(Random& random, const mot::Kernels& kernels, std::size_t n, std::size_t offset) {
    for (const double least : {-1.0, 0.0, 0.999}) {
        std::vector<float> x(n + offset), y(n + offset);
        for (float& value : x) value = static_cast<float>(draw_real(random, least, 1.0));
        for (float& value : y) value = static_cast<float>(draw_real(random, least, 1.0));
        const double found =
            kernels.quick_dot(x.data() + offset, y.data() + offset, static_cast<std::int64_t>(n), y.data() + offset);
        const double expected = naive_quick_dot(x.data() + offset, y.data() + offset, n);
        CHECK(std::memcmp(&found, &expected, sizeof found) == 0);
        CHECK_NEAR(found, naive_dot(x.data() + offset, y.data() + offset, n),
                   mot::error_of_quick_dot(static_cast<std::int64_t>(n)) * norm_of(x) * norm_of(y));
    }
}

/// Millions of equal terms: the sums round in one direction.
void test_long_quick_dot(const mot::Kernels& kernels) {
    const std::vector<float> x(3'000'001, 0.1f), y(x.size(), 0.3f);
    const auto n = static_cast<std::int64_t>(x.size());
    CHECK_NEAR(kernels.quick_dot(x.data(), y.data(), n, y.data()), naive_dot(x.data(), y.data(), x.size()),
               mot::error_of_quick_dot(n) * norm_of(x) * norm_of(y));
}

/// With any number of rows, the bits of one after the other.
void test_dots(Random& random, const mot::Kernels& kernels, std::size_t n, std::size_t offset) {
    for (std::size_t n_rows = 0; n_rows <= 9; ++n_rows) {
        std::vector<float> x(n + offset), y(n * n_rows);
        for (float& value : x) value = static_cast<float>(draw_real(random, -1.0, 1.0));
        for (float& value : y) value = static_cast<float>(draw_real(random, -1.0, 1.0));
        const std::vector<double> widened(y.begin(), y.end());
        std::vector<double> found(n_rows), expected(n_rows);
        for (std::size_t row = 0; row < n_rows; ++row)
            expected[row] = naive_dot(x.data() + offset, y.data() + row * n, n);
        kernels.dots(x.data() + offset, widened.data(), static_cast<std::int64_t>(n_rows), static_cast<std::int64_t>(n),
                     found.data());
        CHECK(has_same_bits(found, expected));
    }
}

void test_cost_of_negative_correlation(Random& random, const mot::Kernels& kernels, std::size_t n, std::size_t offset) {
    std::vector<float> values(n + offset + 1);
    for (float& value : values) value = static_cast<float>(draw_real(random, -1.1, 1.1));
    std::vector<float> expected = values;  // one value behind the end must stay as it is
    for (std::size_t k = offset; k < n + offset; ++k) expected[k] = 1.0f + std::min(1.0f, std::max(-1.0f, values[k]));
    kernels.cost_of_negative_correlation(values.data() + offset, static_cast<std::int64_t>(n));
    CHECK(has_same_bits(values, expected));
}

}  // namespace

int main() {
    Random random(11);
    for_each_version([&](const mot::Kernels& version) {
        for_each_length(version, [&](const mot::Kernels& kernels, std::size_t n, std::size_t offset) {
            test_dot(random, kernels, n, offset);
            test_quick_dot(random, kernels, n, offset);
            test_dots(random, kernels, n, offset);
            test_cost_of_negative_correlation(random, kernels, n, offset);
        });
        test_long_quick_dot(version);
    });
}
