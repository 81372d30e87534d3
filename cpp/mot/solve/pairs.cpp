#include "mot/solve/pairs.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <mutex>
#include <numeric>
#include <thread>

#include "mot/costs/cost.hpp"
#include "mot/solve/dense.hpp"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace mot {
namespace {

/// What the threads of one batch share.
class Batch {
public:
    Batch(std::int64_t n_pairs, Progress& progress) : n_pairs_(n_pairs), progress_(progress) {}

    void finish_one() { ++n_done_; }
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
    std::exception_ptr exception_;
};

class ThreadInterrupt : public Interrupt {
public:
    ThreadInterrupt(Batch& batch, bool is_caller) : batch_(batch), is_caller_(is_caller) {}
    bool requested() override {
        if (is_caller_) batch_.report();
        return batch_.is_stopped();
    }

private:
    Batch& batch_;
    bool is_caller_;
};

std::int64_t n_costs(const LayerPair& pair) {
    return pair.source->n_units() * pair.target->n_units();
}

/// Large pairs first, so that no thread is left with one at the end.
std::vector<std::size_t> by_work(const std::vector<LayerPair>& pairs) {
    std::vector<std::size_t> order(pairs.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t x, std::size_t y) { return n_costs(pairs[x]) > n_costs(pairs[y]); });
    return order;
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
    if (!a) return Masses::of(equal_masses(n_source, b, n_target).data(), n_source, b, n_target);
    if (!b) return Masses::of(a, n_source, equal_masses(n_target, a, n_source).data(), n_target);
    return Masses::of(a, n_source, b, n_target);
}

Solution solve_pair(const LayerPair& pair, std::int64_t most_costs, Workshop& workshop, Interrupt& interrupt) {
    workshop.most_stored = std::min(most_costs, pair.most_costs);
    return solve(*pair.source, *pair.target, masses_of(pair), workshop, interrupt);
}

bool is_calling_thread() {
#ifdef _OPENMP
    return omp_get_thread_num() == 0;
#else
    return true;
#endif
}

using Team = std::function<void(int, const std::function<void(int)>&)>;

/// Runs pieces of work that do not throw on up to `n_threads` threads.
Team team_of(int n_threads) {
    return [n_threads](int n, const std::function<void(int)>& work) {
        (void)n_threads;  // unused without OpenMP
#pragma omp parallel for schedule(static, 1) num_threads(std::min(n_threads, n)) if (n > 1)
        for (int k = 0; k < n; ++k) work(k);
    };
}

}  // namespace

int processors() {
#ifdef _OPENMP
    return omp_get_num_procs();
#else
    return 1;
#endif
}

int available_threads() {
#ifdef _OPENMP
    return std::min(omp_get_max_threads(), processors());
#else
    return 1;
#endif
}

std::vector<Solution> solve_pairs(const std::vector<LayerPair>& pairs, Sgemm sgemm, const BatchLimits& limits,
                                  Progress& progress) {
    const std::vector<std::size_t> order = by_work(pairs);
    std::vector<Solution> solutions(pairs.size());
    Batch batch(static_cast<std::int64_t>(pairs.size()), progress);

    const auto is_alone = [&](std::size_t p) {
        return n_costs(pairs[p]) > std::min(limits.most_costs, pairs[p].most_costs);
    };
    auto n_alone = static_cast<std::size_t>(std::count_if(order.begin(), order.end(), is_alone));
    if (order.size() == n_alone + 1) n_alone = order.size();
    if (n_alone > 0) {
        ThreadInterrupt interrupt(batch, true);
        const int n_workers = std::min(limits.n_threads, processors());
        Workshop workshop{sgemm, 0, n_workers, team_of(n_workers), {}, {}};
        for (std::size_t k = 0; k < n_alone && !interrupt.requested(); ++k) {
            solutions[order[k]] = solve_pair(pairs[order[k]], limits.most_costs_alone, workshop, interrupt);
            if (!batch.is_stopped()) batch.finish_one();
        }
    }

    const auto n_pairs = static_cast<std::int64_t>(order.size());
    const auto first_shared = static_cast<std::int64_t>(n_alone);
    if (first_shared == n_pairs) return solutions;
    const auto n_threads = static_cast<int>(std::min<std::int64_t>(limits.n_threads, n_pairs - first_shared));
    (void)n_threads;  // unused without OpenMP
#pragma omp parallel num_threads(n_threads)
    {
        const bool is_caller = is_calling_thread();
        ThreadInterrupt interrupt(batch, is_caller);
        Workshop workshop{sgemm, 0, 1, team_of(1), {}, {}};
#pragma omp for schedule(dynamic, 1) nowait
        for (std::int64_t k = first_shared; k < n_pairs; ++k) {
            if (interrupt.requested()) continue;
            try {
                const std::size_t p = order[static_cast<std::size_t>(k)];
                solutions[p] = solve_pair(pairs[p], limits.most_costs, workshop, interrupt);
                if (!batch.is_stopped()) batch.finish_one();
            } catch (...) {
                batch.keep(std::current_exception());
            }
        }
        // The calling thread alone can be told to stop: it listens until the others are done.
        while (is_caller && !batch.is_over()) {
            batch.report();
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    }
    batch.rethrow();
    return solutions;
}

}  // namespace mot
