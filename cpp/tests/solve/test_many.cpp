/// Many transports are those of their problems one by one, to the bit, on every number of threads; the first that fails
/// is the same, too. Those of neighbouring masses start from potentials, and are no less optimal.
#include "mot/solve/many.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

using mot::GivenTransport;
using mot::Solution;
using mot::Status;

constexpr int all_threads[] = {1, 2, 3, 8};

/// Says stop once `n_enough` runs of problems are done.
class StopAfter : public mot::Progress {
public:
    explicit StopAfter(std::int64_t n_enough = std::numeric_limits<std::int64_t>::max()) : n_enough_(n_enough) {}
    bool report(std::int64_t n_done) noexcept override { return n_done < n_enough_; }

private:
    std::int64_t n_enough_;
};

/// Problems of many sizes, with masses or without, in double precision or single.
struct Problems {
    std::vector<Matrix> costs;
    std::vector<std::vector<float>> single_costs;
    std::vector<WholeMasses> masses;
    std::vector<std::vector<double>> a, b;
    std::vector<GivenTransport> given;

    Problems(Random& random, std::size_t n_problems, std::size_t largest) {
        for (std::size_t p = 0; p < n_problems; ++p) {
            const std::size_t n = draw_size(random, 1, largest);
            const std::size_t m = p % 2 == 0 ? n : draw_size(random, 1, largest);
            costs.push_back(whole_costs(random, n, m, 50));
            single_costs.emplace_back(costs[p].values.begin(), costs[p].values.end());
            masses.push_back(p % 3 == 0 ? uniform_masses(n, m) : random_masses(random, n, m, 0, 3));
            a.push_back(to_real(masses[p].a));
            b.push_back(to_real(masses[p].b));
        }
        for (std::size_t p = 0; p < n_problems; ++p) {
            GivenTransport problem{view_of_cost(costs[p])};
            if (p % 5 == 0)
                problem.cost = mot::MatrixView<float>{single_costs[p].data(), static_cast<std::int64_t>(a[p].size()),
                                                      static_cast<std::int64_t>(b[p].size())};
            if (p % 3 != 0) {
                problem.a = a[p].data();
                problem.b = b[p].data();
            }
            given.push_back(problem);
        }
    }
};

bool has_same_bits(const Solution& x, const Solution& y) {
    return x.status == y.status && x.plan.source == y.plan.source && x.plan.target == y.plan.target &&
           x.plan.mass == y.plan.mass && x.potentials.u == y.potentials.u && x.potentials.v == y.potentials.v &&
           x.cost == y.cost;
}

std::vector<Solution> solve(const std::vector<GivenTransport>& given, int n_threads) {
    StopAfter never;
    return mot::solve_many(given, mot::Workers(n_threads), never);
}

/// Each is optimal, of the least cost by an oracle, and what `solve_dense` finds.
void test_solutions(const Problems& problems) {
    const std::vector<Solution> solutions = solve(problems.given, 1);
    CHECK(solutions.size() == problems.costs.size());
    for (std::size_t p = 0; p < solutions.size(); ++p) {
        case_name = "problem " + std::to_string(p);
        const Matrix& cost = problems.costs[p];
        std::vector<double> a = problems.a[p];
        std::vector<double> b = problems.b[p];
        double total = std::accumulate(a.begin(), a.end(), 0.0);
        const double least = transport_by_shortest_paths(cost, problems.masses[p].a, problems.masses[p].b) / total;
        if (!problems.given[p].a) {
            a.assign(a.size(), 1.0 / static_cast<double>(a.size()));
            b.assign(b.size(), 1.0 / static_cast<double>(b.size()));
            total = 1.0;
        }
        check_optimal(cost, a, b, solutions[p], 1e-9);
        CHECK_NEAR(solutions[p].cost, least * total, 1e-9 * total);
        const auto n = static_cast<std::int64_t>(a.size());
        const auto m = static_cast<std::int64_t>(b.size());
        NeverInterrupt interrupt;
        if (p % 5 != 0)
            CHECK(has_same_bits(
                solutions[p],
                mot::solve_dense(as_given(cost), mot::Masses::from_marginals(a.data(), n, b.data(), m), interrupt)));
    }
}

void test_threads(const Problems& problems) {
    const std::vector<Solution> expected = solve(problems.given, 1);
    for (const int n_threads : all_threads) {
        case_name = std::to_string(n_threads) + " threads";
        const std::vector<Solution> found = solve(problems.given, n_threads);
        for (std::size_t p = 0; p < found.size(); ++p) CHECK(has_same_bits(found[p], expected[p]));
    }
}

/// Everything before the first problem with costs that are not finite is solved; it has no certificate.
void test_costs_that_are_not_finite(Problems& problems) {
    const std::vector<Solution> expected = solve(problems.given, 1);
    const std::size_t first = problems.costs.size() / 2 + 1;
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    for (const double bad : {nan, infinity, -infinity, 2 * mot::greatest_cost}) {
        std::vector<Matrix> costs = problems.costs;
        std::vector<GivenTransport> given = problems.given;
        for (const std::size_t p : {first, first + 7, costs.size() - 1}) {
            costs[p].values.back() = bad;
            given[p].cost = view_of_cost(costs[p]);
        }
        for (const int n_threads : all_threads) {
            case_name = std::to_string(bad) + " in the costs, " + std::to_string(n_threads) + " threads";
            const std::vector<Solution> found = solve(given, n_threads);
            for (std::size_t p = 0; p < first; ++p) CHECK(has_same_bits(found[p], expected[p]));
            CHECK(found[first].status == Status::not_proven && found[first].plan.mass.empty());
            CHECK(found[first].certificate.tolerance != found[first].certificate.tolerance);
        }
    }
}

/// Sums that cannot be levelled throw.
void test_exceptions(const Problems& problems) {
    std::vector<GivenTransport> given = problems.given;
    const std::vector<double> tiny(problems.b[4].size(), 1e-200);
    given[4].b = tiny.data();
    for (const int n_threads : all_threads) {
        case_name = "exception among " + std::to_string(n_threads);
        bool is_caught = false;
        try {
            solve(given, n_threads);
        } catch (const std::domain_error&) {
            is_caught = true;
        }
        CHECK(is_caught);
    }
}

void test_stop(const Problems& problems) {
    const std::vector<Solution> expected = solve(problems.given, 1);
    for (const int n_threads : all_threads) {
        case_name = "stopped at once, " + std::to_string(n_threads) + " threads";
        StopAfter at_once(0);
        const std::vector<Solution> found = mot::solve_many(problems.given, mot::Workers(n_threads), at_once);
        CHECK(found.size() == expected.size());
        for (std::size_t p = 0; p < found.size(); ++p)
            CHECK(found[p].status == Status::interrupted ? found[p].plan.mass.empty()
                                                         : has_same_bits(found[p], expected[p]));
        CHECK(n_threads > 1 || found.front().status == Status::interrupted);
    }
}

/// Problems of one cost matrix: masses that drift, with a leap now and then, to others or to many units without mass.
struct Drift {
    Matrix cost;
    std::vector<float> single_cost;
    std::vector<WholeMasses> masses;
    std::vector<std::vector<double>> a, b;
    std::vector<GivenTransport> given;

    Drift(Random& random, std::size_t n, std::size_t m, bool is_single) : cost(whole_costs(random, n, m, 50)) {
        constexpr std::size_t n_problems = 40;
        constexpr std::size_t n_between_leaps = 15;
        single_cost.assign(cost.values.begin(), cost.values.end());
        for (std::size_t p = 0; p < n_problems; ++p) {
            if (p % n_between_leaps == 0)
                masses.push_back(random_masses(random, n, m, p == n_between_leaps ? 0 : 100, p == 0 ? 900 : 101));
            else
                masses.push_back(moved(random, masses.back()));
            a.push_back(to_real(masses[p].a));
            b.push_back(to_real(masses[p].b));
        }
        for (std::size_t p = 0; p < n_problems; ++p) {
            given.push_back({view_of_cost(cost), a[p].data(), b[p].data()});
            if (is_single)
                given[p].cost = mot::MatrixView<float>{single_cost.data(), static_cast<std::int64_t>(n),
                                                       static_cast<std::int64_t>(m)};
        }
    }

    /// A hundredth of the mass of either side lies elsewhere.
    static WholeMasses moved(Random& random, WholeMasses masses) {
        for (std::vector<long>* side : {&masses.a, &masses.b}) {
            const long total = std::accumulate(side->begin(), side->end(), 0L);
            for (long left = total / 100; left > 0;) {
                long& from = (*side)[draw_size(random, 0, side->size() - 1)];
                const long share = std::min({from, left, 1 + total / 500});
                from -= share;
                (*side)[draw_size(random, 0, side->size() - 1)] += share;
                left -= share;
            }
        }
        return masses;
    }
};

Solution solve_alone(const GivenTransport& problem, double scale, const mot::Potentials* start) {
    return std::visit(
        [&](const auto& view) {
            using Real = std::decay_t<decltype(*view.data)>;
            const mot::Masses masses = mot::Masses::from_marginals(problem.a, view.n_rows, problem.b, view.n_columns);
            NeverInterrupt never;
            return mot::solve_dense(mot::GivenCost<Real>(view, scale), masses, never, mot::Method::automatic, start);
        },
        problem.cost);
}

/// All are least; the first, and those after a leap, start from nothing; the next ones from their potentials.
void test_neighbours(const Drift& drift) {
    const std::vector<Solution> solutions = solve(drift.given, 1);
    const double scale = drift.cost.scale();
    for (std::size_t p = 0; p < solutions.size(); ++p) {
        const double least = transport_by_shortest_paths(drift.cost, drift.masses[p].a, drift.masses[p].b);
        const double total = std::accumulate(drift.a[p].begin(), drift.a[p].end(), 0.0);
        check_optimal(drift.cost, drift.a[p], drift.b[p], solutions[p], 1e-12 * scale);
        CHECK_NEAR(solutions[p].cost, least, 1e-12 * scale * total);
    }
    for (const std::size_t leap : {0, 15, 30}) {
        const Solution cold = solve_alone(drift.given[leap + 1], scale, nullptr);
        const Solution warm = solve_alone(drift.given[leap + 1], scale, &solutions[leap].potentials);
        CHECK(!has_same_bits(cold, warm));
        CHECK(has_same_bits(solutions[leap + 1], warm));
        CHECK(has_same_bits(solutions[leap], solve_alone(drift.given[leap], scale, nullptr)));
    }
}

void test_threads_of_neighbours(const std::vector<GivenTransport>& given) {
    const std::vector<Solution> expected = solve(given, 1);
    for (const int n_threads : all_threads) {
        const std::vector<Solution> found = solve(given, n_threads);
        for (std::size_t p = 0; p < found.size(); ++p) CHECK(has_same_bits(found[p], expected[p]));
    }
}

/// Whatever fails first is thrown, and all before it is solved: problems that wait for a neighbour, too.
void test_failures_among_neighbours(const Drift& drift) {
    const std::vector<Solution> expected = solve(drift.given, 1);
    std::vector<GivenTransport> given = drift.given;
    constexpr std::size_t first = 20;
    const Matrix bad(drift.cost.n_rows, drift.cost.n_columns, infinity);
    given[first].cost = given[first + 1].cost = view_of_cost(bad);
    for (const int n_threads : all_threads) {
        const std::vector<Solution> found = solve(given, n_threads);
        for (std::size_t p = 0; p < first; ++p) CHECK(has_same_bits(found[p], expected[p]));
        CHECK(found[first].status == Status::not_proven);
    }
    for (const int n_enough : {0, 1, 5}) {
        StopAfter stop(n_enough);
        const std::vector<Solution> found = mot::solve_many(drift.given, mot::Workers(2), stop);
        for (std::size_t p = 0; p < found.size(); ++p)
            CHECK(found[p].status == Status::interrupted ? found[p].plan.mass.empty()
                                                         : has_same_bits(found[p], expected[p]));
    }
}

void test_drifts(Random& random) {
    std::vector<GivenTransport> of_all;
    std::vector<Drift> drifts;
    drifts.reserve(4);
    for (const auto& [n, m] : {std::pair<std::size_t, std::size_t>{40, 40}, {60, 45}, {30, 200}, {200, 30}}) {
        case_name = "masses that drift, " + std::to_string(n) + " x " + std::to_string(m);
        const Drift& drift = drifts.emplace_back(random, n, m, n > m);
        test_neighbours(drift);
        test_threads_of_neighbours(drift.given);
        test_failures_among_neighbours(drift);
        of_all.insert(of_all.end(), drift.given.begin(), drift.given.end());
    }
    case_name = "masses that drift, mixed";
    std::shuffle(of_all.begin(), of_all.end(), random);
    test_threads_of_neighbours(of_all);
}

}  // namespace

int main() {
    CHECK(solve({}, 2).empty());
    Random random(21);
    Problems small(random, 200, 9);
    test_solutions(small);
    test_threads(small);
    test_costs_that_are_not_finite(small);
    test_exceptions(small);
    test_stop(small);
    const Problems wide(random, 12, 150);
    test_threads(wide);
    test_stop(wide);
    test_drifts(random);
}
