#include "mot/engines/monge.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>

#include "mot/kernels/kernels.hpp"
#include "mot/types/double_double.hpp"

namespace mot {
namespace {

using Nodes = std::vector<Node>;

/// Two rows or columns whose difference orders the other side.
using Outermost = std::pair<Node, Node>;

/// The nodes whose keys are least and greatest; the first and the last where all keys are equal.
template <class Key>
Outermost find_outermost(const Nodes& nodes, Key key) {
    Node least = nodes.front();
    Node greatest = nodes.front();
    double low = key(least);
    double high = low;
    for (const Node node : nodes) {
        const double value = key(node);
        if (value < low) {
            low = value;
            least = node;
        } else if (value > high) {
            high = value;
            greatest = node;
        }
    }
    return least == greatest ? Outermost{nodes.front(), nodes.back()} : Outermost{least, greatest};
}

template <class Key>
void sort_by(Nodes& nodes, Key key) {
    std::vector<std::pair<double, Node>> keyed;
    keyed.reserve(nodes.size());
    for (const Node node : nodes) keyed.emplace_back(key(node), node);
    if (!std::is_sorted(keyed.begin(), keyed.end())) std::sort(keyed.begin(), keyed.end());
    std::transform(keyed.begin(), keyed.end(), nodes.begin(), [](const auto& pair) { return pair.second; });
}

/// Brings rows and columns into the orders in which they have the Monge property, if they have it.
template <class Real>
void order_by_outermost(const MatrixView<Real>& cost, Nodes& rows, Nodes& columns) {
    constexpr int rounds = 3;  // from any two rows to the outermost ones
    const auto at = [&](Node i, Node j) { return static_cast<double>(cost(i, j)); };
    Outermost of_rows{rows.front(), rows.back()};
    Outermost of_columns;
    const auto key_of_row = [&](Node i) { return at(i, of_columns.first) - at(i, of_columns.second); };
    const auto key_of_column = [&](Node j) { return at(of_rows.first, j) - at(of_rows.second, j); };
    for (int round = 0; round < rounds; ++round) {
        of_columns = find_outermost(columns, key_of_column);
        of_rows = find_outermost(rows, key_of_row);
    }
    sort_by(columns, key_of_column);
    of_columns = {columns.front(), columns.back()};
    sort_by(rows, key_of_row);
}

/// Some of n numbers, in steps that are not all equal.
Nodes some_of(std::int64_t n, std::int64_t most) {
    const std::int64_t n_some = std::min(n, most);
    Nodes nodes(static_cast<std::size_t>(n_some));
    for (std::int64_t k = 0; k < n_some; ++k) {
        const std::int64_t first = k * n / n_some;
        const std::int64_t width = (k + 1) * n / n_some - first;
        nodes[static_cast<std::size_t>(k)] = static_cast<Node>(first + k * k * k % width);
    }
    return nodes;
}

Nodes all_of(std::int64_t n) {
    Nodes nodes(static_cast<std::size_t>(n));
    std::iota(nodes.begin(), nodes.end(), Node{0});
    return nodes;
}

/// A walk from the first to the last row and column, one at each step, that ships as much as both ends have.
class Walk {
public:
    Walk(const Masses& masses, const Nodes& rows, const Nodes& columns)
        : masses_(masses), rows_(rows), columns_(columns) {}

    /// Calls `step(i, j, mass, is_new_row)` at every place.
    template <class Step>
    void go(Step step) {
        std::size_t r = 0;
        std::size_t c = 0;
        DoubleDouble supply = masses_.source[index(rows_[0])];
        DoubleDouble demand = masses_.target[index(columns_[0])];
        bool is_new_row = true;  // the first potential, of a row, is the first cost: its column's is zero
        while (true) {
            const DoubleDouble mass = std::min(supply, demand);
            step(rows_[r], columns_[c], rounded(mass), is_new_row);
            supply -= mass;
            demand -= mass;
            const bool is_last_row = r + 1 == rows_.size();
            const bool is_last_column = c + 1 == columns_.size();
            if (is_last_row && is_last_column) return;
            is_new_row = is_last_column || (!is_last_row && supply <= demand);
            // Sums that differ by rounding leave mass on the last row or column.
            if (is_new_row)
                supply = masses_.source[index(rows_[++r])];
            else
                demand = masses_.target[index(columns_[++c])];
        }
    }

private:
    const Masses& masses_;
    const Nodes& rows_;
    const Nodes& columns_;
};

/// Sorts both sides by how much more one half of the other costs than the other half: along orders with the property
/// these differences rise, and tie only where they differ by a constant.
template <class Real>
void order_by_halves(const MatrixView<Real>& cost, Nodes& rows, Nodes& columns, Interrupt& interrupt) {
    const auto signs_of = [](const Nodes& nodes) {
        std::vector<double> signs(nodes.size());
        for (std::size_t k = 0; k < nodes.size(); ++k) signs[index(nodes[k])] = 2 * k < nodes.size() ? 1.0 : -1.0;
        return signs;
    };
    const std::vector<double> row_sign = signs_of(rows);
    const std::vector<double> column_sign = signs_of(columns);
    std::vector<double> row_key(rows.size(), 0.0);
    std::vector<double> column_key(columns.size(), 0.0);
    for (std::size_t i = 0; i < rows.size() && !interrupt.requested_after(2 * cost.n_columns); ++i) {
        constexpr std::size_t n_sums = 8;  // side by side
        double sums[n_sums] = {};
        const Real* const row = cost.row(static_cast<std::int64_t>(i));
        for (std::size_t j = 0; j < columns.size(); ++j) {
            const auto value = static_cast<double>(row[j]);
            sums[j % n_sums] += column_sign[j] * value;
            column_key[j] += row_sign[i] * value;
        }
        row_key[i] = std::accumulate(sums, sums + n_sums, 0.0);
    }
    sort_by(rows, [&](Node i) { return row_key[index(i)]; });
    sort_by(columns, [&](Node j) { return column_key[index(j)]; });
}

/// Whether some rows and columns have the property, up to rounding, in the orders in which they would.
template <class Real>
bool have_property(const MatrixView<Real>& cost, std::int64_t most) {
    Nodes rows = some_of(cost.n_rows, most);
    Nodes columns = some_of(cost.n_columns, most);
    order_by_outermost(cost, rows, columns);
    for (std::size_t r = 0; r + 1 < rows.size(); ++r)
        for (std::size_t c = 0; c + 1 < columns.size(); ++c) {
            const auto at = [&](std::size_t i, std::size_t j) {
                return static_cast<double>(cost(rows[i], columns[j]));
            };
            const double along = at(r, c) + at(r + 1, c + 1);
            const double across = at(r, c + 1) + at(r + 1, c);
            const double largest = std::max(std::abs(at(r, c)), std::abs(at(r + 1, c + 1)));
            constexpr double rounding = 64 * std::numeric_limits<Real>::epsilon();
            if (along - across > rounding * (largest + std::abs(across))) return false;
        }
    return true;
}

}  // namespace

template <class Real>
bool Monge<Real>::is_likely() const {
    constexpr std::int64_t very_few = 4;  // most costs fail with these
    constexpr std::int64_t few = 16;
    return have_property(cost_, very_few) && have_property(cost_, few);
}

template <class Real>
Status Monge<Real>::optimize(Interrupt& interrupt) {
    Nodes rows = all_of(cost_.n_rows);
    Nodes columns = all_of(cost_.n_columns);
    order_by_outermost(cost_, rows, columns);
    walk(rows, columns);
    if (is_proven(interrupt)) return Status::optimal;
    order_by_halves(cost_, rows, columns, interrupt);
    walk(rows, columns);
    if (is_proven(interrupt)) return Status::optimal;
    return interrupt.requested() ? Status::interrupted : Status::infeasible;
}

template <class Real>
void Monge<Real>::walk(const Nodes& rows, const Nodes& columns) {
    plan_ = {};
    std::vector<DoubleDouble> u(rows.size());
    std::vector<DoubleDouble> v(columns.size());
    Walk(masses_, rows, columns).go([&](Node i, Node j, double mass, bool is_new_row) {
        const DoubleDouble paid = static_cast<double>(cost_(i, j));
        if (is_new_row)
            u[index(i)] = paid - v[index(j)];
        else
            v[index(j)] = paid - u[index(i)];
        if (mass > 0) plan_.add(i, j, mass);
    });
    const auto round_all = [](const std::vector<DoubleDouble>& from, std::vector<double>& to) {
        to.resize(from.size());
        std::transform(from.begin(), from.end(), to.begin(), [](const DoubleDouble& x) { return rounded(x); });
    };
    round_all(u, potentials_.u);
    round_all(v, potentials_.v);
}

/// Whether no potentials are violated by more than rounding explains.
template <class Real>
bool Monge<Real>::is_proven(Interrupt& interrupt) const {
    constexpr double rounding = 4096 * std::numeric_limits<double>::epsilon();
    double largest_v = 0;
    for (const double v : potentials_.v) largest_v = std::max(largest_v, std::abs(v));
    Nodes violated(potentials_.v.size());
    for (std::int64_t i = 0; i < cost_.n_rows; ++i) {
        if (interrupt.requested_after(cost_.n_columns)) return false;
        const double u = potentials_.u[static_cast<std::size_t>(i)];
        const double threshold = u - rounding * (std::abs(u) + largest_v);
        if (row_kernels<Real>().find_violated(cost_.row(i), potentials_.v.data(), cost_.n_columns, threshold,
                                              violated.data()) > 0)
            return false;
    }
    return true;
}

template class Monge<float>;
template class Monge<double>;

}  // namespace mot
