/// `_core.solve_points`: one transport between points, at costs from their coordinates.
#include "mot/solve/points.hpp"

#include <algorithm>
#include <string>

#include "bindings.hpp"
#include "mot/types/workers.hpp"

namespace {

mot::Metric metric_of(const std::string& name) {
    if (name == "sqeuclidean") return mot::Metric::squared_euclidean;
    if (name == "euclidean") return mot::Metric::euclidean;
    if (name == "cityblock") return mot::Metric::cityblock;
    if (name == "product") return mot::Metric::product;
    throw py::value_error("metric must be 'sqeuclidean', 'euclidean', 'cityblock' or 'product', found '" + name + "'");
}

mot::Solution solve_points(const Doubles& x, const Doubles& y, const Doubles& a, const Doubles& b,
                           const std::string& metric, double base, std::int64_t most_costs, int n_threads) {
    const mot::PointPair points = points_of(x, y, a, b, metric, base);
    if (n_threads < 1) throw py::value_error("n_threads must be positive");
    const mot::Sgemm sgemm = scipy_sgemm();
    mot::Solution solution;
    {
        const Unlocked unlocked;
        SignalInterrupt interrupt(unlocked);
        mot::Workspace workspace{sgemm, most_costs, mot::Workers(std::min(n_threads, mot::processors()))};
        const mot::Masses masses =
            mot::Masses::from_marginals(a.data(), points.source.n_rows, b.data(), points.target.n_rows);
        solution = mot::solve_points(points, masses, workspace, interrupt);
    }
    if (PyErr_Occurred()) throw py::error_already_set();
    return solution;
}

}  // namespace

mot::PointPair points_of(const Doubles& x, const Doubles& y, const Doubles& a, const Doubles& b,
                         const std::string& metric, double base) {
    if (x.ndim() != 2 || y.ndim() != 2 || a.ndim() != 1 || b.ndim() != 1 || x.shape(1) != y.shape(1) ||
        a.shape(0) != x.shape(0) || b.shape(0) != y.shape(0) || x.size() == 0 || y.size() == 0)
        throw py::value_error("x must be (n, d), y (m, d), a (n,), b (m,)");
    return {{x.data(), x.shape(0), x.shape(1)}, {y.data(), y.shape(0), y.shape(1)}, metric_of(metric), base};
}

void bind_points(py::module_& module) {
    module.def("solve_points", &solve_points, py::arg("x").noconvert(), py::arg("y").noconvert(),
               py::arg("a").noconvert(), py::arg("b").noconvert(), py::arg("metric"), py::arg("base"),
               py::arg("most_costs"), py::arg("n_threads"),
               "Doubles are at most about one; `most_costs` single-precision numbers may be kept; the metric "
               "'product' is `base` less the inner product.");
}
