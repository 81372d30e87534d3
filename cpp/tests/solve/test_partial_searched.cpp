/// Partial transports on costs that are computed when they are searched, in rounded, single or double precision: they
/// cost what those on the matrix of exact costs do.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "mot/costs/correlation_cost.hpp"
#include "mot/costs/point_cost.hpp"
#include "mot/costs/screened_cost.hpp"
#include "mot/solve/pairs.hpp"
#include "mot/solve/partial.hpp"
#include "mot/solve/points.hpp"
#include "oracles/layers.hpp"
#include "oracles/partial_transport.hpp"
#include "support/check.hpp"
#include "support/layer_families.hpp"
#include "support/partial_problems.hpp"
#include "support/problems.hpp"

namespace {

using mot::PartialGoal;
using mot::Solution;
using mot::Status;

/// Masses in steps, or prices, and what the matrix of exact costs says of them.
struct Expected {
    const CallerCase& given;
    std::vector<PartialGoal> goals;
    std::vector<double> values, masses;

    Expected(const CallerCase& given_, std::vector<PartialGoal> goals_) : given(given_), goals(std::move(goals_)) {
        for (const Solution& solution : solve_case(given, CostKind::matrix, goals)) {
            masses.push_back(check_partial(given.data(), solution, 1e-12 * given.scale()));
            values.push_back(given.value(solution));
        }
    }
    /// Answers where they are decided; units without mass have potentials of the searched costs, within `resolution`.
    void check(const std::vector<Solution>& solutions, double resolution) const {
        CHECK(solutions.size() == goals.size());
        for (std::size_t k = 0; k < goals.size(); ++k) {
            const double mass = check_partial(given.data(), solutions[k], 1e-12 * given.scale() + resolution);
            CHECK_NEAR(mass, masses[k], 1e-12 * given.total());
            CHECK_NEAR(given.value(solutions[k]), values[k], 1e-12 * given.scale() * given.total());
        }
    }
};

std::vector<Expected> expectations(const CallerCase& given, const CallerCase& priced) {
    std::vector<PartialGoal> masses, prices;
    for (const double share : {0.01, 0.3, 0.5, 0.77, 1.0}) masses.push_back(of_mass(share * given.most()));
    const double scale = given.cost.scale();
    for (const double share : {-0.9, -0.2, 0.0, 0.3, 3.0}) prices.push_back(of_price(share * scale));
    std::vector<Expected> all;
    all.emplace_back(given, masses);
    all.emplace_back(priced, prices);
    return all;
}

CallerCase case_of(const Matrix& cost, const WholeMasses& masses) {
    return {cost, to_real(masses.a), to_real(masses.b)};
}

/// The same with a price for each unit.
CallerCase with_prices(Random& random, CallerCase given) {
    for (std::vector<double>* side : {&given.kept_a, &given.kept_b})
        for (double& price : *side) price = 0.5 * given.cost.scale() * draw_real(random, -0.2, 1.0);
    return given;
}

constexpr mot::Metric all_metrics[] = {mot::Metric::squared_euclidean, mot::Metric::euclidean, mot::Metric::cityblock,
                                       mot::Metric::product};

void test_points(Random& random, std::size_t n, std::size_t m, std::size_t n_dimensions, bool is_grid) {
    Matrix x(n, n_dimensions), y(m, n_dimensions);
    for (Matrix* side : {&x, &y})
        for (double& value : side->values) value = is_grid ? draw(random, -2, 2) / 2.0 : draw_real(random, -1, 1);
    const double length = std::sqrt(static_cast<double>(n_dimensions));
    for (const mot::Metric metric : all_metrics) {
        case_name = "points " + std::to_string(n) + " x " + std::to_string(m) + ", dimensions " +
                    std::to_string(n_dimensions) + ", metric " + std::to_string(static_cast<int>(metric)) +
                    (is_grid ? ", on a grid" : "");
        Matrix source = x, target = y;
        if (metric == mot::Metric::product) {
            source = times(std::move(source), 1 / length);
            target = times(std::move(target), 1 / length);
        }
        const mot::PointPair points{view_of_cost(source), view_of_cost(target), metric, 1.0};
        Matrix cost(n, m);
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < m; ++j)
                cost(i, j) = points.cost(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j));
        for (const MassFamily family : {MassFamily::ones, MassFamily::levelled, MassFamily::zeros}) {
            const CallerCase given = case_of(cost, draw_masses(random, family, n, m));
            const CallerCase priced = with_prices(random, given);
            for (const Expected& expected : expectations(given, priced))
                for (const std::int64_t most_stored : {std::int64_t{1} << 30, std::int64_t{0}})
                    for (const int n_workers : {1, 2}) {
                        mot::Workspace workspace = workspace_of(naive_sgemm, most_stored, n_workers);
                        NeverInterrupt never;
                        const std::vector<Solution> solutions = mot::solve_partial_points(
                            points, expected.given.problem(), expected.goals, workspace, never);
                        expected.check(solutions, 0.0);
                    }
        }
    }
}

template <class Cost>
void test_searched(const Cost& cost, const Expected& expected, std::size_t& n_decided) {
    NeverInterrupt never;
    const std::vector<Solution> solutions = mot::solve_partial(cost, expected.given.problem(), expected.goals, never);
    const auto is_undecided = [](const Solution& solution) { return solution.status == Status::undecided; };
    if (std::any_of(solutions.begin(), solutions.end(), is_undecided)) return;
    ++n_decided;
    expected.check(solutions, 0.0);
}

/// Towards a price source and target pay half of it each.
std::vector<PartialGoal> some_goals() {
    return {of_mass(0.25), of_mass(1.0), of_price(0.6), of_price(-0.5), of_price(1.1), of_price(5.0)};
}

/// The price of mass is part of the u.
void check_towards(const CallerCase& given, PartialGoal goal, Solution solution) {
    CallerCase paid = given;
    if (goal.price < infinity) {
        paid.kept_a.assign(given.a.size(), goal.price / 2);
        paid.kept_b.assign(given.b.size(), goal.price / 2);
        goal.price = 0;
    }
    for (double& u : solution.potentials.u) u -= solution.price;
    Expected(paid, {goal}).check({solution}, 0.0);
}

/// Whether single precision told all arcs apart.
std::size_t test_layers(Random& random, LayerFamily family, std::size_t n_stimuli, std::size_t n, std::size_t m) {
    case_name = std::string("layers, ") + name_of(family) + ", " + std::to_string(n) + " x " + std::to_string(m);
    const std::string name = case_name;
    const Activations x = draw_layer(random, family, n_stimuli, n);
    const Activations y = draw_layer(random, family, n_stimuli, m);
    const mot::IntegerProducts* const products = all_products().back();
    const mot::StandardizedLayer source = standardize(x, products);
    const mot::StandardizedLayer target = standardize(y, products);
    NeverInterrupt never;
    mot::Workspace workspace = workspace_of(naive_sgemm, 0);
    const Matrix cost = exact_costs(mot::CorrelationCost<double>(source, target, workspace, never));
    std::size_t n_decided = 0;
    for (const MassFamily masses : {MassFamily::ones, MassFamily::levelled, MassFamily::few}) {
        const CallerCase given = case_of(cost, draw_masses(random, masses, n, m));
        const CallerCase priced = with_prices(random, given);
        for (const Expected& expected : expectations(given, priced)) {
            for (const std::int64_t most_stored : {std::int64_t{1} << 30, std::int64_t{0}}) {
                mot::Workspace searched = workspace_of(naive_sgemm, most_stored);
                std::size_t n_in_double = 0;
                case_name = name + ", double precision";
                test_searched(mot::CorrelationCost<double>(source, target, searched, never), expected, n_in_double);
                CHECK(n_in_double == 1);
                case_name = name + ", single precision";
                test_searched(mot::CorrelationCost<float>(source, target, searched, never), expected, n_decided);
                case_name = name + ", screened";
                test_searched(mot::ScreenedCost(source, target, searched, never), expected, n_decided);
            }
        }
    }
    case_name = name + ", towards goals";
    for (const PartialGoal& goal : some_goals())
        for (const WholeMasses& masses : {uniform_masses(n, m), random_masses(random, n, m, 0, 3)}) {
            const CallerCase given = case_of(cost, masses);
            const mot::Masses of_core = to_core(masses);
            const Solution solution = mot::solve_pair_towards(source, target, of_core, goal, workspace, never);
            check_towards(given, goal, solution);
        }
    return n_decided;
}

/// A batch of pairs gives each one's goal, at a price of which both sides pay half.
void test_goals_of_pairs(Random& random) {
    class Silence : public mot::Progress {
        bool report(std::int64_t) noexcept override { return true; }
    };
    case_name = "goals of pairs";
    std::vector<mot::StandardizedLayer> layers;
    for (const std::size_t n : {20u, 33u, 70u})
        layers.push_back(standardize(draw_layer(random, LayerFamily::dense, 30, n), all_products().back()));
    std::vector<mot::LayerPair> pairs;
    for (const mot::StandardizedLayer& source : layers)
        for (const mot::StandardizedLayer& target : layers) {
            pairs.push_back({&source, &target});
            for (const PartialGoal& goal : some_goals()) {
                pairs.push_back({&source, &target});
                pairs.back().goal = goal;
            }
        }
    Silence silence;
    for (const int n_threads : {1, 3}) {
        const std::vector<Solution> solutions =
            mot::solve_pairs(pairs, naive_sgemm, {n_threads, 1 << 20, 1 << 20}, silence);
        for (std::size_t p = 0; p < pairs.size(); ++p) {
            NeverInterrupt never;
            mot::Workspace workspace = workspace_of(naive_sgemm, 0);
            const mot::StandardizedLayer &source = *pairs[p].source, &target = *pairs[p].target;
            const Matrix cost = exact_costs(mot::CorrelationCost<double>(source, target, workspace, never));
            const auto n = static_cast<double>(cost.n_rows), m = static_cast<double>(cost.n_columns);
            const CallerCase given(cost, std::vector<double>(cost.n_rows, 1 / n),
                                   std::vector<double>(cost.n_columns, 1 / m));
            if (pairs[p].goal)
                check_towards(given, *pairs[p].goal, solutions[p]);
            else
                check_optimal(cost, given.a, given.b, solutions[p], 1e-12);
        }
    }
}

}  // namespace

int main() {
    Random random(33);
    for (const std::size_t n_dimensions : {1u, 2u, 9u, 40u})
        for (const bool is_grid : {false, true}) {
            test_points(random, 12, 7, n_dimensions, is_grid);
            test_points(random, 60, 45, n_dimensions, is_grid);
            test_points(random, 3, 140, n_dimensions, is_grid);
        }
    std::size_t n_decided = 0;
    for (const LayerFamily family : all_layer_families) {
        n_decided += test_layers(random, family, 3, 20, 30);
        n_decided += test_layers(random, family, 60, 45, 45);
        n_decided += test_layers(random, family, 200, 90, 40);
    }
    CHECK(n_decided > 12);
    test_goals_of_pairs(random);
}
