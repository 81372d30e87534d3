/// A tree of boxes finds the points that a search of all of them finds, whatever the metric and the potentials.
#include "mot/points/point_tree.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

constexpr mot::Metric all_metrics[] = {mot::Metric::squared_euclidean, mot::Metric::euclidean, mot::Metric::cityblock,
                                       mot::Metric::product};

enum class Family { random, plane, steep, zero };

std::vector<double> potentials_of(Random& random, const mot::PointTree& tree, Family family) {
    std::vector<double> potentials;
    for (mot::Node place = 0; place < tree.size(); ++place) {
        double potential = 0.0;
        for (std::int64_t k = 0; k < tree.points().n_columns && family != Family::zero; ++k)
            potential += (family == Family::steep ? 7.0 : 0.8) * tree.point(place)[k];
        if (family == Family::random) potential = 0;
        if (family != Family::zero) potential += draw_real(random, -0.1, 0.1);
        potentials.push_back(potential);
    }
    return potentials;
}

void test_searches(Random& random, mot::Metric metric, std::size_t n, std::size_t n_dimensions, Family family) {
    case_name = "metric " + std::to_string(static_cast<int>(metric)) + ", points " + std::to_string(n) +
                ", dimensions " + std::to_string(n_dimensions) + ", family " + std::to_string(static_cast<int>(family));
    Matrix points(n, n_dimensions), queries(20, n_dimensions);
    for (double& x : points.values) x = n % 2 == 0 ? draw_real(random, -1, 1) : draw(random, -2, 2);
    for (double& x : queries.values) x = draw_real(random, -1.5, 1.5);
    mot::PointTree tree(view_of_cost(points), metric, 1.0);
    CHECK(tree.size() == static_cast<std::int64_t>(n));
    std::vector<bool> is_there(n, false);
    for (mot::Node place = 0; place < tree.size(); ++place) {
        const auto row = static_cast<std::size_t>(tree.row_of(place));
        CHECK(!is_there[row]);
        is_there[row] = true;
        CHECK(std::equal(tree.point(place), tree.point(place) + n_dimensions,
                         view_of_cost(points).row(tree.row_of(place))));
    }
    const std::vector<double> potentials = potentials_of(random, tree, family);
    tree.set_potentials(potentials);
    const mot::PointPair pair{view_of_cost(queries), view_of_cost(points), metric, 1.0};
    for (std::size_t q = 0; q < queries.n_rows; ++q) {
        const double* const x = pair.source.row(static_cast<std::int64_t>(q));
        std::vector<double> values;
        for (mot::Node place = 0; place < tree.size(); ++place) {
            CHECK(tree.cost(x, place) == pair.cost(static_cast<std::int64_t>(q), tree.row_of(place)));
            values.push_back(tree.cost(x, place) - potentials[mot::index(place)]);
        }
        const double least = *std::min_element(values.begin(), values.end());
        CHECK(tree.least_value(x) == least);
        for (const double limit : {least, least + 0.1, std::numeric_limits<double>::infinity()}) {
            std::vector<bool> is_found(n, false);
            tree.for_each_below(x, limit, [&](mot::Node place, double cost) {
                CHECK(!is_found[mot::index(place)]);
                is_found[mot::index(place)] = true;
                CHECK(cost == tree.cost(x, place));
            });
            for (std::size_t place = 0; place < n; ++place) CHECK(is_found[place] == (values[place] < limit));
        }
    }
}

}  // namespace

int main() {
    Random random(11);
    for (const mot::Metric metric : all_metrics)
        for (const std::size_t n : {1, 2, 13, 150, 501})
            for (const std::size_t n_dimensions : {1, 2, 3, 8})
                for (const Family family : {Family::random, Family::plane, Family::steep, Family::zero})
                    test_searches(random, metric, n, n_dimensions, family);
}
