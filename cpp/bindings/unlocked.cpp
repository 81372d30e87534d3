#include "unlocked.hpp"

#include <atomic>
#include <thread>

#include "bindings.hpp"

namespace {

std::atomic<int> n_inside{0};
std::atomic<bool> has_ended{false};
std::atomic<unsigned long> main_thread{0};

bool python_is_ending() {
#if PY_VERSION_HEX >= 0x030D0000
    return has_ended || Py_IsFinalizing();
#else
    return has_ended || _Py_IsFinalizing();
#endif
}

/// Runs last in Python, when no thread of Python's can run any more.
void wait_for_the_core() {
    // Several times what the core takes to stop; a thread that still works then is not waited for.
    constexpr auto most = std::chrono::seconds(3);
    has_ended = true;
    const auto start = std::chrono::steady_clock::now();
    while (n_inside > 0 && std::chrono::steady_clock::now() - start < most)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

/// Runs in a forked child, which has one thread: the one that forked.
void begin_in_forked_child() {
    n_inside = 0;
    main_thread = PyThread_get_thread_ident();
}

}  // namespace

// A thread that holds the lock while Python is ending is the thread that ends it, and may go on.
Unlocked::Unlocked() : is_of_ending_thread_(python_is_ending()) {
    ++n_inside;
    state_ = PyEval_SaveThread();
}

Unlocked::~Unlocked() {
    --n_inside;
    if (is_abandoned()) rest_for_ever();
    try {
        PyEval_RestoreThread(state_);
    } catch (...) {  // Python ended after all: see `with_lock`
        rest_for_ever();
    }
}

bool Unlocked::is_abandoned() const noexcept {
    return !is_of_ending_thread_ && python_is_ending();
}

bool Unlocked::is_interrupted() const noexcept {
    return PyThread_get_thread_ident() == main_thread && with_lock([] { return PyErr_CheckSignals() != 0; });
}

void Unlocked::rest_for_ever() noexcept {
    while (true) std::this_thread::sleep_for(std::chrono::hours(1));
}

bool SignalInterrupt::requested() {
    const auto now = std::chrono::steady_clock::now();
    if (is_requested_ || now - last_check_ < std::chrono::milliseconds(50)) return is_requested_;
    last_check_ = now;
    is_requested_ = unlocked_.is_abandoned() || unlocked_.is_interrupted();
    return is_requested_;
}

bool SignalProgress::report(std::int64_t n_done) noexcept {
    if (unlocked_.is_interrupted()) return false;
    if (!callback_ || n_done == n_reported_) return !is_abandoned();
    n_reported_ = n_done;
    return unlocked_.with_lock([&] {
        PyObject* answer = PyObject_CallFunction(callback_, "L", static_cast<long long>(n_done));
        Py_XDECREF(answer);
        return answer != nullptr;
    });
}

void bind_unlocked(py::module_&) {
    main_thread = py::module_::import("threading").attr("main_thread")().attr("ident").cast<unsigned long>();
    const py::module_ os = py::module_::import("os");
    if (py::hasattr(os, "register_at_fork"))
        os.attr("register_at_fork")(py::arg("after_in_child") = py::cpp_function(&begin_in_forked_child));
    Py_AtExit(&wait_for_the_core);
}
