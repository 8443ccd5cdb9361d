//! What hosts see that know no tasks, and which were checked.
