/// Leaving Python for the core and coming back: the interpreter lock, Ctrl-C, and the end of Python.
///
/// Python does not wait for daemon threads. A thread that is in the core when Python ends must not return from there:
/// up to Python 3.13 a thread that then asks for the lock has its stack unwound, which C++ does not survive; from 3.14
/// on it blocks for ever. So the core is asked to stop, its thread sleeps once it has left the core, and the process
/// ends when no thread is in the core any more, because the memory of the BLAS is freed next.
#pragma once

#include <Python.h>

#include <chrono>

#include "mot/types/batch.hpp"
#include "mot/types/interrupt.hpp"

/// Gives up the interpreter lock while the core works. It belongs to the thread that made it, which held the lock.
class Unlocked {
public:
    Unlocked();
    ~Unlocked();
    Unlocked(const Unlocked&) = delete;
    Unlocked& operator=(const Unlocked&) = delete;

    /// Whether Python is ending, so that no caller waits for the result. Any thread may call it, without the lock.
    bool is_abandoned() const noexcept;
    /// Whether Python's signals go to this thread, and the handler of a pending one raised; the error is then set.
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
        } catch (...) {  // not the core's: Python unwinds this thread, and the core's frames would not survive that
            rest_for_ever();
        }
    }

private:
    [[noreturn]] static void rest_for_ever() noexcept;

    bool is_of_ending_thread_;
    PyThreadState* state_;
};

/// Checks now and then for Ctrl-C and for the end of Python.
class SignalInterrupt : public mot::Interrupt {
public:
    explicit SignalInterrupt(const Unlocked& unlocked) : unlocked_(unlocked) {}
    bool requested() override;

private:
    const Unlocked& unlocked_;
    std::chrono::steady_clock::time_point last_check_ = std::chrono::steady_clock::now();
    bool is_requested_ = false;
};

/// Checks for Ctrl-C and for the end of Python while many threads work, and tells a callback how far they are.
class SignalProgress : public mot::Progress {
public:
    /// `callback(n_done)`, in Python; null where no progress is reported.
    explicit SignalProgress(const Unlocked& unlocked, PyObject* callback = nullptr)
        : unlocked_(unlocked), callback_(callback) {}
    bool report(std::int64_t n_done) noexcept override;
    bool is_abandoned() const noexcept override { return unlocked_.is_abandoned(); }

private:
    const Unlocked& unlocked_;
    PyObject* callback_;
    std::int64_t n_reported_ = 0;
};
