#include "mot/engines/spanning_tree.hpp"

namespace mot {

SpanningTree::SpanningTree(std::int64_t n_nodes, const std::vector<Edge>& edges, Node root)
    : root_(root),
      parent_(static_cast<std::size_t>(n_nodes), none),
      next_(parent_),
      previous_(parent_),
      size_(static_cast<std::size_t>(n_nodes), 0),
      last_(parent_) {
    // Adjacency as one array: `first[x]` .. `first[x + 1]` are the neighbours of x.
    std::vector<std::size_t> first(static_cast<std::size_t>(n_nodes) + 1, 0);
    for (const Edge& edge : edges) {
        ++first[index(edge.first) + 1];
        ++first[index(edge.second) + 1];
    }
    for (std::size_t x = 1; x < first.size(); ++x) first[x] += first[x - 1];
    std::vector<Node> neighbours(2 * edges.size());
    std::vector<std::size_t> free(first.begin(), first.end() - 1);
    for (const Edge& edge : edges) {
        neighbours[free[index(edge.first)]++] = edge.second;
        neighbours[free[index(edge.second)]++] = edge.first;
    }

    std::vector<Node> preorder;
    preorder.reserve(edges.size() + 1);
    std::vector<Node> open{root};
    while (!open.empty()) {
        const Node node = open.back();
        open.pop_back();
        preorder.push_back(node);
        for (std::size_t k = first[index(node)]; k < first[index(node) + 1]; ++k) {
            if (neighbours[k] == parent(node)) continue;
            parent_[index(neighbours[k])] = node;
            open.push_back(neighbours[k]);
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
    turn(inside, leaving);
    hang(inside, outside, join);
}

void SpanningTree::cut(Node leaving, Node join) {
    const Node last_cut = last(leaving);
    const Node before = previous(leaving);
    link(before, next(last_cut));
    for (Node x = parent(leaving); x != none && last(x) == last_cut; x = parent(x)) last_[index(x)] = before;
    for (Node x = parent(leaving); x != join; x = parent(x)) size_[index(x)] -= size(leaving);
}

/// Re-roots the subtree of `leaving` at `inside`. The new preorder is the subtree of `inside`, then, climbing the stem,
/// what each node's old subtree holds beside that of the stem node below it: a run before it and a run behind it.
void SpanningTree::turn(Node inside, Node leaving) {
    stem_.clear();
    for (Node x = inside; x != leaving; x = parent(x)) stem_.push_back(x);
    stem_.push_back(leaving);

    const Node n_nodes = size(leaving);
    Node tail = last(inside);
    Node before = previous(inside);  // of the stem node below, in the old preorder
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

void SpanningTree::hang(Node inside, Node outside, Node join) {
    const Node tail = last(inside);
    const Node behind = next(outside);
    link(outside, inside);
    link(tail, behind);
    parent_[index(inside)] = outside;
    for (Node x = outside; x != none && last(x) == outside; x = parent(x)) last_[index(x)] = tail;
    for (Node x = outside; x != join; x = parent(x)) size_[index(x)] += size(inside);
}

}  // namespace mot
