/// Pairs of layers whose costs are screened: the solutions are those of the exact costs, by every version of the
/// products, on layers that screening tells apart and on layers that it does not.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "mot/certificates/certificate.hpp"
#include "mot/costs/screened_cost.hpp"
#include "mot/solve/pairs.hpp"
#include "oracles/layers.hpp"
#include "support/check.hpp"
#include "support/layer_families.hpp"
#include "support/problems.hpp"

namespace {

bool is_same(const mot::Solution& x, const mot::Solution& y) {
    return x.status == y.status && x.cost == y.cost && x.plan.source == y.plan.source &&
           x.plan.target == y.plan.target && x.plan.mass == y.plan.mass && x.potentials.u == y.potentials.u &&
           x.potentials.v == y.potentials.v;
}

/// The costs that count, computed apart from the ones that are searched.
Matrix exact_costs_of(const mot::StandardizedLayer& source, const mot::StandardizedLayer& target) {
    NeverInterrupt interrupt;
    mot::Workspace workspace = workspace_of(naive_sgemm, 0);
    return exact_costs(mot::CorrelationCost<double>(source, target, workspace, interrupt));
}

/// A violation that the searched costs cannot tell is found by the certificate.
void check_certificate(const mot::ScreenedCost& cost, const mot::Masses& masses, const mot::Solution& solution) {
    NeverInterrupt interrupt;
    const auto certificate_of = [&](const mot::Potentials& potentials) {
        return mot::certify(cost, masses, solution.plan, potentials, interrupt);
    };
    CHECK(certificate_of(solution.potentials).is_optimal());
    for (const double violation : {2e-6, 0.5 * cost.row_margin(0), 0.5}) {
        mot::Potentials raised = solution.potentials;
        raised.u[0] += violation;
        CHECK_NEAR(certificate_of(raised).dual_violation, violation, 1e-12);
        CHECK(!certificate_of(raised).is_optimal());
        mot::Potentials swapped = solution.potentials;
        swapped.v[0] += violation;
        CHECK_NEAR(certificate_of(swapped).dual_violation, violation, 1e-12);
    }
    for (const double bad : {std::numeric_limits<double>::quiet_NaN(), infinity, -infinity}) {
        mot::Potentials potentials = solution.potentials;
        potentials.v[0] = bad;
        CHECK(!certificate_of(potentials).is_optimal());
        potentials = solution.potentials;
        potentials.u[0] = bad;
        CHECK(!certificate_of(potentials).is_optimal());
    }
}

/// The whole of `solve_pair`, which falls back where screening is undecided, and screening alone where it is not.
void test_pair(const Activations& x, const Activations& y, const WholeMasses& masses) {
    const double total = std::accumulate(masses.a.begin(), masses.a.end(), 0.0);
    bool has_expected = false;
    double expected = 0;
    for (const mot::IntegerProducts* products : all_products()) {
        const mot::StandardizedLayer source = standardize(x, products);
        const mot::StandardizedLayer target = standardize(y, products);
        const Matrix exact = exact_costs_of(source, target);
        if (!has_expected) expected = solve_matrix(exact, to_core(masses), mot::Method::simplex).cost;
        has_expected = true;
        // Products of integers are the same whoever computes them: threads are tested with one version.
        const int most_workers = products == all_products().back() ? 2 : 1;
        for (const mot::Method method : all_methods) {
            std::vector<mot::Solution> solutions;
            for (const std::int64_t most_stored : {std::int64_t{1} << 30, std::int64_t{0}})
                for (int n_workers = 1; n_workers <= most_workers; ++n_workers) {
                    mot::Workspace workspace = threaded_workspace(most_stored, n_workers);
                    NeverInterrupt interrupt;
                    solutions.push_back(mot::solve_pair(source, target, to_core(masses), workspace, interrupt, method));
                    const mot::Solution& solution = solutions.back();
                    check_optimal(exact, to_real(masses.a), to_real(masses.b), solution, 1e-12);
                    CHECK_NEAR(solution.cost, expected, 1e-12 * total);
                    // Without memory for costs, assignments are not searched densely: other plans of the same cost.
                    if (n_workers == 2) CHECK(is_same(solution, solutions[solutions.size() - 2]));
                }
        }
        NeverInterrupt interrupt;
        mot::Workspace workspace = workspace_of(naive_sgemm, 0);
        const mot::ScreenedCost cost(source, target, workspace, interrupt);
        const mot::Solution screened = mot::solve_dense(cost, to_core(masses), interrupt, mot::Method::automatic);
        if (screened.status == mot::Status::undecided) continue;
        check_optimal(exact, to_real(masses.a), to_real(masses.b), screened, 1e-12);
        // A unit without mass may have a potential that is not tight.
        if (masses.a[0] > 0 && masses.b[0] > 0) check_certificate(cost, to_core(masses), screened);
    }
}

void test_families(Random& random, std::size_t n_stimuli, std::size_t n, std::size_t m) {
    for (const LayerFamily family : all_layer_families) {
        case_name = std::string(name_of(family)) + ", " + std::to_string(n_stimuli) + " stimuli, " + std::to_string(n) +
                    " x " + std::to_string(m);
        const Activations x = draw_layer(random, family, n_stimuli, n);
        const Activations y = draw_layer(random, family, n_stimuli, m);
        test_pair(x, y, uniform_masses(n, m));
        test_pair(x, y, random_masses(random, n, m, 0, 3));
        test_pair(x, x, uniform_masses(n, n));
    }
}

/// Layers on which screening rules out something are solved by it alone.
void test_screening_decides(Random& random) {
    case_name = "screening decides";
    for (const mot::IntegerProducts* products : all_products()) {
        const mot::StandardizedLayer source = standardize(draw_layer(random, LayerFamily::dense, 400, 120), products);
        const mot::StandardizedLayer target = standardize(draw_layer(random, LayerFamily::spiking, 400, 150), products);
        NeverInterrupt interrupt;
        mot::Workspace workspace = workspace_of(naive_sgemm, 0);
        const mot::ScreenedCost cost(source, target, workspace, interrupt);
        CHECK(mot::solve_dense(cost, mot::Masses::uniform(120, 150), interrupt, mot::Method::automatic).status ==
              mot::Status::optimal);
    }
}

}  // namespace

int main() {
    Random random(25);
    test_screening_decides(random);
    test_families(random, 3, 30, 40);
    test_families(random, 50, 45, 45);
    test_families(random, 200, 40, 50);
}
