/// A search of costs in 16 bits finds what comparisons of doubles find, whatever potentials and thresholds are.
#include "mot/costs/row_search.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "oracles/transport.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

using mot::FixedCost;
using mot::Node;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

template <class Real>
void check_search(const std::vector<Real>& row, const std::vector<double>& v, double threshold) {
    std::vector<Node> expected;
    for (std::size_t j = 0; j < row.size(); ++j)
        if (!(mot::cost_of(row[j]) - v[j] >= threshold)) expected.push_back(static_cast<Node>(j));
    std::vector<Node> hits(row.size());
    const std::int64_t n = mot::RowSearch<Real>(v).find(row.data(), threshold, hits.data());
    hits.resize(static_cast<std::size_t>(n));
    CHECK(hits == expected);
}

std::vector<FixedCost> draw_row(Random& random, std::size_t n) {
    const int highest = draw(random, 0, 3) == 0 ? 16384 : draw(random, 0, 200);
    std::vector<FixedCost> row(n);
    for (FixedCost& cost : row) cost = static_cast<FixedCost>(draw(random, -highest, highest));
    if (draw(random, 0, 3) == 0) row[0] = -16384;
    if (draw(random, 0, 3) == 0) row[n - 1] = 16384;
    return row;
}

/// Thresholds at and next to the reduced costs themselves, and out of all range.
void test_thresholds(Random& random, const std::vector<double>& v) {
    const std::vector<FixedCost> row = draw_row(random, v.size());
    std::vector<double> thresholds{0.0,   -0.0,   infinity, -infinity, not_a_number, 1e300, -1e300, 1e5, -1e5,
                                   4.999, -4.999, std::numeric_limits<double>::denorm_min()};
    for (int k = 0; k < 20; ++k) {
        const std::size_t j = draw_size(random, 0, v.size() - 1);
        const double reduced = mot::cost_of(row[j]) - v[j];
        for (const double threshold : {reduced, std::nextafter(reduced, infinity), std::nextafter(reduced, -infinity),
                                       reduced + mot::fixed_cost_unit, reduced - mot::fixed_cost_unit})
            thresholds.push_back(threshold);
        thresholds.push_back(draw_real(random, -6.0, 6.0));
    }
    for (const double threshold : thresholds) check_search(row, v, threshold);
    const std::vector<float> in_single(row.begin(), row.end());
    const std::vector<double> in_double(row.begin(), row.end());
    for (const double threshold : thresholds) {
        check_search(in_single, v, threshold);
        check_search(in_double, v, threshold);
    }
}

void test_potentials(Random& random, std::size_t n) {
    const double width = draw(random, 0, 3) == 0 ? 1e-3 : 3.0;
    std::vector<double> v(n);
    for (double& potential : v) potential = draw_real(random, -width, width);
    case_name = "plain, " + std::to_string(n);
    test_thresholds(random, v);

    case_name = "whole units, " + std::to_string(n);
    std::vector<double> whole = v;
    for (double& potential : whole) potential = mot::fixed_cost_unit * std::round(potential / mot::fixed_cost_unit);
    test_thresholds(random, whole);

    case_name = "units without mass, " + std::to_string(n);
    std::vector<double> with_infinite = v;
    for (double& potential : with_infinite)
        if (draw(random, 0, 4) == 0) potential = -infinity;
    test_thresholds(random, with_infinite);
    test_thresholds(random, std::vector<double>(n, -infinity));

    for (const double shift : {1e3, -1e3, 1e8, -1e8, 1e14, 1e300}) {
        case_name = "shifted, " + std::to_string(n);
        std::vector<double> shifted = v;
        for (double& potential : shifted) potential += shift;
        test_thresholds(random, shifted);
    }

    case_name = "far apart, " + std::to_string(n);
    std::vector<double> far_apart = v;
    for (double& potential : far_apart) potential *= std::pow(10.0, draw(random, 0, 6));
    test_thresholds(random, far_apart);

    case_name = "one far above, " + std::to_string(n);
    std::vector<double> above = v;
    above[draw_size(random, 0, n - 1)] = 1e6;
    test_thresholds(random, above);
}

}  // namespace

int main() {
    Random random(21);
    for (int round = 0; round < 40; ++round) test_potentials(random, draw_size(random, 1, 200));
}
