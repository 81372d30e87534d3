/// Every version of the kernels that screen costs gives the bits of a naive loop, or of the first version.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "mot/kernels/kernels.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

using mot::FixedCost;

template <class T>
bool has_same_bits(const std::vector<T>& x, const std::vector<T>& y) {
    return x.size() == y.size() && (x.empty() || std::memcmp(x.data(), y.data(), x.size() * sizeof(T)) == 0);
}

std::vector<float> random_floats(Random& random, std::size_t n, double largest) {
    std::vector<float> values(n);
    for (float& value : values) value = static_cast<float>(draw_real(random, -largest, largest));
    return values;
}

/// Differences of all sizes that 16 bits hold, and many that are at the threshold.
void test_find_below(Random& random, const mot::Kernels& kernels, std::size_t n, std::size_t offset) {
    for (const int threshold : {-32768, -100, 0, 7, 32767}) {
        std::vector<FixedCost> x(n + offset), v(n + offset);
        for (std::size_t k = 0; k < n + offset; ++k) {
            v[k] = static_cast<FixedCost>(draw(random, -16384, 16383));
            const int difference =
                draw(random, 0, 2) == 0 ? threshold + draw(random, -1, 1) : draw(random, -16384, 16383);
            x[k] = static_cast<FixedCost>(std::clamp(v[k] + std::clamp(difference, -32768, 32767), -32768, 32767));
        }
        std::vector<std::int32_t> expected;
        for (std::size_t k = 0; k < n; ++k)
            if (x[k + offset] - v[k + offset] < threshold) expected.push_back(static_cast<std::int32_t>(k));
        std::vector<std::int32_t> hits(n);
        const std::int64_t n_hits =
            kernels.find_below(x.data() + offset, v.data() + offset, static_cast<std::int64_t>(n),
                               static_cast<FixedCost>(threshold), hits.data());
        hits.resize(static_cast<std::size_t>(n_hits));
        CHECK(hits == expected);
    }
}

/// Products of all sizes: beyond 2^31 apart from the correction, and with correlations beyond 1.
void test_fixed_costs(Random& random, const mot::Kernels& kernels, std::size_t n, std::size_t offset) {
    constexpr float scale = 1e-3f;
    for (const int correction : {0, 77, -2000000000, 2147483647}) {
        std::vector<std::int32_t> products(n + offset);
        std::vector<float> scales(n + offset);
        for (std::size_t k = 0; k < n + offset; ++k) {
            const int product = draw(random, -1000000, 1000000) / (draw(random, 0, 1) == 0 ? 1 : 1000);
            products[k] =
                static_cast<std::int32_t>(static_cast<std::uint32_t>(product) + static_cast<std::uint32_t>(correction));
            scales[k] = static_cast<float>(draw_real(random, 0.0, 100.0));
        }
        std::vector<FixedCost> costs(n + offset + 1, 99);  // one value behind the end must stay as it is
        std::vector<FixedCost> expected = costs;
        for (std::size_t k = offset; k < n + offset; ++k) {
            const auto product = static_cast<std::int32_t>(static_cast<std::uint32_t>(products[k]) -
                                                           static_cast<std::uint32_t>(correction));
            const float r = static_cast<float>(product) * (scale * scales[k]);
            expected[k] = static_cast<FixedCost>(std::nearbyint(-std::clamp(r, -16384.0f, 16384.0f)));
        }
        kernels.fixed_costs(products.data() + offset, correction, scale, scales.data() + offset,
                            static_cast<std::int64_t>(n), costs.data() + offset);
        CHECK(costs == expected);
    }
}

/// The bytes and their sums are those of a naive loop; the sum of squared errors has the bits of the first version.
void test_round_to_bytes(Random& random, const mot::Kernels& kernels, std::size_t n, std::size_t offset) {
    for (const int largest : {63, 127}) {
        std::vector<float> x = random_floats(random, n + offset, 1.0);
        const float scale = 1.0f / static_cast<float>(largest);
        for (float& value : x)
            if (draw(random, 0, 3) == 0)
                value = static_cast<float>(draw(random, -2 * largest, 2 * largest)) / 2 * scale;
        std::vector<std::int8_t> bytes(n + offset + 1, 99), expected = bytes, of_first = bytes;
        double squared_error = 0;
        std::int64_t sum = 0;
        const float per_scale = 1.0f / scale;
        for (std::size_t k = offset; k < n + offset; ++k) {
            const auto whole = static_cast<int>(std::nearbyint(x[k] * per_scale));
            const double error = static_cast<double>(x[k]) - static_cast<double>(scale) * whole;
            expected[k] = static_cast<std::int8_t>(whole);
            squared_error += error * error;
            sum += whole;
        }
        const auto length = static_cast<std::int64_t>(n);
        const mot::ByteRounding found =
            kernels.round_to_bytes(x.data() + offset, length, scale, per_scale, bytes.data() + offset);
        CHECK(bytes == expected && found.sum == sum);
        // Differences, their squares and the sums of these are rounded to single precision.
        CHECK_NEAR(found.squared_error, squared_error, 2e-9 * static_cast<double>(n) + 1e-6 * squared_error);
        const mot::ByteRounding first = mot::available_kernels()[0]->round_to_bytes(
            x.data() + offset, length, scale, per_scale, of_first.data() + offset);
        CHECK(std::memcmp(&found.squared_error, &first.squared_error, sizeof(double)) == 0);
    }
}

/// So many squared errors that their sum would be far off if it were made in single precision alone.
void test_rounding_of_many(const mot::Kernels& kernels) {
    constexpr std::int64_t n = (std::int64_t{1} << 22) + 5;
    const std::vector<float> x(n, -0.99f);
    std::vector<std::int8_t> bytes(n);
    const mot::ByteRounding found = kernels.round_to_bytes(x.data(), n, 0.0078125f, 128.0f, bytes.data());
    const double error = static_cast<double>(x[0]) + 127 * 0.0078125;
    const double expected = error * error * static_cast<double>(n);
    CHECK(found.sum == -127 * n);
    constexpr double of_squares = (mot::most_squares_in_single_precision + 1) * 0x1p-24;
    CHECK_NEAR(found.squared_error, expected, of_squares * expected);
}

/// Row k of a Hadamard matrix has the sign of the parity of the bits that its number shares with the column's.
bool is_odd(std::size_t bits) {
    bool odd = false;
    for (; bits != 0; bits &= bits - 1) odd = !odd;
    return odd;
}

void test_mix(Random& random, const mot::Kernels& kernels) {
    for (std::size_t n = 1; n <= 2048; n *= 2)
        for (std::size_t offset = 0; offset < 3; ++offset) {
            case_name = std::string(kernels.name) + ", mixing " + std::to_string(n);
            const std::vector<float> x = random_floats(random, n + offset, 1.0);
            const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(n)));
            std::vector<float> factors(n);
            for (float& factor : factors) factor = draw(random, 0, 1) == 0 ? -scale : scale;
            const auto length = static_cast<std::int64_t>(n);
            std::vector<float> mixed = x, of_first = x, apart(n);
            kernels.mix(mixed.data() + offset, factors.data(), length, mixed.data() + offset);
            mot::available_kernels()[0]->mix(of_first.data() + offset, factors.data(), length,
                                             of_first.data() + offset);
            CHECK(has_same_bits(mixed, of_first));
            kernels.mix(x.data() + offset, factors.data(), length, apart.data());
            CHECK(std::memcmp(apart.data(), mixed.data() + offset, n * sizeof(float)) == 0);
            for (std::size_t k = 0; k < offset; ++k) CHECK(mixed[k] == x[k]);
            for (std::size_t row = 0; row < n; ++row) {
                double sum = 0;
                for (std::size_t k = 0; k < n; ++k)
                    sum += (is_odd(row & k) ? -1.0 : 1.0) * static_cast<double>(factors[k]) *
                           static_cast<double>(x[k + offset]);
                CHECK_NEAR(mixed[row + offset], sum, 4e-6);
            }
        }
}

/// Whole numbers leave nothing to round: the sums are exact.
void test_mix_of_whole_numbers(Random& random, const mot::Kernels& kernels) {
    for (std::size_t n = 1; n <= 512; n *= 2) {
        std::vector<float> x(n), expected(n);
        for (float& value : x) value = static_cast<float>(draw(random, -1000, 1000));
        for (std::size_t row = 0; row < n; ++row)
            for (std::size_t k = 0; k < n; ++k) expected[row] += is_odd(row & k) ? -x[k] : x[k];
        const std::vector<float> ones(n, 1.0f);
        kernels.mix(x.data(), ones.data(), static_cast<std::int64_t>(n), x.data());
        CHECK(x == expected);
    }
}

/// Nothing is written beside the words.
void test_transpose_words(Random& random, const mot::Kernels& kernels) {
    for (const std::size_t n_rows : {0u, 1u, 3u, 4u, 7u, 8u, 9u, 16u, 17u})
        for (const std::size_t n_columns : {0u, 1u, 3u, 4u, 7u, 8u, 9u, 16u, 17u, 40u}) {
            case_name = std::string(kernels.name) + ", transposing " + std::to_string(n_rows) + " x " +
                        std::to_string(n_columns);
            const std::size_t stride = n_columns + 2, to_stride = n_rows + 3;
            std::vector<std::uint32_t> words(n_rows * stride), found((n_columns + 1) * to_stride);
            for (std::uint32_t& each : words) each = static_cast<std::uint32_t>(draw(random, 0, 2147483646));
            std::vector<std::uint32_t> expected = found;
            for (std::size_t r = 0; r < n_rows; ++r)
                for (std::size_t c = 0; c < n_columns; ++c) expected[c * to_stride + r] = words[r * stride + c];
            const auto in_bytes = [](std::size_t n) { return static_cast<std::int64_t>(4 * n); };
            kernels.transpose_words(words.data(), in_bytes(stride), static_cast<std::int64_t>(n_rows),
                                    static_cast<std::int64_t>(n_columns), found.data(), in_bytes(to_stride));
            CHECK(found == expected);
        }
}

void test_squared_norm(Random& random, const mot::Kernels& kernels) {
    for (std::size_t n = 0; n <= 70; ++n) {
        case_name = std::string(kernels.name) + ", norm of " + std::to_string(n);
        const std::vector<float> x = random_floats(random, n, 1.0);
        const auto length = static_cast<std::int64_t>(n);
        const double found = kernels.squared_norm(x.data(), length);
        const double expected = mot::available_kernels()[0]->dot(x.data(), x.data(), length, x.data());
        CHECK(std::memcmp(&found, &expected, sizeof found) == 0);
    }
}

}  // namespace

int main() {
    Random random(13);
    std::vector<std::size_t> lengths{127, 128, 129, 191, 192, 193, 257};
    for (std::size_t n = 0; n <= 70; ++n) lengths.push_back(n);
    for (const mot::Kernels* const* version = mot::available_kernels(); *version; ++version) {
        for (const std::size_t n : lengths)
            for (std::size_t offset = 0; offset < 3; ++offset) {
                case_name = std::string((*version)->name) + ", length " + std::to_string(n);
                test_find_below(random, **version, n, offset);
                test_fixed_costs(random, **version, n, offset);
                test_round_to_bytes(random, **version, n, offset);
            }
        test_mix(random, **version);
        test_mix_of_whole_numbers(random, **version);
        test_rounding_of_many(**version);
        test_transpose_words(random, **version);
        test_squared_norm(random, **version);
    }
}
