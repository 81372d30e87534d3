/// How running work hears that somebody wants it to stop.
#pragma once

#include <cstdint>

namespace mot {

/// One for each thread that works. Once it has said stop it says so for ever.
class Interrupt {
public:
    explicit Interrupt(std::int64_t work_between_looks = usual_work_between_looks)
        : work_between_looks_(work_between_looks) {}
    virtual ~Interrupt() = default;

    /// Looks.
    virtual bool requested() = 0;

    /// Adds up the work done, in steps of about the time it takes to read one cost, and looks now and then. Every loop
    /// that may take long says here what it did; on true it comes to an end, whatever its result.
    bool requested_after(std::int64_t n_steps) {
        work_since_look_ += n_steps;
        return work_since_look_ >= work_between_looks_ && look();
    }

private:
    /// A few milliseconds, or tens where every step misses the cache.
    static constexpr std::int64_t usual_work_between_looks = std::int64_t{1} << 20;

    bool look() {
        const bool is_requested = requested();
        if (!is_requested) work_since_look_ = 0;
        return is_requested;
    }

    std::int64_t work_between_looks_;
    std::int64_t work_since_look_ = 0;
};

}  // namespace mot
