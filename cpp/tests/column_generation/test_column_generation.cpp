/// Dense problems too large for the candidates alone: the optimum lies on arcs that only pricing finds.
#include <cstddef>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "mot/column_generation/candidates.hpp"
#include "mot/engines/auction.hpp"
#include "mot/solve/dense.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

void test_against_oracle(const Matrix& cost, const WholeMasses& masses) {
    const double expected = transport_by_shortest_paths(cost, masses.a, masses.b);
    const std::vector<double> a = to_real(masses.a);
    const double tolerance = 1e-13 * cost.scale();
    for (const mot::Method method : all_methods) {
        const mot::Solution solution = solve_matrix(cost, to_core(masses), method);
        check_optimal(cost, a, to_real(masses.b), solution, tolerance);
        CHECK_NEAR(solution.cost, expected, tolerance * std::accumulate(a.begin(), a.end(), 0.0));
    }
}

/// Every cost plus one term of its row times one of its column: near units compete for the same partners.
Matrix with_rank_one(Random& random, Matrix cost) {
    const Matrix row = whole_costs(random, cost.n_rows, 1, 30);
    const Matrix column = whole_costs(random, 1, cost.n_columns, 30);
    for (std::size_t i = 0; i < cost.n_rows; ++i)
        for (std::size_t j = 0; j < cost.n_columns; ++j) cost(i, j) += row.values[i] * column.values[j];
    return cost;
}

void test_shape(Random& random, std::size_t n, std::size_t m) {
    case_name = std::to_string(n) + " x " + std::to_string(m);
    for (const int highest : {2, 30, 100000}) {
        const Matrix cost = whole_costs(random, n, m, highest);
        test_against_oracle(cost, uniform_masses(n, m));
        test_against_oracle(cost, random_masses(random, n, m, 0, 3));
        test_against_oracle(with_rank_one(random, cost), uniform_masses(n, m));
        test_against_oracle(plus(cost, 1e8), uniform_masses(n, m));  // differences are small beside the costs
    }
}

/// Two crowds far apart, of 40 sources each but 60 and 20 targets: 20 sources must travel, and none of the arcs they
/// travel on is among any unit's 16 cheapest.
void test_crowds(Random& random) {
    case_name = "crowds";
    const std::size_t n = 80;
    const WholeMasses masses = uniform_masses(n, n);
    Matrix cost = whole_costs(random, n, n, 50);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j)
            if ((i < n / 2) != (j < 3 * n / 4)) cost(i, j) += 1000;
    NeverInterrupt interrupt;
    for (const mot::Arc& arc : mot::select_candidates(as_given(cost), 16, interrupt)) CHECK(arc.cost < 1000);
    CHECK(transport_by_shortest_paths(cost, masses.a, masses.b) >= 1000.0 * static_cast<double>(n) / 4);
    test_against_oracle(cost, masses);
}

/// All sources like the same few targets best, and hardly differ otherwise: bids go far below what any arc costs.
void test_hubs(Random& random, std::size_t n, std::size_t n_hubs) {
    case_name = "hubs, " + std::to_string(n);
    Matrix cost = whole_costs(random, n, n, 3);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = n_hubs; j < n; ++j) cost(i, j) += 100000;
    test_against_oracle(cost, uniform_masses(n, n));
}

/// The product of one term of the row and one of the column: all want the same partners, whatever these ask, and the
/// auction comes to nothing.
void test_rank_one(Random& random, std::size_t n, std::size_t m) {
    case_name = "rank one, " + std::to_string(n) + " x " + std::to_string(m);
    const Matrix cost = with_rank_one(random, Matrix(n, m, 0.0));
    const mot::Masses masses = to_core(uniform_masses(n, m));
    NeverInterrupt interrupt;
    mot::Auction auction(masses, mot::select_candidates(as_given(cost), 12, interrupt));
    CHECK(!auction.run(mot::coarse_epsilon * auction.spread(cost.scale()), interrupt));
    test_against_oracle(cost, uniform_masses(n, m));
    test_against_oracle(cost, random_masses(random, n, m, 0, 3));
}

/// Groups of units that are the same, to all others alike.
Matrix with_duplicates(Matrix cost, std::size_t n_copies) {
    const Matrix original = cost;
    for (std::size_t i = 0; i < cost.n_rows; ++i)
        for (std::size_t j = 0; j < cost.n_columns; ++j) cost(i, j) = original(i / n_copies, j / n_copies);
    return cost;
}

/// Ties everywhere: nearly every pivot moves no mass.
void test_degenerate(Random& random) {
    for (int round = 0; round < 12; ++round) {
        const std::size_t n = draw_size(random, 40, 120);
        case_name = "degenerate, round " + std::to_string(round) + ", " + std::to_string(n);
        test_against_oracle(whole_costs(random, n, n, 1 + round % 3), uniform_masses(n, n));
        if (round % 3 == 0) test_against_oracle(Matrix(n, n, 1.0), uniform_masses(n, n));
        if (round % 3 == 1) test_against_oracle(whole_costs(random, n, n + 1, 1), uniform_masses(n, n + 1));
        if (round % 3 == 2)
            test_against_oracle(with_duplicates(whole_costs(random, n, n, 50), 2 + n % 5), uniform_masses(n, n));
    }
}

/// Units without mass may have any cost: their potentials must still violate no arc.
void test_massless_units(Random& random) {
    case_name = "massless units";
    WholeMasses masses = random_masses(random, 50, 60, 1, 4);
    long moved = 0;
    for (std::size_t i = 1; i < 50; i += 2) moved += std::exchange(masses.a[i], 0);
    masses.a[0] += moved;
    for (std::size_t j = 1; j < 60; j += 3) masses.b[0] += std::exchange(masses.b[j], 0);
    Matrix cost = whole_costs(random, 50, 60, 500);
    for (std::size_t j = 0; j < 60; ++j) cost(1, j) -= 5000;
    for (std::size_t i = 0; i < 50; ++i) cost(i, 1) -= 7000;
    test_against_oracle(cost, masses);
}

}  // namespace

int main() {
    Random random(7);
    test_shape(random, 60, 90);
    test_shape(random, 90, 60);
    test_shape(random, 80, 80);
    test_shape(random, 33, 34);
    test_shape(random, 40, 130);
    test_crowds(random);
    test_hubs(random, 120, 5);
    test_hubs(random, 120, 60);
    test_rank_one(random, 130, 130);
    test_rank_one(random, 300, 120);
    test_degenerate(random);
    test_massless_units(random);
}
