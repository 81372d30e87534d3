/// Every version of the kernels of rows gives the bits of a naive loop, at every length and offset.
#include "mot/kernels/kernels.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <type_traits>
#include <utility>
#include <vector>

#include "kernels/versions.hpp"
#include "mot/types/double_double.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

using Hits = std::vector<std::int32_t>;

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

/// By sums of `DoubleDouble`, to the bit: large numbers that nearly cancel, too, and none above zero.
template <class Real>
void test_largest_excess(Random& random, const mot::RowKernels<Real>& kernels, std::size_t n, std::size_t offset) {
    for (const double size : {1.0, 1e8, 1e-3}) {
        const double u = size * draw_real(random, -1.0, 1.0);
        std::vector<Real> cost = random_values<Real>(random, n + offset, 100000);
        std::vector<double> v(n + offset);
        for (std::size_t k = 0; k < v.size(); ++k) {
            if (!std::isfinite(mot::cost_of(cost[k]))) cost[k] = 0;
            // Close to the cost less u, or anywhere.
            const double noise = draw_real(random, -1.0, 0.1) * (draw(random, 0, 1) == 0 ? size : 1e-16);
            v[k] = mot::cost_of(cost[k]) - u + noise;
        }
        double expected = 0;
        for (std::size_t k = offset; k < v.size(); ++k) {
            mot::DoubleDouble excess = u;
            excess += v[k];
            excess -= mot::cost_of(cost[k]);
            expected = std::max(expected, mot::rounded(excess));
        }
        const double found =
            kernels.largest_excess(cost.data() + offset, v.data() + offset, static_cast<std::int64_t>(n), u);
        CHECK(found == expected && !std::signbit(found));
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
    test_largest_excess(random, kernels, n, offset);
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

}  // namespace

int main() {
    Random random(11);
    for_each_version([&](const mot::Kernels& version) {
        for_each_length(version, [&](const mot::Kernels& kernels, std::size_t n, std::size_t offset) {
            test_row_kernels<float>(random, kernels.of_float, n, offset);
            test_row_kernels<double>(random, kernels.of_double, n, offset);
            test_row_kernels<mot::FixedCost>(random, kernels.of_fixed, n, offset);
        });
        test_rank_lanes(random, version.of_float);
        test_rank_lanes(random, version.of_double);
        test_rank_lanes(random, version.of_fixed);
        test_no_rounding_of_potentials(version.of_float);
        test_no_rounding_of_potentials(version.of_double);
    });
}
