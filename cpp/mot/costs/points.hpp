/// Points, and the costs between them that are computed from their coordinates.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "mot/types/views.hpp"

namespace mot {

/// `product` is a number less the inner product: the cosine distance of points of norm one, for instance.
enum class Metric { squared_euclidean, euclidean, cityblock, product };

/// Sources and targets, the rows of two matrices with as many columns as there are dimensions, and what it costs to
/// move a unit of mass from one of the sources to one of the targets.
struct PointPair {
    MatrixView<double> source;  ///< finite numbers of which no cost overflows
    MatrixView<double> target;
    Metric metric;
    double base = 0.0;  ///< the cost of points whose product is zero

    std::int64_t n_dimensions() const { return source.n_columns; }

    /// The sum runs over the dimensions in their order: kernels compute the same bits.
    double cost(std::int64_t i, std::int64_t j) const {
        const double* const x = source.row(i);
        const double* const y = target.row(j);
        double sum = 0.0;
        switch (metric) {
            case Metric::squared_euclidean:
            case Metric::euclidean:
                for (std::int64_t k = 0; k < n_dimensions(); ++k) sum += (x[k] - y[k]) * (x[k] - y[k]);
                return metric == Metric::euclidean ? std::sqrt(sum) : sum;
            case Metric::cityblock:
                for (std::int64_t k = 0; k < n_dimensions(); ++k) sum += std::abs(x[k] - y[k]);
                return sum;
            case Metric::product:
                break;
        }
        for (std::int64_t k = 0; k < n_dimensions(); ++k) sum += x[k] * y[k];
        return base - sum;
    }
};

}  // namespace mot
