/// Partial transport against slow methods: every mass, every price, and the curve of least cost between them.
#include "mot/solve/partial.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "oracles/partial_transport.hpp"
#include "support/check.hpp"
#include "support/cost_families.hpp"
#include "support/partial_problems.hpp"
#include "support/problems.hpp"

namespace {

using mot::PartialCurve;
using mot::PartialGoal;
using mot::Solution;

/// How much a figure of the answer may be off.
struct Allowed {
    double cost, mass, price;

    explicit Allowed(const CallerCase& given)
        : cost(1e-12 * given.scale() * given.total() + 1e-320),
          mass(1e-12 * given.total()),
          price(1e-11 * given.scale() + 1e-320) {}
};

/// In the caller's unit. Rounding may carry a little more than there is.
double least_cost(const SlowCurve& slow, double mass, double unit) {
    return slow.cost(std::min(mass / unit, static_cast<double>(slow.end()))) * unit;
}

/// At every breakpoint of either curve the masses are those of the other; prices increase.
void check_curve(const CallerCase& given, double unit, const SlowCurve& slow, const PartialCurve& curve) {
    const Allowed allowed(given);
    CHECK(curve.status == mot::Status::optimal);
    double mass = 0, cost = slow.of_nothing * unit;
    for (std::size_t k = 0; k < curve.breakpoints.size(); ++k) {
        const auto& [to, price] = curve.breakpoints[k];
        CHECK(unit == 1.0 ? to > mass : to >= mass - allowed.mass);
        CHECK(k == 0 || price > curve.breakpoints[k - 1].price);
        cost += (to - mass) * price;
        mass = to;
        CHECK_NEAR(cost, least_cost(slow, mass, unit), allowed.cost);
    }
    CHECK_NEAR(mass, static_cast<double>(slow.end()) * unit, allowed.mass);
    std::size_t k = 0;
    for (const SlowCurve::Piece& piece : slow.pieces) {
        while (k + 1 < curve.breakpoints.size() && curve.breakpoints[k].price < piece.price - allowed.price) ++k;
        while (k + 1 < curve.breakpoints.size() && curve.breakpoints[k + 1].price <= piece.price + allowed.price) ++k;
        CHECK_NEAR(curve.breakpoints[k].price, piece.price, allowed.price);
        CHECK_NEAR(curve.breakpoints[k].mass, static_cast<double>(piece.mass) * unit, allowed.mass);
    }
}

/// Whole masses that are counted as they are leave nothing to round.
void check_exact_curve(const SlowCurve& slow, const PartialCurve& curve) {
    CHECK(curve.breakpoints.size() == slow.pieces.size());
    for (std::size_t k = 0; k < slow.pieces.size(); ++k) {
        CHECK(curve.breakpoints[k].price == slow.pieces[k].price);
        CHECK(curve.breakpoints[k].mass == static_cast<double>(slow.pieces[k].mass));
    }
}

/// At the price of a solution of the same walk: units that enter below it carry mass, and all of it where all entered.
void check_entry_prices(const CallerCase& given, bool is_exact, const PartialCurve& curve, double price,
                        const Solution& solution) {
    const Allowed allowed(given);
    const auto check_side = [&](const std::vector<double>& masses, const std::vector<double>& left,
                                const mot::EntryPrices& prices) {
        CHECK(prices.first.size() == masses.size() && prices.all.size() == masses.size());
        for (std::size_t x = 0; x < masses.size(); ++x) {
            CHECK(prices.first[x] <= prices.all[x]);
            if (masses[x] == 0) CHECK(prices.first[x] == infinity);
            if (prices.first[x] < price && is_exact) CHECK(left[x] < masses[x]);
            if (prices.first[x] >= price) CHECK(left[x] == masses[x] || masses[x] - left[x] <= allowed.mass);
            if (prices.all[x] < price) CHECK_NEAR(left[x], 0.0, allowed.mass);
        }
    };
    check_side(given.a, solution.left_at_source, curve.source_prices);
    check_side(given.b, solution.left_at_target, curve.target_prices);
}

/// Some masses on the curve, in order: breakpoints, between them, and next to nothing.
std::vector<double> some_masses(Random& random, const SlowCurve& slow) {
    std::vector<double> masses{static_cast<double>(slow.end())};
    const std::size_t n = slow.pieces.size();
    for (std::size_t k = 0; k < n; k += 1 + n / 5) {
        const double before = k == 0 ? 0.0 : static_cast<double>(slow.pieces[k - 1].mass);
        const double here = static_cast<double>(slow.pieces[k].mass);
        masses.push_back(here);
        masses.push_back(before + draw_real(random, 0.01, 0.99) * (here - before));
    }
    masses.push_back(1e-3 * masses.front());
    std::sort(masses.begin(), masses.end());
    return masses;
}

/// Prices on the curve, beside it, and beyond both ends, in order.
std::vector<double> some_prices(const SlowCurve& slow, double scale) {
    std::vector<double> prices{-100 * scale - 1, 100 * scale + 1};
    const std::size_t n = slow.pieces.size();
    for (std::size_t k = 0; k < n; k += 1 + n / 5) {
        prices.push_back(slow.pieces[k].price);
        prices.push_back(slow.pieces[k].price + 0x1p-30);
    }
    std::sort(prices.begin(), prices.end());
    return prices;
}

void test_masses(Random& random, const CallerCase& given, double unit, const SlowCurve& slow, CostKind kind) {
    const Allowed allowed(given);
    std::vector<PartialGoal> goals;
    for (const double mass : some_masses(random, slow)) goals.push_back(of_mass(mass * unit));
    PartialCurve curve;
    const std::vector<Solution> solutions = solve_case(given, kind, goals, &curve);
    check_curve(given, unit, slow, curve);
    if (given.problem().masses.source == given.a && unit == 1.0) check_exact_curve(slow, curve);
    CHECK(solutions.size() == goals.size());
    for (std::size_t k = 0; k < goals.size(); ++k) {
        const double carried = check_partial(given.data(), solutions[k], 100 * allowed.price);
        CHECK_NEAR(carried, goals[k].mass, allowed.mass);
        CHECK_NEAR(given.value(solutions[k]), least_cost(slow, carried, unit), allowed.cost);
    }
    const std::size_t k = draw_size(random, 0, goals.size() - 1);
    for (const Solution& alone :
         {solve_case(given, kind, {goals[k]}).front(), solve_without_walk(given, kind, goals[k])}) {
        CHECK_NEAR(check_partial(given.data(), alone, 100 * allowed.price), goals[k].mass, allowed.mass);
        CHECK_NEAR(given.value(alone), given.value(solutions[k]), allowed.cost);
    }
}

/// Where the sums of costs are exact, so is the comparison of a price with one on the curve.
void test_prices(Random& random, const CallerCase& given, double unit, const SlowCurve& slow, CostKind kind) {
    const Allowed allowed(given);
    std::vector<PartialGoal> goals;
    for (const double price : some_prices(slow, given.scale())) goals.push_back(of_price(price));
    PartialCurve curve;
    const std::vector<Solution> solutions = solve_case(given, kind, goals, &curve);
    check_curve(given, unit, slow, curve);
    for (std::size_t k = 0; k < goals.size(); ++k) {
        const double carried = check_partial(given.data(), solutions[k], 100 * allowed.price);
        CHECK_NEAR(carried, static_cast<double>(slow.mass_below(goals[k].price)) * unit, allowed.mass);
        CHECK_NEAR(given.value(solutions[k]), least_cost(slow, carried, unit), allowed.cost);
        CHECK(solutions[k].price <= goals[k].price);
        check_entry_prices(given, unit == 1.0, curve, goals[k].price, solutions[k]);
    }
    const std::size_t k = draw_size(random, 0, goals.size() - 1);
    const double saved = goals[k].price * check_partial(given.data(), solutions[k], 100 * allowed.price);
    for (const Solution& alone :
         {solve_case(given, kind, {goals[k]}).front(), solve_without_walk(given, kind, goals[k])}) {
        const double carried = check_partial(given.data(), alone, 100 * allowed.price);
        CHECK_NEAR(given.value(alone) - goals[k].price * carried, given.value(solutions[k]) - saved,
                   allowed.cost + allowed.mass * std::abs(goals[k].price));
        CHECK(alone.price <= goals[k].price);
    }
}

/// Costs and prices are whole multiples of 2^-20. In the whole masses' own unit all answers are exact.
void test_case(Random& random, const PartialCase& given, double unit) {
    const SlowCurve slow = curve_by_shortest_paths(given);
    const long mass = slow.end() / 2;
    CHECK_NEAR(slow.cost(static_cast<double>(mass)), cost_with_spares(given, mass), Allowed(CallerCase(given)).cost);
    const CallerCase in_unit(given, unit);
    const std::string name = case_name;
    for (const CostKind kind : kinds_of(given.cost)) {
        case_name = name + ", " + name_of(kind);
        const bool is_infeasible = slow.end() < given.most();
        if (is_infeasible) {
            const auto within = static_cast<double>(slow.end()) * unit;
            const double beyond = within + unit * (1 - 1e-3);
            PartialCurve curve;
            const std::vector<Solution> solutions =
                solve_case(in_unit, kind, {of_mass(within), of_mass(beyond), of_mass(2 * beyond)}, &curve);
            if (slow.end() > 0) CHECK(solutions[0].status == mot::Status::optimal);
            for (const std::size_t k : {1u, 2u})
                CHECK(solutions[k].status == mot::Status::infeasible && solutions[k].plan.mass.empty());
            CHECK(curve.status == mot::Status::infeasible);
            curve.status = mot::Status::optimal;
            check_curve(in_unit, unit, slow, curve);
        }
        if (slow.end() == 0) continue;
        test_masses(random, in_unit, unit, slow, kind);
        if (!is_infeasible) test_prices(random, in_unit, unit, slow, kind);
    }
    case_name = name;
}

constexpr double units[] = {1.0, 1.0, 0.1, 1e-200, 3e100};

std::string name_of(double unit) {
    return "1e" + std::to_string(static_cast<int>(std::lround(std::log10(unit))));
}

void test_families(Random& random, std::size_t n, std::size_t m) {
    std::size_t round = draw_size(random, 0, 99);
    for (const CostFamily family : all_cost_families)
        for (const MassFamily masses : all_mass_families) {
            const KeptFamily kept = all_kept_families[round++ % std::size(all_kept_families)];
            const double unit = units[round % std::size(units)];
            case_name = std::to_string(n) + " x " + std::to_string(m) + ", " + name_of(family) + ", masses " +
                        name_of(masses) + " of " + name_of(unit) + ", kept " + name_of(kept);
            const auto [a, b] = draw_masses(random, masses, n, m);
            Matrix cost = on_grid(draw_costs(random, family, n, m));
            if (round % 4 == 0) cost = plus(std::move(cost), -on_grid(cost.scale() / 2));
            PartialCase given(std::move(cost), a, b);
            draw_kept(random, kept, given);
            test_case(random, given, unit);
        }
}

void test_listed_arcs(Random& random, std::size_t n, std::size_t m) {
    for (const int percent : {0, 8, 30, 70})
        for (const MassFamily masses : all_mass_families)
            for (const KeptFamily kept : {KeptFamily::none, KeptFamily::units}) {
                case_name = std::to_string(n) + " x " + std::to_string(m) + ", listed % " + std::to_string(percent) +
                            ", masses " + name_of(masses) + ", kept " + name_of(kept);
                const auto [a, b] = draw_masses(random, masses, n, m);
                const int highest = draw(random, 0, 1) == 0 ? 3 : 1000;
                PartialCase given(plus(whole_costs(random, n, m, highest), -highest / 2), a, b);
                draw_kept(random, kept, given);
                given.cost = some_of(random, std::move(given.cost), percent);
                test_case(random, given, draw(random, 0, 1) == 0 ? 1.0 : 0.1);
            }
}

/// All costs are the same; nothing is, or all is, below a price.
void test_equal_costs(Random& random) {
    for (const double value : {0.0, 1.0, -3.0})
        for (const std::size_t n : {1u, 5u, 40u})
            for (const std::size_t m : {1u, 7u, 40u}) {
                case_name = "all costs " + std::to_string(value);
                const auto [a, b] = draw_masses(random, MassFamily::few, n, m);
                test_case(random, PartialCase(Matrix(n, m, value), a, b), 1.0);
            }
}

enum class Range { ordinary, wide, wide_positive, tiny, smallest, largest, decades };
constexpr Range all_ranges[] = {Range::ordinary, Range::wide,    Range::wide_positive, Range::tiny,
                                Range::smallest, Range::largest, Range::decades};

double draw_from(Random& random, Range range) {
    const double value = draw_real(random, -1.0, 1.0);
    switch (range) {
        case Range::wide:
            return std::copysign(std::pow(10.0, 300 * value), draw_real(random, -1.0, 1.0));
        case Range::wide_positive:
            return std::pow(10.0, 300 * value);
        case Range::tiny:
            return 1e-305 * value;
        case Range::smallest:
            return std::numeric_limits<double>::denorm_min() * draw(random, -100, 100);
        case Range::largest:
            return 1e300 * value;
        case Range::decades:
            return std::pow(10.0, draw(random, -10, 10)) * draw(random, 0, 9);
        default:
            return value;
    }
}

/// Matchings of so many pairs, whatever range of numbers their costs span.
void test_matchings(Random& random, Range range) {
    const std::size_t n = draw_size(random, 1, 5), m = draw_size(random, 1, 5);
    Matrix cost(n, m);
    for (double& value : cost.values) value = draw_from(random, range);
    const std::vector<long double> least = matchings_by_subsets(cost);
    const CallerCase given(cost, std::vector<double>(n, 1.0), std::vector<double>(m, 1.0));
    std::vector<PartialGoal> goals;
    for (std::size_t k = 1; k < least.size(); ++k) goals.push_back(of_mass(static_cast<double>(k)));
    for (const CostKind kind : {CostKind::matrix, CostKind::listed}) {
        case_name = "matchings of range " + std::to_string(static_cast<int>(range)) + ", " + name_of(kind);
        const std::vector<Solution> solutions = solve_case(given, kind, goals);
        for (std::size_t k = 1; k < least.size(); ++k) {
            const Solution& solution = solutions[k - 1];
            CHECK(solution.status == mot::Status::optimal);
            double scale = std::numeric_limits<double>::min();
            for (std::size_t x = 0; x < solution.plan.size(); ++x)
                scale += std::abs(cost(to_index(solution.plan.source[x]), to_index(solution.plan.target[x])));
            CHECK_NEAR(solution.cost, static_cast<double>(least[k]), 1e-14 * scale);
        }
    }
}

}  // namespace

int main() {
    Random random(31);
    test_equal_costs(random);
    for (const Range range : all_ranges)
        for (int round = 0; round < 200; ++round) test_matchings(random, range);
    const std::pair<std::size_t, std::size_t> shapes[] = {{1, 1},  {1, 9},   {9, 1},   {2, 3},   {5, 5},   {7, 12},
                                                          {20, 6}, {40, 40}, {3, 200}, {200, 3}, {50, 110}};
    for (const auto& [n, m] : shapes) test_families(random, n, m);
    for (const auto& [n, m] : {std::pair<std::size_t, std::size_t>{1, 1}, {1, 8}, {6, 2}, {9, 9}, {30, 45}})
        test_listed_arcs(random, n, m);
}
