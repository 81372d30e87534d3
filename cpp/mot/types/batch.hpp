/// A batch of pieces of work that threads take one after another, while the calling thread reports how many are done
/// and hears when to stop.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>

#include "mot/types/interrupt.hpp"
#include "mot/types/workers.hpp"

namespace mot {

/// Told by the calling thread, at most twenty times a second, how many pieces are done; returns false to stop. It may
/// not throw: no exception leaves a parallel region. All threads ask whether the work is abandoned, and that question
/// must not wait for the calling thread: it may never come back from a report.
class Progress {
public:
    virtual ~Progress() = default;
    virtual bool report(std::int64_t n_done) noexcept = 0;
    virtual bool is_abandoned() const noexcept { return false; }
};

class Batch {
public:
    explicit Batch(Progress& progress) : progress_(progress) {}

    /// Calls `work(piece, worker, interrupt)` for the pieces up to `end` that no earlier call has done: whichever of
    /// the workers is free takes the next one. Worker 0 is the calling thread. After a stop no further ones are begun,
    /// by later calls neither. What a piece throws stops the batch, and is thrown here.
    template <class Work>
    void share(const Workers& workers, std::int64_t end, Work work) {
        end_ = end;
        const auto n_workers = static_cast<int>(std::clamp<std::int64_t>(end - next_, 1, workers.n()));
        workers.each(n_workers, [&](int worker) {
            ThreadInterrupt interrupt(*this, worker == 0);
            try {
                for (std::int64_t piece = next_++; piece < end_ && !interrupt.requested(); piece = next_++) {
                    work(piece, worker, interrupt);
                    finish_one();
                }
            } catch (...) {
                keep(std::current_exception());
            }
            // The calling thread alone can be told to stop: it listens until the others are done.
            while (worker == 0 && !is_over()) {
                report();
                wait_a_little();
            }
        });
        next_ = end;
        if (exception_) std::rethrow_exception(exception_);
    }

private:
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

    void stop() { is_stopped_ = true; }
    bool is_stopped() const { return is_stopped_ || progress_.is_abandoned(); }
    bool is_over() const { return is_stopped() || n_done_ == end_; }

    /// For the calling thread only.
    void report() {
        if (is_stopped()) return;
        const auto now = std::chrono::steady_clock::now();
        if (now - last_report_ < std::chrono::milliseconds(50)) return;
        last_report_ = now;
        if (!progress_.report(n_done_)) stop();
    }

    void finish_one() {
        if (is_stopped() || ++n_done_ != end_) return;
        const std::lock_guard<std::mutex> lock(mutex_);
        over_.notify_all();
    }

    /// Returns when all pieces are done, or after a few milliseconds.
    void wait_a_little() {
        std::unique_lock<std::mutex> lock(mutex_);
        over_.wait_for(lock, std::chrono::milliseconds(5), [this] { return is_over(); });
    }

    /// Keeps the first exception of any thread: none may leave a parallel region.
    void keep(std::exception_ptr exception) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!exception_) exception_ = exception;
        stop();
    }

    Progress& progress_;
    std::int64_t end_ = 0;
    std::atomic<std::int64_t> next_{0};
    std::atomic<std::int64_t> n_done_{0};
    std::atomic<bool> is_stopped_{false};
    std::chrono::steady_clock::time_point last_report_{};
    std::mutex mutex_;
    std::condition_variable over_;
    std::exception_ptr exception_;
};

}  // namespace mot
