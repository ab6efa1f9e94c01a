//! The table against plain maps, with limits that are often reached.
