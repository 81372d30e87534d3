/// Semi-assignments are as cheap as transports along shortest residual paths, in every type of cost, and stay optimal
/// when arcs are added.
#include "mot/engines/semi_assignment.hpp"

#include <cstddef>
#include <string>
#include <tuple>
#include <vector>

#include "mot/solve/finish.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

using mot::FixedCost;
using mot::SemiAssignment;

double expected_cost(const Matrix& cost) {
    const WholeMasses masses = uniform_masses(cost.n_rows, cost.n_columns);
    return transport_by_shortest_paths(cost, masses.a, masses.b);
}

mot::Masses masses_of(const Matrix& cost) {
    mot::Masses masses = mot::Masses::uniform(view_of_cost(cost).n_rows, view_of_cost(cost).n_columns);
    masses.unit = 1.0;
    return masses;
}

/// Checks marginals, potentials and slackness, too.
template <class Real>
void check_optimum(const Matrix& cost, const SemiAssignment<Real>& engine) {
    NeverInterrupt never;
    const mot::GivenCost<double> given(view_of_cost(cost), cost.scale());
    const mot::Solution solution = mot::finish(given, masses_of(cost), engine.plan(), engine.potentials(), never);
    const WholeMasses masses = uniform_masses(cost.n_rows, cost.n_columns);
    check_optimal(cost, to_real(masses.a), to_real(masses.b), solution, 1e-12 * cost.scale());
    CHECK_NEAR(solution.cost, expected_cost(cost), 1e-12 * cost.scale() * static_cast<double>(cost.values.size()));
}

template <class Real>
SemiAssignment<Real> solved(const Matrix& cost, const std::vector<Real>& values) {
    NeverInterrupt never;
    const mot::MatrixView<double> shape = view_of_cost(cost);
    SemiAssignment<Real> engine(masses_of(cost), {values.data(), shape.n_rows, shape.n_columns});
    CHECK(engine.optimize(0.0, never) == mot::Status::optimal);
    return engine;
}

void test_types_of_cost(const Matrix& cost) {
    check_optimum(cost, solved(cost, cost.values));
    check_optimum(cost, solved(cost, std::vector<float>(cost.values.begin(), cost.values.end())));
    Matrix meant = cost;
    std::vector<FixedCost> fixed;
    for (double& value : meant.values) {
        fixed.push_back(static_cast<FixedCost>(value - 500));
        value = mot::cost_of(fixed.back());
    }
    check_optimum(meant, solved(meant, fixed));
}

/// Goes on from the optimum of other costs, and is given the arcs that its potentials violate until there are none.
void test_added_arcs(Random& random, const Matrix& cost) {
    Matrix other = cost;
    for (double& value : other.values) value += draw(random, -20, 20);
    NeverInterrupt never;
    const SemiAssignment<double> start = solved(other, other.values);
    SemiAssignment<double> engine(masses_of(cost), start.potentials(), start.arcs());
    engine.replace_costs([&](mot::Node i, mot::Node j) { return cost(to_index(i), to_index(j)); });
    for (bool is_violated = true; is_violated;) {
        const auto [u, v] = engine.potentials();
        std::vector<mot::Arc> arcs;
        for (std::size_t i = 0; i < cost.n_rows; ++i)
            for (std::size_t j = 0; j < cost.n_columns; ++j)
                if (cost(i, j) < u[i] + v[j])
                    arcs.push_back({static_cast<mot::Node>(i), static_cast<mot::Node>(j), cost(i, j)});
        is_violated = !arcs.empty();
        engine.add_arcs(arcs);
        CHECK(engine.optimize(0.0, never) == mot::Status::optimal);
    }
    check_optimum(cost, engine);
}

/// Told to stop in a search, it goes on from there when it is called again.
void test_searches_are_taken_up_again(Random& random) {
    const Matrix cost = whole_costs(random, 120, 40, 1000);
    for (const int n : {1, 2, 5}) {
        SemiAssignment<double> engine(masses_of(cost), view_of_cost(cost));
        StopAt stop(n);
        CHECK(engine.optimize(0.0, stop) == mot::Status::interrupted);
        NeverInterrupt never;
        CHECK(engine.optimize(0.0, never) == mot::Status::optimal);
        check_optimum(cost, engine);
    }
}

/// Which masses are a semi-assignment's.
void test_is_one() {
    for (const auto& [n, m, is_one] :
         {std::tuple{6, 3, true}, {3, 6, true}, {5, 5, true}, {6, 4, false}, {4, 6, false}})
        CHECK(SemiAssignment<double>::is_one(mot::Masses::uniform(n, m)) == is_one);
    const std::vector<double> a = {0.5, 0.5}, b = {0.1, 0.2, 0.3, 0.4};
    CHECK(!SemiAssignment<double>::is_one(mot::Masses::from_marginals(a.data(), 2, b.data(), 4)));
}

}  // namespace

int main() {
    Random random(19);
    case_name = "is one";
    test_is_one();
    case_name = "taken up again";
    test_searches_are_taken_up_again(random);
    for (const std::size_t n : {1u, 2u, 3u, 7u, 16u})
        for (const std::size_t room : {1u, 2u, 5u})
            for (const int highest : {0, 3, 1000}) {
                case_name = std::to_string(n) + " columns for " + std::to_string(room) + " rows each, up to " +
                            std::to_string(highest);
                const Matrix cost = whole_costs(random, n * room, n, highest);
                for (const Matrix& turned : {cost, cost.transposed()}) {
                    test_types_of_cost(turned);
                    test_added_arcs(random, turned);
                }
            }
}
