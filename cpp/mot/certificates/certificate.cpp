#include "mot/certificates/certificate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "mot/costs/cost.hpp"
#include "mot/costs/sparse_cost.hpp"
#include "mot/kernels/kernels.hpp"
#include "mot/types/double_double.hpp"

namespace mot {
namespace {

/// u_i + v_j - cost_ij, not rounded before it is known.
double excess(double u, double v, double cost) {
    return rounded(DoubleDouble::sum(u, v) - DoubleDouble(cost));
}

double largest_magnitude(const std::vector<double>& values) {
    double largest = 0;
    for (const double value : values) largest = Certificate::worse(largest, std::abs(value));
    return largest;
}

/// Collects the figures of a certificate, first over all arcs, then over those that carry mass.
class Measurement {
public:
    Measurement(const Masses& masses, const Solution& solution)
        : masses_(masses),
          solution_(solution),
          u_(solution.potentials.u),
          v_(solution.potentials.v),
          row_violation_(u_.size(), 0.0) {}

    void add_arc(std::size_t i, std::size_t j, double cost) {
        const double violation = excess(u_[i], v_[j], cost);
        figures_.dual_violation = Certificate::worse(figures_.dual_violation, violation);
        // Where one end has no mass no plan can use the arc.
        if (masses_.source[i] > 0 && masses_.target[j] > 0)
            row_violation_[i] = Certificate::worse(row_violation_[i], violation);
    }

    template <class CostOf>
    Certificate finish(CostOf cost_of, double resolution) {
        double total = 0;
        for (const double mass : masses_.source) total += mass * masses_.unit;
        // Times a power of two, which rounds nothing, masses are of order one: their products with costs stay normal.
        magnifier_ = std::ldexp(1.0, std::clamp(-std::ilogb(total), -1000, 1000));
        total *= magnifier_;
        add_plan(cost_of);
        add_marginals(total);
        figures_.duality_gap = (std::abs(rounded(primal_ - dual_)) + lowered_) / total;
        figures_.primal = rounded(primal_) / magnifier_;
        figures_.cost_scale = magnitude_ / total;
        figures_.marginal_error /= total;
        figures_.tolerance = std::max(
            resolution, Certificate::allowed(figures_.cost_scale, largest_potential_) + moved_by_rounding_ / total);
        return figures_;
    }

private:
    template <class CostOf>
    void add_plan(CostOf cost_of) {
        row_error_.assign(u_.size(), 0.0);
        column_error_.assign(v_.size(), 0.0);
        for (std::size_t i = 0; i < u_.size(); ++i) row_error_[i] = -magnified(masses_.source[i] * masses_.unit);
        for (std::size_t j = 0; j < v_.size(); ++j) column_error_[j] = -magnified(masses_.target[j] * masses_.unit);
        for (std::size_t k = 0; k < solution_.mass.size(); ++k) {
            const auto i = static_cast<std::size_t>(solution_.source[k]);
            const auto j = static_cast<std::size_t>(solution_.target[k]);
            const double mass = magnified(solution_.mass[k]);
            const double cost = cost_of(solution_.source[k], solution_.target[k]);
            if (!(mass >= 0)) figures_.marginal_error = std::numeric_limits<double>::infinity();
            row_error_[i] += mass;
            column_error_[j] += mass;
            primal_ += DoubleDouble::product(mass, cost);
            magnitude_ += mass * std::abs(cost);
            figures_.slackness = Certificate::worse(figures_.slackness, std::abs(excess(u_[i], v_[j], cost)));
        }
    }

    double magnified(double mass) const { return mass * magnifier_; }

    /// The dual value, and what it loses where every row is lowered by its worst violation.
    void add_marginals(double total) {
        const auto add = [&](double mass, double potential, double violation, double error) {
            figures_.marginal_error = Certificate::worse(figures_.marginal_error, std::abs(error));
            if (!(mass > 0)) return;
            dual_ += DoubleDouble::product(mass, potential);
            lowered_ += mass * violation;
            largest_potential_ = Certificate::worse(largest_potential_, std::abs(potential));
            moved_by_rounding_ += std::abs(potential) * std::min(std::abs(error), 0x1p-50 * total);
        };
        for (std::size_t i = 0; i < u_.size(); ++i)
            add(magnified(masses_.source[i] * masses_.unit), u_[i], row_violation_[i], row_error_[i]);
        for (std::size_t j = 0; j < v_.size(); ++j)
            add(magnified(masses_.target[j] * masses_.unit), v_[j], 0.0, column_error_[j]);
    }

    const Masses& masses_;
    const Solution& solution_;
    const std::vector<double>& u_;
    const std::vector<double>& v_;
    std::vector<double> row_violation_;  // worst of every row, over the columns that have mass
    std::vector<double> row_error_, column_error_;
    double magnifier_ = 1;
    DoubleDouble primal_, dual_;
    double lowered_ = 0;
    double magnitude_ = 0;
    double largest_potential_ = 0;
    double moved_by_rounding_ = 0;  // what rounding of the plan's marginals may add to the gap
    Certificate figures_;
};

}  // namespace

template <class Cost>
Certificate certify(const Cost& cost, const Masses& masses, const Solution& solution, Interrupt& interrupt) {
    const std::vector<double>& u = solution.potentials.u;
    const std::vector<double>& v = solution.potentials.v;
    Measurement measurement(masses, solution);
    const double largest_v = largest_magnitude(v);
    const auto is_every_row = [](std::int64_t) { return true; };
    std::vector<Node> doubtful(v.size());
    cost.for_each_row(interrupt, is_every_row, [&](std::int64_t i, const typename Cost::Value* row) {
        const auto source = static_cast<std::size_t>(i);
        // Rounding of a comparison clears no arc that is violated.
        const double rounding = 8 * unit_roundoff<double> * (std::abs(u[source]) + largest_v);
        const std::int64_t n_doubtful = row_kernels<typename Cost::Value>().find_violated(
            row, v.data(), cost.n_columns(), u[source] + cost.margin() + rounding, doubtful.data());
        for (std::int64_t k = 0; k < n_doubtful; ++k) {
            const Node j = doubtful[static_cast<std::size_t>(k)];
            measurement.add_arc(source, static_cast<std::size_t>(j),
                                cost.margin() > 0 ? cost.exact(i, j) : static_cast<double>(row[j]));
        }
    });
    return measurement.finish([&](Node i, Node j) { return cost.exact(i, j); }, cost.resolution());
}

template <>
Certificate certify(const SparseCost& cost, const Masses& masses, const Solution& solution, Interrupt&) {
    Measurement measurement(masses, solution);
    cost.for_each_arc([&](Node i, Node j, double value) {
        measurement.add_arc(static_cast<std::size_t>(i), static_cast<std::size_t>(j), value);
    });
    return measurement.finish([&](Node i, Node j) { return cost.exact(i, j); }, 0.0);
}

Certificate certify_matching(const MatrixView<double>& cost, const std::vector<Node>& column_of,
                             const Potentials& potentials, Interrupt& interrupt) {
    const auto n_rows = static_cast<std::size_t>(cost.n_rows);
    const auto n_columns = static_cast<std::size_t>(cost.n_columns);
    const auto idle = static_cast<Node>(cost.n_rows);
    const bool has_idle = n_columns > n_rows;

    Masses masses;
    masses.source.assign(n_rows, 1.0);
    masses.target.assign(n_columns, 1.0);
    Solution solution;
    solution.potentials = potentials;
    solution.target = column_of;
    std::vector<bool> is_taken(n_columns, false);
    for (std::size_t i = 0; i < n_rows; ++i) {
        solution.source.push_back(static_cast<Node>(i));
        is_taken[static_cast<std::size_t>(column_of[i])] = true;
    }
    if (has_idle) {
        masses.source.push_back(static_cast<double>(n_columns - n_rows));
        solution.potentials.u.push_back(0.0);
        for (std::size_t j = 0; j < n_columns; ++j) {
            if (is_taken[j]) continue;
            solution.source.push_back(idle);
            solution.target.push_back(static_cast<Node>(j));
        }
    }
    solution.mass.assign(solution.source.size(), 1.0);

    Measurement measurement(masses, solution);
    const RowKernels<double>& kernels = row_kernels<double>();
    const double largest_v = largest_magnitude(potentials.v);
    std::vector<Node> doubtful(n_columns);
    for (std::size_t i = 0; i < n_rows && !interrupt.requested_after(cost.n_columns); ++i) {
        const double rounding = 8 * unit_roundoff<double> * (std::abs(potentials.u[i]) + largest_v);
        const std::int64_t n_doubtful =
            kernels.find_violated(cost.row(static_cast<std::int64_t>(i)), potentials.v.data(), cost.n_columns,
                                  potentials.u[i] + rounding, doubtful.data());
        for (std::int64_t k = 0; k < n_doubtful; ++k) {
            const Node j = doubtful[static_cast<std::size_t>(k)];
            measurement.add_arc(i, static_cast<std::size_t>(j), cost(static_cast<std::int64_t>(i), j));
        }
    }
    if (has_idle)
        for (std::size_t j = 0; j < n_columns; ++j) measurement.add_arc(n_rows, j, 0.0);
    return measurement.finish([&](Node i, Node j) { return i == idle ? 0.0 : cost(i, j); }, 0.0);
}

template Certificate certify(const GivenCost<float>&, const Masses&, const Solution&, Interrupt&);
template Certificate certify(const GivenCost<double>&, const Masses&, const Solution&, Interrupt&);
template Certificate certify(const CorrelationCost&, const Masses&, const Solution&, Interrupt&);
template Certificate certify(const ExactCorrelationCost&, const Masses&, const Solution&, Interrupt&);

}  // namespace mot
