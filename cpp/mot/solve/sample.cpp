#include "mot/solve/sample.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <random>
#include <utility>

#include "mot/engines/dense_augmenting_path.hpp"
#include "mot/solve/dense.hpp"

namespace mot {
namespace {

/// Some of n numbers, each of them as likely, in any order: equal steps could fall in with an order in the problem.
std::vector<Node> some_of(std::int64_t n, std::int64_t n_some, std::minstd_rand& random) {
    std::vector<Node> numbers(static_cast<std::size_t>(n));
    std::iota(numbers.begin(), numbers.end(), Node{0});
    const auto size = static_cast<std::size_t>(n_some);
    for (std::size_t k = 0; k < size; ++k) std::swap(numbers[k], numbers[k + random() % (numbers.size() - k)]);
    numbers.resize(size);
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

std::vector<double> of_units(const std::vector<double>& masses, const std::vector<Node>& units) {
    std::vector<double> some;
    some.reserve(units.size());
    for (const Node unit : units) some.push_back(masses[index(unit)]);
    return some;
}

}  // namespace

template <class Real>
Sample<Real>::Sample(const GivenCost<Real>& cost, const Masses& masses) : cost_(cost) {
    std::minstd_rand random(1);
    rows_ = some_of(cost.n_rows(), n_sampled(cost.n_rows(), cost.n_columns()), random);
    columns_ = some_of(cost.n_columns(), n_sampled(cost.n_columns(), cost.n_rows()), random);
    costs_.reserve(rows_.size() * columns_.size());
    for (const Node i : rows_)
        for (const Node j : columns_) costs_.push_back(cost.exact(i, j));
    const auto n = static_cast<std::int64_t>(rows_.size());
    const auto m = static_cast<std::int64_t>(columns_.size());
    masses_ = Masses::uniform(n, m);
    if (masses.is_uniform) return;
    const std::vector<double> a = of_units(masses.source, rows_);
    const std::vector<double> b = of_units(masses.target, columns_);
    const auto has_mass = [](double mass) { return mass > 0; };
    if (std::any_of(a.begin(), a.end(), has_mass) && std::any_of(b.begin(), b.end(), has_mass))
        masses_ = Masses::from_marginals(a.data(), n, b.data(), m);
}

template <class Real>
std::vector<double> Sample<Real>::starting_potentials(Interrupt& interrupt) const {
    // Where one side's units serve many of the other each, their potentials settle nearly everything.
    constexpr std::int64_t many = 8;
    const auto [fewer, more] = std::minmax({cost_.n_rows(), cost_.n_columns()});
    if (more >= many * fewer) return column_potentials(interrupt);
    // Of as many rows as columns.
    const auto n = static_cast<std::int64_t>(std::min(rows_.size(), columns_.size()));
    std::vector<double> square;
    square.reserve(static_cast<std::size_t>(n * n));
    for (std::int64_t i = 0; i < n; ++i) {
        const auto row = costs_.begin() + i * static_cast<std::int64_t>(columns_.size());
        square.insert(square.end(), row, row + n);
    }
    DenseAugmentingPath<double> matching({square.data(), n, n});
    matching.match_reduced(matching.least_of_columns(interrupt), interrupt);
    if (is_crowded(matching.n_free(), n)) return column_potentials(interrupt);
    matching.match_reduced(std::vector<double>(static_cast<std::size_t>(n), 0.0), interrupt);
    if (5 * matching.n_free() <= 4 * n) return {};
    return DenseAugmentingPath<Real>(cost_.stored()).least_of_columns(interrupt);
}

template <class Real>
Solution Sample<Real>::solve(Interrupt& interrupt) const {
    const MatrixView<double> view{costs_.data(), static_cast<std::int64_t>(rows_.size()),
                                  static_cast<std::int64_t>(columns_.size())};
    return solve_dense(GivenCost<double>(view, cost_.scale()), masses_, interrupt);
}

template <class Real>
std::vector<double> Sample<Real>::row_potentials(Interrupt& interrupt) const {
    Solution solution = solve(interrupt);
    if (solution.status != Status::optimal) return {};
    return std::move(solution.potentials.u);
}

template <class Real>
std::vector<double> Sample<Real>::column_potentials(Interrupt& interrupt) const {
    const std::vector<double> row_potentials_of_sample = row_potentials(interrupt);
    if (row_potentials_of_sample.empty()) return {};
    std::vector<double> v(static_cast<std::size_t>(cost_.n_columns()), std::numeric_limits<double>::infinity());
    for (std::size_t k = 0; k < rows_.size(); ++k) {
        if (interrupt.requested_after(cost_.n_columns())) return {};
        const Real* const row = cost_.stored().row(rows_[k]);
        const double u = row_potentials_of_sample[k];
        for (std::size_t j = 0; j < v.size(); ++j) v[j] = std::min(v[j], static_cast<double>(row[j]) - u);
    }
    return v;
}

template class Sample<float>;
template class Sample<double>;

}  // namespace mot
