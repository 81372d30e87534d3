/// Exact costs are one minus the layers' correlations, computed once, whoever asks first and by however many workers.
#include "mot/costs/exact_correlations.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "mot/kernels/kernels.hpp"
#include "oracles/layers.hpp"
#include "support/check.hpp"
#include "support/layer_families.hpp"
#include "support/problems.hpp"

namespace {

using mot::Arc;

/// Arcs in any order, some of them twice.
std::vector<Arc> draw_arcs(Random& random, std::size_t n_arcs, std::size_t n, std::size_t m) {
    std::vector<Arc> arcs;
    for (std::size_t k = 0; k < n_arcs; ++k)
        arcs.push_back({static_cast<mot::Node>(draw_size(random, 0, n - 1)),
                        static_cast<mot::Node>(draw_size(random, 0, m - 1)), 7.0});
    return arcs;
}

void check_costs(const mot::ExactCorrelations& exact, const mot::StandardizedLayer& source,
                 const mot::StandardizedLayer& target) {
    for (std::int64_t i = 0; i < source.n_units(); ++i)
        for (std::int64_t j = 0; j < target.n_units(); ++j)
            CHECK(exact.cost(i, j) == 1.0 - source.correlation(i, target, j));
}

/// Bounds that are not above the costs and close to them, and the costs themselves where these are below those that the
/// arcs come with: whatever was asked before.
void check_least_costs(Random& random, const mot::ExactCorrelations& exact, const mot::StandardizedLayer& source,
                       const mot::StandardizedLayer& target, std::vector<Arc> arcs) {
    const auto cost_of = [&](const Arc& arc) { return 1.0 - source.correlation(arc.source, target, arc.target); };
    for (Arc& arc : arcs) {
        const int kind = draw(random, 0, 3);
        if (kind == 0) arc.cost = cost_of(arc);
        if (kind == 1) arc.cost = cost_of(arc) + 1e-6 * draw_real(random, -1.0, 1.0);
        if (kind > 1) arc.cost = draw_real(random, 0.0, 2.0);
    }
    const std::vector<double> least = exact.find_least_costs(arcs);
    CHECK(least.size() == arcs.size());
    for (std::size_t k = 0; k < arcs.size(); ++k) {
        const double cost = cost_of(arcs[k]);
        CHECK(least[k] <= cost && least[k] >= cost - 2 * mot::error_of_quick_dot(source.n_stimuli()));
        if (cost < arcs[k].cost) CHECK(least[k] == cost);
    }
}

/// One workspace serves one pair after the other: it must not remember costs of the pair before.
void test_costs(Random& random) {
    for (const int n_workers : {1, 2, 5}) {
        mot::Workspace workspace = threaded_workspace(0, n_workers);
        for (const LayerFamily family : all_layer_families)
            for (const std::size_t n_arcs : {0u, 1u, 30u, 3000u}) {
                case_name = std::string(name_of(family)) + ", " + std::to_string(n_workers) + " workers";
                const mot::StandardizedLayer source = standardize(draw_layer(random, family, 33, 20));
                const mot::StandardizedLayer target = standardize(draw_layer(random, family, 33, 31));
                NeverInterrupt interrupt;
                const mot::ExactCorrelations exact(source, target, workspace, interrupt);
                CHECK(exact.cost(3, 4) == 1.0 - source.correlation(3, target, 4));
                for (int round = 0; round < 2; ++round) {
                    exact.compute(draw_arcs(random, n_arcs / 2, 20, 31));
                    check_least_costs(random, exact, source, target, draw_arcs(random, n_arcs, 20, 31));
                }
                check_costs(exact, source, target);
                check_costs(exact, source, target);
            }
    }
}

/// What was computed before a stop is right; what was not is computed by a caller who goes on.
void test_interrupt(Random& random) {
    case_name = "interrupt";
    const mot::StandardizedLayer source = standardize(draw_layer(random, LayerFamily::dense, 33, 50));
    const mot::StandardizedLayer target = standardize(draw_layer(random, LayerFamily::dense, 33, 60));
    mot::Workspace workspace = workspace_of(naive_sgemm, 0, 2);
    StopAt undisturbed(StopAt::never);
    mot::ExactCorrelations(source, target, workspace, undisturbed).compute(draw_arcs(random, 2900, 50, 60));
    CHECK(undisturbed.n_checks >= 3);
    StopAt interrupt(2);
    mot::ExactCorrelations(source, target, workspace, interrupt).compute(draw_arcs(random, 2900, 50, 60));
    CHECK(interrupt.n_checks == 2);
    NeverInterrupt never;
    check_costs(mot::ExactCorrelations(source, target, workspace, never), source, target);
}

}  // namespace

int main() {
    Random random(24);
    test_costs(random);
    test_interrupt(random);
}
