/// The certificate of a partial transport holds for a right answer, with zeros, and for no wrong one.
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "mot/certificates/certificate.hpp"
#include "mot/costs/given_cost.hpp"
#include "mot/costs/sparse_cost.hpp"
#include "oracles/partial_transport.hpp"
#include "support/check.hpp"
#include "support/partial_problems.hpp"
#include "support/problems.hpp"

namespace {

using mot::Certificate;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// A problem and what is claimed to be its answer.
struct Claim {
    CallerCase given;
    CostKind kind;
    mot::PartialPlan plan;

    Certificate certificate() const {
        NeverInterrupt never;
        if (kind == CostKind::listed) {
            const FiniteRows rows(given.cost);
            return mot::certify_partial(mot::SparseCost(rows.view()), given.problem(), plan, never);
        }
        if (kind == CostKind::matrix) return mot::certify_partial(as_given(given.cost), given.problem(), plan, never);
        const std::vector<float> values(given.cost.values.begin(), given.cost.values.end());
        const mot::MatrixView<double> view = view_of_cost(given.cost);
        const mot::GivenCost<float> cost({values.data(), view.n_rows, view.n_columns}, given.cost.scale());
        return mot::certify_partial(cost, given.problem(), plan, never);
    }
    bool is_refuted() const { return !certificate().is_optimal(); }
};

Claim solved(const CallerCase& given, CostKind kind, const mot::PartialGoal& goal) {
    const mot::Solution solution = solve_case(given, kind, {goal}).front();
    const double mass = check_partial(given.data(), solution, 1e-9 * given.scale());
    return {
        given,
        kind,
        {solution.plan, solution.left_at_source, solution.left_at_target, mass, solution.potentials, solution.price}};
}

/// Sums of costs and masses are exact.
void test_right_answer(const Claim& right) {
    const Certificate certificate = right.certificate();
    CHECK(certificate.is_optimal());
    CHECK(certificate.dual_violation == 0 && certificate.slackness == 0);
    CHECK(certificate.marginal_error == 0 && certificate.duality_gap == 0);
    mot::Solution solution;
    solution.left_at_source = right.plan.left_at_source;
    solution.left_at_target = right.plan.left_at_target;
    for (std::size_t k = 0; k < right.plan.carried.size(); ++k)
        solution.cost += right.plan.carried.mass[k] * right.given.cost(to_index(right.plan.carried.source[k]),
                                                                       to_index(right.plan.carried.target[k]));
    CHECK_NEAR(certificate.primal, right.given.value(solution), 1e-13 * right.given.scale() * right.given.total());
}

/// The potential of every unit that has mass is forced, by where it goes or by what is paid for it; so is the price,
/// where mass is carried.
void test_wrong_duals(const Claim& right) {
    for (const double shift : {1.0, -1.0, 1e-4, -1e-4, not_a_number}) {
        for (std::size_t i = 0; i < right.given.a.size(); ++i) {
            if (right.given.a[i] == 0) continue;
            Claim wrong = right;
            wrong.plan.potentials.u[i] += shift;
            CHECK(wrong.is_refuted());
        }
        for (std::size_t j = 0; j < right.given.b.size(); ++j) {
            if (right.given.b[j] == 0) continue;
            Claim wrong = right;
            wrong.plan.potentials.v[j] += shift;
            CHECK(wrong.is_refuted());
        }
        Claim wrong = right;
        wrong.plan.price += shift;
        if (right.plan.mass > 0 || shift != shift) CHECK(wrong.is_refuted());
    }
    // As a whole they may not be shifted either: what is paid for mass left behind is given.
    if (right.plan.mass == right.given.most()) return;
    Claim shifted = right;
    for (double& u : shifted.plan.potentials.u) u += 1;
    for (double& v : shifted.plan.potentials.v) v -= 1;
    CHECK(shifted.is_refuted());
}

void test_wrong_masses(const Claim& right) {
    const double lost = 0.25;
    for (std::size_t k = 0; k < right.plan.carried.size(); ++k) {
        Claim lighter = right;
        lighter.plan.carried.mass[k] -= lost;
        CHECK(lighter.certificate().marginal_error > 0);
        CHECK(lighter.is_refuted());
        lighter.plan.mass -= lost;
        CHECK(lighter.is_refuted());
        Claim unknown = right;
        unknown.plan.carried.mass[k] = not_a_number;
        CHECK(unknown.is_refuted());
        Claim elsewhere = right;
        mot::Node& target = elsewhere.plan.carried.target[k];
        target = target == 0 ? 1 : 0;
        CHECK(elsewhere.is_refuted());
    }
    Claim other = right;
    other.plan.mass -= lost;
    CHECK(other.is_refuted());
    other.plan.mass += 2 * lost;
    // More than there is counts as all there is.
    if (right.plan.mass < right.given.total()) CHECK(other.is_refuted());
    const auto test_side = [&](std::vector<double> mot::PartialPlan::* left) {
        for (std::size_t x = 0; x < (right.plan.*left).size(); ++x) {
            Claim wrong = right;
            double& mass = (wrong.plan.*left)[x];
            const double before = mass;
            for (const double bad : {before + lost, before - lost, -before - lost, not_a_number}) {
                mass = bad;
                CHECK(wrong.is_refuted());
            }
            mass = 0;
            if (before > 0) CHECK(wrong.is_refuted());
        }
    };
    test_side(&mot::PartialPlan::left_at_source);
    test_side(&mot::PartialPlan::left_at_target);
}

/// All masses add up, yet a source carries what another one should, at a higher cost.
void test_detours(const Claim& right) {
    const mot::Plan& carried = right.plan.carried;
    for (std::size_t k = 0; k < carried.size(); ++k) {
        const std::size_t i = to_index(carried.source[k]), j = to_index(carried.target[k]);
        const double moved = carried.mass[k] / 2;
        for (std::size_t other = 0; other < right.given.a.size(); ++other) {
            if (right.plan.left_at_source[other] < moved || other == i) continue;
            const double worse =
                right.given.cost(other, j) - right.given.kept_a[other] - right.given.cost(i, j) + right.given.kept_a[i];
            if (!(worse > 0)) continue;
            Claim wrong = right;
            wrong.plan.carried.mass[k] -= moved;
            wrong.plan.left_at_source[i] += moved;
            wrong.plan.left_at_source[other] -= moved;
            wrong.plan.carried.add(static_cast<mot::Node>(other), carried.target[k], moved);
            const Certificate certificate = wrong.certificate();
            if (worse < infinity) {
                CHECK(certificate.marginal_error == 0 && certificate.dual_violation == 0);
                CHECK_NEAR(certificate.primal - right.certificate().primal, worse * moved,
                           1e-13 * right.given.scale() * right.given.total());
            }
            CHECK(!certificate.is_optimal());
        }
    }
}

/// The right plan of another problem.
void test_wrong_costs(const Claim& right) {
    std::vector<char> carries(right.given.cost.values.size(), 0);
    for (std::size_t k = 0; k < right.plan.carried.size(); ++k)
        carries[to_index(right.plan.carried.source[k]) * right.given.cost.n_columns +
                to_index(right.plan.carried.target[k])] = 1;
    for (std::size_t k = 0; k < carries.size(); ++k) {
        Claim cheaper = right;
        cheaper.given.cost.values[k] = -1e7;
        CHECK(cheaper.is_refuted());
        Claim dearer = right;
        dearer.given.cost.values[k] += 1;
        CHECK(dearer.certificate().is_optimal() == !carries[k]);
        if (right.kind != CostKind::listed) continue;
        Claim forbidden = right;
        forbidden.given.cost.values[k] = infinity;
        CHECK(forbidden.certificate().is_optimal() == !carries[k]);
    }
    const auto test_side = [&](std::vector<double> CallerCase::* kept, const std::vector<double>& left) {
        for (std::size_t x = 0; x < left.size(); ++x) {
            Claim dearer = right;
            (dearer.given.*kept)[x] += 1;
            CHECK(dearer.certificate().is_optimal() == !(left[x] > 0));
            Claim cheaper = right;
            (cheaper.given.*kept)[x] -= 1e7;
            CHECK(cheaper.is_refuted());
        }
    };
    test_side(&CallerCase::kept_a, right.plan.left_at_source);
    test_side(&CallerCase::kept_b, right.plan.left_at_target);
}

/// Units without mass bound no plan; yet their potentials must not violate an arc.
void test_units_without_mass(const Claim& right) {
    for (std::size_t i = 0; i < right.given.a.size(); ++i) {
        if (right.given.a[i] > 0) continue;
        Claim wrong = right;
        wrong.plan.potentials.u[i] = right.given.kept_a[i] + 1;
        CHECK(wrong.certificate().dual_violation >= 1);
        CHECK(wrong.is_refuted());
        wrong.plan.potentials.u[i] = -1e6;
        CHECK(wrong.certificate().is_optimal());
    }
}

/// An interrupt that is told ends it early; what it says then is of no use.
void test_interrupt(const Claim& right) {
    StopAt stop(1);
    mot::certify_partial(as_given(right.given.cost), right.given.problem(), right.plan, stop);
    CHECK(stop.has_stopped() && stop.n_checks < 20);
}

void test_answers(Random& random, std::size_t n, std::size_t m, std::size_t round) {
    const MassFamily masses = all_mass_families[round % std::size(all_mass_families)];
    const KeptFamily kept = all_kept_families[round % std::size(all_kept_families)];
    case_name = std::to_string(n) + " x " + std::to_string(m) + ", masses " + name_of(masses) + ", kept " +
                name_of(kept) + ", round " + std::to_string(round);
    const auto [a, b] = draw_masses(random, masses, n, m);
    PartialCase given(whole_costs(random, n, m, 1000), a, b);
    draw_kept(random, kept, given);
    const CallerCase claimed(given);
    const double unit = claimed.problem().masses.unit;
    if (std::abs(std::round(std::log2(unit)) - std::log2(unit)) > 1e-12) return;  // masses are not whole
    const long middle = given.most() / 2;
    std::vector<mot::PartialGoal> goals{of_price(-2000.0), of_price(150.0), of_price(-120.0)};
    for (const long mass : {middle, given.most()})
        if (mass > 0) goals.push_back(of_mass(static_cast<double>(mass)));
    for (const CostKind kind : kinds_of(given.cost))
        for (const mot::PartialGoal& goal : goals) {
            const Claim right = solved(claimed, kind, goal);
            test_right_answer(right);
            test_wrong_duals(right);
            if (m > 1) test_wrong_masses(right);
            test_detours(right);
            test_wrong_costs(right);
            test_units_without_mass(right);
        }
}

}  // namespace

int main() {
    Random random(35);
    std::size_t round = 0;
    for (const auto& [n, m] : {std::pair<std::size_t, std::size_t>{1, 1}, {1, 5}, {5, 1}, {3, 4}, {8, 8}, {12, 7}})
        for (int k = 0; k < 21; ++k) test_answers(random, n, m, round++);
    case_name = "interrupted";
    const CallerCase large(
        PartialCase(whole_costs(random, 30, 30, 1000), std::vector<long>(30, 1), std::vector<long>(30, 2)));
    test_interrupt(solved(large, CostKind::matrix, of_mass(12.0)));
}
