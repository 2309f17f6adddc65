//! How a predicate travels: its nodes in post-order, one flat list.
//!
//! A clause stands for itself. `And` and `Or` say how many of the predicates before them they join, `Not` takes one. So every
//! node is used exactly once: a list cannot say that two nodes share a child, and a decoded tree never has more nodes than
//! the list. Lists are bounded in nodes and in bytes; both are checked before a tree is built from them.

use std::fmt;

use bytes::Bytes;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codec::{self, DecodeError};
use crate::limits::{PREDICATE_BYTES_MAX, PREDICATE_NODES_MAX};

use super::{Clause, Condition, Predicate, Subject};

/// A node of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PredicateNode {
    /// A clause on tags.
    Tag {
        /// The key.
        key: String,
        /// What a value must be.
        condition: Condition,
    },
    /// A clause on metadata.
    Metadata {
        /// The key.
        key: String,
        /// What the value must be.
        condition: Condition,
    },
    /// Joins so many predicates before it.
    And(u16),
    /// Joins so many predicates before it.
    Or(u16),
    /// Of the predicate before it.
    Not,
}

/// A predicate that is not within its bounds, or a list that is not one predicate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PredicateError {
    /// More than [`PREDICATE_BYTES_MAX`] bytes.
    #[error("a predicate of {bytes} bytes is over the limit of {PREDICATE_BYTES_MAX}")]
    TooLarge {
        /// How many.
        bytes: usize,
    },
    /// More than [`PREDICATE_NODES_MAX`] nodes.
    #[error("a predicate has more than {PREDICATE_NODES_MAX} nodes")]
    TooManyNodes,
    /// The bytes are not a list of nodes. Numbers that are not finite and versions that are none are found here.
    #[error(transparent)]
    Nodes(#[from] DecodeError),
    /// The list is empty.
    #[error("a predicate has no node")]
    Empty,
    /// A node joins more predicates than stand before it unused: a child that is missing, or that another node has used.
    #[error("node {at} of a predicate joins {wanted}, and {unused} before it are unused")]
    MissingChild {
        /// Its place, from 0.
        at: usize,
        /// How many it joins.
        wanted: usize,
        /// How many there are.
        unused: usize,
    },
    /// The list is several predicates.
    #[error("{roots} predicates stand side by side, and nothing joins them")]
    SeveralRoots {
        /// How many.
        roots: usize,
    },
}

impl Predicate {
    /// The predicate in bytes.
    ///
    /// # Errors
    /// If it has more nodes, or more bytes, than a receiver takes.
    pub fn encode(&self) -> Result<Bytes, PredicateError> {
        self.check()?;
        Ok(codec::encode(self))
    }

    /// A predicate from bytes.
    ///
    /// # Errors
    /// If they are too many or not the list of one predicate.
    pub fn decode(bytes: &[u8]) -> Result<Self, PredicateError> {
        if bytes.len() > PREDICATE_BYTES_MAX {
            return Err(PredicateError::TooLarge { bytes: bytes.len() });
        }
        // The list first, so that the error says which rule was broken.
        let nodes = codec::decode::<Vec<PredicateNode>>(bytes)?;
        if nodes.len() > PREDICATE_NODES_MAX {
            return Err(PredicateError::TooManyNodes);
        }
        let mut stack = Stack::default();
        nodes.into_iter().try_for_each(|node| stack.push(node))?;
        stack.root()
    }

    /// Whether a receiver will take it.
    ///
    /// # Errors
    /// If it has more than [`PREDICATE_NODES_MAX`] nodes or [`PREDICATE_BYTES_MAX`] bytes.
    pub fn check(&self) -> Result<(), PredicateError> {
        if self.nodes() > PREDICATE_NODES_MAX {
            return Err(PredicateError::TooManyNodes);
        }
        let bytes = codec::encode(self).len();
        if bytes > PREDICATE_BYTES_MAX { Err(PredicateError::TooLarge { bytes }) } else { Ok(()) }
    }

    fn push_nodes<E>(&self, push: &mut impl FnMut(PredicateNode) -> Result<(), E>) -> Result<(), E> {
        let (node, children) = match self {
            Self::Clause(Clause { subject, key, condition }) => {
                let (key, condition) = (key.clone(), condition.clone());
                let node = match subject {
                    Subject::Tags => PredicateNode::Tag { key, condition },
                    Subject::Metadata => PredicateNode::Metadata { key, condition },
                };
                (node, &[][..])
            }
            // More children than the number can say are over the bound, and are refused by whoever decodes them.
            Self::And(children) => (PredicateNode::And(count(children)), &children[..]),
            Self::Or(children) => (PredicateNode::Or(count(children)), &children[..]),
            Self::Not(child) => (PredicateNode::Not, std::slice::from_ref(&**child)),
        };
        children.iter().try_for_each(|child| child.push_nodes(push))?;
        push(node)
    }
}

fn count(children: &[Predicate]) -> u16 {
    u16::try_from(children.len()).unwrap_or(u16::MAX)
}

/// Predicates that no node has joined yet.
#[derive(Default)]
struct Stack {
    unused: Vec<Predicate>,
    /// Nodes taken.
    taken: usize,
    /// Bytes of texts taken: less than those of the encoded form.
    text: usize,
}

impl Stack {
    fn push(&mut self, node: PredicateNode) -> Result<(), PredicateError> {
        if self.taken == PREDICATE_NODES_MAX {
            return Err(PredicateError::TooManyNodes);
        }
        let predicate = match node {
            PredicateNode::Tag { key, condition } => self.clause(Subject::Tags, key, condition)?,
            PredicateNode::Metadata { key, condition } => self.clause(Subject::Metadata, key, condition)?,
            PredicateNode::And(count) => Predicate::And(self.take(count.into())?),
            PredicateNode::Or(count) => Predicate::Or(self.take(count.into())?),
            PredicateNode::Not => Predicate::Not(Box::new(self.take_one()?)),
        };
        self.unused.push(predicate);
        self.taken += 1;
        Ok(())
    }

    fn clause(&mut self, subject: Subject, key: String, condition: Condition) -> Result<Predicate, PredicateError> {
        self.text = self.text.saturating_add(key.len() + condition.text());
        if self.text > PREDICATE_BYTES_MAX {
            return Err(PredicateError::TooLarge { bytes: self.text });
        }
        Ok(Predicate::Clause(Clause { subject, key, condition }))
    }

    /// The last predicates, in order: from here on they belong to one node.
    fn take(&mut self, wanted: usize) -> Result<Vec<Predicate>, PredicateError> {
        let unused = self.unused.len();
        let from = unused.checked_sub(wanted);
        let from = from.ok_or(PredicateError::MissingChild { at: self.taken, wanted, unused })?;
        Ok(self.unused.split_off(from))
    }

    fn take_one(&mut self) -> Result<Predicate, PredicateError> {
        self.unused.pop().ok_or(PredicateError::MissingChild { at: self.taken, wanted: 1, unused: 0 })
    }

    fn root(mut self) -> Result<Predicate, PredicateError> {
        match (self.unused.pop(), self.unused.len()) {
            (None, _) => Err(PredicateError::Empty),
            (Some(root), 0) => Ok(root),
            (Some(_), others) => Err(PredicateError::SeveralRoots { roots: others + 1 }),
        }
    }
}

impl Serialize for Predicate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.nodes()))?;
        self.push_nodes(&mut |node| list.serialize_element(&node))?;
        list.end()
    }
}

/// Inside of other messages: one node after the other, and no further than the bounds.
impl<'de> Deserialize<'de> for Predicate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Nodes;
        impl<'de> Visitor<'de> for Nodes {
            type Value = Predicate;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the nodes of a predicate in post-order")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Predicate, A::Error> {
                let mut stack = Stack::default();
                while let Some(node) = list.next_element()? {
                    stack.push(node).map_err(A::Error::custom)?;
                }
                let root = stack.root().map_err(A::Error::custom)?;
                root.check().map_err(A::Error::custom)?;
                Ok(root)
            }
        }
        deserializer.deserialize_seq(Nodes)
    }
}
