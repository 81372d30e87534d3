#include "mot/engines/spanning_tree.hpp"

#include "mot/types/compressed_rows.hpp"

namespace mot {

SpanningTree::SpanningTree(std::int64_t n_nodes, const std::vector<Edge>& edges, Node root)
    : root_(root),
      parent_(static_cast<std::size_t>(n_nodes), no_node),
      next_(parent_),
      previous_(parent_),
      size_(static_cast<std::size_t>(n_nodes), 0),
      last_(parent_) {
    const CompressedRows<Node> neighbours(static_cast<std::size_t>(n_nodes), [&edges](auto visit) {
        for (const Edge& edge : edges) {
            visit(index(edge.first), edge.second);
            visit(index(edge.second), edge.first);
        }
    });

    std::vector<Node> preorder;
    preorder.reserve(edges.size() + 1);
    std::vector<Node> open{root};
    while (!open.empty()) {
        const Node node = open.back();
        open.pop_back();
        preorder.push_back(node);
        for (const Node neighbour : neighbours.row(index(node))) {
            if (neighbour == parent(node)) continue;
            parent_[index(neighbour)] = node;
            open.push_back(neighbour);
        }
    }
    for (std::size_t k = 0; k < preorder.size(); ++k) {
        link(preorder[k], preorder[(k + 1) % preorder.size()]);
        size_[index(preorder[k])] = 1;
    }
    for (std::size_t k = preorder.size(); k-- > 0;) {
        const Node node = preorder[k];
        last_[index(node)] = preorder[k + index(size(node)) - 1];
        if (node != root) size_[index(parent(node))] += size(node);
    }
}

void SpanningTree::link(Node first, Node second) {
    next_[index(first)] = second;
    previous_[index(second)] = first;
}

Node SpanningTree::find_join(Node first, Node second) const {
    while (first != second) {
        if (size(first) < size(second))
            first = parent(first);
        else
            second = parent(second);
    }
    return first;
}

void SpanningTree::exchange(Node leaving, Node inside, Node outside, Node join) {
    cut(leaving, join);
    reroot(inside, leaving);
    attach(inside, outside, join);
}

void SpanningTree::cut(Node leaving, Node join) {
    const Node last_cut = last(leaving);
    const Node before = previous(leaving);
    link(before, next(last_cut));
    for (Node x = parent(leaving); x != no_node && last(x) == last_cut; x = parent(x)) last_[index(x)] = before;
    for (Node x = parent(leaving); x != join; x = parent(x)) size_[index(x)] -= size(leaving);
}

/// Makes `inside` the root of the subtree of `leaving`. The new preorder is the subtree of `inside`, then, climbing the
/// stem, what each node's old subtree holds besides that of the stem node below it: a run before it and one behind it.
void SpanningTree::reroot(Node inside, Node leaving) {
    stem_.clear();
    for (Node x = inside; x != leaving; x = parent(x)) stem_.push_back(x);
    stem_.push_back(leaving);

    const Node n_nodes = size(leaving);
    Node tail = last(inside);
    Node before = previous(inside);  // node before the stem node below, in the old preorder
    Node behind = next(tail);        // first node behind that node's old subtree
    for (std::size_t k = 1; k < stem_.size(); ++k) {
        const Node node = stem_[k];
        const Node last_below = last(stem_[k - 1]);
        const Node before_node = previous(node);
        const Node behind_node = next(last(node));
        link(tail, node);
        tail = before;
        if (last(node) != last_below) {
            link(tail, behind);
            tail = last(node);
            behind = behind_node;
        }
        before = before_node;
    }
    for (std::size_t k = stem_.size() - 1; k > 0; --k) {
        size_[index(stem_[k])] = n_nodes - size(stem_[k - 1]);
        parent_[index(stem_[k])] = stem_[k - 1];
    }
    size_[index(inside)] = n_nodes;
    for (const Node node : stem_) last_[index(node)] = tail;
}

void SpanningTree::attach(Node inside, Node outside, Node join) {
    const Node tail = last(inside);
    const Node behind = next(outside);
    link(outside, inside);
    link(tail, behind);
    parent_[index(inside)] = outside;
    for (Node x = outside; x != no_node && last(x) == outside; x = parent(x)) last_[index(x)] = tail;
    for (Node x = outside; x != join; x = parent(x)) size_[index(x)] += size(inside);
}

}  // namespace mot
