#include "mot/solve/pairs.hpp"

#include <algorithm>
#include <numeric>

#include "mot/costs/correlation_cost.hpp"
#include "mot/costs/screened_cost.hpp"

namespace mot {
namespace {

std::int64_t n_costs(const LayerPair& pair) {
    return pair.source->n_units() * pair.target->n_units();
}

std::vector<double> equal_masses(std::int64_t n_units, const double* others, std::int64_t n_others) {
    const double sum = std::accumulate(others, others + n_others, 0.0);
    return std::vector<double>(static_cast<std::size_t>(n_units), sum / static_cast<double>(n_units));
}

Masses masses_of(const LayerPair& pair) {
    const std::int64_t n_source = pair.source->n_units();
    const std::int64_t n_target = pair.target->n_units();
    const double* a = pair.source_masses;
    const double* b = pair.target_masses;
    if (!a && !b) return Masses::uniform(n_source, n_target);
    if (!a) return Masses::from_marginals(equal_masses(n_source, b, n_target).data(), n_source, b, n_target);
    if (!b) return Masses::from_marginals(a, n_source, equal_masses(n_target, a, n_source).data(), n_target);
    return Masses::from_marginals(a, n_source, b, n_target);
}

/// Calls `solve(cost)` with rounded costs, then in single precision, then in double precision, until the answer is
/// decided.
template <class Solve>
Solution solve_on_correlations(const StandardizedLayer& source, const StandardizedLayer& target, Workspace& workspace,
                               Interrupt& interrupt, Solve solve) {
    if (ScreenedCost::is_possible(source, target) && ScreenedCost::may_be_worthwhile(source, target)) {
        const ScreenedCost cost(source, target, workspace, interrupt);
        if (cost.is_worthwhile()) {
            Solution solution = solve(cost);
            if (solution.status != Status::undecided) return solution;
        }
    }
    {
        const CorrelationCost<float> cost(source, target, workspace, interrupt);
        if (interrupt.requested()) return {};
        Solution solution = solve(cost);
        if (solution.status != Status::undecided) return solution;
    }
    const CorrelationCost<double> cost(source, target, workspace, interrupt);
    if (interrupt.requested()) return {};
    return solve(cost);
}

/// The pairs of one call, ordered by the work on them.
class PairBatch {
public:
    PairBatch(const std::vector<LayerPair>& pairs, Sgemm sgemm, const BatchLimits& limits, Progress& progress)
        : pairs_(pairs),
          sgemm_(sgemm),
          limits_(limits),
          batch_(progress),
          order_(pairs.size()),
          solutions_(pairs.size()) {
        // Large pairs first, so that no thread is left with one at the end.
        std::iota(order_.begin(), order_.end(), std::size_t{0});
        std::stable_sort(order_.begin(), order_.end(),
                         [&](std::size_t x, std::size_t y) { return n_costs(pairs[x]) > n_costs(pairs[y]); });
    }

    std::vector<Solution> solve() {
        const std::size_t n_alone = n_pairs_alone();
        if (n_alone > 0) solve_one_by_one(n_alone);
        if (n_alone < order_.size()) solve_side_by_side();
        return std::move(solutions_);
    }

private:
    /// Pairs too large for one thread, which come first; and one more if it would be left over, so that all threads but
    /// one would wait for it at the end.
    std::size_t n_pairs_alone() const {
        const auto is_alone = [&](std::size_t p) {
            return n_costs(pairs_[p]) > std::min(limits_.most_costs, pairs_[p].most_costs);
        };
        const auto n = static_cast<std::size_t>(std::count_if(order_.begin(), order_.end(), is_alone));
        const std::size_t n_left = order_.size() - n;
        const auto n_threads = static_cast<std::size_t>(std::max(limits_.n_threads, 1));
        if (n_left == 1) return n + 1;
        // Smaller ones gain too little from all threads.
        constexpr std::int64_t worth_all_threads = std::int64_t{1} << 20;
        const bool is_left_over = n_threads > 1 && n_left % n_threads == 1;
        return is_left_over && n_costs(pairs_[order_[n]]) >= worth_all_threads ? n + 1 : n;
    }

    void solve_one(std::size_t p, std::int64_t most_costs, Workspace& workspace, Interrupt& interrupt) {
        const LayerPair& pair = pairs_[p];
        workspace.most_stored = std::min(most_costs, pair.most_costs);
        const Masses masses = masses_of(pair);
        solutions_[p] = pair.goal
                            ? solve_pair_towards(*pair.source, *pair.target, masses, *pair.goal, workspace, interrupt)
                            : solve_pair(*pair.source, *pair.target, masses, workspace, interrupt);
    }

    /// All threads work on one pair.
    void solve_one_by_one(std::size_t n) {
        const int n_workers = std::min(limits_.n_threads, processors());
        Workspace workspace{sgemm_, 0, Workers(n_workers)};
        batch_.share(Workers(1), static_cast<std::int64_t>(n), [&](std::int64_t k, int, Interrupt& interrupt) {
            solve_one(order_[static_cast<std::size_t>(k)], limits_.most_costs_alone, workspace, interrupt);
        });
    }

    /// Every thread works on a pair of its own.
    void solve_side_by_side() {
        const Workers workers(std::max(limits_.n_threads, 1));
        std::vector<Workspace> workspaces;
        for (int worker = 0; worker < workers.n(); ++worker) workspaces.push_back({sgemm_, 0, Workers(1)});
        batch_.share(workers, static_cast<std::int64_t>(order_.size()),
                     [&](std::int64_t k, int worker, Interrupt& interrupt) {
                         solve_one(order_[static_cast<std::size_t>(k)], limits_.most_costs,
                                   workspaces[static_cast<std::size_t>(worker)], interrupt);
                     });
    }

    const std::vector<LayerPair>& pairs_;
    Sgemm sgemm_;
    const BatchLimits& limits_;
    Batch batch_;
    std::vector<std::size_t> order_;
    std::vector<Solution> solutions_;
};

}  // namespace

Solution solve_pair(const StandardizedLayer& source, const StandardizedLayer& target, const Masses& masses,
                    Workspace& workspace, Interrupt& interrupt, Method method) {
    return solve_on_correlations(source, target, workspace, interrupt,
                                 [&](const auto& cost) { return solve_dense(cost, masses, interrupt, method); });
}

Solution solve_pair_towards(const StandardizedLayer& source, const StandardizedLayer& target, const Masses& masses,
                            const PartialGoal& goal, Workspace& workspace, Interrupt& interrupt) {
    return solve_on_correlations(source, target, workspace, interrupt,
                                 [&](const auto& cost) { return solve_towards(cost, masses, goal, interrupt); });
}

std::vector<Solution> solve_pairs(const std::vector<LayerPair>& pairs, Sgemm sgemm, const BatchLimits& limits,
                                  Progress& progress) {
    return PairBatch(pairs, sgemm, limits, progress).solve();
}

}  // namespace mot
