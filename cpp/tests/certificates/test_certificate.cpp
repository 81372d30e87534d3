/// The certificate holds for a right answer and for no wrong one.
#include "mot/certificates/certificate.hpp"

#include <cstddef>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "mot/costs/correlation_cost.hpp"
#include "mot/costs/given_cost.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

using mot::Certificate;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

struct Solved {
    Matrix cost;
    mot::Masses masses;
    mot::Solution solution;
    double scale;
    mot::Certificate certificate() const {
        NeverInterrupt interrupt;
        // The scale of the costs as they were solved: it sets the tolerance.
        return mot::certify(mot::GivenCost<double>(view_of_cost(cost), scale), masses, solution.plan,
                            solution.potentials, interrupt);
    }
};

Solved solved(Random& random, std::size_t n, std::size_t m) {
    Solved result{whole_costs(random, n, m, 1000), to_core(random_masses(random, n, m, 1, 5)), {}, 1000.0};
    result.solution = solve_matrix(result.cost, result.masses);
    return result;
}

void test_right_answer(const Solved& right) {
    const mot::Certificate certificate = right.certificate();
    CHECK(certificate.is_optimal());
    CHECK_NEAR(certificate.dual_violation, 0.0, 1e-10);
    CHECK_NEAR(certificate.slackness, 0.0, 1e-10);
    CHECK_NEAR(certificate.marginal_error, 0.0, 1e-14);
    CHECK_NEAR(certificate.duality_gap, 0.0, 1e-10);
    const double total = std::accumulate(right.masses.source.begin(), right.masses.source.end(), 0.0);
    CHECK_NEAR(certificate.cost_scale, right.solution.cost / (total * right.masses.unit), 1e-10);
    CHECK_NEAR(certificate.tolerance, 1e-9 * certificate.cost_scale, 1e-9);
}

void test_tampered_plan(const Solved& right) {
    const double total = std::accumulate(right.masses.source.begin(), right.masses.source.end(), 0.0);
    Solved lighter = right;
    lighter.solution.plan.mass[0] -= 0.5;
    CHECK_NEAR(lighter.certificate().marginal_error, 0.5 / total, 1e-14);
    CHECK(!lighter.certificate().is_optimal());

    // Rows keep their sums, columns do not.
    Solved elsewhere = right;
    mot::Node& target = elsewhere.solution.plan.target[0];
    target = target == 0 ? 1 : 0;
    CHECK(elsewhere.certificate().marginal_error > 0.01 / total);
    CHECK(!elsewhere.certificate().is_optimal());

    // A mass below zero that its neighbours make up for.
    Solved negative = right;
    for (const double mass : {1.0, -1.0}) {
        negative.solution.plan.source.push_back(right.solution.plan.source[0]);
        negative.solution.plan.target.push_back(right.solution.plan.target[0]);
        negative.solution.plan.mass.push_back(mass);
    }
    CHECK(!negative.certificate().is_optimal());
}

/// All marginals hold, yet mass goes round a cycle that costs something.
void test_detour() {
    Solved detour{Matrix(5, 5, 10.0), mot::Masses::uniform(5, 5), {}, 10.0};
    for (std::size_t i = 0; i < 5; ++i) detour.cost(i, i) = 0.0;
    detour.solution = solve_matrix(detour.cost, detour.masses);
    CHECK(detour.certificate().is_optimal());
    const double moved = 1e-3;
    detour.solution.plan.mass[0] -= moved;
    detour.solution.plan.mass[3] -= moved;
    detour.solution.plan.source.insert(detour.solution.plan.source.end(), {0, 3});
    detour.solution.plan.target.insert(detour.solution.plan.target.end(), {3, 0});
    detour.solution.plan.mass.insert(detour.solution.plan.mass.end(), {moved, moved});
    const mot::Certificate certificate = detour.certificate();
    CHECK_NEAR(certificate.marginal_error, 0.0, 1e-15);
    CHECK_NEAR(certificate.duality_gap, 20 * moved, 1e-12);
    CHECK(certificate.slackness >= 10 - 1e-12);
    CHECK(!certificate.is_optimal());
}

/// A dear arc that the plan does not use has no part in what is allowed.
void test_dear_arc() {
    Solved dear{Matrix(2, 2, 1.0), mot::Masses::uniform(2, 2), {}, 1e14};
    dear.cost(0, 0) = 1e14;
    dear.cost(1, 1) = 3.0;
    dear.solution = solve_matrix(dear.cost, dear.masses);
    CHECK(dear.certificate().is_optimal());
    CHECK(dear.certificate().tolerance < 1e-8);
    Solved violated = dear;
    violated.solution.potentials.u[1] += 5;
    violated.solution.potentials.v[0] -= 5;
    CHECK(violated.certificate().dual_violation > 1);
    CHECK(!violated.certificate().is_optimal());
}

/// What lowering the violated rows takes from the dual value is in the gap, whatever the sign of the rest.
void test_gap_bounds_what_violations_allow() {
    Solved wrong{Matrix(2, 2, 1.0), mot::Masses::uniform(2, 2), {}, 1.0};
    wrong.cost(0, 0) = wrong.cost(1, 1) = 0.0;
    wrong.solution.plan.source = {0, 1};
    wrong.solution.plan.target = {1, 0};
    wrong.solution.plan.mass = {0.5, 0.5};
    wrong.solution.potentials = {{1.0, 1.0}, {0.0, 0.0}};  // tight on the plan, too high on the diagonal
    wrong.masses.unit = 0.5;
    CHECK_NEAR(wrong.certificate().duality_gap, 1.0, 1e-15);
    CHECK(!wrong.certificate().is_optimal());
}

void test_tampered_duals(const Solved& right) {
    for (const double shift : {1.0, -1.0, 1e-5, -1e-5, not_a_number}) {
        Solved source_shifted = right;
        source_shifted.solution.potentials.u[1] += shift;
        CHECK(!source_shifted.certificate().is_optimal());
        Solved target_shifted = right;
        target_shifted.solution.potentials.v[1] += shift;
        CHECK(!target_shifted.certificate().is_optimal());
    }
    Solved raised = right;
    raised.solution.potentials.u[2] += 3.0;
    CHECK_NEAR(raised.certificate().dual_violation, 3.0, 1e-10);
    CHECK_NEAR(raised.certificate().slackness, 3.0, 1e-10);

    // A constant may pass from one side to the other.
    Solved levelled = right;
    for (double& u : levelled.solution.potentials.u) u += 100.0;
    for (double& v : levelled.solution.potentials.v) v -= 100.0;
    CHECK(levelled.certificate().is_optimal());
}

void test_tampered_cost(const Solved& right) {
    std::vector<bool> carries_mass(right.cost.values.size(), false);
    for (std::size_t k = 0; k < right.solution.plan.mass.size(); ++k)
        carries_mass[to_index(right.solution.plan.source[k]) * right.cost.n_columns +
                     to_index(right.solution.plan.target[k])] = true;
    for (std::size_t k = 0; k < carries_mass.size(); ++k) {
        Solved unknown = right;
        unknown.cost.values[k] = not_a_number;
        CHECK(!unknown.certificate().is_optimal());
        Solved cheaper = right;
        cheaper.cost.values[k] -= 2000;  // lower than any other
        CHECK(!cheaper.certificate().is_optimal());
        Solved dearer = right;
        dearer.cost.values[k] += 1.0;
        CHECK(dearer.certificate().is_optimal() == !carries_mass[k]);
    }
}

void test_certificate_figures() {
    CHECK(!Certificate{}.is_optimal());
    case_name = "certificate figures";
    Certificate perfect;
    perfect.tolerance = 1e-6;
    CHECK(perfect.is_optimal());
    constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
    for (double Certificate::* figure : {&Certificate::dual_violation, &Certificate::slackness,
                                         &Certificate::duality_gap, &Certificate::marginal_error}) {
        const double allowed = figure == &Certificate::marginal_error ? 1e-9 : 1e-6;
        Certificate certificate = perfect;
        certificate.*figure = 0.99 * allowed;
        CHECK(certificate.is_optimal());
        for (const double bad : {1.01 * allowed, 1.0, std::numeric_limits<double>::infinity(), not_a_number}) {
            certificate.*figure = bad;
            CHECK(!certificate.is_optimal());
        }
    }
    Certificate unknown = perfect;
    unknown.tolerance = not_a_number;
    CHECK(!unknown.is_optimal());
}

}  // namespace

int main() {
    test_certificate_figures();
    test_detour();
    test_dear_arc();
    test_gap_bounds_what_violations_allow();
    Random random(8);
    for (int round = 0; round < 30; ++round) {
        case_name = "round " + std::to_string(round);
        const Solved right = solved(random, draw_size(random, 3, 20), draw_size(random, 3, 20));
        test_right_answer(right);
        test_tampered_plan(right);
        test_tampered_duals(right);
        test_tampered_cost(right);
    }
}
