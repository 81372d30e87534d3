/// Every version of every kernel gives the bits of a naive loop, at every length and offset.
#include "mot/kernels/kernels.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cases.hpp"
#include "check.hpp"

namespace {

using Hits = std::vector<std::int32_t>;

template <class Real>
std::vector<Real> random_values(Random& random, std::size_t n) {
    std::vector<Real> values(n);
    // A few of many are equal, so that comparisons meet ties; some are special.
    for (Real& value : values) {
        value = static_cast<Real>(draw(random, 0, 1) == 0 ? draw(random, -2, 2) : draw_real(random, -2.0, 2.0));
        const int kind = draw(random, 0, 40);
        if (kind == 0) value = std::numeric_limits<Real>::infinity();
        if (kind == 1) value = -std::numeric_limits<Real>::infinity();
        if (kind == 2) value = std::numeric_limits<Real>::quiet_NaN();
    }
    return values;
}

/// What `find(hits)` writes into room for exactly n hits.
template <class Find>
Hits hits_of(std::size_t n, Find find) {
    const std::unique_ptr<std::int32_t[]> hits(new std::int32_t[n]);
    const std::int64_t n_hits = find(hits.get());
    CHECK(n_hits >= 0 && n_hits <= static_cast<std::int64_t>(n));
    return Hits(hits.get(), hits.get() + n_hits);
}

template <class Test>
Hits naive_hits(std::size_t n, Test is_hit) {
    Hits hits;
    for (std::size_t k = 0; k < n; ++k)
        if (is_hit(k)) hits.push_back(static_cast<std::int32_t>(k));
    return hits;
}

/// `Below`, `BelowEach` and `Violated` are the kernels of one precision.
template <class Real, class Below, class BelowEach, class Violated>
void test_finders(Random& random, std::size_t n, std::size_t offset, Below below, BelowEach below_each,
                  Violated violated) {
    const std::vector<Real> values = random_values<Real>(random, n + offset);
    const std::vector<Real> thresholds = random_values<Real>(random, n + offset);
    const std::vector<double> potentials = random_values<double>(random, n + offset);
    const Real* x = values.data() + offset;
    const Real* each = thresholds.data() + offset;
    const double* v = potentials.data() + offset;
    const auto length = static_cast<std::int64_t>(n);
    for (const int level : {-3, -1, 0, 1, 3}) {
        const auto threshold = static_cast<Real>(level);
        CHECK(hits_of(n, [&](std::int32_t* hits) { return below(x, length, threshold, hits); }) ==
              naive_hits(n, [&](std::size_t k) { return x[k] < threshold; }));
        CHECK(hits_of(n, [&](std::int32_t* hits) { return violated(x, v, length, level, hits); }) ==
              naive_hits(n, [&](std::size_t k) { return static_cast<double>(x[k]) - v[k] < level; }));
    }
    CHECK(hits_of(n, [&](std::int32_t* hits) { return below_each(x, each, length, hits); }) ==
          naive_hits(n, [&](std::size_t k) { return x[k] < each[k]; }));
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
    const double found = kernels.dot(x.data() + offset, y.data() + offset, static_cast<std::int64_t>(n));
    const double expected = naive_dot(x.data() + offset, y.data() + offset, n);
    CHECK(std::memcmp(&found, &expected, sizeof found) == 0);
    long double precise = 0;
    for (std::size_t k = offset; k < n + offset; ++k) precise += static_cast<long double>(x[k]) * y[k];
    CHECK_NEAR(found, static_cast<double>(precise), 1e-14);
}

void test_cost_of_negative_correlation(Random& random, const mot::Kernels& kernels, std::size_t n, std::size_t offset) {
    std::vector<float> values(n + offset + 1);
    for (float& value : values) value = static_cast<float>(draw_real(random, -1.1, 1.1));
    std::vector<float> expected = values;  // one value behind the end must stay as it is
    for (std::size_t k = offset; k < n + offset; ++k) expected[k] = 1.0f + std::min(1.0f, std::max(-1.0f, values[k]));
    kernels.cost_of_negative_correlation(values.data() + offset, static_cast<std::int64_t>(n));
    CHECK(std::memcmp(values.data(), expected.data(), values.size() * sizeof(float)) == 0);
}

void test_relax(Random& random, const mot::Kernels& kernels, std::size_t n, std::size_t offset) {
    std::vector<double> cost(n + offset), price(n + offset), distance(n + offset);
    for (std::size_t k = 0; k < n + offset; ++k) {
        cost[k] = draw(random, 0, 9) == 0 ? infinity : draw(random, 0, 9);
        price[k] = draw(random, 0, 9) == 0 ? -infinity : draw(random, -3, 0);
        distance[k] = draw(random, 0, 3) == 0 ? infinity : draw(random, 0, 9);
    }
    std::vector<std::int32_t> reached_from(n + offset, -1);
    std::vector<double> expected = distance;
    std::vector<std::int32_t> expected_from = reached_from;
    double expected_least = infinity;
    for (std::size_t k = offset; k < n + offset; ++k) {
        if (cost[k] - price[k] + 2.0 < distance[k]) expected_from[k] = 7;
        expected[k] = std::min(distance[k], cost[k] - price[k] + 2.0);
        expected_least = std::min(expected_least, expected[k]);
    }
    const double least =
        kernels.relax(cost.data() + offset, price.data() + offset, 2.0, 7, static_cast<std::int64_t>(n),
                      distance.data() + offset, reached_from.data() + offset);
    CHECK(least == expected_least && distance == expected && reached_from == expected_from);
}

}  // namespace

int main() {
    Random random(11);
    std::set<std::string> names;
    const mot::Kernels* const* version = mot::available_kernels();
    for (; *version; ++version) {
        const mot::Kernels& kernels = **version;
        names.insert(kernels.name);
        for (std::size_t n = 0; n <= 70; ++n)
            for (std::size_t offset = 0; offset < 4; ++offset) {
                case_name = std::string(kernels.name) + ", length " + std::to_string(n);
                test_finders<float>(random, n, offset, kernels.find_below_float, kernels.find_below_each_float,
                                    kernels.find_violated_float);
                test_finders<double>(random, n, offset, kernels.find_below_double, kernels.find_below_each_double,
                                     kernels.find_violated_double);
                test_dot(random, kernels, n, offset);
                test_cost_of_negative_correlation(random, kernels, n, offset);
                test_relax(random, kernels, n, offset);
            }
    }
    CHECK(names.count("baseline") == 1);
    CHECK(names.count(mot::kernels().name) == 1);
    CHECK(static_cast<std::size_t>(version - mot::available_kernels()) == names.size());
}
