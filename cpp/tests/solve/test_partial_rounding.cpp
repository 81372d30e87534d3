/// Partial transports where rounding could be taken for mass, or mass for rounding: masses that no doubles hold, sums
/// of very different size, and prices far above the costs.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <numeric>
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

double carried_by(const Solution& solution) {
    return std::accumulate(solution.plan.mass.begin(), solution.plan.mass.end(), 0.0);
}

Matrix real_costs(Random& random, std::size_t n, std::size_t m) {
    Matrix cost(n, m);
    for (double& value : cost.values) value = draw_real(random, 0.0, 1.0);
    return cost;
}

/// Tenths, whose sums are rounded.
std::vector<double> tenths(Random& random, std::size_t n) {
    std::vector<double> masses(n);
    for (double& mass : masses) mass = 0.1 * draw(random, 1, 9);
    return masses;
}

/// Each breakpoint carries more mass than the one before, by more than rounding, and at a higher price.
void check_pieces(const CallerCase& given, const PartialCurve& curve) {
    double mass = 0, price = -infinity;
    for (const mot::Breakpoint& breakpoint : curve.breakpoints) {
        CHECK(breakpoint.mass > mass + 1e-12 * given.most() && breakpoint.price > price);
        mass = breakpoint.mass;
        price = breakpoint.price;
    }
}

/// Where all mass of a side is carried, all of its units have entered by the last price.
void check_all_entered(const CallerCase& given, const PartialCurve& curve) {
    const auto check_side = [&](const std::vector<double>& masses, const mot::EntryPrices& prices) {
        const double sum = std::accumulate(masses.begin(), masses.end(), 0.0);
        if (sum > given.most() * (1 + 1e-12)) return;
        for (std::size_t x = 0; x < masses.size(); ++x)
            if (masses[x] > 0) CHECK(prices.all[x] <= curve.breakpoints.back().price);
    };
    check_side(given.a, curve.source_prices);
    check_side(given.b, curve.target_prices);
}

void test_curve_of_all_mass(const CallerCase& given) {
    PartialCurve curve;
    const Solution solution = solve_case(given, CostKind::matrix, {of_mass(given.most())}, &curve).front();
    CHECK_NEAR(check_partial(given.data(), solution, 1e-12 * given.scale()), given.most(), 1e-12 * given.most());
    check_all_entered(given, curve);
    check_pieces(given, curve);
}

/// Equal masses of sum one, as the caller computes them.
void test_uniform_masses_enter(Random& random) {
    for (std::size_t n = 1; n <= 120; ++n) {
        case_name = "uniform, " + std::to_string(n);
        const double mass = 1 / static_cast<double>(n);
        const CallerCase given(real_costs(random, n, n), std::vector<double>(n, mass), std::vector<double>(n, mass));
        test_curve_of_all_mass(given);
    }
    case_name = "three times 0.3 to 0.9";
    Matrix cost(3, 1);
    cost.values = {0.7, 0.05, 0.9};
    test_curve_of_all_mass({cost, std::vector<double>(3, 0.1 * 3), {0.9}});
}

void test_tenths_enter(Random& random) {
    for (int round = 0; round < 4000; ++round) {
        case_name = "tenths, round " + std::to_string(round);
        const std::size_t most = round % 4 == 0 ? 30 : 6;
        const std::size_t n = draw_size(random, 1, most), m = draw_size(random, 1, most);
        CallerCase given(real_costs(random, n, m), tenths(random, n), tenths(random, m));
        if (round % 2 == 0)
            for (std::vector<double>* side : {&given.a, &given.b}) {
                const double sum = std::accumulate(side->begin(), side->end(), 0.0);
                for (double& mass : *side) mass /= sum;
            }
        test_curve_of_all_mass(given);
    }
}

/// A plan that is taken on the way must not change the way.
void test_curve_through_goals(Random& random) {
    case_name = "0.3 and 0.1 to 0.4, in ten steps";
    Matrix cost(3, 4);
    cost.values = {0.05, 0.10, 0.75, 0.64, 0.54, 0.91, 0.21, 0.80, 0.45, 0.64, 0.15, 0.12};
    const CallerCase few(cost, {0.4, 0.1 * 6, 0.5}, {0.1 * 3, 0.1, 0.2, 0.1 * 7});
    const auto check = [](const CallerCase& given) {
        std::vector<PartialGoal> goals;
        for (int k = 1; k <= 10; ++k) goals.push_back(of_mass(given.most() * k / 10));
        PartialCurve through, at_once;
        solve_case(given, CostKind::matrix, goals, &through);
        solve_case(given, CostKind::matrix, {goals.back()}, &at_once);
        CHECK(through.breakpoints.size() == at_once.breakpoints.size());
        check_pieces(given, through);
        CHECK(through.source_prices.first == at_once.source_prices.first);
        CHECK(through.target_prices.first == at_once.target_prices.first);
        CHECK(through.source_prices.all == at_once.source_prices.all);
        CHECK(through.target_prices.all == at_once.target_prices.all);
    };
    check(few);
    for (int round = 0; round < 1000; ++round) {
        case_name = "tenths in ten steps, round " + std::to_string(round);
        const std::size_t n = draw_size(random, 1, 6), m = draw_size(random, 1, 6);
        check({real_costs(random, n, m), tenths(random, n), tenths(random, m)});
    }
}

/// What one side lacks is no rounding of the other one's sum: every source has room at its cheapest target.
void test_sums_of_very_different_size(Random& random) {
    for (const double ratio : {1e3, 1e6, 1e9, 1e12, 1e15, 1e20, 1e100})
        for (const std::size_t n : {2u, 30u}) {
            case_name = "sums of ratio " + std::to_string(std::log10(ratio)) + ", " + std::to_string(n) + " units";
            CallerCase given(real_costs(random, n, n), tenths(random, n), tenths(random, n));
            for (double& mass : given.b) mass *= ratio;
            double least = 0;
            for (std::size_t i = 0; i < n; ++i) {
                double cheapest = infinity;
                for (std::size_t j = 0; j < n; ++j) cheapest = std::min(cheapest, given.cost(i, j));
                least += given.a[i] * cheapest;
            }
            const Solution of_all = solve_case(given, CostKind::matrix, {of_mass(given.most())}).front();
            CHECK(of_all.status == mot::Status::optimal);
            CHECK_NEAR(carried_by(of_all), given.most(), 1e-9 * given.most());
            CHECK_NEAR(of_all.cost, least, 1e-9 * least);
            const Solution below_price = solve_case(given, CostKind::matrix, {of_price(2.0)}).front();
            CHECK_NEAR(carried_by(below_price), given.most(), 1e-9 * given.most());
        }
}

/// Where leaving mass behind costs far more than carrying it, all is carried, at the least cost to the last digits.
void test_prices_far_above_the_costs(Random& random) {
    for (const double price : {1e3, 1e9, 1e12, 1e15, 1e18, 1e100})
        for (const CostFamily family : {CostFamily::densities, CostFamily::clouds, CostFamily::rank_two})
            for (const std::size_t n : {12u, 40u, 100u}) {
                case_name = std::string(name_of(family)) + ", " + std::to_string(n) + ", price 1e" +
                            std::to_string(static_cast<int>(std::lround(std::log10(price))));
                Matrix cost = draw_costs(random, family, n, n);
                cost = times(std::move(cost), 1 / cost.scale());
                const auto size = static_cast<std::int64_t>(n);
                const double least = solve_matrix(cost, mot::Masses::uniform(size, size)).cost * static_cast<double>(n);
                CallerCase given(cost, std::vector<double>(n, 1.0), std::vector<double>(n, 1.0));
                given.kept_a.assign(n, price);
                given.kept_b.assign(n, price);
                for (const CostKind kind : {CostKind::listed, CostKind::matrix}) {
                    const Solution solution = solve_case(given, kind, {of_price(0.0)}).front();
                    CHECK(solution.status == mot::Status::optimal);
                    CHECK_NEAR(carried_by(solution), static_cast<double>(n), 1e-12 * static_cast<double>(n));
                    CHECK_NEAR(solution.cost, least, 1e-11 * static_cast<double>(n));
                }
            }
}

/// In reals, the matrix and the list, of which all arcs are known at once, agree; so does the dual problem.
void test_matrix_is_as_list(Random& random, double lowest_exponent) {
    for (const CostFamily family : all_cost_families) {
        case_name = std::string("real masses, ") + name_of(family);
        const std::size_t n = draw_size(random, 20, 120), m = draw_size(random, 20, 120);
        CallerCase given(draw_costs(random, family, n, m), std::vector<double>(n), std::vector<double>(m));
        for (std::vector<double>* side : {&given.a, &given.b})
            for (double& mass : *side) mass = std::pow(10.0, draw_real(random, lowest_exponent, 0.0));
        std::vector<PartialGoal> goals;
        for (const double share : {0.01, 0.1, 0.5, 0.9, 1.0}) goals.push_back(of_mass(share * given.most()));
        const std::vector<Solution> of_matrix = solve_case(given, CostKind::matrix, goals);
        const std::vector<Solution> of_list = solve_case(given, CostKind::listed, goals);
        for (std::size_t k = 0; k < goals.size(); ++k) {
            const double tolerance = 1e-12 * given.scale();
            for (const Solution* solution : {&of_matrix[k], &of_list[k]})
                CHECK_NEAR(check_partial(given.data(), *solution, tolerance), goals[k].mass, 1e-13 * given.total());
            CHECK_NEAR(of_matrix[k].cost, of_list[k].cost, tolerance * given.total());
        }
    }
}

/// What some units pay, and others do not, decides which units leave mass behind, but not how exact the rest is.
void test_dear_units(Random& random) {
    for (const double price : {1e3, 1e6, 1e9, 1e12, 1e15})
        for (const CostFamily family : {CostFamily::rank_two, CostFamily::clouds, CostFamily::densities})
            for (const std::size_t n : {12u, 40u, 150u}) {
                case_name = std::string("dear units, ") + name_of(family) + ", " + std::to_string(n) + ", price 1e" +
                            std::to_string(static_cast<int>(std::lround(std::log10(price))));
                Matrix cost = draw_costs(random, family, n, n + 7);
                cost = times(std::move(cost), 1 / cost.scale());
                CallerCase given(cost, std::vector<double>(n, 1.0), std::vector<double>(n + 7, 1.0));
                const auto value_at = [&](double dear) {
                    for (std::size_t i = 0; i < n; ++i) given.kept_a[i] = dear * static_cast<double>(1 + i % 7);
                    given.kept_b.assign(n + 7, 0.3);
                    const Solution solution = solve_case(given, CostKind::matrix, {of_price(0.0)}).front();
                    CHECK(solution.status == mot::Status::optimal);
                    CHECK_NEAR(carried_by(solution), static_cast<double>(n), 1e-12 * static_cast<double>(n));
                    return solution.cost;
                };
                CHECK_NEAR(value_at(price), value_at(100.0), 1e-11 * static_cast<double>(n));
            }
}

/// Where all mass of a side is carried below the price at which leaving it is rather paid, the walk is over.
void test_walk_ends_once_all_is_carried(Random& random) {
    case_name = "all is carried";
    CallerCase given(real_costs(random, 2100, 2000), std::vector<double>(2100, 1.0), std::vector<double>(2000, 1.0));
    given.kept_a.assign(2100, 1e6);
    given.kept_b.assign(2000, 1e6);
    constexpr int many_checks = 1000;
    StopAt stop(many_checks, std::int64_t{1} << 20);
    CHECK(solve_case(given, CostKind::matrix, {of_price(0.0)}, stop).front().status == mot::Status::optimal);
}

/// A mass that is rounding beside the others may be left out, even if it is all that is worth carrying.
void test_mass_below_rounding() {
    Matrix cost(1, 2);
    cost.values = {0.3, 0.9};
    for (const double mass : {1e-9, 1e-12, 1e-15, 1e-16, 1e-20, 1e-300}) {
        case_name = "a mass of 1e" + std::to_string(static_cast<int>(std::lround(std::log10(mass))));
        CallerCase given(cost, {1.0}, {mass, 1.0});
        CHECK(solve_case(given, CostKind::matrix, {of_mass(mass)}).front().status == mot::Status::optimal);
        given.kept_a = {0.4};
        const Solution at_price = solve_case(given, CostKind::matrix, {of_price(0.0)}).front();
        CHECK(at_price.status == mot::Status::optimal);
        CHECK_NEAR(carried_by(at_price), mass, 1e-14);
    }
}

/// Plans that cost nothing are proven, too, beside prices that are rounded.
void test_free_plans(Random& random, std::size_t most, int least_mass, int n_rounds) {
    for (int round = 0; round < n_rounds; ++round) {
        const std::size_t n = draw_size(random, 1, most), m = draw_size(random, 1, most);
        case_name = "free plans, " + std::to_string(n) + " x " + std::to_string(m) + ", round " + std::to_string(round);
        CallerCase given(times(whole_costs(random, n, m, 3), 0.1), std::vector<double>(n), std::vector<double>(m));
        for (std::vector<double>* side : {&given.a, &given.b}) {
            for (double& mass : *side) mass = draw(random, least_mass, 1);
            side->front() = 1;
        }
        given.kept_a.assign(n, draw_real(random, 0.0, 0.3));
        for (double& price : given.kept_b) price = draw_real(random, 0.0, 0.3);
        check_partial(given.data(), solve_case(given, CostKind::matrix, {of_price(0.0)}).front(), 1e-14);
    }
}

}  // namespace

int main() {
    Random random(36);
    test_matrix_is_as_list(random, -1.0);
    test_matrix_is_as_list(random, -12.0);
    test_uniform_masses_enter(random);
    test_curve_through_goals(random);
    test_sums_of_very_different_size(random);
    test_prices_far_above_the_costs(random);
    test_walk_ends_once_all_is_carried(random);
    test_free_plans(random, 5, 0, 3000);
    test_free_plans(random, 200, 1, 600);
    test_mass_below_rounding();
    test_tenths_enter(random);
    test_dear_units(random);
}
