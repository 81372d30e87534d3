/// Work that is told to stop, at whichever moment, returns interrupted and without a result, and never goes on for long
/// without a check; the checks on few rows with many columns are in proportion to the work.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "mot/solve/assignment.hpp"
#include "mot/solve/dense.hpp"
#include "mot/solve/partial.hpp"
#include "mot/solve/points.hpp"
#include "mot/solve/sparse.hpp"
#include "oracles/layers.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

using mot::Method;
using mot::Status;

/// Solves, or does other work; when it is interrupted it may return nothing but the status.
using Work = std::function<Status(mot::Interrupt&)>;

Status status_of(const mot::Solution& solution) {
    const bool is_empty = solution.plan.mass.empty() && solution.potentials.u.empty();
    CHECK(is_empty == (solution.status != Status::optimal));
    return solution.status;
}

/// Does the work to its end once, with a check wherever there can be one, then stops it at some of these checks, early
/// and late ones. On its way out it may check once more for every exact cost that is computed.
void test_moments(Random& random, const std::string& name, Status expected, int most_on_the_way_out, const Work& work) {
    case_name = name;
    StopAt undisturbed(StopAt::never);
    CHECK(work(undisturbed) == expected);
    CHECK(undisturbed.n_checks >= 20);
    std::set<int> moments{1, 2, undisturbed.n_checks};
    for (int k = 0; k < 8; ++k) {
        moments.insert(draw(random, 1, undisturbed.n_checks));
        moments.insert(draw(random, 1, 1 + undisturbed.n_checks / (1 << k)));
    }
    for (const int n : moments) {
        case_name = name + ", check " + std::to_string(n) + " of " + std::to_string(undisturbed.n_checks);
        StopAt interrupt(n);
        CHECK(work(interrupt) == Status::interrupted);
        CHECK(interrupt.n_checks < n + most_on_the_way_out);
    }
    StopAt late(undisturbed.n_checks + 1);
    CHECK(work(late) == expected);
}

/// Products of ranks are hard for the auction, and leave much to do.
void test_dense(Random& random) {
    const Matrix cost = rank_products(random, 160);
    const auto solve = [&](const Matrix& matrix, const mot::Masses& masses, Method method) {
        return [&matrix, masses, method](mot::Interrupt& interrupt) {
            return status_of(mot::solve_dense(as_given(matrix), masses, interrupt, method));
        };
    };
    for (const Method method : all_methods)
        test_moments(random, "dense", Status::optimal, 20, solve(cost, mot::Masses::uniform(160, 160), method));
    const mot::Masses uneven = to_core(random_masses(random, 160, 160, 0, 1000));
    test_moments(random, "uneven masses", Status::optimal, 20, solve(cost, uneven, Method::automatic));
    const Matrix wide = whole_costs(random, 3, 600, 1000);
    test_moments(random, "few rows", Status::optimal, 20, solve(wide, mot::Masses::uniform(3, 600), Method::automatic));
    const Matrix tall = wide.transposed();
    test_moments(random, "few columns", Status::optimal, 20,
                 solve(tall, mot::Masses::uniform(600, 3), Method::automatic));
}

void test_matchings(Random& random) {
    const auto assign = [](const Matrix& cost) {
        return [&cost](mot::Interrupt& interrupt) {
            const mot::Matching matching = mot::solve_assignment(view_of_cost(cost), interrupt);
            CHECK(matching.column_of.empty() == (matching.status != Status::optimal));
            return matching.status;
        };
    };
    const Matrix oblong = whole_costs(random, 80, 130, 1000);
    test_moments(random, "oblong matching", Status::optimal, 20, assign(oblong));
    const Matrix square = rank_products(random, 300);
    test_moments(random, "square matching", Status::optimal, 20, assign(square));
    Matrix forbidden = oblong;
    for (std::size_t j = 0; j < forbidden.n_columns; ++j) forbidden(79, j) = infinity;
    test_moments(random, "no matching", Status::infeasible, 20, assign(forbidden));
}

void test_sparse(Random& random) {
    const auto solve = [](const FiniteRows& rows, std::int64_t n) {
        return [&rows, n](mot::Interrupt& interrupt) {
            return status_of(mot::solve_sparse(mot::SparseCost(rows.view()), mot::Masses::uniform(n, n), interrupt));
        };
    };
    Matrix known = some_of(random, whole_costs(random, 120, 120, 1000), 20);
    for (std::size_t i = 0; i < 120; ++i) known(i, i) = 1000.0;
    const FiniteRows feasible(known);
    test_moments(random, "sparse", Status::optimal, 20, solve(feasible, 120));
    // Two sources that can go to one target only.
    for (std::size_t j = 1; j < 120; ++j) known(0, j) = known(1, j) = infinity;
    known(1, 0) = 1.0;
    const FiniteRows infeasible(known);
    test_moments(random, "sparse without a plan", Status::infeasible, 20, solve(infeasible, 120));
}

/// The first goal is not reached before the walk has gone on for long.
void test_partial(Random& random) {
    const std::vector<double> a(120, 1.0), b(120, 1.5);
    const mot::PartialProblem problem = mot::partial_problem(a.data(), 120, b.data(), 120);
    const auto status_of_all = [](const std::vector<mot::Solution>& solutions) {
        CHECK(solutions.size() == 2);
        // The walk may be over when what is left is to prove the last plan.
        CHECK(solutions[1].status == solutions[0].status || solutions[1].status == Status::interrupted);
        status_of(solutions[0]);
        return status_of(solutions[1]);
    };
    const std::vector<mot::PartialGoal> goals{{100.0}, {120.0}};
    const Matrix ranks = rank_products(random, 120), ties = whole_costs(random, 120, 120, 2);
    for (const Matrix* cost : {&ranks, &ties})
        test_moments(random, "partial", Status::optimal, 20, [&](mot::Interrupt& interrupt) {
            return status_of_all(mot::solve_partial(as_given(*cost), problem, goals, interrupt));
        });
    const FiniteRows rows(some_of(random, ranks, 50));
    test_moments(random, "partial, listed", Status::optimal, 20, [&](mot::Interrupt& interrupt) {
        return status_of_all(mot::solve_partial(mot::SparseCost(rows.view()), problem, goals, interrupt));
    });
    const Matrix x = random_activations(random, 120, 12), y = random_activations(random, 120, 12);
    for (const mot::Metric metric : {mot::Metric::squared_euclidean, mot::Metric::cityblock})
        test_moments(random, "partial, points", Status::optimal, 200, [&](mot::Interrupt& interrupt) {
            mot::Workspace workspace = workspace_of(naive_sgemm, 0);
            const mot::PointPair points{view_of_cost(x), view_of_cost(y), metric};
            return status_of_all(mot::solve_partial_points(points, problem, goals, workspace, interrupt));
        });
}

/// Starts with the matrix product, between whose panels there are checks.
void test_correlations(Random& random) {
    const mot::StandardizedLayer source = standardize(random_activations(random, 4, 1100));
    const mot::StandardizedLayer target = standardize(random_activations(random, 4, 30));
    for (const std::int64_t most_stored : {1 << 20, 0})
        test_moments(random, "correlations", Status::optimal, 20000, [&](mot::Interrupt& interrupt) {
            mot::Workspace workspace = workspace_of(naive_sgemm, most_stored);
            const mot::CorrelationCost<float> cost(source, target, workspace, interrupt);
            return status_of(mot::solve_dense(cost, mot::Masses::uniform(1100, 30), interrupt));
        });
}

void test_layers(Random& random) {
    const Activations activations = random_activations(random, 60, 40);
    const auto told = [](const StopAt& interrupt) {
        return interrupt.has_stopped() ? Status::interrupted : Status::optimal;
    };
    test_moments(random, "standardizing", Status::optimal, 20, [&](mot::Interrupt& interrupt) {
        const mot::StandardizedLayer layer(view_of(activations), &interrupt);
        return told(static_cast<const StopAt&>(interrupt));
    });
    test_moments(random, "looking for NaN", Status::optimal, 20, [&](mot::Interrupt& interrupt) {
        CHECK(!mot::first_nonfinite(view_of(activations), &interrupt));
        return told(static_cast<const StopAt&>(interrupt));
    });
}

/// Stored costs are computed in panels of 1,024 rows at most, with a check between them.
void test_product(Random& random) {
    const mot::StandardizedLayer source = standardize(random_activations(random, 4, 1100));
    const mot::StandardizedLayer target = standardize(random_activations(random, 4, 2));
    case_name = "product";
    for (const int n : {1, 2}) {
        StopAt interrupt(n);
        mot::Workspace workspace = workspace_of(naive_sgemm, 2200);
        const mot::CorrelationCost<float> cost(source, target, workspace, interrupt);
        CHECK(interrupt.n_checks == n);  // 1,100 rows are two panels
    }
}

/// Never says stop; keeps the longest time that the processor worked between two checks.
class Watch : public mot::Interrupt {
public:
    bool requested() override {
        ++n_checks;
        note();
        return false;
    }
    void note() {
        const double now = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
        longest = std::max(longest, now - last_);
        last_ = now;
    }
    int n_checks = 0;
    double longest = 0;

private:
    double last_ = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
};

/// Solves with the usual amount of work between checks. `most_checks`, each some million steps, bounds all work.
void test_watched(const std::string& name, const Matrix& cost, const mot::Masses& masses, int most_checks) {
    case_name = name;
    Watch watch;
    const mot::Solution solution = mot::solve_dense(as_given(cost), masses, watch);
    watch.note();
    CHECK(solution.status == Status::optimal);
    CHECK(watch.longest < 1.0);
    CHECK(watch.n_checks <= most_checks);
}

void test_few_with_many(Random& random) {
    for (const auto& [n, m] : {std::pair<std::size_t, std::size_t>{1, 60000}, {2, 20000}, {3, 20000}, {10, 6000}}) {
        const std::string name = std::to_string(n) + " with " + std::to_string(m);
        Matrix cost(n, m);
        for (double& value : cost.values) value = draw_real(random, 0.0, 1.0);
        for (const WholeMasses& masses : {uniform_masses(n, m), random_masses(random, n, m, 0, 1000)}) {
            test_watched(name, cost, to_core(masses), 60);
            test_watched(name + ", transposed", cost.transposed(), to_core({masses.b, masses.a}), 60);
        }
    }
}

}  // namespace

int main() {
    Random random(15);
    test_dense(random);
    test_matchings(random);
    test_sparse(random);
    test_partial(random);
    test_correlations(random);
    test_layers(random);
    test_product(random);
    test_few_with_many(random);
    test_watched("products", rank_products(random, 400), mot::Masses::uniform(400, 400), 100000);
}
