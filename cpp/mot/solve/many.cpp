#include "mot/solve/many.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <limits>
#include <mutex>

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
                         Interrupt& interrupt) {
    const double scale = largest_magnitude(cost.data, cost.n_rows * cost.n_columns, interrupt);
    if (!(scale <= greatest_cost)) {
        Solution unsolved;
        unsolved.status = Status::not_proven;
        return unsolved;
    }
    return solve_dense(GivenCost<Real>(cost, scale), masses.of(problem, cost.n_rows, cost.n_columns), interrupt);
}

std::int64_t n_costs(const GivenTransport& problem) {
    return std::visit([](const auto& cost) { return cost.n_rows * cost.n_columns; }, problem.cost);
}

/// Problems that follow one another, which one thread solves.
struct Run {
    std::size_t first, end;
    std::int64_t n_costs;
};

/// Runs of small problems take long beside what it takes to share them. Large ones come first, so that no thread is
/// left with one at the end.
std::vector<Run> runs_of(const std::vector<GivenTransport>& problems) {
    constexpr std::int64_t worth_sharing = 4096;
    std::vector<Run> runs;
    for (std::size_t p = 0; p < problems.size(); ++p) {
        if (runs.empty() || runs.back().n_costs >= worth_sharing) runs.push_back({p, p, 0});
        runs.back().end = p + 1;
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
    const std::vector<Run> runs = runs_of(problems);
    std::vector<Solution> solutions(problems.size());
    std::vector<MassesOfProblems> masses(static_cast<std::size_t>(workers.n()));
    FirstFailure failure;
    const auto solve_one = [&](std::size_t p, int worker, Interrupt& interrupt) {
        try {
            const auto solve = [&](const auto& cost) {
                return solve_if_finite(problems[p], cost, masses[static_cast<std::size_t>(worker)], interrupt);
            };
            solutions[p] = std::visit(solve, problems[p].cost);
            if (solutions[p].status != Status::optimal) failure.add(p, nullptr);
        } catch (...) {
            failure.add(p, std::current_exception());
        }
    };
    Batch batch(progress);
    batch.share(workers, static_cast<std::int64_t>(runs.size()), [&](std::int64_t k, int worker, Interrupt& interrupt) {
        const Run& run = runs[static_cast<std::size_t>(k)];
        for (std::size_t p = run.first; p < run.end && !failure.is_before(p); ++p) solve_one(p, worker, interrupt);
    });
    failure.rethrow();
    return solutions;
}

}  // namespace mot
