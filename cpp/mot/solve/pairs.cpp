#include "mot/solve/pairs.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <numeric>

#include "mot/costs/correlation_cost.hpp"
#include "mot/costs/screened_cost.hpp"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace mot {
namespace {

/// The state that the threads of one batch share.
class BatchState {
public:
    BatchState(std::int64_t n_pairs, Progress& progress) : n_pairs_(n_pairs), progress_(progress) {}

    void finish_one() {
        if (is_stopped() || ++n_done_ != n_pairs_) return;
        const std::lock_guard<std::mutex> lock(mutex_);
        over_.notify_all();
    }
    /// Returns when all pairs are done, or after a few milliseconds.
    void wait_a_little() {
        std::unique_lock<std::mutex> lock(mutex_);
        over_.wait_for(lock, std::chrono::milliseconds(5), [this] { return is_over(); });
    }
    void stop() { is_stopped_ = true; }
    bool is_stopped() const { return is_stopped_ || progress_.is_abandoned(); }
    bool is_over() const { return is_stopped() || n_done_ == n_pairs_; }

    /// For the calling thread only.
    void report() {
        if (is_stopped()) return;
        const auto now = std::chrono::steady_clock::now();
        if (now - last_report_ < std::chrono::milliseconds(50)) return;
        last_report_ = now;
        if (!progress_.report(n_done_)) stop();
    }

    /// Keeps the first exception of any thread: none may leave a parallel region.
    void keep(std::exception_ptr exception) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!exception_) exception_ = exception;
        stop();
    }
    void rethrow() const {
        if (exception_) std::rethrow_exception(exception_);
    }

private:
    const std::int64_t n_pairs_;
    Progress& progress_;
    std::atomic<std::int64_t> n_done_{0};
    std::atomic<bool> is_stopped_{false};
    std::chrono::steady_clock::time_point last_report_{};
    std::mutex mutex_;
    std::condition_variable over_;
    std::exception_ptr exception_;
};

class ThreadInterrupt : public Interrupt {
public:
    ThreadInterrupt(BatchState& batch, bool is_caller) : batch_(batch), is_caller_(is_caller) {}
    bool requested() override {
        if (is_caller_) batch_.report();
        return batch_.is_stopped();
    }

private:
    BatchState& batch_;
    bool is_caller_;
};

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

bool is_calling_thread() {
#ifdef _OPENMP
    return omp_get_thread_num() == 0;
#else
    return true;
#endif
}

/// The pairs of one call, ordered by the work on them.
class Batch {
public:
    Batch(const std::vector<LayerPair>& pairs, Sgemm sgemm, const BatchLimits& limits, Progress& progress)
        : pairs_(pairs),
          sgemm_(sgemm),
          limits_(limits),
          state_(static_cast<std::int64_t>(pairs.size()), progress),
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
        if (n_alone < order_.size()) solve_side_by_side(n_alone);
        state_.rethrow();
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
        solutions_[p] = solve_pair(*pair.source, *pair.target, masses_of(pair), workspace, interrupt);
        state_.finish_one();
    }

    /// All threads work on one pair.
    void solve_one_by_one(std::size_t n) {
        ThreadInterrupt interrupt(state_, true);
        const int n_workers = std::min(limits_.n_threads, processors());
        Workspace workspace{sgemm_, 0, Workers(n_workers)};
        for (std::size_t k = 0; k < n && !interrupt.requested(); ++k)
            solve_one(order_[k], limits_.most_costs_alone, workspace, interrupt);
    }

    /// Every thread works on a pair of its own.
    void solve_side_by_side(std::size_t first) {
        const auto n_pairs = static_cast<std::int64_t>(order_.size());
        const auto first_pair = static_cast<std::int64_t>(first);
        const auto n_threads = static_cast<int>(std::min<std::int64_t>(limits_.n_threads, n_pairs - first_pair));
        (void)n_threads;  // unused without OpenMP
#pragma omp parallel num_threads(n_threads)
        {
            const bool is_caller = is_calling_thread();
            ThreadInterrupt interrupt(state_, is_caller);
            Workspace workspace{sgemm_, 0, Workers(1)};
#pragma omp for schedule(dynamic, 1) nowait
            for (std::int64_t k = first_pair; k < n_pairs; ++k) {
                if (interrupt.requested()) continue;
                try {
                    solve_one(order_[static_cast<std::size_t>(k)], limits_.most_costs, workspace, interrupt);
                } catch (...) {
                    state_.keep(std::current_exception());
                }
            }
            // The calling thread alone can be told to stop: it listens until the others are done.
            while (is_caller && !state_.is_over()) {
                state_.report();
                state_.wait_a_little();
            }
        }
    }

    const std::vector<LayerPair>& pairs_;
    Sgemm sgemm_;
    const BatchLimits& limits_;
    BatchState state_;
    std::vector<std::size_t> order_;
    std::vector<Solution> solutions_;
};

}  // namespace

int available_threads() {
#ifdef _OPENMP
    return std::min(omp_get_max_threads(), processors());
#else
    return 1;
#endif
}

Solution solve_pair(const StandardizedLayer& source, const StandardizedLayer& target, const Masses& masses,
                    Workspace& workspace, Interrupt& interrupt, Method method) {
    if (ScreenedCost::is_possible(source, target) && ScreenedCost::may_be_worthwhile(source, target)) {
        const ScreenedCost cost(source, target, workspace, interrupt);
        if (cost.is_worthwhile()) {
            Solution solution = solve_dense(cost, masses, interrupt, method);
            if (solution.status != Status::undecided) return solution;
        }
    }
    {
        const CorrelationCost<float> cost(source, target, workspace, interrupt);
        if (interrupt.requested()) return {};
        Solution solution = solve_dense(cost, masses, interrupt, method);
        if (solution.status != Status::undecided) return solution;
    }
    const CorrelationCost<double> cost(source, target, workspace, interrupt);
    if (interrupt.requested()) return {};
    return solve_dense(cost, masses, interrupt, method);
}

std::vector<Solution> solve_pairs(const std::vector<LayerPair>& pairs, Sgemm sgemm, const BatchLimits& limits,
                                  Progress& progress) {
    return Batch(pairs, sgemm, limits, progress).solve();
}

}  // namespace mot
