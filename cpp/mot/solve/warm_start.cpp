#include "mot/solve/warm_start.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "mot/column_generation/column_generation.hpp"
#include "mot/costs/correlation_cost.hpp"
#include "mot/costs/given_cost.hpp"
#include "mot/costs/point_cost.hpp"
#include "mot/costs/screened_cost.hpp"
#include "mot/engines/auction.hpp"
#include "mot/engines/network_simplex.hpp"
#include "mot/engines/sparse_augmenting_path.hpp"
#include "mot/engines/starting_basis.hpp"
#include "mot/solve/exchanged.hpp"
#include "mot/solve/finish.hpp"
#include "mot/solve/found.hpp"

namespace mot {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Rows that tell whether the potentials are near to the optimum.
constexpr std::size_t most_rows_in_sample = 16;
/// Arcs of a typical unit that are near, besides its cheapest.
constexpr std::ptrdiff_t near_per_unit = 6;
/// Rows of more columns have more near arcs than a search of a row returns. Given costs are searched by columns then.
constexpr std::int64_t most_columns_per_row = 5;
/// Optimal potentials of a side differ by at most twice the largest cost.
constexpr double most_spread = 4;
/// The share of the width of near arcs within which an arc is tight, but for the rounding of the potentials, to single
/// precision perhaps.
constexpr double tight_share = 2e-4;
/// The share of rows that are to have a cheapest column of their own. Potentials of random costs that know nothing
/// leave as many as 1 - 1/e; with fewer, searches for the rest were measured to be slower than a cold start.
constexpr double least_matched = 0.6;
/// The tight arcs for each unit with which the simplex starts from them. A tree has one less than there are units.
constexpr double least_tight = 0.75;

bool are_finite(const std::vector<double>& side, const std::vector<double>& masses) {
    for (std::size_t x = 0; x < side.size(); ++x)
        if (masses[x] > 0 && !std::isfinite(side[x])) return false;
    return true;
}

/// The potentials, with -infinity for units without mass, and without a constant that is large beside the costs.
std::optional<Potentials> usable(const Masses& masses, const Potentials& start, double scale) {
    if (start.u.size() != masses.source.size() || start.v.size() != masses.target.size()) return std::nullopt;
    if (!are_finite(start.u, masses.source) || !are_finite(start.v, masses.target)) return std::nullopt;
    double low = infinity, high = -infinity;
    for (std::size_t j = 0; j < start.v.size(); ++j) {
        if (!(masses.target[j] > 0)) continue;
        low = std::min(low, start.v[j]);
        high = std::max(high, start.v[j]);
    }
    if (!(high - low <= most_spread * scale)) return std::nullopt;
    const double shift = std::max(-low, high) > most_spread * scale ? high : 0.0;
    Potentials potentials = start;
    for (std::size_t i = 0; i < start.u.size(); ++i)
        potentials.u[i] = masses.source[i] > 0 ? start.u[i] + shift : -infinity;
    for (std::size_t j = 0; j < start.v.size(); ++j)
        potentials.v[j] = masses.target[j] > 0 ? start.v[j] - shift : -infinity;
    return potentials;
}

/// Some rows that have mass, spread over all of them.
std::vector<bool> rows_in_sample(const std::vector<double>& u) {
    std::vector<std::size_t> with_mass;
    for (std::size_t i = 0; i < u.size(); ++i)
        if (u[i] > -infinity) with_mass.push_back(i);
    std::vector<bool> is_in_sample(u.size(), false);
    const std::size_t n = std::min(with_mass.size(), most_rows_in_sample);
    for (std::size_t k = 0; k < n; ++k) is_in_sample[with_mass[k * with_mass.size() / n]] = true;
    return is_in_sample;
}

/// A reduced cost below which there are a few arcs of a typical row; 0 unless most rows of a sample have their
/// potential within it of where their cheapest arc is tight.
template <class Cost>
double near_width(const Cost& cost, const Potentials& potentials, Interrupt& interrupt) {
    const std::vector<bool> is_in_sample = rows_in_sample(potentials.u);
    const std::int64_t columns_per_row = std::max<std::int64_t>(1, cost.n_columns() / cost.n_rows());
    const auto place = static_cast<std::ptrdiff_t>(std::min(near_per_unit * columns_per_row, cost.n_columns() - 1));
    std::vector<double> values(potentials.v.size());
    std::vector<double> widths;
    std::size_t n_fitting = 0;
    cost.for_each_row(
        interrupt, [&](std::int64_t i) { return is_in_sample[static_cast<std::size_t>(i)]; },
        [&](std::int64_t i, const typename Cost::Value* row) {
            for (std::size_t j = 0; j < values.size(); ++j) values[j] = cost_of(row[j]) - potentials.v[j];
            std::nth_element(values.begin(), values.begin() + place, values.end());
            const double least = *std::min_element(values.begin(), values.begin() + place + 1);
            const double width = values[static_cast<std::size_t>(place)] - least;
            if (!(width < infinity)) return;
            widths.push_back(width);
            n_fitting += std::abs(potentials.u[static_cast<std::size_t>(i)] - least) <= width;
        });
    if (4 * n_fitting < 3 * widths.size() || widths.empty()) return 0.0;
    const auto median = widths.begin() + static_cast<std::ptrdiff_t>(widths.size() / 2);
    std::nth_element(widths.begin(), median, widths.end());
    // Where costs are so often equal that most rows have all these arcs tight, those that have not tell the width.
    const double width = *median > 0 ? *median : *std::max_element(widths.begin(), widths.end());
    constexpr double rounding = std::is_same_v<typename Cost::Value, FixedCost> ? 8 * fixed_cost_unit : 0.0;
    return std::max(width, rounding);
}

/// Starts an engine from potentials on the arcs that are near.
template <class Cost>
class WarmStart {
public:
    WarmStart(const Cost& cost, const Masses& masses, Potentials potentials, double width, Interrupt& interrupt)
        : cost_(cost),
          masses_(masses),
          potentials_(std::move(potentials)),
          width_(width),
          interrupt_(interrupt),
          generation_(cost, {}, width, interrupt) {}

    std::optional<Found> find() {
        if (!find_near_arcs()) return stopped();
        const bool is_assignment = masses_.is_uniform && cost_.n_rows() == cost_.n_columns();
        return is_assignment ? find_by_augmenting_paths() : find_by_simplex();
    }

private:
    double value(const Arc& arc) const { return arc.cost - potentials_.v[index(arc.target)]; }
    double reduced_cost(const Arc& arc) const { return value(arc) - potentials_.u[index(arc.source)]; }
    /// What was interrupted, or nothing.
    std::optional<Found> stopped() const {
        return interrupt_.requested() ? std::optional<Found>(Found{}) : std::nullopt;
    }

    /// Finds the near arcs and sets u so that every row's cheapest is tight. False if a unit that has mass has none.
    bool find_near_arcs() {
        arcs_ = generation_.find_near_arcs(potentials_, width_);
        std::vector<double> least = least_values();
        const auto has_none = [&](std::int64_t i) {
            const auto row = static_cast<std::size_t>(i);
            return least[row] == infinity && potentials_.u[row] > -infinity;
        };
        std::vector<double> raised = potentials_.u;
        cost_.for_each_row(interrupt_, has_none, [&](std::int64_t i, const typename Cost::Value* row) {
            double& u = raised[static_cast<std::size_t>(i)];
            u = infinity;
            for (std::size_t j = 0; j < potentials_.v.size(); ++j) u = std::min(u, cost_of(row[j]) - potentials_.v[j]);
        });
        if (raised != potentials_.u) {
            potentials_.u = std::move(raised);
            const std::vector<Arc> more = generation_.find_near_arcs(potentials_, width_);
            arcs_.insert(arcs_.end(), more.begin(), more.end());
            least = least_values();
        }
        std::vector<bool> is_reached(potentials_.v.size(), false);
        for (const Arc& arc : arcs_) is_reached[index(arc.target)] = true;
        for (std::size_t i = 0; i < least.size(); ++i) {
            if (potentials_.u[i] > -infinity && least[i] == infinity) return false;
            if (potentials_.u[i] > -infinity) potentials_.u[i] = least[i];
        }
        for (std::size_t j = 0; j < is_reached.size(); ++j)
            if (potentials_.v[j] > -infinity && !is_reached[j]) return false;
        return !interrupt_.requested();
    }

    /// The least cost - v of every row's arcs.
    std::vector<double> least_values() const {
        std::vector<double> least(potentials_.u.size(), infinity);
        for (const Arc& arc : arcs_) least[index(arc.source)] = std::min(least[index(arc.source)], value(arc));
        return least;
    }

    /// Matches rows with their cheapest columns; the engine searches for those that are left over.
    std::optional<Found> find_by_augmenting_paths() {
        std::vector<Arc> matched;
        std::vector<bool> is_source_matched(potentials_.u.size(), false),
            is_target_matched(potentials_.v.size(), false);
        for (const Arc& arc : arcs_) {
            if (reduced_cost(arc) != 0 || is_source_matched[index(arc.source)] || is_target_matched[index(arc.target)])
                continue;
            is_source_matched[index(arc.source)] = is_target_matched[index(arc.target)] = true;
            matched.push_back(arc);
        }
        if (static_cast<double>(matched.size()) < least_matched * static_cast<double>(cost_.n_rows()))
            return std::nullopt;
        SparseAugmentingPath engine(masses_, potentials_.v, matched, arcs_);
        return finish_engine(engine);
    }

    /// Ships along tight arcs. Where the potentials are those of a basis these are a tree, along which all mass finds
    /// its way. Where they are too few for a tree, the plan comes from an auction whose prices begin at the potentials.
    std::optional<Found> find_by_simplex() {
        const auto cost_of = [this](Node i, Node j) { return cost_.exact(i, j); };
        const std::vector<Arc> tight = tight_arcs();
        const double n_units = static_cast<double>(cost_.n_rows() + cost_.n_columns());
        Basis basis;
        if (static_cast<double>(tight.size()) >= least_tight * n_units) {
            basis = starting_basis(masses_, tight, potentials_, arcs_, cost_of, interrupt_);
        } else {
            Auction auction(masses_, arcs_);
            auction.set_prices(potentials_);
            const double spread = auction.spread(cost_.scale());
            if (!auction.run(fine_epsilon * spread, interrupt_)) return stopped();
            const std::vector<Arc> more = generation_.find_near_arcs(auction.potentials(), fine_epsilon * spread);
            arcs_.insert(arcs_.end(), more.begin(), more.end());
            basis = starting_basis(masses_, auction, arcs_, cost_of, interrupt_);
        }
        if (interrupt_.requested()) return Found{};
        NetworkSimplex<> simplex(masses_, basis);
        simplex.add_arcs(arcs_);
        return finish_engine(simplex);
    }

    /// Arcs that are tight up to rounding, those nearest to it first.
    std::vector<Arc> tight_arcs() const {
        std::vector<Arc> tight;
        for (const Arc& arc : arcs_)
            if (reduced_cost(arc) <= tight_share * width_) tight.push_back(arc);
        std::sort(tight.begin(), tight.end(), [this](const Arc& x, const Arc& y) {
            const double of_x = reduced_cost(x), of_y = reduced_cost(y);
            if (of_x != of_y) return of_x < of_y;
            return x.source != y.source ? x.source < y.source : x.target < y.target;
        });
        return tight;
    }

    template <class Engine>
    std::optional<Found> finish_engine(Engine& engine) {
        const Status status = generation_.run(engine);
        return status == Status::optimal ? found_by(status, engine) : stopped();
    }

    const Cost& cost_;
    const Masses& masses_;
    Potentials potentials_;  // -infinity for units without mass
    double width_;           // arcs of a lower reduced cost are near
    Interrupt& interrupt_;
    ColumnGeneration<Cost> generation_;
    std::vector<Arc> arcs_;  // the near ones
};

template <class Cost>
std::optional<Found> find_from_potentials(const Cost& cost, const Masses& masses, const Potentials& start,
                                          Interrupt& interrupt) {
    if (cost.n_columns() / cost.n_rows() > most_columns_per_row) {
        if constexpr (std::is_same_v<Cost, GivenCost<typename Cost::Value>>) {
            if (cost.n_rows() * cost.n_columns() > most_copied) return std::nullopt;
            using Sides = Exchanged<typename Cost::Value>;
            const Sides exchanged(cost, masses);
            std::optional<Found> found =
                find_from_potentials(exchanged.cost(), exchanged.masses(), {start.v, start.u}, interrupt);
            return found ? std::optional<Found>(Sides::exchanged(std::move(*found))) : std::nullopt;
        }
        return std::nullopt;
    }
    std::optional<Potentials> potentials = usable(masses, start, cost.scale());
    if (!potentials) return std::nullopt;
    const double width = near_width(cost, *potentials, interrupt);
    if (interrupt.requested()) return Found{};
    if (!(width > 0)) return std::nullopt;
    return WarmStart<Cost>(cost, masses, std::move(*potentials), width, interrupt).find();
}

}  // namespace

template <class Cost>
std::optional<Solution> solve_from_potentials(const Cost& cost, const Masses& masses, const Potentials& start,
                                              Interrupt& interrupt) {
    std::optional<Found> found = find_from_potentials(cost, masses, start, interrupt);
    if (!found) return std::nullopt;
    if (found->status != Status::optimal) return Solution{};
    Solution solution = finish(cost, masses, std::move(found->plan), std::move(found->potentials), interrupt);
    return solution.status == Status::not_proven ? std::nullopt : std::optional<Solution>(std::move(solution));
}

template std::optional<Solution> solve_from_potentials(const GivenCost<float>&, const Masses&, const Potentials&,
                                                       Interrupt&);
template std::optional<Solution> solve_from_potentials(const GivenCost<double>&, const Masses&, const Potentials&,
                                                       Interrupt&);
template std::optional<Solution> solve_from_potentials(const CorrelationCost<float>&, const Masses&, const Potentials&,
                                                       Interrupt&);
template std::optional<Solution> solve_from_potentials(const CorrelationCost<double>&, const Masses&, const Potentials&,
                                                       Interrupt&);
template std::optional<Solution> solve_from_potentials(const PointCost<float>&, const Masses&, const Potentials&,
                                                       Interrupt&);
template std::optional<Solution> solve_from_potentials(const PointCost<double>&, const Masses&, const Potentials&,
                                                       Interrupt&);
template std::optional<Solution> solve_from_potentials(const ScreenedCost&, const Masses&, const Potentials&,
                                                       Interrupt&);

}  // namespace mot
