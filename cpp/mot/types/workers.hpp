/// Threads that share the work on one thing.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <utility>

namespace mot {

/// Processors that the affinity allows.
int processors();
/// Threads that `OMP_NUM_THREADS` and the affinity allow.
int available_threads();

class Workers {
public:
    /// Calls `work(k)`, which does not throw, for k = 0 .. n - 1, for different k perhaps at the same time; `work(0)`
    /// in the calling thread.
    using ForEach = std::function<void(int n, const std::function<void(int)>& work)>;

    /// The calling thread and others of OpenMP.
    explicit Workers(int n);
    Workers(int n, ForEach for_each) : n_(n), for_each_(std::move(for_each)) {}

    int n() const { return n_; }

    /// Calls `work(worker)`, which does not throw, for workers 0 .. n_calls - 1, for different ones perhaps at the same
    /// time. Worker 0 is the calling thread.
    template <class Work>
    void each(int n_calls, Work work) const {
        if (n_calls <= 1)  // to start a team of one takes longer than small pieces do
            work(0);
        else
            for_each_(n_calls, work);
    }

    /// Calls `work(piece, worker)` for every piece: whichever of at most `most_workers` workers is free takes the next
    /// one. Worker 0 is the calling thread. What a piece throws is thrown here, and no further ones are begun.
    template <class Work>
    void share(std::int64_t n_pieces, int most_workers, Work work) const {
        const auto n_calls = static_cast<int>(std::min<std::int64_t>(n_pieces, most_workers));
        if (n_calls <= 1) {
            for (std::int64_t piece = 0; piece < n_pieces; ++piece) work(piece, 0);
            return;
        }
        std::atomic<std::int64_t> next{0};
        std::mutex mutex;
        std::exception_ptr exception;
        for_each_(n_calls, [&](int worker) {
            try {
                for (std::int64_t piece = next++; piece < n_pieces; piece = next++) work(piece, worker);
            } catch (...) {
                next = n_pieces;
                const std::lock_guard<std::mutex> lock(mutex);
                if (!exception) exception = std::current_exception();
            }
        });
        if (exception) std::rethrow_exception(exception);
    }
    template <class Work>
    void share(std::int64_t n_pieces, Work work) const {
        share(n_pieces, n_, work);
    }

private:
    int n_;
    ForEach for_each_;
};

}  // namespace mot
