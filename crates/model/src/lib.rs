//! The vocabulary of Seawall: nouns without I/O.
