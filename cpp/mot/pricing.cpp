#include "mot/pricing.hpp"

#include <algorithm>

#include "mot/kernels/kernels.hpp"

namespace mot {
namespace {

std::int64_t find_violated(const float* x, const double* v, std::int64_t n, double threshold, Node* hits) {
    return kernels().find_violated_float(x, v, n, threshold, hits);
}
std::int64_t find_violated(const double* x, const double* v, std::int64_t n, double threshold, Node* hits) {
    return kernels().find_violated_double(x, v, n, threshold, hits);
}

}  // namespace

template <class Real>
std::vector<Arc> find_violated_arcs(const MatrixView<Real>& cost, const Potentials& potentials, double threshold,
                                    std::int64_t most_per_source) {
    std::vector<Arc> arcs;
    std::vector<Node> hits(static_cast<std::size_t>(cost.n_columns));
    const auto& v = potentials.v;
    for (std::int64_t i = 0; i < cost.n_rows; ++i) {
        const Real* row = cost.row(i);
        const double below = potentials.u[static_cast<std::size_t>(i)] + threshold;
        std::int64_t n_hits = find_violated(row, v.data(), cost.n_columns, below, hits.data());
        if (n_hits > most_per_source) {
            const auto is_lower = [&](Node j, Node k) {
                return static_cast<double>(row[j]) - v[static_cast<std::size_t>(j)] <
                       static_cast<double>(row[k]) - v[static_cast<std::size_t>(k)];
            };
            std::nth_element(hits.begin(), hits.begin() + most_per_source, hits.begin() + n_hits, is_lower);
            n_hits = most_per_source;
        }
        for (std::int64_t h = 0; h < n_hits; ++h) {
            const Node j = hits[static_cast<std::size_t>(h)];
            arcs.push_back({static_cast<Node>(i), j, static_cast<double>(row[j])});
        }
    }
    return arcs;
}

template std::vector<Arc> find_violated_arcs(const MatrixView<float>&, const Potentials&, double, std::int64_t);
template std::vector<Arc> find_violated_arcs(const MatrixView<double>&, const Potentials&, double, std::int64_t);

}  // namespace mot
