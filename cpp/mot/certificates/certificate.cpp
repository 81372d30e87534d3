#include "mot/certificates/certificate.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>

#include "mot/costs/correlation_cost.hpp"
#include "mot/costs/given_cost.hpp"
#include "mot/costs/point_cost.hpp"
#include "mot/costs/row_groups.hpp"
#include "mot/costs/row_search.hpp"
#include "mot/costs/screened_cost.hpp"
#include "mot/costs/sparse_cost.hpp"
#include "mot/types/double_double.hpp"

namespace mot {
namespace {

/// u_i + v_j - cost_ij, rounded once.
double excess(double u, double v, double cost) {
    const DoubleDouble sum = DoubleDouble::sum(u, v);
    const DoubleDouble difference = DoubleDouble::sum(sum.high, -cost);
    return difference.high + (difference.low + sum.low);
}

/// u_i + v_j + price - cost_ij: large parts may cancel in any order.
double excess(double u, double v, double price, double cost) {
    return rounded(DoubleDouble::sum(u, v) + DoubleDouble::sum(price, -cost));
}

/// A price of mass, which is paid for what is carried between all units but the last of each side.
struct Price {
    double value = 0;
};

template <class Cost>
double resolution_of(const Cost& cost) {
    return cost.resolution();
}
double resolution_of(const SparseCost&) {
    return 0.0;
}

double largest_magnitude(const std::vector<double>& values) {
    double largest = 0;
    for (const double value : values) largest = Certificate::worse(largest, std::abs(value));
    return largest;
}

/// Collects the figures of a certificate, first over all arcs, then over those that carry mass.
class Measurement {
public:
    Measurement(const Masses& masses, const Plan& plan, const Potentials& potentials, Price price = {})
        : masses_(masses),
          plan_(plan),
          u_(potentials.u),
          v_(potentials.v),
          price_(price.value),
          largest_v_(largest_magnitude(v_)),
          row_violation_(u_.size(), 0.0),
          worst_of_row_(u_.size(), 0.0) {}

    /// Arcs of different rows may be added at the same time.
    void add_arc(std::size_t i, std::size_t j, double cost) {
        const double violation = excess_of(i, j, cost);
        worst_of_row_[i] = Certificate::worse(worst_of_row_[i], violation);
        // Where one end has no mass no plan can use the arc.
        if (masses_.source[i] > 0 && masses_.target[j] > 0)
            row_violation_[i] = Certificate::worse(row_violation_[i], violation);
    }
    template <class Value>
    void add_arcs(std::size_t i, const Value* costs, const Node* columns, std::int64_t n) {
        for (std::int64_t k = 0; k < n; ++k) add_arc(i, index(columns[k]), cost_of(costs[columns[k]]));
    }

    /// All arcs of a row at once: its largest excess. Only where every column has mass.
    void add_row(std::size_t i, double violation) {
        worst_of_row_[i] = Certificate::worse(worst_of_row_[i], violation);
        if (masses_.source[i] > 0) row_violation_[i] = Certificate::worse(row_violation_[i], violation);
    }
    bool can_add_rows() const {
        const auto has_mass = [](double mass) { return mass > 0; };
        return price_ == 0.0 && std::isfinite(largest_v_) &&
               std::all_of(masses_.target.begin(), masses_.target.end(), has_mass);
    }

    /// The threshold for costs less the v_j, below which an arc of row i may be violated. Rounding of a comparison
    /// clears no arc that is.
    double threshold(std::size_t i) const {
        return u_[i] + price_ + 8 * unit_roundoff<double> * (std::abs(u_[i]) + std::abs(price_) + largest_v_);
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
        figures_.duality_gap = (std::abs(rounded(primal_.value() - dual_.value())) + lowered_) / total;
        figures_.primal = rounded(primal_.value()) / magnifier_;
        for (const double violation : worst_of_row_)
            figures_.dual_violation = Certificate::worse(figures_.dual_violation, violation);
        figures_.cost_scale = magnitude_ / total;
        figures_.marginal_error /= total;
        figures_.tolerance = std::max(resolution, Certificate::tolerance_for(figures_.cost_scale, largest_potential_) +
                                                      moved_by_rounding_ / total);
        return figures_;
    }

private:
    template <class CostOf>
    void add_plan(CostOf cost_of) {
        row_error_.assign(u_.size(), 0.0);
        column_error_.assign(v_.size(), 0.0);
        for (std::size_t i = 0; i < u_.size(); ++i) row_error_[i] = -magnified(masses_.source[i] * masses_.unit);
        for (std::size_t j = 0; j < v_.size(); ++j) column_error_[j] = -magnified(masses_.target[j] * masses_.unit);
        for (std::size_t k = 0; k < plan_.size(); ++k) {
            const std::size_t i = index(plan_.source[k]);
            const std::size_t j = index(plan_.target[k]);
            const double mass = magnified(plan_.mass[k]);
            const double cost = cost_of(plan_.source[k], plan_.target[k]);
            if (!(mass >= 0)) figures_.marginal_error = std::numeric_limits<double>::infinity();
            row_error_[i] += mass;
            column_error_[j] += mass;
            primal_.add(mass, cost);
            magnitude_ += mass * std::abs(cost);
            figures_.slackness = Certificate::worse(figures_.slackness, std::abs(excess_of(i, j, cost)));
            if (is_priced(i, j)) dual_.add(mass, price_);
        }
        largest_potential_ = std::abs(price_);
    }

    bool is_priced(std::size_t i, std::size_t j) const {
        return price_ != 0.0 && i + 1 < u_.size() && j + 1 < v_.size();
    }
    double excess_of(std::size_t i, std::size_t j, double cost) const {
        return is_priced(i, j) ? excess(u_[i], v_[j], price_, cost) : excess(u_[i], v_[j], cost);
    }

    double magnified(double mass) const { return mass * magnifier_; }

    /// Adds up the dual value, and what it loses where every row is lowered by its worst violation.
    void add_marginals(double total) {
        const auto add = [&](double mass, double potential, double violation, double error) {
            figures_.marginal_error = Certificate::worse(figures_.marginal_error, std::abs(error));
            if (!(mass > 0)) return;
            dual_.add(mass, potential);
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
    const Plan& plan_;
    const std::vector<double>& u_;
    const std::vector<double>& v_;
    double price_;
    double largest_v_;
    std::vector<double> row_violation_;  // worst of every row, over the columns that have mass
    std::vector<double> worst_of_row_;   // over all columns
    std::vector<double> row_error_, column_error_;
    double magnifier_ = 1;
    SumOfProducts primal_, dual_;
    double lowered_ = 0;
    double magnitude_ = 0;
    double largest_potential_ = 0;
    double moved_by_rounding_ = 0;  // what rounding of the plan's marginals may add to the gap
    Certificate figures_;
};

/// The matching as a transport of one unit of mass for each column, with an idle row for the columns left over.
struct MatchingTransport {
    Masses masses;
    Plan plan;
    Potentials potentials;
    bool has_idle_row;

    MatchingTransport(std::size_t n_rows, std::size_t n_columns, const std::vector<Node>& column_of, Potentials matched)
        : potentials(std::move(matched)), has_idle_row(n_columns > n_rows) {
        masses.source.assign(n_rows, 1.0);
        masses.target.assign(n_columns, 1.0);
        std::vector<bool> is_taken(n_columns, false);
        for (std::size_t i = 0; i < n_rows; ++i) {
            plan.add(static_cast<Node>(i), column_of[i], 1.0);
            is_taken[index(column_of[i])] = true;
        }
        if (!has_idle_row) return;
        masses.source.push_back(static_cast<double>(n_columns - n_rows));
        potentials.u.push_back(0.0);
        for (std::size_t j = 0; j < n_columns; ++j)
            if (!is_taken[j]) plan.add(static_cast<Node>(n_rows), static_cast<Node>(j), 1.0);
    }
};

/// Measures all arcs of the cost, between the units that `potentials` has.
template <class Cost>
void measure_arcs(const Cost& cost, const Potentials& potentials, Measurement& measurement, Interrupt& interrupt) {
    using Value = typename Cost::Value;
    std::vector<std::vector<Node>> hits(static_cast<std::size_t>(cost.n_workers()));
    for (std::vector<Node>& of_worker : hits) of_worker.resize(potentials.v.size());
    if constexpr (Cost::is_exact) {
        constexpr std::int64_t few = 8;
        const RowSearch<Value> search(potentials.v);
        const bool can_add_rows = measurement.can_add_rows();
        // Then all arcs of the further rows are measured, whether they may be violated or not; of costs that several
        // workers search, of those of the same group.
        struct Ties {
            std::int64_t group = 0;
            bool are_many = false;
        };
        std::vector<Ties> ties_of(hits.size());
        cost.for_each_row_in_groups(
            interrupt, is_every_row, [&](const RowVisit& at, std::int64_t row_at, const Value* row) {
                const auto i = static_cast<std::size_t>(row_at);
                const double u = potentials.u[i];
                Ties& ties = ties_of[static_cast<std::size_t>(at.worker)];
                if (ties.group != at.group && !cost.is_stored()) ties.are_many = false;
                ties.group = at.group;
                if (ties.are_many && std::isfinite(u)) {
                    const double* const v = potentials.v.data();
                    measurement.add_row(i, row_kernels<Value>().largest_excess(row, v, cost.n_columns(), u));
                    return;
                }
                Node* const columns = hits[static_cast<std::size_t>(at.worker)].data();
                const std::int64_t n = search.find(row, measurement.threshold(i), columns);
                ties.are_many = can_add_rows && n > few;
                measurement.add_arcs(i, row, columns, n);
            });
    } else {
        // Searched costs clear most arcs; those of the others that may be violated are measured at their exact ones.
        std::vector<double> highest = potentials.v;
        for (std::size_t j = 0; j < highest.size(); ++j) highest[j] += cost.column_margin(static_cast<std::int64_t>(j));
        const RowSearch<Value> search(highest);
        RowResults<Arc> open(cost.n_workers());
        cost.for_each_row_in_groups(interrupt, is_every_row, [&](const RowVisit& at, std::int64_t i, const Value* row) {
            Node* const columns = hits[static_cast<std::size_t>(at.worker)].data();
            const double threshold = measurement.threshold(static_cast<std::size_t>(i));
            const std::int64_t n = search.find(row, threshold + cost.row_margin(i), columns);
            for (std::int64_t k = 0; k < n; ++k)
                open.add(at, {static_cast<Node>(i), columns[k], threshold + potentials.v[index(columns[k])]});
        });
        const std::vector<Arc> arcs = open.take();
        const std::vector<double> least = cost.find_least_costs(arcs);
        for (std::size_t k = 0; k < arcs.size(); ++k)
            if (least[k] < arcs[k].cost) measurement.add_arc(index(arcs[k].source), index(arcs[k].target), least[k]);
    }
}

void measure_arcs(const SparseCost& cost, const Potentials&, Measurement& measurement, Interrupt&) {
    cost.for_each_arc([&](Node i, Node j, double value) { measurement.add_arc(index(i), index(j), value); });
}

/// The partial transport as one of all mass, between the units and two spare ones behind them.
struct TransportWithSpares {
    Masses masses;
    Plan plan;
    Potentials potentials;

    TransportWithSpares(const PartialProblem& problem, const PartialPlan& partial)
        : masses(problem.masses), plan(partial.carried), potentials(partial.potentials) {
        potentials.u.push_back(0.0);
        potentials.v.push_back(0.0);
        const double mass = partial.mass / masses.unit;
        const auto spare_source = static_cast<Node>(masses.source.size());
        const auto spare_target = static_cast<Node>(masses.target.size());
        const auto rest = [mass](const std::vector<double>& masses_of_side) {
            return std::max(std::accumulate(masses_of_side.begin(), masses_of_side.end(), 0.0) - mass, 0.0);
        };
        const double kept = rest(masses.source);
        masses.source.push_back(rest(masses.target));
        masses.target.push_back(kept);
        for (Node i = 0; i < spare_source; ++i)
            if (partial.left_at_source[index(i)] != 0) plan.add(i, spare_target, partial.left_at_source[index(i)]);
        for (Node j = 0; j < spare_target; ++j)
            if (partial.left_at_target[index(j)] != 0) plan.add(spare_source, j, partial.left_at_target[index(j)]);
    }
};

}  // namespace

bool Certificate::is_optimal() const {
    constexpr double marginal_tolerance = 1e-9;
    // Written so that a NaN anywhere means "not optimal".
    return dual_violation <= tolerance && slackness <= tolerance && duality_gap <= tolerance &&
           marginal_error <= marginal_tolerance;
}

template <class Cost>
Certificate certify(const Cost& cost, const Masses& masses, const Plan& plan, const Potentials& potentials,
                    Interrupt& interrupt) {
    Measurement measurement(masses, plan, potentials);
    measure_arcs(cost, potentials, measurement, interrupt);
    return measurement.finish([&](Node i, Node j) { return cost.exact(i, j); }, resolution_of(cost));
}

template <class Cost>
Certificate certify_partial(const Cost& cost, const PartialProblem& problem, const PartialPlan& plan,
                            Interrupt& interrupt) {
    const TransportWithSpares transport(problem, plan);
    Measurement measurement(transport.masses, transport.plan, transport.potentials, Price{plan.price});
    measure_arcs(cost, plan.potentials, measurement, interrupt);
    const std::vector<double>& kept_by_source = problem.kept.u;
    const std::vector<double>& kept_by_target = problem.kept.v;
    const std::size_t spare_source = kept_by_source.size(), spare_target = kept_by_target.size();
    for (std::size_t i = 0; i < spare_source; ++i) measurement.add_arc(i, spare_target, kept_by_source[i]);
    for (std::size_t j = 0; j < spare_target; ++j) measurement.add_arc(spare_source, j, kept_by_target[j]);
    const auto cost_of = [&](Node i, Node j) {
        if (index(i) == spare_source) return kept_by_target[index(j)];
        return index(j) == spare_target ? kept_by_source[index(i)] : cost.exact(i, j);
    };
    return measurement.finish(cost_of, resolution_of(cost));
}

Certificate certify_matching(const MatrixView<double>& cost, const std::vector<Node>& column_of,
                             const Potentials& potentials, Interrupt& interrupt) {
    const auto n_rows = static_cast<std::size_t>(cost.n_rows);
    const auto n_columns = static_cast<std::size_t>(cost.n_columns);
    const MatchingTransport transport(n_rows, n_columns, column_of, potentials);
    Measurement measurement(transport.masses, transport.plan, transport.potentials);
    const RowSearch<double> search(transport.potentials.v);
    std::vector<Node> open(n_columns);
    for (std::size_t i = 0; i < n_rows && !interrupt.requested_after(cost.n_columns); ++i) {
        const double* const row = cost.row(static_cast<std::int64_t>(i));
        measurement.add_arcs(i, row, open.data(), search.find(row, measurement.threshold(i), open.data()));
    }
    if (transport.has_idle_row)
        for (std::size_t j = 0; j < n_columns; ++j) measurement.add_arc(n_rows, j, 0.0);
    return measurement.finish([&](Node i, Node j) { return i == cost.n_rows ? 0.0 : cost(i, j); }, 0.0);
}

template Certificate certify(const GivenCost<float>&, const Masses&, const Plan&, const Potentials&, Interrupt&);
template Certificate certify(const GivenCost<double>&, const Masses&, const Plan&, const Potentials&, Interrupt&);
template Certificate certify(const CorrelationCost<float>&, const Masses&, const Plan&, const Potentials&, Interrupt&);
template Certificate certify(const CorrelationCost<double>&, const Masses&, const Plan&, const Potentials&, Interrupt&);
template Certificate certify(const PointCost<float>&, const Masses&, const Plan&, const Potentials&, Interrupt&);
template Certificate certify(const PointCost<double>&, const Masses&, const Plan&, const Potentials&, Interrupt&);
template Certificate certify(const ScreenedCost&, const Masses&, const Plan&, const Potentials&, Interrupt&);
template Certificate certify(const SparseCost&, const Masses&, const Plan&, const Potentials&, Interrupt&);
template Certificate certify_partial(const GivenCost<float>&, const PartialProblem&, const PartialPlan&, Interrupt&);
template Certificate certify_partial(const GivenCost<double>&, const PartialProblem&, const PartialPlan&, Interrupt&);
template Certificate certify_partial(const CorrelationCost<float>&, const PartialProblem&, const PartialPlan&,
                                     Interrupt&);
template Certificate certify_partial(const CorrelationCost<double>&, const PartialProblem&, const PartialPlan&,
                                     Interrupt&);
template Certificate certify_partial(const PointCost<float>&, const PartialProblem&, const PartialPlan&, Interrupt&);
template Certificate certify_partial(const PointCost<double>&, const PartialProblem&, const PartialPlan&, Interrupt&);
template Certificate certify_partial(const ScreenedCost&, const PartialProblem&, const PartialPlan&, Interrupt&);
template Certificate certify_partial(const SparseCost&, const PartialProblem&, const PartialPlan&, Interrupt&);

}  // namespace mot
