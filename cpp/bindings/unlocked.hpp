/// How a thread leaves Python for the core and comes back: the interpreter lock, Ctrl-C, and the end of Python.
///
/// Python does not wait for daemon threads. One that is in the core when Python ends must not come back from there: up
/// to Python 3.13 whoever then asks for the lock has its stack unwound, which C++ does not survive; from 3.14 on it is
/// held for ever. So the core is told to stop, its thread rests once it has left the core, and the process ends when
/// nobody is inside any more, for what the core works with (the memory of the BLAS) is taken down next.
#pragma once

#include <Python.h>

#include <chrono>

#include "mot/types/interrupt.hpp"

/// Gives up the interpreter lock while the core works; it belongs to the thread that made it, which held the lock.
class Unlocked {
public:
    Unlocked();
    ~Unlocked();
    Unlocked(const Unlocked&) = delete;
    Unlocked& operator=(const Unlocked&) = delete;

    /// Whether Python is ending, so that nobody waits for the work: for all threads, which need no lock for it.
    bool is_abandoned() const noexcept;
    /// Whether Python's signals go to this thread, and one is pending whose handler raised; the error is then set.
    bool is_interrupted() const noexcept;

    /// Calls `work`, which must not throw, with the lock; answers false without it when Python is ending.
    template <class Work>
    bool with_lock(Work work) const noexcept {
        if (is_abandoned()) return false;
        try {
            const PyGILState_STATE state = PyGILState_Ensure();
            const bool answer = work();
            PyGILState_Release(state);
            return answer;
        } catch (...) {  // none of ours: the unwinding of this thread, which would not survive the core's frames
            rest_for_ever();
        }
    }

private:
    [[noreturn]] static void rest_for_ever() noexcept;

    bool is_of_ending_thread_;
    PyThreadState* state_;
};

/// Ctrl-C, or the end of Python, looked for every now and then.
class SignalInterrupt : public mot::Interrupt {
public:
    explicit SignalInterrupt(const Unlocked& unlocked) : unlocked_(unlocked) {}
    bool requested() override;

private:
    const Unlocked& unlocked_;
    std::chrono::steady_clock::time_point last_look_ = std::chrono::steady_clock::now();
    bool is_requested_ = false;
};
