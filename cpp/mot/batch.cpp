#include "mot/batch.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <numeric>
#include <thread>

#include "mot/cost.hpp"
#include "mot/solve.hpp"

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
    bool is_stopped() const { return is_stopped_; }
    bool is_over() const { return is_stopped_ || n_done_ == n_pairs_; }

    /// For the calling thread only.
    void report() {
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

/// Large pairs first, so that no thread is left with one at the end.
std::vector<std::size_t> by_work(const std::vector<LayerPair>& pairs) {
    std::vector<std::size_t> order(pairs.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) {
        return pairs[x].source->n_units() * pairs[x].target->n_units() >
               pairs[y].source->n_units() * pairs[y].target->n_units();
    });
    return order;
}

bool is_calling_thread() {
#ifdef _OPENMP
    return omp_get_thread_num() == 0;
#else
    return true;
#endif
}

}  // namespace

int available_threads() {
#ifdef _OPENMP
    return std::min(omp_get_max_threads(), omp_get_num_procs());
#else
    return 1;
#endif
}

std::vector<Solution> solve_pairs(const std::vector<LayerPair>& pairs, Sgemm sgemm, int n_threads,
                                  std::int64_t most_stored, Progress& progress) {
    const auto n_pairs = static_cast<std::int64_t>(pairs.size());
    const std::vector<std::size_t> order = by_work(pairs);
    std::vector<Solution> solutions(pairs.size());
    Batch batch(n_pairs, progress);
    (void)n_threads;  // unused without OpenMP

#pragma omp parallel num_threads(n_threads)
    {
        const bool is_caller = is_calling_thread();
        ThreadInterrupt interrupt(batch, is_caller);
        CostStorage storage;
#pragma omp for schedule(dynamic, 1) nowait
        for (std::int64_t k = 0; k < n_pairs; ++k) {
            if (interrupt.requested()) continue;
            try {
                const std::size_t p = order[static_cast<std::size_t>(k)];
                const CorrelationCost cost(*pairs[p].source, *pairs[p].target, sgemm, storage, most_stored, interrupt);
                if (interrupt.requested()) continue;
                const Masses masses = Masses::uniform(pairs[p].source->n_units(), pairs[p].target->n_units());
                solutions[p] = solve(cost, masses, interrupt);
                batch.finish_one();
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
