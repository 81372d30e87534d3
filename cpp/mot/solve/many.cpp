#include "mot/solve/many.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <exception>
#include <limits>
#include <map>
#include <mutex>
#include <numeric>
#include <tuple>
#include <utility>

#include "mot/costs/given_cost.hpp"
#include "mot/solve/dense.hpp"
#include "mot/types/masses.hpp"

namespace mot {
namespace {

/// The masses of one problem after the other; those of the last one serve the next if it has the same.
class MassesOfProblems {
public:
    const Masses& of(const GivenTransport& problem, std::int64_t n, std::int64_t m) {
        const Key key{problem.a, problem.b, n, m};
        if (!(key == key_)) {
            const std::vector<double> a = uniform_unless(problem.a, n);
            const std::vector<double> b = uniform_unless(problem.b, m);
            masses_ = Masses::from_marginals(problem.a ? problem.a : a.data(), n, problem.b ? problem.b : b.data(), m);
            key_ = key;
        }
        return masses_;
    }

private:
    struct Key {
        const double* a;
        const double* b;
        std::int64_t n, m;
        bool operator==(const Key& other) const { return a == other.a && b == other.b && n == other.n && m == other.m; }
    };

    static std::vector<double> uniform_unless(const double* given, std::int64_t n) {
        return given ? std::vector<double>{}
                     : std::vector<double>(static_cast<std::size_t>(n), 1.0 / static_cast<double>(n));
    }

    Key key_{nullptr, nullptr, 0, 0};
    Masses masses_;
};

template <class Real>
Solution solve_if_finite(const GivenTransport& problem, const MatrixView<Real>& cost, MassesOfProblems& masses,
                         const Potentials* start, Interrupt& interrupt) {
    const double scale = largest_magnitude(cost.data, cost.n_rows * cost.n_columns, interrupt);
    if (!(scale <= greatest_cost)) {
        Solution unsolved;
        unsolved.status = Status::not_proven;
        return unsolved;
    }
    return solve_dense(GivenCost<Real>(cost, scale), masses.of(problem, cost.n_rows, cost.n_columns), interrupt,
                       Method::automatic, start);
}

std::int64_t n_costs(const GivenTransport& problem) {
    return std::visit([](const auto& cost) { return cost.n_rows * cost.n_columns; }, problem.cost);
}

/// The share of all mass of a side that lies elsewhere in the other problem: their total variation.
double share_elsewhere(const double* x, const double* y, std::int64_t n) {
    if (x == y) return 0.0;
    if (!x || !y) return 1.0;
    const double sum_x = std::accumulate(x, x + n, 0.0);
    const double sum_y = std::accumulate(y, y + n, 0.0);
    double share = 0;
    for (std::int64_t k = 0; k < n; ++k) share += std::abs(x[k] / sum_x - y[k] / sum_y);
    return share / 2;
}

/// Of both sides together, for problems of one shape.
double distance(const GivenTransport& x, const GivenTransport& y) {
    const auto [n, m] = std::visit([](const auto& cost) { return std::pair(cost.n_rows, cost.n_columns); }, x.cost);
    return share_elsewhere(x.a, y.a, n) + share_elsewhere(x.b, y.b, m);
}

/// Problems with the same key have the same costs.
using CostKey = std::tuple<const void*, std::int64_t, std::int64_t>;

CostKey cost_key(const GivenTransport& problem) {
    return std::visit([](const auto& cost) { return CostKey(cost.data, cost.n_rows, cost.n_columns); }, problem.cost);
}

constexpr std::size_t no_problem = std::numeric_limits<std::size_t>::max();

/// For every problem an earlier one with the same costs and nearly the same masses, which starts from nothing itself;
/// `no_problem` where there is none. Starts from the potentials of such a neighbour were measured on forty families to
/// be 1.5 to 20 times as fast as starts from nothing, and some of those from further away to be slower.
std::vector<std::size_t> neighbours_of(const std::vector<GivenTransport>& problems) {
    constexpr double near = 0.1;
    constexpr std::size_t most_compared = 8;
    std::vector<std::size_t> neighbours;
    std::map<CostKey, std::vector<std::size_t>> without_neighbours;
    for (std::size_t p = 0; p < problems.size(); ++p) {
        std::vector<std::size_t>& without = without_neighbours[cost_key(problems[p])];
        std::size_t nearest = no_problem;
        double least = near;
        const std::size_t n_compared = std::min(without.size(), most_compared);
        for (std::size_t k = without.size() - n_compared; k < without.size(); ++k) {
            const double found = distance(problems[p], problems[without[k]]);
            if (!(found < least)) continue;
            nearest = without[k];
            least = found;
        }
        neighbours.push_back(nearest);
        if (nearest == no_problem) without.push_back(p);
    }
    return neighbours;
}

/// Some of the problems, which one thread solves one after another.
struct Run {
    std::vector<std::size_t> problems;
    std::int64_t n_costs;
};

/// Runs of small problems take long beside what it takes to share them. Large ones come first, so that no thread is
/// left with one at the end.
template <class IsWanted>
std::vector<Run> runs_of(const std::vector<GivenTransport>& problems, IsWanted is_wanted) {
    constexpr std::int64_t worth_sharing = 4096;
    std::vector<Run> runs;
    for (std::size_t p = 0; p < problems.size(); ++p) {
        if (!is_wanted(p)) continue;
        if (runs.empty() || runs.back().n_costs >= worth_sharing) runs.push_back({{}, 0});
        runs.back().problems.push_back(p);
        runs.back().n_costs += n_costs(problems[p]);
    }
    std::stable_sort(runs.begin(), runs.end(), [](const Run& x, const Run& y) { return x.n_costs > y.n_costs; });
    return runs;
}

/// The first problem that is not solved: none behind it need be. Threads agree on it, whoever comes first.
class FirstFailure {
public:
    bool is_before(std::size_t p) const { return first_ < p; }

    void add(std::size_t p, std::exception_ptr exception) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (first_ <= p) return;
        first_ = p;
        exception_ = exception;
    }
    void rethrow() const {
        if (exception_) std::rethrow_exception(exception_);
    }

private:
    std::atomic<std::size_t> first_{std::numeric_limits<std::size_t>::max()};
    std::mutex mutex_;
    std::exception_ptr exception_;
};

}  // namespace

std::vector<Solution> solve_many(const std::vector<GivenTransport>& problems, const Workers& workers,
                                 Progress& progress) {
    const std::vector<std::size_t> neighbours = neighbours_of(problems);
    std::vector<Solution> solutions(problems.size());
    std::vector<MassesOfProblems> masses(static_cast<std::size_t>(workers.n()));
    FirstFailure failure;
    const auto solve_one = [&](std::size_t p, int worker, Interrupt& interrupt) {
        try {
            const std::size_t neighbour = neighbours[p];
            const Potentials* start = neighbour == no_problem ? nullptr : &solutions[neighbour].potentials;
            const auto solve = [&](const auto& cost) {
                return solve_if_finite(problems[p], cost, masses[static_cast<std::size_t>(worker)], start, interrupt);
            };
            solutions[p] = std::visit(solve, problems[p].cost);
            if (solutions[p].status != Status::optimal) failure.add(p, nullptr);
        } catch (...) {
            failure.add(p, std::current_exception());
        }
    };
    Batch batch(progress);
    std::int64_t n_shared = 0;
    const auto solve_those = [&](bool with_neighbours) {
        const auto is_wanted = [&](std::size_t p) { return (neighbours[p] != no_problem) == with_neighbours; };
        const std::vector<Run> runs = runs_of(problems, is_wanted);
        const std::int64_t first = n_shared;
        n_shared += static_cast<std::int64_t>(runs.size());
        batch.share(workers, n_shared, [&](std::int64_t k, int worker, Interrupt& interrupt) {
            for (const std::size_t p : runs[static_cast<std::size_t>(k - first)].problems)
                if (!failure.is_before(p)) solve_one(p, worker, interrupt);
        });
    };
    solve_those(false);
    solve_those(true);
    failure.rethrow();
    return solutions;
}

}  // namespace mot
