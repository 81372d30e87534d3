/// Units by their numbers, and the arcs between them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mot {

/// A unit of a layer, or a row or column of a cost matrix. Where both sides are nodes of one graph, targets are
/// numbered behind the sources.
using Node = std::int32_t;

constexpr Node no_node = -1;

inline std::size_t index(Node node) {
    return static_cast<std::size_t>(node);
}

/// A pair of units between which mass may move, at this cost for each unit of mass.
struct Arc {
    Node source;
    Node target;
    double cost;
};

}  // namespace mot
