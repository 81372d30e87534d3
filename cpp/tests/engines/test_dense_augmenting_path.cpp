/// Dense shortest augmenting paths go on from an interrupt to the optimum, and do the same in both precisions.
#include "mot/engines/dense_augmenting_path.hpp"

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

}  // namespace

int main() {
    Random random(12);
    case_name = "bids taken up again";
    test_bids_are_taken_up_again(random);
    case_name = "both precisions";
    test_both_precisions_agree(random);
}
