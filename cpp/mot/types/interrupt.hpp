/// How a computation hears that somebody wants it to stop.
#pragma once

#include <cstdint>

namespace mot {

/// Serves one thread. Once it has said stop it says so for ever.
class Interrupt {
public:
    explicit Interrupt(std::int64_t work_between_checks = usual_work_between_checks)
        : work_between_checks_(work_between_checks) {}
    virtual ~Interrupt() = default;

    /// Checks whether to stop.
    virtual bool requested() = 0;

    /// Adds up the work done, in steps of about the time it takes to read one cost, and checks now and then. Every loop
    /// that may take long reports its work here; on true it comes to an end, whatever its result.
    bool requested_after(std::int64_t n_steps) {
        work_since_check_ += n_steps;
        return work_since_check_ >= work_between_checks_ && check();
    }

private:
    /// Takes a few milliseconds, or tens where every step misses the cache.
    static constexpr std::int64_t usual_work_between_checks = std::int64_t{1} << 20;

    bool check() {
        const bool is_requested = requested();
        if (!is_requested) work_since_check_ = 0;
        return is_requested;
    }

    std::int64_t work_between_checks_;
    std::int64_t work_since_check_ = 0;
};

/// Work on every cost of a row that is visited, in the steps of an interrupt.
constexpr std::int64_t steps_per_visited_cost = 4;

}  // namespace mot
