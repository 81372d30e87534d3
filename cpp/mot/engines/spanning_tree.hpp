/// A rooted spanning tree kept in preorder, so that a subtree is one run of a linked list.
///
/// Method: the "thread" of Bradley, Brown and Graves (1977), doubly linked and closed into a ring, with subtree sizes
/// and last descendants; the join of two nodes is found by climbing from the smaller subtree. An exchange costs the
/// length of the two paths it changes, not the size of the subtree it moves.
///
/// Invariants:
///   (T1) following `next` from any node visits the `size` nodes of its subtree first, `last` being the final one;
///   (T2) `next` and `previous` are inverse, and the ring starts and closes at the root.
#pragma once

#include <cstdint>
#include <vector>

#include "mot/types/arc.hpp"

namespace mot {

struct Edge {
    Node first;
    Node second;
};

class SpanningTree {
public:
    /// Builds the tree of these edges, on those of `n_nodes` nodes that they touch; the other nodes stay outside.
    SpanningTree(std::int64_t n_nodes, const std::vector<Edge>& edges, Node root);

    Node root() const { return root_; }
    Node n_in_tree() const { return size_[index(root_)]; }
    /// `no_node` for the root.
    Node parent(Node node) const { return parent_[index(node)]; }
    Node next(Node node) const { return next_[index(node)]; }
    Node previous(Node node) const { return previous_[index(node)]; }
    Node size(Node node) const { return size_[index(node)]; }
    Node last(Node node) const { return last_[index(node)]; }

    /// The deepest node whose subtree holds both.
    Node find_join(Node first, Node second) const;

    /// Cuts the edge from `leaving` to its parent, re-roots the subtree cut off at its node `inside`, and attaches it
    /// to the node `outside`. Afterwards `stem()` is the path along which parents were reversed, from `inside` to
    /// `leaving`.
    void exchange(Node leaving, Node inside, Node outside, Node join);
    const std::vector<Node>& stem() const { return stem_; }

private:
    void link(Node first, Node second);
    void cut(Node leaving, Node join);
    void reroot(Node inside, Node leaving);
    void attach(Node inside, Node outside, Node join);

    Node root_;
    std::vector<Node> parent_, next_, previous_, size_, last_;
    std::vector<Node> stem_;
};

}  // namespace mot
