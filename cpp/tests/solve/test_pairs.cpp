/// A batch gives the same bits on every number of threads, tells how far it is, and stops when told.
#include "mot/solve/pairs.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <numeric>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "oracles/layers.hpp"
#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

using mot::LayerPair;
using mot::Solution;
using mot::Status;

constexpr std::int64_t all_stored = std::numeric_limits<std::int64_t>::max();

/// Keeps what it is told; says stop once `n_enough` pairs are done.
class RecordedProgress : public mot::Progress {
public:
    explicit RecordedProgress(std::int64_t n_enough = std::numeric_limits<std::int64_t>::max()) : n_enough_(n_enough) {}
    bool report(std::int64_t n_done) noexcept override {
        CHECK(std::this_thread::get_id() == caller_);
        reports.push_back(n_done);
        return n_done < n_enough_;
    }
    std::vector<std::int64_t> reports;

private:
    std::int64_t n_enough_;
    std::thread::id caller_ = std::this_thread::get_id();
};

struct Layers {
    std::vector<Activations> activations;
    std::vector<mot::StandardizedLayer> standardized;
    std::vector<LayerPair> pairs;
    std::vector<std::pair<std::size_t, std::size_t>> of_pair;
    std::vector<std::vector<double>> a, b;  // the masses of each pair
};

std::vector<double> equal_masses(std::size_t n_units, double sum) {
    return std::vector<double>(n_units, sum / static_cast<double>(n_units));
}

/// Every layer with every layer, itself included.
Layers all_pairs(Random& random, std::size_t n_stimuli, const std::vector<std::size_t>& n_units) {
    Layers layers;
    for (const std::size_t n : n_units) layers.activations.push_back(random_activations(random, n_stimuli, n));
    for (const Activations& x : layers.activations) layers.standardized.push_back(standardize(x));
    for (std::size_t l = 0; l < n_units.size(); ++l)
        for (std::size_t m = 0; m < n_units.size(); ++m) {
            layers.pairs.push_back({&layers.standardized[l], &layers.standardized[m]});
            layers.of_pair.push_back({l, m});
            layers.a.push_back(equal_masses(n_units[l], 1.0));
            layers.b.push_back(equal_masses(n_units[m], 1.0));
        }
    return layers;
}

/// Some pairs get masses, `lowest` and more, on both sides, some on either, some on none.
void give_masses(Random& random, int lowest, Layers& layers) {
    for (std::size_t p = 0; p < layers.pairs.size(); ++p) {
        std::vector<double>& a = layers.a[p];
        std::vector<double>& b = layers.b[p];
        const std::size_t kind = (layers.of_pair[p].first + layers.of_pair[p].second) % 4;
        const bool has_source = kind == 0 || kind == 1;
        const bool has_target = kind == 0 || kind == 2;
        if (!has_source && !has_target) continue;
        const WholeMasses masses = random_masses(random, a.size(), b.size(), lowest, 3);
        const auto sum = static_cast<double>(std::accumulate(masses.a.begin(), masses.a.end(), 0L));
        a = has_source ? to_real(masses.a) : equal_masses(a.size(), sum);
        b = has_target ? to_real(masses.b) : equal_masses(b.size(), sum);
        if (has_source) layers.pairs[p].source_masses = a.data();
        if (has_target) layers.pairs[p].target_masses = b.data();
    }
}

bool has_same_bits(const Solution& x, const Solution& y) {
    return x.status == y.status && x.plan.source == y.plan.source && x.plan.target == y.plan.target &&
           x.plan.mass == y.plan.mass && x.potentials.u == y.potentials.u && x.potentials.v == y.potentials.v &&
           x.cost == y.cost;
}

/// Each solution is optimal for the costs by definition, and costs what they say it must.
void test_solutions(const Layers& layers, const std::vector<Solution>& solutions) {
    for (std::size_t p = 0; p < layers.pairs.size(); ++p) {
        const Activations& x = layers.activations[layers.of_pair[p].first];
        const Activations& y = layers.activations[layers.of_pair[p].second];
        const std::vector<double>& a = layers.a[p];
        const std::vector<double>& b = layers.b[p];
        const bool has_masses = layers.pairs[p].source_masses || layers.pairs[p].target_masses;
        case_name = "layers of " + std::to_string(x.n_columns) + " and " + std::to_string(y.n_columns) +
                    (has_masses ? ", with masses" : "");
        const Matrix cost = naive_correlation_cost(x, y);
        check_optimal(cost, a, b, solutions[p], correlation_tolerance);
        const auto n = static_cast<std::int64_t>(a.size());
        const auto m = static_cast<std::int64_t>(b.size());
        const Solution expected = solve_matrix(
            cost, has_masses ? mot::Masses::from_marginals(a.data(), n, b.data(), m) : mot::Masses::uniform(n, m));
        CHECK_NEAR(solutions[p].cost, expected.cost, 1e-9 * std::accumulate(a.begin(), a.end(), 0.0));
    }
}

void test_threads(const Layers& layers, std::int64_t most_stored, const std::vector<Solution>& expected) {
    for (const int n_threads : {1, 2, 3, 8}) {
        case_name = std::to_string(n_threads) + " threads, " + std::to_string(most_stored) + " stored";
        RecordedProgress progress;
        const std::vector<Solution> found =
            mot::solve_pairs(layers.pairs, naive_sgemm, {n_threads, most_stored, most_stored}, progress);
        CHECK(found.size() == expected.size());
        for (std::size_t p = 0; p < found.size(); ++p) CHECK(has_same_bits(found[p], expected[p]));
        // Beside other threads the caller's may come too late to tell anything.
        CHECK(n_threads > 1 || !progress.reports.empty());
        CHECK(std::is_sorted(progress.reports.begin(), progress.reports.end()));
        for (const std::int64_t n_done : progress.reports)
            CHECK(n_done >= 0 && n_done <= static_cast<std::int64_t>(layers.pairs.size()));
    }
}

void slow_sgemm(char* transpose_a, char* transpose_b, int* m, int* n, int* k, float* alpha, float* a, int* lda,
                float* b, int* ldb, float* beta, float* c, int* ldc) {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    naive_sgemm(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void test_stop_at_once(const Layers& layers) {
    for (const int n_threads : {1, 3}) {
        case_name = "stopped at once, " + std::to_string(n_threads) + " threads";
        RecordedProgress progress(0);
        const std::vector<Solution> solutions =
            mot::solve_pairs(layers.pairs, slow_sgemm, {n_threads, all_stored, all_stored}, progress);
        CHECK(solutions.size() == layers.pairs.size());
        std::size_t n_interrupted = 0;
        for (const Solution& solution : solutions) {
            n_interrupted += solution.status == Status::interrupted;
            CHECK(solution.status == Status::interrupted ? solution.plan.mass.empty()
                                                         : solution.certificate.is_optimal());
        }
        // Threads beside the caller's may be done with a pair before the caller hears of the stop.
        CHECK(n_threads == 1 ? n_interrupted == solutions.size() : n_interrupted > 0);
    }
}

/// All pairs take far longer than the time between two reports: some are solved before the stop, some are not.
void test_stop_midway(const Layers& layers, const std::vector<Solution>& expected) {
    case_name = "stopped midway";
    RecordedProgress progress(1);
    const std::vector<Solution> solutions =
        mot::solve_pairs(layers.pairs, slow_sgemm, {1, all_stored, all_stored}, progress);
    CHECK(progress.reports.size() >= 2 && progress.reports.front() == 0 && progress.reports.back() >= 1);
    std::size_t n_optimal = 0;
    for (std::size_t p = 0; p < solutions.size(); ++p) {
        if (solutions[p].status == Status::interrupted) continue;
        CHECK(has_same_bits(solutions[p], expected[p]));
        ++n_optimal;
    }
    CHECK(n_optimal >= 1 && n_optimal < solutions.size());
}

}  // namespace

int main() {
    CHECK(mot::available_threads() >= 1);
    Random random(14);
    RecordedProgress progress;
    CHECK(mot::solve_pairs({}, naive_sgemm, {2, all_stored, all_stored}, progress).empty());

    const Layers layers = all_pairs(random, 300, {48, 36, 1, 55});
    Layers weighted = all_pairs(random, 300, {48, 36, 1, 55});
    give_masses(random, 1, weighted);
    Layers partly_empty = all_pairs(random, 300, {48, 36, 1, 55});
    give_masses(random, 0, partly_empty);
    // All costs are stored, those of the smaller pairs are, or none.
    for (const Layers* of_kind : std::initializer_list<const Layers*>{&layers, &weighted, &partly_empty})
        for (const std::int64_t most_stored : {all_stored, std::int64_t{2000}, std::int64_t{0}}) {
            const std::vector<Solution> found =
                mot::solve_pairs(of_kind->pairs, naive_sgemm, {1, most_stored, most_stored}, progress);
            test_solutions(*of_kind, found);
            test_threads(*of_kind, most_stored, found);
        }
    // A wide pair that would be left over is solved by all threads, before the others.
    Layers wide = all_pairs(random, 20, {1030, 3});
    wide.pairs.pop_back();
    test_threads(wide, all_stored, mot::solve_pairs(wide.pairs, naive_sgemm, {1, all_stored, all_stored}, progress));

    const std::vector<Solution> solutions =
        mot::solve_pairs(layers.pairs, naive_sgemm, {1, all_stored, all_stored}, progress);
    test_stop_at_once(layers);
    test_stop_midway(layers, solutions);
}
