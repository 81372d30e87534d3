/// Small transport problems drawn from bytes: the costs and masses that break solvers, within the documented limits;
/// potentials to start from, and when to stop.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "bytes.hpp"
#include "mot/types/interrupt.hpp"
#include "mot/types/plan.hpp"
#include "oracles/transport.hpp"
#include "support/check.hpp"
#include "support/cost_families.hpp"
#include "support/problems.hpp"

struct Shape {
    std::size_t n;
    std::size_t m;
};

/// Up to 24 units, all pairs of which are candidates; now and then more than 32, so that pairs are priced, few on one
/// side alone, or so many that a sample of them is solved first.
inline Shape draw_shape(Bytes& bytes) {
    const bool is_large = bytes.is_one_in(8);
    const std::size_t kind = is_large ? bytes.pick(16) : 0;
    if (kind > 11) {
        const Shape shape{bytes.size_between(1, 24), bytes.size_between(65, 320)};
        return bytes.is_one_in(2) ? shape : Shape{shape.m, shape.n};
    }
    const bool is_sampled = kind == 11;
    const std::size_t low = is_sampled ? 91 : is_large ? 33 : 1;
    const std::size_t high = is_sampled ? 300 : is_large ? 80 : 24;
    const std::size_t n = bytes.size_between(low, high);
    return {n, bytes.is_one_in(2) ? n : bytes.size_between(low, high)};
}

/// Outside of these, products of cost and mass are no normal numbers any more, and no answer is proven.
constexpr double smallest_total = 1e-300;
constexpr double largest_total = 1e300;
constexpr double largest_cost = 1e300;

/// Whole numbers of a few levels, with many ties.
inline void draw_levels(Bytes& bytes, Matrix& cost) {
    const std::size_t n_levels = bytes.is_one_in(2) ? bytes.size_between(1, 4) : 256;
    for (double& value : cost.values) value = static_cast<double>(bytes.pick(n_levels));
}

inline Matrix draw_family(Bytes& bytes, Shape shape) {
    enum Family { levels, wild, scaled, shifted, duplicated, products, decades, forbidding, structured };
    constexpr const char* names[] = {"levels",   "wild",    "scaled",     "shifted",   "duplicated",
                                     "products", "decades", "forbidding", "structured"};
    Matrix cost(shape.n, shape.m);
    const std::size_t family = bytes.pick(std::size(names));
    case_name += std::string(", costs ") + names[family];
    if (family == wild) {
        for (double& value : cost.values) value = bytes.wild(largest_cost);
        return cost;
    }
    if (family == structured) {
        const CostFamily kind = all_cost_families[bytes.pick(std::size(all_cost_families))];
        case_name += std::string(", ") + name_of(kind);
        Random random(bytes.take<std::uint32_t>());
        return draw_costs(random, kind, shape.n, shape.m);
    }
    draw_levels(bytes, cost);
    if (family == scaled) {
        const double factor = std::pow(10.0, static_cast<double>(bytes.take<std::uint16_t>() % 598) - 300.0);
        for (double& value : cost.values) value *= factor;
    } else if (family == shifted) {
        const double shift = bytes.wild(1e16);
        for (double& value : cost.values) value = value * 0.1 + shift;
    } else if (family == duplicated) {
        const Shape distinct{bytes.size_between(1, 4), bytes.size_between(1, 4)};
        const Matrix all = cost;
        for (std::size_t i = 0; i < shape.n; ++i)
            for (std::size_t j = 0; j < shape.m; ++j)
                cost(i, j) = all(i % std::min(distinct.n, shape.n), j % std::min(distinct.m, shape.m));
    } else if (family == products) {  // long augmenting paths, many pivots
        for (std::size_t i = 0; i < shape.n; ++i)
            for (std::size_t j = 0; j < shape.m; ++j) cost(i, j) += static_cast<double>(i * j);
    } else if (family == decades) {
        for (double& value : cost.values) value *= std::pow(10.0, static_cast<double>(bytes.pick(21)) - 10.0);
    } else if (family == forbidding) {  // dear arcs, of which an answer may need none, few or many
        const double dear = std::pow(10.0, static_cast<double>(bytes.size_between(4, 17)));
        const std::size_t one_in = bytes.size_between(1, 16);
        for (double& value : cost.values)
            if (bytes.is_one_in(one_in)) value = dear;
    }
    return cost;
}

inline Matrix draw_cost(Bytes& bytes, Shape shape) {
    Matrix cost = draw_family(bytes, shape);
    if (cost.scale() < smallest_total) cost(0, 0) = 1.0;
    return cost;
}

inline std::vector<double> draw_side(Bytes& bytes, std::size_t n) {
    enum Family { whole, sparse, decades, wild };
    constexpr const char* names[] = {"whole", "sparse", "decades", "wild"};
    std::vector<double> masses(n);
    const std::size_t family = bytes.pick(std::size(names));
    case_name += std::string(", masses ") + names[family];
    for (double& mass : masses) {
        if (family == whole) mass = static_cast<double>(bytes.pick(5));
        if (family == sparse) mass = bytes.is_one_in(4) ? static_cast<double>(bytes.take<std::uint8_t>()) : 0.0;
        if (family == decades) mass = std::pow(10.0, -static_cast<double>(bytes.pick(20)));
        if (family == wild) mass = std::abs(bytes.wild(1.0));
    }
    return masses;
}

inline double sum_of(const std::vector<double>& masses) {
    return std::accumulate(masses.begin(), masses.end(), 0.0);
}

struct Marginals {
    bool is_uniform;  // of total 1; `a` and `b` say the same in numbers
    std::vector<double> a;
    std::vector<double> b;
};

inline Marginals draw_marginals(Bytes& bytes, Shape shape) {
    if (bytes.is_one_in(3))
        return {true, std::vector<double>(shape.n, 1.0 / static_cast<double>(shape.n)),
                std::vector<double>(shape.m, 1.0 / static_cast<double>(shape.m))};
    Marginals marginals{false, draw_side(bytes, shape.n), draw_side(bytes, shape.m)};
    std::vector<double>& a = marginals.a;
    std::vector<double>& b = marginals.b;
    // What one side is lighter by, one of its units gets; what rounding leaves, the core levels.
    a[bytes.pick(shape.n)] += 1.0;
    const double surplus = sum_of(a) - sum_of(b);
    if (surplus > 0) b[bytes.pick(shape.m)] += surplus;
    if (surplus < 0) a[bytes.pick(shape.n)] -= surplus;
    if (bytes.is_one_in(8)) {
        const double unit = std::pow(10.0, static_cast<double>(bytes.pick(256)) - 280.0);
        for (double& mass : a) mass *= unit;
        for (double& mass : b) mass *= unit;
    }
    return marginals;
}

/// Activations `(n_stimuli, n_units)` in single precision: constants, ties, copies and wild scales among them.
inline std::vector<float> draw_activations(Bytes& bytes, std::size_t n_stimuli, std::size_t n_units) {
    std::vector<float> values(n_stimuli * n_units);
    for (std::size_t unit = 0; unit < n_units; ++unit) {
        const auto value = [&](std::size_t t) -> float& { return values[t * n_units + unit]; };
        const std::size_t family = bytes.pick(8);
        for (std::size_t t = 0; t < n_stimuli; ++t) {
            if (family == 0) value(t) = bytes.wild(std::numeric_limits<float>::max());
            if (family == 1) value(t) = 1e7f + static_cast<float>(bytes.pick(3));
            if (family == 2) value(t) = static_cast<float>(bytes.pick(2));
            if (family == 3) value(t) = unit > 0 ? values[t * n_units + unit - 1] : 1.0f;
            if (family > 3) value(t) = static_cast<float>(bytes.pick(256)) - 128.0f;
        }
    }
    return values;
}

/// Potentials to start from: those of an answer, perhaps after some noise, or any numbers.
inline mot::Potentials draw_start(Bytes& bytes, mot::Potentials start, double scale) {
    const double noise = bytes.is_one_in(3) ? 0.0 : std::ldexp(scale, -static_cast<int>(bytes.pick(50)));
    for (std::vector<double>* side : {&start.u, &start.v})
        for (double& potential : *side) {
            if (noise > 0) potential += noise * (static_cast<double>(bytes.pick(256)) / 128 - 1);
            if (bytes.is_one_in(64)) potential = bytes.take<double>();
        }
    return start;
}

/// Says stop at the n-th check and from then on; more checks than any of these problems needs mean that a solver
/// cycles.
class BoundedStop : public mot::Interrupt {
public:
    explicit BoundedStop(std::size_t n) : n_(n) {}
    bool requested() override {
        CHECK(++n_checks_ < 1000000);
        return is_over();
    }
    bool is_over() const { return n_checks_ >= n_; }

private:
    std::size_t n_checks_ = 0;
    std::size_t n_;
};

inline std::size_t draw_stop(Bytes& bytes) {
    return bytes.is_one_in(8) ? bytes.size_between(1, 8) << bytes.pick(10) : std::numeric_limits<std::size_t>::max();
}
