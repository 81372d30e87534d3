/// Dense shortest augmenting paths go on from an interrupt to the optimum, and do the same in both precisions.
#include "mot/engines/dense_augmenting_path.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "mot/certificates/certificate.hpp"
#include "mot/costs/given_cost.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

mot::Certificate certificate_of(const Matrix& cost, const mot::DenseAugmentingPath<double>& dense) {
    NeverInterrupt never;
    return mot::certify_matching(view_of_cost(cost), dense.column_of(), dense.potentials(), never);
}

/// Told to stop among the bids, the search goes on from there when it is called again.
void test_bids_are_taken_up_again(Random& random) {
    const Matrix cost = rank_products(random, 200);
    NeverInterrupt never;
    mot::DenseAugmentingPath<double> undisturbed(view_of_cost(cost));
    CHECK(undisturbed.optimize(never) == mot::Status::optimal);
    const double expected = certificate_of(cost, undisturbed).primal;
    for (const int n : {1, 2, 3, 4}) {  // there are 1,200 bids, a check after every 256
        mot::DenseAugmentingPath<double> dense(view_of_cost(cost));
        StopAt stop(n);
        CHECK(dense.optimize(stop) == mot::Status::interrupted && stop.n_checks == n);
        CHECK(dense.optimize(never) == mot::Status::optimal);
        const mot::Certificate certificate = certificate_of(cost, dense);
        CHECK(certificate.is_optimal());
        CHECK(certificate.primal == expected);
    }
}

/// Whole numbers are the same in single precision, and so is what is done with them.
void test_both_precisions_agree(Random& random) {
    const Matrix cost = whole_costs(random, 90, 130, 1000);
    const std::vector<float> single(cost.values.begin(), cost.values.end());
    NeverInterrupt interrupt;
    mot::DenseAugmentingPath<double> dense(view_of_cost(cost));
    mot::DenseAugmentingPath<float> dense_single({single.data(), 90, 130});
    dense.match_cheapest(dense.cheapest_of_rows(mot::GivenCost<double>(view_of_cost(cost), 0.0), interrupt), interrupt);
    dense_single.match_cheapest(
        dense_single.cheapest_of_rows(mot::GivenCost<float>({single.data(), 90, 130}, 0.0), interrupt), interrupt);
    CHECK(dense.optimize(interrupt) == mot::Status::optimal &&
          dense_single.optimize(interrupt) == mot::Status::optimal);
    CHECK(dense.column_of() == dense_single.column_of());
    CHECK(dense.potentials().v == dense_single.potentials().v);
}

/// Centred potentials prove the same matching, and leave fewer other pairs at zero.
template <class Real>
void test_centred_potentials(Random& random, std::size_t n, double unit) {
    const Matrix cost = whole_costs(random, n, n, 1000);
    const std::vector<Real> values(cost.values.begin(), cost.values.end());
    const auto size = static_cast<std::int64_t>(n);
    NeverInterrupt interrupt;
    mot::DenseAugmentingPath<Real> dense({values.data(), size, size});
    CHECK(dense.optimize(interrupt) == mot::Status::optimal);
    const std::vector<mot::Node> matched = dense.column_of();
    const auto count_zeros = [&](const mot::Potentials& potentials) {
        std::size_t n_zeros = 0;
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) {
                const double reduced = mot::cost_of(values[i * n + j]) - potentials.u[i] - potentials.v[j];
                CHECK(reduced >= -1e-12);
                if (to_index(matched[i]) == j) CHECK_NEAR(reduced, 0.0, 1e-12);
                n_zeros += reduced < 0.4 * unit;
            }
        return n_zeros;
    };
    const std::size_t n_zeros = count_zeros(dense.potentials());
    dense.centre_potentials(interrupt);
    CHECK(dense.column_of() == matched);
    const std::size_t n_left = count_zeros(dense.potentials());
    CHECK(n == 1 ? n_left == 1 : n_left <= n_zeros);
    if (n > 20) CHECK(n_left - n < (n_zeros - n) / 2);
}

/// After an interrupt the potentials are optimal as they were, or as they became.
void test_interrupt_of_centring(Random& random) {
    const Matrix cost = whole_costs(random, 300, 300, 1000);
    NeverInterrupt never;
    for (const int n : {1, 2, 3}) {
        mot::DenseAugmentingPath<double> dense(view_of_cost(cost));
        CHECK(dense.optimize(never) == mot::Status::optimal);
        StopAt stop(n);
        dense.centre_potentials(stop);
        CHECK(stop.n_checks == n);
        CHECK(certificate_of(cost, dense).is_optimal());
    }
}

/// As stored costs; infinite ones are as dear as can be.
template <class Real>
std::vector<Real> stored(const Matrix& cost) {
    std::vector<Real> values;
    for (const double value : cost.values) values.push_back(static_cast<Real>(std::min(value, 32767.0)));
    if constexpr (!std::is_integral_v<Real>) values.assign(cost.values.begin(), cost.values.end());
    return values;
}

/// Reduced by any potentials of the columns, whatever is matched first: the optimum and its proof are found.
template <class Real>
void test_reduced_start(Random& random, const Matrix& cost) {
    using Dense = mot::DenseAugmentingPath<Real>;
    const std::vector<Real> values = stored<Real>(cost);
    const std::size_t n = cost.n_rows;
    const auto size = static_cast<std::int64_t>(n);
    const std::vector<long> ones(n, 1);
    const double expected = transport_by_shortest_paths(cost, ones, ones);
    NeverInterrupt interrupt;
    Dense dense({values.data(), size, size});
    const auto least = dense.least_of_columns(interrupt);
    for (std::size_t j = 0; j < n; ++j) {
        auto least_here = mot::no_path<typename Dense::Length>;
        for (std::size_t i = 0; i < n; ++i)
            least_here = std::min(least_here, static_cast<typename Dense::Length>(values[i * n + j]));
        CHECK(least[j] == least_here);
    }
    std::vector<std::vector<typename Dense::Length>> starts{least};
    for (const int size_of_start : {0, 10, 30000}) {
        starts.emplace_back(n);
        for (auto& value : starts.back())
            value = static_cast<typename Dense::Length>(draw(random, -size_of_start, size_of_start));
    }
    for (const auto& start : starts) {  // one after the other: earlier matches are undone
        if (std::count(start.begin(), start.end(), mot::no_path<typename Dense::Length>) > 0) continue;
        dense.match_reduced(start, interrupt);
        CHECK(dense.n_free() >= 0 && dense.n_free() <= size);
        const mot::Status status = dense.optimize(interrupt);
        CHECK(status == (expected < infinity ? mot::Status::optimal : mot::Status::infeasible));
        if (status != mot::Status::optimal) continue;
        const auto& [u, v] = dense.potentials();
        std::vector<bool> is_taken(n, false);
        double found = 0;
        for (std::size_t i = 0; i < n; ++i) {
            const std::size_t matched = to_index(dense.column_of()[i]);
            CHECK(matched < n && !is_taken[matched]);
            is_taken[matched] = true;
            found += cost(i, matched);
            for (std::size_t j = 0; j < n; ++j) CHECK(mot::cost_of(values[i * n + j]) - u[i] - v[j] >= -1e-9);
            CHECK_NEAR(mot::cost_of(values[i * n + matched]) - u[i] - v[matched], 0.0, 1e-9);
        }
        CHECK(found == expected);
    }
}

void test_reduced_starts(Random& random) {
    for (const std::size_t n : {1u, 2u, 3u, 8u, 33u, 70u}) {
        case_name = "reduced start, " + std::to_string(n) + " units";
        std::vector<Matrix> costs{whole_costs(random, n, n, 1000), whole_costs(random, n, n, 1), Matrix(n, n, 5.0),
                                  rank_products(random, n)};
        for (const Matrix& cost : costs) test_reduced_start<mot::FixedCost>(random, cost);
        for (const int percent : {30, 70, 95}) costs.push_back(some_of(random, whole_costs(random, n, n, 20), percent));
        for (const Matrix& cost : costs) {
            test_reduced_start<float>(random, cost);
            test_reduced_start<double>(random, cost);
        }
    }
}

/// Many ties, of which too few are free: they are searched depth first, before and after an interrupt.
void test_ties(Random& random) {
    for (const int largest : {4, 30, 60}) {
        case_name = "ties, costs up to " + std::to_string(largest);
        const Matrix cost = whole_costs(random, 150, 150, largest);
        test_reduced_start<double>(random, cost);
        test_reduced_start<mot::FixedCost>(random, cost);
        NeverInterrupt never;
        for (int n = 1; n < 40; n += 2) {
            mot::DenseAugmentingPath<double> dense(view_of_cost(cost));
            dense.match_reduced(dense.least_of_columns(never), never);
            StopAt stop(n);
            dense.optimize(stop);
            CHECK(dense.optimize(never) == mot::Status::optimal);
            CHECK(certificate_of(cost, dense).is_optimal());
        }
    }
}

/// After a stop while rows are matched with reduced columns, the search goes on to the optimum.
void test_interrupt_of_reduced_start(Random& random) {
    case_name = "interrupt of a reduced start";
    const Matrix cost = rank_products(random, 60);
    NeverInterrupt never;
    for (int n = 1; n < 70; n += 7) {
        mot::DenseAugmentingPath<double> dense(view_of_cost(cost));
        StopAt stop(n);
        dense.match_reduced(dense.least_of_columns(never), stop);
        CHECK(dense.optimize(never) == mot::Status::optimal);
        CHECK(certificate_of(cost, dense).is_optimal());
    }
}

}  // namespace

int main() {
    Random random(12);
    case_name = "bids taken up again";
    test_bids_are_taken_up_again(random);
    case_name = "both precisions";
    test_both_precisions_agree(random);
    for (const std::size_t n : {1u, 2u, 7u, 100u}) {
        case_name = "centred, " + std::to_string(n) + " units";
        test_centred_potentials<double>(random, n, 1.0);
        test_centred_potentials<float>(random, n, 1.0);
        test_centred_potentials<mot::FixedCost>(random, n, mot::fixed_cost_unit);
    }
    case_name = "interrupt of centring";
    test_interrupt_of_centring(random);
    test_reduced_starts(random);
    test_ties(random);
    test_interrupt_of_reduced_start(random);
}
