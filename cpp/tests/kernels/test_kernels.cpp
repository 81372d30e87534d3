/// Every version of every kernel gives the bits of a naive loop, at every length and offset.
#include "mot/kernels/kernels.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

using Hits = std::vector<std::int32_t>;

template <class T>
bool has_same_bits(const std::vector<T>& x, const std::vector<T>& y) {
    return x.size() == y.size() && (x.empty() || std::memcmp(x.data(), y.data(), x.size() * sizeof(T)) == 0);
}

/// The value of an empty lane, and the cost of a pair that is missing, or as dear as can be.
template <class Real>
constexpr Real above_all = std::numeric_limits<Real>::infinity();
template <>
constexpr mot::FixedCost above_all<mot::FixedCost> = 32767;

/// A few of many are equal, so that comparisons meet ties; one in `one_special_in` is infinite or no number.
template <class Real>
std::vector<Real> random_values(Random& random, std::size_t n, int one_special_in) {
    std::vector<Real> values(n);
    for (Real& value : values) {
        value = static_cast<Real>(draw(random, 0, 1) == 0 ? draw(random, -2, 2) : draw_real(random, -2.0, 2.0));
        if (draw(random, 0, 9) == 0) value *= 0;  // of either sign
        const int kind = draw(random, 1, 3 * one_special_in);
        if (kind == 1) value = std::numeric_limits<Real>::infinity();
        if (kind == 2) value = -std::numeric_limits<Real>::infinity();
        if (kind == 3) value = std::numeric_limits<Real>::quiet_NaN();
    }
    return values;
}

template <>
std::vector<mot::FixedCost> random_values(Random& random, std::size_t n, int one_special_in) {
    std::vector<mot::FixedCost> values(n);
    for (mot::FixedCost& value : values) {
        value =
            static_cast<mot::FixedCost>(draw(random, 0, 1) == 0 ? draw(random, -2, 2) : draw(random, -16384, 16384));
        const int kind = draw(random, 1, 3 * one_special_in);
        if (kind == 1) value = above_all<mot::FixedCost>;
        if (kind == 2) value = -32768;
    }
    return values;
}

template <class Real>
void test_largest_magnitude(const mot::RowKernels<Real>& kernels, const Real* x, std::size_t n) {
    const Real found = kernels.largest_magnitude(x, static_cast<std::int64_t>(n));
    if (std::any_of(x, x + n, [](Real value) { return std::isnan(value); })) {
        CHECK(std::isnan(found));
        return;
    }
    Real expected = 0;
    for (std::size_t k = 0; k < n; ++k) expected = std::max(expected, std::abs(x[k]));
    CHECK(found == expected && !std::signbit(found));
}

/// The lowest number has no counterpart of the other sign.
void test_largest_magnitude(const mot::RowKernels<mot::FixedCost>& kernels, const mot::FixedCost* x, std::size_t n) {
    int expected = 0;
    for (std::size_t k = 0; k < n; ++k) expected = std::max(expected, std::min(32767, std::abs(int{x[k]})));
    CHECK(kernels.largest_magnitude(x, static_cast<std::int64_t>(n)) == expected);
}

/// Each of the values in turn no number or infinite: neither may be lost, wherever it stands.
template <class Real>
void test_largest_magnitude_of_one_special(const mot::RowKernels<Real>& kernels, std::vector<Real> values) {
    for (Real& value : values)
        if (!std::isfinite(value)) value = -3;
    for (const Real special : {std::numeric_limits<Real>::quiet_NaN(), -std::numeric_limits<Real>::quiet_NaN(),
                               -std::numeric_limits<Real>::infinity(), std::numeric_limits<Real>::denorm_min()})
        for (Real& value : values) {
            const Real before = std::exchange(value, special);
            test_largest_magnitude(kernels, values.data(), values.size());
            value = before;
        }
}

template <class Real>
void test_lane_minima(const mot::RowKernels<Real>& kernels, const Real* x, std::size_t n) {
    using Index = typename mot::RowKernels<Real>::Index;
    constexpr std::size_t n_lanes = 32;
    std::vector<Real> expected(n_lanes, above_all<Real>);
    std::vector<Index> expected_where(n_lanes, -1);
    for (std::size_t k = 0; k < n; ++k)
        if (x[k] < expected[k % n_lanes]) {
            expected[k % n_lanes] = x[k];
            expected_where[k % n_lanes] = static_cast<Index>(k / n_lanes);
        }
    std::vector<Real> minima(n_lanes, static_cast<Real>(-99));  // left by another row
    std::vector<Index> where(n_lanes, 99);
    kernels.find_lane_minima(x, static_cast<std::int64_t>(n), minima.data(), where.data());
    CHECK(has_same_bits(minima, expected));
    CHECK(where == expected_where);
}

template <class Real>
void test_rank(const mot::RowKernels<Real>& kernels, const Real* x) {
    using Index = typename mot::RowKernels<Real>::Index;
    std::vector<Index> rank(32, -1);
    kernels.rank_lanes(x, rank.data());
    std::vector<std::size_t> order(32);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [x](std::size_t k, std::size_t l) { return x[k] < x[l]; });
    for (std::size_t place = 0; place < 32; ++place) CHECK(rank[order[place]] == static_cast<Index>(place));
}

/// Lanes with values that differ, that are equal now and then, and that are all the same; infinity is an empty lane.
template <class Real>
void test_rank_lanes(Random& random, const mot::RowKernels<Real>& kernels) {
    for (const int highest : {0, 1, 10, 30000})
        for (const int percent_empty : {0, 50, 100}) {
            Real x[32];
            for (Real& value : x)
                value = draw(random, 1, 100) <= percent_empty ? above_all<Real>
                                                              : static_cast<Real>(draw(random, -highest, highest));
            test_rank(kernels, x);
        }
}

template <class Real>
void test_lower_minima(Random& random, const mot::RowKernels<Real>& kernels, const Real* x, std::size_t n) {
    using Index = typename mot::RowKernels<Real>::Index;
    std::vector<Real> minima = random_values<Real>(random, n, 10);
    std::vector<Index> where(n);
    for (Index& row : where) row = static_cast<Index>(draw(random, -1, 32767));
    std::vector<Real> expected = minima;
    std::vector<Index> expected_where = where;
    const auto row = static_cast<Index>(draw(random, 0, 32767));
    for (std::size_t k = 0; k < n; ++k)
        if (x[k] < expected[k]) {
            expected[k] = x[k];
            expected_where[k] = row;
        }
    kernels.lower_minima(x, static_cast<std::int64_t>(n), row, minima.data(), where.data());
    CHECK(has_same_bits(minima, expected));
    CHECK(where == expected_where);
}

template <class Real>
void test_violated(Random& random, const mot::RowKernels<Real>& kernels, const Real* x, std::size_t n) {
    const std::vector<double> v = random_values<double>(random, n, 10);
    for (const double threshold : {-3.0, -1.0, 0.0, 1.0, 3.0, infinity}) {
        const std::unique_ptr<std::int32_t[]> hits(new std::int32_t[n]);  // room for no more
        const std::int64_t n_hits =
            kernels.find_violated(x, v.data(), static_cast<std::int64_t>(n), threshold, hits.get());
        CHECK(n_hits >= 0 && n_hits <= static_cast<std::int64_t>(n));
        Hits expected;
        for (std::size_t k = 0; k < n; ++k)
            if (!(mot::cost_of(x[k]) - v[k] >= threshold)) expected.push_back(static_cast<std::int32_t>(k));
        CHECK(Hits(hits.get(), hits.get() + n_hits) == expected);
    }
}

template <class Real>
void test_row_kernels(Random& random, const mot::RowKernels<Real>& kernels, std::size_t n, std::size_t offset) {
    // Rarely a special value, so that whole rows are finite; or often, so that whole lanes are not.
    for (const int one_special_in : {1000, 20, 2}) {
        const std::vector<Real> values = random_values<Real>(random, n + offset, one_special_in);
        const Real* x = values.data() + offset;
        test_largest_magnitude(kernels, x, n);
        test_lane_minima(kernels, x, n);
        test_lower_minima(random, kernels, x, n);
        test_violated(random, kernels, x, n);
    }
    if constexpr (!std::is_same_v<Real, mot::FixedCost>)
        if (offset == 0) test_largest_magnitude_of_one_special(kernels, random_values<Real>(random, n, 1000));
}

/// A potential just off the threshold must not be rounded to it in single precision.
template <class Real>
void test_no_rounding_of_potentials(const mot::RowKernels<Real>& kernels) {
    const std::vector<Real> x(20, 1);
    std::vector<std::int32_t> hits(20);
    for (const double excess : {1e-12, -1e-12}) {
        const std::vector<double> v(20, 0.5 + excess);
        const std::int64_t n_hits = kernels.find_violated(x.data(), v.data(), 20, 0.5, hits.data());
        CHECK(n_hits == (excess > 0 ? 20 : 0));
    }
}

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

/// Prices and lengths are whole, so that there are many ties, in units that whole lengths have, too.
template <class Real>
void test_relax(Random& random, const mot::RowKernels<Real>& kernels, std::size_t n, std::size_t offset) {
    using Length = mot::PathLength<Real>;
    constexpr Length none = mot::no_path<Length>;
    std::vector<Real> cost(n + offset);
    std::vector<Length> price(n + offset), distance(n + offset);
    for (std::size_t k = 0; k < n + offset; ++k) {
        cost[k] = draw(random, 0, 9) == 0 ? above_all<Real> : static_cast<Real>(draw(random, 0, 9));
        price[k] = draw(random, 0, 9) == 0 ? -(none + none / 2) : static_cast<Length>(draw(random, -3, 0));
        distance[k] = draw(random, 0, 3) == 0 ? none : static_cast<Length>(draw(random, 0, 9));
    }
    std::vector<std::int32_t> reached_from(n + offset, -1);
    std::vector<Length> expected = distance;
    std::vector<std::int32_t> expected_from = reached_from;
    Length expected_least = none;
    for (std::size_t k = offset; k < n + offset; ++k) {
        const Length way = static_cast<Length>(cost[k]) - price[k] + 2;
        if (way < distance[k]) expected_from[k] = 7;
        expected[k] = std::min(distance[k], way);
        expected_least = std::min(expected_least, expected[k]);
    }
    const Length least = kernels.relax(cost.data() + offset, price.data() + offset, 2, 7, static_cast<std::int64_t>(n),
                                       distance.data() + offset, reached_from.data() + offset);
    CHECK(least == expected_least && distance == expected && reached_from == expected_from);
}

/// Whole numbers have many ties; missing pairs cost infinity, or as much as can be, and all may be missing.
template <class Real>
void test_two_least(Random& random, const mot::RowKernels<Real>& kernels, std::size_t n, std::size_t offset) {
    using Length = mot::PathLength<Real>;
    for (const int percent_missing : {0, 50, 98, 100})
        for (const bool is_whole : {false, true}) {
            std::vector<Real> cost(n + offset);
            std::vector<Length> v(n + offset);
            for (std::size_t k = 0; k < n + offset; ++k) {
                cost[k] = static_cast<Real>(is_whole ? draw(random, -9, 9) : draw_real(random, -9.0, 9.0));
                v[k] = static_cast<Length>(is_whole ? draw(random, -9, 0) : draw_real(random, -9.0, 0.0));
                if (draw(random, 1, 100) <= percent_missing) cost[k] = above_all<Real>;
            }
            Length expected[] = {mot::no_path<Length>, mot::no_path<Length>};
            std::int64_t expected_where = -1;
            for (std::size_t k = 0; k < n; ++k) {
                const Length value = static_cast<Length>(cost[k + offset]) - v[k + offset];
                if (value < expected[0]) {
                    expected[1] = std::exchange(expected[0], value);
                    expected_where = static_cast<std::int64_t>(k);
                } else {
                    expected[1] = std::min(expected[1], value);
                }
            }
            Length found[] = {-99, -99};
            const std::int64_t where =
                kernels.find_two_least(cost.data() + offset, v.data() + offset, static_cast<std::int64_t>(n), found);
            CHECK(where == expected_where && found[0] == expected[0] && found[1] == expected[1]);
        }
}

/// Few of many are equal, or all; no number is equal to none.
template <class Number>
void test_equal(Random& random, std::int64_t (*find_equal)(const Number*, Number, std::int64_t, std::int32_t*),
                std::size_t n, std::size_t offset) {
    for (const int most : {0, 1, 20}) {
        std::vector<Number> x(n + offset);
        for (Number& value : x) value = static_cast<Number>(draw(random, 0, most));
        if constexpr (!std::is_integral_v<Number>)
            for (Number& value : x)
                if (draw(random, 0, 9) == 0) value = std::numeric_limits<Number>::quiet_NaN();
        for (const Number value : {Number{0}, Number{7}, static_cast<Number>(most)}) {
            const std::unique_ptr<std::int32_t[]> places(new std::int32_t[n]);  // room for no more
            const std::int64_t n_equal =
                find_equal(x.data() + offset, value, static_cast<std::int64_t>(n), places.get());
            Hits expected;
            for (std::size_t k = 0; k < n; ++k)
                if (x[k + offset] == value) expected.push_back(static_cast<std::int32_t>(k));
            CHECK(Hits(places.get(), places.get() + n_equal) == expected);
        }
    }
}

template <class Real>
void test_searches(Random& random, const mot::RowKernels<Real>& kernels, std::size_t n, std::size_t offset) {
    test_relax(random, kernels, n, offset);
    test_two_least(random, kernels, n, offset);
    test_equal<Real>(random, kernels.find_equal, n, offset);
    test_equal<mot::PathLength<Real>>(random, kernels.find_equal_lengths, n, offset);
}

void test_version(Random& random, const mot::Kernels& kernels) {
    std::vector<std::size_t> lengths{127, 128, 129, 191, 192, 193, 257};
    for (std::size_t n = 0; n <= 70; ++n) lengths.push_back(n);
    for (const std::size_t n : lengths)
        for (std::size_t offset = 0; offset < 4; ++offset) {
            case_name = std::string(kernels.name) + ", length " + std::to_string(n);
            test_row_kernels<float>(random, kernels.of_float, n, offset);
            test_row_kernels<double>(random, kernels.of_double, n, offset);
            test_row_kernels<mot::FixedCost>(random, kernels.of_fixed, n, offset);
            test_dot(random, kernels, n, offset);
            test_quick_dot(random, kernels, n, offset);
            test_dots(random, kernels, n, offset);
            test_cost_of_negative_correlation(random, kernels, n, offset);
            test_searches(random, kernels.of_float, n, offset);
            test_searches(random, kernels.of_double, n, offset);
            test_searches(random, kernels.of_fixed, n, offset);
        }
    test_long_quick_dot(kernels);
    test_rank_lanes(random, kernels.of_float);
    test_rank_lanes(random, kernels.of_double);
    test_rank_lanes(random, kernels.of_fixed);
    test_no_rounding_of_potentials(kernels.of_float);
    test_no_rounding_of_potentials(kernels.of_double);
}

}  // namespace

int main() {
    Random random(11);
    std::set<std::string> names;
    const mot::Kernels* const* version = mot::available_kernels();
    for (; *version; ++version) {
        names.insert((*version)->name);
        test_version(random, **version);
    }
    CHECK(names.count("baseline") == 1);
    CHECK(names.count(mot::kernels().name) == 1);
    CHECK(static_cast<std::size_t>(version - mot::available_kernels()) == names.size());
}
