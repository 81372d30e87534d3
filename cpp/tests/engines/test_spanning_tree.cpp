/// After every exchange the tree equals one built anew from its edges.
#include "mot/engines/spanning_tree.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "support/check.hpp"
#include "support/problems.hpp"

namespace {

using mot::Edge;
using mot::Node;
using mot::SpanningTree;

constexpr std::size_t n_outside = 8;  // nodes that no edge touches

/// Parents of all nodes by walking the edges from the root; `mot::no_node` for the root and nodes outside.
std::vector<Node> parents_by_edges(std::size_t n_nodes, const std::vector<Edge>& edges, Node root) {
    std::vector<Node> parents(n_nodes, mot::no_node);
    std::vector<Node> open{root};
    while (!open.empty()) {
        const Node node = open.back();
        open.pop_back();
        for (const Edge& edge : edges) {
            if (edge.first != node && edge.second != node) continue;
            const Node other = edge.first == node ? edge.second : edge.first;
            if (other == parents[to_index(node)]) continue;
            parents[to_index(other)] = node;
            open.push_back(other);
        }
    }
    return parents;
}

/// The node itself first, the root last.
std::vector<Node> ancestors(const std::vector<Node>& parents, Node node) {
    std::vector<Node> path;
    for (; node != mot::no_node; node = parents[to_index(node)]) path.push_back(node);
    return path;
}

bool contains(const std::vector<Node>& nodes, Node node) {
    return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

Node join_by_paths(const std::vector<Node>& parents, Node first, Node second) {
    const std::vector<Node> path = ancestors(parents, second);
    while (!contains(path, first)) first = parents[to_index(first)];
    return first;
}

void check_invariants(const SpanningTree& tree, const std::vector<Node>& parents, const std::vector<Node>& inside) {
    for (const Node node : inside) {
        CHECK(tree.parent(node) == parents[to_index(node)]);
        CHECK(tree.next(tree.previous(node)) == node && tree.previous(tree.next(node)) == node);
        Node n_descendants = 0;
        for (const Node other : inside) n_descendants += contains(ancestors(parents, other), node) ? 1 : 0;
        CHECK(tree.size(node) == n_descendants);
        Node x = node;
        for (Node k = 1;; ++k) {
            CHECK(contains(ancestors(parents, x), node));
            if (k == n_descendants) break;
            x = tree.next(x);
            CHECK(x != node);
        }
        CHECK(tree.last(node) == x);
    }
    CHECK(tree.next(tree.last(tree.root())) == tree.root());
}

void exchange_at_random(Random& random, SpanningTree& tree, std::vector<Edge>& edges, const std::vector<Node>& inside) {
    const std::vector<Node> parents = parents_by_edges(inside.size() + n_outside, edges, tree.root());
    const auto draw_node = [&] { return inside[draw_size(random, 0, inside.size() - 1)]; };
    const Node first = draw_node();
    const Node second = draw_node();
    const Node join = join_by_paths(parents, first, second);
    CHECK(tree.find_join(first, second) == join);
    CHECK(tree.find_join(second, first) == join);

    // One of the edges on the cycle that the new edge closes is cut.
    std::vector<Node> may_leave;
    for (Node x = first; x != join; x = parents[to_index(x)]) may_leave.push_back(x);
    const std::size_t n_on_first_side = may_leave.size();
    for (Node x = second; x != join; x = parents[to_index(x)]) may_leave.push_back(x);
    if (may_leave.empty()) return;
    const std::size_t choice = draw_size(random, 0, may_leave.size() - 1);
    const Node leaving = may_leave[choice];
    const Node turned = choice < n_on_first_side ? first : second;
    const Node outside = choice < n_on_first_side ? second : first;

    std::vector<Node> stem = ancestors(parents, turned);
    stem.erase(std::find(stem.begin(), stem.end(), leaving) + 1, stem.end());
    const auto is_cut = [&](const Edge& edge) {
        return std::minmax(edge.first, edge.second) == std::minmax(leaving, parents[to_index(leaving)]);
    };
    *std::find_if(edges.begin(), edges.end(), is_cut) = {turned, outside};
    tree.exchange(leaving, turned, outside, join);
    CHECK(tree.stem() == stem);
}

/// `shape` bounds how far back a node's first neighbour lies: 1 makes a path, many a bush.
void test_tree(Random& random, std::size_t n_inside, std::size_t shape) {
    const std::size_t n_nodes = n_inside + n_outside;
    std::vector<Node> inside(n_nodes);
    std::iota(inside.begin(), inside.end(), Node{0});
    for (std::size_t k = n_nodes; k-- > 1;) std::swap(inside[k], inside[draw_size(random, 0, k)]);
    inside.resize(n_inside);
    std::vector<Edge> edges;
    for (std::size_t k = 1; k < n_inside; ++k)
        edges.push_back({inside[k], inside[k - std::min(k, draw_size(random, 1, shape))]});

    SpanningTree tree(static_cast<std::int64_t>(n_nodes), edges, inside[draw_size(random, 0, n_inside - 1)]);
    CHECK(tree.n_in_tree() == static_cast<Node>(n_inside));
    check_invariants(tree, parents_by_edges(n_nodes, edges, tree.root()), inside);
    for (int k = 0; k < 40; ++k) {
        exchange_at_random(random, tree, edges, inside);
        check_invariants(tree, parents_by_edges(n_nodes, edges, tree.root()), inside);
    }
}

}  // namespace

int main() {
    Random random(1);
    for (std::size_t n_inside = 1; n_inside <= 30; ++n_inside)
        for (const std::size_t shape : {std::size_t{1}, std::size_t{3}, std::size_t{30}}) {
            case_name = std::to_string(n_inside) + " nodes, shape " + std::to_string(shape);
            test_tree(random, n_inside, shape);
        }
}
