#include "mot/pricing.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "mot/cost.hpp"
#include "mot/kernels/kernels.hpp"

namespace mot {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
/// A row with more near arcs gives away its lowest ones.
constexpr std::ptrdiff_t most_per_row = 32;

}  // namespace

template <class Cost>
Pricing<Cost>::Pricing(const Cost& cost, const std::vector<Arc>& known)
    : cost_(cost),
      known_(static_cast<std::size_t>(cost.n_rows())),
      bound_(known_.size(), -infinity),
      row_of_mark_(static_cast<std::size_t>(cost.n_columns()), -1),
      hits_(row_of_mark_.size()) {
    for (const Arc& arc : known)
        known_[static_cast<std::size_t>(arc.source)].push_back({arc.target, arc.cost, std::nan("")});
    for (std::size_t i = 0; i < known_.size(); ++i)
        if (known_[i].size() >= row_of_mark_.size()) bound_[i] = infinity;
}

/// Reduced costs in row i have fallen by what u_i rose and at most the largest rise of any v.
template <class Cost>
void Pricing<Cost>::loosen(const Potentials& potentials) {
    if (!last_.u.empty()) {
        double rise = -infinity;
        for (std::size_t j = 0; j < potentials.v.size(); ++j)
            if (potentials.v[j] > -infinity) rise = std::max(rise, potentials.v[j] - last_.v[j]);
        for (std::size_t i = 0; i < bound_.size(); ++i)
            if (potentials.u[i] > -infinity) bound_[i] -= potentials.u[i] - last_.u[i] + rise;
    }
    last_ = potentials;
}

template <class Cost>
std::vector<Arc> Pricing<Cost>::find_near_arcs(const Potentials& potentials, double certain, double width,
                                               Interrupt& interrupt) {
    loosen(potentials);
    std::vector<Arc> found;
    const auto is_wanted = [&](std::int64_t i) {
        const auto row = static_cast<std::size_t>(i);
        return bound_[row] < certain && potentials.u[row] > -infinity;
    };
    cost_.for_each_row(interrupt, is_wanted, [&](std::int64_t i, const typename Cost::Value* row) {
        read_row(i, row, potentials, width, found);
    });
    return found;
}

template <class Cost>
void Pricing<Cost>::read_row(std::int64_t i, const typename Cost::Value* row, const Potentials& potentials,
                             double width, std::vector<Arc>& found) {
    auto& known = known_[static_cast<std::size_t>(i)];
    const double u = potentials.u[static_cast<std::size_t>(i)];
    const double* v = potentials.v.data();
    const std::int64_t n_hits =
        row_kernels<typename Cost::Value>().find_violated(row, v, cost_.n_columns(), u + width, hits_.data());

    for (const KnownArc& arc : known) row_of_mark_[static_cast<std::size_t>(arc.target)] = i;
    const auto is_known = [&](Node j) { return row_of_mark_[static_cast<std::size_t>(j)] == i; };
    const auto end = std::remove_if(hits_.begin(), hits_.begin() + n_hits, is_known);
    const auto value = [&](Node j) { return static_cast<double>(row[j]) - v[j]; };
    auto kept = end;
    bound_[static_cast<std::size_t>(i)] = width;
    if (end - hits_.begin() > most_per_row) {
        // Of equal ones those that come first when counting starts at i: not the same few for all rows.
        const auto order = [&](Node j) { return j >= i ? j - i : j - i + cost_.n_columns(); };
        const auto is_lower = [&](Node j, Node k) {
            return value(j) != value(k) ? value(j) < value(k) : order(j) < order(k);
        };
        kept = hits_.begin() + most_per_row;
        std::nth_element(hits_.begin(), kept, end, is_lower);
        bound_[static_cast<std::size_t>(i)] = value(*kept) - u;
    }
    for (auto hit = hits_.begin(); hit != kept; ++hit) {
        found.push_back({static_cast<Node>(i), *hit, static_cast<double>(row[*hit])});
        known.push_back({*hit, static_cast<double>(row[*hit]), std::nan("")});
    }
}

template <class Cost>
double Pricing<Cost>::exact(std::size_t i, KnownArc& arc) const {
    if (std::isnan(arc.exact)) arc.exact = cost_.exact(static_cast<std::int64_t>(i), arc.target);
    return arc.exact;
}

template <class Cost>
double Pricing<Cost>::exact(Node source, Node target) {
    const auto i = static_cast<std::size_t>(source);
    for (KnownArc& arc : known_[i])
        if (arc.target == target) return exact(i, arc);
    return cost_.exact(source, target);
}

template <class Cost>
std::vector<Arc> Pricing<Cost>::find_violated_exactly(const Potentials& potentials, double tolerance) {
    std::vector<Arc> violated;
    for (std::size_t i = 0; i < known_.size(); ++i)
        for (KnownArc& arc : known_[i]) {
            const double duals = potentials.u[i] + potentials.v[static_cast<std::size_t>(arc.target)];
            if (!(arc.cost - duals < cost_.margin()) || !(exact(i, arc) - duals < -tolerance)) continue;
            violated.push_back({static_cast<Node>(i), arc.target, arc.exact});
        }
    return violated;
}

template class Pricing<GivenCost<float>>;
template class Pricing<GivenCost<double>>;
template class Pricing<CorrelationCost>;

}  // namespace mot
